"""The reasons of a prediction in words: the strongest contributions, each with the figures of its group.

The words state figures and say which way the model took them; they do not argue. A good-looking figure
that the model holds against the invoice is said as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.payment.explain import GROUPS
from models.payment.rule import needed
from models.scorer import PAID_ON

MOST = 3
"""Contributions in one explanation."""

LEAST_LOG_ODDS = 0.05
"""A smaller contribution is not worth a word: it moves a chance of one half by about one point."""

FEW = 3
"""Settled invoices below which a share of them says little."""

LAST = 5
"""Settled invoices that "lately" speaks of."""

QUIET_DAYS = 30
"""Days without a settlement from which they are worth a word."""

HABIT_SHARE = 0.5
"""Share of the payments on one weekday, or at month ends, from which it is a habit."""

_UNUSUAL_RATIO = 2.0
_WHOLE = 0.995  # 100 % in whole percent
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_COHORTS = (
    "with a like score", "on the same terms", "in the sector", "of the same size", "in the country",
    "of all invoices",
)  # fmt: skip
_COHORTS_SAID = 3


def reasons(rows: pd.DataFrame, contributed: pd.DataFrame, currency: pd.Series | None = None) -> pd.Series:
    """Return the strongest contributions of each row in words, joined by "; "; same index as `rows`.

    `contributed` is what `explain.contributions` returned for these rows. At most MOST are said, those of at
    least LEAST_LOG_ODDS, the strongest first, each with "(raises)" or "(lowers)" for the risk; an
    overdue invoice starts with its days past due. A row that nothing moves that much says when it is due
    and how many invoices were settled: never an empty text. Amounts are in the row's own currency, and
    begin with its code where `currency` is given. Refuses, with ModelError, rows that lack a feature it
    speaks of.
    """
    needed(rows, "days_past_due", "settled_invoices", *(name for _, used in WORDS.values() for name in used))
    if not contributed.index.equals(rows.index):
        raise ModelError("the contributions are those of other rows: compute them for the same table")
    past = rows["days_past_due"].to_numpy(np.float64)
    codes = np.full(len(rows), "") if currency is None else currency.fillna("").to_numpy(object)
    slots = np.full((len(rows), 1 + MOST), "", dtype=object)
    overdue = np.flatnonzero(past > 0)
    slots[overdue, 0] = [f"{_days(days)} past due" for days in past[overdue].tolist()]

    weights = _without_doubles(rows, contributed)
    strongest = np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :MOST]
    heavy = np.abs(np.take_along_axis(weights, strongest, axis=1)) >= LEAST_LOG_ODDS
    for at, (say, used) in enumerate(WORDS[group] for group in GROUPS):
        said, place = np.nonzero((strongest == at) & heavy)
        figures = rows[list(used)].to_numpy(np.float64)[said].tolist()
        raises = (weights[said, at] > 0).tolist()
        slots[said, 1 + place] = [
            f"{say(code, *row)} ({'raises' if up else 'lowers'})"
            for code, row, up in zip(codes[said].tolist(), figures, raises, strict=True)
        ]
    unmoved = np.flatnonzero((slots == "").all(axis=1))
    settled = rows["settled_invoices"].to_numpy(np.float64)
    slots[unmoved, 0] = [
        f"{_due(days)}, {_so_far(count)}"
        for days, count in zip(past[unmoved].tolist(), settled[unmoved].tolist(), strict=True)
    ]
    words = ["; ".join(part for part in row if part) for row in slots.tolist()]
    return pd.Series(words, index=rows.index, dtype="str")


def _without_doubles(rows: pd.DataFrame, contributed: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the weights; where the last five are the whole history, the two are one fact, said once."""
    weights = contributed[list(GROUPS)].to_numpy(np.float64, copy=True)
    same = ~(rows["settled_invoices"].to_numpy(np.float64) > LAST)
    history, lately = GROUPS.index("history"), GROUPS.index("lately")
    weights[same, history] += weights[same, lately]
    weights[same, lately] = 0
    return weights


def _history(
    _: str,
    settled: float,
    share: float,
    mean: float,
    recent: float,
    recent_share: float,
    recent_mean: float,
    disputes: float,
    reversals: float,
) -> str:
    if not settled > 0:
        paid = _so_far(settled)
    elif settled < FEW:
        average = " on average" if settled > 1 else ""
        paid = f"only {_so_far(settled)}, {_after_due(mean)}{average}"
    elif recent > 0:
        paid = f"{_late(recent_share, recent)} of {recent:,.0f} paid late in 365 days"
        paid = f"{paid}, {_after_due(recent_mean)} on average"
    else:
        paid = f"{_late(share, settled)} of {settled:,.0f} paid late, none settled in 365 days"
    trouble = [_count(disputes, "dispute")] if disputes > 0 else []
    trouble += [f"{_count(reversals, 'payment')} taken back"] if reversals > 0 else []
    return ", ".join([paid, *trouble])


