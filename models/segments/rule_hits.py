"""Whom each rule hits: which never do, which are always overruled, and which contradict each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from models.segments.overrides import deciding, holding
from models.segments.rules import MANUAL, Rule, Rules


def rule_hits(
    situation: pd.DataFrame,
    rules: Rules,
    table: pd.DataFrame,
    *,
    day: date,
    constants: Mapping[str, float],
) -> pd.DataFrame:
    """Return one row per rule, in their order: rule, effect, active, hits, decides, overruled_by, note.

    `table`: what `decide_segments` returned for this situation. active: valid on the day; hits: debtors that
    the rule holds for, valid or not; decides: those whose segment it decides; overruled_by: what decides
    about the others with another effect, such as "manual 1; new 12", empty for a rule that is not valid.
    """
    situation = situation.sort_index()
    masks = holding(situation, rules, constants)
    decided_by = deciding(masks, rules, day)
    manual = table.set_index("customer_id")["rule"].reindex(situation.index) == MANUAL
    by_hand = manual.to_numpy(dtype=bool)
    rows = []
    for place, (rule, mask) in enumerate(zip(rules.rules, masks, strict=True)):
        counts = np.bincount(decided_by[mask & ~by_hand] + 1, minlength=len(masks) + 1)[1:]
        before = {other.name: int(counts[i]) for i, other in enumerate(rules.rules[:place]) if counts[i]}
        unlike = {other.name for other in rules.rules if other.effect != rule.effect}
        overruled = {MANUAL: int((mask & by_hand).sum())} | {
            name: count for name, count in before.items() if name in unlike
        }
        overruled = {name: count for name, count in overruled.items() if count and rule.active(day)}
        decides = int(counts[place])
        rows.append(
            {
                "rule": rule.name,
                "effect": rule.effect,
                "active": rule.active(day),
                "hits": int(mask.sum()),
                "decides": decides,
                "overruled_by": "; ".join(f"{name} {count}" for name, count in overruled.items()),
                "note": "; ".join(_notes(place, rules, day, int(mask.sum()), decides, overruled, before)),
            }
        )
    columns = ["rule", "effect", "active", "hits", "decides", "overruled_by", "note"]
    return pd.DataFrame(rows, columns=columns)


def contradictions(
    situation: pd.DataFrame, rules: Rules, *, day: date, constants: Mapping[str, float]
) -> pd.DataFrame:
    """Return the pairs of rules that both hold for a debtor with different effects, in their order.

    Columns: rule, contradicts (a later one), debtors (for how many both hold). Only rules valid on the day.
    """
    held = zip(rules.rules, holding(situation, rules, constants), strict=True)
    valid = [(rule, mask) for rule, mask in held if rule.active(day)]
    pairs = [
        (one.name, other.name, int((mask & its).sum()))
        for (one, mask), (other, its) in itertools.combinations(valid, 2)
        if one.effect != other.effect
    ]
    found = pd.DataFrame(pairs, columns=["rule", "contradicts", "debtors"])
    return found[found["debtors"] > 0].reset_index(drop=True)


def _notes(
    place: int,
    rules: Rules,
    day: date,
    hits: int,
    decides: int,
    overruled: Mapping[str, int],
    before: Mapping[str, int],
) -> list[str]:
    rule = rules.rules[place]
    if not rule.active(day):
        return [_not_valid(rule, day)]
    notes = []
    if not hits:
        notes.append("never hits")
    elif not decides:
        names = ", ".join(overruled)
        notes.append(f"always overruled by {names}" if names else f"adds nothing to {', '.join(before)}")
    for earlier in rules.rules[:place]:
        if earlier.condition.asks == rule.condition.asks and earlier.active(day):
            notes.append(f"asks the same as rule {earlier.name}")
    return notes


def _not_valid(rule: Rule, day: date) -> str:
    if rule.valid_from and day < rule.valid_from:
        return f"not valid before {rule.valid_from}"
    return f"not valid after {rule.valid_to}"
