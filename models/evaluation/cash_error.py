"""Weekly cash: what the invoices of a fold were expected to bring at issue, against what they brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.evaluation.metrics import Bootstrap, Flags, Floats, Ints, figure
from models.payment.payment_curve import Curve, day_paid, paid_by

DRAWS = 200
BAND = (10, 90)
"""Percentiles of the drawn weekly sums between which the real one is expected."""

_MONDAY = 3  # days from a Monday to 1970-01-01


@dataclass(frozen=True)
class Invoices:
    """Each invoice once, on its first day; days are numbers since 1970-01-01."""

    issued: Ints
    due: Ints
    days_late: Ints
    paid: Flags
    amount: Floats
    """original amount, major units"""


def cash_error(
    curve: Curve, invoices: Invoices, last_known: int, boot: Bootstrap, *, seed: int
) -> dict[str, Any] | None:
    """Return how the weekly sums of expected payments differ from those of the real ones.

    Calendar weeks from the first to the last issue day that were over by `last_known`, the last day of
    the ledger; every invoice is paid in full or not at all. wape: sum of |expected - paid| over the sum
    paid. bias: sum expected / sum paid - 1. coverage: share of the weeks whose sum lies between the 10th
    and 90th percentile of drawn sums; claimed_coverage: share of the drawn sums that do. A debtor pays
    its invoices together: in a draw all of them are paid at the same quantile, each of its own curve.
    None where no such week has a payment.
    """
    if not len(invoices.issued):
        return None
    first = int(_week(invoices.issued).min())
    weeks = min(int(_week(invoices.issued).max()), (last_known + 1 + _MONDAY) // 7 - 1) - first + 1
    paid_week = np.where(invoices.paid, _week(invoices.due + invoices.days_late) - first, weeks)
    in_time = paid_week < weeks
    if not in_time.any():
        return None
    by_debtor = np.zeros((boot.counts.shape[1], weeks))
    np.add.at(by_debtor, (boot.codes[in_time], paid_week[in_time]), invoices.amount[in_time])
    expected_by_debtor = _expected(curve, invoices, boot, first, weeks)

    paid, expected = boot.counts @ by_debtor, boot.counts @ expected_by_debtor
    total = paid.sum(axis=1)
    missed = np.divide(
        np.abs(expected - paid).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0
    )
    ratio = np.divide(expected.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)
    drawn = _drawn(curve, invoices, boot, first, weeks, seed)
    low, high = np.percentile(drawn, BAND, axis=0)
    covered, claimed = (float(((low <= sums) & (sums <= high)).mean()) for sums in (paid[0], drawn))
    return {
        "invoices": len(invoices.issued),
        "weeks": weeks,
        "wape": figure(missed),
        "bias": figure(ratio - 1),
        "coverage": round(covered, 6),
        "claimed_coverage": round(claimed, 6),
    }


def _expected(curve: Curve, invoices: Invoices, boot: Bootstrap, first: int, weeks: int) -> Floats:
    """Return the expected payments, debtors x weeks."""
    sums = np.empty((boot.counts.shape[1], weeks))
    before = np.zeros(len(invoices.due))
    for week in range(weeks):
        sunday = (first + week) * 7 + 6 - _MONDAY
        by_sunday = paid_by(curve, sunday - invoices.due)
        weights = invoices.amount * (by_sunday - before)
        sums[:, week] = np.bincount(boot.codes, weights=weights, minlength=len(sums))
        before = by_sunday
    return sums


def _drawn(curve: Curve, invoices: Invoices, boot: Bootstrap, first: int, weeks: int, seed: int) -> Floats:
    """Return drawn weekly sums, draws x weeks, in each of which a debtor is early or late as one."""
    luck = np.random.default_rng(seed).random((DRAWS, boot.counts.shape[1]))
    sums = np.empty((DRAWS, weeks))
    after = (first + weeks) * 7.0  # a day that is in no week of the fold
    for draw in range(DRAWS):
        # luck is in [0, 1), and a share above 0 is wanted
        day = np.minimum(invoices.due + day_paid(curve, 1 - luck[draw, boot.codes]), after)
        week = _week(day.astype(np.int64)) - first
        sums[draw] = np.bincount(week, weights=invoices.amount, minlength=weeks + 1)[:weeks]
    return sums


def _week(day: Ints) -> Ints:
    """Return the number of the calendar week, Monday to Sunday."""
    return (day + _MONDAY) // 7
