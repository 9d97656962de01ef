"""Which segment a debtor is in: the clusters propose, the rules below dispose, and each row says why.

The first that holds decides:
1. a manual decision that has not run out
2. INSOLVENT: an insolvency known before the day
3. DORMANT: no invoice for a number of months
4. NEW: a one-time account (many debtors under one number), or too few matured invoices
5. the last segment, where several invoices matured and none was ever paid
6. the cluster that the model found; without a model, A to D by thresholds of days late
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.facts import Facts, customers_on

INSOLVENT, DORMANT, NEW = "INSOLVENT", "DORMANT", "NEW"
RULE_SEGMENTS = (NEW, DORMANT, INSOLVENT)
WITHOUT_MODEL = {"A": 0, "B": 7, "C": 21}
"""Most days late on average of each segment while there is no model: by due, within a week, one to three
weeks; the rest is D."""

Strings = npt.NDArray[np.object_]


@dataclass(frozen=True)
class SegmentRules:
    """The figures of the rules."""

    new_until_matured: int = 3
    """NEW ends with this many invoices settled or more than 30 days past due; days alone never end it."""
    dormant_after_months: int = 18
    low_risk_late_share: float = 0.20
    high_risk_late_share: float = 0.50


def decide_segments(
    debtors: pd.DataFrame,
    names: list[str],
    facts: Facts,
    previous: pd.DataFrame | None,
    *,
    day: date,
    model_version: str | None = None,
    rules: SegmentRules = SegmentRules(),
) -> pd.DataFrame:
    """Return the table `segments`: one row per debtor, sorted by customer_id.

    `debtors`: indexed by customer_id, with the features of a (debtor, day) point and, from the
    model, model_segment and confidence (both may be absent when there is no model). `names`: the
    model's segments, best first. `facts`: what was known before the day. `previous`: the segments
    of the previous run. Without a model the segments are those of WITHOUT_MODEL and D.
    """
    if not debtors.index.is_unique:
        raise ModelError("segments need one row per debtor; customer_id repeats")
    debtors = debtors.sort_index()
    model_segment, confidence = _proposal(debtors)
    segment, reason, rule = model_segment.copy(), _model_reasons(debtors, model_segment), _empty(len(debtors))
    source = np.full(len(debtors), "model", dtype=object)
    customers = customers_on(facts.customers, day).reindex(debtors.index)
    last = names[-1] if names else "D"
    # later ones overwrite earlier ones: the order is the reverse of the one stated above
    for name, where, target, words in (
        ("no_model", *_without_model(debtors, model_segment)),
        ("never_paid", *_never_paid(debtors, last)),
        ("new", *_new(debtors, rules)),
        ("one_time", *_one_time(customers)),
        ("dormant", *_dormant(debtors, rules, day)),
        ("insolvent", *_insolvent(customers, day)),
        ("manual", *_manual(debtors.index, facts.decisions, day)),
    ):
        segment = np.where(where, target, segment)
        reason = np.where(where, words, reason)
        rule[where] = name
        source[where] = "new" if name in ("new", "one_time") else "rule"
    table = pd.DataFrame(
        {
            "customer_id": debtors.index,
            "segment": segment,
            "model_segment": model_segment,
            "source": source,
            "rule": rule,
            "reason": reason,
            "previous_segment": _previous(debtors.index, previous),
        }
    ).astype("str")
    before = table["previous_segment"]
    table["moved"] = before.notna() & (before != table["segment"]).fillna(False)
    table["confidence"] = confidence
    table["value_class"] = pd.array(value_classes(debtors["issued_amount_365d"]), dtype="str")
    table["risk"] = pd.array(_risk(debtors, table["segment"], table["rule"], rules), dtype="str")
    table["model_version"] = pd.Series(model_version, index=table.index, dtype="str").where(source == "model")
    return table


def value_classes(revenue: pd.Series) -> Strings:
    """Return per debtor top (makes the first 80 % of the revenue), middle (the next 15 %) or tail.

    Debtors by falling revenue, equal ones by customer_id; the one in whom 80 % is reached is still top.
    """
    # whole thousandths, so that the sums do not depend on rounding
    amount = np.rint(np.clip(revenue.fillna(0).to_numpy(dtype=np.float64), 0, None) * 1000).astype(np.int64)
    order = np.lexsort([revenue.index.to_numpy(dtype=object).astype(str), -amount])
    before = np.empty(len(amount), dtype=np.int64)
    before[order] = np.cumsum(amount[order]) - amount[order]
    total = int(amount.sum())
    classes = np.select([before * 100 < 80 * total, before * 100 < 95 * total], ["top", "middle"], "tail")
    return np.where(amount > 0, classes, "tail").astype(object)


def _proposal(debtors: pd.DataFrame) -> tuple[Strings, npt.NDArray[np.float64]]:
    """The model's own answer; empty for a debtor who never settled an invoice."""
    if "model_segment" not in debtors:
        return _empty(len(debtors)), np.full(len(debtors), np.nan)
    known = (debtors["settled_invoices"] > 0) & debtors["model_segment"].notna()
    segment = debtors["model_segment"].astype(object).where(known, None).to_numpy(dtype=object)
    return segment, debtors["confidence"].where(known).to_numpy(dtype=np.float64)


