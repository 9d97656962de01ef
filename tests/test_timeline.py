"""The kernel's own pieces, each against a loop that anyone can read."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.timeline import (
    FIRST_DAY,
    NEVER,
    Points,
    decayed_sums,
    median_of_last,
    order_by,
    rank_in_group,
    ratio,
    running,
    running_max,
    smallest_over,
    timeline,
)

EVENTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 40), st.integers(-50, 50)), min_size=1, max_size=40
)
QUICK = settings(max_examples=examples(50), deadline=None)


def columns(events: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Sorted events as int64 columns."""
    return [np.array(column, dtype=np.int64) for column in zip(*sorted(events), strict=True)]


@QUICK
@given(events=EVENTS, points=EVENTS)
def test_a_point_counts_the_events_of_its_group_before_its_day(events, points):
    """Positions by binary search equal counting, with windows and without."""
    group, day, _ = columns(events)
    line, _ = timeline(group, day)
    at_group, at_day, _ = columns(points)
    at = Points(at_group, at_day)
    now, recent, start = at.before(line), at.before(line, 7), at.start(line)
    for i, (g, d) in enumerate(zip(at_group, at_day, strict=True)):
        assert now[i] - start[i] == sum((group == g) & (day < d))
        assert now[i] - recent[i] == sum((group == g) & (day < d) & (day >= d - 7))


def test_a_window_before_the_first_day_stays_in_its_group():
    """A window that reaches before the year 1 finds the group's start, not the group before."""
    line, _ = timeline(np.array([0, 1]), np.array([NEVER, FIRST_DAY]))
    at = Points(np.array([1]), np.array([FIRST_DAY + 1]))
    assert (at.before(line) - at.before(line, 730)).tolist() == [1]


@QUICK
@given(events=EVENTS)
def test_what_runs_inside_a_group_stays_inside_it(events):
    """Rank, running maximum, median of the last three and decayed sums equal those of each group alone."""
    group, day, value = columns(events)
    rank = rank_in_group(group)
    highest, middle = running_max(value, group), median_of_last(3, value, rank)
    decayed = decayed_sums([value], day, rank, 90.0)[0]
    for i in range(len(group)):
        before = [j for j in range(i + 1) if group[j] == group[i]]
        assert rank[i] == len(before) - 1
        assert highest[i] == max(value[before])
        assert middle[i] == median(value[before[-3:]])
        assert decayed[i] == pytest.approx(sum(value[j] * 0.5 ** ((day[i] - day[j]) / 90) for j in before))


@QUICK
@given(
    ranges=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(-50, 50)), min_size=1, max_size=30
    )
)
def test_every_position_gets_the_least_value_of_the_ranges_around_it(ranges):
    """Ranges that overlap, hold each other or are empty (also the wrong way round) equal plain looking."""
    low, high, value = (np.array(column, dtype=np.int64) for column in zip(*ranges, strict=True))
    least = smallest_over(low, high, value, 41)
    for position in range(41):
        around = [v for a, b, v in ranges if a <= position < b]
        assert least[position] == min(around, default=NEVER)


def test_without_ranges_every_position_is_empty():
    """No range at all, and no position at all."""
    none = np.array([], dtype=np.int64)
    assert smallest_over(none, none, none, 2).tolist() == [NEVER, NEVER]
    assert len(smallest_over(np.array([0]), np.array([0]), np.array([5]), 0)) == 0


@QUICK
@given(events=EVENTS, keep=st.integers(1, 40))
def test_later_events_and_other_groups_leave_the_same_bits(events, keep):
    """A decayed sum is bit-identical when later events, or the groups before it, are cut."""
    group, day, value = columns(events)
    full = decayed_sums([value], day, rank_in_group(group), 90.0)[0]
    cut = decayed_sums([value[:keep]], day[:keep], rank_in_group(group[:keep]), 90.0)[0]
    assert full[:keep].tobytes() == cut.tobytes()
    own = group == group[-1]
    alone = decayed_sums([value[own]], day[own], rank_in_group(group[own]), 90.0)[0]
    assert full[own].tobytes() == alone.tobytes()


@QUICK
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(-(2**61), 2**61), st.sampled_from([-(2**62), 0, 7])),
        max_size=30,
    )
)
def test_order_by_sorts_like_tuples_and_is_stable(rows):
    """Columns too wide for one key, and ties, come out as Python sorts them."""
    first, second, third = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    expected = sorted(range(len(rows)), key=lambda i: (first[i], second[i], third[i]))
    assert order_by(first, second, third).tolist() == expected


def test_differences_of_running_sums_survive_a_wrap_around():
    """What lies in a window is exact even where the sum over all before it left int64."""
    sums = running(np.array([2**62, 2**62, 2**62, 5, 6]))
    assert sums[5] - sums[3] == 11


def test_nothing_to_divide_by_is_nan():
    """0 / 0 and 3 / 0 are both empty; 0 / 3 is 0."""
    assert np.array_equal(
        ratio(np.array([0, 3, 0]), np.array([0, 0, 3])), [np.nan, np.nan, 0], equal_nan=True
    )