def _lately(
    _: str,
    share: float,
    mean: float,
    days_since: float,
    weekday: float,
    month_end: float,
    next_run: float,
    *paid_on: float,
) -> str:
    parts = [f"{_late(share, LAST)} of the last {LAST} paid late, {_after_due(mean)} on average"]
    parts += [f"none settled for {_days(days_since)}"] if days_since >= QUIET_DAYS else []
    if month_end >= HABIT_SHARE:
        parts.append("pays at month end")
    elif weekday >= HABIT_SHARE:
        parts.append(f"pays on {_WEEKDAYS[paid_on.index(max(paid_on))]}s")
    parts += [] if isnan(next_run) else [f"usual pay day {_after_due(next_run, 0)}"]
    return ", ".join(parts)


def _dispute(_: str, now: float) -> str:
    return "disputed" if now > 0 else "not disputed"


def _open_items(currency: str, items: float, overdue: float, amount: float, days: float) -> str:
    if overdue > 0:
        average = f", {_days(days)} on average" if not isnan(days) else ""
        return f"{_money(currency, amount)} already overdue{average}"
    return f"nothing overdue of {_count(items, 'open invoice')}" if items > 0 else "no other open invoice"


def _invoice(
    currency: str, amount: float, ratio: float, terms: float, weekday: float, open_share: float
) -> str:
    unusual = ratio < 1 / _UNUSUAL_RATIO or ratio >= _UNUSUAL_RATIO
    times = f" ({ratio:.1f} times the usual)" if unusual else ""
    due = f", due on a {_WEEKDAYS[int(weekday)]}" if not isnan(weekday) else ""
    rest = f", {open_share:.0%} of it open" if open_share < _WHOLE else ""
    return f"invoice of {_money(currency, amount)}{times} at {_days(terms)}{due}{rest}"


def _peers(_: str, score: float, *shares: float) -> str:
    known = [
        f"{share:.0%} {whose}" for share, whose in zip(shares, _COHORTS, strict=True) if not isnan(share)
    ]
    parts = [] if isnan(score) else [f"credit score {score:g}"]
    parts += [f"paid late: {', '.join(known[:_COHORTS_SAID])}"] if known else []
    return ", ".join(parts) or "nothing known of similar invoices"


def _volume(currency: str, ever: float, recent: float, amount: float, since: float) -> str:
    if not ever > 0:
        return "first invoice"
    worth = f"{_count(recent, 'invoice')} worth {_money(currency, amount)}" if recent > 0 else "no invoice"
    return f"{worth} in 365 days, customer for {_days(since)}"


WORDS: dict[str, tuple[Callable[..., str], tuple[str, ...]]] = {
    "volume": (
        _volume,
        ("invoices_issued", "invoices_issued_365d", "issued_amount_365d", "days_since_first_invoice"),
    ),
    "history": (
        _history,
        (
            "settled_invoices", "late_share", "mean_days_late",
            "settled_invoices_365d", "late_share_365d", "mean_days_late_365d",
            "disputes_opened_365d", "reversals_365d",
        ),
    ),
    "lately": (
        _lately,
        (
            "late_share_last_5", "mean_days_late_last_5", "days_since_last_payment",
            "pay_weekday_share_365d", "month_end_share_365d", "days_late_at_next_run", *PAID_ON[:5],
        ),
    ),
    "dispute": (_dispute, ("disputed_now",)),
    "open_items": (
        _open_items,
        ("open_invoices", "overdue_invoices", "overdue_amount", "weighted_days_past_due"),
    ),
    "invoice": (
        _invoice,
        ("invoice_amount", "amount_to_mean_ratio", "payment_terms_days", "due_weekday", "open_share"),
    ),
    "peers": (
        _peers,
        (
            "credit_score", "peer_late_share_365d", "terms_late_share_365d", "sector_late_share_365d",
            "size_late_share_365d", "country_late_share_365d", "portfolio_late_share_90d",
        ),
    ),
}  # fmt: skip
"""How each group is said, and the features that its words take, in the order they take them."""


def _late(share: float, count: float) -> str:
    late = share * count
    return "some" if isnan(late) else f"{round(late):,}" if round(late) else "none"


def _due(days_past_due: float) -> str:
    if isnan(days_past_due):
        return "due on an unknown day"
    return f"due in {_days(-days_past_due)}" if days_past_due < 0 else "due today"


def _so_far(settled: float) -> str:
    return f"{_count(settled, 'settled invoice')} so far" if settled > 0 else "no settled invoice yet"


def _after_due(days: float, decimals: int = 1) -> str:
    if isnan(days):
        return "days late unknown"
    rounded = round(days, decimals)
    if rounded == 0:
        return "on the due day"
    number = f"{abs(rounded):.1f} days" if decimals else _days(abs(rounded))
    return f"{number} {'after' if rounded > 0 else 'before'} due"


def _money(currency: str, amount: float) -> str:
    figure = "an unknown amount" if isnan(amount) else f"{amount:,.2f}"
    return f"{currency} {figure}" if currency else figure


def _days(number: float) -> str:
    return _count(number, "day")


def _count(number: float, what: str) -> str:
    if isnan(number):
        return f"an unknown number of {what}s"
    whole = round(number)
    return f"{whole:,} {what}{'' if whole == 1 else 's'}"
