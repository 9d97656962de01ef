"""A curve through the published figures: by hand, and what holds for any prediction."""

import numpy as np
import pandas as pd
import pytest
from cash_support import MONDAY, predicted_rows, some_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from models.payment.payment_sketch import PaymentSketch, day_paid, paid_by, sketch, waiting_after

ORDINARY = (-10, (0.5, 0.3, 0.1, 0.05, 0.05), (2, 10, 45))
"""Due in 10 days. Shares: 0.1 by day 2, 0.5 by 10, 0.8 by 40, 0.9 by 45 (and 70), 0.95 by 100."""


def curve_of(*rows):
    """The curves of rows written out."""
    return sketch(predicted_rows(*rows), MONDAY)


@pytest.mark.parametrize(
    ("day", "share"),
    [(-1, 0), (0, 0.1 / 3), (2, 0.1), (6, 0.3), (10, 0.5), (25, 0.65), (40, 0.8), (60, 0.9), (85, 0.925)],
)
def test_straight_between_what_is_published(day, share):
    """Between two published points the share rises evenly, from nothing at the end of yesterday."""
    assert paid_by(curve_of(ORDINARY), day)[0] == pytest.approx(share)


def test_beyond_the_last_point_the_pace_goes_on():
    """The open share halved from day 70 to day 100, so it is a quarter of that on day 160, a 16th on 220."""
    curve = curve_of(ORDINARY)
    assert paid_by(curve, 160)[0] == pytest.approx(1 - 0.05 / 4)
    assert paid_by(curve, 220)[0] == pytest.approx(1 - 0.05 / 16)
    assert paid_by(curve, 9999)[0] == pytest.approx(1 - 0.05 / 16)


def test_several_quantiles_on_one_day_are_all_paid_by_its_end():
    """P10, P50 and P90 on day 5: by the end of the day 0.9, by the day before at most 0.1."""
    curve = curve_of((120, (0, 0, 0, 0, 1), (5, 5, 5)))
    assert paid_by(curve, 5)[0] == pytest.approx(0.9)
    assert paid_by(curve, 4)[0] == pytest.approx(0.1 * 5 / 6)
    assert list(day_paid(curve, 0.9)) == list(day_paid(curve, 0.11)) == [5]


def test_a_jump_goes_on_at_the_pace_since_the_day_before_it():
    """All quantiles on day 5: from day -1 to it 0.9 was paid in 6 days, a tenth of a tenth 6 days later."""
    curve = curve_of((120, (0, 0, 0, 0, 1), (5, 5, 5)))
    quarter = 6 * np.log(4) / np.log(10)
    assert curve.days[0, -3] == pytest.approx(5 + quarter)
    assert curve.share[0, -3] == pytest.approx(1 - 0.1 / 4)


def test_passed_classes_say_nothing():
    """45 days past due: the borders of 0 and 30 days are behind; 0.6 by day 15, 0.8 by day 45."""
    curve = curve_of((45, (0, 0, 0.6, 0.2, 0.2), (None, None, None)))
    assert paid_by(curve, -1)[0] == 0
    assert paid_by(curve, 15)[0] == pytest.approx(0.6)
    assert paid_by(curve, 45)[0] == pytest.approx(0.8)


def test_without_any_date_nothing_is_ever_paid():
    """Long past due and no quantile within the horizon: the share stays 0, no day is found."""
    curve = curve_of((300, (0, 0, 0, 0, 1), (None, None, None)))
    assert paid_by(curve, 364)[0] == 0
    assert day_paid(curve, 0.01)[0] == np.inf
    assert waiting_after(curve, 0)[0] == pytest.approx(365)


def test_a_share_of_nothing_is_paid_today():
    """Probability 0 is reached on the run day, not before it."""
    assert list(day_paid(curve_of(ORDINARY, (45, (0, 0, 0.6, 0.2, 0.2), (30, 40, None))), 0.0)) == [0, 0]


def test_waiting_by_hand():
    """Half by day 1, all by day 3: after day 1 it waits 2 x 0.25 days, from the start 2 x 0.75 more."""
    curve = PaymentSketch(np.array([[-1.0, 1.0, 3.0]]), np.array([[0.0, 0.5, 1.0]]))
    assert waiting_after(curve, 1)[0] == pytest.approx(0.5)
    assert waiting_after(curve, -1)[0] == pytest.approx(2 * 0.75 + 0.5)
    assert waiting_after(curve, 3)[0] == waiting_after(curve, 50)[0] == 0


@settings(max_examples=examples(60), deadline=None)
@given(some_rows(), st.integers(-1, 800))
def test_shares_rise_within_0_and_1(rows, day):
    """Whatever was published, the share paid is 0 yesterday, never falls, and never passes 1."""
    curve = sketch(rows, MONDAY)
    assert (np.diff(curve.days, axis=1) >= 0).all()
    assert (np.diff(curve.share, axis=1) >= 0).all()
    assert (paid_by(curve, -1) == 0).all()
    assert (paid_by(curve, day) <= paid_by(curve, day + 1)).all()
    assert ((paid_by(curve, day) >= 0) & (paid_by(curve, day) <= 1)).all()


@settings(max_examples=examples(60), deadline=None)
@given(some_rows(), st.floats(0.001, 0.999))
def test_day_and_share_are_inverses(rows, share):
    """By the end of the day that is found the share is paid, by the end of the day before it is not."""
    curve = sketch(rows, MONDAY)
    day = day_paid(curve, share)
    found = np.isfinite(day)
    reached = np.where(found, day, 0.0)
    assert (paid_by(curve, reached)[found] >= share - 1e-6).all()
    earlier = found & (day > 0)
    assert (paid_by(curve, np.where(earlier, reached - 1, 0))[earlier] < share + 1e-6).all()
    assert (curve.share[~found, -1] < share).all()


@settings(max_examples=examples(60), deadline=None)
@given(some_rows(), st.integers(-1, 500))
def test_waiting_is_the_sum_of_open_shares(rows, day):
    """Days of waiting are the open share added up over small steps to the last point."""
    curve = sketch(rows, MONDAY)
    for row in range(len(rows)):
        last = curve.days[row, -1]
        edges = np.linspace(day, max(last, day), 4_001)
        middle = (edges[1:] + edges[:-1]) / 2
        shares = np.interp(middle, *_strictly(curve.days[row], curve.share[row]))
        expected = (np.diff(edges) * (1 - shares)).sum()
        assert waiting_after(curve, day)[row] == pytest.approx(expected, abs=0.1)


@settings(max_examples=examples(60), deadline=None)
@given(some_rows())
def test_published_dates_and_classes_are_on_the_curve(rows):
    """By a quantile's day its share is paid, and by a class border at least what the classes say."""
    curve = sketch(rows, MONDAY)
    for name, share in (("paid_on_p10", 0.1), ("paid_on_p50", 0.5), ("paid_on_p90", 0.9)):
        wait = (rows[name] - pd.Timestamp(MONDAY)).dt.days.to_numpy(float)
        told = np.isfinite(wait)
        assert (paid_by(curve, np.where(told, wait, 0))[told] >= share - 1e-9).all()
    by_due = paid_by(curve, np.maximum(-rows["days_past_due"], -1))
    assert (by_due >= rows["p_on_time"] - 1e-9).all()


def _strictly(days, shares):
    """The points with days of a jump set apart by next to nothing, for np.interp."""
    return days + 1e-9 * np.arange(len(days)), shares
