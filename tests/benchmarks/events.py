"""What the competitors start from: events already settled, so that they compute features only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from features.books import REVERSAL, Books
from features.payment_history import paid_closings
from features.timeline import rank_in_group

COMPARED = (
    "invoices_issued", "invoices_issued_365d", "invoices_issued_90d", "issued_amount_365d",
    "issued_amount_90d",
    "mean_invoice_amount_365d", "issued_amount_trend", "days_since_last_invoice", "days_since_first_invoice",
    "settled_invoices", "settled_invoices_365d", "settled_invoices_90d", "mean_days_late",
    "mean_days_late_365d",
    "mean_days_late_90d", "std_days_late_365d", "weighted_days_late_365d", "late_share", "late_share_365d",
    "late_share_90d", "late_amount_share_365d", "late_over_30_share_365d", "mean_days_to_pay_365d",
    "mean_days_late_last_5", "late_share_last_5", "days_late_trend", "last_days_late", "worst_days_late",
    "on_time_streak", "days_since_last_payment", "open_invoices", "overdue_invoices", "open_amount",
    "overdue_amount", "overdue_share", "weighted_days_past_due", "reversals_365d",
)  # fmt: skip
"""The history and balance features that running sums and row windows can express in all three."""


def write_events(books: Books, folder: Path) -> None:
    """Write points, issues, closings, changes of balance and reversals as Parquet; days as integers.

    Each invoice is a point on the day it became known.
    """
    items, standings, moves = books.items, books.standings, books.movements
    pd.DataFrame({"c": items.debtor, "day": items.known, "point": items.row}).sort_values("point").to_parquet(
        folder / "points.parquet", index=False
    )
    pd.DataFrame({"c": items.debtor, "day": items.known, "amount": items.amount}).to_parquet(
        folder / "issued.parquet", index=False
    )
    paid = paid_closings(books)
    closed = pd.DataFrame(
        {
            "c": items.debtor[paid.item],
            "day": paid.known,
            "settled": paid.settled,
            "item": paid.item,
            "days_late": paid.days_late,
            "to_pay": paid.settled - items.issued[paid.item],
            "amount": items.amount[paid.item],
        }
    )
    closed.to_parquet(folder / "closed.parquet", index=False)
    first = rank_in_group(standings.item) == 0
    before = np.where(first, 0, np.append(0, standings.open_minor)[:-1])
    due = items.due[standings.item]
    changed = pd.DataFrame(
        {
            "c": items.debtor[standings.item],
            "day": standings.known,
            "overdue_day": np.maximum(standings.known, due),
            "due": due,
            "amount": standings.open_minor - before,
            "count": (standings.open_minor > 0).astype(np.int64) - (before > 0),
        }
    )
    changed[changed["amount"] != 0].to_parquet(folder / "changed.parquet", index=False)
    back = moves.kind == REVERSAL
    pd.DataFrame({"c": items.debtor[moves.item[back]], "day": moves.known[back]}).to_parquet(
        folder / "reversed.parquet", index=False
    )
