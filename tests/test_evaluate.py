import json

import numpy as np
import pandas as pd
import pytest
from evaluation_support import debtor_of, outcome_rows, portfolio, predicted

from features.errors import ModelError
from models.evaluation.evaluate import evaluate
from models.scorer import CLASSES


def pooled(predictions: pd.DataFrame, outcomes: pd.DataFrame, model: str = "payment_time", **kwargs) -> dict:
    """Figures of one model over all points."""
    return evaluate(predictions, outcomes, seed=0, resamples=20, **kwargs)["models"][model]["pooled"]


def test_points_that_are_not_decided_either_way_do_not_count():
    """Of four: one paid late, one paid early but seen too short, one still open too short, one credited."""
    outcomes = outcome_rows(
        ("late", "issue", -30, 12, "paid", 200),
        ("paid early, due after the end", "issue", -30, -20, "paid", -5),
        ("open, due after the end", "issue", -30, -5, "open", -5),
        ("credited before due", "issue", -30, -10, "credited", -10),
    )
    late = pooled(predicted(outcomes, "payment_time", p_late=0.5), outcomes)["late"]
    assert (late["points"], late["late"]) == (1, 1)
    assert (late["not_yet_measurable"], late["never_measurable"]) == (2, 1)


def test_open_past_the_limit_is_late_and_counts():
    """Still open three days after due with the ledger going on: late, without a payment."""
    outcomes = outcome_rows(("open", "issue", -30, 3, "open", 3))
    late = pooled(predicted(outcomes, "payment_time", p_late=0.75), outcomes)["late"]
    assert late["late"] == 1
    assert late["brier"]["value"] == pytest.approx(0.0625)


def test_lateness_is_judged_up_to_the_limit_only():
    """A point after the limit says nothing of lateness: due + 3 counts with a limit of 5 days, not of 0."""
    outcomes = outcome_rows(
        ("a", "due", 0, 12, "paid", 200),
        ("b", "due+3", 3, 12, "paid", 200),
        ("c", "due+7", 7, 12, "paid", 200),
    )
    predictions = predicted(outcomes, "payment_time", p_late=1.0)
    assert pooled(predictions, outcomes)["late"]["points"] == 1
    assert pooled(predictions, outcomes, late_after_days=5)["late"]["points"] == 2


def test_classes_on_later_landmarks():
    """Thirty days after due the classes that are left are judged: 40 and 95 days late, both named right."""
    outcomes = outcome_rows(("a", "due+30", 30, 40, "paid", 200), ("b", "due+30", 30, 200, "open", 200))
    classes = dict(zip(CLASSES, (0, 0, [0.8, 0.1], 0.1, [0.1, 0.8]), strict=True))
    figures = pooled(predicted(outcomes, "payment_time", **classes), outcomes)
    assert figures["classes"]["macro_f1"]["value"] == 1.0
    assert "auc" not in figures.get("late", {})


def test_paid_within_30_days_follows_from_the_classes():
    """On the due day, paid within 30 days is on time or 1-30: 0.1 + 0.5 for an invoice paid after 12 days."""
    outcomes = outcome_rows(("a", "due", 0, 12, "paid", 200), ("b", "due+7", 7, 12, "paid", 200))
    classes = dict(zip(CLASSES, (0.1, 0.5, 0.2, 0.1, 0.1), strict=True))
    month = pooled(predicted(outcomes, "payment_time", **classes), outcomes)["paid_within_30_days"]
    assert (month["points"], month["paid"]) == (1, 1)
    assert month["brier"]["value"] == pytest.approx(0.16)


def test_dates_by_hand():
    """Thirty days before due, medians of 30 and 50 days; paid after 32 and 40: missed by 2 and 10 days."""
    outcomes = outcome_rows(("a", "issue", -30, 2, "paid", 200), ("b", "issue", -30, 10, "paid", 200))
    dates = pooled(
        predicted(
            outcomes,
            "payment_time",
            days_until_p10=[28, 45],
            days_until_p50=[30, 50],
            days_until_p90=[40, 60],
        ),
        outcomes,
    )["dates"]
    assert dates["mae_days"]["value"] == 6.0
    assert dates["within_3_days"]["value"] == 0.5
    assert dates["coverage"]["value"] == 0.5
    assert dates["claimed_coverage"] == 0.8
    assert dates["width_days"]["value"] == 13.5


