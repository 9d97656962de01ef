import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.catalogue import INVOICE_FEATURES, names
from features.errors import ModelError
from models.payment.baselines import BASELINES
from models.payment.rule import SPAN, ShrunkenRule, share_paid_by
from models.scorer import CLASSES, HORIZON_DAYS, PREDICTION


def feature_rows(**columns) -> pd.DataFrame:
    """Rows of every feature; what is not given is unknown."""
    return pd.DataFrame(columns).reindex(columns=names(INVOICE_FEATURES)).astype(float)


def history(days_late: list[int], event: list[bool] | None = None, days_past_due: int = -30):
    """Rows of debtors without history, watched from one day on, and when each was paid or last seen."""
    rows = feature_rows(days_past_due=[days_past_due] * len(days_late), settled_invoices=0.0)
    paid = [True] * len(days_late) if event is None else event
    return rows, pd.DataFrame({"days_late": np.array(days_late, float), "event": paid})


def simulated(rows: int, seed: int = 0):
    """Debtors with their own delay, a third of the rows censored."""
    rng = np.random.default_rng(seed)
    typical, past = rng.normal(5, 15, rows).round(), rng.choice([-30, -15, 0, 7, 30], rows)
    known = rng.integers(0, 20, rows)
    frame = feature_rows(
        days_past_due=past,
        settled_invoices=known,
        median_days_late_last_5=np.where(known > 0, typical, np.nan),
        mean_days_late=np.where(known > 0, typical, np.nan),
        late_share=np.where(known > 0, (typical > 0).astype(float), np.nan),
        portfolio_late_share_90d=0.5,
    )
    paid = np.maximum(typical + rng.normal(0, 8, rows).round(), past)
    seen = np.maximum(rng.normal(30, 30, rows).round(), past)
    return frame, pd.DataFrame({"days_late": np.minimum(paid, seen), "event": paid <= seen})


def test_share_paid_counts_by_hand():
    """Of four unpaid, one pays on day 1, one is lost sight of on day 2, one of the two left pays on day 3."""
    left, paid = np.array([1, 2, 3, 5]), np.array([True, False, True, False])
    share = share_paid_by(np.zeros(4, int), left, paid)
    assert list(share[SPAN : SPAN + 5]) == pytest.approx([0, 0.25, 0.25, 0.625, 0.625])


def test_rows_watched_from_later_on_do_not_count_earlier():
    """A row watched from day 10 on was not there to be paid on day 1."""
    entered, left = np.array([0, 0, 10]), np.array([1, 20, 20])
    assert share_paid_by(entered, left, np.ones(3, bool))[SPAN + 1] == pytest.approx(1 / 2)


def test_one_invoice_on_long_terms_does_not_speak_for_all():
    """Paid 80 days before due when nobody else was watched yet, it ends the curve for nobody."""
    entered, left = np.array([-90] + [-30] * 99), np.array([-80] + [5] * 99)
    share = share_paid_by(entered, left, np.ones(100, bool))
    assert share[SPAN] == pytest.approx(0.1, abs=0.02)
    assert share[SPAN + 5] == 1


def brute_force_prediction(rule: ShrunkenRule, row: pd.Series) -> dict[str, float]:
    """The prediction of one row from its distribution written out day by day."""
    n, k = np.nan_to_num(row["settled_invoices"]), rule.prior_weight
    own = row["median_days_late_last_5"] if n else 0
    typical = int(np.rint((n * own + k * rule.median_) / (n + k)))
    known = [s for s in (row["terms_late_share_365d"], row["portfolio_late_share_90d"]) if not np.isnan(s)]
    late_rate = (n * np.nan_to_num(row["late_share"]) + k * np.mean([*known, rule.late_rate_])) / (n + k)
    days = np.arange(-SPAN, SPAN + 1) + typical
    mass = np.diff(np.r_[0, rule.residuals_])
    on_time = days <= rule.late_after_days
    mass = np.where(on_time, mass * (1 - late_rate) / mass[on_time].sum(), 0) + np.where(
        on_time, 0, mass * late_rate / (1 - mass[on_time].sum())
    )
    here = int(row["days_past_due"])
    unpaid = 1 - mass[days < here].sum()
    after = np.where(days >= here, mass, 0) / unpaid
    cumulated = after.cumsum()
    horizon = max(here, 0) + HORIZON_DAYS
    result = {"p_late": 1 - after[on_time].sum()}
    for name, share in (("days_until_p10", 0.1), ("days_until_p50", 0.5), ("days_until_p90", 0.9)):
        reached = days[cumulated >= share - 1e-10]
        result[name] = reached[0] - here if len(reached) and reached[0] <= horizon else np.nan
        if share == 0.1:
            result["p_before_p10"] = after[days < reached[0]].sum()
        if share == 0.9:
            result["p_after_p90"] = 1 - after[days <= (reached[0] if len(reached) else np.inf)].sum()
    for name, low, high in zip(CLASSES, (-np.inf, 0, 30, 60, 90), (0, 30, 60, 90, np.inf), strict=True):
        result[name] = after[(days > low) & (days <= high)].sum()
    result["p_over_90"] += 1 - after.sum()
    return result


