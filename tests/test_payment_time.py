"""When an open invoice will be paid: what the fitted distribution must do, on debtors with a known habit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from features.errors import ModelError
from models.payment_time import PaymentTime
from models.scorer import CLASSES, PREDICTION, QUANTILES

FEATURES = ["days_past_due", "late_share_365d", "payment_terms_days"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of several test processes on few cores wait for each other at every tree."""
    with threadpool_limits(limits=1):
        yield


def model(**settings: object) -> PaymentTime:
    """A small, quick predictor."""
    return PaymentTime(**{"features": FEATURES, "iterations": 40, "min_samples_leaf": 20, **settings})


def portfolio(
    rows: int,
    *,
    seed: int,
    days_past_due: tuple[int, ...] = (-30, 0, 15, 30, 60, 90),
    known_days: int = 10_000,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Debtors pay late with probability late_share_365d, then 40 days late on average.

    Each point is followed for at most `known_days` after due. `true_days_late` is what really happens.
    """
    random = np.random.default_rng(seed)
    share = random.uniform(0, 1, rows)
    late = random.random(rows) < share
    days_late = np.where(late, np.ceil(random.exponential(40, rows)), -random.integers(0, 20, rows))
    day = random.choice(days_past_due, rows).astype(float)
    decided = random.integers(-30, known_days, rows)
    due = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 700, rows), unit="D")
    features = pd.DataFrame({"days_past_due": day, "late_share_365d": share, "payment_terms_days": 30.0})
    outcome = pd.DataFrame(
        {
            "event": days_late <= decided,
            "days_late": np.minimum(days_late, decided),
            "due_on": due,
            "decided_until": due + pd.to_timedelta(decided, unit="D"),
            "true_days_late": days_late,
        }
    )
    unpaid = (days_late >= day) & (decided >= day)
    return features[unpaid].reset_index(drop=True), outcome[unpaid].reset_index(drop=True)


@pytest.fixture(scope="module")
def fitted() -> PaymentTime:
    """A predictor that has seen everything to its end, on days of every age."""
    return model().fit(*portfolio(16_000, seed=1, days_past_due=tuple(range(-30, 91))))


@pytest.fixture(scope="module")
def unseen() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points on days that no training row stands on."""
    return portfolio(60_000, seed=2, days_past_due=(-22, -9, -2, 5, 10, 22, 40, 75, 200))


def test_prediction_has_its_columns_and_the_rows_index(fitted: PaymentTime) -> None:
    """One line of figures per row, under the row's own label."""
    rows = portfolio(30, seed=3)[0].set_axis([f"invoice {i}" for i in range(len(portfolio(30, seed=3)[0]))])
    predicted = fitted.predict(rows)
    assert list(predicted.columns) == list(PREDICTION)
    assert predicted.index.equals(rows.index)
    assert fitted.predict(rows.head(0)).empty


def test_prediction_is_one_distribution(
    fitted: PaymentTime, unseen: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    """Classes sum to one and pass with the days, late is what is not on time, quantiles are in order."""
    rows, _ = unseen
    predicted = fitted.predict(rows)
    assert predicted[list(CLASSES)].sum(axis=1).to_numpy() == pytest.approx(1)
    assert predicted["p_late"].to_numpy() == pytest.approx(1 - predicted["p_on_time"].to_numpy())
    assert (predicted["p_late"][rows["days_past_due"] > 0] == 1).all()
    assert (predicted["p_31_60"][rows["days_past_due"] > 60] == 0).all()
    quantiles = predicted[list(QUANTILES)].fillna(np.inf).to_numpy()
    assert (quantiles >= 0).all()
    assert (quantiles[:, :-1] <= quantiles[:, 1:]).all()


@pytest.mark.parametrize("day", [-22, -9, -2, 5, 10, 22, 40, 75])
def test_probabilities_hold_on_days_between_the_landmarks(
    fitted: PaymentTime, unseen: tuple[pd.DataFrame, pd.DataFrame], day: int
) -> None:
    """The share paid by each border is right whatever day the invoice is asked about."""
    rows, outcome = unseen
    here = rows["days_past_due"] == day
    predicted = fitted.predict(rows[here])[list(CLASSES)].mean().cumsum()
    for name, border in zip(CLASSES[:-1], (0, 30, 60, 90), strict=True):
        assert predicted[name] == pytest.approx((outcome["true_days_late"][here] <= border).mean(), abs=0.06)


def test_quantiles_hold(fitted: PaymentTime, unseen: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """About half are paid by the median day, nine in ten by P90."""
    rows, outcome = unseen
    waited = outcome["true_days_late"] - rows["days_past_due"]
    predicted = fitted.predict(rows).fillna(np.inf)
    assert (waited <= predicted["days_until_p50"]).mean() == pytest.approx(0.5, abs=0.06)
    assert (waited <= predicted["days_until_p90"]).mean() == pytest.approx(0.9, abs=0.04)


def test_more_late_history_is_more_risk(fitted: PaymentTime) -> None:
    """The same invoice is likelier late, and later, for a debtor who paid late more often."""
    shares = np.linspace(0.05, 0.95, 10)
    rows = pd.DataFrame({"days_past_due": -10.0, "late_share_365d": shares, "payment_terms_days": 30.0})
    predicted = fitted.predict(rows)
    assert (np.diff(predicted["p_late"]) > -0.05).all()
    assert predicted["p_late"].iloc[-1] > predicted["p_late"].iloc[0] + 0.5
    assert predicted["days_until_p50"].iloc[-1] > predicted["days_until_p50"].iloc[0]


def test_open_invoices_count(unseen: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Followed for 60 days at most, the slow payers are still open: left out, they would be forgotten."""
    rows, outcome = portfolio(8000, seed=1, days_past_due=tuple(range(-30, 0)), known_days=60)
    with_open = model().fit(rows, outcome)
    without = model().fit(rows[outcome["event"]], outcome[outcome["event"]])
    here = unseen[0]["days_past_due"] < 0
    truth = (unseen[1]["true_days_late"][here] > 30).mean()

    def over_30(fitted: PaymentTime) -> float:
        return float(fitted.predict(unseen[0][here])[["p_31_60", "p_61_90", "p_over_90"]].sum(axis=1).mean())

    assert over_30(with_open) == pytest.approx(truth, abs=0.05)
    assert over_30(without) < truth - 0.08


@pytest.mark.parametrize("max_rows", [60_000, 500])
def test_order_of_rows_does_not_matter(max_rows: int) -> None:
    """Permuted rows give the same bytes, sampled or not."""
    rows, outcome = portfolio(3000, seed=4)
    order = np.random.default_rng(0).permutation(len(rows))
    first = model(max_rows=max_rows).fit(rows, outcome)
    second = model(max_rows=max_rows).fit(rows.iloc[order], outcome.iloc[order])
    assert first.files() == second.files()
    assert model(max_rows=max_rows, seed=1).fit(rows, outcome).files() != first.files()


def test_late_after_days_moves_lateness_not_the_classes() -> None:
    """With ten days of grace fewer are late; on time still ends on the due day."""
    rows, outcome = portfolio(4000, seed=5)
    predicted = model(late_after_days=10).fit(rows, outcome).predict(rows)
    before = rows["days_past_due"] <= 0
    assert (predicted["p_late"][before] < 1 - predicted["p_on_time"][before]).all()
    assert (predicted["p_late"] >= predicted[["p_31_60", "p_61_90", "p_over_90"]].sum(axis=1) - 1e-12).all()
    assert (predicted["p_late"][rows["days_past_due"] > 10] == 1).all()


def test_clone_keeps_settings_only(fitted: PaymentTime) -> None:
    """A clone has the arguments and no memory."""
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "parameters_")


@pytest.mark.parametrize("late_after_days", [-1, 365])
def test_refuses_lateness_outside_the_axis(late_after_days: int) -> None:
    """Lateness needs a day between due and the horizon."""
    with pytest.raises(ModelError, match="from 0 to 364"):
        model(late_after_days=late_after_days).fit(*portfolio(50, seed=7))


def test_refuses_rows_without_a_feature(fitted: PaymentTime) -> None:
    """The missing feature is named, in training and in prediction."""
    rows, outcome = portfolio(50, seed=7)
    with pytest.raises(ModelError, match="late_share_365d"):
        fitted.predict(rows.drop(columns="late_share_365d"))
    with pytest.raises(ModelError, match="late_share_365d"):
        model().fit(rows.drop(columns="late_share_365d"), outcome)


def test_refuses_what_teaches_nothing() -> None:
    """Nothing paid, no day, or paid before the row's own day: each is said in words."""
    rows, outcome = portfolio(50, seed=7)
    with pytest.raises(ModelError, match="0 paid"):
        model().fit(rows, outcome.assign(event=False))
    with pytest.raises(ModelError, match="must be filled"):
        model().fit(rows, outcome.assign(days_late=np.nan))
    with pytest.raises(ModelError, match="before their own day"):
        model().fit(rows, outcome.assign(days_late=-99.0))
