"""What is known of each simulated invoice on a day, read from the tables that a creditor sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from simulated_law import HOLIDAY_DAYS, SIZE_SD, in_holidays, nearest_spread

from features.simulate import Portfolio
from features.simulated_debtors import COUNTRIES, NEVER, SECTORS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

OPEN, PLAIN, PARTIAL, BOUNCED, DISPUTED, CREDITED, CREDITED_OPEN, CREDITED_PAID, WRITTEN_OFF, PREPAID = range(
    10
)
"""How an invoice looks on a day."""

LOG_EUROS_MEAN, LOG_EUROS_VARIANCE = 6.85, 1.27
DISCOUNT_DAYS = 14


@dataclass(frozen=True)
class Items:
    """One row per invoice, sorted by debtor and issue day; days as integers, NEVER where there is none."""

    invoice_id: npt.NDArray[np.str_]
    debtor: Ints
    issued: Ints
    due: Ints
    paid: Ints
    """day of the first payment"""
    told: Ints
    """day that payment became known"""
    part: npt.NDArray[np.bool_]
    """whether that payment is far from the whole amount"""
    returned: Ints
    disputed: Ints
    credited: Ints
    credited_whole: npt.NDArray[np.bool_]
    lost: Ints
    discounted: npt.NDArray[np.bool_]
    shift: Floats
    """days that size and holidays are expected to add"""
    spread: Ints
    """how unsure the size is: position in SPREADS"""

    def looks(self, day: int) -> Ints:
        """Return how each invoice looks by what is known before the day."""
        told = self.told < day
        credited = self.credited < day
        only_credit = self.credited_whole | (told & (self.paid == self.credited))
        conditions = [
            told & (self.paid < self.issued),
            self.disputed < day,
            credited & only_credit,
            credited & told,
            credited,
            self.lost < day,
            self.returned < day,
            told & self.part,
            told,
        ]
        codes = [
            PREPAID,
            DISPUTED,
            CREDITED,
            CREDITED_PAID,
            CREDITED_OPEN,
            WRITTEN_OFF,
            BOUNCED,
            PARTIAL,
            PLAIN,
        ]
        return np.select(conditions, codes, OPEN)


@dataclass(frozen=True)
class Debtors:
    """One row per debtor: when it became one, days later than elsewhere, and its scores."""

    start: Ints
    days_later: Floats
    score: list[Floats]
    score_known: list[Ints]


def number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return int(np.datetime64(day, "D").astype(np.int64))


def first_day(months: int, end: date) -> int:
    """Return the first day of a portfolio of so many months before `end`."""
    return number((pd.Timestamp(end) - pd.DateOffset(months=months)).date())


def numbers(days: pd.Series) -> Ints:
    """Return the days since 1970-01-01, NEVER where empty."""
    return np.where(days.isna(), NEVER, days.to_numpy("datetime64[D]").astype(np.int64))


def read_history(portfolio: Portfolio, first: int) -> tuple[Items, Debtors]:
    """Return invoices and debtors of the portfolio, whose first day is `first`."""
    tables = portfolio.tables
    customers = tables["customers"]
    codes = pd.Series(np.arange(len(customers)), index=customers["customer_id"])
    invoices = tables["invoices"]
    notes = invoices[invoices["kind"] == "credit_note"]
    notes = notes.set_index("INV" + notes["invoice_id"].str[3:])
    own = invoices[invoices["kind"] == "invoice"]
    own = own.assign(debtor=codes[own["customer_id"]].to_numpy())
    own = own.sort_values(["debtor", "issued_on", "invoice_id"], ignore_index=True)
    ids = own["invoice_id"]
    payments = tables["payments"]

    def of_kind(kind: str) -> pd.DataFrame:
        rows = payments[payments["kind"] == kind].sort_values(["paid_on", "known_on"])
        return rows.drop_duplicates("invoice_id").set_index("invoice_id").reindex(ids)

    paid, returned, lost = of_kind("payment"), of_kind("reversal"), of_kind("write_off")
    disputes = tables["disputes"].drop_duplicates("invoice_id").set_index("invoice_id").reindex(ids)
    credit = notes.reindex(ids)
    issued, due = numbers(own["issued_on"]), numbers(own["due_on"])
    debtor = own["debtor"].to_numpy(np.int64)
    size, spread = expected_size(debtor, issued, np.log(own["amount"].to_numpy(np.float64)))
    amount = own["amount"].to_numpy(np.float64)
    items = Items(
        invoice_id=ids.to_numpy(dtype=object),
        debtor=debtor,
        issued=issued,
        due=due,
        paid=numbers(paid["paid_on"]),
        told=numbers(paid["known_on"]),
        part=paid["amount"].to_numpy(np.float64) < 0.9 * amount,
        returned=numbers(returned["known_on"]),
        disputed=numbers(disputes["opened_on"]),
        credited=numbers(credit["issued_on"]),
        credited_whole=credit["amount"].to_numpy(np.float64) >= amount - 0.005,
        lost=numbers(lost["known_on"]),
        discounted=of_kind("discount")["amount"].notna().to_numpy(),
        shift=size + HOLIDAY_DAYS * in_holidays(due),
        spread=nearest_spread(spread),
    )
    return items, _debtors(customers, tables["credit_scores"], first)


def expected_size(debtor: Ints, issued: Ints, log_amount: Floats) -> tuple[Floats, Floats]:
    """Return the expected size of each invoice and its sd, from its amount and those of earlier days.

    Rows are sorted by debtor and issue day. The debtor's mean logarithm has a normal prior.
    """
    key = debtor * (1 << 32) + issued
    before = np.searchsorted(key, key) - np.searchsorted(debtor, debtor)
    sums = np.r_[0.0, np.cumsum(log_amount - LOG_EUROS_MEAN)]
    earlier = sums[np.searchsorted(key, key)] - sums[np.searchsorted(debtor, debtor)]
    noise = SIZE_SD**2
    own = log_amount - LOG_EUROS_MEAN
    mean = (earlier + own) / (before + 1 + noise / LOG_EUROS_VARIANCE)
    return own - mean, np.sqrt(noise / (before + 1 + noise / LOG_EUROS_VARIANCE))


def _debtors(customers: pd.DataFrame, scores: pd.DataFrame, first: int) -> Debtors:
    later = customers["country"].map({name: row[1] for name, row in COUNTRIES.items()})
    later += customers["sector"].map({name: row[1] for name, row in SECTORS.items()})
    of_debtor = dict(iter(scores.groupby("customer_id")))
    own = [of_debtor.get(name, scores.iloc[:0]) for name in customers["customer_id"]]
    return Debtors(
        start=np.maximum(numbers(customers["since"]), first),
        days_later=np.asarray(later, dtype=np.float64),
        score=[rows["score"].to_numpy(np.float64) for rows in own],
        score_known=[numbers(rows["known_on"]) for rows in own],
    )
