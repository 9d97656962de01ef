"""Rules over the model's segments."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts import OUTPUT_TABLES
from features.errors import ModelError
from features.ledger import Ledger, make_ledger
from models.overrides import SegmentRules, decide_segments, value_classes

DAY = date(2024, 6, 3)


def debtor(**figures: object) -> pd.DataFrame:
    """One ordinary debtor X of segment B, with the given figures changed."""
    row = {
        "model_segment": "B",
        "confidence": 0.4,
        "settled_invoices": 10.0,
        "settled_invoices_365d": 5.0,
        "matured_invoices": 10.0,
        "decayed_days_late": 4.0,
        "mean_days_late": 9.0,
        "mean_days_late_365d": 4.2,
        "late_share": 0.5,
        "late_share_365d": 0.31,
        "days_since_last_invoice": 20.0,
        "issued_amount_365d": 100.0,
    }
    return pd.DataFrame([{**row, **figures}], index=pd.Index(["X"], name="customer_id"))


def decided(
    debtors: pd.DataFrame, ledger: Ledger | None = None, previous: pd.DataFrame | None = None
) -> pd.Series:
    """The row of debtor X in the table of segments."""
    table = decide_segments(
        debtors, list("ABCD"), ledger or make_ledger(), previous, day=DAY, model_version="7"
    )
    return table.set_index("customer_id").loc["X"]


def decision(**columns: object) -> pd.DataFrame:
    """A manual decision: debtor X to segment A, by J. Smit on the first of May."""
    row = {"customer_id": "X", "segment": "A", "by": "J. Smit", "decided_on": pd.Timestamp("2024-05-01")}
    return pd.DataFrame([{**row, **columns}])


def customer(**columns: object) -> pd.DataFrame:
    """Master data of debtor X."""
    return pd.DataFrame([{"customer_id": "X", **columns}])


def test_without_a_rule_the_model_decides_and_says_why() -> None:
    """The reason names the segment and the debtor's own figures."""
    row = decided(debtor())
    assert (row["segment"], row["source"], row["model_version"]) == ("B", "model", "7")
    assert pd.isna(row["rule"])
    assert (
        row["reason"]
        == "nearest to the centre of B: 4.2 days late on average, 31 % late in the last 365 days"
    )


def test_a_debtor_who_pays_early_is_called_early() -> None:
    """A negative mean of days late reads as early."""
    assert "2.5 days early on average" in decided(debtor(mean_days_late_365d=-2.5))["reason"]


def test_without_closings_this_year_the_reason_speaks_of_all_years() -> None:
    """Figures of the last year that do not exist are not shown as nan."""
    row = decided(debtor(settled_invoices_365d=0.0, mean_days_late_365d=np.nan, late_share_365d=np.nan))
    assert row["reason"].endswith("9.0 days late on average, 50 % late over all years")


@pytest.mark.parametrize(
    ("matured", "segment", "source"), [(0.0, "NEW", "new"), (2.0, "NEW", "new"), (3.0, "B", "model")]
)
def test_new_ends_with_the_third_matured_invoice(matured: float, segment: str, source: str) -> None:
    """Matured invoices end NEW."""
    row = decided(debtor(matured_invoices=matured))
    assert (row["segment"], row["source"], row["model_segment"]) == (segment, source, "B")


def test_new_says_how_many_are_missing() -> None:
    """The reason counts, and no model version claims a decision that it did not take."""
    row = decided(debtor(matured_invoices=2.0, days_since_last_invoice=400.0))
    assert row["reason"] == "2 of 3 matured invoices"
    assert pd.isna(row["model_version"])


def test_several_matured_and_none_ever_paid_is_the_last_segment() -> None:
    """Three invoices more than 30 days past due say enough, although the model has no history."""
    never = debtor(settled_invoices=0.0, settled_invoices_365d=0.0, matured_invoices=3.0, model_segment="B")
    row = decided(never.assign(late_share=np.nan, late_share_365d=np.nan))
    assert (row["segment"], row["rule"], row["risk"]) == ("D", "never_paid", "high")
    assert row["reason"] == "3 invoices more than 30 days past due, none ever paid"
    assert pd.isna(row["model_segment"])