def test_empty_quantile_is_the_horizon_and_never_paid_is_followed_to_due_plus_90():
    """Never paid and P50 empty: right as far as it can be seen; a median of 30 days misses it by 90."""
    outcomes = outcome_rows(("a", "issue", -30, 300, "open", 300), ("b", "issue", -30, 300, "open", 300))
    figures = pooled(
        predicted(
            outcomes, "payment_time", days_until_p10=20, days_until_p50=[np.nan, 30], days_until_p90=np.nan
        ),
        outcomes,
    )["dates"]
    assert figures["mae_days"]["value"] == 45.0
    assert figures["claimed_coverage"] == pytest.approx(0.9)
    assert figures["width_days"]["value"] == 395 - 20


def test_a_day_beyond_a_year_counts_like_none():
    """A model with a longer horizon that names day 500 is judged like one that names none."""
    outcomes = outcome_rows(("a", "issue", -30, 300, "open", 300), ("b", "issue", -30, 20, "paid", 300))
    none, late = (
        predicted(
            outcomes, "payment_time", days_until_p10=20, days_until_p50=[day, 30], days_until_p90=[day, 40]
        )
        for day in (np.nan, 500)
    )
    found = [pooled(table, outcomes) for table in (late, none)]
    assert found[0]["c_index"] == found[1]["c_index"]
    for name in ("mae_days", "within_3_days", "coverage", "claimed_coverage", "width_days"):
        assert found[0]["dates"][name] == found[1]["dates"][name]
    assert found[0]["dates"]["width_days"]["value"] == (375 + 20) / 2


def test_model_says_what_its_interval_holds():
    """Three points before P10 and seven after P90 replace the ten of each that are claimed otherwise."""
    outcomes = outcome_rows(("a", "issue", -30, 2, "paid", 200))
    rows = predicted(outcomes, "payment_time", days_until_p10=1, days_until_p50=30, days_until_p90=40)
    dates = pooled(rows.assign(p_before_p10=0.03, p_after_p90=0.07), outcomes)["dates"]
    assert dates["claimed_coverage"] == pytest.approx(0.9)


def test_what_a_model_does_not_give_is_not_judged():
    """A baseline with a median day only has no probability to judge, and one with neither has no figures."""
    outcomes, _ = portfolio()
    tables = [
        predicted(outcomes, "median_delay", days_until_p50=30),
        predicted(outcomes, "payment_time", p_late=0.4),
    ]
    result = evaluate(pd.concat(tables), outcomes, seed=0, resamples=10)
    assert "late" not in result["models"]["median_delay"]["pooled"]
    assert "dates" not in result["models"]["payment_time"]["pooled"]
    assert result["comparisons"] == {"median_delay": {}}


