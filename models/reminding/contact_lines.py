"""What `contact_days` is asked: which items want a contact from when on, and what contacts there were."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.facts import Facts
from models.reminding.channels import CHANNELS, WITH_CREDITOR, Readers
from models.reminding.contact_days import NEVER, Lines, spread
from models.reminding.net_overdue import ACCOUNT, net_overdue
from models.reminding.step_days import day_numbers
from models.treatment.policy import Contact
from models.treatment.policy_tables import EVENT

Ints = npt.NDArray[np.int64]

NOT_MADE = ("bounced", "suppressed")
"""Contacts that did not take place; one whose end is not told counts, so that nobody is bothered too soon."""


def lines_of(
    items: pd.DataFrame,
    steps: pd.DataFrame,
    step: Ints,
    wanted: Ints,
    reader: Ints,
    channel: Ints,
    net_from: Ints,
    today: int,
) -> Lines:
    """Return the lines of items with a step: its row of `step_table`, the day it is wanted on, and so on.

    Items of one company code and currency share a contact. An adverse step shares it with its own kind only:
    a person approves it for the items named, and no other item may slip into it.
    """
    account = _number(items, ["company_code", "currency"])
    adverse = steps["adverse"].to_numpy(dtype=bool)[step]
    level = steps["level"].to_numpy(dtype=np.int64)[step]
    due = day_numbers(items["due_on"])
    before_due = (steps["days_after_due"].fillna(0) < 0).to_numpy(dtype=bool)[step]
    event = (steps["strategy"] == EVENT).to_numpy(dtype=bool)[step]
    bound = np.isin(CHANNELS, WITH_CREDITOR)
    return Lines(
        recipient=reader,
        bundle=account * (len(steps) + 1) + np.where(adverse, step + 1, 0),
        first=event & (wanted <= today),
        wanted=np.maximum(wanted, today),
        due=due,
        before_due=before_due,
        latest=np.where(before_due & (level == 0), due, NEVER),
        net_from=net_from,
        level=level,
        rank=_rank(items["invoice_id"]),
        with_creditor=bound[channel],
    )


def net_from(items: pd.DataFrame, credit: pd.DataFrame) -> Ints:
    """Return the first day on which each item's account owes something net, `NEVER` where there is none.

    What is owed net only grows while nothing is paid: it changes on the days after the due days.
    """
    after = items["due_on"] + pd.Timedelta(days=1)
    positive = net_overdue(items, credit, after) > 0
    account = _number(items, ACCOUNT)
    first = np.full(int(account.max(initial=-1)) + 1, NEVER)
    np.minimum.at(first, account[positive], day_numbers(after)[positive])
    return first[account]


def past_contacts(
    items: pd.DataFrame, state: pd.DataFrame, facts: Facts, readers: Readers, limits: Contact, day: date
) -> pd.DataFrame:
    """Return the contacts of each reader before `day`: recipient and day, both numbers.

    Contacts of the contact history with any of the reader's debtors, dunning that the ledger tells of, and
    where steps are only assumed to be done, their days as they would have been bundled.
    """
    today = int(np.datetime64(day, "D").astype(np.int64))
    told = facts.contact_history
    told = told[(told["contacted_on"] < pd.Timestamp(day)) & (told["known_on"] < pd.Timestamp(day))]
    told = told[~told["status"].isin(NOT_MADE)]
    dunned = facts.invoices[facts.invoices["last_dunned_on"] < pd.Timestamp(day)]
    real = pd.concat(
        [
            _days(readers, told["customer_id"], told["contacted_on"]),
            _days(readers, dunned["customer_id"], dunned["last_dunned_on"]),
        ]
    )
    assumed = (state["assumed"] & state["last_contact_on"].notna()).to_numpy(dtype=bool)
    guessed = _days(readers, items["customer_id"][assumed], state["last_contact_on"][assumed])
    both = pd.concat([real, spread(guessed, limits.days_between)])
    recent = both["day"] > today - max(limits.within_days, limits.days_between)
    return both[recent & (both["day"] < today)]


def _days(readers: Readers, customer_id: pd.Series, on: pd.Series) -> pd.DataFrame:
    table = pd.DataFrame({"recipient": readers.of(customer_id), "day": day_numbers(on)})
    return table[table["recipient"] >= 0].drop_duplicates()


def _number(table: pd.DataFrame, key: list[str]) -> Ints:
    return np.asarray(table[key].fillna("").groupby(key, sort=True).ngroup(), dtype=np.int64)


def _rank(invoice_id: pd.Series) -> Ints:
    """The place of each id among all of them in order, so that the order of the rows does not matter."""
    rank = np.empty(len(invoice_id), dtype=np.int64)
    order = pc.sort_indices(pa.array(invoice_id, pa.large_string())).to_numpy()
    rank[order] = np.arange(len(invoice_id))
    return rank
