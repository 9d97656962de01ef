"""Groups of debtors who pay alike, learned by k-means from their payment behaviour."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.errors import ModelError
from models.scorer import assign_segments

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

CLIP_AT = 0.02, 0.98
"""Quantiles to which a feature is clipped, so that one debtor 900 days late does not become a cluster."""


class DebtorSegmenter(BaseEstimator):  # type: ignore[misc]
    """K-means on clipped and scaled behaviour; the clusters are named A (best payer), B, …

    `fit` takes one row per debtor, indexed by customer_id, with the features of BEHAVIOUR. A missing
    figure is filled with the median of the debtors that have it. Clusters are named by the mean of
    their debtors' days late, then of their late share, both as filled and clipped.

    After `fit`: `parameters_` (JSON: what `assign_segments` needs), `notes_` (sentences for people).
    The same debtors in any order give the same parameters.
    """

    def __init__(self, clusters: int = 4, *, seed: int = 0) -> None:
        self.clusters = clusters
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: object = None) -> DebtorSegmenter:
        """Learn the clusters. ModelError when no debtor of `X` has ever settled an invoice."""
        if not 1 <= self.clusters <= len(ascii_uppercase):
            raise ModelError(f"cannot name {self.clusters} segments; choose 1 to {len(ascii_uppercase)}")
        missing = [name for name in BEHAVIOUR if name not in X]
        if missing:
            raise ModelError(f"the segmenter's rows lack the features {', '.join(missing)}")
        known = X.loc[X["decayed_days_late"].notna(), list(BEHAVIOUR)].sort_index()
        if known.empty:
            raise ModelError("no debtor has settled an invoice yet, so there is no behaviour to group by")
        values = known.to_numpy(dtype=np.float64)
        fill = np.array([_median(column) for column in values.T])
        values = np.where(np.isnan(values), fill, values)
        low, high = np.quantile(values, CLIP_AT, axis=0)
        clipped = np.clip(values, low, high)
        center, spread = clipped.mean(axis=0), clipped.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        scaled = (clipped - center) / scale

        distinct = len(np.unique(scaled, axis=0))
        count = min(self.clusters, distinct)
        self.notes_: list[str] = []
        if count < self.clusters:
            self.notes_.append(f"{count} segments instead of {self.clusters}: only {distinct} debtors differ")
        centroids, label = _cluster(scaled, count, self.seed)
        order = np.lexsort([[clipped[label == i, axis].mean() for i in range(count)] for axis in (1, 0)])
        self.parameters_: dict[str, Any] = {
            "features": list(BEHAVIOUR),
            "fill": fill.tolist(),
            "low": low.tolist(),
            "high": high.tolist(),
            "center": center.tolist(),
            "scale": scale.tolist(),
            "centroids": centroids[order].tolist(),
            "names": list(ascii_uppercase[:count]),
        }
        return self

    def predict(self, X: pd.DataFrame) -> pd.Series:
        """Return each debtor's segment, indexed like `X`."""
        return assign_segments(self.parameters_, X)["model_segment"]


def _median(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0


def _cluster(scaled: Floats, count: int, seed: int) -> tuple[Floats, npt.NDArray[np.int32]]:
    # threads merge their sums in any order: with one, the same rows give the same bits
    with threadpool_limits(limits=1):
        fitted = KMeans(n_clusters=count, n_init=10, random_state=seed).fit(scaled)
    return fitted.cluster_centers_, fitted.labels_
