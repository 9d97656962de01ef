"""What is open, and what closed it: the ledger as sorted integer arrays.

Rules of settlement
- A movement counts from the later of the day it was known and the day its item was known, so a
  pre-payment counts from the first day of the item; the day of settlement may precede the issue.
- payment, discount, bank_charge, withholding, credit and write_off reduce the open amount, a reversal
  adds to it. A deduction is a dispute about the rest and changes nothing. Money in transit is not money
  yet: it changes nothing either and is reported by `open_credit`.
- An item is closed while its open amount is within the tolerance. What counts is the state at the end of
  a day: a payment and its reversal that became known on the same day closed nothing.
- An overpaid item is closed; the excess is not an open item and is not netted against others.
- An item within the tolerance from the start is never open.
- Days late, and the figures of an invoice, count from `original_due_on` where given: an extension does not
  erase lateness and was not known at issue. What is overdue among open items counts from `due_on`, the day
  that holds now.
- Credit notes (by kind, or by a negative amount) are no open items; their magnitude is credit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.ledger import Ledger
from features.timeline import (
    FIRST_DAY,
    NEVER,
    Flags,
    Ints,
    Points,
    Timeline,
    composite,
    order_by,
    rank_in_group,
    running,
    running_max,
)

KINDS = ("payment", "reversal", "credit", "discount", "deduction", "bank_charge", "withholding", "write_off")
STILL_OPEN, PAID, CREDITED, WRITTEN_OFF = range(4)
HOW = ("open", "paid", "credited", "written_off")
REVERSAL = KINDS.index("reversal")
_MILLION = 1_000_000


@dataclass(frozen=True)
class Tolerance:
    """An item is settled while open <= the larger of `share` of its amount and `amount` major units."""

    share: float = 0.01
    amount: float = 1.0

    def minor(self, amounts: Ints, units: Ints) -> Ints:
        """The tolerance of each amount in minor units (`units` of them make one major unit)."""
        parts = round(self.share * _MILLION)
        of_amount = amounts // _MILLION * parts + amounts % _MILLION * parts // _MILLION
        minor: Ints = np.maximum(of_amount, np.rint(self.amount * units).astype(np.int64))
        return minor


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
    """The ledger as sorted integer arrays; made by `keep_books`."""

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
        row = _positions(invoice_ids, self.ledger.invoices["invoice_id"])
        return np.where(row >= 0, self._row_to_item[row], -1) if len(self._row_to_item) else row

    def invoice_ids(self, items: Ints) -> pd.Series:
        """The invoice_id of each item, with a fresh index."""
        return self.ledger.invoices["invoice_id"].take(self.items.row[items]).reset_index(drop=True)


def keep_books(ledger: Ledger, tolerance: Tolerance | None = None) -> Books:
    """Return the ledger as sorted arrays: items, movements, standings, spells and disputes.

    The same rows in any order give the same arrays.
    """
    items, customers = _items(ledger.invoices, tolerance or Tolerance())
    item_of_row = np.empty(len(items.row), dtype=np.int64)
    item_of_row[items.row] = np.arange(len(items.row))
    movements = _movements(ledger, items, item_of_row)
    standings, spells = _settle(items, movements)
    disputes = _disputes(ledger, items, item_of_row)
    return Books(ledger, customers, items, movements, standings, spells, disputes)


def minor_units(currency: str) -> int:
    """Minor units in one major unit: 100 cents in a euro, 1 yen in a yen (CLDR, by Babel)."""
    from babel.numbers import get_currency_precision

    return int(10 ** get_currency_precision(currency))


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


def _items(invoices: pd.DataFrame, tolerance: Tolerance) -> tuple[Items, pd.Index]:
    debtor, customers = _codes(invoices["customer_id"])
    currency, currencies = _codes(invoices["currency"])
    known = day_numbers(invoices["known_on"])
    row = order_by(debtor, currency, known, _rank(invoices["invoice_id"]))
    debtor, currency, known = debtor[row], currency[row], known[row]
    account = np.zeros(len(row), dtype=np.int64)
    account[1:] = np.cumsum((debtor[1:] != debtor[:-1]) | (currency[1:] != currency[:-1]))
    signed = invoices["amount_minor"].to_numpy(dtype=np.int64)[row]
    amount = np.abs(signed)
    credit_note = _equals(invoices["kind"], "credit_note")[row] | (signed < 0)
    units = np.array([minor_units(code) for code in currencies], dtype=np.int64)[currency]
    due = day_numbers(invoices["due_on"])[row]
    first_due = day_numbers(invoices["original_due_on"])[row]
    return (
        Items(
            row=row,
            debtor=debtor,
            account=account,
            known=known,
            issued=day_numbers(invoices["issued_on"])[row],
            due=due,
            first_due=np.where(first_due == NEVER, due, first_due),
            amount=amount,
            units=units,
            tolerance=np.where(credit_note, 0, tolerance.minor(amount, units)),
            credit_note=credit_note,
            direct_debit=_equals(invoices["payment_method"], "direct_debit")[row],
        ),
        customers,
    )


def _movements(ledger: Ledger, items: Items, item_of_row: Ints) -> Movements:
    payments = ledger.payments
    row = _positions(payments["invoice_id"], ledger.invoices["invoice_id"])
    kind = _kind_codes(payments["kind"])
    in_transit = payments["in_transit"].to_numpy(dtype=bool, na_value=False)
    counts = np.flatnonzero((row >= 0) & ~in_transit & (kind != KINDS.index("deduction")))
    item, kind = item_of_row[row[counts]], kind[counts]
    amount = payments["amount_minor"].to_numpy(dtype=np.int64)[counts]
    amount = np.where(items.credit_note[item], np.abs(amount), amount)
    change = np.where(kind == REVERSAL, amount, -amount)
    known = np.maximum(day_numbers(payments["known_on"])[counts], items.known[item])
    happened = day_numbers(payments["paid_on"])[counts]
    order = order_by(item, known, happened, change, kind)
    return Movements(item[order], known[order], happened[order], change[order], kind[order])


def _settle(items: Items, movements: Movements) -> tuple[Standings, Spells]:
    item, known = movements.item, movements.known
    rank = rank_in_group(item)
    sums = running(movements.change)
    open_after = items.amount[item] + sums[1:] - sums[np.arange(len(item)) - rank]
    is_open = open_after > items.tolerance[item]
    at_first = items.amount > items.tolerance
    was_open = np.where(rank == 0, at_first[item], np.insert(is_open[:-1], 0, False)[: len(item)])

    # The state counts at the end of each (item, day).
    last = np.ones(len(item), dtype=bool)
    last[:-1] = (item[1:] != item[:-1]) | (known[1:] != known[:-1])
    ends = np.flatnonzero(last)
    day_item, day_known, day_open = item[ends], known[ends], is_open[ends]
    day_was_open = np.where(
        rank_in_group(day_item) == 0, at_first[day_item], np.insert(day_open[:-1], 0, False)[: len(ends)]
    )
    closes, reopens = day_was_open & ~day_open, ~day_was_open & day_open

    # The movement that closed the item is the last one that day that took it below the tolerance.
    crossing = np.maximum.accumulate(np.where(was_open & ~is_open, np.arange(len(item)), 0))[ends[closes]]
    latest = running_max(np.where(movements.change < 0, movements.happened, FIRST_DAY), item)

    # An item's rows start with what it was worth before any movement.
    every = np.arange(len(items.amount))
    front = np.searchsorted(day_item, every)
    standings = Standings(
        np.insert(day_item, front, every),
        np.insert(day_known, front, items.known),
        np.insert(np.where(day_open, open_after[ends], 0), front, np.where(at_first, items.amount, 0)),
    )
    opened = every[at_first]
    front = np.searchsorted(day_item[reopens], opened)
    started_item = np.insert(day_item[reopens], front, opened)
    started = np.insert(day_known[reopens], front, items.known[opened])
    ended, settled = np.full(len(started), NEVER), np.full(len(started), NEVER)
    how = np.full(len(started), STILL_OPEN)
    closed_item = day_item[closes]
    spell = np.searchsorted(started_item, closed_item) + rank_in_group(closed_item)
    ended[spell] = day_known[closes]
    settled[spell] = latest[crossing]
    how[spell] = _HOW_OF_KIND[movements.kind[crossing]]
    return standings, Spells(started_item, started, ended, settled, how)


_HOW_OF_KIND = np.array([{"credit": CREDITED, "write_off": WRITTEN_OFF}.get(kind, PAID) for kind in KINDS])


def _disputes(ledger: Ledger, items: Items, item_of_row: Ints) -> Disputes:
    row = _positions(ledger.disputes["invoice_id"], ledger.invoices["invoice_id"])
    about = np.flatnonzero(row >= 0)
    item = item_of_row[row[about]]
    known = np.maximum(day_numbers(ledger.disputes["known_on"])[about], items.known[item])
    closed = np.maximum(day_numbers(ledger.disputes["closed_on"])[about], known)
    order = order_by(item, known, closed)
    return Disputes(item[order], known[order], closed[order])


def _arrow(column: pd.Series) -> pa.Array:
    array = pa.array(column, type=pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _positions(ids: pd.Series, among: pd.Series) -> Ints:
    """Row of each id in the column `among`; -1 where empty or not there."""
    values = _arrow(ids)
    if not len(among) or values.null_count == len(values):
        return np.full(len(ids), -1, dtype=np.int64)
    found = pc.index_in(values, value_set=_arrow(among), skip_nulls=True)
    positions: Ints = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return positions


def _codes(column: pd.Series) -> tuple[Ints, pd.Index]:
    """Each row's position among the sorted distinct values (empty reads as "")."""
    codes, values = pd.factorize(column.fillna(""), sort=True)
    return codes.astype(np.int64), pd.Index(values)


