"""When an open invoice will be paid: what the fitted distribution must do, on debtors with a known habit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from features.errors import ModelError
from models.payment.payment_time import PaymentTime
from models.scorer import CALENDAR, CLASSES, PAY_DAYS, PREDICTION, QUANTILES

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


def test_a_rows_prediction_does_not_depend_on_its_table(fitted: PaymentTime) -> None:
    """Alone, or among others in any order, an invoice gets the same bytes."""
    rows = portfolio(60, seed=3)[0].head(37)
    whole = fitted.predict(rows)
    order = np.random.default_rng(0).permutation(len(rows))
    assert fitted.predict(rows.iloc[order]).equals(whole.iloc[order])
    for place in range(len(rows)):
        assert fitted.predict(rows.iloc[[place]]).equals(whole.iloc[[place]])


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
    """Permuted rows give the same bytes, sampled or not; another seed gives others."""
    rows, outcome = portfolio(3000, seed=4)
    order = np.random.default_rng(0).permutation(len(rows))
    first = model(iterations=20, max_rows=max_rows).fit(rows, outcome)
    second = model(iterations=20, max_rows=max_rows).fit(rows.iloc[order], outcome.iloc[order])
    assert first.files() == second.files()
    assert model(iterations=20, max_rows=max_rows, seed=1).fit(rows, outcome).files() != first.files()


@pytest.mark.parametrize("pooled", [True, False])
def test_workers_and_threads_change_no_byte(pooled: bool) -> None:
    """Members fitted side by side, by however many threads, are those fitted one after the other."""
    rows, outcome = portfolio(3000, seed=4)
    outcome = outcome if pooled else outcome.drop(columns=["due_on", "decided_until"])
    one = model(iterations=20).fit(rows, outcome)
    alone = one.files()
    assert (one.parameters_["sharpness"] != 1) == pooled
    assert set(alone) == {"parameters.json", "hazard.skops", "classes.skops"}
    with threadpool_limits(limits=2):
        assert model(iterations=20, workers=2).fit(rows, outcome).files() == alone


# ---- members, and how they are pooled ----


def test_members_are_pooled_on_the_newest_points(fitted: PaymentTime) -> None:
    """Weights sum to one, none is left out, and rounds were found that are fewer than allowed."""
    weights = fitted.parameters_["weights"]
    assert set(weights) == {"hazard", "classes", "linear"}
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) > 0
    assert fitted.parameters_["sharpness"] != 1
    assert set(fitted.parameters_["rounds"]) == {"hazard", "classes"}


def test_rounds_stop_early() -> None:
    """Where nothing can be learned after a few rounds, not even the usual number is grown."""
    rows, outcome = portfolio(3000, seed=4)
    fitted = model(iterations=1000, features=["payment_terms_days"]).fit(rows, outcome)
    assert fitted.estimators_["hazard"].n_iter_ == fitted.parameters_["rounds"]["hazard"] < 70
    assert fitted.estimators_["classes"].n_iter_ == fitted.parameters_["rounds"]["classes"] < 30


def test_rounds_are_those_that_were_grown(fitted: PaymentTime) -> None:
    """What the parameters tell of the rounds is what the estimators have, also where the most was reached."""
    for name, rounds in fitted.parameters_["rounds"].items():
        assert fitted.estimators_[name].n_iter_ == rounds


@pytest.mark.parametrize("why", ["no calendar", "all of one day", "few points", "few paid"])
def test_without_enough_newest_points_the_defaults_stand(why: str) -> None:
    """Members count alike and their mean stays as it is."""
    rows, outcome = portfolio(3000, seed=4)
    if why == "no calendar":
        outcome = outcome.drop(columns=["due_on", "decided_until"])
    elif why == "all of one day":
        moved = pd.Timestamp("2024-06-01") - pd.to_timedelta(rows["days_past_due"], unit="D")
        outcome = outcome.assign(decided_until=outcome["decided_until"] + (moved - outcome["due_on"]))
        outcome["due_on"] = moved
    elif why == "few points":
        rows, outcome = rows.head(700), outcome.head(700)
    else:
        newest = outcome["due_on"] + pd.to_timedelta(rows["days_past_due"], unit="D") > "2025-03-01"
        seen = newest & (np.arange(len(rows)) % 8 > 0)
        still_open = rows["days_past_due"].where(seen, outcome["days_late"])
        outcome = outcome.assign(event=outcome["event"] & ~seen, days_late=still_open)
    found = model(iterations=20).fit(rows, outcome).parameters_
    assert found["weights"] == pytest.approx(dict.fromkeys(("hazard", "classes", "linear"), 1 / 3))
    assert found["sharpness"] == 1


def test_too_few_decided_classes_leave_two_members() -> None:
    """Followed for 60 days, no class is decided: hazard and linear member share the work."""
    rows, outcome = portfolio(1500, seed=4, days_past_due=(-30, 0), known_days=60)
    fitted = model(iterations=20).fit(rows, outcome)
    assert set(fitted.parameters_["weights"]) == {"hazard", "linear"}
    assert sum(fitted.parameters_["weights"].values()) == pytest.approx(1)
    assert "classes.skops" not in fitted.files()
    assert fitted.predict(rows)[list(CLASSES)].sum(axis=1).to_numpy() == pytest.approx(1)


def test_a_column_that_is_empty_at_first_is_no_obstacle() -> None:
    """The debtors' rates are only known of the newest points; a column never filled is not learned from."""
    rows, outcome = portfolio(3000, seed=4)
    day = outcome["due_on"] + pd.to_timedelta(rows["days_past_due"], unit="D")
    rows = rows.assign(
        late_share_365d=rows["late_share_365d"].where(day > day.quantile(0.8)), credit_score=np.nan
    )
    fitted = model(iterations=20, features=[*FEATURES, "credit_score"]).fit(rows, outcome)
    assert fitted.parameters_["learned"] == FEATURES
    assert np.isfinite(fitted.predict(rows.drop(columns="credit_score"))["p_late"]).all()


