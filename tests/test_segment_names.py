"""Which new segment is which old one, and in what order they are named."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.segments.segment_names import in_order, keeps_order, match, renaming

OLD = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])


@pytest.mark.parametrize(
    ("days", "at_risk", "order"),
    [
        ([20.0, 0.0, 8.0], [0, 0, 0], [1, 2, 0]),  # by days late
        ([5.0, 11.9], [0.9, 0.1], [1, 0]),  # less than a week apart: by what is at risk
        ([5.0, 12.0], [0.9, 0.1], [0, 1]),  # a week apart: by days
        ([5.0, 5.6], [0.1, 0.1], [0, 1]),  # nothing else to tell them apart
        ([0.0, 3.0, 6.0], [0.9, 0.5, 0.1], [2, 1, 0]),  # all within a week
        ([0.0, 5.0, 12.0], [0.9, 0.5, 0.1], [1, 0, 2]),  # the last is a week from whoever stands before it
    ],
)
def test_a_is_the_best_payer(days: list[float], at_risk: list[float], order: list[int]) -> None:
    """Expected days late first, the share at risk where neighbours are less than a week apart."""
    assert in_order(np.array(days), np.array(at_risk, dtype=float)) == order


def test_centres_that_moved_a_little_are_the_old_ones() -> None:
    """In another order, and each four from where it was: less than half the way to the next."""
    assert match(np.array([[24.0, 0.0], [4.0, 0.0], [6.0, 0.0]]), OLD) == [2, 0, 1]


def test_a_centre_half_way_to_another_is_a_new_segment() -> None:
    """5 is half of the 10 between two old ones: no name is given; 5.1 from the last is farther than that."""
    assert match(np.array([[0.0, 0.0], [25.1, 0.0]]), OLD) == [0, None]


@given(st.permutations([0, 1, 2]), st.lists(st.floats(-4.9, 4.9), min_size=3, max_size=3))
def test_matching_is_the_least_sum_of_distances(order: list[int], shifts: list[float]) -> None:
    """Against every way of pairing them."""
    new = OLD[order] + np.array([[shift, 0.0] for shift in shifts])

    def total(pairs: tuple[int, ...]) -> float:
        return sum(abs(float(new[i, 0] - OLD[j, 0])) for i, j in enumerate(pairs))

    best = min(itertools.permutations(range(3)), key=total)
    found = match(new, OLD)
    assert None not in found
    assert total(tuple(j for j in found if j is not None)) == pytest.approx(total(best))


@pytest.mark.parametrize(
    ("matched", "days", "keeps"),
    [
        ([0, 1, 2], [0.0, 5.0, 9.0], True),
        ([1, 0, 2], [5.0, 0.0, 9.0], True),  # only found in another order
        ([0, 1, 2], [0.0, 15.0, 8.1], True),  # C is better than B by less than a week: not worth a new name
        ([0, 1, 2], [0.0, 15.0, 8.0], False),
        ([0, None, 2], [0.0, 5.0, 9.0], False),
        ([0, 1], [0.0, 5.0], False),
    ],
)
def test_old_names_last_while_their_order_holds(
    matched: list[int | None], days: list[float], keeps: bool
) -> None:
    """All found again, and none better than the one before it by a week or more."""
    assert keeps_order(matched, np.array(days), ["A", "B", "C"]) == keeps


def test_what_became_of_each_old_name() -> None:
    """A stays, B is gone, C is called B."""
    assert renaming([0, 2], ["A", "B", "C"]) == {"A": "A", "B": None, "C": "B"}
