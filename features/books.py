"""The ledger as sorted integer arrays, and days as integers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.ledger import Ledger
from features.timeline import FIRST_DAY, NEVER, Flags, Ints

KINDS = ("payment", "reversal", "credit", "discount", "deduction", "bank_charge", "withholding", "write_off")
STILL_OPEN, PAID, CREDITED, WRITTEN_OFF = range(4)
HOW = ("open", "paid", "credited", "written_off")
REVERSAL = KINDS.index("reversal")


@dataclass(frozen=True)
class Items:
    """One row per item, sorted by debtor, currency, known day and invoice_id. Days as integers."""

    row: Ints
    """position in `ledger.invoices`"""
    debtor: Ints
    """position in `Books.customers`"""
    account: Ints
    """number of the (debtor, currency) pair, ascending with the rows"""
    known: Ints
    issued: Ints
    due: Ints
    first_due: Ints
    """due day at issue: `original_due_on` where given"""
    amount: Ints
    """magnitude in minor units"""
    units: Ints
    """minor units in one major unit of the item's currency"""
    tolerance: Ints
    credit_note: Flags
    direct_debit: Flags


@dataclass(frozen=True)
class Movements:
    """One row per change of an item's open amount, sorted by item, known day and day it happened."""

    item: Ints
    known: Ints
    """not before the item's own"""
    told: Ints
    """day it was known itself, also when that was before the item"""
    happened: Ints
    change: Ints
    kind: Ints


@dataclass(frozen=True)
class Standings:
    """Open amount of an item from the end of a day on, sorted by item and day; 0 when closed.

    The first row of an item is what it starts with, before any movement of that day.
    """

    item: Ints
    known: Ints
    open_minor: Ints


@dataclass(frozen=True)
class Spells:
    """One row per time an item was open, as known, sorted by item and day."""

    item: Ints
    started: Ints
    ended: Ints
    """known day of the closing; NEVER while open"""
    settled: Ints
    """day the closing happened; NEVER while open"""
    how: Ints
    """position in HOW"""


@dataclass(frozen=True)
class Disputes:
    """One row per dispute about a known item, sorted by item."""

    item: Ints
    known: Ints
    closed: Ints
    """NEVER while open"""


@dataclass(frozen=True)
class Books:
    """The ledger as sorted integer arrays; made by `settlement.keep_books`."""

    ledger: Ledger
    customers: pd.Index
    items: Items
    movements: Movements
    standings: Standings
    spells: Spells
    disputes: Disputes

    @cached_property
    def _row_to_item(self) -> Ints:
        item = np.empty(len(self.items.row), dtype=np.int64)
        item[self.items.row] = np.arange(len(item))
        return item

    def find_items(self, invoice_ids: pd.Series) -> Ints:
        """Position of each invoice_id among the items; -1 where unknown."""
        row = positions(invoice_ids, self.ledger.invoices["invoice_id"])
        return np.where(row >= 0, self._row_to_item[row], -1) if len(self._row_to_item) else row

    def invoice_ids(self, items: Ints) -> pd.Series:
        """The invoice_id of each item, with a fresh index."""
        return self.ledger.invoices["invoice_id"].take(self.items.row[items]).reset_index(drop=True)


def arrow_ids(column: pd.Series) -> pa.Array:
    """Return a column of ids as one Arrow array of strings."""
    array = pa.array(column, type=pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def positions(ids: pd.Series, among: pd.Series) -> Ints:
    """Row of each id in the column `among`; -1 where empty or not there."""
    values = arrow_ids(ids)
    if not len(among) or values.null_count == len(values):
        return np.full(len(ids), -1, dtype=np.int64)
    found = pc.index_in(values, value_set=arrow_ids(among), skip_nulls=True)
    rows: Ints = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rows


def day_numbers(column: pd.Series, missing: int = NEVER) -> Ints:
    """Days since 1970-01-01; `missing` where the column is empty."""
    days = column.to_numpy(dtype="datetime64[s]").astype("datetime64[D]").astype(np.int64)
    return np.where(days < FIRST_DAY, missing, days)


def day_column(days: Ints) -> pd.Series:
    """The `datetime64[s]` column of day numbers; NaT where NEVER."""
    column = days.astype("datetime64[D]").astype("datetime64[s]")
    column[days >= NEVER] = np.datetime64("NaT")
    return pd.Series(column)


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() + FIRST_DAY - 1
