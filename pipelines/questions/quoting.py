"""How a quote or an order would be paid: the invoice that would be issued on the day, before it exists.

A quote is appended to the ledger known before the day as an invoice issued and known on that day. A point
knows of other items only what was known strictly before its day, so quotes never see each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.books import Books
from features.contracts.money import minor_units
from features.errors import DebtscapeError, LedgerError
from features.ledger import Ledger, make_ledger
from features.payment_history import paid_closings
from features.spelling import nearest
from features.timeline import Ints
from models.scorer import CLASSES
from pipelines.deciding import Models, assign_debtors, debtors_on, known_debtors
from pipelines.predicting import predict_items
from pipelines.privacy.pseudonymous import id_in
from pipelines.reading import Reading, books_of, read
from pipelines.reporting.summary import records
from pipelines.running import champions, models_of

ORDER_DAYS = 30
"""Orders of this many days before the day are taken as not invoiced yet: nothing links them to invoices."""

MOST_TERMS_DAYS = 365
_MOST_AMOUNT = 1e12
_USUAL_DAYS = 365
_EXPECTED = (
    "provisional_segment",
    "expected_late_share",
    "expected_late_share_p10",
    "expected_late_share_p90",
)
MODELS = ("payment-time", "debtor-segments")
_QUANTILES = ("paid_on_p10", "paid_on_p50", "paid_on_p90")


def quote_invoice(
    config: Path,
    customer: str,
    *,
    amount: float,
    terms: int | None = None,
    currency: str | None = None,
    as_of: date | None,
    today: date,
) -> dict[str, Any]:
    """Return how an invoice of `amount` (major units) to a debtor, known or new, would be paid; JSON-ready.

    `terms` are days; left out, they are the debtor's usual ones. `currency` is by default that of the
    debtor's newest invoice, else the home currency. `customer` may be the plain id where debtors have
    pseudonyms. Writes and publishes nothing.
    """
    customer = customer.strip()
    if not customer:
        raise DebtscapeError("the customer's id is empty.")
    _refuse_amount(amount)
    _refuse_terms(terms)
    code = _known_currency(currency) if currency is not None else None
    reading = read(config, as_of=as_of, today=today)
    if reading.settings.privacy.pseudonym_key is not None:
        customer = id_in(customer, known_debtors(reading), reading.settings)
    usable, warnings = champions(reading, MODELS)
    models = models_of(usable, reading)
    quote = quote_one(reading, models, customer, amount=amount, terms=terms, currency=code)
    return {
        "as_of": reading.as_of.isoformat(),
        "quotes": [quote],
        "warnings": [*warnings, *misspelt(customer, reading)],
    }


def quote_one(
    reading: Reading,
    models: Models,
    customer: str,
    *,
    amount: float,
    terms: int | None,
    currency: str | None,
    segments: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Return how an invoice of `amount` (major units) would be paid, as `quote_invoice` does; JSON-ready.

    Where debtors have pseudonyms `customer` is one: who may ask but has no key learns of nobody's.
    `segments`: what `segments_before_quotes` returns, where many quotes are asked.
    DebtscapeError when the amount is less than the smallest coin, LedgerError when nothing says what terms
    are usual.
    """
    code = currency or _newest(reading.ledger, "currency").get(customer, reading.settings.home_currency)
    minor = round(amount * minor_units(code))
    if minor == 0:
        raise DebtscapeError(f"an amount of {amount:g} {code} is less than the smallest coin.")
    asked = pd.DataFrame({"customer_id": [customer], "amount_minor": [minor], "currency": [code]})
    return _quote(*records(score(reading, models, asked, terms, segments)))