def _model_reasons(debtors: pd.DataFrame, segment: Strings) -> Strings:
    recent = debtors["settled_invoices_365d"] > 0
    days = debtors["mean_days_late_365d"].where(recent, debtors["mean_days_late"])
    share = debtors["late_share_365d"].where(recent, debtors["late_share"])
    period = np.where(recent, "in the last 365 days", "over all years")
    return np.array(
        [
            f"nearest to the centre of {name}: {_days_late(late)}, {100 * part:.0f} % late {when}"
            for name, late, part, when in zip(segment, days, share, period, strict=True)
        ],
        dtype=object,
    )


def _without_model(
    debtors: pd.DataFrame, proposal: Strings
) -> tuple[npt.NDArray[np.bool_], Strings, Strings]:
    late = debtors["decayed_days_late"]
    by_threshold = [late <= limit for limit in WITHOUT_MODEL.values()]
    segment = np.select(by_threshold, list(WITHOUT_MODEL), "D").astype(object)
    words = np.array([f"no model of segments yet; {_days_late(days)} lately" for days in late], dtype=object)
    return pd.isna(proposal), segment, words


def _days_late(days: float) -> str:
    return f"{abs(days):.1f} days {'early' if days <= -0.05 else 'late'} on average"


def _never_paid(debtors: pd.DataFrame, last: str) -> tuple[pd.Series, str, Strings]:
    where = (debtors["settled_invoices"] == 0) & (debtors["matured_invoices"] > 0)
    matured = debtors["matured_invoices"].fillna(0)
    words = [f"{count:.0f} invoices more than 30 days past due, none ever paid" for count in matured]
    return where, last, np.array(words, dtype=object)


def _new(debtors: pd.DataFrame, rules: SegmentRules) -> tuple[pd.Series, str, Strings]:
    matured = debtors["matured_invoices"].fillna(0)
    words = [f"{count:.0f} of {rules.new_until_matured} matured invoices" for count in matured]
    return matured < rules.new_until_matured, NEW, np.array(words, dtype=object)


def _one_time(customers: pd.DataFrame) -> tuple[pd.Series, str, str]:
    return customers["type"] == "one_time", NEW, "one-time account: its history is that of many debtors"


def _dormant(debtors: pd.DataFrame, rules: SegmentRules, day: date) -> tuple[pd.Series, str, Strings]:
    age = pd.to_timedelta(debtors["days_since_last_invoice"], unit="D")
    last_invoice = pd.Timestamp(day) - age
    where = last_invoice < pd.Timestamp(day) - pd.DateOffset(months=rules.dormant_after_months)
    dates = last_invoice.dt.strftime("%Y-%m-%d")
    words = f"no invoice for more than {rules.dormant_after_months} months, the last on " + dates
    return where, DORMANT, words.to_numpy(dtype=object)


def _insolvent(customers: pd.DataFrame, day: date) -> tuple[pd.Series, str, Strings]:
    since = customers["insolvent_on"]
    words = "insolvent since " + since.dt.strftime("%Y-%m-%d")
    return since < pd.Timestamp(day), INSOLVENT, words.to_numpy(dtype=object)


def _manual(debtors: pd.Index, decisions: pd.DataFrame, day: date) -> tuple[pd.Series, Strings, Strings]:
    """The last decision about a segment decides, and only while it holds."""
    about = decisions[decisions["segment"].notna() & (decisions["decided_on"] < pd.Timestamp(day))]
    order = ["customer_id", "decided_on", "known_on", "segment", "by"]
    last = about.sort_values(order).drop_duplicates("customer_id", keep="last").set_index("customer_id")
    last = last[~(last["until"] < pd.Timestamp(day))].reindex(debtors)
    words = (
        "decided by "
        + last["by"]
        + " on "
        + last["decided_on"].dt.strftime("%Y-%m-%d")
        + (" until " + last["until"].dt.strftime("%Y-%m-%d")).fillna("")
        + (": " + last["reason"]).fillna("")
    )
    return last["segment"].notna(), last["segment"].to_numpy(dtype=object), words.to_numpy(dtype=object)


def _previous(debtors: pd.Index, previous: pd.DataFrame | None) -> Strings:
    if previous is None:
        return _empty(len(debtors))
    return previous.set_index("customer_id")["segment"].reindex(debtors).to_numpy(dtype=object)


def _risk(debtors: pd.DataFrame, segment: pd.Series, rule: pd.Series, rules: SegmentRules) -> Strings:
    """High, average or low by the share paid late in the last 365 days, else over all years.

    Fewer than `new_until_matured` closings say nothing: average. Insolvent or never paid: high.
    """
    enough_lately = debtors["settled_invoices_365d"] >= rules.new_until_matured
    enough = debtors["settled_invoices"] >= rules.new_until_matured
    share = debtors["late_share_365d"].where(enough_lately, debtors["late_share"].where(enough))
    lost = ((segment == INSOLVENT) | (rule == "never_paid")).to_numpy(dtype=bool)
    high = lost | (share >= rules.high_risk_late_share).to_numpy(dtype=bool)
    low = (share <= rules.low_risk_late_share).to_numpy(dtype=bool)
    return np.select([high, low], ["high", "low"], "average").astype(object)


def _empty(length: int) -> Strings:
    return np.full(length, None, dtype=object)
