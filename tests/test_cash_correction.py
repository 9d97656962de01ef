"""What is learned from past cash forecasts, by hand, and the figures of how far off they were."""

import numpy as np
import pandas as pd
import pytest

from models.evaluation.cash_figures import cash_figures
from models.payment.cash_correction import (
    BIAS_BOUNDS,
    FEWEST_WEEKS,
    PRIOR_WEEKS,
    WIDTH_BOUNDS,
    Correction,
    correct,
    corrected,
    learn_corrections,
)


def errors(actual, expected=100.0, half=10.0, currency="EUR", horizon=1, first="2026-01-05"):
    """One forecast a week: expected and middle 100, the band 10 to each side, and what came in."""
    weeks = pd.date_range(first, periods=len(actual), freq="W-MON")
    return pd.DataFrame(
        {
            "currency": currency,
            "made_on": weeks - pd.Timedelta(weeks=horizon - 1),
            "week": weeks,
            "horizon": horizon,
            "expected": expected,
            "p10": expected - half,
            "p50": expected,
            "p90": expected + half,
            "actual": np.asarray(actual, dtype=float),
        }
    )


def test_the_bias_is_shrunken():
    """24 weeks of 80 where 100 were expected: 0.8 to the power of 24 / (24 + 8)."""
    found = learn_corrections(errors([80.0] * 24))["EUR"]
    assert found["bias"] == pytest.approx(0.8 ** (24 / (24 + PRIOR_WEEKS)), abs=1e-5)
    assert found["weeks"] == 24


def test_the_width_holds_eight_of_ten_and_the_week_to_come():
    """Off by 1, 2 … 19 on both sides of 100: of 19 weeks the 16th is the least that holds 0.8 of 20."""
    off = np.arange(1, 20) * np.where(np.arange(19) % 2, 1, -1)
    found = learn_corrections(errors(100.0 + off - off.mean()))["EUR"]
    assert found["bias"] == pytest.approx(1.0)
    held = np.abs(off - off.mean()) <= 10 * found["width"] + 1e-4
    assert held.sum() == 16


def test_bands_that_held_too_much_become_narrower():
    """Always within 6 of the middle: the arms of 10 shrink, but not below the bound."""
    assert learn_corrections(errors([94.0, 106.0] * 10))["EUR"]["width"] == pytest.approx(0.6, abs=0.01)
    assert learn_corrections(errors([100.0] * 20))["EUR"]["width"] == WIDTH_BOUNDS[0]


def test_factors_are_bounded():
    """Nothing but a twentieth came, or ten times as much: the factors stay within their bounds."""
    low, high = (learn_corrections(errors([amount] * 30))["EUR"] for amount in (5.0, 1000.0))
    assert low["bias"] == pytest.approx(BIAS_BOUNDS[0] ** (30 / 38), abs=1e-5)
    assert high["bias"] == pytest.approx(BIAS_BOUNDS[1] ** (30 / 38), abs=1e-5)
    assert low["width"] == high["width"] == WIDTH_BOUNDS[1]


def test_too_few_weeks_teach_nothing():
    """Seven weeks are too few however often each was forecast; the eighth is enough."""
    week = errors([90.0] * (FEWEST_WEEKS - 1))
    assert learn_corrections(pd.concat([week, week, week])) == {}
    assert list(learn_corrections(errors([90.0] * FEWEST_WEEKS))) == ["EUR"]
    assert learn_corrections(week.iloc[:0]) == {}


def test_each_currency_learns_from_itself():
    """The dollars came as expected, of the euros a fifth was missing; yen have too few weeks."""
    found = learn_corrections(
        pd.concat(
            [errors([80.0] * 20), errors([100.0] * 20, currency="USD"), errors([9.0] * 3, currency="JPY")]
        )
    )
    assert sorted(found) == ["EUR", "USD"]
    assert found["EUR"]["bias"] < 0.9 < found["USD"]["bias"] == 1.0


def test_corrected_by_hand():
    """Middle 100, arms of 10 and 30, bias 0.5, width 2: 50 less 10, and 50 plus 30; never below 0."""
    one = (np.array([90.0]), np.array([100.0]), np.array([130.0]))
    low, high = corrected(*one, Correction(0.5, 2.0, True))
    assert (low[0], high[0]) == (40.0, 80.0)
    assert corrected(*one, Correction(1.0, 20.0, True))[0][0] == 0.0
    assert [end[0] for end in corrected(*one, Correction())] == [90.0, 130.0]


def test_correcting_the_errors_leaves_other_currencies_and_the_input():
    """Only the currency that was learned changes, in a copy."""
    table = pd.concat([errors([80.0] * 3), errors([80.0] * 3, currency="USD")], ignore_index=True)
    before = table.copy()
    better = correct(table, {"EUR": {"bias": 0.9, "width": 2.0, "weeks": 20}})
    assert table.equals(before)
    assert better[3:].equals(before[3:])
    told = better.loc[:2, ["expected", "p10", "p50", "p90"]]
    np.testing.assert_allclose(told, [[90.0, 72.0, 90.0, 108.0]] * 3)


def test_what_was_learned_brings_the_bands_to_their_share():
    """Bands far too narrow, and a tenth too high: corrected ones hold 75 to 88 % of new weeks."""
    rng = np.random.default_rng(5)
    past, new = (errors(90 + 16 * rng.standard_normal(weeks)) for weeks in (60, 2000))
    found = correct(new, learn_corrections(past))
    inside = (found["p10"] <= found["actual"]) & (found["actual"] <= found["p90"])
    plain = (new["p10"] <= new["actual"]) & (new["actual"] <= new["p90"])
    assert plain.mean() < 0.6
    assert 0.75 <= inside.mean() <= 0.88


def test_figures_by_hand():
    """Expected 100 twice, came 80 and 105: off by 25 of 185, 8.1 % too high, one week of two inside."""
    found = cash_figures(errors([80.0, 105.0]), seed=0)
    assert found["1"]["wape"]["value"] == pytest.approx(25 / 185, abs=1e-4)
    assert found["1"]["bias"]["value"] == pytest.approx(200 / 185 - 1, abs=1e-4)
    assert found["1"]["coverage"]["value"] == 0.5
    assert (found["1"]["weeks"], found["1"]["forecasts"]) == (2, 2)
    assert found["all"] == found["1"]


def test_horizons_that_were_not_forecast_are_absent():
    """Forecasts one and four weeks ahead: no second and no eighth week; a week told twice is one week."""
    both = pd.concat([errors([80.0, 105.0]), errors([80.0, 105.0], horizon=4)])
    found = cash_figures(both, seed=0)
    assert sorted(found) == ["1", "4", "all"]
    assert (found["all"]["weeks"], found["all"]["forecasts"]) == (2, 4)
    assert cash_figures(errors([0.0, 0.0]), seed=0) == {}
