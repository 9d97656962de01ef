"""What a debtor owes net: overdue items less everything that stands against them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.reminding.step_days import day_numbers

Ints = npt.NDArray[np.int64]

ACCOUNT = ["customer_id", "company_code", "currency"]
"""What is owed and credited together: one debtor's items of one creditor in one currency."""

CREDITS = ["credit_minor", "unapplied_minor", "in_transit_minor"]


def net_overdue(items: pd.DataFrame, credit: pd.DataFrame, on: pd.Series) -> Ints:
    """Return per item what its account owes net on the day `on`, in minor units.

    That is the open amount of the account's items due before that day, less all its open credit
    notes, unapplied cash and money in transit. Credit without a company code may be meant for any
    of the debtor's accounts in that currency, so it counts against each of them.
    """
    account = _numbers(items, ACCOUNT)
    due, until = day_numbers(items["due_on"]), day_numbers(on)
    origin = int(min(due.min(initial=0), until.min(initial=0)))
    span = int(max(due.max(initial=0), until.max(initial=0))) - origin + 1
    key = account * span + due - origin
    order = np.argsort(key, kind="stable")
    running = np.concatenate([[0], np.cumsum(items["open_amount_minor"].to_numpy(dtype=np.int64)[order])])
    first = np.searchsorted(key[order], account * span)
    before = np.searchsorted(key[order], account * span + until - origin)
    return np.asarray(running[before] - running[first] - credited(items, credit))


def credited(items: pd.DataFrame, credit: pd.DataFrame, columns: Sequence[str] = CREDITS) -> Ints:
    """Return what stands against the account of each item, minor units; of these columns only."""
    shared = credit["company_code"].fillna("") == ""
    total = np.zeros(len(items), dtype=np.int64)
    for part, key in ((credit[~shared], ACCOUNT), (credit[shared], ["customer_id", "currency"])):
        number = _numbers(pd.concat([items[key], part[key]]), key)
        sums = np.zeros(int(number.max(initial=-1)) + 1, dtype=np.int64)
        np.add.at(sums, number[len(items) :], part[list(columns)].to_numpy(dtype=np.int64).sum(axis=1))
        total += sums[number[: len(items)]]
    return total


def _numbers(table: pd.DataFrame, key: list[str]) -> Ints:
    return np.asarray(table[key].fillna("").groupby(key, sort=False).ngroup(), dtype=np.int64)
