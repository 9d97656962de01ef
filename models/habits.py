"""How late a debtor pays as a habit: what a first friendly reminder may wait for."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WINDOW_DAYS = 365


def payment_habits(closings: pd.DataFrame, invoices: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return how late each debtor paid lately, indexed by customer_id and sorted.

    `closings`: invoice_id, customer_id, settled_on, known_on, how, reopened_known_on. Counted are
    those by payment, known in the 365 days before `day` and not reopened before it; direct debits
    are the creditor's own choice of day and do not count. Days late count from the first due day.
    Columns: settled_invoices_365d, median_days_late, spread_days_late (90th - 10th percentile, both
    interpolated linearly).
    """
    today = pd.Timestamp(day)
    recent = closings[
        (closings["how"] == "paid")
        & (closings["known_on"] < today)
        & (closings["known_on"] >= today - pd.Timedelta(days=WINDOW_DAYS))
        & ~(closings["reopened_known_on"] < today)
    ]
    due = invoices["original_due_on"].where(invoices["original_due_on"].notna(), invoices["due_on"])
    items = pd.DataFrame({"invoice_id": invoices["invoice_id"], "due_on": due})
    recent = recent.merge(items[invoices["payment_method"] != "direct_debit"], on="invoice_id")
    late = (recent["settled_on"] - recent["due_on"]).dt.days.to_numpy(dtype=np.float64)
    debtor, customers = pd.factorize(recent["customer_id"], sort=True)
    ordered: Floats = np.asarray(late[np.lexsort([late, debtor])], dtype=np.float64)
    number = np.bincount(debtor, minlength=len(customers))
    first = np.cumsum(number) - number
    p10, p50, p90 = (_quantiles(ordered, first, number, share) for share in (0.1, 0.5, 0.9))
    return pd.DataFrame(
        {"settled_invoices_365d": number, "median_days_late": p50, "spread_days_late": p90 - p10},
        index=pd.Index(customers, name="customer_id", dtype="str"),
    )


def _quantiles(ordered: Floats, first: Ints, number: Ints, share: float) -> Floats:
    """Linear quantile of each group of an array that is ordered inside its groups."""
    position = share * (number - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, number - 1)
    low, high = ordered[first + below], ordered[first + above]
    return np.asarray(low + (high - low) * (position - below))
