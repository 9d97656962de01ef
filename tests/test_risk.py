"""Own payments and external scores side by side, and the risk that follows from both."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from thoroughness import examples

from features.contracts.output import RISK_TABLE
from models.segments.credit_scales import CreditScale, scale_warnings
from models.segments.risk import PRIOR_CLOSINGS, newest_scores, own_closings, risks, shrunken_late_share

DAY = date(2025, 6, 1)
GRADES = {"better": "high", "lowest": 0, "highest": 100, "high_risk": 30, "low_risk": 70}
BUREAU = CreditScale(**GRADES)  # type: ignore[arg-type]
CLASSES = CreditScale(better="low", lowest=1, highest=6, high_risk=5, low_risk=2)

Frame = pd.DataFrame


def debtors(**rows: dict[str, float]) -> Frame:
    """Features of the day: ten closings, all in the last 365 days, two of them late, unless said."""
    usual = {
        "settled_invoices": 10, "settled_invoices_365d": 10, "late_share": 0.2, "late_share_365d": 0.2,
        "matured_invoices": 10, "oldest_days_past_due": np.nan,
    }  # fmt: skip
    table = pd.DataFrame([{**usual, **row} for row in rows.values()], index=list(rows), dtype="float64")
    return table.rename_axis("customer_id")


def nothing(**more: float) -> dict[str, float]:
    """A debtor that has never settled anything."""
    none = {"settled_invoices": 0, "settled_invoices_365d": 0, "matured_invoices": 0}
    return {**none, "late_share": np.nan, "late_share_365d": np.nan, **more}


def customers(**rows: dict[str, Any]) -> Frame:
    """The row of the day of each debtor."""
    columns = {"insolvent_on": "datetime64[s]", "credit_limit_minor": "Int64", "insured_limit_minor": "Int64"}
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=list(columns)).astype(columns)


def scores(*rows: tuple[str, str, str, float], known_on: str | None = None) -> Frame:
    """Credit scores: debtor, provider, day, score."""
    table = pd.DataFrame(rows, columns=["customer_id", "provider", "scored_on", "score"])
    table["scored_on"] = table["scored_on"].astype("datetime64[s]")
    known = table["scored_on"] if known_on is None else pd.Series(pd.Timestamp(known_on), index=table.index)
    return table.assign(known_on=known.astype("datetime64[s]")).astype(
        {"customer_id": "str", "provider": "str"}
    )


def judged(people: Frame, *given: tuple[str, str, str, float], **how: Any) -> Frame:
    """The risks, indexed by debtor."""
    usual: dict[str, Any] = {
        "scores": scores(*given), "exposure_minor": None, "day": DAY, "scales": {"bureau": BUREAU},
        "home_currency": "EUR", "new_until_matured": 3, "customers": customers(),
    }  # fmt: skip
    asked = {**usual, **how}
    return risks(
        people, asked.pop("customers"), asked.pop("scores"), asked.pop("exposure_minor"), **asked
    ).set_index("customer_id")


def share(late: int, closings: int) -> dict[str, float]:
    """A debtor with so many closings, all in the last 365 days."""
    return {
        "settled_invoices": closings, "settled_invoices_365d": closings, "matured_invoices": closings,
        "late_share": late / closings, "late_share_365d": late / closings,
    }  # fmt: skip


# scales ----------------------------------------------------------------------------------------------


def test_a_scale_says_what_a_score_is_worth() -> None:
    """Of a bureau 100 is best, of classes 1 to 6 it is 1; both become 0 (worst) to 100 (best)."""
    assert BUREAU.normalised(np.array([0.0, 25.0, 100.0])).tolist() == [0, 25, 100]
    assert CLASSES.normalised(np.array([6.0, 3.5, 1.0])).tolist() == [0, 50, 100]
    assert BUREAU.levels(np.array([30.0, 30.5, 69.5, 70.0, np.nan])).tolist() == [2, 1, 1, 0, -1]
    assert CLASSES.levels(np.array([5.0, 4.9, 2.1, 2.0, np.nan])).tolist() == [2, 1, 1, 0, -1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lowest": 100}, "lowest 100 is not below highest 100"),
        ({"high_risk": -1}, "high_risk -1 is outside the scale 0 to 100"),
        ({"low_risk": 101}, "low_risk 101 is outside the scale 0 to 100"),
        (
            {"high_risk": 70, "low_risk": 30},
            "a high score is the better one, so high_risk must be below low_risk; they are 70 and 30",
        ),
        ({"high_risk": 50, "low_risk": 50}, "must be below low_risk; they are 50 and 50"),
        ({"better": "low"}, "a low score is the better one, so high_risk must be above low_risk"),
        ({"better": "up"}, "Input should be 'high' or 'low'"),
        ({"highest": float("inf")}, "finite"),
        ({"lowest": "0"}, "valid number"),
        ({"limit": 3}, "Extra inputs are not permitted"),
    ],
)
def test_a_scale_that_contradicts_itself_is_refused(change: dict[str, Any], said: str) -> None:
    """With the words that name the limit, the scale and the order that would make sense."""
    with pytest.raises(ValidationError) as refusal:
        CreditScale(**{**GRADES, **change})
    assert said in str(refusal.value)


def test_what_a_provider_says_without_a_scale_is_warned_of_with_the_lines_to_add() -> None:
    """One warning per provider without a scale; a scale that no score is of is asked about."""
    given = scores(("A", "bureau", "2025-01-01", 50), ("A", "agency", "2025-01-01", 3))
    unknown, stray = scale_warnings(given, {"Bureau": BUREAU, "agency": CLASSES})
    assert "the scale of bureau is unknown" in unknown
    assert "Add credit_scores: {bureau: {better: high or low, lowest: …" in unknown
    assert stray == "credit_scores: the ledger has no score of Bureau; did you mean bureau?"
    assert scale_warnings(given, {"bureau": BUREAU, "agency": CLASSES}) == []


# own payments ----------------------------------------------------------------------------------------


def test_the_closings_of_a_year_speak_when_they_are_enough_and_all_of_them_otherwise() -> None:
    """Three lately are enough; two are not, then the ten of all years do."""
    people = debtors(
        lately={"settled_invoices_365d": 3, "late_share_365d": 1 / 3, "late_share": 0.9},
        before={"settled_invoices_365d": 2, "late_share_365d": 1.0, "late_share": 0.1},
        never=nothing(),
    )
    own = own_closings(people, 3)
    assert own["closings"].tolist() == [3, 10, 0]
    assert own["late"].tolist() == [1, 1, 0]
    assert own["recent"].tolist() == [True, False, False]


def test_the_own_score_is_what_is_left_of_the_shrunken_late_share() -> None:
    """Of 20 closings 5 were late: 5 closings at 1/4 are added to each, (0 + 1.25) / (10 + 5) is 1/12."""
    table = judged(debtors(good=share(0, 10), bad=share(5, 10)))
    assert PRIOR_CLOSINGS == 5
    assert table["own_score"].to_dict() == pytest.approx(
        {"good": 100 * (11 / 12), "bad": 100 * (1 - 6.25 / 15)}
    )
    assert shrunken_late_share(own_closings(debtors(one=share(1, 4)), 3)).tolist() == [0.25]


def test_own_payments_are_low_average_or_high_by_their_shrunken_share() -> None:
    """The limits themselves belong to low and high; who has too few closings has neither score nor risk."""
    table = judged(debtors(fifth=share(1, 5)))
    assert table.loc["fifth", ["own_score", "own_risk", "risk"]].tolist() == [80, "low", "low"]
    assert judged(debtors(half=share(2, 4))).loc["half", "own_risk"] == "high"
    assert judged(debtors(third=share(2, 6))).loc["third", "own_risk"] == "average"
    few = judged(debtors(few=share(1, 2)))
    assert few[["own_score", "own_risk"]].isna().all(axis=None)
    assert few.loc["few", "risk"] == "average"
    assert few.loc["few", "reason"] == "nothing is known: fewer than 3 own closings, and no external score"


def test_who_never_paid_what_matured_is_a_high_risk() -> None:
    """Three items ran out 30 days past due and none was paid; before anything matured nothing is known."""
    table = judged(debtors(never=nothing(matured_invoices=3), young=nothing()))
    assert table["risk"].tolist() == ["high", "average"]
    assert table.loc["never", "reason"] == (
        "own payments say high: 3 invoices were more than 30 days past due, none was ever paid"
    )
    assert pd.isna(table.loc["never", "own_score"])


@pytest.mark.parametrize(
    ("matured", "days", "risk"),
    [(2, 31, "high"), (2, 30, "average"), (3, 31, "average"), (0, np.nan, "average")],
)
def test_a_new_debtor_far_past_due_is_a_high_risk_at_once(matured: int, days: float, risk: str) -> None:
    """More than 30 days and fewer than 3 matured invoices: both are needed, and the reason says both."""
    person = {**nothing(), "settled_invoices": 1, "late_share": 0.0, "matured_invoices": matured}
    table = judged(debtors(new={**person, "oldest_days_past_due": days}))
    assert table.loc["new", "risk"] == risk
    if risk == "high":
        assert table.loc["new", "reason"] == (
            "own payments say high: new with 2 of 3 matured invoices, and an item is 31 days past due"
        )


# external scores -------------------------------------------------------------------------------------


def test_the_newest_score_before_the_day_counts() -> None:
    """Of the scores of one provider the last given; one of the day itself, or told that day, is not known."""
    given = [
        ("A", "bureau", "2025-05-30", 20.0),
        ("A", "bureau", "2025-05-31", 80.0),
        ("A", "bureau", "2025-06-01", 1.0),
    ]
    table = judged(debtors(A=nothing()), *given)
    assert table.loc["A", "external_scores"] == "bureau 80 of 0 to 100 (2025-05-31)"
    assert table.loc["A", ["external_score", "external_risk", "risk"]].tolist() == [80, "low", "low"]
    assert table.loc["A", "reason"] == (
        "fewer than 3 own closings; external scores say low: bureau 80 of 0 to 100 (2025-05-31)"
    )
    late = judged(debtors(A=nothing()), scores=scores(*given[:1], known_on="2025-06-01"))
    assert late["external_scores"].isna().all()


def test_the_worst_of_the_providers_speaks() -> None:
    """A bureau's 80 is 80, an agency's class 5 of 1 to 6 is 20 and a high risk; both are listed."""
    table = judged(
        debtors(A=nothing()),
        ("A", "bureau", "2025-05-01", 80.0),
        ("A", "agency", "2025-04-01", 5.0),
        scales={"bureau": BUREAU, "agency": CLASSES},
    )
    assert table.loc["A", ["external_score", "external_risk", "risk"]].tolist() == [20, "high", "high"]
    assert table.loc["A", "external_scores"] == (
        "agency 5 of 1 to 6 (2025-04-01), bureau 80 of 0 to 100 (2025-05-01)"
    )


def test_a_score_without_a_scale_is_shown_and_decides_nothing() -> None:
    """A bare number does not say whether it is good; with a scale of another provider neither."""
    table = judged(debtors(A=nothing()), ("A", "{odd}", "2025-05-01", 1.5))
    assert table.loc["A", "external_scores"] == "{odd} 1.5 (2025-05-01)"
    assert table[["external_score", "external_risk"]].isna().all(axis=None)
    assert table.loc["A", ["risk", "reason"]].tolist() == [
        "average",
        "nothing is known: fewer than 3 own closings, and no scale of an external score",
    ]


# both ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "score", "risk", "end"),
    [
        (0, 80.0, "low", ""),
        (0, 50.0, "average", "; the worse counts"),
        (0, 20.0, "high", "; they disagree, the worse counts"),
        (9, 80.0, "high", "; they disagree, the worse counts"),
        (9, 50.0, "high", "; the worse counts"),
        (9, 20.0, "high", ""),
    ],
)
def test_of_the_two_the_worse_counts_and_opposites_are_flagged(
    late: int, score: float, risk: str, end: str
) -> None:
    """Never a mean of the two: high against low is high, and a disagreement."""
    people = debtors(A=share(late, 20 if late == 0 else 9))
    table = judged(people, ("A", "bureau", "2025-05-01", score))
    assert table.loc["A", "risk"] == risk
    assert table.loc["A", "disagreement"] == end.startswith("; they disagree")
    assert table.loc["A", "reason"].endswith(f"bureau {score:g} of 0 to 100 (2025-05-01){end}")
    assert table.loc["A", "reason"].startswith(f"own payments say {table.loc['A', 'own_risk']}: {late} of ")


def test_an_insolvency_known_before_the_day_is_a_high_risk_whatever_else_is_said() -> None:
    """From the day after on; what both sides say stays visible."""
    people, given = debtors(A=share(0, 20)), ("A", "bureau", "2025-05-01", 90.0)
    before = judged(people, given, customers=customers(A={"insolvent_on": pd.Timestamp("2025-05-31")}))
    assert before.loc["A", ["risk", "reason", "own_risk", "external_risk"]].tolist() == [
        "high", "insolvent since 2025-05-31", "low", "low",
    ]  # fmt: skip
    today = judged(people, given, customers=customers(A={"insolvent_on": pd.Timestamp("2025-06-01")}))
    assert today.loc["A", "risk"] == "low"


def test_exposure_is_held_against_the_limits() -> None:
    """1,000 against limits of 900 and 400; at the limit is not over it; no limit, no answer."""
    people = debtors(over={}, at={}, unlimited={}, idle={})
    limits = customers(
        over={"credit_limit_minor": 900, "insured_limit_minor": 400},
        at={"credit_limit_minor": 1000, "insured_limit_minor": 2000},
        idle={"credit_limit_minor": 0, "insured_limit_minor": 0},
    )
    exposure = pd.Series({"over": 1000, "at": 1000, "unlimited": 1000})
    table = judged(people, customers=limits, exposure_minor=exposure)
    assert table["exposure_minor"].to_dict() == {"over": 1000, "at": 1000, "unlimited": 1000, "idle": 0}
    assert table["over_credit_limit"].dropna().to_dict() == {"over": True, "at": False, "idle": False}
    assert table["uninsured_amount_minor"].dropna().to_dict() == {"over": 600, "at": 0, "idle": 0}
    unknown = judged(people, customers=limits)
    empty = ["exposure_minor", "over_credit_limit", "uninsured_amount_minor"]
    assert unknown[empty].isna().all(axis=None)
    assert unknown.loc["over", "credit_limit_minor"] == 900


def test_the_table_is_that_of_the_contract() -> None:
    """Its columns and types, filled where required, sorted, also without a score, and without a debtor."""
    people = debtors(B={}, A=nothing())
    table = judged(people).reset_index()
    assert list(table) == [column.inside for column in RISK_TABLE.columns]
    assert table["customer_id"].tolist() == ["A", "B"]
    for name in RISK_TABLE.required:
        assert table[name].notna().all()
    assert table["currency"].tolist() == ["EUR", "EUR"]
    assert judged(people[:0]).empty


given_scores = st.tuples(
    st.sampled_from("ABC"),
    st.sampled_from(["agency", "bureau", "other"]),
    st.dates(date(2025, 5, 25), date(2025, 6, 5)).map(str),
    st.integers(1, 6).map(float),
)


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(given_scores, max_size=20, unique_by=lambda row: row[:3]), st.randoms())
def test_only_what_was_known_counts_and_rows_may_come_in_any_order(
    rows: list[tuple[str, str, str, float]], random: Any
) -> None:
    """Against a search row by row; facts of the day or later change nothing, nor does the order of rows."""
    people = debtors(A=share(1, 9), B=nothing(), C=share(9, 9))
    scales = {"bureau": BUREAU, "agency": CLASSES}
    table = judged(people, *rows, scales=scales)
    for customer in "ABC":
        last: dict[str, tuple[str, float]] = {}
        for of, provider, day, score in rows:
            if of == customer and day < "2025-06-01":
                last[provider] = max(last.get(provider, ("", 0.0)), (day, score))
        worth = [
            (score - 0) if provider == "bureau" else 100 * (6 - score) / 5
            for provider, (_, score) in last.items()
            if provider in scales
        ]
        found = table.loc[customer, "external_score"]
        assert found == pytest.approx(min(worth)) if worth else pd.isna(found)
        listed = table.loc[customer, "external_scores"]
        assert (0 if pd.isna(listed) else listed.count("(")) == len(last)
    shuffled = random.sample(rows, len(rows))
    backwards = judged(people[::-1], *shuffled, scales=scales)
    pd.testing.assert_frame_equal(table, backwards)
    known = [row for row in rows if row[2] < "2025-06-01"]
    pd.testing.assert_frame_equal(table, judged(people, *known, scales=scales))


def test_scores_of_strangers_are_no_ones() -> None:
    """A score of somebody who is not asked about is left out."""
    given = scores(("Z", "bureau", "2025-05-01", 5.0), ("A", "bureau", "2025-05-01", 7.0))
    newest = newest_scores(given, pd.Series(["A"]), DAY)
    assert newest[["debtor", "score"]].to_numpy().tolist() == [[0, 7]]
