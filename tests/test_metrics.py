import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from thoroughness import examples

from models.evaluation import metrics
from models.evaluation.metrics import Bootstrap


def one_row_each(rows: int) -> Bootstrap:
    """Each row its own debtor, no resamples."""
    return Bootstrap.over(pd.Series(range(rows)), resamples=0, seed=0)


def counts_of(boot: Bootstrap) -> np.ndarray:
    """Weight of each row under each weighting."""
    return boot.counts.astype(float)[:, boot.codes]


@st.composite
def scored_rows(draw):
    """Scores with many ties, outcomes and debtors."""
    rows = draw(st.integers(4, 40))
    scores = draw(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=rows, max_size=rows))
    happened = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    debtors = draw(st.lists(st.integers(0, 6), min_size=rows, max_size=rows))
    return np.array(scores), np.array(happened), pd.Series(debtors)


@given(scored_rows())
@settings(max_examples=examples(30), deadline=None)
def test_ranking_equals_scikit_learn_under_every_weighting(sample):
    """AUC and average precision of the sample and of each resample are scikit-learn's weighted ones."""
    scores, happened, debtors = sample
    boot = Bootstrap.over(debtors, resamples=5, seed=1)
    areas, precisions = metrics.ranking(happened, scores, boot)
    for weights, area, precision in zip(counts_of(boot), areas, precisions, strict=True):
        kept = weights > 0
        if len(set(happened[kept])) < 2:
            assert np.isnan(area)
            continue
        assert area == pytest.approx(roc_auc_score(happened, scores, sample_weight=weights))
        assert precision == pytest.approx(average_precision_score(happened, scores, sample_weight=weights))


@given(scored_rows())
@settings(max_examples=examples(40), deadline=None)
def test_macro_f1_equals_scikit_learn(sample):
    """F1 is averaged over the classes that occur or are predicted, as scikit-learn does."""
    scores, _, debtors = sample
    actual, predicted = debtors.to_numpy() % 4, (scores * 3).astype(np.int64)
    expected = f1_score(actual, predicted, average="macro")
    assert metrics.macro_f1(actual, predicted, 5, one_row_each(len(actual)))[0] == pytest.approx(expected)


def brute_force_concordance(days, paid, predicted) -> float:
    """Uno's C-index over all pairs."""

    def uncensored_before(day: int) -> float:
        chance = 1.0
        for other in sorted(set(days[~paid])):
            if other < day:
                at_risk = ((days > other) | ((days == other) & ~paid)).sum()
                chance *= 1 - ((days == other) & ~paid).sum() / at_risk
        return chance

    right = pairs = 0.0
    for i in np.flatnonzero(paid):
        chance = uncensored_before(days[i])
        if chance < 0.05:
            continue
        for j in range(len(days)):
            if days[j] > days[i] or (days[j] == days[i] and not paid[j]):
                pairs += chance**-2
                right += chance**-2 * ((predicted[j] > predicted[i]) + 0.5 * (predicted[j] == predicted[i]))
    return right / pairs if pairs else float("nan")


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 5)), min_size=1, max_size=25))
@settings(max_examples=examples(80), deadline=None)
def test_concordance_equals_its_definition_pair_by_pair(rows):
    """The C-index from counts equals the sum over pairs with censoring weights."""
    days, paid, predicted = (np.array(column) for column in zip(*rows, strict=True))
    counted = metrics.concordance(days, paid, predicted.astype(float), one_row_each(len(days)))[0]
    assert counted == pytest.approx(brute_force_concordance(days, paid, predicted), nan_ok=True)


def test_concordance_counts_by_hand():
    """Three invoices paid after 1, 2 and 3 days, predicted 5, 9 and 7: two of three pairs are right."""
    days, paid = np.array([1, 2, 3]), np.ones(3, bool)
    assert metrics.concordance(days, paid, np.array([5.0, 9, 7]), one_row_each(3))[0] == pytest.approx(2 / 3)


def test_concordance_of_very_many_levels_stays_near_the_exact_one():
    """Grouping thousands of different predictions changes the C-index by less than half a point."""
    rng = np.random.default_rng(0)
    predicted = rng.gamma(2, 20, 2000)
    days = rng.poisson(predicted)
    paid = rng.random(2000) < 0.7
    grouped = metrics.concordance(days, paid, predicted, one_row_each(2000))[0]
    exact = np.mean(
        [
            brute_force_concordance(days[part], paid[part], predicted[part])
            for part in np.array_split(np.arange(2000), 8)
        ]
    )
    assert grouped == pytest.approx(exact, abs=0.02)
    assert 0.6 < grouped < 0.99