def _equals(column: pd.Series, value: str) -> Flags:
    return (column == value).to_numpy(dtype=bool, na_value=False)


def _kind_codes(column: pd.Series) -> Ints:
    """Position in KINDS; empty is a payment."""
    codes = pd.Categorical(column, categories=list(KINDS)).codes.astype(np.int64)
    return np.maximum(codes, 0)


def _rank(ids: pd.Series) -> Ints:
    """Position of each id in sorted order."""
    rank = np.empty(len(ids), dtype=np.int64)
    rank[pc.sort_indices(_arrow(ids)).to_numpy()] = np.arange(len(ids))
    return rank


def open_minor(books: Books, items: Ints, days: Ints) -> Ints:
    """Open amount of each item as known before the day, minor units; 0 when closed.

    An item not known before the day (its own first day) stands at what it starts with.
    """
    standings = books.standings
    line = Timeline(composite(standings.item, standings.known))
    first = np.flatnonzero(rank_in_group(standings.item) == 0)[items]
    before = Points(items, days).before(line)
    result: Ints = standings.open_minor[np.maximum(before - 1, first)]
    return result


_FROM_INVOICES = (
    "invoice_id", "customer_id", "company_code", "currency", "kind", "issued_on", "due_on", "known_on",
    "amount_minor", "payment_method", "dunning_level", "last_dunned_on", "dunning_block_until", "assigned_to",
    "purchase_order_no",
)  # fmt: skip


