"""Decisions and rules over what the scheme proposes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.contracts import OUTPUT_TABLES
from features.errors import ModelError
from features.ledger import make_ledger
from models.segments.overrides import decide_segments
from models.segments.rules import Rules, parse_rules, read_rules

DAY = date(2024, 6, 3)
SHIPPED = read_rules(Path(__file__).resolve().parent.parent / "configs" / "rules.yaml")
NO_DECISIONS = make_ledger().decisions
CONSTANTS = {"new_until_matured": 3.0, "dormant_after_months": 18.0}


def debtor(name: str = "X", **figures: object) -> pd.DataFrame:
    """The situation of one ordinary debtor, with the given figures changed."""
    row = {
        "settled_invoices": 10.0,
        "matured_invoices": 10.0,
        "decayed_days_late": 4.0,
        "months_since_last_invoice": 1.0,
        "insolvent": False,
        "insolvent_on": pd.NaT,
        "type": None,
        "previous_segment": None,
    }
    return pd.DataFrame([{**row, **figures}], index=pd.Index([name], name="customer_id"))


def proposed(situation: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """What the scheme says of these debtors: B, with the given columns changed."""
    row = {
        "model_segment": "B",
        "confidence": 0.4,
        "proposed": "B",
        "source": "model",
        "rule": None,
        "reason": "nearest to the centre of B",
        "across_since": pd.NaT,
    }
    one = pd.DataFrame([{**row, **columns}])
    return one.loc[[0] * len(situation)].set_axis(situation.index)


def all_decided(
    situation: pd.DataFrame,
    rules: Rules = SHIPPED,
    proposal: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    **arguments: Any,
) -> pd.DataFrame:
    """The rows of decide_segments, of segments A to D unless said otherwise."""
    return decide_segments(
        situation,
        proposed(situation) if proposal is None else proposal,
        rules,
        NO_DECISIONS if decisions is None else make_ledger(decisions=decisions).decisions,
        **{"day": DAY, "constants": CONSTANTS, "names": list("ABCD"), "scheme": "learned", **arguments},
    )


def decided(situation: pd.DataFrame, *rest: Any, **arguments: Any) -> pd.Series:
    """The row of debtor X."""
    return all_decided(situation, *rest, **arguments).set_index("customer_id").loc["X"]


def rules(*each: Mapping[str, object]) -> Rules:
    """Rules a, b, c … that always hold, with the given keys."""
    common = {"when": "True", "reason": "because"}
    named = [{"name": name, **common, **keys} for name, keys in zip("abcdef", each, strict=False)]
    return parse_rules({"rules": named})


def decision(**columns: object) -> pd.DataFrame:
    """A manual decision: debtor X to segment A, by J. Smit on the first of May."""
    row = {"customer_id": "X", "segment": "A", "by": "J. Smit", "decided_on": pd.Timestamp("2024-05-01")}
    return pd.DataFrame([{**row, **columns}])


def test_without_a_rule_the_proposal_stands_as_it_is() -> None:
    """Segment, source, reason and the day across the border are the proposal's."""
    since = pd.Timestamp("2024-05-20")
    kept = proposed(
        debtor(), model_segment="C", source="kept", reason="kept in B: nearer to C", across_since=since
    )
    row = decided(debtor(previous_segment="B"), proposal=kept)
    assert (row["segment"], row["model_segment"], row["source"]) == ("B", "C", "kept")
    assert (row["reason"], row["across_since"], row["confidence"]) == ("kept in B: nearer to C", since, 0.4)
    assert (row["scheme"], row["previous_segment"]) == ("learned", "B")
    assert pd.isna(row["rule"])


