"""Groups of debtors who pay alike, learned by k-means from their payment behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator

from features.errors import ModelError
from models.scorer import assign_segments, segment_axes
from models.segments.segment_names import in_order, keeps_order, match, renaming
from models.segments.stability import FEWEST, MOST, Evidence, choose, cluster

Floats = npt.NDArray[np.float64]

BEHAVIOUR = ("lasting_early_over_7_share", "lasting_late_share", "lasting_late_over_7_share")
"""How a debtor's delays are spread: three points of their distribution, a week early, due, a week late.
Shares of its own invoices: how it pays, never how large it is, and one invoice forgotten for a year weighs
no more than any other. They change with facts only, so nobody drifts while nothing happens. What is overdue
today is left out on purpose: it would make a segment of those who happen to owe something this week."""

CLOSINGS = "settled_invoices"
LATE = "lasting_late_share"
EXPECTED = "decayed_days_late"
"""What the names go by, A the best."""

AT_RISK = "late_amount_share_365d"
"""What decides between names less than a week apart: the share of what is invoiced that is paid late."""


class DebtorSegmenter(BaseEstimator):  # type: ignore[misc]
    """K-means on robustly scaled behaviour; the clusters are named A (best payer), B, …

    `clusters`: their number; None = the largest stable one up to `max_clusters` (see `stability.choose`).
    `previous`: the segments in use, as `predecessor` gives them. Their number is kept while it is stable
    (and `keep_number`), the search starts from their centres, and their names go on (see `segment_names`).

    `fit` takes one row per debtor, indexed by customer_id, with the features of BEHAVIOUR, EXPECTED and
    CLOSINGS. Debtors that never settled an invoice are not learned from.

    After `fit`: `parameters_` (JSON: what `assign_segments` needs; `renamed`, what became of the names of
    the version that it `continues`; `before`, that predecessor), `evidence_` (per number of clusters) and
    `notes_` (sentences for people).
    The same debtors in any order give the same parameters.
    """

    def __init__(
        self,
        clusters: int | None = None,
        *,
        max_clusters: int = 5,
        previous: Mapping[str, Any] | None = None,
        keep_number: bool = True,
        seed: int = 0,
    ) -> None:
        self.clusters = clusters
        self.max_clusters = max_clusters
        self.previous = previous
        self.keep_number = keep_number
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: object = None) -> DebtorSegmenter:
        """Learn the clusters. ModelError when no debtor of `X` has ever settled an invoice."""
        if not FEWEST <= self.max_clusters <= MOST:
            raise ModelError(f"max_clusters is {self.max_clusters}; choose {FEWEST} to {MOST}")
        if self.clusters is not None and not 1 <= self.clusters <= len(ascii_uppercase):
            raise ModelError(f"cannot name {self.clusters} segments; choose 1 to {len(ascii_uppercase)}")
        missing = [name for name in (*BEHAVIOUR, EXPECTED, CLOSINGS) if name not in X]
        if missing:
            raise ModelError(f"the segmenter's rows lack the features {', '.join(missing)}")
        known = X.loc[X[list(BEHAVIOUR)].notna().all(axis=1)].sort_index()
        if known.empty:
            raise ModelError("no debtor has settled an invoice yet, so there is no behaviour to group by")
        axes = _frozen_axes(known)
        points, weights = segment_axes(axes, known), _weights(known)
        self.notes_: list[str] = []
        old = _old_centres(self.previous, axes)
        count, self.evidence_ = self._count(points, weights, old)
        start = old if old is not None and len(old) == count else None
        centroids, label = cluster(points, weights, count, self.seed, start=start)
        if start is not None and self.keep_number:
            centroids, label = _half_way(points, centroids, start)
        self.parameters_: dict[str, Any] = {**axes, **self._named(known, centroids, label, old)}
        return self

    def predict(self, X: pd.DataFrame) -> pd.Series:
        """Return each debtor's segment, indexed like `X`."""
        return assign_segments(self.parameters_, X)["model_segment"]

    def _count(self, points: Floats, weights: Floats, old: Floats | None) -> tuple[int, list[Evidence]]:
        """Return how many clusters, and why."""
        distinct = len(np.unique(points, axis=0))
        if distinct < FEWEST or (self.clusters is not None and distinct < self.clusters):
            wanted = self.clusters or FEWEST
            self.notes_.append(f"{distinct} segments instead of {wanted}: only {distinct} debtors differ")
            return distinct, []
        if self.clusters is not None:
            return self.clusters, []
        count, evidence = choose(points, weights, min(self.max_clusters, distinct), self.seed)
        stable = [found.clusters for found in evidence if not found.objections]
        if not stable:
            self.notes_.append(
                f"{FEWEST} segments although they are not stable: {'; '.join(evidence[0].objections)}"
            )
        if self.keep_number and old is not None and len(old) in stable and len(old) < count:
            self.notes_.append(f"{len(old)} segments as before; {count} would be stable too")
            count = len(old)
        return count, evidence

    def _named(
        self, known: pd.DataFrame, centroids: Floats, label: npt.NDArray[np.int32], old: Floats | None
    ) -> dict[str, Any]:
        count = len(centroids)
        days = _means(known[EXPECTED], label, count)
        # amounts are empty with several currencies, and where nothing was settled lately
        risk = _means(known.get(AT_RISK, known[LATE]).fillna(known[LATE]), label, count)
        order = in_order(days, risk)
        old_names: list[str] = list(self.previous["names"]) if self.previous else []
        matched = match(centroids, old) if old is not None else [None] * count
        if old is not None and keeps_order(matched, days, old_names):
            order = [int(i) for i in np.argsort([i if i is not None else count for i in matched])]
        names = list(ascii_uppercase[:count])
        renamed = renaming([matched[i] for i in order], old_names)
        if old is not None:
            self.notes_ += [
                f"the old segment {before} is now {after}"
                if after
                else f"no segment continues the old {before}"
                for before, after in renamed.items()
                if after != before
            ]
            fresh = [name for name in names if name not in renamed.values()]
            self.notes_ += [f"segment {name} is new" for name in fresh]
        return {
            "centroids": centroids[order].tolist(),
            "names": names,
            "expected_days_late": [float(days[i]) for i in order],
            "share_at_risk": [float(risk[i]) for i in order],
            "renamed": renamed,
            "continues": self.previous["version"] if self.previous else None,
            "before": dict(self.previous) if self.previous else None,
        }


