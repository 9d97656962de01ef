"""The families of models that are compared: the shipped pool, its members, averages, and others.

A member alone is the shipped model with all weight on it, so everything else about it is the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from features.catalogue import INVOICE_FEATURES, names
from models.evaluation.evaluate import MODEL
from models.payment.members import Boosting, class_borders, fit_classes, fit_hazard, fit_linear
from models.payment.payment_time import PaymentTime
from models.payment.person_periods import bin_borders, make_points
from models.scorer import PREDICTION, QUANTILES
from pipelines.learning.folds import Predictor, payment_time, rule
from pipelines.settings import Settings

MEMBERS = ("hazard", "classes", "linear")

Rows = tuple[pd.DataFrame, pd.DataFrame]


class QuantileBoosting:
    """Quantile regression by boosting of the days until payment, on the points whose payment is known."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> QuantileBoosting:
        """Learn each quantile by itself; what is still open teaches nothing."""
        paid = outcome["event"].to_numpy(bool)
        ahead = (outcome["days_late"] - rows["days_past_due"].to_numpy())[paid]
        learnable = rows.loc[paid, list(names(INVOICE_FEATURES))]
        self.columns_ = [name for name in learnable if learnable[name].notna().any()]
        with threadpool_limits(1, user_api="openmp"):
            self.models_ = {
                name: HistGradientBoostingRegressor(
                    loss="quantile", quantile=share, max_leaf_nodes=15, min_samples_leaf=100,
                    early_stopping=False, random_state=self.seed,
                ).fit(learnable[self.columns_].to_numpy(np.float64), ahead)
                for name, share in QUANTILES.items()
            }  # fmt: skip
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return PREDICTION with the three days only, put in order."""
        X = rows[self.columns_].to_numpy(np.float64)
        with threadpool_limits(1, user_api="openmp"):
            days = np.sort([model.predict(X) for model in self.models_.values()], axis=0)
        columns = dict(zip(self.models_, np.maximum(np.rint(days), 0), strict=True))
        return pd.DataFrame(columns, index=rows.index).reindex(columns=list(PREDICTION)).astype(np.float64)


def families(learned: Rows, settings: Settings) -> tuple[dict[str, Predictor], dict[str, float]]:
    """Return every family fitted on the rows, and the seconds that each took to fit.

    A member alone has the rounds that the pool found for it, and is not sharpened: what sharpens the pool
    was found for the pool. Its seconds are those of fitting it once with these rounds.
    """
    clock, seconds = time.perf_counter, {}

    def timed(name: str, fit: Callable[[], Any]) -> Any:
        start = clock()
        fitted = fit()
        seconds[name] = clock() - start
        return fitted

    pool = timed(MODEL, lambda: payment_time(settings).fit(*learned))
    found: dict[str, Predictor] = {MODEL: pool}
    for name in MEMBERS:
        timed(name, lambda name=name: fit_member(name, pool, learned))
        found[name] = pooled(pool, {name: 1.0}, 1.0)
    weights = pool.parameters_["weights"]
    found["equal"] = pooled(pool, {name: 1 / len(weights) for name in weights})
    found["unsharpened"] = pooled(pool, weights, 1.0)
    seconds["equal"] = seconds["unsharpened"] = seconds[MODEL]
    found["rule"] = timed("rule", lambda: rule(settings).fit(*learned))
    found["quantiles"] = timed("quantiles", lambda: QuantileBoosting(settings.seed).fit(*learned))
    return found, seconds


def pooled(pool: PaymentTime, weights: dict[str, float], sharpness: float | None = None) -> PaymentTime:
    """Return the model with other weights, and another sharpness where one is given.

    Members of no weight are left out, but for the hazard: the class member follows its curve inside a class.
    """
    other = copy(pool)
    sharp = pool.parameters_["sharpness"] if sharpness is None else sharpness
    left_out = {"classes", "linear"} - set(weights)
    kept = {key: value for key, value in pool.parameters_.items() if key not in left_out}
    other.parameters_ = kept | {"weights": weights, "sharpness": sharp}
    return other


def fit_member(name: str, pool: PaymentTime, learned: Rows) -> None:
    """Fit one member as the pool does in the end, to see how long that takes."""
    borders = bin_borders(pool.late_after_days, pool.horizon_days)
    learned_columns = pool.parameters_["learned"]
    points = make_points(*learned, learned_columns, pool.horizon_days, pool.max_rows, pool.seed)
    boosting = Boosting(
        iterations=pool.parameters_["rounds"].get(name, 1),
        learning_rate=pool.learning_rate,
        max_leaf_nodes=pool.max_leaf_nodes,
        min_samples_leaf=pool.min_samples_leaf,
        l2_regularization=pool.l2_regularization,
        seed=pool.seed,
    )
    if name == "hazard":
        fit_hazard(points, borders, boosting)
    elif name == "classes":
        fit_classes(points, class_borders(pool.late_after_days), boosting)
    else:
        fit_linear(points, borders, pool.seed)