def test_comparison_is_paired_and_signed():
    """The truth beats a flat 0.4 for certain, and a model compared with itself differs by nothing."""
    outcomes, probability = portfolio()
    debtors = debtor_of(outcomes)
    predictions = pd.concat(
        [
            predicted(outcomes, "payment_time", debtors, p_late=probability),
            predicted(outcomes, "own_rate", debtors, p_late=0.4),
            predicted(outcomes, "rule", debtors, p_late=probability),
        ]
    )
    result = evaluate(predictions, outcomes, seed=0)
    assert result["comparisons"]["own_rate"]["brier"]["high"] < 0
    assert result["comparisons"]["rule"]["brier"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    skill = result["models"]["payment_time"]["pooled"]["late"]["brier_skill"]
    assert 0 < skill["low"] < skill["value"] < skill["high"]
    assert result["models"]["own_rate"]["pooled"]["late"]["brier_skill"]["value"] == 0.0


def test_every_subset_is_there_and_their_points_add_up():
    """Folds, landmarks, earlier settled invoices and seen debtors each split all points."""
    outcomes, probability = portfolio(debtors=40)
    outcomes["settled_invoices"] = np.arange(len(outcomes)) % 14
    outcomes["seen_in_training"] = np.arange(len(outcomes)) % 3 > 0
    predictions = predicted(outcomes, "payment_time", p_late=probability)
    predictions["cutoff"] = pd.to_datetime(np.where(np.arange(len(outcomes)) % 2, "2024-01-01", "2024-02-01"))
    figures = evaluate(predictions, outcomes, seed=0, resamples=10)["models"]["payment_time"]
    assert set(figures) == {"pooled", "folds", "landmark", "settled_invoices_before", "debtor", "newest"}
    assert set(figures["newest"]) == {"newest matured"}
    assert set(figures["settled_invoices_before"]) == {"0", "1-2", "3-9", "10+"}
    assert set(figures["folds"]) == {"2024-01-01", "2024-02-01"}
    for family in set(figures) - {"pooled", "newest"}:
        assert sum(part["points"] for part in figures[family].values()) == len(outcomes)


def test_comparison_per_segment_is_of_its_own_points():
    """The rule errs by 0.5 in A and by nothing in B; an invoice without a segment is in neither."""
    outcomes = outcome_rows(*((f"i{n}", "issue", -30, 5, "paid", 200) for n in range(5)))
    outcomes["segment"] = ["A", "A", "B", "B", None]
    predictions = pd.concat(
        [
            predicted(outcomes, "payment_time", p_late=1.0),
            predicted(outcomes, "rule", p_late=[0.5, 0.5, 1.0, 1.0, 0.0]),
            predicted(outcomes, "own_rate", p_late=0.0),
            predicted(outcomes, "class_prior", p_late=0.0),
        ]
    )
    result = evaluate(predictions, outcomes, seed=0, resamples=10)
    squared = {
        segment: {name: difference["brier"]["value"] for name, difference in rivals.items()}
        for segment, rivals in result["segments"].items()
    }
    assert squared == {"A": {"rule": -0.25, "own_rate": -1.0}, "B": {"rule": 0.0, "own_rate": -1.0}}
    parts = result["models"]["payment_time"]["segment"]
    assert {segment: part["late"]["late_invoices"] for segment, part in parts.items()} == {"A": 2, "B": 2}


def test_without_segments_nothing_is_compared_by_segment():
    """Outcomes without the column have an empty part, not a missing one."""
    outcomes, probability = portfolio(debtors=5)
    result = evaluate(predicted(outcomes, "payment_time", p_late=probability), outcomes, seed=0, resamples=5)
    assert result["segments"] == {}


def test_log_loss_by_hand():
    """Given 0.25 to lateness that came and 0.9 to the class that came: -ln 0.25 and -ln 0.9."""
    outcomes = outcome_rows(("a", "issue", -30, 12, "paid", 200))
    classes = dict(zip(CLASSES, (0.1, 0.9, 0, 0, 0), strict=True))
    figures = pooled(predicted(outcomes, "payment_time", p_late=0.25, **classes), outcomes)
    assert figures["late"]["log_loss"]["value"] == pytest.approx(-np.log(0.25), abs=1e-6)
    assert figures["classes"]["log_loss"]["value"] == pytest.approx(-np.log(0.9), abs=1e-6)


def test_class_that_was_ruled_out_costs_no_more_than_the_floor():
    """Probability 0 for what happened counts as one in a million."""
    outcomes = outcome_rows(("a", "issue", -30, 12, "paid", 200))
    classes = dict(zip(CLASSES, (1.0, 0, 0, 0, 0), strict=True))
    figures = pooled(predicted(outcomes, "payment_time", p_late=0.0, **classes), outcomes)
    for outcome in ("late", "classes"):
        assert figures[outcome]["log_loss"]["value"] == pytest.approx(np.log(1e6), abs=1e-6)


@pytest.mark.parametrize(
    ("hits", "claimed", "agrees"),
    [(81, 0.8, True), (60, 0.8, False), (60, 0.61, True), (99, 0.9, False)],
)
def test_coverage_agrees_with_the_claim_or_not(hits, claimed, agrees):
    """Of 100 debtors `hits` paid inside the interval: within 2 points of the claim or the claim in reach."""
    outcomes = outcome_rows(
        *((f"i{n:03}", "issue", -30, 0 if n < hits else 80, "paid", 200) for n in range(100))
    )
    rows = predicted(outcomes, "payment_time", days_until_p10=20, days_until_p50=30, days_until_p90=40)
    rows = rows.assign(p_before_p10=(1 - claimed) / 2, p_after_p90=(1 - claimed) / 2)
    dates = evaluate(rows, outcomes, seed=0)["models"]["payment_time"]["pooled"]["dates"]
    assert dates["coverage"]["value"] == hits / 100
    assert dates["coverage_agrees"] is agrees


def priced(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Predictions that everything is paid on its due day, for certain."""
    classes = dict(zip(CLASSES, (1.0, 0, 0, 0, 0), strict=True))
    quantiles = dict.fromkeys(
        ("days_until_p10", "days_until_p50", "days_until_p90"), -outcomes["days_past_due"]
    )
    return predicted(outcomes, "payment_time", p_late=0.0, **classes, **quantiles)


def test_cash_is_judged_once_per_invoice_and_without_what_was_credited():
    """Of three landmarks and a credited item only the first day of the paid one counts."""
    outcomes = outcome_rows(
        ("a", "issue", -1, 0, "paid", 90),
        ("a", "due", 0, 0, "paid", 90),
        ("b", "issue", -1, 0, "credited", 0),
    ).assign(amount=100.0)
    cash = pooled(priced(outcomes), outcomes)["cash"]
    assert (cash["invoices"], cash["weeks"]) == (1, 1)
    assert cash["bias"]["value"] == 0.0


def test_without_amounts_or_without_an_interval_there_is_no_cash():
    """Cash needs amounts and a distribution; PIT needs the distribution only."""
    outcomes = outcome_rows(("a", "issue", -1, 0, "paid", 90))
    figures = pooled(priced(outcomes), outcomes)
    assert "cash" not in figures
    assert sum(figures["dates"]["pit"]["histogram"]) == pytest.approx(1)
    priced_outcomes = outcomes.assign(amount=100.0)
    figures = pooled(predicted(outcomes, "payment_time", days_until_p50=1), priced_outcomes)
    assert "cash" not in figures
    assert "pit" not in figures["dates"]


def test_result_is_json_and_does_not_depend_on_the_order_of_rows():
    """The same tables shuffled give the same text."""
    outcomes, probability = portfolio(debtors=30)
    outcomes = outcomes.assign(
        segment=outcomes["invoice_id"].str[-1], amount=100.0 + np.arange(len(outcomes))
    )
    outcomes["due_on"] += pd.to_timedelta(np.arange(len(outcomes)) % 10 * 7, unit="D")
    waits = {"days_until_p10": 10, "days_until_p50": 30, "days_until_p90": 60 + 20 * probability}
    predictions = pd.concat(
        [
            predicted(outcomes, name, debtor_of(outcomes), p_late=probability, **waits)
            for name in ("payment_time", "own_rate")
        ]
    )
    straight = evaluate(predictions, outcomes, seed=3, resamples=20)
    shuffled = evaluate(
        predictions.sample(frac=1, random_state=1),
        outcomes.sample(frac=1, random_state=2),
        seed=3,
        resamples=20,
    )
    assert straight["models"]["payment_time"]["pooled"]["cash"]["weeks"] == 10
    assert json.dumps(straight, allow_nan=False) == json.dumps(shuffled, allow_nan=False)


def test_counts_invoices_not_landmarks():
    """Two landmarks of one late invoice are one late invoice."""
    outcomes = outcome_rows(("a", "issue", -30, 12, "paid", 200), ("a", "due", 0, 12, "paid", 200))
    result = evaluate(predicted(outcomes, "payment_time", p_late=0.5), outcomes, seed=0, resamples=5)
    assert (result["points"], result["invoices"], result["late_invoices"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda p, o: (p[p.index > 0], o), "3 rows for 4 points"),
        (lambda p, o: (p, pd.concat([o, o])), "two outcomes"),
        (lambda p, o: (p.iloc[:0], o), "no predictions"),
        (lambda p, o: (p.assign(p_late=[0.1, np.nan, 0.2, 0.3]), o), "all or none"),
        (lambda p, o: (p.assign(p_after_p90=[0.1, np.nan, 0.1, 0.1]), o), "all or none"),
    ],
)
def test_tables_that_do_not_fit_are_refused(spoil, says):
    """A missing row, a second outcome, no rows or a half-filled probability are refused."""
    outcomes = outcome_rows(*((f"i{n}", "issue", -30, 3, "paid", 200) for n in range(4)))
    predictions, outcomes = spoil(predicted(outcomes, "payment_time", p_late=0.5), outcomes)
    with pytest.raises(ModelError, match=says):
        evaluate(predictions, outcomes, seed=0, resamples=5)
