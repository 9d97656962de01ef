"""The effect of a reminder day is estimated from who was drawn, with an honest interval, or refused."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ModelError
from models.treatment.experiment_size import (
    MOST_PER_GROUP,
    Spread,
    days_until,
    design_effect,
    detectable_days,
    first_of_group,
    sample_needed,
    spread,
)
from models.treatment.treatment_effect import effective_groups, effects, restricted_days

Z = 1.959964 + 0.841621
"""The two quantiles of the normal law at 5 % two-sided and 80 %, from a table."""


def experiment(
    seed: int = 1,
    *,
    groups: int = 400,
    each: int = 3,
    share: float = 0.5,
    effect: float = 2.0,
    sd: float = 4.0,
) -> pd.DataFrame:
    """Groups that pay late by a known trait plus noise; the arm `later` adds the effect."""
    rng = np.random.default_rng(seed)
    trait = np.repeat(rng.normal(0, 10, groups), each)
    group = np.repeat([f"G{number:04d}" for number in range(groups)], each)
    drawn = np.repeat(rng.permutation(groups) < groups * share, each)
    return pd.DataFrame(
        {
            "group": group,
            "arm": np.where(drawn, "later", "as_planned"),
            "propensity": np.where(drawn, share, 1 - share),
            "trait": trait,
            "days": 30 + trait + effect * drawn + rng.normal(0, sd, groups * each),
        }
    )


def told(rows: pd.DataFrame, features: tuple[str, ...] = ("trait",)) -> dict[str, dict[str, float]]:
    """The effect of the arm `later`."""
    return effects(rows, features, control="as_planned")["later"]


# --- the sample that is needed ---


def test_the_sample_of_independent_invoices_is_that_of_the_textbook() -> None:
    """Two halves, sd 10, one day: n = (1.96 + 0.84)² x 100 x (2 + 2) = 3,140 invoices."""
    alone = Spread(sd=10, icc=0.0, groups=100, invoices=500, unevenness=1.0)
    assert sample_needed(1.0, alone, arm=0.5, control=0.5) == pytest.approx(Z**2 * 100 * 4, rel=1e-5)
    assert round(Z**2 * 100 * 4) == 3140


def test_invoices_of_one_group_tell_less() -> None:
    """Groups of 5, all alike, correlation 0.25: 1 + 4 x 0.25 = twice as many are needed."""
    apart, together = (
        sample_needed(1.0, Spread(10, icc, 100, 500, 1.0), arm=0.5, control=0.5) for icc in (0.0, 0.25)
    )
    assert together == pytest.approx(2 * apart)


def test_uneven_groups_tell_less_than_even_ones() -> None:
    """Groups of 1 and 9: the average invoice is in one of 82 / 10 = 8.2, not 5; 1 + 7.2 x 0.25 = 2.8."""
    told = spread(pd.Series(np.arange(20.0)), pd.Series(list("abbbbbbbbbcddddddddd")))
    assert told.mean_size * told.unevenness == pytest.approx(8.2)
    assert design_effect(8.2, 0.25) == pytest.approx(2.8)


def test_a_small_arm_needs_more() -> None:
    """One in five against four in five: 1/0.2 + 1/0.8 = 6.25 instead of 4."""
    known = Spread(10, 0.0, 100, 500, 1.0)
    half, fifth = (sample_needed(1.0, known, arm=arm, control=1 - arm) for arm in (0.5, 0.2))
    assert fifth / half == pytest.approx(6.25 / 4)


@given(effect=st.floats(0.1, 10), icc=st.floats(0, 0.9), each=st.integers(1, 10), arm=st.floats(0.05, 0.9))
def test_the_effect_found_by_the_sample_needed_is_that_effect(
    effect: float, icc: float, each: int, arm: float
) -> None:
    """The two formulas are each other's reverse, for groups of one size."""
    known = Spread(8.0, icc, 50, 50 * each, 1.0)
    groups = sample_needed(effect, known, arm=arm, control=1 - arm) / each
    worth = design_effect(each, icc) / (groups * each)
    by_hand = Z * 8.0 * math.sqrt((1 / arm + 1 / (1 - arm)) * worth)
    assert by_hand == pytest.approx(effect, rel=1e-4)
    many = np.full(max(1, round(groups)), float(each))
    assert detectable_days(many, known, arm=arm, control=1 - arm) == pytest.approx(
        effect * math.sqrt(groups / len(many)), rel=1e-4
    )