def quote_orders(
    config: Path, *, terms: int | None = None, as_of: date | None, today: date
) -> dict[str, Any]:
    """Return how the orders of the ORDER_DAYS before the day would be paid if invoiced on it; JSON-ready.

    Their amounts are in the home currency; those not above 0 (cancelled, returned) are counted in `left_out`.
    Raises LedgerError when no order is known in these days.
    """
    _refuse_terms(terms)
    reading = read(config, as_of=as_of, today=today)
    orders, first = reading.ledger.orders, reading.as_of - timedelta(days=ORDER_DAYS)
    worth = orders["amount_minor"] > 0
    if not worth.any():
        raise LedgerError(
            f"the ledger has no orders known before {reading.as_of}: map the table orders in {config}, "
            "or name a CUSTOMER and --amount."
        )
    recent = orders["ordered_on"] >= pd.Timestamp(first)
    if not (recent & worth).any():
        newest = orders.loc[worth, "ordered_on"].max().date()
        raise LedgerError(
            f"no order is of the {ORDER_DAYS} days before {reading.as_of}; the newest is of {newest}. "
            f"Try --as-of {newest + timedelta(days=1)}"
        )
    asked = orders.loc[recent & worth, ["ordered_on", "customer_id", "amount_minor"]]
    asked = asked.sort_values([*asked], ignore_index=True)
    usable, warnings = champions(reading, MODELS)
    asked = asked.assign(currency=reading.settings.home_currency)
    scored = score(reading, models_of(usable, reading), asked, terms).assign(ordered_on=asked["ordered_on"])
    return {
        "as_of": reading.as_of.isoformat(),
        "quotes": [_quote(row) for row in records(scored)],
        "warnings": list(warnings),
        "ordered_from": first.isoformat(),
        "ordered_before": reading.as_of.isoformat(),
        "left_out": int((recent & ~worth).sum()),
    }


def segments_before_quotes(reading: Reading, models: Models) -> pd.DataFrame:
    """Return the table of segments of all debtors that the ledger knows; no quote to one of them changes it.

    A quote is known on the day, and the features of the day know only what was known before it.
    """
    debtors = debtors_on(reading, reading.books, known_debtors(reading))
    return assign_debtors(reading, models, debtors, None).tables["segments"]


