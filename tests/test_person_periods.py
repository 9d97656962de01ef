"""What the members learn from: points as they stood, the bins they were at risk in, how likely."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ModelError
from models.payment.person_periods import (
    Points,
    bin_borders,
    canonical_sample,
    likelihood,
    make_points,
    person_periods,
)


def points(
    position: object, end: object, decided: object, event: object, day: object | None = None
) -> Points:
    """Points without features."""
    days = np.zeros(np.shape(position)) if day is None else day
    whole = [np.asarray(part, dtype=np.int64) for part in (position, end, decided, days)]
    nothing = np.zeros((len(whole[0]), 0))
    return Points(nothing, *whole[:3], np.asarray(event, dtype=bool), whole[3])


def test_sample_depends_on_values_and_seed_alone() -> None:
    """Five of a hundred rows: the same five from any order, others with another seed; -0 is 0."""
    table = np.random.default_rng(0).normal(size=(100, 3))
    table[0] = [0.0, np.nan, 1.0]
    signed = table[::-1].copy()
    signed[-1, 0] = -0.0
    assert canonical_sample(table, 100, 0).tobytes() == canonical_sample(signed, 100, 0).tobytes()
    assert canonical_sample(table, 5, 0).tobytes() == canonical_sample(signed, 5, 0).tobytes()
    assert canonical_sample(table, 5, 0).tobytes() != canonical_sample(table, 5, 1).tobytes()


@pytest.mark.parametrize(
    ("position", "end", "decided", "event", "bins", "paid"),
    [
        (-3, 3, 99, True, [0, 1, 2], [False, False, True]),
        (-3, 99, 99, True, [0, 1, 2], [False, False, False]),  # paid beyond the axis
        (1, 3, 3, False, [2], [False]),  # censored at the very end of a bin
        (1, 2, 2, False, [], []),  # censored inside a bin
        (-3, 2, 2, False, [0, 1], [False, False]),
        (-3, 3, 2, True, [0, 1], [False, False]),  # the bin of the payment was not over
        (1, 1, 0, False, [], []),
    ],
)
def test_bins_a_row_teaches(
    position: int, end: int, decided: int, event: bool, bins: list[int], paid: list[bool]
) -> None:
    """Bins end on days -1, 0 and 3: a row teaches those it was at risk in and that were over."""
    found = person_periods(np.array([-1, 0, 3]), points([position], [end], [decided], [event]), 0)
    assert found[1].tolist() == bins
    assert found[3].tolist() == paid


def test_bins_entered_late_keep_their_hazard() -> None:
    """Half are paid evenly on days 1 … 10: entered on day s, 11 - s of the 21 - s at risk are paid."""
    end = np.tile(np.arange(1, 21), 3000)
    followed = points(np.full(len(end), 1), end, 0 * end + 20, end <= 10)
    _, _, start, paid = person_periods(np.array([0, 10]), followed, seed=0)
    late = start > 1
    assert late.mean() == pytest.approx(0.25, abs=0.02)  # a third of those that are still unpaid by then
    for day in (2, 6, 10):
        assert paid[start == day].mean() == pytest.approx((11 - day) / (21 - day), abs=0.04)


def test_borders_hold_every_border_a_figure_needs() -> None:
    """Classes, lateness and horizon fall on borders, so nothing is interpolated for them."""
    borders = bin_borders(late_after_days=5, horizon_days=200)
    assert {0, 5, 30, 60, 90, 200} <= set(borders.tolist())
    assert borders[-1] == 400
    assert len(bin_borders(0, 365)) in range(18, 24)


def test_borders_end_at_twice_the_horizon() -> None:
    """An invoice that is a whole horizon past due has a whole horizon ahead of it."""
    for horizon in (120, 365, 730):
        borders = bin_borders(0, horizon)
        assert borders[-2:].tolist() == [horizon, 2 * horizon]
        assert (np.diff(borders) > 0).all()


@pytest.mark.parametrize("late_after_days", [-1, 120, 121])
def test_lateness_needs_a_border_before_the_horizon(late_after_days: int) -> None:
    """The refusal names the days that are possible."""
    with pytest.raises(ModelError, match="from 0 to 119"):
        bin_borders(late_after_days, 120)


# ---- as it stood on a day ----


@pytest.mark.parametrize(
    ("event", "end", "decided", "then"),
    [
        (True, -5, 400, (True, -5, -1)),  # paid on day 95
        (True, -1, 400, (True, -1, -1)),  # paid on day 99, the last one known
        (True, 0, 400, (False, -1, -1)),  # paid on day 100: not known yet
        (True, 20, 400, (False, -1, -1)),
        (False, 50, 50, (False, -1, -1)),
        (False, -4, -4, (False, -4, -4)),  # gone by a credit on day 96 stays gone
        (True, -5, -3, (True, -5, -3)),
    ],
)
def test_a_point_as_it_stood_before_day_100(
    event: bool, end: int, decided: int, then: tuple[bool, int, int]
) -> None:
    """A point of day 90, due on day 100: what happened on day 100 or later is censored on day 99, -1 late."""
    past = points([-10], [end], [decided], [event], [90]).known_before(100)
    assert (past.event[0], past.end[0], past.decided[0]) == then
    assert (past.position[0], past.day[0]) == (-10, 90)


def test_points_of_the_day_itself_are_not_known_before_it() -> None:
    """Of points on days 98 … 101, those of 98 and 99 stay, in their order and with their features."""
    four = points([0, 0, 0, 0], [5, 5, 5, 5], [9, 9, 9, 9], [True] * 4, [101, 99, 100, 98])
    four = Points(np.arange(4.0)[:, None], *(getattr(four, name) for name in list(vars(four))[1:]))
    past = four.known_before(100)
    assert past.day.tolist() == [99, 98]
    assert past.features[:, 0].tolist() == [1, 3]
    assert past.end.tolist() == [0, 1]
    assert not past.event.any()


@st.composite
def histories(draw: st.DrawFn) -> Points:
    """Up to six points on days 0 … 20, each followed from its own day."""
    count = draw(st.integers(1, 6))

    def some(low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=count, max_size=count))

    position, ahead = np.array(some(-15, 15)), np.array(some(0, 15))
    decided = position + ahead + np.array(some(-3, 15))
    event = np.array(some(0, 1)) > 0
    return points(position, position + ahead, decided, event, some(0, 20))


@given(histories(), st.integers(0, 25), st.integers(0, 25))
def test_looking_back_twice_is_looking_back_to_the_earlier_day(history: Points, one: int, other: int) -> None:
    """What was known before a day was known before it on every later day too; nothing comes from after it."""
    early = history.known_before(min(one, other))
    twice = history.known_before(max(one, other)).known_before(min(one, other))
    for name in vars(history):
        assert (getattr(early, name) == getattr(twice, name)).all()
    due = early.day - early.position
    assert (due + early.end < min(one, other)).all()
    assert (early.end >= early.position).all()


# ---- how likely it was ----


@pytest.mark.parametrize(
    ("event", "end", "share"),
    [
        (True, -3, 0.2),
        (True, 0, 0.2),  # the border's day is in the bin
        (True, 1, 0.3),
        (True, 30, 0.3),
        (True, 60, 0.1),
        (True, 61, 0.4),  # paid beyond the axis: what is left at its end
        (False, -4, 1.0),
        (False, 0, 0.8),  # seen unpaid on the border's day: not paid in that bin
        (False, 29, 0.8),
        (False, 30, 0.5),
        (False, 500, 0.4),
    ],
)
def test_likelihood_of_what_happened(event: bool, end: int, share: float) -> None:
    """20 % are paid by day 0, 50 % by day 30, 60 % by day 60."""
    curve, borders = np.array([[0.2, 0.5, 0.6]]), np.array([0, 30, 60])
    assert likelihood(curve, borders, points([-5], [end], [end], [event]))[0] == pytest.approx(share)


def test_nothing_is_impossible() -> None:
    """A payment in a bin that held nothing counts as one in a million: one surprise does not outweigh all."""
    curve, borders = np.array([[0.0, 0.0, 1.0]] * 2), np.array([0, 30, 60])
    found = likelihood(curve, borders, points([-5, -5], [10, 70], [99, 99], [True, False]))
    assert found.tolist() == [1e-6, 1e-6]


# ---- from rows to points ----

DAY_ZERO = pd.Timestamp("1970-01-01")


def outcome_of(**columns: list[object]) -> pd.DataFrame:
    """An outcome whose days are counted from 1970."""
    table = pd.DataFrame(columns)
    for name in {"due_on", "decided_until"} & set(table):
        table[name] = DAY_ZERO + pd.to_timedelta(table[name], unit="D")
    return table


def test_a_row_becomes_a_point() -> None:
    """Seen 10 days before the due day 200, paid 5 days late, everything known until day 290."""
    rows = pd.DataFrame({"days_past_due": [-10.0], "share": [0.25], "other": [1.0]})
    outcome = outcome_of(event=[True], days_late=[5.0], due_on=[200], decided_until=[290])
    point = make_points(rows, outcome, ["share"], 365, 10, 0)
    assert point.features.tolist() == [[0.25]]
    assert (point.position[0], point.end[0], point.decided[0]) == (-10, 5, 90)
    assert (bool(point.event[0]), point.day[0]) == (True, 190)


def test_a_due_day_that_moved_leaves_the_story_its_length() -> None:
    """The row saw it 10 days before due, by the outcome's due day 15: 20 days to payment are 20 days."""
    rows = pd.DataFrame({"days_past_due": [-10.0]})
    outcome = outcome_of(
        event=[True], days_late=[5.0], days_past_due=[-15.0], due_on=[200], decided_until=[290]
    )
    point = make_points(rows, outcome, [], 365, 10, 0)
    assert (point.position[0], point.end[0], point.decided[0], point.day[0]) == (-10, 10, 95, 185)


