"""Which segment a debtor is in: the scheme proposes, decisions and rules dispose, and each row says why.

The first that holds decides:
1. a manual decision that has not run out
2. the rules, in the order of their file
3. what the scheme says, or the segment that a debtor is kept in
4. thresholds of days late, where the scheme says nothing
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.segments.condition_columns import number_column
from models.segments.rules import BEST, KEEP, MANUAL, NEW, NO_MODEL, WORST, Rule, Rules

Strings = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

WITHOUT_MODEL = {"A": 0, "B": 7, "C": 21}
"""Most days late on average of each segment while there is no model: by due, within a week, one to three
weeks; the rest is D. A scheme that says nothing of a debtor lends its own names, best first."""

_RULED_TEXTS = ("proposed", "source", "rule", "reason")


def decide_segments(
    situation: pd.DataFrame,
    proposal: pd.DataFrame,
    rules: Rules,
    decisions: pd.DataFrame,
    *,
    day: date,
    constants: Mapping[str, float],
    names: Sequence[str],
    scheme: str,
) -> pd.DataFrame:
    """Return one row per debtor, sorted: customer_id, segment, why (source, rule, reason), what it overrides.

    `situation`: indexed by customer_id, the figures and facts that rules speak of. `proposal`: of the same
    debtors model_segment, confidence, proposed (empty where the scheme says nothing), source, rule, reason,
    across_since; they stand where nothing else decides. `decisions`: those known before the day. `constants`:
    the figures of the configuration. `names`: the segments of the scheme, best first; none without a model.
    Raises ModelError when a debtor stands there twice, or in one of the two only.
    """
    situation, proposal = situation.sort_index(), proposal.sort_index()
    if not situation.index.is_unique:
        raise ModelError("segments need one row per debtor; customer_id repeats")
    if not situation.index.equals(proposal.index):
        raise ModelError("the situation and what the scheme proposes are not of the same debtors")
    by_hand = _by_hand(situation.index, decisions, day)
    who = deciding(holding(situation, rules, constants), rules, day)
    who[by_hand.rows] = -1
    silent = proposal["proposed"].isna().to_numpy() & (who < 0)
    columns = {name: proposal[name].to_numpy(dtype=object).copy() for name in _RULED_TEXTS}
    columns["across_since"] = proposal["across_since"].astype("datetime64[s]").to_numpy().copy()
    for ruling in (
        _without_proposal(situation, np.flatnonzero(silent), names, scheme),
        *_by_rules(situation, who, rules, constants, names),
        by_hand,
    ):
        _write(columns, ruling)
    return pd.DataFrame(
        {
            "customer_id": situation.index.astype("str"),
            "segment": pd.array(columns["proposed"], dtype="str"),
            "scheme": pd.Series(scheme, range(len(situation)), dtype="str"),
            "model_segment": proposal["model_segment"].astype("str").array,
            "source": pd.array(columns["source"], dtype="str"),
            "rule": pd.array(columns["rule"], dtype="str"),
            "reason": pd.array(columns["reason"], dtype="str"),
            "previous_segment": pd.array(_previous(situation), dtype="str"),
            "across_since": columns["across_since"],
            "confidence": proposal["confidence"].to_numpy(dtype=np.float64),
        }
    )


def holding(situation: pd.DataFrame, rules: Rules, constants: Mapping[str, float]) -> Mask:
    """Return which debtors (columns) each rule (rows) holds for, whatever the day.

    A rule that keeps a debtor where it was holds only for one that was somewhere.
    """
    masks = np.zeros((len(rules.rules), len(situation)), dtype=bool)
    known = pd.notna(_previous(situation))
    for mask, rule in zip(masks, rules.rules, strict=True):
        mask[:] = rule.condition.holds(situation, constants)
        if rule.effect == KEEP:
            mask &= known
    return masks


def deciding(masks: Mask, rules: Rules, day: date) -> npt.NDArray[np.int64]:
    """Return per debtor the place of the first rule that is valid on the day and holds; -1 for none."""
    who = np.full(masks.shape[1], -1, dtype=np.int64)
    for place in reversed(range(len(masks))):
        if rules.rules[place].active(day):
            who[masks[place]] = place
    return who


def _previous(situation: pd.DataFrame) -> Strings:
    if "previous_segment" not in situation:
        return np.full(len(situation), None, dtype=object)
    return situation["previous_segment"].to_numpy(dtype=object)


class _Ruling(NamedTuple):
    """What becomes of some rows: their segment, and what decided it and why."""

    rows: npt.NDArray[np.int64]
    segment: Strings
    rule: str
    reason: Strings
    kept: bool = False


def _write(columns: Mapping[str, npt.NDArray[Any]], ruling: _Ruling) -> None:
    rows = ruling.rows
    columns["proposed"][rows] = ruling.segment
    columns["rule"][rows] = ruling.rule
    columns["reason"][rows] = ruling.reason
    columns["source"][rows] = "kept" if ruling.kept else np.where(ruling.segment == NEW, "new", "rule")
    if not ruling.kept:
        # one that is kept is still across the border that it may not cross: its day stays
        columns["across_since"][rows] = np.datetime64("NaT")


def _by_rules(
    situation: pd.DataFrame,
    who: npt.NDArray[np.int64],
    rules: Rules,
    constants: Mapping[str, float],
    names: Sequence[str],
) -> Iterator[_Ruling]:
    """One ruling for each rule that decides."""
    order = np.argsort(who, kind="stable")
    places, starts = np.unique(who[order], return_index=True)
    for place, rows in zip(places, np.split(order, starts)[1:], strict=True):
        if place < 0:
            continue
        rule = rules.rules[place]
        named = situation[[name for name in rule.words.names if name in situation]]
        kept = rule.effect == KEEP
        target = (
            _previous(situation)[rows] if kept else np.full(len(rows), _target(rule, names), dtype=object)
        )
        yield _Ruling(rows, target, rule.name, rule.words.fill(named.iloc[rows], constants), kept)


def _target(rule: Rule, names: Sequence[str]) -> str:
    ends = {WORST: names[-1], BEST: names[0]} if names else {WORST: "D", BEST: "A"}
    return ends.get(rule.effect, rule.effect)


def _without_proposal(
    situation: pd.DataFrame, rows: npt.NDArray[np.int64], names: Sequence[str], scheme: str
) -> _Ruling:
    """By thresholds of days late, for debtors about whom the scheme says nothing."""
    late = number_column(situation, "decayed_days_late")[rows]
    named = np.array(list(names) or [*WITHOUT_MODEL, "D"], dtype=object)
    place = np.select([late <= limit for limit in WITHOUT_MODEL.values()], range(3), 3)
    opening = f"the scheme {scheme} says nothing of it" if names else "no model of segments yet"
    codes, days = pd.factorize(np.rint(late * 10) / 10 + 0.0)
    said = [*(f"{opening}; {_days_late(day)} lately" for day in days), f"{opening}; it has paid nothing yet"]
    reason: Strings = np.array(said, dtype=object)[codes]
    return _Ruling(rows, named[np.minimum(place, len(named) - 1)], NO_MODEL, reason)


def _days_late(days: float) -> str:
    return f"{abs(days):.1f} days {'early' if days < 0 else 'late'} on average"


def _by_hand(debtors: pd.Index, decisions: pd.DataFrame, day: date) -> _Ruling:
    """The last decision about a segment decides, and only while it holds."""
    about = decisions[decisions["segment"].notna() & (decisions["decided_on"] < pd.Timestamp(day))]
    order = ["customer_id", "decided_on", "known_on", "segment", "by"]
    last = about.sort_values(order).drop_duplicates("customer_id", keep="last")
    last = last[~(last["until"] < pd.Timestamp(day))]
    words = (
        "decided by "
        + last["by"]
        + " on "
        + last["decided_on"].dt.strftime("%Y-%m-%d")
        + (" until " + last["until"].dt.strftime("%Y-%m-%d")).fillna("")
        + (": " + last["reason"]).fillna("")
    )
    rows = debtors.get_indexer(pd.Index(last["customer_id"]))
    segment, reason = last["segment"].to_numpy(dtype=object), words.to_numpy(dtype=object)
    known = rows >= 0
    return _Ruling(rows[known], segment[known], MANUAL, reason[known])