def score(
    reading: Reading,
    models: Models,
    asked: pd.DataFrame,
    terms: int | None = None,
    segments: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the columns of `predictions` for quotes that are invoiced on the day, in the order asked.

    `asked` has a row per quote: customer_id, amount_minor, currency. Added are payment_terms_days,
    terms_from (given, debtor, portfolio), settled_invoices (so far, in that currency), note, and from the
    table of segments provisional_segment (of debtors with too short a history) and expected_late_share with
    its 80 % interval: who is in no table of the ledger is expected to do what the portfolio does.
    `segments`: what `segments_before_quotes` returns; found anew where it is None or lacks somebody.
    """
    days, source = _terms(reading, asked["customer_id"], terms)
    day = pd.Timestamp(reading.as_of)
    quoted = make_ledger(
        invoices=pd.DataFrame(
            {
                # no id of a ledger starts with a blank, so that none is met twice
                "invoice_id": [f" {number:09d}" for number in range(len(asked))],
                "customer_id": asked["customer_id"].to_numpy(),
                "amount_minor": asked["amount_minor"].to_numpy(),
                "currency": asked["currency"].to_numpy(),
                "issued_on": day,
                "due_on": day + pd.to_timedelta(days, unit="D"),
                "payment_method": _newest(reading.ledger, "payment_method")
                .reindex(asked["customer_id"])
                .array,
            }
        )
    ).invoices
    invoices = pd.concat([reading.ledger.invoices, quoted], ignore_index=True)
    books = books_of(replace(reading.ledger, invoices=invoices), reading.settings)
    items = quoted.assign(open_amount_minor=quoted["amount_minor"], days_past_due=-days, dormant=False)
    if segments is None or not asked["customer_id"].isin(segments["customer_id"]).all():
        # everybody, because a new debtor is judged by those it is like; in some segments the rule speaks
        everybody = known_debtors(reading) | {*asked["customer_id"]}
        assigned = assign_debtors(reading, models, debtors_on(reading, books, everybody), None)
        segments = assigned.tables["segments"]
    version = models.versions.get("payment-time")
    predictions = predict_items(reading, books, items, segments, models.payment_time, version)
    expected = segments.set_index("customer_id")[list(_EXPECTED)].reindex(predictions["customer_id"])
    return predictions.assign(
        **{name: expected[name].array for name in _EXPECTED},
        payment_terms_days=days,
        terms_from=source,
        settled_invoices=_settled(books, predictions["invoice_id"]),
        note=_notes(reading, predictions),
    )


def _quote(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": row["customer_id"],
        **({"ordered_on": _day(row["ordered_on"])} if "ordered_on" in row else {}),
        "amount": row["amount_minor"] / minor_units(row["currency"]),
        "currency": row["currency"],
        "payment_terms_days": int(row["payment_terms_days"]),
        "terms_from": row["terms_from"],
        "due_on": _day(row["due_on"]),
        "p_late": float(row["p_late"]),
        **{name: float(row[name]) for name in CLASSES},
        **{name: _day(row[name]) for name in _QUANTILES},
        "source": row["source"],
        "model_version": None if pd.isna(row["model_version"]) else row["model_version"],
        "reasons": row["reasons"],
        **{name: None if pd.isna(row[name]) else row[name] for name in _EXPECTED},
        "settled_invoices": int(row["settled_invoices"]),
        "note": row["note"],
    }


def _terms(reading: Reading, customers: pd.Series, given: int | None) -> tuple[Ints, npt.NDArray[np.str_]]:
    """Return the terms in days of each quote, and where they are from.

    Usual is the lower median: terms that were really agreed, so that others are found on the same ones.
    """
    if given is not None:
        return np.full(len(customers), given, dtype=np.int64), np.full(len(customers), "given")
    invoices = _invoices(reading.ledger)
    recent = invoices["known_on"] >= pd.Timestamp(reading.as_of - timedelta(days=_USUAL_DAYS))
    invoices = invoices[recent] if recent.any() else invoices
    if invoices.empty:
        raise LedgerError("no invoice says what terms are usual; say them with --terms DAYS.")
    due = invoices["original_due_on"].fillna(invoices["due_on"])
    days = (due - invoices["issued_on"]).dt.days
    own = days.groupby(invoices["customer_id"]).quantile(0.5, interpolation="lower").reindex(customers)
    usual: Ints = own.fillna(days.quantile(0.5, interpolation="lower")).to_numpy().astype(np.int64)
    return usual, np.where(own.isna(), "portfolio", "debtor")


def _newest(ledger: Ledger, column: str) -> pd.Series:
    """Return what each debtor's newest invoice says in a column, by customer_id."""
    invoices = _invoices(ledger).sort_values(["known_on", "invoice_id"])
    return invoices.drop_duplicates("customer_id", keep="last").set_index("customer_id")[column]


def _invoices(ledger: Ledger) -> pd.DataFrame:
    """Return the ledger's items without credit notes."""
    invoices = ledger.invoices
    return invoices[(invoices["kind"] != "credit_note") & (invoices["amount_minor"] > 0)]


def _settled(books: Books, invoice_ids: pd.Series) -> Ints:
    """Return how many invoices each one's debtor has settled so far in its currency."""
    account = books.items.account
    counts = np.bincount(account[paid_closings(books).item], minlength=int(account[-1]) + 1)
    of_quote: Ints = counts[account[books.find_items(invoice_ids)]]
    return of_quote


def _notes(reading: Reading, quotes: pd.DataFrame) -> list[str]:
    """Return what a reader of a quote should know about where it stands; empty where nothing."""
    invoices = reading.ledger.invoices
    invoices = invoices[invoices["customer_id"].isin(quotes["customer_id"])]
    debtors = set(invoices["customer_id"])
    accounts = set(zip(invoices["customer_id"], invoices["currency"], strict=True))

    def note(customer: str, currency: str) -> str:
        if customer not in debtors:
            return f"no invoice before {reading.as_of}: only its surroundings speak"
        if (customer, currency) not in accounts:
            return f"no invoice in {currency} before {reading.as_of}: only its surroundings speak"
        return ""

    return [note(*quote) for quote in zip(quotes["customer_id"], quotes["currency"], strict=True)]


def misspelt(customer: str, reading: Reading) -> list[str]:
    """Return a question when an id that nobody has is nearly that of a debtor."""
    debtors = reading.ledger.invoices["customer_id"].unique().tolist()
    near = [] if customer in debtors else nearest(customer, debtors, alike=0.8)
    return [f"{customer!r} has no invoice yet; did you mean {name}?" for name in near]


def _refuse_amount(amount: float) -> None:
    if not 0 < amount < _MOST_AMOUNT:
        raise DebtscapeError(f"--amount {amount:g} is not above 0 and below {_MOST_AMOUNT:,.0f}.")


def _refuse_terms(terms: int | None) -> None:
    if terms is not None and not 0 <= terms <= MOST_TERMS_DAYS:
        raise DebtscapeError(f"--terms {terms} is not a number of days from 0 to {MOST_TERMS_DAYS}.")


def _known_currency(code: str) -> str:
    from babel.numbers import list_currencies

    code = code.strip().upper()
    if code not in list_currencies():
        raise DebtscapeError(f"--currency {code}: no such currency; write its ISO 4217 code, such as EUR.")
    return code


def _day(day: Any) -> str | None:
    return None if pd.isna(day) else f"{day:%Y-%m-%d}"