@pytest.mark.parametrize(
    ("figures", "segment", "rule", "source", "reason"),
    [
        (
            {"insolvent": True, "insolvent_on": pd.Timestamp("2024-03-01")},
            "INSOLVENT",
            "insolvent",
            "rule",
            "insolvent since 2024-03-01",
        ),
        (
            {"months_since_last_invoice": 18.0},
            "DORMANT",
            "dormant",
            "rule",
            "no invoice for 18 months, dormant from 18",
        ),
        ({"months_since_last_invoice": 17.0}, "B", None, "model", None),
        (
            {"type": "one_time"},
            "NEW",
            "one_time",
            "new",
            "one-time account: its history is that of many debtors",
        ),
        ({"matured_invoices": 0.0}, "NEW", "new", "new", "0 of 3 matured invoices"),
        ({"matured_invoices": 2.0}, "NEW", "new", "new", "2 of 3 matured invoices"),
        ({"matured_invoices": 3.0}, "B", None, "model", None),
        (
            {"settled_invoices": 0.0, "matured_invoices": 4.0},
            "D",
            "never_paid",
            "rule",
            "4 invoices more than 30 days past due, none ever paid",
        ),
    ],
)
def test_the_shipped_rules(
    figures: dict[str, object], segment: str, rule: str | None, source: str, reason: str | None
) -> None:
    """Each hits where it should, says why with the debtor's figures, and leaves the model's answer beside."""
    row = decided(debtor(**figures))
    assert (row["segment"], row["source"], row["model_segment"]) == (segment, source, "B")
    assert (None if pd.isna(row["rule"]) else row["rule"]) == rule
    assert reason is None or row["reason"] == reason


def test_of_the_shipped_rules_new_and_never_paid_never_hold_together() -> None:
    """Whoever has paid nothing yet is new until enough invoices matured, in whatever order they are asked."""
    backwards = Rules(rules=tuple(reversed(SHIPPED.rules)))
    for matured, rule in ((0.0, "new"), (2.0, "new"), (3.0, "never_paid")):
        nothing = debtor(settled_invoices=0.0, matured_invoices=matured)
        assert decided(nothing)["rule"] == decided(nothing, backwards)["rule"] == rule


def test_rules_hit_in_their_order() -> None:
    """Manual before insolvent before dormant before new."""
    figures: dict[str, object] = {"matured_invoices": 1.0, "months_since_last_invoice": 40.0}
    assert decided(debtor(**figures))["rule"] == "dormant"
    figures |= {"insolvent": True, "insolvent_on": pd.Timestamp("2024-01-01")}
    assert decided(debtor(**figures))["rule"] == "insolvent"
    assert decided(debtor(**figures), decisions=decision())["rule"] == "manual"


@pytest.mark.parametrize(
    ("names", "effect", "segment"),
    [
        ("ABC", "worst", "C"),
        ("ABC", "best", "A"),
        ("", "worst", "D"),
        ("", "best", "A"),
        ("ABC", "OWN", "OWN"),
    ],
)
def test_worst_and_best_are_the_ends_of_the_scheme(names: str, effect: str, segment: str) -> None:
    """Without a model they are those of the thresholds."""
    assert decided(debtor(), rules({"segment": effect}), names=list(names))["segment"] == segment


def test_exclude_is_a_segment_of_its_own() -> None:
    """An excluded debtor is still listed, with what the scheme says."""
    row = decided(debtor(), rules({"exclude": True}))
    assert (row["segment"], row["source"], row["rule"], row["model_segment"]) == (
        "EXCLUDED",
        "rule",
        "a",
        "B",
    )


def test_a_debtor_in_new_by_any_rule_is_new() -> None:
    """The source says so, whatever the rule is called."""
    assert decided(debtor(), rules({"segment": "NEW"}))["source"] == "new"


def test_keep_leaves_a_debtor_where_it_was() -> None:
    """The day since which it is across the border stays, so that it counts on when the rule ends."""
    since = pd.Timestamp("2024-05-20")
    row = decided(
        debtor(previous_segment="C"),
        rules({"keep": True, "reason": "season"}, {"segment": "D"}),
        proposed(debtor(), across_since=since),
    )
    assert (row["segment"], row["source"], row["rule"], row["reason"]) == ("C", "kept", "a", "season")
    assert row["across_since"] == since