def test_days_until_stop_where_groups_count_no_further() -> None:
    """A group stops counting at ten invoices: what these groups cannot find then, they never find."""
    known = Spread(10, 0.3, 200, 400, 1.0)
    pace = np.full(200, 0.1)
    full = detectable_days(np.full(200, float(MOST_PER_GROUP)), known, arm=0.5, control=0.5)
    assert days_until(full * 0.99, pace, known, arm=0.5, control=0.5) is None
    assert days_until(full * 1.001, pace, known, arm=0.5, control=0.5) == 105  # 100 days, in whole weeks
    assert days_until(full * 1.5, pace, known, arm=0.5, control=0.5) < 105


def test_nothing_falls_due_nothing_is_found() -> None:
    """Without a single invoice no effect can be found."""
    known = Spread(10, 0.3, 200, 400, 1.0)
    assert math.isinf(detectable_days(np.zeros(3), known, arm=0.5, control=0.5))
    assert days_until(1.0, np.zeros(3), known, arm=0.5, control=0.5) is None


def test_correlation_within_groups_is_found() -> None:
    """2,000 groups of four whose own level has variance 9 beside 16 within: correlation 0.36, sd 5."""
    rng = np.random.default_rng(1)
    days = np.repeat(rng.normal(0, 3, 2000), 4) + rng.normal(0, 4, 8000)
    found = spread(pd.Series(days), pd.Series(np.repeat(np.arange(2000), 4)))
    assert found.icc == pytest.approx(0.36, abs=0.03)
    assert found.sd == pytest.approx(5.0, abs=0.1)
    assert (found.groups, found.invoices, found.unevenness) == (2000, 8000, pytest.approx(1.0))


def test_groups_that_differ_less_than_chance_have_no_correlation() -> None:
    """Every group has the same mean: the correlation is 0, not negative."""
    found = spread(pd.Series([1.0, 3.0, 1.0, 3.0]), pd.Series(["a", "a", "b", "b"]))
    assert found.icc == 0
    assert found.sd == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("groups", [[], ["a", "a", "a"], ["a", "b", "c"]])
def test_without_two_groups_or_two_of_a_group_nothing_is_known(groups: list[str]) -> None:
    """No variation between, or none within, can be told."""
    with pytest.raises(ModelError, match="too few"):
        spread(pd.Series(np.arange(float(len(groups)))), pd.Series(groups, dtype="str"))


def test_a_group_counts_with_its_first_invoices() -> None:
    """Of twelve invoices the ten that fall due first stay, of equal days those with the smaller id."""
    rows = pd.DataFrame(
        {
            "group": "G",
            "invoice_id": [f"I{number:02d}" for number in range(12)],
            "due_on": pd.Timestamp("2024-01-01") + pd.to_timedelta([9] * 3 + [1] * 9, unit="D"),
        }
    )
    kept = first_of_group(rows.iloc[::-1])["invoice_id"].tolist()
    assert kept == [f"I{number:02d}" for number in (*range(3, 12), 0)]


# --- days to pay ---


def test_days_to_pay_are_restricted() -> None:
    """Paid early is 0, paid or open after the horizon is the horizon, closed otherwise before is unknown."""
    late = pd.Series([-3, 12, 75, 80, 59, 60])
    paid = pd.Series([True, True, True, False, False, False])
    found = restricted_days(late, paid, horizon=60)
    assert found.tolist()[:4] == [0, 12, 60, 60]
    assert np.isnan(found[4])
    assert found[5] == 60


# --- the effect ---


def test_at_one_half_the_weighted_effect_is_the_difference_of_two_means() -> None:
    """All weights are alike."""
    rows = experiment()
    means = rows.groupby("arm")["days"].mean()
    assert told(rows)["weighted"]["value"] == pytest.approx(means["later"] - means["as_planned"], abs=0.001)


def test_effect_and_interval_are_near_the_truth() -> None:
    """A true effect of two days is inside both intervals, and the regression makes it far more exact."""
    found = told(experiment())
    for estimate in ("weighted", "doubly_robust"):
        assert found[estimate]["low"] < 2.0 < found[estimate]["high"]
    widths = [found[name]["high"] - found[name]["low"] for name in ("weighted", "doubly_robust")]
    assert widths[1] < 0.4 * widths[0]


def test_propensities_undo_an_uneven_draw() -> None:
    """Late payers are in the arm more often, as stated: the plain difference is wrong, these are not."""
    rng = np.random.default_rng(3)
    late = rng.random(4000) < 0.5
    chance = np.where(late, 0.8, 0.2)
    drawn = rng.random(4000) < chance
    rows = pd.DataFrame(
        {
            "group": np.arange(4000),
            "arm": np.where(drawn, "later", "as_planned"),
            "propensity": np.where(drawn, chance, 1 - chance),
            "late": late.astype(float),
            "days": 20 * late + 2.0 * drawn + rng.normal(0, 3, 4000),
        }
    )
    means = rows.groupby("arm")["days"].mean()
    assert means["later"] - means["as_planned"] > 10
    found = told(rows, ("late",))
    assert found["weighted"]["value"] == pytest.approx(2.0, abs=1.0)
    assert found["doubly_robust"]["value"] == pytest.approx(2.0, abs=0.4)


