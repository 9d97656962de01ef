"""What the rules over the segments do on a day: whom each hits, which never do, which contradict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from models.segments.rule_hits import contradictions, rule_hits
from models.segments.rules import MANUAL, Rule, Rules
from pipelines.assigning import constants
from pipelines.questions.present_segments import present_segments
from pipelines.reading import read


def show_rules(config: Path, *, as_of: date | None, today: date) -> dict[str, Any]:
    """Return what each rule hits on the day, JSON-ready; see `rules_on`. Publishes nothing."""
    reading = read(config, as_of=as_of, today=today)
    assigned, unusable = present_segments(reading)
    found = rules_on(
        assigned.situation,
        assigned.tables["segments"],
        reading.rules,
        day=reading.as_of,
        constants=constants(reading),
    )
    return {
        "as_of": reading.as_of.isoformat(),
        "file": str(reading.settings.rules_file),
        **found,
        "warnings": [*found["warnings"], *unusable],
    }


def rules_on(
    situation: pd.DataFrame,
    segments: pd.DataFrame,
    rules: Rules,
    *,
    day: date,
    constants: Mapping[str, float],
) -> dict[str, Any]:
    """Return debtors, decisions (debtors in a segment by hand), rules with their hits, and warnings.

    `segments`: the table that the rules gave for this situation. A warning for every two rules that hold
    for the same debtor with different effects.
    """
    hits = rule_hits(situation, rules, segments, day=day, constants=constants)
    told = [
        {**_said(rule), **hit} for rule, hit in zip(rules.rules, hits.to_dict(orient="records"), strict=True)
    ]
    effects = {rule.name: rule.effect for rule in rules.rules}
    pairs = contradictions(situation, rules, day=day, constants=constants)
    warnings = [
        f"rules {one} ({effects[one]}) and {other} ({effects[other]}) both hold for {count:,} "
        f"debtor{'s' if count > 1 else ''}: the first in the file decides"
        for one, other, count in pairs.itertuples(index=False)
    ]
    return {
        "debtors": len(segments),
        "decisions": int((segments["rule"] == MANUAL).sum()),
        "rules": told,
        "warnings": warnings,
    }


def _said(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "when": rule.when,
        "reason": rule.reason,
        "valid_from": rule.valid_from.isoformat() if rule.valid_from else None,
        "valid_to": rule.valid_to.isoformat() if rule.valid_to else None,
    }
