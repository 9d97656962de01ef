"""Over many simulated experiments the interval covers the true effect as often as it says."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

from experiment_truth import campaign, naive

from models.treatment.experiment_size import Spread, detectable_days
from models.treatment.treatment_effect import effects

EXPERIMENTS = 200


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    """Every experiment with both estimates; about two minutes."""
    return campaign(EXPERIMENTS)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("estimate", ["weighted", "doubly_robust"])
def test_the_interval_covers_the_true_effect(found: pd.DataFrame, estimate: str) -> None:
    """95 % intervals cover the truth in 90 to 98 % of 200 experiments, and are not off on the whole."""
    rows = found[found["estimate"] == estimate]
    assert len(rows) == EXPERIMENTS
    assert 0.90 <= rows["covers"].mean() <= 0.98
    error = rows["value"] - rows["true"]
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(len(rows))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_regression_makes_the_interval_narrower(found: pd.DataFrame) -> None:
    """What is known of the debtors takes more than a quarter off the width, in nine experiments of ten."""
    width = (found["high"] - found["low"]).groupby([found["estimate"], found["seed"]]).first().unstack(0)
    assert (width["doubly_robust"] < 0.75 * width["weighted"]).mean() > 0.9


@pytest.mark.slow
def test_counting_reminders_has_the_wrong_sign() -> None:
    """A reminder brings payment days forward; regressions on the count say it delays it, each time.

    Knowing the debtor's own history does not mend it: an invoice that is paid late gets more reminders.
    """
    for seed in range(20):
        told = naive(seed)
        assert told["true"] < -2
        assert told["naive"] > 5
        assert told["naive_with_history"] > 5


@pytest.mark.slow
def test_the_effect_that_is_said_to_be_found_is_found_four_times_in_five() -> None:
    """400 experiments with an effect of just that size: the interval excludes 0 in 74 to 86 % of them."""
    groups, each = 200, 3
    known = Spread(sd=np.sqrt(25 + 16), icc=25 / 41, groups=groups, invoices=groups * each, unevenness=1.0)
    effect = detectable_days(np.full(groups, float(each)), known, arm=0.5, control=0.5)
    found = []
    for seed in range(400):
        rng = np.random.default_rng([seed, 7])
        drawn = np.repeat(rng.permutation(groups) < groups / 2, each)
        rows = pd.DataFrame(
            {
                "group": np.repeat(np.arange(groups), each),
                "arm": np.where(drawn, "later", "as_planned"),
                "propensity": 0.5,
                "days": np.repeat(rng.normal(0, 5, groups), each)
                + rng.normal(0, 4, groups * each)
                + effect * drawn,
            }
        )
        found.append(effects(rows, (), control="as_planned")["later"]["weighted"]["low"] > 0)
    assert 0.74 <= np.mean(found) <= 0.86
