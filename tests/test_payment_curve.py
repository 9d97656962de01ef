import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from models.payment.payment_curve import day_paid, paid_by, payment_curve
from models.scorer import CLASSES, QUANTILES


def curve_of(past: int, quantiles=None, classes=None):
    """The curve of one row."""
    columns = {}
    if quantiles is not None:
        columns |= {name: np.array([float(days)]) for name, days in zip(QUANTILES, quantiles, strict=True)}
    if classes is not None:
        columns |= {name: np.array([float(share)]) for name, share in zip(CLASSES, classes, strict=True)}
    return payment_curve(columns, np.array([past]))


def share(curve, day: int) -> float:
    """Share paid by the end of one day."""
    return float(paid_by(curve, np.array([day]))[0])


def test_straight_lines_between_the_quantile_days():
    """Ten days before due, quantiles after 3, 11 and 21 days: nothing by -11, .1 by -7, .5 by 1, .9 by 11."""
    curve = curve_of(-10, quantiles=(3, 11, 21))
    assert [share(curve, day) for day in (-30, -11, -9, -7, -3, 1, 6, 11, 200)] == pytest.approx(
        [0, 0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.9]
    )


def test_classes_are_knots_too():
    """On the due day 0.4 on time and 0.3 within a month: .4 by 0, .7 by 30, .9 by 90, then level."""
    curve = curve_of(0, classes=(0.4, 0.3, 0.1, 0.1, 0.1))
    assert [share(curve, day) for day in (-1, 0, 15, 30, 60, 90, 400)] == pytest.approx(
        [0, 0.4, 0.55, 0.7, 0.8, 0.9, 0.9]
    )


def test_borders_that_have_passed_hold_nothing():
    """Forty days late nothing was paid by 30, whatever the class columns say of it."""
    curve = curve_of(40, classes=(0.2, 0.2, 0.3, 0.2, 0.1))
    assert [share(curve, day) for day in (0, 30, 39)] == [0, 0, 0]
    assert share(curve, 60) == pytest.approx(0.7)


def test_empty_quantiles_are_no_knots():
    """Nine tenths are not reached within the horizon: level at one half after P50."""
    curve = curve_of(0, quantiles=(10, 20, math.nan))
    assert share(curve, 20) == share(curve, 10_000) == pytest.approx(0.5)
    assert day_paid(curve, np.array([0.5]))[0] == 20
    assert day_paid(curve, np.array([0.51]))[0] == math.inf


def test_contradicting_knots_never_fall():
    """P90 on day 10 and only 0.6 by the border 30: the curve stays at 0.9."""
    curve = curve_of(0, quantiles=(0, 5, 10), classes=(0.1, 0.5, 0.2, 0.1, 0.1))
    assert share(curve, 30) == pytest.approx(0.9)
    assert share(curve, 90) == pytest.approx(0.9)


def test_all_quantiles_on_one_day_are_a_jump_to_the_highest():
    """A pay-run on the row's own day: nine tenths are paid by its end."""
    curve = curve_of(-5, quantiles=(0, 0, 0))
    assert share(curve, -6) == 0
    assert share(curve, -5) == pytest.approx(0.9)
    assert day_paid(curve, np.array([0.7]))[0] == -5


@st.composite
def rows(draw):
    """A row's day, its quantiles in order with an empty tail now and then, and its classes."""
    past = draw(st.integers(-60, 120))
    quantiles = sorted(draw(st.lists(st.integers(0, 200), min_size=3, max_size=3)))
    filled = draw(st.integers(0, 3))
    weights = draw(st.lists(st.integers(0, 5), min_size=5, max_size=5).filter(any))
    classes = [weight / sum(weights) for weight in weights]
    return past, [*quantiles[:filled], *[math.nan] * (3 - filled)], classes


def by_definition(past, quantiles, classes, day: int) -> float:
    """The share paid by a day, knot by knot."""
    knots = [(past - 1, 0.0)]
    knots += [(past + q, s) for q, s in zip(quantiles, (0.1, 0.5, 0.9), strict=True) if not math.isnan(q)]
    knots += [(b, sum(classes[: i + 1])) for i, b in enumerate((0, 30, 60, 90)) if b >= past]
    if day < past:
        return 0.0
    before = [s for x, s in knots if x <= day]
    start = max(x for x, _ in knots if x <= day)
    ahead = [x for x, _ in knots if x > day]
    if not ahead:
        return max(before)
    end = min(ahead)
    # where several knots share a day, the line leads up to the first of them
    top = max(max(before), next(s for x, s in knots if x == end))
    return max(before) + (day - start) / (end - start) * (top - max(before))


@given(rows(), st.integers(-80, 400))
@settings(max_examples=examples(200), deadline=None)
def test_curve_equals_its_definition_knot_by_knot(row, day):
    """The share of every day is the interpolation between the knots around it."""
    past, quantiles, classes = row
    assert share(curve_of(past, quantiles, classes), day) == pytest.approx(by_definition(*row, day), abs=1e-9)


@given(rows(), st.floats(0.001, 0.999))
@settings(max_examples=examples(200), deadline=None)
def test_day_paid_is_the_first_day_that_reaches_the_share(row, wanted):
    """On that day the share is reached, on the day before it is not; never means not by any day."""
    curve = curve_of(*row)
    day = day_paid(curve, np.array([wanted]))[0]
    if day == math.inf:
        assert share(curve, 10_000) < wanted
        return
    assert share(curve, int(day)) >= wanted - 1e-6
    assert share(curve, int(day) - 1) < wanted + 1e-6


def test_rows_do_not_touch_each_other():
    """Two rows at once give what each gives alone, also after taking one of them."""
    days = np.array([3.0, 30.0]), np.array([11.0, 40.0]), np.array([21.0, math.nan])
    both = payment_curve(dict(zip(QUANTILES, days, strict=True)), np.array([-10, 5]))
    alone = curve_of(5, quantiles=(30, 40, math.nan))
    assert paid_by(both, np.array([1, 40]))[1] == share(alone, 40)
    assert share(both.take(np.array([False, True])), 40) == share(alone, 40)
