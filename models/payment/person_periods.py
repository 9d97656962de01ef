"""What the members learn from: points on the axis "days late", and the bins they were at risk in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.scorer import CLASS_BORDERS, Floats, Ints, axis_position, expand, first_day

Flags = npt.NDArray[np.bool_]

# fine where most payments fall; the bins beyond the horizon serve rows that are long past due already
_BEFORE_DUE = (-60, -30, -21, -14, -10, -7, -3, -1)
_AFTER_DUE = (3, 7, 14, 21, 45, 120, 180, 270)
_ENTERED_LATE = 1 / 3


@dataclass(frozen=True)
class Points:
    """Points of open invoices and what became of them, as arrays in one order.

    features: points x features. position: the point's day on the axis. end: day late of the payment, or
    last seen unpaid. decided: last day late of which it is known whether the item was paid by then.
    event: paid. day: calendar day of the point; the same everywhere when it is not known.
    """

    features: Floats
    position: Ints
    end: Ints
    decided: Ints
    event: Flags
    day: Ints

    def take(self, some: Flags | Ints) -> Points:
        """Return some of the points."""
        return Points(*(getattr(self, name)[some] for name in self.__dataclass_fields__))

    def known_before(self, day: int) -> Points:
        """Return the points before the calendar day as they stood then: what came later is censored."""
        past = self.take(self.day < day)
        last = day - 1 - (past.day - past.position)
        event = past.event & (past.end <= last)
        return replace(
            past,
            event=event,
            end=np.where(event, past.end, np.minimum(past.end, last)),
            decided=np.minimum(past.decided, last),
        )


def make_points(
    rows: pd.DataFrame,
    outcome: pd.DataFrame,
    features: Sequence[str],
    horizon_days: int,
    max_rows: int,
    seed: int,
) -> Points:
    """Return at most `max_rows` of the rows in an order that depends on their values and the seed alone.

    Columns of `outcome`: see `PaymentTime.fit`. Refuses, with ModelError, days that are missing or
    payments before the row's own day.
    """
    calendar = (
        (outcome["due_on"] - pd.Timestamp(0)).dt.days + _past_due(rows, outcome)
        if "due_on" in outcome
        else pd.Series(0, outcome.index)
    )
    used = [
        rows[list(features)],
        rows["days_past_due"],
        *_days_ahead(rows, outcome),
        outcome["event"],
        calendar,
    ]
    table = canonical_sample(
        np.column_stack([np.asarray(part, dtype=np.float64) for part in used]), max_rows, seed
    )
    position = axis_position(table[:, -5], horizon_days)
    until_end, until_decided = table[:, -4:-2].astype(np.int64).T
    return Points(
        features=table[:, :-5],
        position=position,
        end=position + until_end,
        decided=position + until_decided,
        event=table[:, -2] > 0,
        day=table[:, -1].astype(np.int64),
    )


def bin_borders(late_after_days: int, horizon_days: int) -> Ints:
    """Return the last day late of each bin, ascending; the borders of lateness and classes are among them."""
    if not 0 <= late_after_days < horizon_days:
        raise ModelError(
            f"late_after_days is {late_after_days}; choose whole days from 0 to {horizon_days - 1}"
        )
    inside = [day for day in (*_BEFORE_DUE, *CLASS_BORDERS, *_AFTER_DUE) if day < horizon_days]
    return np.unique([*inside, late_after_days, horizon_days, 2 * horizon_days]).astype(np.int64)


def person_periods(borders: Ints, points: Points, seed: int) -> tuple[Ints, Ints, Ints, Flags]:
    """Return (row, bin, first day at risk, paid in the bin) for the bins that a row was at risk in.

    The person-period form of Singer and Willett (1993). Bins that end after `decided` are left out.
    Every third bin is entered late, on a random day, and left out when the payment came before that:
    training rows stand on landmarks, open invoices on any day, so the hazard must learn what the rest
    of a bin is worth.
    """
    paid_in = np.where(points.event, np.searchsorted(borders, points.end), len(borders))
    whole = np.searchsorted(borders, points.decided, side="right") - 1
    row, bins = expand(np.searchsorted(borders, points.position), np.minimum(paid_in, whole))

    chance = np.random.default_rng(seed)
    start = first_day(borders, points.position[row], bins)
    entered = chance.integers(start, borders[bins] + 1)
    start = np.where(chance.random(len(row)) < _ENTERED_LATE, entered, start)
    paid = bins == paid_in[row]
    seen = ~paid | (start <= points.end[row])
    return row[seen], bins[seen], start[seen], paid[seen]


def likelihood(paid_by: Floats, borders: Ints, points: Points) -> Floats:
    """Return the probability each outcome was given: of the bin of its payment, or of being unpaid so long.

    paid_by: share paid by each border, points x borders. What is left after the last border is the
    probability of a payment beyond it.
    """
    row = np.arange(len(points.end))
    before = np.column_stack([np.zeros(len(row)), paid_by, np.ones(len(row))])
    paid_in = np.searchsorted(borders, points.end)
    whole = np.searchsorted(borders, np.where(points.event, points.position, points.end), side="right")
    happened = np.where(points.event, before[row, paid_in + 1] - before[row, paid_in], 1 - before[row, whole])
    return np.clip(happened, 1e-6, 1)


def canonical_sample(table: Floats, max_rows: int, seed: int) -> Floats:
    """Return at most `max_rows` rows in an order that depends on their values and the seed alone."""
    table = np.where(np.isnan(table), np.nan, table + 0.0)  # one NaN, and no negative zero
    key = np.full(len(table), seed, dtype=np.uint64)
    for column in np.ascontiguousarray(table.T).view(np.uint64):
        key = _mixed(key ^ column)
    return table[np.argsort(key, kind="stable")[:max_rows]]


def _mixed(key: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


def _past_due(rows: pd.DataFrame, outcome: pd.DataFrame) -> pd.Series:
    """Return each row's day on the outcome's due day."""
    if "days_past_due" in outcome:
        return outcome["days_past_due"]
    return rows["days_past_due"].set_axis(outcome.index)


def _days_ahead(rows: pd.DataFrame, outcome: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return, from the row's day, the days to the end of its story and to the last day that is decided."""
    passed = _past_due(rows, outcome)
    ahead = outcome["days_late"] - passed
    if ahead.isna().any():
        raise ModelError("days_past_due and days_late must be filled in every training row")
    early = outcome["event"] & (ahead < 0)
    if early.any():
        raise ModelError(f"{int(early.sum())} training rows were paid before their own day: leave them out")
    if "decided_until" not in outcome:
        return ahead, ahead.mask(outcome["event"], 10_000 + ahead)
    return ahead, (outcome["decided_until"] - outcome["due_on"]).dt.days - passed