def open_items(books: Books, day: date, *, dormant_after_days: int = 365) -> pd.DataFrame:
    """Return the items open as known before `day`, one row each, sorted by invoice_id.

    Columns: those of the invoice, open_amount_minor, days_past_due (day - due_on, negative before due),
    last_movement_on (known day of the last movement, NaT when none) and dormant: more than
    `dormant_after_days` since the later of the last movement and the due day. A dunning level whose
    `last_dunned_on` is not before `day` is hidden. Credit notes are not open items.
    """
    items, today = books.items, number_of(day)
    known = np.flatnonzero((items.known < today) & ~items.credit_note)
    amounts = open_minor(books, known, np.full(len(known), today))
    opened = known[amounts > 0]
    table = books.ledger.invoices[list(_FROM_INVOICES)].take(items.row[opened]).reset_index(drop=True)
    moved = _last_movement(books.movements, opened, today)
    table["kind"] = table["kind"].fillna("invoice")
    table["open_amount_minor"] = amounts[amounts > 0]
    table["days_past_due"] = today - items.due[opened]
    table["last_movement_on"] = day_column(moved)
    quiet_since = np.maximum(np.where(moved == NEVER, FIRST_DAY, moved), items.due[opened])
    table["dormant"] = today - quiet_since > dormant_after_days
    hidden = table["last_dunned_on"] >= pd.Timestamp(day)
    table.loc[hidden, "dunning_level"] = pd.NA
    table.loc[hidden, "last_dunned_on"] = pd.NaT
    return table.sort_values("invoice_id", ignore_index=True)