@pytest.mark.parametrize(
    ("last_invoice", "segment"), [(date(2022, 12, 2), "DORMANT"), (date(2022, 12, 3), "B")]
)
def test_dormant_after_18_months_without_an_invoice(last_invoice: date, segment: str) -> None:
    """18 calendar months before 3 June 2024 is 3 December 2022."""
    row = decided(debtor(days_since_last_invoice=float((DAY - last_invoice).days)))
    assert row["segment"] == segment


def test_dormant_names_the_last_invoice() -> None:
    """The reason gives the rule's figure and the day."""
    row = decided(debtor(days_since_last_invoice=1000.0))
    assert row["reason"] == "no invoice for more than 18 months, the last on 2021-09-07"


@pytest.mark.parametrize(("since", "segment"), [("2024-03-01", "INSOLVENT"), ("2024-06-03", "B")])
def test_insolvent_from_the_day_after_it_was_known(since: str, segment: str) -> None:
    """An insolvency of the run day itself is not yet known."""
    row = decided(debtor(), make_ledger(customers=customer(insolvent_on=pd.Timestamp(since))))
    assert row["segment"] == segment
    assert segment == "B" or row["reason"] == "insolvent since 2024-03-01"


def test_a_one_time_account_is_never_more_than_new() -> None:
    """Many debtors under one number have no behaviour in common."""
    row = decided(debtor(), make_ledger(customers=customer(type="one_time")))
    assert (row["segment"], row["rule"], row["source"]) == ("NEW", "one_time", "new")


def test_rules_hit_in_their_order() -> None:
    """Manual before insolvent before dormant before new."""
    figures = debtor(matured_invoices=1.0, days_since_last_invoice=1000.0)
    insolvent = customer(insolvent_on=pd.Timestamp("2024-01-01"))
    assert decided(figures)["rule"] == "dormant"
    assert decided(figures, make_ledger(customers=insolvent))["rule"] == "insolvent"
    assert decided(figures, make_ledger(customers=insolvent, decisions=decision()))["rule"] == "manual"


def test_a_manual_decision_keeps_the_models_answer_beside_it() -> None:
    """The output says what both said, who decided, and until when."""
    until = decision(until=pd.Timestamp("2024-06-30"), reason="key account")
    row = decided(debtor(), make_ledger(decisions=until))
    assert (row["segment"], row["model_segment"], row["source"]) == ("A", "B", "rule")
    assert row["reason"] == "decided by J. Smit on 2024-05-01 until 2024-06-30: key account"


@pytest.mark.parametrize(
    ("case", "segment"),
    [
        ({"until": pd.Timestamp("2024-06-03")}, "A"),
        ({"until": pd.Timestamp("2024-06-02")}, "B"),
        ({"decided_on": pd.Timestamp("2024-06-03")}, "B"),
        ({"segment": None, "hold": True}, "B"),
    ],
    ids=["last day", "run out", "decided today", "a hold is no segment"],
)
def test_when_a_manual_decision_holds(case: dict[str, object], segment: str) -> None:
    """It holds from the day after it was taken up to and including its last day."""
    assert decided(debtor(), make_ledger(decisions=decision(**case)))["segment"] == segment


def test_the_last_manual_decision_decides() -> None:
    """A later decision that has run out does not wake up an earlier one."""
    both = pd.concat(
        [
            decision(),
            decision(segment="C", decided_on=pd.Timestamp("2024-05-10"), until=pd.Timestamp("2024-05-20")),
        ]
    )
    assert decided(debtor(), make_ledger(decisions=both))["segment"] == "B"


