"""What a message may say of a contact: plain text on one line, days and money as the debtor writes them.

A name or a number may come from anywhere, so nothing in it can start a line, a header, a tag, a formula or a
change of reading direction; it is text and stays text.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from features.contracts.money import minor_digits
from features.errors import ModelError

MOST_CHARACTERS = 120
"""Of a name or a number; the rest is cut."""

ITEM_COLUMNS = ("invoice_id", "issued_on", "due_on", "currency", "amount_minor", "open_amount_minor")

_LINE_ENDS = ("Zl", "Zp")
_TAGS = str.maketrans("<>", "‹›")
_FORMULA = "=+-@ "


@dataclass(frozen=True)
class Contact:
    """Who writes to whom, and when.

    tone: friendly, firm or formal. country: ISO code of the debtor, for how days and money are written.
    last_day: by which a final notice asks to be paid. promised_for: the day of a promise that was broken. In
    the currency of the items: credit_minor, what stands in the debtor's favour and is not set off, and
    collection_cost_minor, what a statutory notice must name. agency_follows: the strategy goes on to one.
    """

    creditor: str
    customer_id: str
    sent_on: date
    last_day: date
    tone: str = "friendly"
    debtor: str = ""
    country: str = ""
    contact_person: str = ""
    signed_by: str = ""
    promised_for: date | None = None
    credit_minor: int = 0
    collection_cost_minor: int | None = None
    agency_follows: bool = False


def message_context(contact: Contact, items: pd.DataFrame, language: str) -> dict[str, Any]:
    """Return what a template may say, by name: texts, counts and flags, and lists of invoices of the same.

    `items`: the invoices of the contact, at least one and all in one currency, with ITEM_COLUMNS and, where
    known, purchase_order_no and of_debtor (the name of another debtor, such as a branch, whose item it is).
    open_amount_minor is what is asked for. `invoices` are those past due on the day, and `not_yet_due` the
    others; where none is past due, `invoices` are all. `count` and `amount_due` are about `invoices`. They
    stand in order of due day. ModelError when there is none, or several currencies.
    """
    currencies = items["currency"].unique().tolist()
    if len(currencies) != 1:
        raise ModelError(f"a message is about invoices in one currency, here are {len(currencies)}")
    written = locale_of(language, contact.country)
    ordered = items.sort_values(["due_on", "invoice_id"], kind="stable")
    late = ordered["due_on"] < pd.Timestamp(contact.sent_on)
    about, others = (ordered[late], ordered[~late]) if late.any() else (ordered, ordered[:0])
    invoices, not_yet_due = (
        [_invoice(row, contact.sent_on, written) for row in part.to_dict("records")]
        for part in (about, others)
    )
    cost = contact.collection_cost_minor
    return {
        "creditor": clean(contact.creditor) or "-",
        "debtor": clean(contact.debtor) or clean(contact.customer_id) or "-",
        "customer_no": clean(contact.customer_id) or "-",
        "contact_person": clean(contact.contact_person),
        "signed_by": clean(contact.signed_by),
        "tone": contact.tone,
        "sent_on": long_day(contact.sent_on, written),
        "last_day": long_day(contact.last_day, written),
        "promised_for": long_day(contact.promised_for, written) if contact.promised_for else "",
        "collection_cost": "" if cost is None else money(cost, currencies[0], written),
        "credit": money(contact.credit_minor, currencies[0], written) if contact.credit_minor else "",
        "agency_follows": contact.agency_follows,
        "amount_due": money(int(about["open_amount_minor"].sum()), currencies[0], written),
        "count": len(invoices),
        "oldest_days_past_due": invoices[0]["days_past_due"],
        "invoices": invoices,
        "not_yet_due": not_yet_due,
    }


def clean(value: object) -> str:
    """Return the value as plain text on one line, at most MOST_CHARACTERS; empty where there is none.

    Line ends, control and invisible characters (reading direction, zero width) become spaces, angle brackets
    ‹ ›, runs of spaces one; what a spreadsheet takes for a formula (= + - @) does not stand first.
    """
    if not isinstance(value, str) and pd.isna(value):  # type: ignore[call-overload]
        return ""
    plain = "".join(" " if _hidden(character) else character for character in str(value))
    line = " ".join(plain.translate(_TAGS).split()).lstrip(_FORMULA)
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1].rstrip() + "…"


def locale_of(language: str, country: str) -> Locale:
    """Return how people who speak the language write in that country; as in most others where unknown."""
    place = country.strip().upper()
    anywhere = "en_GB" if language == "en" else language
    for name in (f"{language}_{place}" if len(place) == 2 else anywhere, anywhere):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    raise ModelError(f"nobody knows how to write days and money in the language {language!r}")


def money(minor: int, currency: str, locale: Locale) -> str:
    """Return an exact amount of minor units in major units, with the currency."""
    major = Decimal(minor).scaleb(-minor_digits(currency))
    return str(format_currency(major, currency, locale=locale))


def long_day(day: date, locale: Locale) -> str:
    """Return the day with its month in words, so that it cannot be misread."""
    written = str(format_date(day, "long", locale=locale))
    # CLDR has no ordinal for the first of the month, French has
    return written.replace("1 ", "1er ", 1) if locale.language == "fr" and day.day == 1 else written


def _invoice(row: dict[Any, Any], sent_on: date, written: Locale) -> dict[str, Any]:
    late = (sent_on - row["due_on"].date()).days
    asked, whole = int(row["open_amount_minor"]), int(row["amount_minor"])
    return {
        "number": clean(row["invoice_id"]) or "-",
        "order_no": clean(row.get("purchase_order_no", "")),
        "of_debtor": clean(row.get("of_debtor", "")),
        "issued_on": long_day(row["issued_on"], written),
        "due_on": long_day(row["due_on"], written),
        "open_amount": money(asked, row["currency"], written),
        "amount": money(whole, row["currency"], written),
        "in_part": asked != whole,
        "days_past_due": max(late, 0),
        "days_until_due": max(-late, 0),
    }


def _hidden(character: str) -> bool:
    """Whether it is a control, format, private or unassigned character, or ends a line."""
    category = unicodedata.category(character)
    return category[0] == "C" or category in _LINE_ENDS