@given(
    st.integers(-40, 130),
    st.integers(0, 30),
    st.integers(-20, 80),
    st.floats(0, 1),
    st.sampled_from([0, 3, 30]),
)
@settings(max_examples=examples(60), deadline=None)
def test_prediction_equals_the_distribution_day_by_day(past, settled, median, late_share, late_after_days):
    """Probabilities and quantiles are those of the scaled curve, conditional on being unpaid."""
    rule = ShrunkenRule(late_after_days).fit(*simulated(200))
    row = feature_rows(
        days_past_due=[past],
        settled_invoices=[settled],
        median_days_late_last_5=[median if settled else np.nan],
        late_share=[late_share if settled else np.nan],
        terms_late_share_365d=[0.25],
    )
    expected = brute_force_prediction(rule, row.iloc[0])
    predicted = rule.predict(row).iloc[0]
    for name in PREDICTION:
        assert predicted[name] == pytest.approx(expected[name], abs=1e-9, nan_ok=True), name


def test_late_rate_is_shrunken_as_stated():
    """Five invoices all late and a group at 40 %: (5 · 1 + 5 · 0.4) / 10 = 70 % at issue."""
    rule = ShrunkenRule().fit(*history([5] * 4 + [-5] * 6))
    rule.late_rate_ = 0.4
    row = feature_rows(
        days_past_due=[-900], settled_invoices=[5], late_share=[1], median_days_late_last_5=[3]
    )
    assert rule.predict(row)["p_late"].iloc[0] == pytest.approx(0.7)


def test_debtor_without_history_gets_the_groups():
    """Ten invoices, four of them late by ten days: a new debtor has p_late near 40 %, median at -2."""
    rule = ShrunkenRule().fit(*history([10] * 4 + [-2] * 6))
    new = rule.predict(feature_rows(days_past_due=[-30], settled_invoices=[0])).iloc[0]
    assert new["p_late"] == pytest.approx(0.4, abs=0.02)
    assert new["days_until_p50"] == 28


def test_more_late_history_is_not_less_risk():
    """The same debtor with a larger late share is never less likely to be late."""
    rule = ShrunkenRule().fit(*simulated(500))
    rows = feature_rows(
        days_past_due=[-10.0] * 5,
        settled_invoices=8,
        median_days_late_last_5=4,
        late_share=np.linspace(0, 1, 5),
    )
    assert rule.predict(rows)["p_late"].is_monotonic_increasing


def test_past_the_limit_it_is_late_and_passed_classes_are_empty():
    """Forty days past due: late for certain, and neither on time nor 1-30 days late any more."""
    late = ShrunkenRule().fit(*simulated(300)).predict(feature_rows(days_past_due=[40], settled_invoices=[0]))
    assert late["p_late"].iloc[0] == 1
    assert late[["p_on_time", "p_1_30"]].to_numpy().sum() == 0
    assert late["p_31_60"].iloc[0] > 0


@pytest.mark.parametrize("rows", [0, 1, 2, 40])
@pytest.mark.parametrize("name", BASELINES)
def test_any_number_of_rows_will_do(name, rows):
    """Every baseline and the rule learn from nothing, one row or forty, and answer in PREDICTION."""
    features, outcome = simulated(rows)
    fitted = BASELINES[name](0).fit(features, outcome)
    asked = simulated(50, seed=1)[0].set_index(np.arange(50) * 3)
    predicted = fitted.predict(asked)
    assert list(predicted.columns) == list(PREDICTION)
    assert predicted.index.equals(asked.index)
    given = predicted[["p_late", *CLASSES]].dropna(axis=1)
    assert given.to_numpy().min(initial=0) >= 0
    assert given.to_numpy().max(initial=0) <= 1 + 1e-12
    assert len(fitted.predict(asked.iloc[:0])) == 0


