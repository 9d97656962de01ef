"""The rule: when an invoice is paid, from the debtor's own late rate and typical delay.

It speaks where no model may: without a champion, with few rows, or when the gate refuses. A debtor's
figures are shrunken towards the group's, so one lucky invoice does not make a good payer and a debtor
without history gets what the group does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.scorer import CLASS_BORDERS, CLASSES, HORIZON_DAYS, PREDICTION, QUANTILES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PRIOR_WEIGHT = 5.0
"""Settled invoices that the group's figure weighs as much as."""

SPAN = 1000
"""Days late are followed from -SPAN to SPAN; what is later counts as never."""

DOUBT = 0.02
"""Weight of a broad guess mixed into the learned curve: few rows never make anything impossible."""

DOUBT_DAYS = 15.0
"""Scale of that guess around the typical day, in days."""

EARLY_SHARE = 0.1
"""Smallest part of the most rows ever at risk that an earlier day counts as at risk."""


def share_paid_by(entered: Ints, left: Ints, paid: npt.NDArray[np.bool_]) -> Floats:
    """Return the share paid by each day of -SPAN…SPAN (Kaplan-Meier with delayed entry).

    entered: day from which each row was watched, still unpaid. left: day it was paid or, where not
    `paid`, last seen unpaid. All on one scale of whole days. A row counts as at risk from entered to
    left, so rows watched from later on (landmarks after due) do not bias the earlier days. Up to the
    day with most rows at risk, each day counts at least EARLY_SHARE of them: else the only invoice with
    very long terms, once paid, would end the curve for everybody.
    """
    entered, left = (np.clip(days, -SPAN, SPAN) + SPAN for days in (entered, left))
    size = 2 * SPAN + 1
    arrivals = np.bincount(np.minimum(entered, left), minlength=size)
    departures, payments = np.bincount(left, minlength=size), np.bincount(left[paid], minlength=size)
    at_risk = arrivals.cumsum() - np.r_[0, departures.cumsum()[:-1]]
    peak = int(at_risk.argmax())
    at_risk = np.maximum(at_risk, np.where(np.arange(size) <= peak, EARLY_SHARE * at_risk[peak], 0))
    share: Floats = 1 - np.cumprod(1 - np.divide(payments, at_risk, out=np.zeros(size), where=at_risk > 0))
    return share


class ShrunkenRule:
    """The debtor's shrunken late rate and median delay, made into a distribution of payment days.

    The typical day is (n · median of the last five + k · median of all) / (n + k) days late, the late
    rate (n · own late share + k · group's) / (n + k), with n settled invoices and k `prior_weight`.
    Around the typical day lies the curve of all debtors' residuals; its parts up to and beyond
    `late_after_days` are scaled so that the second holds the late rate; then everything is made
    conditional on being unpaid on the row's day. Days are given up to `horizon_days`, counted from the
    later of due day and row day.
    """

    def __init__(
        self,
        late_after_days: int = 0,
        *,
        horizon_days: int = HORIZON_DAYS,
        prior_weight: float = PRIOR_WEIGHT,
    ) -> None:
        self.late_after_days = late_after_days
        self.horizon_days = horizon_days
        self.prior_weight = prior_weight

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Learn the group's median, late rate and curve of residuals; any number of rows will do."""
        entered = rows["days_past_due"].to_numpy(np.int64)
        left, paid = outcome["days_late"].to_numpy(np.int64), outcome["event"].to_numpy(bool)
        by_day = doubted(share_paid_by(entered, left, paid))
        self.late_rate_ = float(1 - by_day[SPAN + self.late_after_days])
        self.median_ = min(int(np.searchsorted(by_day, 0.5)) - SPAN, self.horizon_days)
        typical = self._typical(rows)
        self.residuals_ = doubted(share_paid_by(entered - typical, left - typical, paid))
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return PREDICTION per row: probabilities, and days from the row's day (NaN beyond the horizon)."""
        typical, late_rate = self._typical(rows), self._late_rate(rows)
        on_time_part = self._residual(self.late_after_days - typical)

        def paid_by(days_late: Ints | int) -> Floats:
            part = self._residual(days_late - typical)
            on_time = (1 - late_rate) * part / on_time_part
            late = 1 - late_rate * (1 - part) / (1 - on_time_part)
            return np.where(days_late <= self.late_after_days, on_time, late)

        def first_day(share: Floats) -> Floats:
            on_time = share / (1 - late_rate) * on_time_part
            late = 1 - (1 - share) / late_rate * (1 - on_time_part)
            wanted = np.where(share <= 1 - late_rate, on_time, late)
            # Without the subtrahend a share reached exactly could round up to the next day.
            place = np.searchsorted(self.residuals_, wanted - 1e-12)
            return np.where(place < len(self.residuals_), place - SPAN + typical, np.inf)

        prediction = conditional(
            rows["days_past_due"].to_numpy(np.int64),
            paid_by,
            first_day,
            self.late_after_days,
            self.horizon_days,
        )
        return prediction.set_index(rows.index)

    def _typical(self, rows: pd.DataFrame) -> Ints:
        needed(rows, "settled_invoices", "median_days_late_last_5", "days_past_due")
        settled = rows["settled_invoices"].fillna(0).to_numpy(np.float64)
        own = rows["median_days_late_last_5"].fillna(self.median_).to_numpy(np.float64)
        return np.rint(shrunken(own, settled, self.median_, self.prior_weight)).astype(np.int64)

    def _late_rate(self, rows: pd.DataFrame) -> Floats:
        return late_rate(rows, self.late_rate_, self.prior_weight)

    def _residual(self, days: Ints) -> Floats:
        share: Floats = self.residuals_[np.clip(days, -SPAN, SPAN) + SPAN]
        return share