def predecessor(parameters: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return what a later segmenter needs of these segments: their centres, axes, names and version."""
    kept = ("features", "center", "scale", "centroids", "names")
    return {**{name: parameters[name] for name in kept}, "version": version}


def _frozen_axes(known: pd.DataFrame) -> dict[str, Any]:
    """Return the parameters of `segment_axes`: medians, and the range of the middle 80 %."""
    values = known[list(BEHAVIOUR)].to_numpy(dtype=np.float64)
    low, center, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    # a share that is 0 for nearly all has no such range: its standard deviation then
    spread = np.where(high > low, high - low, values.std(axis=0))
    scale = np.where(spread > 0, spread, 1.0)
    return {
        "features": list(BEHAVIOUR),
        "fill": center.tolist(),
        "center": center.tolist(),
        "scale": scale.tolist(),
    }


def _old_centres(previous: Mapping[str, Any] | None, axes: Mapping[str, Any]) -> Floats | None:
    """Return the previous centres on the new axes; None where they are of other features."""
    if not previous or previous["features"] != axes["features"]:
        return None
    figures = np.asarray(previous["centroids"]) * previous["scale"] + np.asarray(previous["center"])
    moved: Floats = (figures - np.asarray(axes["center"])) / axes["scale"]
    return moved


def _half_way(points: Floats, centroids: Floats, old: Floats) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Return the centres, each that continues an old one half the way from there, and the points' clusters.

    A month changes few debtors, but k-means may answer it with a leap to another optimum. Half the way each
    time follows a lasting change within a few trainings, and a leap that is taken back moves few (temporal
    smoothness, Chakrabarti, Kumar and Tomkins 2006, "Evolutionary clustering").
    """
    centroids = centroids.copy()
    for i, j in enumerate(match(centroids, old)):
        if j is not None:
            centroids[i] = (centroids[i] + old[j]) / 2
    distances = ((points[:, None] - centroids[None]) ** 2).sum(axis=2)
    return centroids, distances.argmin(axis=1).astype(np.int32)


def _weights(known: pd.DataFrame) -> Floats:
    """Return how much each debtor counts: the square root of its closings, as its shares are that sure."""
    weights: Floats = np.sqrt(known[CLOSINGS].to_numpy(dtype=np.float64))
    return weights


def _means(figure: pd.Series, label: npt.NDArray[np.int32], count: int) -> Floats:
    values = figure.to_numpy(dtype=np.float64)
    sums = np.bincount(label, weights=np.nan_to_num(values), minlength=count)
    return np.asarray(sums / np.maximum(np.bincount(label[~np.isnan(values)], minlength=count), 1))
