"""The features of an invoice on a day: its debtor's history and balances, its state, its surroundings.

A point knows its own invoice, also on the day that became known; of everything else, and so in the
debtor's history and balances, it knows what was known strictly before the day. History is that of the
debtor in the invoice's currency.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.books import Books, day_numbers
from features.catalogue import INVOICE_COLUMNS, names
from features.cohorts import STATIC, cohort_figures
from features.errors import LedgerError
from features.external_scores import score_figures
from features.open_items import open_minor
from features.partitions import compute_in_parts
from features.pay_runs import days_to_month_end, pay_rhythm, pay_run_counts
from features.payment_history import debtor_figures, empty_matrix
from features.timeline import Figures, Flags, Floats, Ints, Points, composite, ratio


def invoice_features(
    books: Books,
    points: pd.DataFrame,
    *,
    late_after_days: int = 0,
    static: Sequence[str] = STATIC,
    workers: int = 1,
) -> pd.DataFrame:
    """Return the INVOICE_COLUMNS of (invoice_id, day) points, in the order and with the index given.

    float64, NaN where a figure does not exist; money in major units. `static` names the columns of
    `customers` that may serve as features. Raises LedgerError for an invoice that is not in the books or
    not yet known on the day.
    """
    item, day = books.find_items(points["invoice_id"]), day_numbers(points["day"])
    _refuse_unknown(books, points, item, day)
    debtor, account = books.items.debtor[item], books.items.account[item]
    matrix, out = empty_matrix(names(INVOICE_COLUMNS), len(points))

    def compute(part: Books, items: slice, rows: Ints) -> Figures:
        at = Points(account[rows], day[rows])
        figures = debtor_figures(part, part.items.account, at, late_after_days)
        counts = pay_run_counts(part, part.items.account, at)
        figures |= counts | pay_rhythm(
            counts, figures["mean_days_late_365d"], books.items.first_due[item[rows]]
        )
        mean = figures["mean_invoice_amount_365d"]
        return figures | _own_state(part, item[rows] - items.start, at.day, mean)

    compute_in_parts(books, debtor, account, day, compute, out, workers=workers)
    surroundings = cohort_figures(books, item, day, static=static, late_after_days=late_after_days)
    for name, values in (surroundings | score_figures(books, debtor, day)).items():
        out[name][:] = values
    return pd.DataFrame(matrix.T, index=points.index, columns=names(INVOICE_COLUMNS), copy=False)


def _own_state(books: Books, item: Ints, day: Ints, mean_amount: Floats) -> Figures:
    items = books.items
    # the due day at issue: that of an extension was not known before it was granted
    issued, due, amount = items.issued[item], items.first_due[item], items.amount[item]
    major = amount / items.units[item]
    month = due.astype("datetime64[D]").astype("datetime64[M]")
    month_start = month.astype("datetime64[D]").astype(np.int64)
    return {
        "payment_terms_days": due - issued,
        "days_past_due": day - due,
        "days_since_issue": day - issued,
        "invoice_amount": major,
        "amount_to_mean_ratio": ratio(major, mean_amount),
        "open_share": ratio(open_minor(books, item, day), amount),
        "due_weekday": (due + 3) % 7,
        "due_day_of_month": due - month_start + 1,
        "due_month": month.astype(np.int64) % 12 + 1,
        "days_due_to_month_end": days_to_month_end(due),
        "known_lag_days": items.known[item] - issued,
        "disputed_now": _disputed(books, item, day),
    }


def _disputed(books: Books, item: Ints, day: Ints) -> Flags:
    """1 while more disputes about the item were opened than closed."""
    disputes = books.disputes
    opened = composite(disputes.item, disputes.known)
    closed = np.sort(composite(disputes.item, disputes.closed))
    asked = composite(item, day)
    # Both count all disputes of items before this one, so the difference is this item's.
    still: Flags = np.searchsorted(opened, asked) > np.searchsorted(closed, asked)
    return still


def _refuse_unknown(books: Books, points: pd.DataFrame, item: Ints, day: Ints) -> None:
    unknown = item < 0
    early = ~unknown & (day < books.items.known[item]) if len(books.items.known) else ~unknown
    for wrong, what in ((unknown, "not in the ledger"), (early, "not yet known on the day of its point")):
        if wrong.any():
            some = ", ".join(points["invoice_id"][wrong].astype(str).head(3))
            raise LedgerError(
                f"{int(wrong.sum())} invoices are {what}, such as {some}; leave these points out."
            )
