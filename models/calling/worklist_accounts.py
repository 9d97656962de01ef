"""What is known of each account that a person could contact: columns beside those of the table `debtors`.

Each function takes the accounts numbered from 0 and returns them with more columns. `account`: the row of
each open item; `customers`: see `customers_on`.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.money import minor_units
from models.calling.worklist_causes import CLAIM_FILED, LIMIT_REVIEWED, looked_up
from models.calling.worklist_words import day_words
from models.facts import dunning_recipients
from models.positions import positions
from models.treatment.policy import ANY, Contact, Policy

Ints = npt.NDArray[np.int64]

STANDING = ("proposed", "waiting_for_bank")
"""Actions that will be carried out as they are."""


def with_debtor(
    accounts: pd.DataFrame,
    customers: pd.DataFrame,
    who: pd.DataFrame,
    treatments: pd.DataFrame,
    policy: Policy,
) -> pd.DataFrame:
    """Add who the debtor is and how it is treated.

    recipient (who is written to), owner (the collector, empty text: none), language, legal_kind, risk,
    key_account, reminded (its strategy has steps) and instalments (parts of a plan that may be offered).
    """
    debtor = accounts["customer_id"]
    reader = looked_up(dunning_recipients(customers), debtor).astype("str")
    told = who.reindex(debtor)
    treated = treatments.set_index("customer_id").reindex(debtor)
    reminds = [name for name, strategy in policy.strategies.items() if strategy.steps]
    offered = ~treated["status"].isin(["needs_approval", "refused"])
    return accounts.assign(
        recipient=reader.fillna(debtor),
        owner=looked_up(customers["collector"], debtor).astype("str").fillna(""),
        language=told["language"].astype("str").fillna(policy.language).to_numpy(),
        legal_kind=told["legal_kind"].to_numpy(),
        risk=told["risk"].to_numpy(),
        key_account=told["key_account"].fillna(False).astype(bool).to_numpy(),
        reminded=treated["strategy"].isin(reminds).to_numpy(dtype=bool),
        instalments=treated["instalments"].where(offered).to_numpy(dtype=object),
    )


def with_items(
    accounts: pd.DataFrame, account: Ints, items: pd.DataFrame, dunnable: Ints, policy: Policy
) -> pd.DataFrame:
    """Add contactable and free_days_past_due: of the oldest item of which something may be dunned."""
    age = items["days_past_due"].to_numpy(dtype=np.int64)
    free = np.flatnonzero((dunnable > 0) & (age > 0))
    amount, oldest = np.zeros(len(accounts), dtype=np.int64), np.zeros(len(accounts), dtype=np.int64)
    np.add.at(amount, account[free], dunnable[free])
    np.maximum.at(oldest, account[free], age[free])
    codes = accounts["currency"].unique()
    least = {code: policy.minimum_amount.get(code, policy.minimum_amount[ANY]) for code in codes}
    minimum = accounts["currency"].map({code: float(least[code]) * minor_units(code) for code in codes})
    owes = (accounts["net_overdue_amount_minor"] > 0) & (accounts["blocked_by"].fillna("") == "")
    contactable = owes & accounts["reminded"] & (amount > 0) & (amount >= minimum.astype(np.float64))
    return accounts.assign(free_days_past_due=oldest, contactable=contactable.to_numpy(dtype=bool))


def with_contacts(
    accounts: pd.DataFrame,
    account: Ints,
    items: pd.DataFrame,
    made: pd.DataFrame,
    customers: pd.DataFrame,
    limits: Contact,
    day: date,
) -> pd.DataFrame:
    """Add last_contact_on and limit_words: why the recipient must not be contacted again yet.

    All debtors of one recipient count as one. A reminder that only the ledger's items tell counts too.
    """
    today = pd.Timestamp(day)
    spoken = made.loc[~made["kind"].isin([CLAIM_FILED, LIMIT_REVIEWED]), ["customer_id", "contacted_on"]]
    own = (
        looked_up(dunning_recipients(customers), spoken["customer_id"])
        .astype("str")
        .fillna(spoken["customer_id"])
    )
    dunned = items[["last_dunned_on"]].assign(recipient=accounts["recipient"].to_numpy()[account])
    days = pd.concat(
        [
            pd.DataFrame({"recipient": own, "on": spoken["contacted_on"]}),
            dunned.rename(columns={"last_dunned_on": "on"}).dropna(subset="on"),
        ]
    ).drop_duplicates()
    last = looked_up(days.groupby("recipient")["on"].max(), accounts["recipient"])
    window = days[days["on"] > today - pd.Timedelta(days=limits.within_days)]
    lately = looked_up(window.groupby("recipient").size(), accounts["recipient"])
    again = last + pd.Timedelta(days=limits.days_between)
    full = f"{limits.most_contacts} contacts in {limits.within_days} days are the most"
    limited = np.where(lately >= limits.most_contacts, full, "").astype(object)
    early = (again > today).to_numpy(dtype=bool)
    told = zip(day_words(last[early]), day_words(again[early]), strict=True)
    limited[early] = [f"last contact on {before}, not again before {first}" for before, first in told]
    return accounts.assign(last_contact_on=last, limit_words=limited)


def with_actions(
    accounts: pd.DataFrame,
    account: Ints,
    items: pd.DataFrame,
    reminders: pd.DataFrame,
    actions: pd.DataFrame,
    limits: Contact,
    day: date,
) -> pd.DataFrame:
    """Add the next action of each account, where one falls before the recipient may be contacted again.

    action_id, call_due (it is a call for today), instead_of (words of another one, which a call replaces),
    planned (the recipient has such another one) and the owner of a call that is somebody else's to make.
    """
    today = pd.Timestamp(day)
    standing = actions[
        actions["status"].isin(STANDING)
        & (actions["change"] != "withdrawn")
        & (actions["valid_until"] >= today)
        & (actions["send_on"] < today + pd.Timedelta(days=limits.days_between))
    ]
    due = (standing["channel"] == "call") & (standing["send_on"] <= today)
    standing = standing.assign(due=due).sort_values(
        ["due", "send_on", "action_id"], ascending=[False, True, True], ignore_index=True
    )
    item = positions(reminders["invoice_id"], items["invoice_id"])
    place = positions(reminders["action_id"], standing["action_id"])
    carried = np.flatnonzero((item >= 0) & (place >= 0))
    first = np.full(len(accounts), len(standing), dtype=np.int64)
    np.minimum.at(first, account[item[carried]], place[carried])
    has = first < len(standing)
    mine = standing.reindex(np.where(has, first, -1)).reset_index(drop=True)
    call_due = mine["due"].eq(True).to_numpy(dtype=bool)
    coming = has & ~call_due
    channel = mine.loc[coming, "channel"].str.replace("_", " ")
    told = zip(channel, day_words(mine.loc[coming, "send_on"]), strict=True)
    instead = np.full(len(accounts), "", dtype=object)
    instead[coming] = [f"the {how} planned for {on}" for how, on in told]
    maker = mine["collector"].astype("str").fillna("")
    return accounts.assign(
        action_id=mine["action_id"].astype("str"),
        call_due=call_due,
        planned=pd.Series(coming).groupby(accounts["recipient"]).transform("any"),
        instead_of=instead,
        owner=accounts["owner"].where(~call_due | (maker == ""), maker),
    )