@pytest.mark.parametrize("name", ["rule", "class_prior", "ageing_roll_rate"])
def test_classes_sum_to_one(name):
    """The class probabilities of each row sum to one, and quantiles are in order and not in the past."""
    predicted = BASELINES[name](0).fit(*simulated(300)).predict(simulated(200, seed=2)[0])
    assert predicted[list(CLASSES)].sum(axis=1).to_numpy() == pytest.approx(1)
    if name == "rule":
        days = predicted[["days_until_p10", "days_until_p50", "days_until_p90"]].fillna(np.inf).to_numpy()
        assert (days[:, 0] >= 0).all()
        assert (days[:, :-1] <= days[:, 1:]).all()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("own_rate", {"p_late"}),
        ("invoice_only", {"p_late"}),
        ("median_delay", {"days_until_p50"}),
        ("average_days_delinquent", {"days_until_p50"}),
        ("class_prior", {"p_late", *CLASSES}),
        ("ageing_roll_rate", {"p_late", *CLASSES}),
    ],
)
def test_what_each_baseline_says(name, given):
    """A baseline fills what it can say and leaves the rest empty."""
    predicted = BASELINES[name](0).fit(*simulated(100)).predict(simulated(60, seed=1)[0])
    assert set(predicted.columns[predicted.notna().all()]) == given
    assert predicted.drop(columns=list(given)).isna().all(axis=None)


def test_median_delay_is_due_plus_the_debtors_median_but_not_in_the_past():
    """Ten days before due with a median of 4: fourteen days; six days past due: today."""
    fitted = BASELINES["median_delay"](0).fit(*history([1, 2, 3]))
    rows = feature_rows(days_past_due=[-10, 6, 0], median_days_late_last_5=[4, 4, np.nan])
    assert list(fitted.predict(rows)["days_until_p50"]) == [14, 0, 2]


def test_ageing_roll_rate_rises_with_age_and_the_prior_does_not():
    """Still unpaid on the due day, an invoice is more likely late than at issue; the prior ignores it."""
    training = simulated(2000)
    rows = feature_rows(days_past_due=[-30, 0])
    roll, prior = (
        BASELINES[name](0).fit(*training).predict(rows)["p_late"]
        for name in ("ageing_roll_rate", "class_prior")
    )
    assert roll.iloc[1] > roll.iloc[0] + 0.05
    assert prior.iloc[1] == prior.iloc[0]


def test_youngest_rows_do_not_make_the_invoice_only_baseline_optimistic():
    """Half of the rows are seen only until ten days before due; the late share stays that of the others."""
    rng = np.random.default_rng(0)
    paid = rng.choice([-20, 10], 4000)
    seen = np.where(np.arange(4000) < 2000, -10, 60)
    rows = feature_rows(days_past_due=[-30] * 4000, invoice_amount=rng.random(4000))
    outcome = pd.DataFrame({"days_late": np.minimum(paid, seen).astype(float), "event": paid <= seen})
    fitted = BASELINES["invoice_only"](0).fit(rows, outcome)
    assert fitted.predict(rows)["p_late"].mean() == pytest.approx(0.5, abs=0.03)


def test_missing_feature_is_named():
    """Rows without a needed feature are refused by its name."""
    rule = ShrunkenRule().fit(*simulated(10))
    with pytest.raises(ModelError, match="late_share"):
        rule.predict(simulated(5)[0].drop(columns="late_share"))


def test_permuted_rows_give_the_same_predictions():
    """The order of training and of asked rows changes nothing, to the byte."""
    features, outcome = simulated(300)
    asked = simulated(40, seed=4)[0]
    order = np.random.default_rng(1).permutation(300)
    straight = ShrunkenRule().fit(features, outcome).predict(asked)
    mixed = ShrunkenRule().fit(features.iloc[order], outcome.iloc[order]).predict(asked.iloc[::-1])
    pd.testing.assert_frame_equal(straight, mixed.iloc[::-1], check_exact=True)


def test_a_day_beyond_the_configured_horizon_is_not_named():
    """All paid 200 days late: 30 days before due that is 230 days ahead, beyond a horizon of 120."""
    learned = history([200] * 50)
    far = ShrunkenRule(horizon_days=365).fit(*learned).predict(learned[0])
    near = ShrunkenRule(horizon_days=120).fit(*learned).predict(learned[0])
    assert far["days_until_p50"].eq(230).all()
    assert near["days_until_p50"].isna().all()
