"""How quotes are scored: as invoices of the day that stand beside the ledger known before it.

A quote is appended to the ledger known before the day as an invoice issued and known on that day. A point
knows of other items only what was known strictly before its day, so quotes never see each other.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.books import Books
from features.errors import LedgerError
from features.ledger import Ledger, make_ledger
from features.payment_history import paid_closings
from features.timeline import Ints
from pipelines.deciding import Models, assign_debtors, debtors_on, known_debtors
from pipelines.predicting import predict_items
from pipelines.reading import Reading, books_of

EXPECTED = (
    "provisional_segment",
    "expected_late_share",
    "expected_late_share_p10",
    "expected_late_share_p90",
)

_USUAL_DAYS = 365


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
                "payment_method": newest(reading.ledger, "payment_method")
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
    expected = segments.set_index("customer_id")[list(EXPECTED)].reindex(predictions["customer_id"])
    return predictions.assign(
        **{name: expected[name].array for name in EXPECTED},
        payment_terms_days=days,
        terms_from=source,
        settled_invoices=_settled(books, predictions["invoice_id"]),
        note=_notes(reading, predictions),
    )


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


def newest(ledger: Ledger, column: str) -> pd.Series:
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
