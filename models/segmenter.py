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
from models.segment_names import in_order, keeps_order, match, renaming
from models.stability import FEWEST, MOST, Evidence, choose, cluster

Floats = npt.NDArray[np.float64]

BEHAVIOUR = (
    "decayed_days_late",
    "decayed_late_share",
    "late_over_30_share_365d",
    "std_days_late_365d",
)
"""How a debtor pays, never how large it is. The first two name the clusters. They are means with
weights that halve every 90 days, so they do not drift while nothing happens. What is overdue today is
left out on purpose: it would make a segment of those who happen to owe something this week."""

LOGGED = ("decayed_days_late", "std_days_late_365d")
"""Days have a long tail: they count by their signed logarithm."""

CLIP_AT = 0.02, 0.98
"""Quantiles to which a feature is clipped, so that one debtor 900 days late does not become a cluster."""

NORMAL_IQR = 1.349
"""Interquartile range of a normal distribution with standard deviation 1."""

AT_RISK = ("issued_amount_365d", "late_amount_share_365d")
"""Their product is a debtor's amount at risk in a year, which breaks ties between names."""


class DebtorSegmenter(BaseEstimator):  # type: ignore[misc]
    """K-means on clipped and robustly scaled behaviour; the clusters are named A (best payer), B, …

    `clusters`: their number; None = the largest stable one up to `max_clusters` (see `stability.choose`).
    `previous`: the segments in use, as `predecessor` gives them. Their number is kept while it is stable
    (and `keep_number`), the search starts from their centres, and their names go on (see `segment_names`).

    `fit` takes one row per debtor, indexed by customer_id, with the features of BEHAVIOUR; a missing
    figure is filled with the median of the debtors that have it.

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
        missing = [name for name in BEHAVIOUR if name not in X]
        if missing:
            raise ModelError(f"the segmenter's rows lack the features {', '.join(missing)}")
        known = X.loc[X["decayed_days_late"].notna()].sort_index()
        if known.empty:
            raise ModelError("no debtor has settled an invoice yet, so there is no behaviour to group by")
        axes = _frozen_axes(known)
        points = segment_axes(axes, known)
        self.notes_: list[str] = []
        old = _old_centres(self.previous, axes)
        count, self.evidence_ = self._count(points, old)
        start = old if old is not None and len(old) == count else None
        centroids, label = cluster(points, count, self.seed, start=start)
        self.parameters_: dict[str, Any] = {**axes, **self._named(known, centroids, label, old)}
        return self

    def predict(self, X: pd.DataFrame) -> pd.Series:
        """Return each debtor's segment, indexed like `X`."""
        return assign_segments(self.parameters_, X)["model_segment"]

    def _count(self, points: Floats, old: Floats | None) -> tuple[int, list[Evidence]]:
        """Return how many clusters, and why."""
        distinct = len(np.unique(points, axis=0))
        if distinct < FEWEST or (self.clusters is not None and distinct < self.clusters):
            wanted = self.clusters or FEWEST
            self.notes_.append(f"{distinct} segments instead of {wanted}: only {distinct} debtors differ")
            return distinct, []
        if self.clusters is not None:
            return self.clusters, []
        count, evidence = choose(points, min(self.max_clusters, distinct), self.seed)
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
        days = _means(known["decayed_days_late"], label, count)
        risk = np.zeros(count)
        if set(AT_RISK) <= set(known):
            risk = _means(known[AT_RISK[0]].fillna(0) * known[AT_RISK[1]].fillna(0), label, count)
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
            "amount_at_risk": [float(risk[i]) for i in order],
            "renamed": renamed,
            "continues": self.previous["version"] if self.previous else None,
            "before": dict(self.previous) if self.previous else None,
        }


def predecessor(parameters: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return what a later segmenter needs of these segments: their centres, axes, names and version."""
    kept = ("features", "logged", "center", "scale", "centroids", "names")
    return {**{name: parameters[name] for name in kept}, "version": version}


def _frozen_axes(known: pd.DataFrame) -> dict[str, Any]:
    """Return the parameters of `segment_axes`: median and interquartile range of what is clipped."""
    plain: dict[str, Any] = {
        "features": list(BEHAVIOUR),
        "fill": [float(known[name].median()) if known[name].notna().any() else 0.0 for name in BEHAVIOUR],
        "logged": [name in LOGGED for name in BEHAVIOUR],
        "low": [-np.inf] * len(BEHAVIOUR),
        "high": [np.inf] * len(BEHAVIOUR),
        "center": [0.0] * len(BEHAVIOUR),
        "scale": [1.0] * len(BEHAVIOUR),
    }
    values = segment_axes(plain, known)
    low, high = np.quantile(values, CLIP_AT, axis=0)
    clipped = np.clip(values, low, high)
    quarter, center, three_quarters = np.quantile(clipped, [0.25, 0.5, 0.75], axis=0)
    # a share that is 0 for most debtors has no interquartile range: its spread then
    spread = np.maximum((three_quarters - quarter) / NORMAL_IQR, clipped.std(axis=0))
    scale = np.where(spread > 0, spread, 1.0)
    return {
        **plain,
        "low": low.tolist(),
        "high": high.tolist(),
        "center": center.tolist(),
        "scale": scale.tolist(),
    }


def _old_centres(previous: Mapping[str, Any] | None, axes: Mapping[str, Any]) -> Floats | None:
    """Return the previous centres on the new axes; None where they are of other features."""
    if not previous or previous["features"] != axes["features"] or previous["logged"] != axes["logged"]:
        return None
    logged = np.asarray(previous["centroids"]) * previous["scale"] + np.asarray(previous["center"])
    moved: Floats = (np.clip(logged, axes["low"], axes["high"]) - np.asarray(axes["center"])) / axes["scale"]
    return moved


def _means(figure: pd.Series, label: npt.NDArray[np.int32], count: int) -> Floats:
    values = figure.to_numpy(dtype=np.float64)
    sums = np.bincount(label, weights=np.nan_to_num(values), minlength=count)
    return np.asarray(sums / np.maximum(np.bincount(label[~np.isnan(values)], minlength=count), 1))
