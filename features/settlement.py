"""What closed an item and when: the ledger's rows become books.

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

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.books import (
    CREDITED,
    KINDS,
    PAID,
    REVERSAL,
    STILL_OPEN,
    WRITTEN_OFF,
    Books,
    Disputes,
    Items,
    Movements,
    Spells,
    Standings,
    arrow_ids,
    day_numbers,
    positions,
)
from features.contracts.money import minor_units
from features.ledger import Ledger
from features.timeline import FIRST_DAY, NEVER, Flags, Ints, order_by, rank_in_group, running, running_max

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
    row = positions(payments["invoice_id"], ledger.invoices["invoice_id"])
    kind = _kind_codes(payments["kind"])
    in_transit = payments["in_transit"].to_numpy(dtype=bool, na_value=False)
    counts = np.flatnonzero((row >= 0) & ~in_transit & (kind != KINDS.index("deduction")))
    item, kind = item_of_row[row[counts]], kind[counts]
    amount = payments["amount_minor"].to_numpy(dtype=np.int64)[counts]
    amount = np.where(items.credit_note[item], np.abs(amount), amount)
    change = np.where(kind == REVERSAL, amount, -amount)
    told = day_numbers(payments["known_on"])[counts]
    known = np.maximum(told, items.known[item])
    happened = day_numbers(payments["paid_on"])[counts]
    order = order_by(item, known, happened, change, kind, told)
    return Movements(item[order], known[order], told[order], happened[order], change[order], kind[order])


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
    row = positions(ledger.disputes["invoice_id"], ledger.invoices["invoice_id"])
    about = np.flatnonzero(row >= 0)
    item = item_of_row[row[about]]
    known = np.maximum(day_numbers(ledger.disputes["known_on"])[about], items.known[item])
    closed = np.maximum(day_numbers(ledger.disputes["closed_on"])[about], known)
    order = order_by(item, known, closed)
    return Disputes(item[order], known[order], closed[order])


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
    rank[pc.sort_indices(arrow_ids(ids)).to_numpy()] = np.arange(len(ids))
    return rank