def _last_movement(movements: Movements, items: Ints, today: int) -> Ints:
    if not len(movements.item):
        return np.full(len(items), NEVER)
    line = Timeline(composite(movements.item, movements.known))
    before = Points(items, np.full(len(items), today)).before(line)
    last = np.maximum(before - 1, 0)
    return np.where((before > 0) & (movements.item[last] == items), movements.known[last], NEVER)


def open_credit(books: Books, day: date) -> pd.DataFrame:
    """Return what stands against the open items before `day`, per customer_id, company_code and currency.

    credit_minor: open credit notes · unapplied_minor: money without an item · in_transit_minor: money
    announced, on an item or not. All positive, minor units; no row where all three are 0.
    Unapplied money has no company_code.
    """
    items, today, invoices = books.items, number_of(day), books.ledger.invoices
    notes = np.flatnonzero(items.credit_note & (items.known < today))
    columns = ["customer_id", "company_code", "currency"]
    credit = (
        invoices[columns]
        .take(items.row[notes])
        .assign(credit_minor=open_minor(books, notes, np.full(len(notes), today)))
    )
    payments = books.ledger.payments
    payments = payments[payments["known_on"] < pd.Timestamp(day)]
    in_transit = payments["in_transit"].fillna(False).astype(bool)
    signed = payments["amount_minor"].where(
        payments["kind"].fillna("payment") != "reversal", -payments["amount_minor"]
    )
    loose = payments["invoice_id"].isna() & ~in_transit
    cash = payments[loose].assign(company_code=None, unapplied_minor=signed[loose])
    item = books.find_items(payments.loc[in_transit, "invoice_id"])
    of_item = invoices[columns].take(items.row[np.maximum(item, 0)]) if len(items.row) else invoices[columns]
    travelling = payments[in_transit].assign(company_code=None, in_transit_minor=signed[in_transit])
    for column in columns if len(items.row) else []:
        own = pd.Series(of_item[column].to_numpy(), index=travelling.index)
        travelling[column] = own.where(pd.Series(item >= 0, index=travelling.index), travelling[column])
    sums = ["credit_minor", "unapplied_minor", "in_transit_minor"]
    table = pd.concat([credit, cash, travelling]).reindex(columns=columns + sums)
    table = table.astype({**dict.fromkeys(columns, "str"), **dict.fromkeys(sums, "Int64")})
    total = table.groupby(columns, dropna=False, sort=True)[sums].sum().reset_index()
    return total[(total[sums] != 0).any(axis=1)].astype(dict.fromkeys(sums, "int64")).reset_index(drop=True)


def closings(books: Books) -> pd.DataFrame:
    """Return one row per closing, sorted by known_on, settled_on and invoice_id.

    settled_on is the latest day of the reducing movements up to the one that closed the item; how says
    what that one was (paid, credited, written_off); reopened_known_on is NaT when it was never reopened.
    Credit notes are left out.
    """
    spells = books.spells
    reopened = np.full(len(spells.item), NEVER)
    again = spells.item[1:] == spells.item[:-1]
    reopened[:-1][again] = spells.started[1:][again]
    rows = np.flatnonzero((spells.how != STILL_OPEN) & ~books.items.credit_note[spells.item])
    item = spells.item[rows]
    table = pd.DataFrame(
        {
            "invoice_id": books.invoice_ids(item),
            "customer_id": pd.Series(books.customers.take(books.items.debtor[item]), dtype="str"),
            "settled_on": day_column(spells.settled[rows]),
            "known_on": day_column(spells.ended[rows]),
            "how": pd.Series(np.array(HOW, dtype=object)[spells.how[rows]], dtype="str"),
            "reopened_known_on": day_column(reopened[rows]),
        }
    )
    return table.sort_values(["known_on", "settled_on", "invoice_id"], ignore_index=True)
