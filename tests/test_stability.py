"""How many segments the debtors can carry."""

from __future__ import annotations

import numpy as np
import pytest

from models.segments.stability import Evidence, choose, cluster, examine


def blobs(centres: list[float], each: int = 40, spread: float = 0.3) -> np.ndarray:
    """Debtors around these centres on the first axis."""
    rng = np.random.default_rng(4)
    return np.concatenate([rng.normal((centre, 0.0), spread, (each, 2)) for centre in centres])


def even(points: np.ndarray) -> np.ndarray:
    """Everybody counts the same."""
    return np.ones(len(points))


def evidence(**figures: object) -> Evidence:
    """Four stable clusters, with the given figures changed."""
    plain = {"clusters": 4, "jaccard": (0.8, 0.9, 0.9, 0.9), "smallest_share": 0.1, "seed_ari": 1.0}
    return Evidence(**{**plain, "silhouette": 0.5, "gap": 0.3, "gap_error": 0.01, **figures})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("figures", "objections"),
    [
        ({}, []),
        ({"jaccard": (0.75, 1.0)}, []),
        ({"jaccard": (0.74, 1.0)}, ["a group comes back with Jaccard 0.74 only"]),
        ({"smallest_share": 0.03}, []),
        ({"smallest_share": 0.029}, ["a group holds 2.9% of the debtors only"]),
        ({"seed_ari": 0.95}, []),
        ({"seed_ari": 0.94}, ["another seed finds other groups (ARI 0.94)"]),
        ({"silhouette": -0.5, "gap": -9.0}, []),
    ],
)
def test_what_speaks_against_a_number(figures: dict[str, object], objections: list[str]) -> None:
    """Jaccard, share and other seeds decide; silhouette and gap are only shown."""
    assert evidence(**figures).objections == objections


def test_three_clear_groups_come_back_and_four_do_not() -> None:
    """Each debtor is with its like in every resample; the fourth group is cut out of one by chance."""
    points = blobs([0, 10, 20])
    three, four = (examine(points, even(points), clusters, seed=1) for clusters in (3, 4))
    assert three.jaccard == pytest.approx((1.0, 1.0, 1.0))
    assert three.seed_ari == 1.0
    assert four.jaccard[0] < 0.75
    assert three.gap > 0
    assert three.silhouette > four.silhouette


@pytest.mark.parametrize(
    ("centres", "largest", "number", "examined"),
    [
        ([0, 2, 10, 20], 7, 4, [3, 4, 5]),  # up to the first that is not stable
        ([0, 2, 10, 20], 3, 3, [3]),  # as many as are allowed
        ([0, 10, 20, 30], 7, 3, [3]),  # four even groups: which two make one of three is chance
    ],
)
def test_the_largest_stable_number_is_chosen(
    centres: list[float], largest: int, number: int, examined: list[int]
) -> None:
    """Every smaller one from three up must be stable too, and three it is where not even they are."""
    found, evidence = choose(blobs(centres), even(blobs(centres)), largest, seed=1)
    assert found == number
    assert [row.clusters for row in evidence] == examined


def test_the_same_points_give_the_same_evidence() -> None:
    """Drawing is seeded."""
    points = blobs([0, 3, 6])
    assert examine(points, even(points), 3, seed=5) == examine(points, even(points), 3, seed=5)


def test_a_search_that_begins_at_centres_ends_at_theirs() -> None:
    """The clusters keep the order of the centres that they start from."""
    points = blobs([0, 10, 20])
    found, _ = cluster(points, even(points), 3, 1, start=np.array([[19.0, 0.0], [1.0, 0.0], [9.0, 0.0]]))
    assert np.rint(found[:, 0]).tolist() == [20, 0, 10]


def test_a_debtor_counts_by_its_weight() -> None:
    """Of two at 0 and 10 in one group, the one that counts three times draws the centre to itself."""
    points = np.array([[0.0], [10.0], [100.0]])
    centres, _ = cluster(points, np.array([3.0, 1.0, 1.0]), 2, 1)
    assert sorted(centres.ravel().tolist()) == pytest.approx([2.5, 100.0])


def test_evidence_is_plain_json() -> None:
    """With what it concludes."""
    row = evidence(smallest_share=0.01).as_row()
    assert (row["stable"], row["jaccard"]) == (False, [0.8, 0.9, 0.9, 0.9])
    assert row["objections"] == ["a group holds 1.0% of the debtors only"]