def own_estimator() -> Pipeline:
    """What somebody may bring."""
    return make_pipeline(SimpleImputer(), LogisticRegression(max_iter=200))


def test_an_own_estimator_takes_the_place_of_all_members() -> None:
    """It is asked for the hazards, alone and as it is; gaps are its own affair."""
    rows, outcome = portfolio(3000, seed=4)
    rows.loc[::7, "late_share_365d"] = np.nan
    fitted = model(make_estimator=own_estimator).fit(rows, outcome)
    assert isinstance(fitted.estimators_["hazard"], Pipeline)
    assert fitted.parameters_["weights"] == {"hazard": 1.0}
    assert fitted.parameters_["sharpness"] == 1
    assert not {"classes", "linear"} & set(fitted.parameters_)
    assert set(fitted.files()) == {"parameters.json", "hazard.skops"}
    assert fitted.files() == model(make_estimator=own_estimator).fit(rows, outcome).files()
    predicted = fitted.predict(rows)
    assert predicted[list(CLASSES)].sum(axis=1).to_numpy() == pytest.approx(1)
    early = (rows["days_past_due"] <= 0) & rows["late_share_365d"].notna()
    assert np.corrcoef(predicted["p_late"][early], rows["late_share_365d"][early])[0, 1] > 0.5


# ---- lateness, horizon, pay days ----


