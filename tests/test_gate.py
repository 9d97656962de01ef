import numpy as np
import pandas as pd
import pytest
from evaluation_support import debtor_of, portfolio, predicted

from models.evaluate import evaluate
from models.gate import decide


def verdict(outcomes: pd.DataFrame, **models: object):
    """The gate on payment_time among other models, each given by its probabilities of being late."""
    debtors = debtor_of(outcomes)
    tables = [predicted(outcomes, name, debtors, p_late=p) for name, p in models.items()]
    return decide(evaluate(pd.concat(tables), outcomes, seed=0, resamples=100))


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
    assert all(reason.startswith("Too little") for reason in result.reasons)


def test_everybody_on_time_is_too_little_to_learn_lateness():
    """Without late invoices no model of lateness can be judged."""
    outcomes, probability = portfolio()
    outcomes["days_late"] = -3.0
    result = verdict(outcomes, payment_time=probability, own_rate=0.4)
    assert result.reasons == [
        "Too little to judge a model by: 0 invoices that were late in the test period, 30 are needed."
    ]


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