def test_keep_does_not_hit_a_debtor_that_was_nowhere() -> None:
    """The next rule is asked."""
    row = decided(debtor(), rules({"keep": True}, {"segment": "D"}))
    assert (row["segment"], row["rule"]) == ("D", "b")
    assert decided(debtor().drop(columns="previous_segment"), rules({"keep": True}))["source"] == "model"


def test_a_rule_ends_what_was_across_a_border() -> None:
    """A debtor that a rule moves is not across any border of the scheme."""
    across = proposed(debtor(), source="kept", across_since=pd.Timestamp("2024-05-20"))
    assert pd.isna(decided(debtor(), rules({"segment": "D"}), across)["across_since"])


@pytest.mark.parametrize(
    ("day", "segment"),
    [(date(2024, 5, 31), "B"), (date(2024, 6, 1), "D"), (date(2024, 6, 3), "D"), (date(2024, 6, 4), "B")],
)
def test_a_rule_is_asked_only_while_it_is_valid(day: date, segment: str) -> None:
    """From its first to its last day."""
    season = rules({"segment": "D", "valid_from": "2024-06-01", "valid_to": "2024-06-03"})
    assert decided(debtor(), season, day=day)["segment"] == segment


def test_a_manual_decision_keeps_the_schemes_answer_beside_it() -> None:
    """The output says what both said, who decided, and until when."""
    until = decision(until=pd.Timestamp("2024-06-30"), reason="key account")
    row = decided(debtor(), decisions=until)
    assert (row["segment"], row["model_segment"], row["source"]) == ("A", "B", "rule")
    assert row["reason"] == "decided by J. Smit on 2024-05-01 until 2024-06-30: key account"


@pytest.mark.parametrize(
    ("case", "segment"),
    [
        ({"until": pd.Timestamp("2024-06-03")}, "A"),
        ({"until": pd.Timestamp("2024-06-02")}, "B"),
        ({"decided_on": pd.Timestamp("2024-06-03")}, "B"),
        ({"segment": None, "hold": True}, "B"),
        ({"customer_id": "Y"}, "B"),
    ],
    ids=["last day", "run out", "decided today", "a hold is no segment", "of another debtor"],
)
def test_when_a_manual_decision_holds(case: dict[str, object], segment: str) -> None:
    """It holds from the day after it was taken up to and including its last day."""
    assert decided(debtor(), decisions=decision(**case))["segment"] == segment


def test_the_last_manual_decision_decides() -> None:
    """A later decision that has run out does not wake up an earlier one."""
    both = pd.concat(
        [
            decision(),
            decision(segment="C", decided_on=pd.Timestamp("2024-05-10"), until=pd.Timestamp("2024-05-20")),
        ]
    )
    assert decided(debtor(), decisions=both)["segment"] == "B"


@pytest.mark.parametrize(
    ("days_late", "segment"), [(0.0, "A"), (0.1, "B"), (7.0, "B"), (7.1, "C"), (21.0, "C"), (21.1, "D")]
)
def test_without_a_model_thresholds_of_days_late_decide(days_late: float, segment: str) -> None:
    """The table is complete before the first training: by due, within a week, one to three weeks, later."""
    nothing = proposed(debtor(), model_segment=None, proposed=None, confidence=np.nan, reason=None)
    row = decided(debtor(decayed_days_late=days_late), proposal=nothing, names=[])
    assert (row["segment"], row["source"], row["rule"]) == (segment, "rule", "no_model")
    assert row["reason"] == f"no model of segments yet; {days_late:.1f} days late on average lately"
    assert pd.isna(row["model_segment"])


