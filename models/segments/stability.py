"""How many segments the debtors can carry: as many as come back when the debtors are drawn anew.

A number of clusters is stable when
- each cluster is found again in bootstrap samples: its mean Jaccard index, the best over the sample's
  clusters, is at least STABLE_JACCARD (Hennig 2007, "Cluster-wise assessment of cluster stability"),
- each cluster holds at least SMALLEST_SHARE of the debtors, and
- other seeds find the same groups (adjusted Rand index at least SAME_GROUPS).
Silhouette and gap (Tibshirani, Walther and Hastie 2001) are shown beside it and decide nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int32]

FEWEST, MOST = 3, 7
STABLE_JACCARD, SMALLEST_SHARE, SAME_GROUPS = 0.75, 0.03, 0.95
RESAMPLES, OTHER_SEEDS, REFERENCES, STARTS = 50, 5, 10, 20
EXAMINED, SILHOUETTE_ROWS = 5_000, 2_000
"""Most debtors that stability and silhouette are examined on; a sample of more is as good."""
MINI_BATCH_FROM = 200_000
"""From so many debtors on, clusters are learned from mini-batches."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against one number of clusters; `jaccard` is per cluster, the lowest first."""

    clusters: int
    jaccard: tuple[float, ...]
    smallest_share: float
    seed_ari: float
    silhouette: float
    gap: float
    gap_error: float

    @property
    def objections(self) -> list[str]:
        """Why this number is not stable; empty when it is."""
        found = []
        if self.jaccard[0] < STABLE_JACCARD:
            found.append(f"a group comes back with Jaccard {self.jaccard[0]:.2f} only")
        if self.smallest_share < SMALLEST_SHARE:
            found.append(f"a group holds {self.smallest_share:.1%} of the debtors only")
        if self.seed_ari < SAME_GROUPS:
            found.append(f"another seed finds other groups (ARI {self.seed_ari:.2f})")
        return found

    def as_row(self) -> dict[str, Any]:
        """Return the evidence as plain JSON, with `stable` and `objections`."""
        return {
            **asdict(self),
            "jaccard": list(self.jaccard),
            "stable": not self.objections,
            "objections": self.objections,
        }


def cluster(
    points: Floats, weights: Floats, clusters: int, seed: int, *, start: Floats | None = None
) -> tuple[Floats, Labels]:
    """Return the centres and each point's cluster; a point counts by its weight.

    `start`: centres to begin from instead of STARTS random beginnings. The same points in the same order give
    the same bits.
    """
    # threads merge their sums in any order: with one, the same rows give the same bits
    with threadpool_limits(limits=1):
        return _cluster(points, weights, clusters, seed, start=start)


def _cluster(
    points: Floats,
    weights: Floats,
    clusters: int,
    seed: int,
    *,
    start: Floats | None = None,
    starts: int = STARTS,
) -> tuple[Floats, Labels]:
    from sklearn.cluster import KMeans, MiniBatchKMeans

    beginning = {"n_init": starts} if start is None else {"init": start, "n_init": 1}
    if len(points) >= MINI_BATCH_FROM:
        means = MiniBatchKMeans(clusters, batch_size=8192, random_state=seed, **beginning)
    else:
        means = KMeans(clusters, random_state=seed, **beginning)
    fitted = means.fit(points, sample_weight=weights)
    return fitted.cluster_centers_.astype(np.float64), fitted.labels_


def examine(points: Floats, weights: Floats, clusters: int, seed: int) -> Evidence:
    """Return the evidence for one number of clusters, on at most EXAMINED of the points."""
    rng = np.random.default_rng([seed, clusters])
    if len(points) > EXAMINED:
        some = np.sort(rng.choice(len(points), EXAMINED, replace=False))
        points, weights = points[some], weights[some]
    with threadpool_limits(limits=1):
        _, labels = _cluster(points, weights, clusters, seed)
        sizes = np.bincount(labels, minlength=clusters)
        gap, gap_error = _gap(points, weights, clusters, rng)
        return Evidence(
            clusters=clusters,
            jaccard=tuple(sorted(_jaccard(points, weights, labels, clusters, rng).tolist())),
            smallest_share=float(sizes.min() / len(points)),
            seed_ari=_seed_ari(points, weights, labels, clusters, seed),
            silhouette=_silhouette(points, labels, rng),
            gap=gap,
            gap_error=gap_error,
        )


def choose(points: Floats, weights: Floats, largest: int, seed: int) -> tuple[int, list[Evidence]]:
    """Return the number of clusters and the evidence up to the first one that is not stable.

    It is the largest number up to `largest` such that it and every smaller one from FEWEST up is
    stable; FEWEST where not even that is.
    """
    evidence: list[Evidence] = []
    for clusters in range(FEWEST, largest + 1):
        evidence.append(examine(points, weights, clusters, seed))
        if evidence[-1].objections:
            break
    stable = [found.clusters for found in evidence if not found.objections]
    return max(stable, default=FEWEST), evidence


def _jaccard(
    points: Floats, weights: Floats, labels: Labels, clusters: int, rng: np.random.Generator
) -> Floats:
    """Mean over the resamples of each cluster's best Jaccard index, on the debtors drawn at least once."""
    found = np.zeros(clusters)
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, len(points), len(points))
        _, again = _cluster(points[drawn], weights[drawn], clusters, int(rng.integers(2**31)), starts=6)
        once, place = np.unique(drawn, return_index=True)
        table = np.zeros((clusters, clusters))
        np.add.at(table, (labels[once], again[place]), 1)
        union = table.sum(axis=1)[:, None] + table.sum(axis=0)[None] - table
        found += np.divide(table, union, out=np.zeros_like(table), where=union > 0).max(axis=1)
    return found / RESAMPLES


def _seed_ari(points: Floats, weights: Floats, labels: Labels, clusters: int, seed: int) -> float:
    from sklearn.metrics import adjusted_rand_score

    others = (_cluster(points, weights, clusters, seed + 1 + other)[1] for other in range(OTHER_SEEDS))
    return float(min(adjusted_rand_score(labels, other) for other in others))


def _silhouette(points: Floats, labels: Labels, rng: np.random.Generator) -> float:
    from sklearn.metrics import silhouette_score

    some = rng.permutation(len(points))[:SILHOUETTE_ROWS]
    if len(set(labels[some].tolist())) < 2 or len(set(labels[some].tolist())) >= len(some):
        return 0.0
    return float(silhouette_score(points[some], labels[some]))


def _gap(points: Floats, weights: Floats, clusters: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the gap to points drawn evenly from the box of the data, and its standard error."""
    low, high = points.min(axis=0), points.max(axis=0)
    references = [
        _log_within(rng.uniform(low, high, points.shape), weights, clusters, number)
        for number in range(REFERENCES)
    ]
    error = float(np.std(references) * np.sqrt(1 + 1 / REFERENCES))
    return float(np.mean(references) - _log_within(points, weights, clusters, 0)), error


def _log_within(points: Floats, weights: Floats, clusters: int, number: int) -> float:
    centres, labels = _cluster(points, weights, clusters, number, starts=2)
    within = (weights * ((points - centres[labels]) ** 2).sum(axis=1)).sum()
    return float(np.log(max(float(within), 1e-12)))