@pytest.mark.parametrize(("before", "moved"), [("A", True), ("B", False), (None, False)])
def test_moved_means_another_segment_than_in_the_previous_run(before: str | None, moved: bool) -> None:
    """A debtor that was not in the previous run has not moved."""
    previous = pd.DataFrame({"customer_id": ["X" if before else "Y"], "segment": [before or "A"]})
    row = decided(debtor(), previous=previous)
    assert bool(row["moved"]) is moved
    assert row["previous_segment"] == before or before is None


@pytest.mark.parametrize(
    ("figures", "risk"),
    [
        ({"late_share_365d": 0.20}, "low"),
        ({"late_share_365d": 0.21}, "average"),
        ({"late_share_365d": 0.50}, "high"),
        ({"late_share_365d": 1.0, "settled_invoices_365d": 2.0, "late_share": 0.1}, "low"),
        ({"late_share_365d": 1.0, "settled_invoices_365d": 1.0, "settled_invoices": 2.0}, "average"),
    ],
    ids=["low", "average", "high", "too few this year: all years", "too few at all"],
)
def test_risk_from_the_share_paid_late(figures: dict[str, float], risk: str) -> None:
    """20 % and less is low, half and more is high, fewer than three closings say nothing."""
    assert decided(debtor(**figures))["risk"] == risk


@pytest.mark.parametrize(
    ("days_late", "segment"), [(0.0, "A"), (0.1, "B"), (7.0, "B"), (7.1, "C"), (21.0, "C"), (21.1, "D")]
)
def test_without_a_model_thresholds_of_days_late_decide(days_late: float, segment: str) -> None:
    """The table is complete before the first training: by due, within a week, one to three weeks, later."""
    plain = debtor(decayed_days_late=days_late).drop(columns=["model_segment", "confidence"])
    row = decided(plain)
    assert (row["segment"], row["source"], row["rule"]) == (segment, "rule", "no_model")
    assert row["reason"].startswith(f"no model of segments yet; {days_late:.1f} days")


def test_columns_are_those_of_the_contract() -> None:
    """Every column of the output contract is there, in order, and every row has a reason."""
    table = decide_segments(debtor(), list("ABCD"), make_ledger(), None, day=DAY)
    assert list(table) == OUTPUT_TABLES["segments"].names
    assert table["reason"].notna().all()


def test_a_debtor_twice_is_refused() -> None:
    """One row per debtor, or nothing."""
    with pytest.raises(ModelError, match="customer_id repeats"):
        decide_segments(pd.concat([debtor(), debtor()]), ["A"], make_ledger(), None, day=DAY)


def test_the_figures_of_the_rules_can_be_chosen() -> None:
    """With one matured invoice asked for, one is enough."""
    rules = SegmentRules(new_until_matured=1)
    table = decide_segments(
        debtor(matured_invoices=1.0), ["A", "B"], make_ledger(), None, day=DAY, rules=rules
    )
    assert table["segment"].tolist() == ["B"]


def test_value_classes_follow_pareto() -> None:
    """Of 100: 60 and 25 reach 80 (top), 10 reaches 95 (middle), the rest is tail."""
    revenue = pd.Series({"a": 60.0, "b": 25.0, "c": 10.0, "d": 5.0, "e": np.nan, "f": -7.0})
    assert value_classes(revenue).tolist() == ["top", "top", "middle", "tail", "tail", "tail"]


def test_nobody_is_top_without_revenue() -> None:
    """No revenue at all: everybody is tail."""
    assert value_classes(pd.Series({"a": 0.0, "b": np.nan})).tolist() == ["tail", "tail"]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12))
def test_top_debtors_are_the_fewest_that_make_80_percent(revenue: list[int]) -> None:
    """Without its smallest top debtor the top class misses 80 %; with it, it does not."""
    series = pd.Series(
        [float(amount) for amount in revenue], index=[f"c{i:02d}" for i in range(len(revenue))]
    )
    top = series[value_classes(series) == "top"]
    if series.sum() > 0:
        assert top.sum() * 100 >= 80 * series.sum() > (top.sum() - top.min()) * 100
