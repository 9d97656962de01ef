"""The first screen: what is to be done today, and the debtors that make most of the overdue."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipelines.page.rows import rows_of, total

Figure = dict[str, int]

TOP = 10


def today(lists: dict[str, pd.DataFrame], *, per_collector: bool) -> dict[str, Any]:
    """Return calls, actions to release, approvals and blocked actions, from lists of one currency.

    `per_collector`: whether calls may be told per person. amount_minor: what is overdue.
    """
    calls = lists["worklist"]
    calls = calls[calls["reached"].astype(bool)]
    actions = lists["actions"]
    return {
        "calls": _figure(calls),
        "per_collector": _by(calls, "collector") if per_collector else None,
        "to_release": _figure(actions[actions["to_release"]]),
        "approvals": _figure(actions[actions["waiting"]]),
        "blocked": _by(actions[actions["cause"].notna()], "cause"),
    }


def top_overdue(debtors: pd.DataFrame) -> dict[str, Any]:
    """Return the debtors that make most of the overdue amount, from the list `debtors` of one currency.

    A debtor of several company codes is one row here. share: of all overdue; of: how many are overdue.
    """
    owing = debtors[debtors["overdue_minor"] > 0]
    sums = owing.groupby("customer_id", sort=False)["overdue_minor"].sum()
    oldest = owing.groupby("customer_id", sort=False)["oldest_days_past_due"].max()
    # the rows of a debtor come most overdue first: what its largest account says
    said = owing.drop_duplicates("customer_id").set_index("customer_id")
    rows = said.assign(overdue_minor=sums, oldest_days_past_due=oldest).reset_index()
    rows = rows.sort_values(["overdue_minor", "customer_id"], ascending=[False, True], ignore_index=True)
    whole = max(total(sums), 1)
    rows["share"] = rows["overdue_minor"] / whole
    shown = rows.head(TOP)[
        [
            "customer_id",
            "name",
            "segment",
            "overdue_minor",
            "share",
            "oldest_days_past_due",
            "mostly",
            "next_step",
            "next_on",
            "blocked_by",
        ]
    ]
    share = float(shown["share"].sum()) if len(shown) else None
    return {"rows": rows_of(shown), "share": share, "of": len(rows)}


def _figure(rows: pd.DataFrame) -> Figure:
    return {"count": len(rows), "amount_minor": total(rows["overdue_minor"])}


def _by(rows: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Count and amount per value of a column, the largest amount first; null is the last of equals."""
    found = rows.groupby(column, dropna=False)["overdue_minor"].agg(["size", "sum"]).reset_index()
    found = found.set_axis([column, "count", "amount_minor"], axis=1)
    return rows_of(found.sort_values(["amount_minor", column], ascending=[False, True]))
