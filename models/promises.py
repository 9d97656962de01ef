"""Which promises to pay were broken, as known before a day.

- A promise may be kept until the second working day after the promised day: money needs time to arrive
  (the same days for which an open promise blocks reminders).
- What must arrive: the promised amount, or everything where none is named; never more than was open when
  it was promised. A promise about one item is about that item. One about none is about all items of the
  debtor: everything is then what was due on the day of the promise.
- What arrived: payments, discounts, bank charges, withholdings and credits of that item from the day of the
  promise, less reversals, and unapplied cash of the debtor. Money that came in time and was taken back later
  kept nothing. A write-off and money in transit are no payments, a deduction is a dispute about the rest.
- A shortfall within the settle tolerance, the larger of 1 % and 1.00, is none.
- The same promise told twice, for the same item and day, is one promise.
- A promise about no item of a debtor with items in several currencies says nothing: in which one is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.money import minor_units
from models.facts import Facts, customers_on, is_true, places
from models.positions import positions
from models.working_days import working_days_after

Ints = npt.NDArray[np.int64]
Sums = Callable[[Ints, Ints], Ints]
"""From keys and day numbers: the sum of each key's amounts up to and including its day."""

Line = tuple[npt.ArrayLike, pd.Series, npt.ArrayLike]
"""Positions of purses, days, and amounts in minor units."""

PROMISE_WORKING_DAYS = 2
"""A promise is open until this many working days after the promised day: money needs time to arrive."""

COLUMNS = ["customer_id", "invoice_id", "on", "known_on"]
RECEIVED = ("payment", "discount", "bank_charge", "withholding", "credit")
REVERSAL = "reversal"
TOLERANCE_SHARE, TOLERANCE_AMOUNT = 0.01, 1

_DAYS = 1 << 23
"""More days than a calendar has: key x _DAYS + day orders by key, then by day."""


def broken_promises(facts: Facts, day: date, *, window_days: int) -> pd.DataFrame:
    """Return one row per promise that is known before `day` to be broken, in the `window_days` before it.

    customer_id, invoice_id (empty text: about none), on (the promised day) and known_on (the first day on
    which it was known to be broken).
    """
    today = pd.Timestamp(day)
    made = _promises(facts, day, window_days)
    purses = _purses(facts, made, today)
    made = purses.found(made)
    received, told = purses.received(facts, today), _days(made["told"])
    purse, beside = made["purse"].to_numpy(), made["beside"].to_numpy()
    before = received(purse, told - 1)
    named = made["promised_amount_minor"].astype("float64").to_numpy()
    issued, payable = purses.issued(), purses.issued(payable=True)
    most = np.where(np.isnan(named), payable(purse, told), issued(purse, told)) - before
    due = np.fmin(named, most)
    in_time, so_far = _days(made["last_day"]), _days(pd.Series(today, made.index)) - 1
    arrived, left = (received(purse, until) + received(beside, until) for until in (in_time, so_far))
    # what was taken back after it came in time is not left
    brought = np.minimum(arrived, left) - before - received(beside, told - 1)
    tolerance = np.maximum(due * TOLERANCE_SHARE, TOLERANCE_AMOUNT * made["unit"].to_numpy())
    broken: pd.DataFrame = made.loc[brought < due - tolerance, COLUMNS].reset_index(drop=True)
    return broken


def _promises(facts: Facts, day: date, window_days: int) -> pd.DataFrame:
    """The promises whose time ran out in the window, each told once; `told` is the day of the promise."""
    rows, today = facts.contact_history, pd.Timestamp(day)
    told = rows["promise_made_on"].fillna(rows["contacted_on"])
    known = rows["promised_for"].notna() & (rows["known_on"] < today) & (told < today)
    rows = rows.assign(on=rows["promised_for"], told=told, invoice_id=rows["invoice_id"].fillna(""))
    rows = rows[known & (rows["status"] != "suppressed").fillna(True)]
    rows = rows.sort_values(["told", "known_on", "promised_amount_minor"], kind="stable")
    rows = rows.drop_duplicates(["customer_id", "invoice_id", "on"])
    debtors = facts.customers[positions(facts.customers["customer_id"], rows["customer_id"]) >= 0]
    country, region = places(rows["customer_id"], customers_on(debtors, day), None)
    last_day = working_days_after(rows["on"], PROMISE_WORKING_DAYS, country, region)
    broken_on = last_day.where(last_day > rows["known_on"], rows["known_on"])
    in_window = (last_day < today) & (broken_on >= today - pd.Timedelta(days=window_days))
    return rows.assign(last_day=last_day, known_on=broken_on)[in_window]


