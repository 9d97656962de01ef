"""When an open item is paid, as a curve drawn through the figures that its prediction publishes.

Timing, worklist and cash forecast read the same table that leaves the house, so what they say can be
recomputed from it. Between two known points the share paid rises evenly; beyond the last one it goes on at
the pace between the last two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.scorer import CLASS_BORDERS, CLASSES, HORIZON_DAYS, QUANTILES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TAIL = 2
"""Points beyond the last known one, each where the open share has halved twice."""


@dataclass(frozen=True)
class PaymentSketch:
    """Items x points, rising along each row; days count from the run day, which is day 0.

    days: paid by the end of that day. share: share paid by then, 0 to 1; the first point is day -1 and 0.
    """

    days: Floats
    share: Floats


def sketch(predictions: pd.DataFrame, day: date) -> PaymentSketch:
    """Return the curves of the rows of `predictions` (inside names) of a run as of `day`."""
    today = pd.Timestamp(day)
    past_due = predictions["days_past_due"].to_numpy(dtype=np.float64)
    paid_by_border = np.cumsum(predictions[list(CLASSES[:-1])].to_numpy(dtype=np.float64), axis=1)
    borders = np.asarray(CLASS_BORDERS, dtype=np.float64)[None, :] - past_due[:, None]
    passed = borders < 0
    days, share = [np.where(passed, -1.0, borders)], [np.where(passed, 0.0, paid_by_border)]
    horizon = np.maximum(-past_due, 0) + HORIZON_DAYS
    for name, quantile in QUANTILES.items():
        wait = (predictions[name.replace("days_until", "paid_on")] - today).dt.days.to_numpy(dtype=np.float64)
        unknown = np.isnan(wait)
        days.append(np.where(unknown, horizon, wait)[:, None])
        share.append(np.where(unknown, np.nan, quantile)[:, None])
    first = np.full((len(predictions), 1), -1.0)
    x = np.concatenate([first, *days], axis=1)
    y = np.concatenate([np.zeros_like(first), *share], axis=1)
    y = np.where(np.isnan(y), np.nanmax(y, axis=1, initial=0.0, keepdims=True), y)
    order = np.lexsort((y, x), axis=1)
    x, y = np.take_along_axis(x, order, axis=1), np.take_along_axis(y, order, axis=1)
    y = np.minimum(np.maximum.accumulate(y, axis=1), 1.0)
    return _with_tail(x, y, horizon)


def paid_by(curve: PaymentSketch, days: npt.ArrayLike) -> Floats:
    """Return the share of each item paid by the end of a day: a number for all, or one for each item."""
    wanted = np.broadcast_to(np.asarray(days, dtype=np.float64), len(curve.days))
    # of several points on one day the last counts: by the end of the day its share is paid
    return _between(curve.days, curve.share, wanted, (curve.days <= wanted[:, None]).sum(axis=1))


def day_paid(curve: PaymentSketch, share: npt.ArrayLike) -> Floats:
    """Return the day from which on each item is paid with that probability; infinite where it never is."""
    wanted = np.broadcast_to(np.asarray(share, dtype=np.float64), len(curve.days))
    found = _between(curve.share, curve.days, wanted, (curve.share < wanted[:, None]).sum(axis=1))
    # without the subtrahend a share reached at the end of a day could round up to the next
    whole = np.where(wanted > 0, np.maximum(np.ceil(found - 1e-9), 0.0), 0.0)
    return np.where(wanted > curve.share[:, -1], np.inf, whole)


def waiting_after(curve: PaymentSketch, days: npt.ArrayLike) -> Floats:
    """Return the days that each item is expected to be still open after a day, up to the last point.

    The area between the curve and 1 to the right of the day.
    """
    wanted = np.broadcast_to(np.asarray(days, dtype=np.float64), len(curve.days))[:, None]
    left, right = np.maximum(curve.days[:, :-1], wanted), np.maximum(curve.days[:, 1:], wanted)
    rise = np.diff(curve.share, axis=1)
    run = np.diff(curve.days, axis=1)
    slope = np.divide(rise, run, out=np.zeros_like(rise), where=run > 0)
    middle = curve.share[:, :-1] + slope * ((left + right) / 2 - curve.days[:, :-1])
    return np.asarray(((right - left) * (1 - middle)).sum(axis=1))


def _with_tail(x: Floats, y: Floats, horizon: Floats) -> PaymentSketch:
    """Add points beyond the last known one, inside the horizon, and the horizon itself."""
    known = np.argmax(y >= y[:, -1:], axis=1)
    rows = np.arange(len(x))
    day, open_share = x[rows, known], np.maximum(1 - y[rows, known], 1e-9)
    before = np.maximum((x < day[:, None]).sum(axis=1) - 1, 0)
    # pace at which the open share shrinks between the two last known points, per day
    steps = np.maximum(day - x[rows, before], 1.0)
    pace = np.log(np.maximum(1 - y[rows, before], 1e-9) / open_share) / steps
    ends = np.minimum(x, day[:, None])
    tail_x, tail_y = [], []
    for number in range(1, TAIL + 1):
        wait = np.divide(number * np.log(4.0), pace, out=np.full(len(x), np.inf), where=pace > 1e-9)
        at = np.maximum(np.minimum(day + wait, horizon), day)
        tail_x.append(at)
        tail_y.append(1 - open_share * np.exp(-pace * (at - day)))
    tail_x.append(np.maximum(horizon, tail_x[-1]))
    tail_y.append(tail_y[-1])
    days = np.concatenate([ends, np.stack(tail_x, axis=1)], axis=1)
    share = np.concatenate([np.minimum(y, y[rows, known][:, None]), np.stack(tail_y, axis=1)], axis=1)
    return PaymentSketch(days, np.minimum(np.maximum.accumulate(share, axis=1), 1.0))


def _between(x: Floats, y: Floats, wanted: Floats, passed: Ints) -> Floats:
    """Return y at `wanted` of the row's line through its points, of which it has passed so many."""
    right = np.clip(passed, 1, x.shape[1] - 1)
    rows = np.arange(len(x))
    x0, x1, y0, y1 = x[rows, right - 1], x[rows, right], y[rows, right - 1], y[rows, right]
    run = x1 - x0
    part = np.divide(wanted - x0, run, out=np.ones_like(run), where=run > 0)
    return np.asarray(y0 + np.clip(part, 0.0, 1.0) * (y1 - y0))
