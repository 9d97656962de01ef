"""What every prediction is measured against: each as simple as its name, fitted and asked like a model.

A baseline gives what it can say and leaves the other columns of PREDICTION empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.catalogue import CATALOGUE
from models.payment.rule import (
    PRIOR_WEIGHT,
    SPAN,
    ShrunkenRule,
    conditional,
    doubted,
    late_rate,
    needed,
    share_paid_by,
)
from models.scorer import CLASS_BORDERS, PREDICTION

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

INVOICE_ONLY = tuple(feature.name for feature in CATALOGUE.values() if feature.group == "invoice")
AGES = (-60, -30, -14, -7, -1, 0, 7, 15, 30, 60, 90)
"""Last day past due of each bucket of the ageing list but the open one."""


class Baseline(Protocol):
    """Learns from rows of features and their outcomes, and predicts."""

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Learn from rows with `days_past_due` and outcomes with `days_late` and `event`."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return PREDICTION per row, same index."""


class ClassPrior:
    """The share of each class among all invoices, whatever the row; only passed classes are ruled out."""

    ages: ClassVar[tuple[int, ...]] = CLASS_BORDERS

    def __init__(self, late_after_days: int = 0) -> None:
        self.late_after_days = late_after_days

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Learn the share paid by each day late, open rows censored."""
        self.paid_by_ = doubted(share_paid_by(*_followed(rows, outcome)))
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the probabilities of the row's age bucket; no dates."""
        needed(rows, "days_past_due")
        days_past_due = rows["days_past_due"].to_numpy(np.int64)
        first_days = np.array([-SPAN, *(age + 1 for age in self.ages)])
        age = first_days[np.searchsorted(self.ages, days_past_due)]
        prediction = conditional(age, self._paid_by, None, self.late_after_days)
        prediction.loc[days_past_due > self.late_after_days, "p_late"] = 1.0
        return prediction.set_index(rows.index)

    def _paid_by(self, days_late: Ints | int) -> Floats:
        share: Floats = self.paid_by_[np.clip(days_late, -SPAN, SPAN) + SPAN]
        return share


class AgeingRollRate(ClassPrior):
    """The share of invoices that roll on, given the row's bucket of the ageing list and nothing else."""

    ages: ClassVar[tuple[int, ...]] = AGES


class OwnRate:
    """The debtor's own late share, shrunken towards its group's; the same on every day up to the limit."""

    def __init__(self, late_after_days: int = 0) -> None:
        self.late_after_days = late_after_days

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Learn the late share of all, open rows censored."""
        paid_by = doubted(share_paid_by(*_followed(rows, outcome)))
        self.late_rate_ = float(1 - paid_by[SPAN + self.late_after_days])
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return p_late only."""
        late = late_rate(rows, self.late_rate_, PRIOR_WEIGHT)
        passed = rows["days_past_due"].to_numpy(np.float64) > self.late_after_days
        return _only(rows, p_late=np.where(passed, 1.0, late))


class MedianDelay:
    """Due day plus the median of the debtor's last five days late; without history the median of all."""

    column: ClassVar[str] = "median_days_late_last_5"

    def __init__(self, late_after_days: int = 0) -> None:
        self.late_after_days = late_after_days

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Learn the median days late of all, open rows censored."""
        self.median_ = ShrunkenRule(self.late_after_days).fit(rows, outcome).median_
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return days_until_p50 only: that day, or the row's own once it has passed."""
        needed(rows, self.column, "days_past_due")
        delay = np.rint(rows[self.column].fillna(self.median_).to_numpy(np.float64))
        return _only(rows, days_until_p50=np.maximum(delay - rows["days_past_due"].to_numpy(np.float64), 0))


class AverageDaysDelinquent(MedianDelay):
    """Due day plus the debtor's mean days late over everything it ever paid."""

    column: ClassVar[str] = "mean_days_late"


class InvoiceOnly:
    """Late or not from the invoice alone, without the debtor's history: boosting on a few columns."""

    def __init__(self, late_after_days: int = 0) -> None:
        self.late_after_days = late_after_days

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Learn from rows whose lateness is decided, weighted for those censored before.

        A row weighs 1 / P(not censored before it was decided): the early payments among the youngest
        rows would otherwise speak alone (inverse probability of censoring weights).
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        needed(rows, *INVOICE_ONLY)
        # A column that is empty or always the same teaches nothing, and an empty one stops the boosting.
        self.columns_ = [name for name in INVOICE_ONLY if rows[name].nunique() > 1]
        entered, left, paid = _followed(rows, outcome)
        limit = self.late_after_days
        decided = (entered <= limit) & (paid | (left >= limit))
        censored_by = share_paid_by(entered, left, ~paid)
        until_decided, until_watched = (
            1 - censored_by[np.clip(day - 1, -SPAN, SPAN) + SPAN]
            for day in (np.minimum(left, limit), entered)
        )
        trusted = decided & (until_decided > 0.05 * until_watched)
        weight = until_watched[trusted] / until_decided[trusted]
        X, y = rows[self.columns_].to_numpy(np.float64)[trusted], ((left > limit) | ~paid)[trusted]
        self.model_: Any = None
        self.late_rate_ = float(np.average(y, weights=weight)) if len(y) else 0.5
        if self.columns_ and len(np.unique(y)) == 2:
            boosting = HistGradientBoostingClassifier(
                max_iter=60, max_leaf_nodes=8, min_samples_leaf=40, early_stopping=False, random_state=0
            )
            with threadpool_limits(1, user_api="openmp"):
                self.model_ = boosting.fit(X, y, sample_weight=weight)
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return p_late only."""
        needed(rows, *INVOICE_ONLY)
        X = rows[self.columns_].to_numpy(np.float64)
        late = np.full(len(rows), self.late_rate_)
        if self.model_ is not None and len(rows):
            late = self.model_.predict_proba(X)[:, 1]
        passed = rows["days_past_due"].to_numpy(np.float64) > self.late_after_days
        return _only(rows, p_late=np.where(passed, 1.0, late))


def _followed(rows: pd.DataFrame, outcome: pd.DataFrame) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Return the day late each row was watched from and to, and whether it was paid then."""
    needed(rows, "days_past_due")
    days = outcome["days_late"].to_numpy(np.int64)
    return rows["days_past_due"].to_numpy(np.int64), days, outcome["event"].to_numpy(bool)


def _only(rows: pd.DataFrame, **columns: Floats) -> pd.DataFrame:
    return pd.DataFrame(columns, index=rows.index).reindex(columns=list(PREDICTION)).astype(np.float64)


BASELINES: dict[str, Callable[[int], Baseline]] = {
    "class_prior": ClassPrior,
    "own_rate": OwnRate,
    "median_delay": MedianDelay,
    "average_days_delinquent": AverageDaysDelinquent,
    "ageing_roll_rate": AgeingRollRate,
    "invoice_only": InvoiceOnly,
    "rule": ShrunkenRule,
}
"""Name → what makes an unfitted one from `late_after_days`. The rule is among them: a model that is not
better than what speaks in its absence is not needed."""
