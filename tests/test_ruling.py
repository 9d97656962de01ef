"""What `debtscape rules` tells about a portfolio."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd

from models.segments.rules import Rules, parse_rules
from pipelines.questions.ruling import rules_on

DAY = date(2024, 6, 3)
IDS = pd.Index(["a", "b", "c"], name="customer_id")
SITUATION = pd.DataFrame({"overdue_amount": [1.0, 2.0, 3.0]}, index=IDS)


def rules(*each: dict[str, object]) -> Rules:
    """Rules that say why in one word."""
    return parse_rules({"rules": [{"reason": "because", **keys} for keys in each]})


def decided(*by: str | None) -> pd.DataFrame:
    """Segments of the three debtors, with the rule that decided each."""
    return pd.DataFrame({"customer_id": IDS, "rule": pd.Series(by, dtype="str")})


def test_each_rule_is_told_with_what_it_hits() -> None:
    """Of debtors a, b and c the rule holds for b and c; about c was decided by hand."""
    big = rules(
        {"name": "big", "when": "overdue_amount > 1", "segment": "WATCH", "valid_to": date(2024, 12, 31)}
    )
    told = rules_on(SITUATION, decided(None, "big", "manual"), big, day=DAY, constants={})
    assert told == {
        "debtors": 3,
        "decisions": 1,
        "rules": [
            {
                "rule": "big",
                "when": "overdue_amount > 1",
                "reason": "because",
                "valid_from": None,
                "valid_to": "2024-12-31",
                "effect": "WATCH",
                "active": True,
                "hits": 2,
                "decides": 1,
                "overruled_by": "manual 1",
                "note": "",
            }
        ],
        "warnings": [],
    }
    assert json.loads(json.dumps(told)) == told


def test_rules_that_contradict_are_warned_about() -> None:
    """Both hold for c with different effects; the third has the effect of the second."""
    three = rules(
        {"name": "biggest", "when": "overdue_amount > 2", "segment": "worst"},
        {"name": "big", "when": "overdue_amount > 1", "segment": "WATCH"},
        {"name": "medium", "when": "overdue_amount == 2", "segment": "WATCH"},
    )
    told = rules_on(SITUATION, decided(None, "big", "biggest"), three, day=DAY, constants={})
    assert told["warnings"] == [
        "rules biggest (worst) and big (WATCH) both hold for 1 debtor: the first in the file decides"
    ]


def test_no_rules_and_no_debtors_are_told_too() -> None:
    """Nothing to show is an answer."""
    nobody = SITUATION.iloc[:0]
    assert rules_on(nobody, decided(None, None, None).iloc[:0], rules(), day=DAY, constants={}) == {
        "debtors": 0,
        "decisions": 0,
        "rules": [],
        "warnings": [],
    }
