"""The share paid by each day, as far as the columns of a prediction say it.

A prediction gives a few points of its distribution: nothing is paid before its own day, a tenth, half
and nine tenths by its three quantile days, the classes up to their borders. Between two of them the
curve is a straight line, after the last one it stays level.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from models.evaluation.metrics import Flags, Floats, Ints
from models.scorer import CLASS_BORDERS, CLASSES, QUANTILES

_BEYOND = 1e9


class Curve(NamedTuple):
    """Knots of each row, rows x knots: days late, ascending, and the share paid by the end of that day."""

    days_late: Floats
    share: Floats

    def take(self, rows: Flags) -> Curve:
        """Return the curves of some of the rows."""
        return Curve(self.days_late[rows], self.share[rows])


def payment_curve(given: Mapping[str, Floats], past: Ints) -> Curve:
    """Return the curve of each row from what its model gives: quantiles, class probabilities or both.

    given: columns of PREDICTION; an empty quantile is no knot. past: days past due on the row's day,
    on which it is still unpaid. Knots that contradict each other are made monotone upwards.
    """
    days, shares = [past - 1.0], [np.zeros(len(past))]
    for name, share in QUANTILES.items():
        if name in given:
            days.append(np.where(np.isnan(given[name]), _BEYOND, past + given[name]))
            shares.append(np.where(np.isnan(given[name]), 0.0, share))
    if set(CLASSES) <= set(given):
        paid = np.cumsum([given[name] for name in CLASSES[:-1]], axis=0)
        for border, by_border in zip(CLASS_BORDERS, paid, strict=True):
            days.append(np.full(len(past), float(border)))
            shares.append(np.where(border < past, 0.0, np.clip(by_border, 0, 1)))
    knots = np.stack(days, axis=1)
    # stable, so that of quantiles on one day the smallest comes first and the line leads up to it
    order = np.argsort(knots, axis=1, kind="stable")
    ascending = np.take_along_axis(np.stack(shares, axis=1), order, axis=1)
    return Curve(np.take_along_axis(knots, order, axis=1), np.maximum.accumulate(ascending, axis=1))


def paid_by(curve: Curve, days_late: Ints) -> Floats:
    """Return the share that each row's curve has paid by the end of a day, one day per row."""
    last = curve.days_late.shape[1] - 1
    left = (curve.days_late <= days_late[:, None]).sum(axis=1) - 1
    here, there = (_at(curve, np.clip(knot, 0, last)) for knot in (left, left + 1))
    way = np.divide(
        days_late - here[0], there[0] - here[0], out=np.zeros(len(left)), where=there[0] > here[0]
    )
    share: Floats = np.where(left < 0, 0.0, here[1] + np.clip(way, 0, 1) * (there[1] - here[1]))
    return share


def day_paid(curve: Curve, share: Floats) -> Floats:
    """Return the first whole day late by which each row has paid a share > 0; inf where it never has."""
    reached = (curve.share < share[:, None]).sum(axis=1)
    ever = reached < curve.share.shape[1]
    knot = np.where(ever, reached, 1)
    before, after = _at(curve, knot - 1), _at(curve, knot)
    way = np.divide(share - before[1], after[1] - before[1], out=np.ones(len(knot)), where=ever)
    # without the subtrahend a share reached at the end of a day could round up to the next
    day = np.ceil(before[0] + way * (after[0] - before[0]) - 1e-9)
    return np.where(ever, day, np.inf)


def _at(curve: Curve, knot: Ints) -> tuple[Floats, Floats]:
    row = np.arange(len(knot))
    return curve.days_late[row, knot], curve.share[row, knot]