def test_log_odds_are_those_of_the_prediction(
    fitted: PaymentTime, unseen: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    """Before due those of p_late; later those of not being paid in the class the invoice is in."""
    rows = unseen[0].head(2000)
    predicted, day = fitted.predict(rows), rows["days_past_due"]
    here = day <= 90
    left = 1 - predicted["p_1_30"].where(
        day <= 30, predicted["p_31_60"].where(day <= 60, predicted["p_61_90"])
    )
    later = predicted["p_late"].where(day <= 0, left)[here].clip(1e-9, 1 - 1e-9)
    expected = np.log(later / (1 - later)).clip(-12, 12)
    assert fitted.log_odds(rows)[here] == pytest.approx(expected.to_numpy(), abs=1e-6)


@pytest.mark.parametrize("horizon_days", [120, 365])
def test_dates_end_at_the_horizon(horizon_days: int) -> None:
    """Of debtors who pay 200 days late only the longer horizon gives dates; the classes agree anyway."""
    rows, outcome = portfolio(1500, seed=5, days_past_due=(-30, 0))
    outcome["days_late"] = outcome["days_late"].where(outcome["days_late"] <= 0, 200)
    predicted = model(iterations=20, horizon_days=horizon_days).fit(rows, outcome).predict(rows)
    late = rows["late_share_365d"] > 0.95
    assert predicted["p_over_90"][late].mean() > 0.85
    limit = np.maximum(-rows["days_past_due"], 0) + horizon_days
    assert (predicted[list(QUANTILES)].max(axis=1).fillna(0) <= limit).all()
    assert predicted["days_until_p50"][late].isna().all() == (horizon_days == 120)


def with_pay_days(rows: pd.DataFrame, outcome: pd.DataFrame) -> pd.DataFrame:
    """The rows with their calendar and with debtors who paid 20 times, always on Thursdays."""
    due = outcome["due_on"].dt
    counts = dict.fromkeys(PAY_DAYS, 0.0) | {"paid_on_thursday_365d": 20.0}
    return rows.assign(due_weekday=due.weekday, due_day_of_month=due.day, due_month=due.month, **counts)


def test_pay_days_place_the_payment() -> None:
    """Debtors that pay on Thursdays get most of their medians on one; without the counts a seventh do."""
    rows, outcome = portfolio(1500, seed=6, days_past_due=(-30, -10, 0))
    for known, share in ((with_pay_days(rows, outcome), (0.55, 1.0)), (rows, (0.05, 0.3))):
        fitted = model(iterations=20).fit(known, outcome)
        assert ("pay_days" in fitted.parameters_) == (known is not rows)
        day = known["days_past_due"] + fitted.predict(known)["days_until_p50"]
        median = outcome["due_on"] + pd.to_timedelta(day, unit="D")
        assert share[0] < (median.dt.weekday == 3).mean() <= share[1]


def test_pay_days_are_asked_for_once_learned() -> None:
    """A model that has learned pay days refuses rows without them, by name."""
    rows, outcome = portfolio(400, seed=6)
    known = with_pay_days(rows, outcome)
    fitted = model(iterations=5).fit(known, outcome)
    assert {*CALENDAR, *PAY_DAYS} <= set(fitted.parameters_["features"])
    with pytest.raises(ModelError, match="due_weekday"):
        fitted.predict(known.drop(columns="due_weekday"))


def test_the_usual_pay_days_are_counted() -> None:
    """On top of one payment per weekday: three, two of them on Tuesday 30 April, one on Monday 1 July."""
    rows, outcome = portfolio(400, seed=6, days_past_due=(-30,))
    days = pd.Series(["2024-04-30", "2024-04-30", "2024-07-01"]).astype("datetime64[s]")
    outcome["event"] &= outcome.index < len(days)
    outcome.loc[[0, 1, 2], "event"] = True
    outcome.loc[[0, 1, 2], "days_late"] = 4
    outcome.loc[[0, 1, 2], "due_on"] = (days - pd.Timedelta(days=4)).to_numpy()
    found = model(iterations=5).fit(with_pay_days(rows, outcome), outcome).parameters_["pay_days"]
    assert found["weekday"] == pytest.approx([2 / 9, 3 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9])
    assert found["month_end"] == pytest.approx((3 + 1) / (3 + 15))


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
    for workers in (1, 2):
        with pytest.raises(ModelError, match="0 paid"):
            model(workers=workers).fit(rows, outcome.assign(event=False))
    with pytest.raises(ModelError, match="must be filled"):
        model().fit(rows, outcome.assign(days_late=np.nan))
    with pytest.raises(ModelError, match="before their own day"):
        model().fit(rows, outcome.assign(days_late=-99.0))