def test_beyond_the_horizon_the_story_starts_there() -> None:
    """Day 500 is like day 365: paid 20 days on is paid on 385."""
    rows = pd.DataFrame({"days_past_due": [500.0]})
    point = make_points(rows, outcome_of(event=[True], days_late=[520.0]), [], 365, 10, 0)
    assert (point.position[0], point.end[0]) == (365, 385)


def test_without_a_calendar_all_points_are_of_one_day() -> None:
    """What is paid is decided for good, what is open as far as it was seen; no day is before another."""
    rows = pd.DataFrame({"days_past_due": [0.0, 0.0]})
    found = make_points(rows, outcome_of(event=[True, False], days_late=[5.0, 7.0]), [], 365, 10, 0)
    assert found.day.tolist() == [0, 0]
    assert sorted(found.end) == [5, 7]
    assert found.decided[found.end == 7] == 7
    assert found.decided[found.end == 5] > 730


def test_points_are_the_same_from_any_order_of_rows() -> None:
    """Forty of a hundred rows, whatever the index and order they come in; others with another seed."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"days_past_due": random.integers(-30, 30, 100).astype(float)})
    outcome = outcome_of(
        event=(random.random(100) < 0.5).tolist(),
        days_late=(rows["days_past_due"] + random.integers(0, 60, 100)).tolist(),
        due_on=random.integers(0, 900, 100).tolist(),
        decided_until=[2000] * 100,
    )
    order = random.permutation(100)

    def taken(some: np.ndarray, seed: int) -> list[bytes]:
        found = make_points(rows.iloc[some], outcome.iloc[some], ["days_past_due"], 365, 40, seed)
        assert len(found.end) == 40
        return [getattr(found, name).tobytes() for name in vars(found)]

    assert taken(np.arange(100), 0) == taken(order, 0)
    assert taken(np.arange(100), 0) != taken(np.arange(100), 1)
