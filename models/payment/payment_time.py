"""When will an open invoice be paid: one distribution, pooled from members that fail in different ways."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.catalogue import INVOICE_FEATURES, names
from features.errors import ModelError
from models.payment.members import (
    DEFAULT_ROUNDS,
    Boosting,
    class_borders,
    fit_classes,
    fit_hazard,
    fit_linear,
)
from models.payment.person_periods import Points, bin_borders, make_points
from models.payment.pooling import best_sharpness, pool_weights
from models.scorer import (
    CALENDAR,
    ESTIMATOR_SUFFIX,
    HORIZON_DAYS,
    PARAMETERS_FILE,
    PAY_DAYS,
    Floats,
    Ints,
    late_log_odds,
    member_curves,
    predict_payment_time,
)

NEWEST_SHARE = 0.25
"""Part of the training points, the newest by day, on which rounds, weights and sharpness are found."""

FEWEST_NEWEST, FEWEST_PAID = 200, 50
"""Points, and paid ones among them, below which nothing is found on the newest and the defaults stand."""

MORE_ROUNDS = 1.1
"""All points are more than those the rounds were found on, and bear a little more."""


class PaymentTime(BaseEstimator):  # type: ignore[misc]
    """Predicts the distribution of the payment day, given that the invoice is unpaid on the row's day.

    `late_after_days`: an invoice is late when it settles more days after due. `features`: the columns it
    learns from; by default all of an (invoice, day) point. `horizon_days`: dates are given up to here,
    counted from the later of due day and row day. `iterations`: most rounds of boosting; fewer where newer
    points show no gain. `max_rows`: larger training sets are sampled by a hash of the rows' values and
    `seed`, so the order of the rows never matters. `make_estimator`: what makes an unfitted classifier
    that takes the place of all members. `workers`: members fitted side by side; changes no figure. The
    others are those of HistGradientBoostingClassifier.
    """

    def __init__(
        self,
        *,
        late_after_days: int = 0,
        horizon_days: int = HORIZON_DAYS,
        features: Sequence[str] | None = None,
        iterations: int = 100,
        learning_rate: float = 0.1,
        max_leaf_nodes: int = 15,
        min_samples_leaf: int = 100,
        l2_regularization: float = 1.0,
        max_rows: int = 30_000,
        make_estimator: Callable[[], Any] | None = None,
        workers: int = 1,
        seed: int = 0,
    ) -> None:
        self.late_after_days = late_after_days
        self.horizon_days = horizon_days
        self.features = features
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_rows = max_rows
        self.make_estimator = make_estimator
        self.workers = workers
        self.seed = seed

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> PaymentTime:
        """Learn from feature rows and what became of them, and return self.

        `outcome`, row by row: `event` (paid, and known) and `days_late` (settled - due day; without
        event the last day late on which it was known to be unpaid). `due_on` and `decided_until`, where
        given, keep bins out that were not over when the outcomes were looked up, and let rounds, weights
        and sharpness be found on the newest points. `days_past_due`, where given, is the row's day on the
        outcome's due day. Refuses, with ModelError, rows from which nothing can be learned.
        """
        wanted = list(names(INVOICE_FEATURES) if self.features is None else self.features)
        refuse_missing(wanted, rows)
        borders = bin_borders(self.late_after_days, self.horizon_days)
        points = make_points(rows, outcome, wanted, self.horizon_days, self.max_rows, self.seed)
        # a ledger without sectors has a column without values, which teaches nothing
        filled = np.asarray(np.isfinite(points.features).any(axis=0))
        points = replace(points, features=points.features[:, filled])
        learned = [name for name, has in zip(wanted, filled, strict=True) if has]
        self.parameters_ = {
            "model": "payment-time",
            "learned": learned,
            "borders": borders.tolist(),
            "late_after_days": self.late_after_days,
            "horizon_days": self.horizon_days,
            "reference": dict(zip(learned, np.nanmedian(points.features, axis=0).tolist(), strict=True)),
            **self._pay_days(rows, outcome),
        }
        used = self._used_columns()
        self.parameters_["features"] = used
        self._learn(points, borders)
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns PREDICTION for feature rows of open invoices, same index."""
        refuse_missing(self.parameters_["features"], rows)
        return predict_payment_time(self.parameters_, self.estimators_, rows)

    def log_odds(self, rows: pd.DataFrame) -> Floats:
        """Return the log-odds of being paid late, per row; see `scorer.late_log_odds`."""
        return late_log_odds(self.parameters_, self.estimators_, rows)

    def files(self) -> dict[str, bytes]:
        """Return the artefact's data, file name -> content: the same bytes for the same model."""
        return {
            PARAMETERS_FILE: json.dumps(self.parameters_, indent=1).encode(),
            **{
                f"{name}{ESTIMATOR_SUFFIX}": _same_bytes(skops.io.dumps(estimator))
                for name, estimator in self.estimators_.items()
            },
        }

    def _learn(self, points: Points, borders: Ints) -> None:
        """Fit the members twice: before the newest points to find how to pool them, then on everything."""
        rounds, weights, sharpness = dict(DEFAULT_ROUNDS), None, 1.0
        cut = int(np.quantile(points.day, 1 - NEWEST_SHARE))
        past, newest = points.known_before(cut), points.take(points.day >= cut)
        if self._enough(past, newest) and self.make_estimator is None:
            newest = newest.take(np.arange(min(len(newest.end), self.max_rows // 6)))
            past = past.take(np.arange(min(len(past.end), self.max_rows // 2)))
            parameters, estimators = self._members(past, borders, newest, None)
            rounds |= {
                name: round(MORE_ROUNDS * estimator.n_iter_)
                for name, estimator in estimators.items()
                if estimator.do_early_stopping_
            }
            last = np.full(len(newest.end), len(borders) - 1)
            curves = member_curves(parameters, estimators, newest.features, newest.position, borders, last)
            weights = pool_weights(curves, borders, newest)
            pooled = np.asarray(sum(weights[name] * curve for name, curve in curves.items()))
            sharpness = best_sharpness(pooled, borders, newest)
        parameters, self.estimators_ = self._members(points, borders, None, rounds)
        present = [name for name in ("hazard", "classes", "linear") if name == "hazard" or name in parameters]
        shares = {name: 1.0 if weights is None else weights.get(name, 0.0) for name in present}
        self.parameters_ |= parameters | {
            "weights": {name: share / sum(shares.values()) for name, share in shares.items()},
            "sharpness": sharpness,
            "rounds": {name: estimator.n_iter_ for name, estimator in self.estimators_.items()}
            if self.make_estimator is None
            else {},
        }

    def _enough(self, past: Points, newest: Points) -> bool:
        return (
            min(len(past.end), len(newest.end)) >= FEWEST_NEWEST
            and min(int(past.event.sum()), int(newest.event.sum())) >= FEWEST_PAID
        )

    def _members(
        self, points: Points, borders: Ints, newest: Points | None, rounds: Mapping[str, int] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the parameters and the estimators of the members fitted on the points."""
        if self.make_estimator is not None:
            return {}, {"hazard": fit_hazard(points, borders, self._boosting(1), make=self.make_estimator)}
        most = {"hazard": self.iterations, "classes": max(1, self.iterations // 2)}
        hazard, classes = (
            self._boosting(min(most[name], (rounds or most).get(name, most[name]))) for name in most
        )
        ends = class_borders(self.late_after_days)
        tasks = [
            delayed(fit_hazard)(points, borders, hazard, newer=newest),
            delayed(fit_classes)(points, ends, classes, newer=newest),
            delayed(fit_linear)(points, borders, self.seed),
        ]
        # the members' own limits put each other's back while they run side by side
        with threadpool_limits(1):
            by_bin, by_class, linear = Parallel(n_jobs=self.workers, backend="threading")(tasks)
        if by_class is None:
            return {"linear": linear}, {"hazard": by_bin}
        present = [int(number) for number in by_class.classes_]
        parameters = {"linear": linear, "classes": {"borders": ends, "present": present}}
        return parameters, {"hazard": by_bin, "classes": by_class}

    def _boosting(self, iterations: int) -> Boosting:
        return Boosting(
            iterations=iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            seed=self.seed,
        )

    def _pay_days(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> dict[str, Any]:
        """Return the share of all payments per weekday and at month ends, where the calendar is known."""
        if "due_on" not in outcome or not {*CALENDAR, *PAY_DAYS} <= set(rows):
            return {}
        paid = outcome[outcome["event"]]
        day = paid["due_on"] + pd.to_timedelta(paid["days_late"], unit="D")
        shares = np.bincount(day.dt.weekday, minlength=7)[:6] + 1.0
        shares[5] = (day.dt.weekday >= 5).sum() + 1.0
        put_off = (day.dt.weekday == 0) & (day.dt.day <= 2)
        month_end = ((day + pd.Timedelta(days=2)).dt.month != day.dt.month) | put_off
        return {
            "pay_days": {
                "weekday": (shares / shares.sum()).tolist(),
                "month_end": float((month_end.sum() + 1) / (len(day) + 15)),
            }
        }

    def _used_columns(self) -> list[str]:
        """Return every column that a row must have to be scored."""
        spread = (*CALENDAR, *PAY_DAYS) if "pay_days" in self.parameters_ else ()
        return list(dict.fromkeys([*self.parameters_["learned"], "days_past_due", *spread]))


def refuse_missing(columns: Sequence[str], rows: pd.DataFrame) -> None:
    """Raise ModelError when the rows lack a feature."""
    missing = [name for name in dict.fromkeys((*columns, "days_past_due")) if name not in rows]
    if missing:
        raise ModelError(f"the rows lack {', '.join(missing)}: compute all features of the model")


def _same_bytes(dump: bytes) -> bytes:
    """Return a skops file without what differs between two dumps: addresses of objects, and the time."""
    with zipfile.ZipFile(io.BytesIO(dump)) as old:
        content = {name: old.read(name) for name in old.namelist()}
    address = re.compile(r'(?<="__id__": )\d+|(?<=")\d+(?=\.npy")')
    number: dict[str, str] = {}
    schema = address.sub(
        lambda found: number.setdefault(found[0], str(len(number))), content.pop("schema.json").decode()
    )
    named = {f"{number[name.removesuffix('.npy')]}.npy": array for name, array in content.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in sorted({**named, "schema.json": schema.encode()}.items()):
            new.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
