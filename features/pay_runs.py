"""On which days of the week and of the month a debtor pays.

Many debtors pay on fixed days, so a delay that is known to a week can be placed within it. The closings are
those of payment_history, of the 365 days before the point as known, told apart by the day they happened.
"""

from __future__ import annotations

import numpy as np

from features.books import Books
from features.payment_history import paid_closings
from features.timeline import Figures, Flags, Floats, Ints, Points, ratio, running, timeline

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
MONTH_END_DAYS = 2
FEWEST_FOR_RHYTHM = 3
HABIT_SHARE = 0.5
HALF_MONTH, HALF_WEEK = 15, 3


def pay_run_counts(books: Books, group: Ints, points: Points) -> Figures:
    """Return the counts of PAY_RUN by name; `group` is the group of each item, ascending."""
    paid = paid_closings(books)
    line, order = timeline(group[paid.item], paid.known)
    settled = paid.settled[order]
    now, year = points.before(line), points.before(line, 365)
    weekday = (settled + 3) % 7  # 1970-01-01 was a Thursday
    paid_on = {f"paid_on_{name}_365d": weekday == number for number, name in enumerate(WEEKDAYS)}
    paid_on |= {
        "paid_on_weekend_365d": weekday >= len(WEEKDAYS),
        "paid_at_month_end_365d": _at_month_end(settled),
    }
    counts: Figures = {}
    for name, flags in paid_on.items():
        sums = running(flags)
        counts[name] = sums[now] - sums[year]
    return counts


def pay_rhythm(counts: Figures, mean_days_late: Floats, due: Ints) -> Figures:
    """Return RHYTHM by name, from PAY_RUN, mean_days_late_365d and the due day of each point's invoice.

    Of two weekdays equally common the earlier one counts; weekends are no habit.
    """
    by_weekday = np.stack([counts[f"paid_on_{name}_365d"] for name in WEEKDAYS])
    paid = by_weekday.sum(axis=0) + counts["paid_on_weekend_365d"]
    enough = np.where(paid >= FEWEST_FOR_RHYTHM, paid, 0)
    share, habit = ratio(by_weekday.max(axis=0), enough), by_weekday.argmax(axis=0)
    month_end_share = ratio(counts["paid_at_month_end_365d"], enough)
    monthly, weekly = month_end_share >= HABIT_SHARE, share >= HABIT_SHARE
    usual = np.nan_to_num(mean_days_late) - np.where(monthly, HALF_MONTH, HALF_WEEK)
    ready = due + np.floor(usual + 0.5).astype(np.int64)
    wait = np.where(monthly, days_to_month_end(ready), _days_to_weekday(ready, habit))
    return {
        "pay_weekday_share_365d": share,
        "month_end_share_365d": month_end_share,
        "days_due_to_pay_weekday": np.where(weekly, _days_to_weekday(due, habit), np.nan),
        "days_late_at_next_run": np.where(monthly | weekly, ready + wait - due, np.nan),
        "days_waiting_for_run": np.where(monthly | weekly, wait, np.nan),
    }


def _days_to_weekday(day: Ints, weekday: Ints) -> Ints:
    return (weekday - (day + 3)) % 7


def _at_month_end(day: Ints) -> Flags:
    """The last two days of a month, and a Monday to which they were put off."""
    put_off = ((day + 3) % 7 == 0) & (days_to_month_end(day - MONTH_END_DAYS) < MONTH_END_DAYS)
    at_end: Flags = (days_to_month_end(day) < MONTH_END_DAYS) | put_off
    return at_end


def days_to_month_end(day: Ints) -> Ints:
    """Days from each day to the last one of its month, 0 on that day."""
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    last: Ints = (month + 1).astype("datetime64[D]").astype(np.int64) - 1 - day
    return last
