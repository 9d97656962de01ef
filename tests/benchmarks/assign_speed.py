"""Prints how long it takes to put many debtors in segments: distances, hesitation, rules.

python tests/benchmarks/assign_speed.py [debtors] [rules]
"""

from __future__ import annotations

import sys
import time
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import RULE_NAMES
from models.scorer import assign_segments, segment_distances
from models.segments.movement import settle
from models.segments.overrides import decide_segments
from models.segments.rule_hits import rule_hits
from models.segments.rules import Rules, parse_rules
from models.segments.segmenter import BEHAVIOUR

DAY = date(2026, 1, 1)
CONSTANTS = {"new_until_matured": 3.0, "dormant_after_months": 18.0}
SEGMENTS = list("ABCDE")
TEXTS = {
    "country": ["NL", "BE", "DE", "FR"],
    "sector": ["it", "construction", "retail", "agriculture"],
    "size": ["small", "middle", "large"],
    "type": ["one_time", "regular", "intercompany"],
    "legal_kind": ["business", "public", "consumer", "unknown"],
    "value_class": ["top", "middle", "tail"],
    "risk": ["high", "average", "low"],
    "model_segment": SEGMENTS,
    "previous_segment": [*SEGMENTS, "NEW"],
}
KINDS: list[dict[str, Any]] = [
    {"when": "insolvent", "segment": "INSOLVENT", "reason": "insolvent since {insolvent_on}"},
    {
        "when": "months_since_last_invoice >= dormant_after_months",
        "segment": "DORMANT",
        "reason": "no invoice for {months_since_last_invoice} months",
    },
    {
        "when": "matured_invoices < new_until_matured",
        "segment": "NEW",
        "reason": "{matured_invoices} of {new_until_matured} matured invoices",
    },
    {
        "when": "overdue_amount > 0.9 * open_amount and country in ['NL', 'BE'] and not key_account",
        "segment": "worst",
        "reason": "{overdue_amount} of {open_amount} overdue",
    },
    {
        "when": "late_share_365d / late_share > 1.5 or mean_days_late_365d > 80 and sector == 'construction'",
        "segment": "WATCH",
        "reason": "{late_share_365d} late, {mean_days_late_365d} days",
    },
    {"when": "size != 'small' and legal_on >= '2025-06-01'", "keep": True, "reason": "in court, {sector}"},
]


def random_situation(debtors: int, seed: int = 7) -> pd.DataFrame:
    """Return a row per debtor with every name of RULE_NAMES, a tenth of the figures empty."""
    draw = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for name, feature in RULE_NAMES.items():
        empty = draw.random(debtors) < 0.1
        if feature.unit == "text":
            words = np.array(TEXTS.get(name, ["some", "other"]), dtype=object)[draw.integers(0, 2, debtors)]
            columns[name] = pd.Series(np.where(empty, None, words), dtype="str")
        elif feature.unit == "flag":
            columns[name] = draw.random(debtors) < 0.02
        elif feature.unit == "day":
            days = pd.Series(pd.Timestamp(DAY) - pd.to_timedelta(draw.integers(1, 900, debtors), unit="D"))
            columns[name] = days.mask(empty)
        else:
            scale = 1.0 if feature.unit == "share" else 20.0 if feature.unit in ("count", "months") else 1e4
            drawn = draw.random(debtors) * scale
            whole = feature.unit in ("count", "months")
            columns[name] = np.where(empty, np.nan, np.floor(drawn) if whole else drawn)
    ids = pd.Index([f"C{number:08d}" for number in range(debtors)], name="customer_id")
    return pd.DataFrame(columns).set_axis(ids)


def segments_of(situation: pd.DataFrame) -> dict[str, Any]:
    """Return parameters of segments on the features that segments are learned from."""
    draw = np.random.default_rng(3)
    width = len(BEHAVIOUR)
    return {
        "features": list(BEHAVIOUR),
        "fill": [0.5] * width,
        "center": [0.5] * width,
        "scale": [1.0] * width,
        "centroids": draw.uniform(-0.5, 0.5, (len(SEGMENTS), width)).tolist(),
        "names": SEGMENTS,
    }


def previous_of(situation: pd.DataFrame) -> pd.DataFrame:
    """Return the segments of a run before this one: random, so that many are across a border."""
    return pd.DataFrame(
        {
            "customer_id": situation.index,
            "segment": situation["previous_segment"].array,
            "source": "model",
            "scheme": "learned",
            "across_since": pd.Series(pd.NaT, range(len(situation)), dtype="datetime64[s]"),
        }
    )


def many_rules(count: int) -> Rules:
    """Return so many rules of different kinds, each with a condition of its own."""
    rules = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        when = f"({kind['when']}) and oldest_days_past_due > {100 * number}"
        rules.append({**kind, "name": f"rule_{number}", "when": when})
    return parse_rules({"rules": rules})


def main(debtors: int = 1_000_000, count: int = 30) -> None:
    """Print the seconds."""
    situation, rules = random_situation(debtors), many_rules(count)
    model, previous = segments_of(situation), previous_of(situation)
    decisions = pd.DataFrame(
        {
            "customer_id": situation.index[:100],
            "segment": "A",
            "by": "J. Smit",
            "decided_on": pd.Timestamp("2025-12-01"),
            "known_on": pd.Timestamp("2025-12-01"),
            "until": pd.NaT,
            "reason": pd.Series(None, range(100), dtype="str"),
        }
    )
    start = time.perf_counter()
    found = assign_segments(model, situation)
    distances = segment_distances(model, situation)
    settled = settle(found["model_segment"], distances, previous, day=DAY, names=SEGMENTS)
    proposal = settled.assign(
        model_segment=found["model_segment"],
        confidence=found["confidence"],
        rule=pd.Series(None, situation.index, dtype="str"),
        reason=settled["words"].fillna("nearest to the centre"),
    )
    proposed = time.perf_counter()
    table = decide_segments(
        situation,
        proposal,
        rules,
        decisions,
        day=DAY,
        constants=CONSTANTS,
        names=SEGMENTS,
        scheme="learned",
    )
    decided = time.perf_counter()
    rule_hits(situation, rules, table, day=DAY, constants=CONSTANTS)
    ended = time.perf_counter()
    by_rules = table["rule"].notna().mean()
    print(f"{debtors:,} debtors, {count} rules, {by_rules:.0%} decided by a rule")
    print(
        f"together {decided - start:.2f} s: what the model says and who is kept {proposed - start:.2f} s, "
        f"rules {decided - proposed:.2f} s; beside it, counting their hits {ended - decided:.2f} s"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
