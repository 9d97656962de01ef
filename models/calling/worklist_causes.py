"""What always puts an account on the worklist, before any expected value, and why in words."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calling.worklist_words import day_words, money_words
from models.facts import Facts
from models.positions import positions
from models.reminding.contacts_made import NOT_MADE
from models.treatment.policy import WorklistRules

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

ALWAYS = ("broken_promise", "returned_debit", "insolvency", "over_limit", "silence")
"""In the order in which they go first."""

INTERNAL = ("insolvency", "over_limit")
"""Work for which nobody contacts the debtor, so that no block stops it."""

CLAIM_FILED, LIMIT_REVIEWED = "claim_filed", "limit_reviewed"
"""Kinds of contact that say such work was done; they contact nobody."""

PROMISE_DAYS = 365
"""A broken promise is remembered so long, until somebody spoke with the debtor."""

RETURNED_DAYS = 30
REVIEWED_DAYS = 30
"""A limit that was reviewed is looked at again after so many days."""


def made_contacts(facts: Facts, day: date) -> pd.DataFrame:
    """Return the contacts made before the day: customer_id, contacted_on and kind (small letters).

    Of several rows about one contact the last counts; one that reached nobody was not made.
    """
    told, today = facts.contact_history, pd.Timestamp(day)
    told = told[(told["contacted_on"] < today) & (told["known_on"] < today)]
    told = told.sort_values(["known_on", "contacted_on", "status"], kind="stable")
    again = told["contact_id"].notna() & told.duplicated(["contact_id", "customer_id"], keep="last")
    told = told[~again & ~told["status"].isin(NOT_MADE)]
    kind = told["kind"].fillna("").str.lower()
    return pd.DataFrame(
        {"customer_id": told["customer_id"], "contacted_on": told["contacted_on"], "kind": kind}
    )


def looked_up(known: pd.Series, keys: pd.Series) -> pd.Series:
    """Return what is known of each key, with the index of `keys`; empty where nothing is."""
    return known.reindex(keys).set_axis(keys.index)


def always_causes(
    accounts: pd.DataFrame,
    account: Ints,
    items: pd.DataFrame,
    dunnable_minor: Ints,
    risks: pd.DataFrame,
    broken: pd.DataFrame,
    made: pd.DataFrame,
    customers: pd.DataFrame,
    facts: Facts,
    rules: WorklistRules,
    *,
    day: date,
) -> pd.DataFrame:
    """Return the words of each cause of ALWAYS per account; empty cells where it does not hold.

    `accounts`, numbered from 0: the columns of `debtors`, contactable (flag: may and is worth to be
    contacted), free_days_past_due (of the oldest item that may be dunned) and last_contact_on. `account`: the
    row of each item; `broken`, `made`, `customers`: see `broken_promises`, `made_contacts`, `customers_on`.
    """
    free = np.flatnonzero((dunnable_minor > 0) & accounts["contactable"].to_numpy(dtype=bool)[account])
    found = {
        "broken_promise": _broken_promises(accounts, account, items, free, broken, facts),
        "returned_debit": _returned_debits(accounts, account, items, free, facts, day),
        "insolvency": _insolvencies(accounts, made, customers, day),
        "over_limit": _over_limits(accounts, risks, made, day),
        "silence": _silent(accounts, rules, day),
    }
    return pd.DataFrame({cause: found[cause].reindex(accounts.index) for cause in ALWAYS}, dtype="str")


def _broken_promises(
    accounts: pd.DataFrame,
    account: Ints,
    items: pd.DataFrame,
    free: Ints,
    broken: pd.DataFrame,
    facts: Facts,
) -> pd.Series:
    """Promises about an item are of its account; those about none of all that the debtor may be asked for."""
    key = ["customer_id", "invoice_id", "on"]
    told = facts.contact_history[["customer_id", "invoice_id", "promised_for", "promised_amount_minor"]]
    told = told.rename(columns={"promised_for": "on"}).assign(invoice_id=told["invoice_id"].fillna(""))
    amounts = told.sort_values([*key, "promised_amount_minor"]).drop_duplicates(key)
    broken = broken.merge(amounts, on=key, how="left")
    item = positions(broken["invoice_id"], items["invoice_id"].iloc[free])
    named = broken[item >= 0].assign(account=account[free[item[item >= 0]]])
    asked = accounts.loc[accounts["contactable"], ["customer_id"]].rename_axis("account").reset_index()
    general = broken[broken["invoice_id"] == ""].merge(asked, on="customer_id")
    rows = _since_contact(accounts, pd.concat([named, general]))
    rows = rows.sort_values(["on", "invoice_id"]).drop_duplicates("account", keep="last")
    over = money_words(rows["promised_amount_minor"], accounts["currency"].reindex(rows["account"]))
    over = [f" over {words}" if words else "" for words in over]
    promises = zip(day_words(rows["on"]), over, strict=True)
    return _said(rows["account"], [f"the promise for {on}{money} was not kept" for on, money in promises])


def _returned_debits(
    accounts: pd.DataFrame, account: Ints, items: pd.DataFrame, free: Ints, facts: Facts, day: date
) -> pd.Series:
    today = pd.Timestamp(day)
    back = facts.payments[facts.payments["kind"] == "reversal"]
    recent = today - pd.Timedelta(days=RETURNED_DAYS)
    back = back[(back["known_on"] < today) & (back["known_on"] >= recent)]
    item = positions(back["invoice_id"], items["invoice_id"].iloc[free])
    rows = back[item >= 0].assign(account=account[free[item[item >= 0]]])
    rows = _since_contact(accounts, rows)
    sums = rows.groupby("account", as_index=False).agg({"amount_minor": "sum", "paid_on": "max"})
    money = money_words(sums["amount_minor"], accounts["currency"].reindex(sums["account"]))
    told = zip(money, day_words(sums["paid_on"]), strict=True)
    return _said(sums["account"], [f"a payment of {words} was taken back on {on}" for words, on in told])


def _since_contact(accounts: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows known since the last contact of their account."""
    last = accounts["last_contact_on"].reindex(rows["account"]).to_numpy()
    return rows[~(last >= rows["known_on"].to_numpy())]


