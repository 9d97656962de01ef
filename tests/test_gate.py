import numpy as np
import pandas as pd
import pytest
from evaluation_support import debtor_of, portfolio, predicted

from models.evaluation.evaluate import evaluate
from models.evaluation.gate import Limits, decide, rule_segments


def evaluated(outcomes: pd.DataFrame, **models: object) -> dict:
    """Figures of payment_time among other models, each given by its probabilities of being late."""
    debtors = debtor_of(outcomes)
    tables = [predicted(outcomes, name, debtors, p_late=p) for name, p in models.items()]
    return evaluate(pd.concat(tables), outcomes, seed=0, resamples=100)


def verdict(outcomes: pd.DataFrame, **models: object):
    """The gate's answer to them."""
    return decide(evaluated(outcomes, **models))


def own_rate(probability: np.ndarray, seed: int = 0) -> np.ndarray:
    """A debtor's rate from four earlier invoices, shrunken towards 0.4."""
    late = np.random.default_rng(seed).binomial(4, probability[::4])
    return np.repeat((late + 5 * 0.4) / 9, 4)


def test_good_model_is_accepted_and_proven():
    """The true probabilities of 150 debtors pass, with one sentence of praise."""
    outcomes, probability = portfolio()
    result = verdict(outcomes, payment_time=probability, own_rate=own_rate(probability), class_prior=0.4)
    assert result.accepted
    assert result.proven_better
    assert len(result.reasons) == 1
    assert "Proven better than the debtor's own late rate" in result.reasons[0]


def test_overconfident_model_is_refused():
    """Probabilities driven to 0 and 1 rank as well, but do not mean what they say."""
    outcomes, probability = portfolio()
    result = verdict(outcomes, payment_time=np.round(probability), own_rate=own_rate(probability))
    assert not result.accepted
    assert any("do not mean what they say" in reason for reason in result.reasons)


def test_model_worse_than_the_own_rate_is_refused():
    """One probability for everybody is calibrated and of no use."""
    outcomes, probability = portfolio()
    prior = np.full(len(probability), probability.mean())
    result = verdict(outcomes, payment_time=prior, own_rate=probability)
    assert not result.accepted
    assert any("not better than the debtor's own late rate" in reason for reason in result.reasons)
    assert any("may be worse than" in reason for reason in result.reasons)


def test_model_worse_than_any_baseline_is_refused():
    """Better than the own rate does not help when the ageing list is much better still."""
    outcomes, probability = portfolio()
    result = verdict(
        outcomes,
        payment_time=own_rate(probability),
        own_rate=np.full(len(probability), 0.4),
        ageing_roll_rate=probability,
    )
    assert not result.accepted
    assert result.reasons == [reason for reason in result.reasons if "the ageing list" in reason]


@pytest.mark.parametrize("debtors", [1, 10])
def test_too_few_data_are_named_and_nothing_else_is_said(debtors):
    """A ledger with 40 invoices gets a clear answer, also for the best of models."""
    outcomes, probability = portfolio(debtors=debtors)
    result = verdict(outcomes, payment_time=probability, own_rate=0.4)
    assert not result.accepted
    assert f"{4 * debtors} settled invoices in the test period, 100 are needed" in result.reasons[0]
    assert len(result.reasons) == 1
    assert "Until there are more, the rule predicts" in result.reasons[0]


def test_everybody_on_time_is_too_little_to_learn_lateness():
    """Without late invoices no model of lateness can be judged."""
    outcomes, probability = portfolio()
    outcomes["days_late"] = -3.0
    result = verdict(outcomes, payment_time=probability, own_rate=0.4)
    assert result.reasons[0].startswith(
        "Too little to judge a model by: 0 invoices that were late in the test period, 30 are needed."
    )


def test_newcomer_must_beat_the_champion_too():
    """Beating every baseline but not the present model is refused; the other way round it is accepted."""
    outcomes, probability = portfolio()
    weaker = own_rate(probability)
    flat = np.full(len(probability), 0.4)
    kept = verdict(outcomes, payment_time=weaker, champion=probability, own_rate=flat)
    assert not kept.accepted
    assert any("not better than the present model" in reason for reason in kept.reasons)
    moved = verdict(outcomes, payment_time=probability, champion=weaker, own_rate=flat)
    assert moved.accepted
    assert "the present model" in moved.reasons[0]


def test_better_by_chance_is_not_called_proven():
    """A hair better than the own rate: accepted at the point estimate, not proven."""
    outcomes, probability = portfolio()
    late = (outcomes["days_late"] > 0).to_numpy()
    nudged = np.clip(
        probability + np.random.default_rng(1).normal(0, 0.02, len(late)) + 0.002 * (late - 0.4), 0, 1
    )
    squared = [((p - late) ** 2).mean() for p in (nudged, probability)]
    better, other = (nudged, probability) if squared[0] < squared[1] else (probability, nudged)
    result = verdict(outcomes, payment_time=better, own_rate=other)
    assert result.accepted
    assert not result.proven_better
    assert "not proven" in result.reasons[0]


def test_without_the_own_rate_nothing_is_accepted():
    """A model that was not compared with the debtor's own rate is refused."""
    outcomes, probability = portfolio()
    assert verdict(outcomes, payment_time=probability).reasons == [
        "It was not compared with the debtor's own late rate."
    ]


def test_model_that_knows_the_outcome_is_refused_as_too_good():
    """A feature filled after payment ranks nearly perfectly, where the best honest way does not."""
    outcomes, probability = portfolio()
    late = (outcomes["days_late"] > 0).to_numpy()
    leaky = np.where(late, 0.97, 0.03)
    result = verdict(outcomes, payment_time=leaky, own_rate=own_rate(probability), class_prior=0.4)
    assert not result.accepted
    assert len(result.reasons) == 1
    assert "too good to be true: AUC 1.000 on the day of issue" in result.reasons[0]