def test_brier_and_calibration_error_by_hand():
    """Two rows at 0.25 of which one happened: Brier 0.3125, and predicted is 0.25 below observed."""
    happened, probability = np.array([True, False]), np.array([0.25, 0.25])
    assert metrics.brier(happened, probability, one_row_each(2))[0] == pytest.approx(0.3125)
    assert metrics.calibration_error(happened, probability, one_row_each(2))[0] == pytest.approx(0.25)
    assert metrics.reliability(happened, probability) == [
        {"from": 0.2, "to": 0.3, "points": 2, "predicted": 0.25, "observed": 0.5}
    ]


def test_probability_one_belongs_to_the_last_bin():
    """A certain prediction is compared in the bin from 0.9 to 1."""
    assert metrics.reliability(np.array([True]), np.array([1.0]))[0]["to"] == 1.0


def test_chance_calibration_error_holds_for_a_calibrated_model_and_not_for_an_overconfident_one():
    """A calibrated model stays below the bar nearly always, an overconfident one never."""
    rng = np.random.default_rng(3)
    truth = rng.beta(2, 3, 3000)
    sure = np.clip(0.5 + 2 * (truth - 0.5), 0, 1)
    boot, within = one_row_each(3000), {}
    for name, probability in (("calibrated", truth), ("overconfident", sure)):
        bar = np.percentile(metrics.calibrated_error(probability, np.arange(3000), draws=500, seed=1), 95)
        errors = [
            metrics.calibration_error(rng.random(3000) < truth, probability, boot)[0] for _ in range(100)
        ]
        within[name] = np.mean(np.array(errors) <= bar)
    assert within["calibrated"] >= 0.88
    assert within["overconfident"] == 0


def test_rows_that_share_an_outcome_raise_the_bar():
    """Four landmarks of one invoice are one lot, so chance alone makes a larger calibration error."""
    probability = np.full(400, 0.5)
    apart = metrics.calibrated_error(probability, np.arange(400), draws=200, seed=0).mean()
    together = metrics.calibrated_error(probability, np.repeat(np.arange(100), 4), draws=200, seed=0).mean()
    assert together == pytest.approx(2 * apart, rel=0.2)


def test_interval_is_over_debtors_not_rows():
    """A hundred rows of one debtor and one of each of two others leave a wide interval, not a narrow one."""
    customers = pd.Series(["big"] * 100 + ["b", "c"])
    values = np.r_[np.ones(100), 0.0, 0.0]
    result = metrics.figure(Bootstrap.over(customers, resamples=400, seed=0).mean(values))
    assert result["value"] == pytest.approx(100 / 102, abs=1e-6)
    assert result["low"] == 0.0
    assert result["high"] == 1.0


def test_figures_do_not_depend_on_the_order_of_rows():
    """The same rows in another order give the same value and interval."""
    rng = np.random.default_rng(5)
    customers, values = pd.Series(rng.integers(0, 20, 200)).astype(str), rng.random(200)
    shuffled = rng.permutation(200)
    straight = metrics.figure(Bootstrap.over(customers, resamples=50, seed=9).mean(values))
    mixed = Bootstrap.over(customers.iloc[shuffled].reset_index(drop=True), resamples=50, seed=9)
    assert metrics.figure(mixed.mean(values[shuffled])) == straight


def test_subset_keeps_the_draws_of_the_whole():
    """Some of the rows weigh what they weigh in the whole, so differences between tables stay paired."""
    boot = Bootstrap.over(pd.Series(list("aabbcc")), resamples=3, seed=2)
    mask = np.array([True, False, True, False, True, False])
    assert (counts_of(boot.take(mask)) == counts_of(boot)[:, mask]).all()


def test_nothing_to_measure_gives_no_figure():
    """One outcome only has no AUC; no rows have no mean."""
    areas, precisions = metrics.ranking(np.array([True, True]), np.array([0.1, 0.2]), one_row_each(2))
    assert metrics.figure(areas) is None
    assert metrics.figure(precisions) is None
    assert metrics.figure(one_row_each(0).mean(np.array([]))) is None
