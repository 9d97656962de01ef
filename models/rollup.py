"""Sums of the open items: per debtor, per segment, per portfolio, and who moved between segments."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.reminding.blocks import blocked_debtors
from models.reminding.net_overdue import ACCOUNT, net_overdue

Ints = npt.NDArray[np.int64]

EXPECTED = {
    "expected_on_time_amount_minor": "p_on_time",
    "expected_1_30_amount_minor": "p_1_30",
    "expected_31_60_amount_minor": "p_31_60",
    "expected_61_90_amount_minor": "p_61_90",
    "expected_over_90_amount_minor": "p_over_90",
}

AGES = {
    "due_1_30_amount_minor": (1, 30),
    "due_31_60_amount_minor": (31, 60),
    "due_61_90_amount_minor": (61, 90),
    "due_over_90_amount_minor": (91, np.inf),
}
"""Days past due of each age, from and to."""


def debtors_table(
    items: pd.DataFrame, predictions: pd.DataFrame, credit: pd.DataFrame, blocks: pd.DataFrame, *, day: date
) -> pd.DataFrame:
    """Return the table `debtors`: one row per debtor, company code and currency with open items.

    The expected amounts are sums of open amount x probability over the predicted items. They are
    rounded once, at the end, to whole minor units that add up to the open amount of those items (the
    largest remainders go up); dormant residuals have no prediction and are in none of them.
    """
    overdue = items["open_amount_minor"].where(items["days_past_due"] > 0, 0)
    today = pd.Series(pd.Timestamp(day), index=items.index)
    lines = items[[*ACCOUNT, "open_amount_minor", "days_past_due"]].assign(
        overdue_amount_minor=overdue, net_overdue_amount_minor=net_overdue(items, credit, today)
    )
    p = predictions.set_index("invoice_id")[list(EXPECTED.values())].reindex(items["invoice_id"])
    predicted = p["p_on_time"].notna().to_numpy()
    lines["predicted_minor"] = items["open_amount_minor"].where(predicted, 0)
    for name, probability in EXPECTED.items():
        lines[name] = p[probability].fillna(0).to_numpy() * items["open_amount_minor"].to_numpy()
    sums = ["open_amount_minor", "overdue_amount_minor", "predicted_minor", *EXPECTED]
    aggregates = {**dict.fromkeys(sums, "sum"), "net_overdue_amount_minor": "first", "days_past_due": "max"}
    table = lines.groupby(ACCOUNT, dropna=False, sort=True).agg(aggregates).reset_index()
    shares = table[list(EXPECTED)].to_numpy(dtype=np.float64)
    whole = split_exactly(table.pop("predicted_minor").to_numpy(dtype=np.int64), shares)
    table[list(EXPECTED)] = whole
    table = table.rename(columns={"days_past_due": "oldest_days_past_due"})
    table["blocked_by"] = table["customer_id"].map(blocked_debtors(blocks)).astype("str")
    order = [*ACCOUNT, "open_amount_minor", "overdue_amount_minor", "net_overdue_amount_minor", *EXPECTED]
    return table[[*order, "oldest_days_past_due", "blocked_by"]]


def split_exactly(total: Ints, parts: npt.NDArray[np.float64]) -> Ints:
    """Return whole numbers in proportion to each row of `parts` that add up to the row's `total`.

    Each part is rounded down; what is left goes to the largest remainders (Hamilton's method), the
    first of equal ones.
    """
    sums = parts.sum(axis=1, keepdims=True)
    exact = np.divide(parts * total[:, None], sums, out=np.zeros_like(parts), where=sums > 0)
    # a hair less, so that rounding down never adds up to more than the total
    whole = np.floor(exact * (1 - 1e-12)).astype(np.int64)
    left = np.where(sums[:, 0] > 0, total - whole.sum(axis=1), 0)
    rank = np.argsort(np.argsort(-(exact - whole), axis=1, kind="stable"), axis=1)
    return np.asarray(whole + (rank < left[:, None]))


def migrations(segments: pd.DataFrame) -> pd.DataFrame:
    """Return the table `migrations`: debtors per previous segment (empty = not in that run) and segment."""
    key = ["previous_segment", "segment"]
    return segments.groupby(key, dropna=False, sort=True).size().rename("debtors").reset_index()


def portfolio(items: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the table `portfolio`: one row per company code and currency with open items.

    The ages add up to the overdue amount; dormant residuals are part of the open amount and of
    their age. The expected late amount is rounded once, to the nearest minor unit.
    """
    amount, age = items["open_amount_minor"], items["days_past_due"]
    p_late = items["invoice_id"].map(predictions.set_index("invoice_id")["p_late"]).fillna(0)
    lines = items[["company_code", "currency"]].assign(
        open_invoices=1,
        open_amount_minor=amount,
        overdue_amount_minor=amount.where(age > 0, 0),
        **{name: amount.where(age.between(*ages), 0) for name, ages in AGES.items()},
        expected_late_amount_minor=amount * p_late,
        dormant_amount_minor=amount.where(items["dormant"], 0),
    )
    table = lines.groupby(["company_code", "currency"], dropna=False, sort=True).sum().reset_index()
    table["expected_late_amount_minor"] = np.rint(table["expected_late_amount_minor"]).astype("int64")
    return table