def test_a_useless_regression_does_no_harm() -> None:
    """Features that say nothing, some of them unknown everywhere, leave the estimate where it was."""
    rows = experiment().assign(noise=np.random.default_rng(4).normal(size=1200), unknown=np.nan)
    found = told(rows, ("noise", "unknown"))
    assert found["doubly_robust"]["value"] == pytest.approx(found["weighted"]["value"], abs=0.3)


def test_without_features_both_estimates_are_one() -> None:
    """No regression, no difference."""
    found = told(experiment(), ())
    assert found["weighted"] == found["doubly_robust"]


def test_invoices_of_one_group_are_not_independent() -> None:
    """Each invoice ten times over tells nothing more: the interval stays as wide."""
    rows = experiment()
    once, again = (told(table, ())["weighted"] for table in (rows, pd.concat([rows] * 10)))
    assert again == pytest.approx(once, abs=0.002)


def test_rows_in_another_order_and_the_same_seed_give_the_same() -> None:
    """Nothing depends on the order of the rows."""
    rows = experiment()
    assert told(rows) == told(rows.sample(frac=1, random_state=7))


def test_two_arms_are_each_compared_with_as_planned() -> None:
    """Of two arms each gets its own effect; what they are compared with gets none."""
    rows = experiment(groups=900, share=2 / 3, effect=0.0)
    number = rows["group"].str[1:].astype(int)
    sooner = (rows["arm"] == "later") & (number % 2 == 0)
    rows.loc[rows["arm"] == "later", "propensity"] = 1 / 3
    rows.loc[sooner, "arm"] = "sooner"
    rows.loc[sooner, "days"] -= 3.0
    found = effects(rows, ("trait",), control="as_planned")
    assert found["sooner"]["doubly_robust"]["value"] == pytest.approx(-3.0, abs=0.7)
    assert found["later"]["doubly_robust"]["value"] == pytest.approx(0.0, abs=0.7)
    assert "weighted" not in found["as_planned"]
    assert sum(one["invoices"] for one in found.values()) == 2700


def test_weights_are_worth_so_many_groups() -> None:
    """Two groups of weight 3 and 1: (3 + 1)² / (9 + 1) = 1.6."""
    assert effective_groups(np.array([1.0, 2.0, 1.0]), np.array([0, 0, 1])) == pytest.approx(1.6)


# --- refusals ---


def test_nobody_to_compare_with_is_refused() -> None:
    """All are in the arm."""
    rows = experiment().query("arm == 'later'")
    with pytest.raises(ModelError, match="nothing to compare with"):
        told(rows)


@pytest.mark.parametrize("propensity", [0.0, 0.001, 1.0, float("nan")])
def test_poor_overlap_is_refused(propensity: float) -> None:
    """One group had no real chance of the other arm, or nobody knows which."""
    rows = experiment()
    rows.loc[rows["group"] == "G0001", "propensity"] = propensity
    with pytest.raises(ModelError, match="overlap is too poor: arm"):
        told(rows)


def test_too_few_groups_are_refused() -> None:
    """Forty groups, a quarter of them in the arm: ten are too few, however many invoices they bring."""
    with pytest.raises(ModelError, match="sample is too poor: arm later has 10 paying groups"):
        told(experiment(groups=40, each=50, share=0.25))


def test_one_group_that_outweighs_all_others_is_refused() -> None:
    """Sixty groups, but one of them brings nearly all the invoices of its arm."""
    rows = experiment(groups=60, each=1)
    large = rows[rows["arm"] == "later"].iloc[[0] * 400]
    with pytest.raises(ModelError, match="worth 1 of equal size"):
        told(pd.concat([rows, large]))


def test_arms_that_are_not_as_large_as_stated_are_refused() -> None:
    """Stated are halves, but three quarters of the arm's groups never came back."""
    rows = experiment()
    gone = (rows["arm"] == "later") & (rows["group"].str[1:].astype(int) % 4 != 0)
    with pytest.raises(ModelError, match="not given by lot"):
        told(rows[~gone])


def test_a_group_in_two_arms_is_refused() -> None:
    """Somebody changed the experiment while it ran."""
    rows = experiment()
    rows.loc[0, "arm"] = "later" if rows.loc[0, "arm"] == "as_planned" else "as_planned"
    with pytest.raises(ModelError, match="in two arms"):
        told(rows)
