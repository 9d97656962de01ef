"""Why a debtor or an item must not be contacted now. A block stops an action, never a segment.

Every rule below returns long rows: customer_id, invoice_id (empty text = all of the debtor's
items), block (code), words and amount_minor: what of the item is blocked, empty = all of it. The
facts are those known before the day.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.facts import Facts, customers_on, dunning_recipients, is_true, places
from models.positions import positions
from models.promises import PROMISE_WORKING_DAYS
from models.texts import column, joined
from models.working_days import working_days_after

DIRECT_DEBIT_DAYS = 5
"""A direct debit counts as not yet presented until this many days after the due day."""

DISPUTES = ("dispute", "deduction")
"""The blocks that say the debtor disagrees."""

COLUMNS = ["customer_id", "invoice_id", "block", "words", "amount_minor"]

_TYPES = {**dict.fromkeys(COLUMNS, "str"), "amount_minor": "Int64"}


def find_blocks(
    items: pd.DataFrame,
    facts: Facts,
    day: date,
    *,
    default_country: str | None = None,
    dispute_holds_debtor: bool = False,
) -> pd.DataFrame:
    """Return every block that holds on `day`, one row per reason, in a fixed order.

    `items` are the open items. Columns customer_id, invoice_id (empty text = the whole debtor),
    block, words, amount_minor (Int64; empty = the whole item). Blocks of the whole debtor are returned
    for debtors without open items too. `dispute_holds_debtor`: a dispute blocks all of the debtor's items.
    """
    debtors = customers_on(facts.customers, day)
    found = [
        _on_debtors(debtors, day),
        _no_contact_person(debtors, facts.contact_persons),
        _holds(facts.decisions, day),
        _disputes(items, facts.disputes, day, dispute_holds_debtor),
        _deductions(items, facts.payments),
        _on_items(items, day),
        _promises(items, facts.contact_history, debtors, day, default_country),
        _plans(items, facts, day),
    ]
    rows = pd.concat([part.astype(_TYPES) for part in found], ignore_index=True)
    return rows.drop_duplicates().sort_values(COLUMNS, ignore_index=True)


def blocked_debtors(blocks: pd.DataFrame) -> pd.Series:
    """Return the text of each debtor's own blocks, indexed by customer_id; free debtors are absent."""
    return _joined(blocks[blocks["invoice_id"] == ""], "customer_id")


def blocked_items(items: pd.DataFrame, blocks: pd.DataFrame) -> pd.Series:
    """Return for each row of `items` what blocks it or its debtor, empty text when free (same index).

    An item of which only a part is blocked is free: the rest is dunned.
    """
    own = _looked_up(_joined(blocks[blocks["invoice_id"] != ""], "invoice_id"), items["invoice_id"])
    debtor = _looked_up(blocked_debtors(blocks), items["customer_id"])
    said = pc.coalesce(joined(own, debtor, between="; "), own, debtor)
    blocked = pa.array(dunnable_minor(items, blocks) == 0)
    return column(pc.if_else(blocked, said, "").fill_null("")).set_axis(items.index)