@dataclass(frozen=True)
class _Purses:
    """Where money lies: a purse per item, then one per account, then one per account for unapplied cash.

    An account is all that one debtor owes in one currency. `account`: that of each item.
    """

    items: pd.DataFrame
    accounts: pd.Index
    account: Ints

    def found(self, made: pd.DataFrame) -> pd.DataFrame:
        """Return the promises that can be judged, with purse, beside (unapplied cash) and minor units."""
        item = positions(made["invoice_id"], self.items["invoice_id"])
        debtor = self.items.assign(account=self.account).groupby("customer_id")["account"]
        only = debtor.first().where(debtor.nunique() == 1, -1).astype("int64")
        about_none = (made["invoice_id"] == "").to_numpy()
        account = np.append(self.account, -1)[item]
        account[about_none] = only.reindex(made["customer_id"][about_none], fill_value=-1)
        of_account = len(self.items) + account
        code, currencies = pd.factorize(self.items["currency"])
        units = np.array([minor_units(currency) for currency in currencies], dtype=np.int64)
        unit = np.ones(len(self.accounts) + 1, dtype=np.int64)
        unit[self.account] = units[code]
        return made.assign(
            purse=np.where(about_none, of_account, item),
            # the account's own purse holds its unapplied cash already
            beside=np.where(about_none, -1, of_account + len(self.accounts)),
            unit=unit[account],
        )[account >= 0]

    def issued(self, *, payable: bool = False) -> Sums:
        """Amounts from the day an item was known; `payable`: in accounts not before it is due."""
        known, amount = self.items["known_on"], self.items["amount_minor"]
        due = self.items["due_on"]
        counts_from = due.where(due > known, known) if payable else known
        return _sums((self.items.index, known, amount), (len(self.items) + self.account, counts_from, amount))

    def received(self, facts: Facts, today: pd.Timestamp) -> Sums:
        """What was known before the day to have come in, by the day it was paid."""
        rows = facts.payments
        rows = rows[
            rows["kind"].isin([*RECEIVED, REVERSAL])
            & (rows["known_on"] < today)
            & ~is_true(rows["in_transit"])
        ]
        minor = rows["amount_minor"] * np.where(rows["kind"] == REVERSAL, -1, 1)
        item = positions(rows["invoice_id"], self.items["invoice_id"])
        account = np.append(self.account, -1)[item]
        loose = rows["invoice_id"].isna().to_numpy()
        account[loose] = positions(_account(rows[loose]), self.accounts)
        own, known = item >= 0, account >= 0
        first, last = len(self.items), len(self.items) + len(self.accounts)
        return _sums(
            (item[own], rows["paid_on"][own], minor[own]),
            (first + account[known], rows["paid_on"][known], minor[known]),
            (last + account[known & loose], rows["paid_on"][known & loose], minor[known & loose]),
        )


def _purses(facts: Facts, made: pd.DataFrame, today: pd.Timestamp) -> _Purses:
    invoices = facts.invoices
    theirs = positions(invoices["customer_id"], made["customer_id"].drop_duplicates()) >= 0
    # a promise may be about an item of another debtor, such as a branch
    theirs |= positions(invoices["invoice_id"], made["invoice_id"].drop_duplicates()) >= 0
    items = invoices[theirs & (invoices["known_on"] < today).to_numpy()].reset_index(drop=True)
    account, accounts = pd.factorize(_account(items))
    return _Purses(items, pd.Index(accounts), account)


def _account(rows: pd.DataFrame) -> pd.Series:
    account: pd.Series = rows["customer_id"] + "\n" + rows["currency"]
    return account


def _sums(*lines: Line) -> Sums:
    key = np.concatenate([np.asarray(keys, dtype=np.int64) * _DAYS + _days(on) for keys, on, _ in lines])
    minor = np.concatenate([np.asarray(amount, dtype=np.int64) for _, _, amount in lines])
    order = np.argsort(key, kind="stable")
    ordered, running = key[order], np.concatenate([[0], np.cumsum(minor[order])])

    def up_to(purse: Ints, day: Ints) -> Ints:
        until = np.searchsorted(ordered, purse * _DAYS + day, side="right")
        return np.asarray(running[until] - running[np.searchsorted(ordered, purse * _DAYS)])

    return up_to


def _days(on: pd.Series) -> Ints:
    """Whole days, counted so that none is negative."""
    return np.asarray(on.to_numpy().astype("datetime64[D]").astype(np.int64) + (1 << 21))