@pytest.mark.parametrize(
    ("days_late", "segment", "words"),
    [
        (-2.5, "fast", "2.5 days early on average lately"),
        (7.0, "slow", "7.0 days late on average lately"),
        (90.0, "slow", "90.0 days late on average lately"),
        (np.nan, "slow", "it has paid nothing yet"),
    ],
)
def test_a_scheme_that_says_nothing_lends_its_names(days_late: float, segment: str, words: str) -> None:
    """By due is its best class, later the next one and never past its last."""
    silent = proposed(debtor(), model_segment=None, proposed=None, reason=None)
    row = decided(
        debtor(decayed_days_late=days_late), proposal=silent, names=["fast", "slow"], scheme="speed"
    )
    assert (row["segment"], row["rule"], row["scheme"]) == (segment, "no_model", "speed")
    assert row["reason"] == f"the scheme speed says nothing of it; {words}"


def test_columns_are_those_of_the_contract_in_its_order() -> None:
    """Those that are not added later; every row has a segment and a reason."""
    both = pd.concat([debtor(), debtor("Y", insolvent=True)])
    table = all_decided(both)
    known = OUTPUT_TABLES["segments"].names
    assert list(table) == [name for name in known if name in table]
    assert table[["segment", "source", "reason"]].notna().all(axis=None)


def test_no_debtors_give_an_empty_table() -> None:
    """The columns are there, of the same types."""
    none, one = all_decided(debtor().iloc[:0]), all_decided(debtor())
    assert none.empty
    assert list(none.dtypes) == list(one.dtypes)


def test_a_debtor_twice_is_refused() -> None:
    """One row per debtor, or nothing."""
    with pytest.raises(ModelError, match="customer_id repeats"):
        all_decided(pd.concat([debtor(), debtor()]))


@pytest.mark.parametrize("others", [["Y"], ["X", "Y"], []])
def test_a_proposal_of_other_debtors_is_refused(others: list[str]) -> None:
    """Rows are never matched by their place."""
    elsewhere = pd.concat([debtor(name) for name in others]) if others else debtor().iloc[:0]
    with pytest.raises(ModelError, match="not of the same debtors"):
        all_decided(debtor(), proposal=proposed(elsewhere))


RULES = rules(
    {"when": "matured_invoices < 2", "segment": "NEW", "reason": "{matured_invoices}"},
    {"when": "type == 'k'", "keep": True, "reason": "kept at {decayed_days_late}"},
    {"when": "decayed_days_late > 5", "segment": "worst", "reason": "{decayed_days_late} days"},
    {"when": "decayed_days_late > 5 or type == None", "exclude": True, "reason": "out"},
)


def by_hand(row: Mapping[str, Any]) -> tuple[str, str | None]:
    """Segment and rule of one debtor, the rules asked one after the other."""
    late, of, before = row["decayed_days_late"], row["type"], row["previous_segment"]
    if row["matured_invoices"] < 2:
        return "NEW", "a"
    if of == "k" and before is not None:
        return before, "b"
    if late > 5:
        return "D", "c"
    if of is None:
        return "EXCLUDED", "d"
    return "B", None


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from([None, "k", "x"]),
            st.integers(3, 7),
            st.sampled_from([None, "A", "C"]),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_whole_columns_decide_as_one_debtor_after_the_other(rows: list[Any], random: Any) -> None:
    """The first rule that holds decides; in whatever order the debtors come, the table is the same."""
    columns = ["matured_invoices", "type", "decayed_days_late", "previous_segment"]
    ids = pd.Index([f"c{place}" for place in range(len(rows))], name="customer_id", dtype="str")
    situation = pd.DataFrame(rows, columns=columns, index=ids).astype({columns[0]: float, columns[2]: float})
    proposal = proposed(situation)
    table = all_decided(situation, RULES, proposal)
    expected = [by_hand(dict(zip(columns, row, strict=True))) for row in rows]
    assert table["segment"].tolist() == [segment for segment, _ in expected]
    assert [None if pd.isna(name) else name for name in table["rule"]] == [name for _, name in expected]
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(all_decided(situation.iloc[shuffled], RULES, proposal), table)
