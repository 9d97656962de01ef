"""What invoices that are not issued yet will bring: a plain rule, told apart from what is owed.

As much is issued a week as in the last 13 weeks on the mean, more or less by season where the ledger is two
years old: last year's weeks against the 13 weeks before them. It is paid as the invoices of the last year
were: the share of the money paid so many days after issue (Kaplan and Meier's estimate, weighted by amount;
what is still open counts while it was observed, what was credited or written off is never paid).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.payment.cash import arrival_days, arrives_on

Floats = npt.NDArray[np.float64]

RECENT_WEEKS = 13
SEASON_WEEKS = 2
"""Weeks to each side over which last year's season is smoothed."""

SEASON_BOUNDS = (0.5, 2.0)
LONGEST_DAYS_TO_PAY = 365
YEAR = 364  # the same weekday a year ago


def future_cash(invoices: pd.DataFrame, closings: pd.DataFrame, *, day: date) -> pd.DataFrame:
    """Return currency, day (a working day) and amount_minor expected from invoices issued from `day` on.

    `invoices` and `closings` as known before the day, the latter from `open_items.closings`. Credit notes do
    not count. Covers the weeks of the cash forecast; empty where nothing was issued in the last 13 weeks.
    """
    days = arrival_days(day)
    span = int((days[-1] - np.datetime64(day, "D")).astype(np.int64)) + 1
    issued = invoices[(invoices["kind"] != "credit_note") & (invoices["amount_minor"] > 0)]
    ago = (pd.Timestamp(day) - issued["issued_on"]).dt.days.to_numpy()
    issued, ago = issued[ago > 0], ago[ago > 0]
    arrival = arrives_on(day, np.arange(span))
    parts = []
    for currency in sorted(issued["currency"].unique()):
        mine = (issued["currency"] == currency).to_numpy()
        rows, since = issued[mine], ago[mine]
        amount = rows["amount_minor"].to_numpy(np.float64)
        coming = _issued_ahead(amount, since, day, span)
        paid = np.convolve(coming, days_to_pay_shares(rows, closings, day))[:span]
        money = np.bincount(arrival, weights=paid, minlength=len(days))[: len(days)]
        if money.any():
            parts.append(pd.DataFrame({"currency": currency, "day": days, "amount_minor": money}))
    if not parts:
        nothing = {"currency": pd.Series(dtype="str"), "day": days[:0], "amount_minor": np.zeros(0)}
        return pd.DataFrame(nothing)
    return pd.concat(parts, ignore_index=True)


def days_to_pay_shares(invoices: pd.DataFrame, closings: pd.DataFrame, day: date) -> Floats:
    """Return which share of the money issued is paid 0, 1, … 365 days after issue; sums to 1 at most."""
    last = closings.drop_duplicates("invoice_id", keep="last").set_index("invoice_id")
    ended = last.reindex(invoices["invoice_id"])
    closed = (ended["settled_on"].notna() & ended["reopened_known_on"].isna()).to_numpy()
    paid = closed & (ended["how"] == "paid").to_numpy()
    ago = (pd.Timestamp(day) - invoices["issued_on"]).dt.days.to_numpy()
    recent = (ago > 0) & (ago <= YEAR + 1)
    took = (ended["settled_on"].to_numpy() - invoices["issued_on"].to_numpy()) / np.timedelta64(1, "D")
    until = np.where(paid, took, np.where(closed, LONGEST_DAYS_TO_PAY, ago - 1))
    until = np.clip(until, 0, LONGEST_DAYS_TO_PAY).astype(np.int64)
    paid &= ~(took > LONGEST_DAYS_TO_PAY)
    amount = invoices["amount_minor"].to_numpy(np.float64)
    length = LONGEST_DAYS_TO_PAY + 1
    at_risk = np.bincount(until[recent], weights=amount[recent], minlength=length)[::-1].cumsum()[::-1]
    events = np.bincount(until[recent & paid], weights=amount[recent & paid], minlength=length)
    hazard = np.divide(events, at_risk, out=np.zeros(length), where=at_risk > 0)
    open_by = np.cumprod(1 - np.clip(hazard, 0, 1))
    return np.asarray(-np.diff(open_by, prepend=1.0), dtype=np.float64)


def _issued_ahead(amount: Floats, ago: npt.NDArray[np.int64], day: date, span: int) -> Floats:
    """Return the money expected to be issued on each calendar day ahead, evenly over working days."""
    a_week = amount[ago <= 7 * RECENT_WEEKS].sum() / np.clip(ago.max(initial=0) / 7, 1, RECENT_WEEKS)
    ahead = np.arange(span)
    working = np.is_busday(np.datetime64(day, "D") + ahead)
    season = np.ones(span)
    if ago.max(initial=0) >= 2 * YEAR:
        past = np.bincount(ago, weights=amount).astype(np.float64)
        base = past[YEAR + 1 : YEAR + 7 * RECENT_WEEKS + 1].sum() / RECENT_WEEKS
        if base > 0:
            weeks = [_a_week_around(past, YEAR - 7 * week - 3) for week in range(span // 7 + 1)]
            season = np.clip(np.asarray(weeks)[ahead // 7] / base, *SEASON_BOUNDS)
    return np.asarray(np.where(working, a_week * season / 5, 0.0), dtype=np.float64)


def _a_week_around(past: Floats, ago: int) -> float:
    """Return the money issued a week around a day so many days ago."""
    low, high = ago - 7 * SEASON_WEEKS - 3, ago + 7 * SEASON_WEEKS + 3
    return float(past[max(low, 1) : high + 1].sum() * 7 / (high - max(low, 1) + 1))
