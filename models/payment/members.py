"""The members that say when an invoice is paid: each learns from the same points, in its own way.

What each is and how it answers is in `models/scorer.py`; here they are fitted. `rounds` of boosting are
found on newer points where there are some, else they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.errors import ModelError
from models.payment.person_periods import Points, person_periods
from models.scorer import (
    CLASS_BORDERS,
    Floats,
    Ints,
    bin_columns,
    linear_bin_columns,
    linear_columns,
    linear_phases,
)

FINER_CLASSES = (-30, -14, -7, -3, 3, 7, 14)
"""Borders of the class member's classes, beside those of the output's classes and of lateness."""

DEFAULT_ROUNDS = {"hazard": 80, "classes": 40}
"""Rounds where they cannot be found; each round of the class member grows a tree per class."""

PATIENCE = 10
"""Rounds without gain on newer points after which boosting stops."""

LINEAR_ROWS = 10_000
"""Points that the linear member learns from: it has few coefficients."""

PENALTY = 0.02
"""Inverse strength of the linear member's ridge penalty, on scaled columns."""

FEWEST = 200
"""Points with a decided class below which the class member is left out, or its rounds are not searched."""


@dataclass(frozen=True)
class Boosting:
    """How the boosted members grow: the names of HistGradientBoostingClassifier."""

    iterations: int
    learning_rate: float
    max_leaf_nodes: int
    min_samples_leaf: int
    l2_regularization: float
    seed: int


def fit_hazard(
    points: Points,
    borders: Ints,
    boosting: Boosting,
    *,
    newer: Points | None = None,
    make: Callable[[], Any] | None = None,
) -> Any:
    """Return the fitted classifier of "paid in this bin"; `make` gives another one than boosting."""
    X, paid = _bins_at_risk(points, borders, boosting.seed)
    _refuse_alike(paid, points)
    if make is not None:
        return make().fit(X, paid)
    return _boost(boosting, X, paid, None if newer is None else _bins_at_risk(newer, borders, boosting.seed))


def _refuse_alike(paid: Any, points: Points) -> None:
    if len(np.unique(paid)) < 2:
        raise ModelError(
            f"nothing to learn from {len(points.end)} rows: {int(points.event.sum())} paid, too few or all "
            "at once; train on a longer history"
        )


def _bins_at_risk(points: Points, borders: Ints, seed: int) -> tuple[Floats, Any]:
    row, bins, start, paid = person_periods(borders, points, seed)
    columns = bin_columns(borders, points.position[row], bins, start)
    return np.hstack([points.features[row], columns]), paid


def class_borders(late_after_days: int) -> list[int]:
    """Return the last day late of each class of the class member but the open one."""
    return sorted({*FINER_CLASSES, *CLASS_BORDERS, late_after_days})


def fit_classes(
    points: Points, ends: Sequence[int], boosting: Boosting, *, newer: Points | None = None
) -> Any | None:
    """Return the fitted classifier of the payment's class; None where too few classes are decided.

    Only points whose class is decided whichever way it went teach it.
    """
    features, actual = _decided_classes(points, ends)
    present = np.unique(actual)
    if len(actual) < FEWEST or len(present) < 2:
        return None
    check = None
    if newer is not None:
        newer_features, newer_actual = _decided_classes(newer, ends)
        known = np.isin(newer_actual, present)
        if known.sum() >= FEWEST:
            check = (newer_features[known], newer_actual[known])
        else:
            boosting = replace(boosting, iterations=min(boosting.iterations, DEFAULT_ROUNDS["classes"]))
    return _boost(boosting, features, actual, check)


def _decided_classes(points: Points, ends: Sequence[int]) -> tuple[Floats, Ints]:
    decided = points.take((points.position <= ends[-1]) & (points.decided >= ends[-1]))
    late = np.where(decided.event, decided.end, ends[-1] + 1)
    return decided.features, np.searchsorted(ends, late).astype(np.int64)


def _boost(boosting: Boosting, X: Floats, y: Any, newer: tuple[Floats, Any] | None) -> Any:
    estimator = HistGradientBoostingClassifier(
        max_iter=boosting.iterations,
        learning_rate=boosting.learning_rate,
        max_leaf_nodes=boosting.max_leaf_nodes,
        min_samples_leaf=boosting.min_samples_leaf,
        l2_regularization=boosting.l2_regularization,
        early_stopping=newer is not None,
        n_iter_no_change=PATIENCE,
        random_state=boosting.seed,
    )
    check = {} if newer is None else {"X_val": newer[0], "y_val": newer[1]}
    X = np.where(np.isnan(X).all(axis=0), 0.0, X)  # binning stops at a column without values
    # one thread: the bytes depend on their number, and on a busy machine they wait for each other
    with threadpool_limits(1, user_api="openmp"):
        return estimator.fit(X, y, **check)


def fit_linear(points: Points, borders: Ints, seed: int) -> dict[str, Any]:
    """Return the linear member: log-odds of "paid in this bin" as the scorer adds them up."""
    points = points.take(np.arange(min(LINEAR_ROWS, len(points.end))))
    linear = _scaling(points.features)
    known = linear_columns(linear, points.features)
    phases = linear_phases(borders)
    row, bins, start, paid = person_periods(borders, points, seed)
    _refuse_alike(paid, points)
    in_phase = [known[row] * phase[bins][:, None] for phase in phases]
    of_bin = linear_bin_columns(borders, points.position[row], bins, start)
    one_hot = np.eye(len(borders))[bins]
    X = np.hstack([one_hot, of_bin, *in_phase]).astype(np.float32)
    with threadpool_limits(1):
        fitted = LogisticRegression(C=PENALTY, solver="newton-cholesky", max_iter=30).fit(X, paid)
    weights = fitted.coef_[0].astype(np.float64)
    bias, of_bin_weights, rest = np.split(weights, [len(borders), len(borders) + of_bin.shape[1]])
    return linear | {
        "phases": phases.tolist(),
        "bias": (bias + float(fitted.intercept_[0])).tolist(),
        "of_bin": of_bin_weights.tolist(),
        "of_phase": rest.reshape(len(phases), -1).tolist(),
    }


def _scaling(features: Floats) -> dict[str, Any]:
    logs = np.sign(features) * np.log1p(np.abs(features))
    known = np.where(np.isnan(logs).all(axis=0), 0.0, logs)
    low, high = np.nanpercentile(known, [1, 99], axis=0)
    clipped = np.clip(known, low, high)
    spread = np.nanstd(clipped, axis=0)
    return {
        "low": low.tolist(),
        "high": high.tolist(),
        "center": np.nanmean(clipped, axis=0).tolist(),
        "scale": np.where(spread > 1e-9, spread, 1.0).tolist(),
        "missing": np.flatnonzero(np.isnan(logs).mean(axis=0) > 0.001).tolist(),
    }