def shrunken(own: Floats, count: Floats, group: Floats | float, weight: float) -> Floats:
    """Return (count · own + weight · group) / (count + weight)."""
    return (count * own + weight * group) / (count + weight)


def late_rate(rows: pd.DataFrame, learned: float, weight: float) -> Floats:
    """Return the debtor's own late share, shrunken towards its group's.

    The group's is the mean of what is known: the share of items on the same terms, the portfolio's of
    the last 90 days, and the learned one, which keeps it off 0 and 1.
    """
    needed(rows, "settled_invoices", "late_share", "terms_late_share_365d", "portfolio_late_share_90d")
    known = rows[["terms_late_share_365d", "portfolio_late_share_90d"]].to_numpy(np.float64)
    group = (np.nansum(known, axis=1) + learned) / ((~np.isnan(known)).sum(axis=1) + 1)
    settled = rows["settled_invoices"].fillna(0).to_numpy(np.float64)
    return shrunken(rows["late_share"].fillna(0).to_numpy(np.float64), settled, group, weight)


def doubted(share: Floats) -> Floats:
    """Return the curve mixed with a broad guess around 0 that leaves room for the very late.

    Its early side falls off exponentially; the late side is P(later than t) = 1 / 2(1 + t / DOUBT_DAYS),
    so what is already t days late waits about as long again.
    """
    days = np.arange(-SPAN, SPAN + 1)
    guess = np.where(
        days < 0, np.exp(days / DOUBT_DAYS) / 2, 1 - 0.5 / (1 + np.maximum(days, 0) / DOUBT_DAYS)
    )
    mixed: Floats = (1 - DOUBT) * share + DOUBT * guess
    return mixed


def conditional(
    days_past_due: Ints,
    paid_by: Callable[[Ints | int], Floats],
    first_day: Callable[[Floats], Floats] | None,
    late_after_days: int,
    horizon_days: int = HORIZON_DAYS,
) -> pd.DataFrame:
    """Return PREDICTION per row, given that it is unpaid at the start of its day.

    paid_by: share paid by that many days late, before conditioning. first_day: its inverse, the first
    day late by which that share is paid; without it the quantiles are empty.
    """
    before = paid_by(days_past_due - 1)
    unpaid = 1 - before

    def now_paid_by(days_late: Ints | int) -> Floats:
        return np.clip((paid_by(days_late) - before) / unpaid, 0, 1)

    up_to = [np.zeros(len(before)), *(now_paid_by(border) for border in CLASS_BORDERS), np.ones(len(before))]
    columns = dict(zip(CLASSES, np.diff(up_to, axis=0), strict=True))
    prediction = pd.DataFrame({"p_late": 1 - now_paid_by(late_after_days), **columns})
    horizon = horizon_days + np.maximum(0, -days_past_due)
    if first_day is None:
        return prediction.reindex(columns=list(PREDICTION))
    reached = {
        name: np.maximum(first_day(before + share * unpaid), days_past_due)
        for name, share in QUANTILES.items()
    }
    for name, day in reached.items():
        prediction[name] = np.where(day - days_past_due <= horizon, day - days_past_due, np.nan)
    earliest, latest = (
        np.minimum(reached[name], 4 * SPAN).astype(np.int64) for name in ("days_until_p10", "days_until_p90")
    )
    prediction["p_before_p10"] = now_paid_by(earliest - 1)
    prediction["p_after_p90"] = 1 - now_paid_by(latest)
    return prediction[list(PREDICTION)]


def needed(rows: pd.DataFrame, *columns: str) -> None:
    """Refuse rows that lack one of the features."""
    missing = [column for column in columns if column not in rows]
    if missing:
        raise ModelError(f"the rows lack the features {', '.join(missing)}; see `debtscape features`")
