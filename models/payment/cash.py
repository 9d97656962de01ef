"""Which money comes in when: the open items' payment curves, added up over days and weeks.

Money arrives on working days, Monday to Friday: what the curve gives to a weekend comes on the Monday after
it. The band is drawn: in a draw each debtor has one luck, and all its items are paid at that quantile, each
of its own curve. So a debtor that owes a quarter of all the money widens the band.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.output import CASH_FORECAST
from models.payment.cash_correction import Correction, corrected
from models.payment.payment_sketch import PaymentSketch, day_paid, sketch

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Dates = npt.NDArray[np.datetime64]

DAYS = 91
"""Calendar days ahead, the run day included, of which the working days are told one by one."""

WEEKS = 26
"""Calendar weeks told, the first of them that of the first working day."""

FEWEST_DRAWS, MOST_DRAWS, DRAWN_ITEMS = 200, 1000, 100_000_000
"""So many draws that items x draws stay below the last; with 500,000 items or more they are the fewest."""

FEWEST_LUCKS, MOST_LUCKS, LUCKY_ITEMS = 25, 200, 10_000_000
"""So many lucks that a debtor may have, one in each of as many equal parts, by the same rule."""

BAND = (10, 50, 90)
"""Percentiles of the drawn sums: the ends of the band and its middle."""

_LONGEST = 4000  # days ahead beyond which all days are alike


@dataclass(frozen=True)
class Arrivals:
    """Money by currency and working day, minor units; not rounded, not corrected.

    expected, overdue: currencies x days. drawn: draws x currencies x days.
    """

    days: Dates
    currencies: list[str]
    expected: Floats
    overdue: Floats
    drawn: Floats


def cash_forecast(
    predictions: pd.DataFrame,
    *,
    day: date,
    seed: int,
    corrections: Mapping[str, Any] | None = None,
    not_issued: pd.DataFrame | None = None,
    outside: Collection[str] = (),
) -> pd.DataFrame:
    """Return the table CASH_FORECAST: the working days of the next 91 days, and 26 weeks, per currency.

    `predictions`: the table of that name; what is dormant is not in it. `corrections`: what
    `learn_corrections` found, by currency. `not_issued`: what `future_cash` returns; told apart, part of
    nothing else. `outside`: customer_ids of which no money is counted on, such as insolvent ones. The first
    week holds what is left of it. A week's expected amounts are the sums of its days; its band is its own.
    """
    found = arrivals(predictions[~predictions["customer_id"].isin(list(outside))], day=day, seed=seed)
    later = _by_currency(not_issued, found.days)
    parts = []
    for currency in sorted({*found.currencies, *later}):
        known = Correction.of(corrections, currency)
        place = found.currencies.index(currency) if currency in found.currencies else None
        nothing = np.zeros(len(found.days))
        expected, overdue = (
            nothing if place is None else np.rint(known.bias * amounts[place])
            for amounts in (found.expected, found.overdue)
        )
        drawn = nothing[None] if place is None else found.drawn[:, place]
        sums = {"expected": expected, "overdue": overdue, "not_issued": later.get(currency, nothing)}
        by_day = _told("day", currency, found.days, sums, drawn, known)
        weeks, first = week_starts(found.days)
        by_week = {name: np.add.reduceat(amounts, first) for name, amounts in sums.items()}
        near = found.days < np.datetime64(day, "D") + DAYS
        parts += [
            by_day[near],
            _told("week", currency, weeks, by_week, np.add.reduceat(drawn, first, axis=1), known),
        ]
    if not parts:
        nothing = np.zeros(0)
        parts = [_told("day", "", found.days[:0], dict.fromkeys(_SUMS, nothing), nothing[None], Correction())]
    columns = [column.inside for column in CASH_FORECAST.columns]
    return pd.concat(parts, ignore_index=True)[columns]


def arrivals(predictions: pd.DataFrame, *, day: date, seed: int) -> Arrivals:
    """Return the money of the open items on each working day of the weeks ahead, expected and drawn."""
    rows = predictions.sort_values(["customer_id", "invoice_id"], ignore_index=True)
    days = arrival_days(day)
    curve = _on_working_days(sketch(rows, day), day)
    amount = rows["open_amount_minor"].to_numpy(np.float64)
    currency, currencies = pd.factorize(rows["currency"], sort=True)
    overdue = np.where(rows["days_past_due"].to_numpy() > 0, amount, 0.0)
    shape = (len(currencies), len(days))
    debtor = pd.factorize(rows["customer_id"])[0]
    return Arrivals(
        days,
        [str(name) for name in currencies],
        _expected(curve, amount, currency, shape),
        _expected(curve, overdue, currency, shape),
        _drawn(curve, amount, currency, shape, debtor, seed),
    )


def arrival_days(day: date) -> Dates:
    """Return the working days from `day` on to the end of the last week that is told."""
    first = np.busday_offset(np.datetime64(day, "D"), 0, roll="forward")
    days = _mondays(first) + np.arange(7 * WEEKS)
    working: Dates = days[np.is_busday(days) & (days >= first)]
    return working


def week_starts(days: Dates) -> tuple[Dates, Ints]:
    """Return the Monday of each week among the working days, and the place of its first day."""
    found, first = np.unique(_mondays(days), return_index=True)
    return found, first.astype(np.int64)


def _mondays(days: Any) -> Any:
    return days - (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def arrives_on(day: date, ahead: npt.ArrayLike) -> Ints:
    """Return the number of the working day on which money of a day arrives, 0 the first from `day` on.

    `ahead`: calendar days from `day`; what is before it arrives before the first, on -1.
    """
    today, offset = np.datetime64(day, "D"), np.asarray(ahead, dtype=np.int64)
    first = np.busday_offset(today, 0, roll="forward")
    number = np.busday_count(first, np.busday_offset(today + np.maximum(offset, 0), 0, roll="forward"))
    return np.where(offset < 0, -1, number).astype(np.int64)


def _on_working_days(curve: PaymentSketch, day: date) -> PaymentSketch:
    """Return the curves with working days as their days, so that they rise evenly from one to the next."""
    number = arrives_on(day, np.arange(-1, _LONGEST + 1)).astype(np.float64)
    ahead = np.clip(np.ceil(curve.days), -1, _LONGEST).astype(np.int64)
    return PaymentSketch(number[ahead + 1], curve.share)


def _expected(curve: PaymentSketch, amount: Floats, currency: Ints, shape: tuple[int, int]) -> Floats:
    """Return what is expected of the items by currency and day.

    A piece of a curve brings the same on each of its days, so only where pieces begin and end is added up.
    """
    width = shape[1] + 1
    starts = curve.days[:, :-1].astype(np.int64)
    ends = curve.days[:, 1:].astype(np.int64)
    begins = np.minimum(starts + 1, ends)
    a_day = np.diff(curve.share, axis=1) * amount[:, None] / np.maximum(ends - starts, 1)
    base = (currency * width)[:, None]
    change = np.zeros(shape[0] * width)
    for place, sign in ((begins, 1), (ends + 1, -1)):
        at = base + np.clip(place, 0, shape[1])
        change += sign * np.bincount(at.ravel(), weights=a_day.ravel(), minlength=len(change))
    summed: Floats = np.cumsum(change.reshape(shape[0], width), axis=1)[:, :-1]
    return np.maximum(summed, 0.0)


def _drawn(
    curve: PaymentSketch, amount: Floats, currency: Ints, shape: tuple[int, int], debtor: Ints, seed: int
) -> Floats:
    """Return drawn sums by draw, currency and day, in each of which a debtor is early or late as one."""
    width, items = shape[1] + 1, np.arange(len(amount))
    draws = int(np.clip(DRAWN_ITEMS // max(len(amount), 1), FEWEST_DRAWS, MOST_DRAWS))
    lucks = int(np.clip(LUCKY_ITEMS // max(len(amount), 1), FEWEST_LUCKS, MOST_LUCKS))
    rng = np.random.default_rng(seed)
    debtors = int(debtor.max(initial=-1)) + 1
    within = rng.random(debtors)[debtor]  # else all debtors would miss the same parts of their curves
    cell = np.empty((len(amount), lucks), dtype=np.int32)
    for number in range(lucks):
        # 1 - u is above 0, and a share above 0 is wanted
        share = 1 - (number + within) / lucks
        cell[:, number] = currency * width + np.minimum(day_paid(curve, share), shape[1])
    sums = np.empty((draws, shape[0] * width))
    for draw in range(draws):
        lucky = rng.integers(lucks, size=debtors, dtype=np.uint8)
        sums[draw] = np.bincount(cell[items, lucky[debtor]], weights=amount, minlength=sums.shape[1])
    return sums.reshape(draws, shape[0], width)[:, :, :-1]


_SUMS = ("expected", "overdue", "not_issued")


def _told(
    period: str,
    currency: str,
    starts: Dates,
    sums: Mapping[str, Floats],
    drawn: Floats,
    known: Correction,
) -> pd.DataFrame:
    """Return the rows of one period and currency, money rounded to minor units."""
    low, middle, high = np.percentile(drawn, BAND, axis=0)
    low, high = corrected(low, middle, high, known)
    money = {f"{name}_amount_minor": np.rint(sums[name]).astype(np.int64) for name in _SUMS}
    return pd.DataFrame(
        {
            "period": pd.Series([period] * len(starts), dtype="str"),
            "starts_on": starts.astype("datetime64[s]"),
            "currency": pd.Series([currency] * len(starts), dtype="str"),
            **money,
            "p10_amount_minor": np.rint(low).astype(np.int64),
            "p90_amount_minor": np.rint(high).astype(np.int64),
            "corrected": known.learned,
        }
    ).astype({"corrected": bool})


def _by_currency(not_issued: pd.DataFrame | None, days: Dates) -> dict[str, Floats]:
    """Return the money of invoices not yet issued on each of the days, by currency."""
    if not_issued is None:
        return {}
    found = {}
    for currency, rows in not_issued.groupby("currency", sort=True):
        by_day = pd.Series(rows["amount_minor"].to_numpy(np.float64), rows["day"].to_numpy("datetime64[D]"))
        found[str(currency)] = np.rint(by_day.reindex(days, fill_value=0.0).to_numpy())
    return found
