"""Which share of the late invoices is found by looking at the riskiest first."""

import numpy as np
import pandas as pd
import pytest
from evaluation_support import outcome_rows, predicted
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.lift import caught_share, lift
from models.evaluation.metrics import Bootstrap


def at_issue(late: list[bool]) -> pd.DataFrame:
    """One outcome per invoice on its day of issue, decided."""
    rows = outcome_rows(
        *((f"i{n:02}", "issue", -30, 9.0 if flag else -9.0, "paid", 300) for n, flag in enumerate(late))
    )
    return rows.assign(late_measurable=True)


def test_the_top_tenth_of_ten_invoices_is_the_riskiest_one() -> None:
    """Two of ten are late; the first is ranked first, the second third."""
    outcomes = at_issue([True, False, True] + [False] * 7)
    said = predicted(outcomes, "payment_time", p_late=np.linspace(0.9, 0.0, 10))
    figures = lift(said, outcomes, late_after_days=0, seed=1)
    assert (figures["invoices"], figures["late"]) == (10, 2)
    model = figures["models"]["payment_time"]
    assert model["top_10"]["value"] == 0.5
    assert model["top_20"]["value"] == 0.5
    assert model["curve"][6] == 1.0  # three of ten looked at
    assert model["curve"][0] == 0.0
    assert model["curve"][-1] == 1.0


def test_who_says_the_same_of_all_finds_what_chance_finds() -> None:
    """Without an order, a tenth of the invoices holds a tenth of the late ones."""
    outcomes = at_issue([True, True, False, False, False])
    figures = lift(predicted(outcomes, "class_prior", p_late=0.4), outcomes, late_after_days=0, seed=1)
    assert figures["models"]["class_prior"]["top_10"] == {"value": 0.1, "low": 0.1, "high": 0.1}


def test_later_landmarks_and_undecided_invoices_do_not_count() -> None:
    """An invoice counts once, on its day of issue, and only when it is known whether it was late."""
    outcomes = pd.concat(
        [
            at_issue([True, False]),
            at_issue([True]).assign(invoice_id="i00", landmark="due", days_past_due=0),
            at_issue([True]).assign(invoice_id="undecided", late_measurable=False),
            at_issue([True]).assign(invoice_id="due_before_issue", days_past_due=3),
        ],
        ignore_index=True,
    )
    figures = lift(predicted(outcomes, "rule", p_late=0.5), outcomes, late_after_days=0, seed=1)
    assert (figures["invoices"], figures["late"]) == (2, 1)


def test_a_model_without_a_late_probability_is_not_in_it() -> None:
    """The debtor's median delay gives days only."""
    outcomes = at_issue([True, False])
    said = pd.concat(
        [predicted(outcomes, "rule", p_late=0.5), predicted(outcomes, "median_delay", days_until_p50=3)]
    )
    assert list(lift(said, outcomes, late_after_days=0, seed=1)["models"]) == ["rule"]


def test_nothing_late_gives_no_figures() -> None:
    """A share of nothing does not exist."""
    outcomes = at_issue([False, False])
    assert lift(predicted(outcomes, "rule", p_late=0.5), outcomes, late_after_days=0, seed=1) == {}


def test_the_order_of_the_rows_does_not_matter() -> None:
    """Permuted tables give the same figures."""
    outcomes = at_issue([True, False] * 10)
    said = predicted(outcomes, "rule", p_late=np.tile([0.7, 0.2, 0.7, 0.4], 5))
    shuffled = [table.sample(frac=1, random_state=3) for table in (said, outcomes)]
    assert lift(*shuffled, late_after_days=0, seed=1) == lift(said, outcomes, late_after_days=0, seed=1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=12), st.integers(0, 12))
def test_the_share_is_the_mean_over_all_orders_of_equal_ones(rows: list[tuple[bool, int]], top: int) -> None:
    """Brute force: each row above the cut counts whole, those at the cut by the part that fits."""
    late, score = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], float)
    top = min(top, len(rows))
    boot = Bootstrap.over(pd.Series([f"c{n}" for n in range(len(rows))]), resamples=1, seed=0)
    result = caught_share(late, score, boot, np.array([top / len(rows)]))[0, 0]
    if not late.any():
        assert np.isnan(result)
        return
    expected = 0.0
    for flag, own in zip(late, score, strict=True):
        above, equal = (score > own).sum(), (score == own).sum()
        expected += flag * min(1.0, max(0.0, (top - above) / equal))
    assert result == pytest.approx(expected / late.sum())
