"""Which contacts were really made, whom they were about, and on which days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.facts import Facts, customers_on, dunning_recipients
from models.positions import positions
from models.reminding.step_days import day_numbers

Ints = npt.NDArray[np.int64]

NOT_MADE = ("bounced", "not_reached", "suppressed")
"""Contacts that reached nobody; one whose end is not told counts as made, so that nobody is asked twice."""

ARRIVED = ("sent", "reached")

ALWAYS, NEVER = -(1 << 20), np.iinfo(np.int64).max
"""Day numbers before and after all days."""

_SPAN = 1 << 22


def contacts_made(items: pd.DataFrame, facts: Facts, day: date) -> pd.DataFrame:
    """Return the contacts made before `day` about the open items, one row per contact and what it is about.

    Columns item (its position among `items`, -1 where the contact names none), debtor (position of the
    debtor among the debtors of `items`, in order of appearance), on (day number), kind (small letters),
    ours (it carries out an action of a run) and arrived. A contact that names no item is about the debtor,
    and about all debtors whose reminders that one gets. Of several rows with one contact_id the last counts.
    """
    told = facts.contact_history
    told = told[(told["contacted_on"] < pd.Timestamp(day)) & (told["known_on"] < pd.Timestamp(day))]
    told = told.assign(invoice_id=told["invoice_id"].fillna(""))
    numbered = told["contact_id"].notna()
    last = told[numbered].sort_values(["known_on", "contacted_on", "status"], kind="stable")
    last = last.drop_duplicates(["contact_id", "customer_id", "invoice_id"], keep="last")
    told = pd.concat([told[~numbered], last])
    told = told[~told["status"].isin(NOT_MADE)]
    debtor, debtors = pd.factorize(items["customer_id"])
    named = told[told["invoice_id"] != ""]
    item = positions(named["invoice_id"], items["invoice_id"])
    general = _for_debtors(told[told["invoice_id"] == ""], facts, day)
    of_debtor = positions(general["customer_id"], pd.Index(debtors))
    rows = pd.concat([named, general])
    found = pd.DataFrame(
        {
            "item": np.append(item, np.full(len(general), -1)),
            "debtor": np.append(np.append(debtor, -1)[item], of_debtor),
            "on": day_numbers(rows["contacted_on"]),
            "kind": rows["kind"].fillna("").str.lower().to_numpy(),
            "ours": (rows["action_id"].fillna("") != "").to_numpy(),
            "arrived": rows["status"].isin(ARRIVED).to_numpy(),
        }
    )
    return found[found["debtor"] >= 0].reset_index(drop=True)


def _for_debtors(general: pd.DataFrame, facts: Facts, day: date) -> pd.DataFrame:
    """The contacts under the debtors written to, and again under those for whom these read the reminders."""
    if general.empty:
        return general
    reader = dunning_recipients(customers_on(facts.customers, day))
    branches = reader[reader != reader.index].rename("reader").rename_axis("branch").reset_index()
    theirs = general.merge(branches, left_on="customer_id", right_on="reader")
    return pd.concat([general, theirs.assign(customer_id=theirs["branch"])[general.columns]])


@dataclass(frozen=True)
class DayLine:
    """Days of keys, each once, in order; a key below 0 has none."""

    at: Ints
    ends: Ints

    @classmethod
    def of(cls, key: npt.ArrayLike, on: npt.ArrayLike) -> DayLine:
        """Return the line of these pairs of key (0 and up) and day number."""
        keys, days = np.asarray(key, dtype=np.int64), np.asarray(on, dtype=np.int64)
        at = np.unique(keys * _SPAN + days - ALWAYS)
        ends = np.searchsorted(at, np.arange(1, keys.max(initial=-1) + 2) * _SPAN)
        return cls(at, ends.astype(np.int64))

    def count_after(self, key: Ints, day: npt.ArrayLike) -> Ints:
        """Return how many days of each key come after a day."""
        if not len(self.at):
            return np.zeros(len(key), dtype=np.int64)
        return np.asarray(self._end(key) - self._until(key, day))

    def first_after(self, key: Ints, day: npt.ArrayLike) -> Ints:
        """Return the first day of each key after a day, `NEVER` where there is none."""
        none = np.full(len(key), NEVER)
        if not len(self.at):
            return none
        at = self._until(key, day)
        found = self.at[np.minimum(at, len(self.at) - 1)] % _SPAN + ALWAYS
        return np.where(at < self._end(key), found, none)

    def last(self, key: Ints) -> Ints:
        """Return the last day of each key, `ALWAYS` where there is none."""
        if not len(self.at):
            return np.full(len(key), ALWAYS)
        end = self._end(key)
        found = self.at[end - 1] % _SPAN + ALWAYS
        return np.where(end > self._until(key, ALWAYS), found, ALWAYS)

    def _until(self, key: Ints, day: npt.ArrayLike) -> Ints:
        return np.asarray(np.searchsorted(self.at, key * _SPAN + np.asarray(day) - ALWAYS, side="right"))

    def _end(self, key: Ints) -> Ints:
        last = len(self.ends) - 1
        return np.where(key < 0, 0, self.ends[np.clip(key, 0, last)])
