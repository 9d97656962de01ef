"""What a debtor's surroundings did: lateness over the portfolio, a sector, a country, equal terms.

The kernel keyed by cohort instead of debtor, over the closings of all debtors (this one too), computed once
per (cohort, day) and looked up by the points. A closing belongs to the cohort its debtor was in when it
became known, a point to the one its debtor was in on the day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.books import Books, day_numbers
from features.catalogue import COHORT, names
from features.payment_history import PaidClosings, paid_closings
from features.timeline import (
    FIRST_DAY,
    SPAN,
    Flags,
    Floats,
    Ints,
    Points,
    composite,
    order_by,
    ratio,
    running,
)
from features.timeline import timeline as sorted_events


def cohort_figures(
    books: Books, item: Ints, day: Ints, *, static: Sequence[str], late_after_days: int
) -> dict[str, Floats]:
    """Return the COHORT features of (item, day) points by name.

    Sector and country figures are NaN unless `static` names the column of `customers`.
    """
    paid = paid_closings(books)
    late = paid.days_late > late_after_days
    terms = books.items.first_due - books.items.issued
    portfolio = _rates(paid, late, np.zeros_like(paid.item), np.zeros_like(item), day, 90)
    same_terms = _rates(paid, late, terms[paid.item], terms[item], day, 365)
    figures = {
        "portfolio_late_share_90d": portfolio[0],
        "portfolio_mean_days_late_90d": portfolio[1],
        "terms_late_share_365d": same_terms[0],
        "terms_mean_days_late_365d": same_terms[1],
    }
    debtor, nothing = books.items.debtor, np.full(len(item), np.nan)
    for column in ("sector", "country"):
        share, mean = nothing, nothing
        if column in static:
            now = _attribute(books, column, debtor[item], day)
            then = _attribute(books, column, debtor[paid.item], paid.known + 1)
            share, mean = (np.where(now < 0, np.nan, x) for x in _rates(paid, late, then, now, day, 365))
        figures |= {f"{column}_late_share_365d": share, f"{column}_mean_days_late_365d": mean}
    return {name: figures[name] for name in names(COHORT)}


def _rates(
    paid: PaidClosings, late: Flags, cohort: Ints, point_cohort: Ints, day: Ints, window: int
) -> tuple[Floats, Floats]:
    """Share late and mean days late of the cohort's closings in the window."""
    low = min(int(cohort.min(initial=0)), int(point_cohort.min(initial=0)))
    line, order = sorted_events(cohort - low, paid.known)
    asked, distinct = pd.factorize(composite(point_cohort - low, day))
    points = Points(distinct // SPAN, distinct % SPAN + FIRST_DAY)
    now, since = points.before(line), points.before(line, window)
    figures = []
    for values in (late, paid.days_late):
        sums = running(values[order])
        figures.append(ratio(sums[now] - sums[since], now - since)[asked])
    return figures[0], figures[1]


def _attribute(books: Books, column: str, debtor: Ints, day: Ints) -> Ints:
    """Code of the debtor's value of a column, by its newest row valid before the day; -1 if none."""
    customers = books.ledger.customers
    of = books.customers.get_indexer(pd.Index(customers["customer_id"]))
    rows = np.flatnonzero(of >= 0)
    of = of[rows].astype(np.int64)
    since = day_numbers(customers["valid_from"], missing=FIRST_DAY)[rows]
    code = pd.factorize(customers[column], sort=True)[0][rows].astype(np.int64)
    order = order_by(of, since, code)
    of, since, code = of[order], since[order], code[order]
    if not len(rows):
        return np.full(len(debtor), -1)
    if since.min() == since.max():
        # Nothing is dated: one value per debtor.
        held = np.full(len(books.customers), -1)
        held[of] = code
        return np.where(day > since[0], held[debtor], -1)
    position = np.searchsorted(composite(of, since), composite(debtor, day)) - 1
    newest = np.maximum(position, 0)
    return np.where((position >= 0) & (of[newest] == debtor), code[newest], -1)