def dunnable_minor(items: pd.DataFrame, blocks: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the open amount of each item less what blocks hold of it, minor units; 0 = nothing to dun."""
    opened = items["open_amount_minor"].to_numpy(dtype=np.int64)
    named, whole = blocks["invoice_id"] != "", blocks["amount_minor"].isna()
    nothing = positions(items["invoice_id"], blocks.loc[named & whole, "invoice_id"]) >= 0
    nothing |= positions(items["customer_id"], blocks.loc[~named, "customer_id"]) >= 0
    parts = blocks[~whole].groupby("invoice_id")["amount_minor"].sum()
    held = np.append(parts.to_numpy(dtype=np.int64), 0)[positions(items["invoice_id"], parts.index)]
    return np.where(nothing, 0, np.maximum(opened - held, 0))


def _joined(blocks: pd.DataFrame, key: str) -> pd.Series:
    text = blocks["block"] + ": " + blocks["words"]
    texts = text.set_axis(blocks[key])
    several = texts.index.duplicated(keep=False)
    # few have more than one, and joining them group by group is slow
    together = texts[several].groupby(level=0).agg("; ".join)
    joined_up: pd.Series = pd.concat([texts[~several], together]).sort_index().astype("str")
    return joined_up


def _looked_up(texts: pd.Series, key: pd.Series) -> pa.Array:
    """The text of each key, null where there is none."""
    at = positions(key, texts.index)
    return pa.array(texts, pa.large_string()).take(pa.array(at, mask=at < 0))


def _rows(
    found: pd.DataFrame, block: str, words: pd.Series | str, *, whole_debtor: bool = False
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": found["customer_id"],
            "invoice_id": "" if whole_debtor else found["invoice_id"].fillna(""),
            "block": block,
            "words": words,
            "amount_minor": pd.array([pd.NA] * len(found), dtype="Int64"),
        },
        index=found.index,
        columns=COLUMNS,
    )


def _text(days: pd.Series) -> pd.Series:
    text: pd.Series = days.dt.strftime("%Y-%m-%d")
    return text


def _on_debtors(debtors: pd.DataFrame, day: date) -> pd.DataFrame:
    """What the debtor's own row says."""
    today = pd.Timestamp(day)
    debtors = debtors.reset_index()
    insolvent = debtors[debtors["insolvent_on"] < today]
    legal = debtors[debtors["legal_on"] < today]
    silent = debtors[is_true(debtors["do_not_contact"])]
    held = debtors[debtors["dunning_block_until"] >= today]
    internal = debtors[debtors["type"] == "intercompany"]
    return pd.concat(
        [
            _rows(insolvent, "insolvent", "since " + _text(insolvent["insolvent_on"]), whole_debtor=True),
            _rows(legal, "legal", "in court since " + _text(legal["legal_on"]), whole_debtor=True),
            _rows(silent, "do_not_contact", "the debtor is never contacted", whole_debtor=True),
            _rows(held, "dunning_block", "until " + _text(held["dunning_block_until"]), whole_debtor=True),
            _rows(internal, "intercompany", "settled between own companies", whole_debtor=True),
        ]
    )


def _no_contact_person(debtors: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """Debtors whose contact persons, there being some, must all be left alone."""
    allowed = ~is_true(persons["do_not_contact"])
    reachable = allowed.groupby(persons["customer_id"]).any()
    silent = reachable.index[~reachable.to_numpy(dtype=bool)]
    reader = dunning_recipients(debtors)
    unlisted = silent.difference(debtors.index)
    found = pd.DataFrame({"customer_id": reader.index[reader.isin(silent)].union(unlisted)})
    return _rows(found, "do_not_contact", "all contact persons are never contacted", whole_debtor=True)


def _holds(decisions: pd.DataFrame, day: date) -> pd.DataFrame:
    today = pd.Timestamp(day)
    held = decisions[is_true(decisions["hold"]) & (decisions["decided_on"] < today)]
    held = held[~(held["until"] < today)]
    until = ("until " + _text(held["until"]) + " ").fillna("")
    words = until + "by " + held["by"] + (": " + held["reason"]).fillna("")
    return _rows(held, "hold", words, whole_debtor=True)


def _disputes(items: pd.DataFrame, disputes: pd.DataFrame, day: date, holds_debtor: bool) -> pd.DataFrame:
    """An open dispute blocks what is disputed of its own item; without an amount above 0 all of it."""
    still = disputes[~(disputes["closed_on"] < pd.Timestamp(day))]
    found = still.merge(items[["invoice_id", "customer_id"]], on="invoice_id")
    words = "open since " + _text(found["opened_on"]) + (", " + found["reason"]).fillna("")
    if holds_debtor:
        return _rows(found, "dispute", "invoice " + found["invoice_id"] + " " + words, whole_debtor=True)
    amount = found["disputed_amount_minor"]
    return _rows(found, "dispute", words).assign(amount_minor=amount.where(amount > 0))


def _deductions(items: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """A deduction is a dispute about the rest of the item."""
    taken = payments[payments["kind"] == "deduction"]
    first = taken.groupby("invoice_id", as_index=False)["paid_on"].min()
    found = items[["invoice_id", "customer_id"]].merge(first, on="invoice_id")
    return _rows(found, "deduction", "taken on " + _text(found["paid_on"]) + ", a dispute about the rest")


def _on_items(items: pd.DataFrame, day: date) -> pd.DataFrame:
    """What the item's own row says."""
    today = pd.Timestamp(day)
    held = items[items["dunning_block_until"] >= today]
    debit = items[items["payment_method"] == "direct_debit"]
    debit = debit[debit["due_on"] + pd.Timedelta(days=DIRECT_DEBIT_DAYS) >= today]
    outside = items[items["assigned_to"].notna() & (items["assigned_to"] != "")]
    return pd.concat(
        [
            _rows(held, "dunning_block", "until " + _text(held["dunning_block_until"])),
            _rows(debit, "direct_debit", "not yet presented, due " + _text(debit["due_on"])),
            _rows(outside, "assigned", "collected outside by " + outside["assigned_to"]),
        ]
    )


def _promises(
    items: pd.DataFrame, contacts: pd.DataFrame, debtors: pd.DataFrame, day: date, default_country: str | None
) -> pd.DataFrame:
    """A promise that may still be kept; one without an invoice is about all items open when it was made."""
    made = contacts[contacts["promised_for"].notna()]
    country, region = places(made["customer_id"], debtors, default_country)
    last_day = working_days_after(made["promised_for"], PROMISE_WORKING_DAYS, country, region)
    made = made[last_day >= pd.Timestamp(day)]
    general = made[made["invoice_id"].isna() | (made["invoice_id"] == "")].drop(columns="invoice_id")
    theirs = items[items["customer_id"].isin(general["customer_id"])]
    about = theirs[["customer_id", "invoice_id", "known_on"]].rename(columns={"known_on": "item_known_on"})
    general = general.merge(about, on="customer_id")
    general = general[general["item_known_on"] <= general["contacted_on"]]
    named = made.merge(items[["invoice_id"]], on="invoice_id")
    found = pd.concat([named, general[made.columns]])
    return _rows(found, "promise", "promised for " + _text(found["promised_for"]))


def _plans(items: pd.DataFrame, facts: Facts, day: date) -> pd.DataFrame:
    """A payment plan being kept: not cancelled, an instalment still to come, those before the day paid.

    Paid means: the plan's items took at least that much money since the plan was agreed.
    """
    today = pd.Timestamp(day)
    plans = facts.payment_plans
    live = plans[~(plans["cancelled_on"] < today)]
    if live.empty:
        return pd.DataFrame(columns=COLUMNS)
    live = live.assign(invoice_id=live["invoice_id"].fillna(""), agreed=live["known_on"])
    live["owed_minor"] = live["amount_minor"].where(live["due_on"] < today, 0)
    key = ["customer_id", "invoice_id"]
    plan = live.groupby([*key, "plan_id"], as_index=False).agg(
        agreed=("agreed", "min"), last=("due_on", "max"), owed_minor=("owed_minor", "sum")
    )
    money = facts.payments
    money = money[money["kind"].isin(["payment", "reversal"]) & money["invoice_id"].notna()]
    sign = np.where(money["kind"] == "reversal", -1, 1)
    payer = money["invoice_id"].map(facts.invoices.set_index("invoice_id")["customer_id"])
    money = pd.DataFrame(
        {
            "customer_id": payer,
            "item": money["invoice_id"],
            "day": money["paid_on"],
            "minor": money["amount_minor"] * sign,
        }
    )
    joined = plan.merge(money[money["customer_id"].isin(plan["customer_id"])], on="customer_id", how="inner")
    joined = joined[(joined["invoice_id"] == "") | (joined["invoice_id"] == joined["item"])]
    key.append("plan_id")
    paid = joined[~(joined["day"] < joined["agreed"])].groupby(key)["minor"].sum()
    plan["paid_minor"] = paid.reindex(pd.MultiIndex.from_frame(plan[key]), fill_value=0).to_numpy()
    kept = plan[(plan["last"] >= today) & (plan["paid_minor"] >= plan["owed_minor"])]
    words = "plan " + kept["plan_id"] + " is being kept, last instalment " + _text(kept["last"])
    rows = _rows(kept, "payment_plan", words)
    return pd.concat([rows[rows["invoice_id"] == ""], rows.merge(items[["invoice_id"]], on="invoice_id")])