def _insolvencies(
    accounts: pd.DataFrame, made: pd.DataFrame, customers: pd.DataFrame, day: date
) -> pd.Series:
    """Until the claim is filed; it is of all open items, due or not."""
    since = customers["insolvent_on"]
    since = looked_up(since[since < pd.Timestamp(day)], accounts["customer_id"])
    filed = _last_of(made, CLAIM_FILED, accounts["customer_id"])
    rows = np.flatnonzero(since.notna() & ~(filed >= since) & (accounts["open_amount_minor"] > 0))
    money = money_words(accounts["open_amount_minor"].iloc[rows], accounts["currency"].iloc[rows])
    told = zip(day_words(since.iloc[rows]), money, strict=True)
    return _said(rows, [f"insolvent since {on}; no claim for {words} is filed" for on, words in told])


def _over_limits(accounts: pd.DataFrame, risks: pd.DataFrame, made: pd.DataFrame, day: date) -> pd.Series:
    """Once per debtor, under its largest account, until the limit was reviewed."""
    over_credit = risks["over_credit_limit"].fillna(False).astype(bool)
    uninsured = (risks["uninsured_amount_minor"] > 0).fillna(False).astype(bool)
    over = risks[over_credit | uninsured]
    reviewed = _last_of(made, LIMIT_REVIEWED, over["customer_id"])
    over = over[~(reviewed >= pd.Timestamp(day) - pd.Timedelta(days=REVIEWED_DAYS)).to_numpy(dtype=bool)]
    order = {"customer_id": True, "open_amount_minor": False, "company_code": True, "currency": True}
    ranked = accounts.sort_values(list(order), ascending=list(order.values()), kind="stable")
    largest = ranked.drop_duplicates("customer_id")["customer_id"]
    at = positions(over["customer_id"], largest)
    over, rows = over[at >= 0], largest.index.to_numpy()[at[at >= 0]]
    exposure, credit, open_part = (
        money_words(over[f"{name}_minor"], over["currency"])
        for name in ("exposure", "credit_limit", "uninsured_amount")
    )
    words = []
    flags = (over_credit.loc[over.index].tolist(), uninsured.loc[over.index].tolist())
    for owed, limit, rest, above, bare in zip(exposure, credit, open_part, *flags, strict=True):
        parts = [f"above the credit limit of {limit}"] * above + [f"{rest} of it not insured"] * bare
        words.append(f"exposure of {owed}, " + ", ".join(parts))
    return _said(rows, words)


def _silent(accounts: pd.DataFrame, rules: WorklistRules, day: date) -> pd.Series:
    last = accounts["last_contact_on"]
    spoken = last > pd.Timestamp(day) - pd.Timedelta(days=rules.silent_days)
    old = accounts["free_days_past_due"] > rules.overdue_days
    rows = accounts[accounts["contactable"] & old & ~spoken]
    words = []
    told = zip(rows["free_days_past_due"].tolist(), day_words(rows["last_contact_on"]), strict=True)
    for days, on in told:
        words.append(f"{days} days past due, " + (f"no contact since {on}" if on else "no contact is known"))
    return _said(rows.index, words)


def _last_of(made: pd.DataFrame, kind: str, debtors: pd.Series) -> pd.Series:
    """The last contact of that kind of each debtor."""
    last = made[made["kind"] == kind].groupby("customer_id")["contacted_on"].max()
    return looked_up(last, debtors)


def _said(rows: Any, words: list[str]) -> pd.Series:
    return pd.Series(words, index=pd.Index(np.asarray(rows, dtype=np.int64)), dtype="str")
