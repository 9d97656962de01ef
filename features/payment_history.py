"""The features of a debtor on a day: payment history and balances.

The same figures serve (debtor, day) points, over all of the debtor's items, and (invoice, day) points,
over the debtor's items in the invoice's currency.

- Payment behaviour looks at closings by payment, in the order in which they became known (same day: by
  settled day, then item). Closings by credit or write-off are censored: neither late nor on time. A later
  reversal does not take a closing back; it is counted by `reversals_365d`.
- Direct-debit items are paid on a day of our own choice: outside closings and `matured_invoices`, inside
  the counts of items and reversals (a returned debit says something) and inside balances.
- A debtor with items in several currencies has no money figures of its own from the day that is known:
  they are NaN in (debtor, day) points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.balances import balance_figures
from features.books import PAID, REVERSAL, Books, day_numbers
from features.catalogue import DEBTOR_FEATURES, names
from features.partitions import compute_in_parts
from features.timeline import (
    NEVER,
    Figures,
    Flags,
    Floats,
    Ints,
    Points,
    Timeline,
    composite,
    decayed_sums,
    look_up,
    median_of_last,
    order_by,
    rank_in_group,
    ratio,
    running,
    running_max,
    timeline,
)

HALF_LIFE_DAYS, LASTING_HALF_LIFE_DAYS = 90.0, 365.0
MATURED_AFTER_DAYS = 30
OF_MONEY = (
    "weighted_days_late_365d",
    "late_amount_share_365d",
    "open_amount",
    "overdue_amount",
    "overdue_over_30_amount",
    "overdue_share",
    "weighted_days_past_due",
    "issued_amount_365d",
    "issued_amount_90d",
    "mean_invoice_amount_365d",
    "issued_amount_trend",
)
"""Figures that add amounts of several items: they need one currency."""


def debtor_features(
    books: Books, points: pd.DataFrame, *, late_after_days: int = 0, workers: int = 1
) -> pd.DataFrame:
    """Return the DEBTOR_FEATURES of (customer_id, day) points, in the order and with the index given.

    Only facts known strictly before the day count. float64, NaN where a figure does not exist; money in
    major units. A customer without items has counts of 0.
    """
    found = books.customers.get_indexer(pd.Index(points["customer_id"]))
    debtor = np.where(found >= 0, found, len(books.customers)).astype(np.int64)
    day = day_numbers(points["day"])
    matrix, out = empty_matrix(names(DEBTOR_FEATURES), len(points))

    def compute(part: Books, _: slice, rows: Ints) -> Figures:
        return debtor_figures(part, part.items.debtor, Points(debtor[rows], day[rows]), late_after_days)

    compute_in_parts(books, debtor, debtor, day, compute, out, workers=workers)
    return pd.DataFrame(matrix.T, index=points.index, columns=names(DEBTOR_FEATURES), copy=False)


def empty_matrix(columns: list[str], rows: int) -> tuple[Floats, dict[str, Floats]]:
    """A matrix yet to be filled, one contiguous row per feature, and its rows by name."""
    matrix = np.empty((len(columns), rows))
    return matrix, dict(zip(columns, matrix, strict=True))


def debtor_figures(books: Books, group: Ints, points: Points, late_after_days: int) -> Figures:
    """Return HISTORY, BALANCE and LASTING by name; `group` is the group of each item, ascending."""
    figures = _issued(books, group, points)
    figures |= _closed(books, group, points, late_after_days)
    figures |= _matured(books, group, points)
    figures |= balance_figures(books, group, points)
    figures |= _trouble(books, group, points)
    figures["days_late_trend"] = figures["mean_days_late_last_5"] - figures["mean_days_late_365d"]
    _only_one_currency(books, group, points, figures)
    return {name: figures[name] for name in names(DEBTOR_FEATURES)}


@dataclass(frozen=True)
class PaidClosings:
    """Closings by payment of items whose day the debtor chooses, sorted by item."""

    item: Ints
    known: Ints
    settled: Ints
    days_late: Ints


def paid_closings(books: Books) -> PaidClosings:
    """Return the closings that payment behaviour is made of."""
    items, spells = books.items, books.spells
    rows = np.flatnonzero((spells.how == PAID) & _of_behaviour(books)[spells.item])
    item, settled = spells.item[rows], spells.settled[rows]
    return PaidClosings(item, spells.ended[rows], settled, settled - items.first_due[item])


def _of_behaviour(books: Books) -> Flags:
    return ~(books.items.credit_note | books.items.direct_debit)


def _closed(books: Books, group: Ints, points: Points, late_after_days: int) -> Figures:
    paid = paid_closings(books)
    order = order_by(group[paid.item], paid.known, paid.settled, paid.item)
    item, known, days_late = paid.item[order], paid.known[order], paid.days_late[order]
    of_group = group[item]
    line = Timeline(composite(of_group, known))
    start, now = points.start(line), points.before(line)
    year, quarter = points.before(line, 365), points.before(line, 90)
    five, ten = np.maximum(now - 5, start), np.maximum(now - 10, start)

    rank = rank_in_group(of_group)
    late = days_late > late_after_days
    amount = books.items.amount[item]
    to_pay = days_late + books.items.first_due[item] - books.items.issued[item]
    fresh_day = np.ones(len(item), dtype=bool)
    fresh_day[1:] = line.keys[1:] != line.keys[:-1]

    sum_late, sum_days = running(late), running(days_late)
    sum_squares, sum_amount = running(days_late * days_late), running(amount)

    def total(sums: Ints, since: Ints) -> Ints:
        return sums[now] - sums[since]

    def spread(since: Ints) -> Floats:
        mean = ratio(total(sum_days, since), now - since)
        mean_square = ratio(total(sum_squares, since), now - since)
        deviation: Floats = np.sqrt(np.maximum(mean_square - mean * mean, 0))
        return deviation

    def share(hits: Flags) -> Floats:
        return ratio(total(running(hits), year), count_year)

    count_year = now - year
    amount_year = total(sum_amount, year)
    figures: Figures = {
        "settled_invoices": now - start,
        "settled_invoices_365d": count_year,
        "settled_invoices_90d": now - quarter,
        "mean_days_late": ratio(total(sum_days, start), now - start),
        "mean_days_late_365d": ratio(total(sum_days, year), count_year),
        "mean_days_late_90d": ratio(total(sum_days, quarter), now - quarter),
        "mean_days_late_last_5": ratio(total(sum_days, five), now - five),
        "mean_days_late_last_10": ratio(total(sum_days, ten), now - ten),
        "std_days_late_last_10": spread(ten),
        "std_days_late_365d": spread(year),
        "weighted_days_late_365d": ratio(total(running(amount * days_late), year), amount_year),
        "late_share": ratio(total(sum_late, start), now - start),
        "late_share_365d": ratio(total(sum_late, year), count_year),
        "late_share_90d": ratio(total(sum_late, quarter), now - quarter),
        "late_share_last_5": ratio(total(sum_late, five), now - five),
        "late_share_last_10": ratio(total(sum_late, ten), now - ten),
        "late_amount_share_365d": ratio(total(running(amount * late), year), amount_year),
        "early_over_7_share_365d": share(days_late < -7),
        "late_over_7_share_365d": share(days_late > 7),
        "late_over_14_share_365d": share(days_late > 14),
        "late_over_30_share_365d": share(days_late > 30),
        "late_over_60_share_365d": share(days_late > 60),
        "mean_days_to_pay_365d": ratio(total(running(to_pay), year), count_year),
    }

    # What stands after the last closing: computed once per closing, looked up per point.
    none, last = now == start, np.maximum(now - 1, 0)
    index = np.arange(len(item))
    last_late = np.maximum.accumulate(np.where(late, index, index - rank - 1))
    sums = decayed_sums((np.ones(len(item)), days_late, late), known, rank, HALF_LIFE_DAYS)
    shares = (np.ones(len(item)), days_late < -7, late, days_late > 7)
    lasting = decayed_sums(shares, known, rank, LASTING_HALF_LIFE_DAYS)
    figures |= {
        "median_days_late_last_5": look_up(median_of_last(5, days_late, rank), last, none),
        "median_days_late_last_10": look_up(median_of_last(10, days_late, rank), last, none),
        "last_days_late": look_up(days_late, last, none),
        "worst_days_late": look_up(running_max(days_late, of_group), last, none),
        "decayed_days_late": look_up(sums[1] / sums[0], last, none),
        "decayed_late_share": look_up(sums[2] / sums[0], last, none),
        "lasting_early_over_7_share": look_up(lasting[1] / lasting[0], last, none),
        "lasting_late_share": look_up(lasting[2] / lasting[0], last, none),
        "lasting_late_over_7_share": look_up(lasting[3] / lasting[0], last, none),
        "on_time_streak": np.nan_to_num(look_up(index - last_late, last, none)),
        "days_since_last_payment": points.day - look_up(known, last, none),
    }
    days_paid = total(running(fresh_day), year)
    span = look_up(known, last, none) - look_up(known, np.minimum(year, last), none)
    figures["days_between_payments_365d"] = ratio(span, np.maximum(days_paid - 1, 0))
    return figures


def _issued(books: Books, group: Ints, points: Points) -> Figures:
    rows = np.flatnonzero(~books.items.credit_note)
    line, order = timeline(group[rows], books.items.known[rows])
    known, amount = books.items.known[rows][order], running(books.items.amount[rows][order])
    start, now = points.start(line), points.before(line)
    year, quarter = points.before(line, 365), points.before(line, 90)
    year_before = points.before(line, 730)
    amount_year = amount[now] - amount[year]
    none = now == start
    return {
        "invoices_issued": now - start,
        "invoices_issued_365d": now - year,
        "invoices_issued_90d": now - quarter,
        "days_since_last_invoice": points.day - look_up(known, np.maximum(now - 1, 0), none),
        "days_since_first_invoice": points.day - look_up(known, np.minimum(start, len(known) - 1), none),
        "issued_amount_365d": amount_year,
        "issued_amount_90d": amount[now] - amount[quarter],
        "mean_invoice_amount_365d": ratio(amount_year, now - year),
        "issued_amount_trend": ratio(amount_year, amount[year] - amount[year_before]),
    }


def _matured(books: Books, group: Ints, points: Points) -> Figures:
    """Each item once: on its first closing by payment, or when it was first seen 31 days past due."""
    items, spells = books.items, books.spells
    rows = np.flatnonzero(_of_behaviour(books)[spells.item])
    item, ended = spells.item[rows], spells.ended[rows]
    overdue = np.maximum(items.first_due[item] + MATURED_AFTER_DAYS, spells.started[rows])
    day = np.where(overdue < ended, overdue, np.where(spells.how[rows] == PAID, ended, NEVER))
    day = np.minimum(day, NEVER)
    fresh = np.flatnonzero(rank_in_group(item) == 0)
    first = np.minimum.reduceat(day, fresh) if len(fresh) else day
    line, _ = timeline(group[item[fresh]], first)
    return {"matured_invoices": points.before(line) - points.start(line)}


def _trouble(books: Books, group: Ints, points: Points) -> Figures:
    back = np.flatnonzero((books.movements.kind == REVERSAL) & ~books.items.credit_note[books.movements.item])
    reversals, _ = timeline(group[books.movements.item[back]], books.movements.known[back])
    disputes, _ = timeline(group[books.disputes.item], books.disputes.known)
    return {
        "reversals_365d": points.before(reversals) - points.before(reversals, 365),
        "disputes_opened_365d": points.before(disputes) - points.before(disputes, 365),
    }


def _only_one_currency(books: Books, group: Ints, points: Points, figures: Figures) -> None:
    """Turn money into major units; NaN from the day the group is known to have a second currency."""
    items = books.items
    rows = np.flatnonzero(~items.credit_note)
    first = rows[rank_in_group(items.account[rows]) == 0]
    line, order = timeline(group[first], items.known[first])
    start, now = points.start(line), points.before(line)
    units = np.where(
        now > start, look_up(items.units[first][order], np.minimum(start, len(first) - 1), now == start), 1
    )
    for name in (
        "open_amount",
        "overdue_amount",
        "overdue_over_30_amount",
        "issued_amount_365d",
        "issued_amount_90d",
        "mean_invoice_amount_365d",
    ):
        figures[name] = figures[name] / units
    mixed = now - start > 1
    if mixed.any():
        for name in OF_MONEY:
            figures[name] = np.where(mixed, np.nan, figures[name])