def test_a_portfolio_in_which_everybody_sees_who_pays_late_is_not_suspicious():
    """Where the debtor's own rate ranks as well, a very high AUC is no sign of a leak."""
    outcomes, _ = portfolio()
    late = (outcomes["days_late"] > 0).to_numpy()
    result = verdict(
        outcomes,
        payment_time=np.where(late, 0.97, 0.03),
        own_rate=np.where(late, 0.95, 0.05),
        class_prior=0.4,
    )
    assert result.accepted


@pytest.mark.parametrize(("changed", "accepted"), [(3, False), (0, True)])
def test_features_that_change_when_the_ledger_is_cut_are_a_leak(changed, accepted):
    """Three of 50 recomputed points differ in one feature: refused, and the feature is named."""
    outcomes, probability = portfolio()
    evaluation = evaluated(outcomes, payment_time=probability, own_rate=own_rate(probability))
    leak = {"points": 50, "changed": changed, "features": ["settled_invoices"] if changed else []}
    result = decide(evaluation | {"leak": leak})
    assert result.accepted is accepted
    if changed:
        assert "on 3 of 50 points the features settled_invoices change" in result.reasons[0]


def sure(probability: np.ndarray) -> np.ndarray:
    """Probabilities pushed towards 0 and 1: the log-odds three times as large."""
    odds = (probability / (1 - probability)) ** 3
    return odds / (1 + odds)


def halves(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Every other debtor in segment A, the others in B."""
    number = debtor_of(outcomes).str[1:].astype(int)
    return outcomes.assign(segment=np.where(number % 2 == 0, "A", "B"))


def test_probabilities_pushed_towards_0_and_1_are_refused():
    """Three times the log-odds: still ranks and separates well, but claims too much."""
    outcomes, probability = portfolio()
    result = verdict(outcomes, payment_time=sure(probability), own_rate=own_rate(probability))
    assert not result.accepted
    assert "do not mean what they say" in result.reasons[0]


def test_one_segment_in_which_probabilities_are_wrong_is_named():
    """Right in A and 20 points too high in B: refused for B, as the rule is no better there."""
    outcomes, probability = portfolio(debtors=400)
    outcomes = halves(outcomes)
    high = np.where(outcomes["segment"] == "B", np.clip(probability + 0.2, 0, 1), probability)
    result = verdict(
        outcomes, payment_time=high, own_rate=np.full(len(high), 0.4), rule=np.full(len(high), 0.9)
    )
    assert not result.accepted
    assert any("in segment B" in reason for reason in result.reasons)
    assert not any("in segment A" in reason for reason in result.reasons)


def test_rule_speaks_where_the_model_is_worse():
    """True probabilities in A, turned upside down in B where the rule has the true ones: the rule has B."""
    outcomes, probability = portfolio(debtors=300)
    outcomes = halves(outcomes)
    in_b = (outcomes["segment"] == "B").to_numpy()
    worse = np.where(in_b, 1 - probability, probability)
    rule = np.where(in_b, probability, 0.4)
    evaluation = evaluated(outcomes, payment_time=worse, own_rate=np.full(len(rule), 0.9), rule=rule)
    found = rule_segments(evaluation, Limits())
    assert set(found) == {"B"}
    assert found["B"].startswith("The rule speaks for segment B: the model's squared error")
    result = decide(evaluation)
    assert result.rule_segments == found
    assert not any("in segment B" in reason for reason in result.reasons)


def test_segment_with_few_invoices_keeps_the_model():
    """Of seven debtors with four invoices each nothing can be said, however bad it looks."""
    outcomes, probability = portfolio(debtors=150)
    number = debtor_of(outcomes).str[1:].astype(int)
    outcomes["segment"] = np.where(number < 7, "few", "many")
    few = (outcomes["segment"] == "few").to_numpy()
    evaluation = evaluated(
        outcomes,
        payment_time=np.where(few, 1 - probability, probability),
        own_rate=own_rate(probability),
        rule=np.where(few, probability, 0.4),
    )
    assert evaluation["segments"]["few"]["rule"]["brier"]["value"] > Limits().brier
    assert rule_segments(evaluation, Limits()) == {}
    assert set(rule_segments(evaluation, Limits(segment_invoices=28))) == {"few"}


def test_model_that_would_speak_nowhere_is_refused():
    """Worse than the rule in both segments: there is nothing left for it to say."""
    outcomes, probability = portfolio(debtors=300)
    result = verdict(
        halves(outcomes),
        payment_time=own_rate(probability),
        own_rate=np.full(len(probability), 0.4),
        rule=probability,
    )
    assert not result.accepted
    assert set(result.rule_segments) == {"A", "B"}
    assert (
        result.reasons[-1] == "It is worse than the rule that speaks without a model in every segment (A, B)."
    )


def test_model_that_is_off_on_the_newest_points_only_is_refused():
    """Right for two thirds of the days, 30 points too high on the newest third: the newest are named."""
    outcomes, probability = portfolio(debtors=600)
    newest = np.arange(len(outcomes)) >= 0.67 * len(outcomes)
    outcomes["due_on"] = outcomes["due_on"].mask(newest, outcomes["due_on"] + pd.Timedelta(days=60))
    outcomes["decided_until"] = pd.Timestamp("2025-01-01")
    drifted = np.where(newest, np.clip(probability + 0.3, 0, 1), probability)
    result = verdict(outcomes, payment_time=drifted, own_rate=np.full(len(drifted), 0.9))
    assert any("on the newest invoices" in reason for reason in result.reasons)
    honest = verdict(outcomes, payment_time=probability, own_rate=np.full(len(drifted), 0.9))
    assert honest.accepted
