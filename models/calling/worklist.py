"""Whom a person should contact today, in which order, and who does it.

An account (debtor, company code and currency) is on the list for a cause of ALWAYS, in that order, or because
a call is expected to be worth more than it costs, or because the strategy asks for a call and the debtor is
not expected to pay anyway. What may be contacted: an account that owes something net of credit, with an item
past due that nothing blocks, no less than the minimum amount, of a debtor whose strategy reminds. To file
a claim or review a limit nobody is contacted, so these need none of that.

Nothing is cut. What waits is listed with `reached` false and `why` says what for: the collector's capacity, a
language, bank data, the days between contacts, or another account of the same recipient: one call a day.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.collection_tables import WORKLIST
from features.contracts.money import minor_units
from models.calling.contact_value import contact_values, home_value
from models.calling.work_sharing import roster, share_work
from models.calling.worklist_accounts import with_actions, with_contacts, with_debtor, with_items
from models.calling.worklist_causes import (
    ALWAYS,
    INTERNAL,
    PROMISE_DAYS,
    always_causes,
    looked_up,
    made_contacts,
)
from models.calling.worklist_words import and_also, approaches, value_words
from models.contracted import as_contracted
from models.facts import Facts, customers_on
from models.positions import positions
from models.promises import broken_promises
from models.reminding.net_overdue import ACCOUNT
from models.treatment.policy import Policy

Ints = npt.NDArray[np.int64]

CAUSES = (*ALWAYS, "expected_value")


def worklist(
    items: pd.DataFrame,
    dunnable_minor: Ints,
    debtors: pd.DataFrame,
    predictions: pd.DataFrame,
    reminders: pd.DataFrame,
    actions: pd.DataFrame,
    risks: pd.DataFrame,
    treatments: pd.DataFrame,
    who: pd.DataFrame,
    facts: Facts,
    policy: Policy,
    *,
    day: date,
    home_currency: str,
    bank_words: str = "",
) -> pd.DataFrame:
    """Return the table `worklist` with inside names: one row per account, sorted by collector and rank.

    `items`: the open items; `dunnable_minor`: what may be dunned of each (see `blocks`). `debtors`,
    `predictions`, `reminders`, `actions`, `risks`, `treatments`: the tables of this run, `who`: its debtors.
    `bank_words`: why the bank data is too old to call anybody; empty text where it is not.
    ConfigurationError and LedgerError: see `roster`.
    """
    dunnable = np.where(items["dormant"], 0, dunnable_minor).astype(np.int64)
    accounts = debtors.sort_values(ACCOUNT, na_position="first", kind="stable", ignore_index=True)
    account = positions(_key(items), _key(accounts))
    customers, made = customers_on(facts.customers, day), made_contacts(facts, day)
    broken = broken_promises(facts, day, window_days=PROMISE_DAYS)
    accounts = with_debtor(accounts, customers, who, treatments, policy)
    accounts = with_items(accounts, account, items, dunnable, policy)
    accounts = with_contacts(accounts, account, items, made, customers, policy.contact, day)
    accounts = with_actions(accounts, account, items, reminders, actions, policy.contact, day)
    values = contact_values(
        accounts,
        account,
        items,
        dunnable,
        predictions,
        facts.rates,
        policy,
        day=day,
        home_currency=home_currency,
    )
    accounts = accounts.join(values)
    accounts["per_major"] = home_value(
        accounts["currency"], facts.rates, day=day, home_currency=home_currency
    )
    always = always_causes(
        accounts, account, items, dunnable, risks, broken, made, customers, facts, policy.worklist, day=day
    )
    worth = (accounts["value"] > 0) & (accounts["limit_words"] == "") & ~accounts["planned"]
    asked = accounts["call_due"] & ~accounts["pays_anyway"]
    by_value = accounts["contactable"] & (worth | asked)
    listed = always.notna().any(axis=1) | by_value
    accounts = accounts.assign(by_value=by_value)
    rows = _with_cause(accounts[listed], always[listed], policy)
    rows = _with_promises(rows, broken, facts, day)
    rows = _with_hold(rows, bank_words)
    rows = _with_collectors(rows, customers, facts.collectors, policy, day)
    rows["why"] = and_also(rows["why"], rows["hold"].where(rows["hold"] != "", rows["why_not"]))
    rows["suggested_approach"] = approaches(rows)
    return as_contracted(WORKLIST, rows).sort_values(
        ["collector", "rank"], na_position="last", kind="stable", ignore_index=True
    )


def _key(rows: pd.DataFrame) -> pd.Series:
    key: pd.Series = rows["customer_id"] + "\n" + rows["company_code"].fillna("") + "\n" + rows["currency"]
    return key


def _with_cause(rows: pd.DataFrame, always: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Cause, why, calls (the debtor is contacted) and expected value, in the order of the list."""
    said = always.notna().to_numpy()
    cause = np.where(said.any(axis=1), said.argmax(axis=1), len(ALWAYS))
    units = rows["currency"].map(minor_units).to_numpy(dtype=np.float64)
    internal = np.isin(np.array(CAUSES)[cause], INTERNAL)
    calls = ~internal | rows["by_value"].to_numpy(dtype=bool) | always["silence"].notna().to_numpy()
    value = np.where(calls, rows["value"].fillna(0.0), 0.0)
    rows = rows.assign(
        cause=np.array(CAUSES, dtype=object)[cause],
        internal=internal,
        calls=calls,
        known=rows["value"].notna(),
        order=cause,
        home_value=value,
        home_amount=rows["open_amount_minor"] / units * rows["per_major"].fillna(0.0),
        expected_value_minor=np.rint(value / rows["per_major"].fillna(1.0) * units).astype(np.int64),
    )
    told = (rows["by_value"] & (internal | (cause == len(ALWAYS)))).to_numpy(dtype=bool)
    reasons = always.fillna("").assign(value="")
    reasons.loc[told, "value"] = value_words(rows[told], policy.worklist.response_days)
    rows["why"] = ["; ".join(filter(None, each)) for each in reasons.to_numpy(dtype=object).tolist()]
    order = {"order": True, "home_value": False, "home_amount": False, **dict.fromkeys(ACCOUNT, True)}
    return rows.sort_values(list(order), ascending=list(order.values()), kind="stable", ignore_index=True)


