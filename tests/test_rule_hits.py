"""Whom each rule hits, which never do, and which contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.ledger import make_ledger
from models.segments.overrides import decide_segments
from models.segments.rule_hits import contradictions, rule_hits
from models.segments.rules import Rules, parse_rules

DAY = date(2024, 6, 3)
DECISIONS = make_ledger(
    decisions=pd.DataFrame(
        [{"customer_id": "c0", "segment": "A", "by": "J. Smit", "decided_on": pd.Timestamp("2024-05-01")}]
    )
).decisions

SITUATION = pd.DataFrame(
    {
        "overdue_amount": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        "decayed_days_late": 0.0,
        "previous_segment": pd.Series(["A", None, "B", None, None, "C"], dtype="str"),
    }
).set_axis(pd.Index([f"c{place}" for place in range(6)], name="customer_id"))
"""Six debtors c0 … c5; about c0 the credit manager decided."""


def rules(**each: Mapping[str, object]) -> Rules:
    """Rules by name, all for the segment WATCH unless said otherwise."""
    named: list[dict[str, Any]] = [{"name": name, "reason": "because", **keys} for name, keys in each.items()]
    effects = {"segment", "keep", "exclude"}
    return parse_rules(
        {"rules": [keys if effects & set(keys) else {**keys, "segment": "WATCH"} for keys in named]}
    )


def hits(of: Rules, day: date = DAY) -> pd.DataFrame:
    """The table of hits of these rules over the six debtors, by name of the rule."""
    proposal = pd.DataFrame(
        {
            "model_segment": "B",
            "confidence": np.nan,
            "proposed": "B",
            "source": "model",
            "rule": None,
            "reason": "near B",
            "across_since": pd.NaT,
        },
        index=SITUATION.index,
    )
    table = decide_segments(
        SITUATION, proposal, of, DECISIONS, day=day, constants={}, names=["A", "B"], scheme="learned"
    )
    return rule_hits(SITUATION, of, table, day=day, constants={}).set_index("rule")


def test_hits_are_those_it_holds_for_and_decides_those_it_is_first_for() -> None:
    """Of c2 … c5 the first rule takes c4 and c5; the last is left c1, c0 was decided by hand."""
    found = hits(
        rules(
            many={"when": "overdue_amount >= 4", "segment": "D"},
            some={"when": "overdue_amount >= 2"},
            all={"when": "True", "exclude": True},
        )
    )
    assert found["effect"].to_dict() == {"many": "D", "some": "WATCH", "all": "EXCLUDED"}
    assert found["hits"].tolist() == [2, 4, 6]
    assert found["decides"].tolist() == [2, 2, 1]
    assert found["overruled_by"].tolist() == ["", "many 2", "manual 1; many 2; some 2"]
    assert found["note"].tolist() == ["", "", ""]
    assert found["active"].all()


def test_a_rule_that_never_hits_is_told() -> None:
    """The empty comparison too: nobody has such a figure."""
    found = hits(rules(none={"when": "overdue_amount > 9"}, absent={"when": "late_share > 0"}))
    assert found["note"].tolist() == ["never hits", "never hits"]
    assert found["hits"].tolist() == [0, 0]


def test_a_rule_that_is_always_overruled_is_told_by_whom() -> None:
    """By rules with another effect, or by a decision; one with the same effect only makes it needless."""
    found = hits(
        rules(
            big={"when": "overdue_amount >= 2", "segment": "D"},
            bigger={"when": "overdue_amount >= 4"},
            biggest={"when": "overdue_amount >= 5", "segment": "D"},
            none={"when": "overdue_amount == 0"},
        )
    )
    assert found.loc["bigger", ["overruled_by", "note"]].tolist() == ["big 2", "always overruled by big"]
    assert found.loc["biggest", ["overruled_by", "note"]].tolist() == ["", "adds nothing to big"]
    assert found.loc["none", ["overruled_by", "note"]].tolist() == ["manual 1", "always overruled by manual"]


def test_a_rule_that_is_not_valid_hits_but_decides_nothing() -> None:
    """Whoever prepares the next season sees whom it would hit; it overrules nobody and is not overruled."""
    found = hits(
        rules(
            later={"when": "True", "segment": "D", "valid_from": "2024-06-04"},
            over={"when": "True", "segment": "D", "valid_to": "2024-06-02"},
            now={"when": "overdue_amount >= 1", "valid_from": "2024-06-03", "valid_to": "2024-06-03"},
        )
    )
    assert found["active"].tolist() == [False, False, True]
    assert found["hits"].tolist() == [6, 6, 5]
    assert found["decides"].tolist() == [0, 0, 5]
    assert found["overruled_by"].tolist() == ["", "", ""]
    assert found["note"].tolist() == ["not valid before 2024-06-04", "not valid after 2024-06-02", ""]


def test_two_rules_that_ask_the_same_are_told() -> None:
    """However they are spelled; a rule that is not valid does not count."""
    found = hits(
        rules(
            old={"when": "overdue_amount > 3", "valid_to": "2024-01-01"},
            one={"when": "overdue_amount > 3"},
            two={"when": "(overdue_amount>3)"},
        )
    )
    assert found.loc["one", "note"] == ""
    assert found.loc["two", "note"] == "adds nothing to one; asks the same as rule one"


def test_keep_hits_only_debtors_that_were_somewhere() -> None:
    """Of six, c0, c2 and c5 had a segment before; about c0 was decided by hand."""
    found = hits(rules(season={"when": "True", "keep": True}, rest={"when": "True"}))
    assert found["hits"].tolist() == [3, 6]
    assert found["decides"].tolist() == [2, 3]
    assert found.loc["rest", "overruled_by"] == "manual 1; season 2"


def test_no_rules_give_an_empty_table() -> None:
    """Its columns are there."""
    assert hits(rules()).columns.tolist() == ["effect", "active", "hits", "decides", "overruled_by", "note"]


def test_rules_contradict_when_both_hold_with_different_effects() -> None:
    """Also where a third decides before both; the same effect is no contradiction."""
    found = contradictions(
        SITUATION,
        rules(
            first={"when": "overdue_amount >= 4", "segment": "D"},
            second={"when": "overdue_amount >= 3"},
            third={"when": "overdue_amount >= 5", "exclude": True},
            fourth={"when": "overdue_amount >= 1"},
            apart={"when": "overdue_amount == 0", "segment": "D"},
            over={"when": "True", "segment": "D", "valid_to": "2024-06-02"},
        ),
        day=DAY,
        constants={},
    )
    assert list(found.itertuples(index=False, name=None)) == [
        ("first", "second", 2),
        ("first", "third", 1),
        ("first", "fourth", 2),
        ("second", "third", 1),
        ("third", "fourth", 1),
    ]
