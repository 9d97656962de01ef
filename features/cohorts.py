"""What a debtor's surroundings did: lateness over the portfolio and over debtors or items that are alike.

Alike are debtors in one sector, country, size class or band of credit scores, and items on equal terms.

The kernel keyed by cohort instead of debtor, over the closings of all debtors (this one too), computed once
per (cohort, day) and looked up by the points. A closing belongs to the cohort its debtor was in when it
became known, a point to the one its debtor was in on the day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from features.books import Books, day_numbers
from features.catalogue import COHORT, names
from features.external_scores import newest_scores, peers
from features.payment_history import PaidClosings, paid_closings
from features.timeline import (
    FIRST_DAY,
    SPAN,
    Flags,
    Floats,
    Ints,
    Points,
    Timeline,
    composite,
    last_before,
    order_by,
    ratio,
    running,
)
from features.timeline import timeline as sorted_events

STATIC = ("sector", "country", "size")
"""Columns of `customers` that may make a cohort, when declared never to change."""


def cohort_figures(
    books: Books, item: Ints, day: Ints, *, static: Sequence[str], late_after_days: int
) -> dict[str, Floats]:
    """Return the COHORT features of (item, day) points by name.

    Figures of a column of STATIC are NaN unless `static` names it.
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
    cohorts: dict[str, Callable[[Ints, Ints], Ints]] = {
        column: partial(_attribute, books, column) for column in STATIC if column in static
    }
    cohorts["peer"] = partial(peers, newest_scores(books))
    for name, cohort_of in cohorts.items():
        now = cohort_of(debtor[item], day)
        if (now < 0).all():
            continue
        then = cohort_of(debtor[paid.item], paid.known + 1)
        share, mean = (np.where(now < 0, np.nan, x) for x in _rates(paid, late, then, now, day, 365))
        figures |= {f"{name}_late_share_365d": share, f"{name}_mean_days_late_365d": mean}
    return {name: figures.get(name, nothing) for name in names(COHORT)}


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
    held_on: Ints = np.append(code, -1)[last_before(Timeline(composite(of, since)), debtor, day)]
    return held_on
