"""The portfolio in one currency: figures, ageing, segments and their flow, concentration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipelines.page.lists import CLASSES
from pipelines.page.rows import rows_of, total, values_of

_AGES = {
    "on_time": (-np.inf, 0),
    "1_30": (1, 30),
    "31_60": (31, 60),
    "61_90": (61, 90),
    "over_90": (91, np.inf),
}
"""Days past due of each class, from and to."""

_MOST_POINTS = 101


def figures(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the portfolio figures of one currency, a row per company code."""
    return rows_of(table.sort_values("company_code").drop(columns="currency"))


def ageing(invoices: pd.DataFrame, debtors: pd.DataFrame) -> list[dict[str, Any]]:
    """Return per class what is open that long past due today, and what is expected to end in it.

    `invoices`: the list of that name; `debtors`: the table, both of one currency.
    """
    days, opened = invoices["days_past_due"], invoices["open_minor"]
    return [
        {
            "class": name,
            "open_minor": total(opened[days.between(*_AGES[name])]),
            "expected_minor": total(debtors[f"expected_{name}_amount_minor"]),
        }
        for name in CLASSES
    ]


def segments(debtors: pd.DataFrame, profiles: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the segments of one currency, A first, those of rules last.

    Debtors and amounts are counted in the list `debtors`; days late, late share, revenue and words come
    from the table `segment_profiles`.
    """
    owing = debtors.groupby("segment")
    counted = pd.DataFrame(
        {
            "debtors": owing["customer_id"].nunique(),
            "open_minor": owing["open_minor"].sum(),
            "overdue_minor": owing["overdue_minor"].sum(),
        }
    ).reset_index()
    counted["share_of_debtors"] = counted["debtors"] / max(int(counted["debtors"].sum()), 1)
    shown = ["segment", "mean_days_late", "late_share", "revenue_minor", "words"]
    rows = counted.merge(profiles[shown], on="segment", how="left")
    order = rows["segment"].str.len().gt(1)
    rows = rows.assign(special=order).sort_values(["special", "segment"])
    return rows_of(
        rows[
            [
                "segment",
                "debtors",
                "share_of_debtors",
                "mean_days_late",
                "late_share",
                "revenue_minor",
                "open_minor",
                "overdue_minor",
                "words",
            ]
        ]
    )


def flow(migrations: pd.DataFrame) -> list[dict[str, Any]]:
    """Return how many debtors went from which segment to which since the previous run, all currencies."""
    rows = migrations.sort_values(["previous_segment", "segment"])
    froms, tos, counts = (values_of(rows[name]) for name in ("previous_segment", "segment", "debtors"))
    return [
        {"from": before, "to": now, "debtors": count}
        for before, now, count in zip(froms, tos, counts, strict=True)
    ]


def pareto(debtors: pd.DataFrame) -> list[dict[str, float]]:
    """Return which share of the overdue debtors makes which share of the overdue amount, (0, 0) first.

    At most 101 points, the debtors that owe most first; empty where nothing is overdue.
    """
    owing = debtors.groupby("customer_id")["overdue_minor"].sum()
    owed = np.sort(owing[owing > 0].to_numpy(dtype=np.int64))[::-1]
    if not len(owed):
        return []
    taken = np.unique(np.linspace(0, len(owed), min(len(owed) + 1, _MOST_POINTS)).round().astype(np.int64))
    sums = np.append(0, np.cumsum(owed))
    return [
        {"debtors_share": float(count / len(owed)), "amount_share": float(sums[count] / sums[-1])}
        for count in taken.tolist()
    ]
