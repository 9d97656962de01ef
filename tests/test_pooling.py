"""How members are pooled: the likelier one counts more, and their mean is made as sharp as it should be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from models.payment.person_periods import Points
from models.payment.pooling import SHARPNESSES, best_sharpness, pool_weights
from models.scorer import sharpened

BORDERS = np.array([0, 30])


def paid_early(early: list[bool]) -> Points:
    """Points seen before due: paid on the due day, or on day 10."""
    end = np.where(early, 0, 10).astype(np.int64)
    rest = np.zeros(len(end), dtype=np.int64)
    return Points(np.zeros((len(end), 0)), rest - 5, end, rest + 99, np.ones(len(end), dtype=bool), rest)


def curve(early: list[float]) -> np.ndarray:
    """The share paid by the due day, one per point; all are paid by day 30."""
    return np.column_stack([early, np.ones(len(early))])


def test_the_member_that_knew_counts_more() -> None:
    """One is always right, the other never, on 60 points: 60 + 20 against 20."""
    points = paid_early([True] * 60)
    weights = pool_weights({"right": curve([1.0] * 60), "wrong": curve([0.0] * 60)}, BORDERS, points)
    assert weights == {"right": pytest.approx(0.8, abs=2e-4), "wrong": pytest.approx(0.2, abs=2e-4)}


def test_members_that_say_the_same_count_the_same() -> None:
    """Three equal members share alike, however many points there are."""
    points = paid_early([True, False] * 500)
    weights = pool_weights({name: curve([0.3] * 1000) for name in "abc"}, BORDERS, points)
    assert list(weights.values()) == pytest.approx([1 / 3] * 3, abs=1e-4)


def test_without_points_members_count_the_same() -> None:
    """Nothing speaks for one of them."""
    assert pool_weights({"a": curve([]), "b": curve([])}, BORDERS, paid_early([])) == {"a": 0.5, "b": 0.5}


def test_members_that_fail_on_different_points_are_both_needed() -> None:
    """One knows who pays early, the other who pays late; a third knows nothing and counts for little."""
    points, nothing = paid_early([True] * 500 + [False] * 500), [0.5] * 500
    members = {
        "early": curve([0.99] * 500 + nothing),
        "late": curve(nothing + [0.01] * 500),
        "nothing": curve(nothing + nothing),
    }
    weights = pool_weights(members, BORDERS, points)
    assert weights["early"] == pytest.approx(weights["late"], abs=1e-3)
    assert weights["nothing"] < 0.1


@settings(max_examples=examples(30))
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans()), max_size=200))
def test_weights_are_the_likeliest_of_all(seen: list[tuple[int, int, bool]]) -> None:
    """No weight on a fine grid makes the points, and 20 that speak for each member, likelier."""
    early = [happened for *_, happened in seen]
    share = np.array([pair for *pair, _ in seen]).reshape(-1, 2) / 10
    found = pool_weights({"a": curve(share[:, 0]), "b": curve(share[:, 1])}, BORDERS, paid_early(early))
    assert sum(found.values()) == pytest.approx(1, abs=1e-4)

    given_by = np.where(np.array(early, dtype=bool)[:, None], share, 1 - share)

    def score(weight: float) -> float:
        both = np.log(given_by @ [weight, 1 - weight]).sum()
        return float(both + 20 * np.log(weight) + 20 * np.log(1 - weight))

    assert score(found["a"]) >= max(score(weight) for weight in np.arange(0.01, 1, 0.01)) - 1e-4


def drawn(count: int, seed: int) -> tuple[np.ndarray, Points]:
    """Calibrated shares and what became of them."""
    random = np.random.default_rng(seed)
    share = random.uniform(0.02, 0.98, count)
    return curve(share), paid_early((random.random(count) < share).tolist())


@pytest.mark.parametrize("blunted", [1 / 1.25, 1.0, 1 / 0.9])
def test_a_blunted_curve_is_sharpened_back(blunted: float) -> None:
    """Log-odds shrunken to 80 % are brought back, exaggerated ones are taken down, true ones stay."""
    true, points = drawn(40_000, seed=0)
    assert best_sharpness(sharpened(true, blunted), BORDERS, points) * blunted == pytest.approx(1, abs=0.03)


def test_few_points_hardly_sharpen() -> None:
    """Five invoices that went as a blunt curve had guessed do not yet show that it is blunt."""
    few, many = ([True, False] * count for count in (3, 1000))
    assert best_sharpness(curve([0.7, 0.3] * 3), BORDERS, paid_early(few)) == pytest.approx(1, abs=0.05)
    assert best_sharpness(curve([0.7, 0.3] * 1000), BORDERS, paid_early(many)) == SHARPNESSES[-1]


def test_without_points_the_mean_stays_as_it_is() -> None:
    """Exactly as it is."""
    assert best_sharpness(curve([]), BORDERS, paid_early([])) == 1.0
