"""The day of a friendly reminder that costs least: what it saves in waiting against what it costs to make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.payment.payment_sketch import PaymentSketch, waiting_after
from models.treatment.policy import Optimal

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CHUNK = 4096
"""Items weighed at a time: their days then fit into a processor's cache."""


@dataclass(frozen=True)
class Optimum:
    """One entry per item. days: from the run day. saving: expected, in the currency of the amounts.

    A saving of 0 or less says that no reminder in the whole range is worth its cost; the day is then the
    last one, when fewest are still open.
    """

    days: Ints
    saving: Floats


def optimal_days(
    curve: PaymentSketch,
    amount: npt.ArrayLike,
    contact_cost: npt.ArrayLike,
    optimal: Optimal,
    earliest: npt.ArrayLike,
    latest: npt.ArrayLike,
) -> Optimum:
    """Return the day of each item's reminder with the least expected cost; of equal ones the first.

    amount: open, in major units of the currency of the costs. contact_cost: of one contact. earliest, latest:
    first and last day that may be chosen, counted from the run day (0); a latest before the earliest counts
    as the earliest. Each a number for all, or one for each item.

    F is the share paid by the end of a day if nobody reminds, S = 1 - F. A reminder on the morning of day s,
    made only if the item is still open, against none at all:

    - contact: it is made with probability S(s-1) and costs contact_cost each time;
    - annoyance: F(s+r) - F(s-1) would have paid by themselves within r = response_days: annoyance_cost each;
    - money: of the S(s+r) that would not, responds_share do pay by s+r because of it. Each is early by the
      rest of its wait, together the area under S to the right of s+r (`waiting_after`; here added up day by
      day, so that a share paid on exactly one day waits half a day less), and a day of waiting costs
      amount x carrying_cost_per_year / 365. Those who respond before s+r save a little more: left out.

    saving(s) = money - contact - annoyance. The money shrinks with every day waited, the other two shrink
    with everybody who pays meanwhile, and the best day is where the first begins to fall faster. What is
    learned by waiting, that the item is still open, scales all three alike: a later run has the same day.
    """
    count = len(curve.days)
    value, cost = (np.broadcast_to(np.asarray(x, dtype=np.float64), count) for x in (amount, contact_cost))
    first, last = (np.broadcast_to(np.asarray(x, dtype=np.int64), count) for x in (earliest, latest))
    last = np.maximum(first, last)
    per_day = value * (optimal.carrying_cost_per_year / 365 * optimal.responds_share)
    days, saving = np.empty(count, dtype=np.int64), np.empty(count)
    for start in range(0, count, CHUNK):
        rows = slice(start, start + CHUNK)
        part = PaymentSketch(curve.days[rows], curve.share[rows])
        found = _savings(
            part, per_day[rows], cost[rows], optimal, first[rows], int((last - first)[rows].max())
        )
        found[np.arange(found.shape[1]) > (last - first)[rows, None]] = -np.inf
        best = found.argmax(axis=1)
        top = found[np.arange(len(found)), best]
        at_last = found[np.arange(len(found)), (last - first)[rows]]
        days[rows] = np.where(top > 0, first[rows] + best, last[rows])
        saving[rows] = np.where(top > 0, top, at_last)
    return Optimum(days, saving)


def expected_contacts(curve: PaymentSketch, days: npt.ArrayLike) -> Floats:
    """Return the probability that each item is still open on the morning of its day: contacts really made.

    Its sum is what a plan is expected to cost in contacts, so that plans can be compared at the same number.
    """
    before = np.broadcast_to(np.asarray(days, dtype=np.float64), len(curve.days))[:, None] - 1
    return 1 - _paid(curve, before)[:, 0]


def _savings(
    curve: PaymentSketch, per_day: Floats, cost: Floats, optimal: Optimal, first: Ints, span: int
) -> Floats:
    """Return items x days: the saving of a reminder on each of the days first … first + span."""
    response = optimal.response_days
    paid = _paid(curve, (first - 1)[:, None] + np.arange(span + response + 2, dtype=np.float64))
    before, after = paid[:, : span + 1], paid[:, response + 1 :]
    waiting = np.empty_like(after)
    waiting[:, -1] = waiting_after(curve, first + span + response)
    between = 1 - (after[:, :-1] + after[:, 1:]) / 2
    waiting[:, :-1] = between[:, ::-1].cumsum(axis=1)[:, ::-1] + waiting[:, -1:]
    contact = cost[:, None] * (1 - before)
    annoyance = optimal.annoyance_cost * (after - before)
    return np.asarray(per_day[:, None] * waiting - contact - annoyance)


def _paid(curve: PaymentSketch, days: Floats) -> Floats:
    """Return items x days: the share paid by the end of each day, every piece of the curve added in turn."""
    paid = np.repeat(curve.share[:, :1], days.shape[1], axis=1)
    run, rise = np.diff(curve.days, axis=1), np.diff(curve.share, axis=1)
    # a jump is a piece too short to be seen between two whole days
    pace = 1 / np.maximum(run, 1e-9)
    begins = np.where(run > 0, curve.days[:, :-1], curve.days[:, :-1] - 1e-9)
    for piece in range(run.shape[1]):
        part = days - begins[:, piece, None]
        part *= pace[:, piece, None]
        np.clip(part, 0, 1, out=part)
        part *= rise[:, piece, None]
        paid += part
    return paid
