"""What a debtor owes on a day, and for how long.

Open items are those of the books, direct debits among them, credit notes not. Past due counts from the due
day at issue: an extension was not known before it was granted.
"""

from __future__ import annotations

import numpy as np

from features.books import Books
from features.timeline import (
    NEVER,
    Figures,
    Floats,
    Ints,
    Points,
    Timeline,
    rank_in_group,
    ratio,
    running,
    smallest_over,
    timeline,
)

LONG_OVERDUE_DAYS = 30


def balance_figures(books: Books, group: Ints, points: Points) -> Figures:
    """Return the figures of the open items by name, money in minor units.

    `group` is the group of each item, ascending.
    """
    items, standings = books.items, books.standings
    before = np.where(rank_in_group(standings.item) == 0, 0, np.append(0, standings.open_minor)[:-1])
    rows = np.flatnonzero((standings.open_minor != before) & ~items.credit_note[standings.item])
    item, known, due = standings.item[rows], standings.known[rows], items.first_due[standings.item[rows]]
    amount = standings.open_minor[rows] - before[rows]
    count = (standings.open_minor[rows] > 0).astype(np.int64) - (before[rows] > 0)

    def sums(line: Timeline, *columns: Ints) -> list[Ints]:
        start, now = points.start(line), points.before(line)
        return [total[now] - total[start] for total in map(running, columns)]

    line, order = timeline(group[item], known)
    open_count, open_amount = sums(line, count[order], amount[order])
    # An item known before is past due on the days after its due day.
    line, order = timeline(group[item], np.maximum(known, due + LONG_OVERDUE_DAYS))
    (long_overdue_amount,) = sums(line, amount[order])
    line, order = timeline(group[item], np.maximum(known, due))
    overdue_count, overdue_amount, amount_due = sums(line, count[order], amount[order], (amount * due)[order])
    return {
        "open_invoices": open_count,
        "overdue_invoices": overdue_count,
        "open_amount": open_amount,
        "overdue_amount": overdue_amount,
        "overdue_over_30_amount": long_overdue_amount,
        "overdue_share": ratio(overdue_amount, open_amount),
        "weighted_days_past_due": ratio(points.day * overdue_amount - amount_due, overdue_amount),
        "oldest_days_past_due": _oldest_days_past_due(books, group, points),
    }


def _oldest_days_past_due(books: Books, group: Ints, points: Points) -> Floats:
    items, spells = books.items, books.spells
    rows = np.flatnonzero(~items.credit_note[spells.item])
    of, due = group[spells.item[rows]], items.first_due[spells.item[rows]]
    # An item is open at the points after the day it was opened, up to the day its closing became known.
    low, high = points.after(of, spells.started[rows]), points.after(of, spells.ended[rows])
    oldest = smallest_over(low, high, due, len(points.day))
    days: Floats = np.where(oldest < NEVER, points.day - oldest, np.nan)
    return days