def _with_promises(rows: pd.DataFrame, broken: pd.DataFrame, facts: Facts, day: date) -> pd.DataFrame:
    """The newest promise, and how many were broken in the last year."""
    told, today = facts.contact_history, pd.Timestamp(day)
    known = told[(told["known_on"] < today) & (told["status"] != "suppressed").fillna(True)]
    newest = known.groupby("customer_id")["promised_for"].max()
    times = broken.groupby("customer_id").size()
    return rows.assign(
        promised_for=looked_up(newest, rows["customer_id"]),
        broken_promises=looked_up(times, rows["customer_id"]).fillna(0).astype(np.int64),
    )


def _with_hold(rows: pd.DataFrame, bank_words: str) -> pd.DataFrame:
    """Add hold: why a call must wait whoever makes it, empty text where it need not.

    Where the debtor is to be contacted beside other work, that work does not wait: only the call is left out.
    """
    hold = rows["limit_words"].where(rows["calls"] & ~rows["call_due"], "")
    if bank_words:
        hold = hold.where(~rows["calls"], f"waits: {bank_words}")
    free = rows["calls"] & (hold == "")
    again = free & rows["recipient"].where(free).duplicated()
    hold = hold.where(~again, "the recipient is called today about another account: speak about both")
    calls = rows["calls"] & ((hold == "") | ~rows["internal"])
    return rows.assign(
        hold=hold.where(~rows["internal"], ""), calls=calls, action_id=rows["action_id"].where(calls)
    )


def _with_collectors(
    rows: pd.DataFrame, customers: pd.DataFrame, collectors: pd.DataFrame, policy: Policy, day: date
) -> pd.DataFrame:
    """Collector, rank and whether the line is reached today; lines that wait take nobody's time."""
    portfolios = customers["collector"].dropna()
    people = roster(
        collectors,
        portfolios[portfolios != ""].unique(),
        rows.loc[rows["owner"] != "", "owner"].unique(),
        capacity=policy.worklist.capacity_per_day,
        day=day,
    )
    shared = share_work(rows.loc[rows["hold"] == "", ["owner", "language"]], people).reindex(rows.index)
    collector = shared["collector"].fillna(rows["owner"])
    return rows.assign(
        collector=collector.where(collector != ""),
        reached=shared["reached"].eq(True).to_numpy(dtype=bool),
        why_not=shared["why_not"].fillna(""),
        rank=rows.groupby(collector).cumcount() + 1,
    )
