"""What the report shows of treatment, taken from the tables of a run: who to call, the cash to come, tasks.

Amounts stay whole minor units; the template writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]
Row = dict[str, Any]

TOP = 10
WEEKS = 8


def worklist_rows(tables: Tables, names: Mapping[str, str]) -> Row:
    """Return who is to be contacted by a person: the first of each list, and what capacity does not reach."""
    worklist = tables["worklist"]
    order = {"reached": False, "rank": True, "collector": True, "customer_id": True}
    shown = worklist.sort_values(list(order), ascending=list(order.values()), kind="stable").head(TOP)
    beyond = worklist[~worklist["reached"].astype(bool)]
    rows = [
        {
            "customer_id": row["customer_id"],
            "name": names.get(row["customer_id"]),
            "collector": None if pd.isna(row["collector"]) else row["collector"],
            "overdue": int(row["overdue_amount_minor"]),
            "value": int(row["expected_value_minor"]),
            "why": row["why"],
            "approach": row["suggested_approach"],
        }
        for row in shown.to_dict("records")
    ]
    return {
        "rows": rows,
        "count": len(worklist) - len(beyond),
        "beyond": len(beyond),
        "beyond_amount": int(beyond["overdue_amount_minor"].sum()),
    }


def cash_weeks(tables: Tables) -> Row:
    """Return the cash of the coming weeks with its band, as parts of the largest week for a chart."""
    cash = tables["cash_forecast"]
    weeks = cash[cash["period"] == "week"].sort_values("starts_on", kind="stable").head(WEEKS)
    largest = max(int(weeks["p90_amount_minor"].max()) if len(weeks) else 0, 1)
    rows = [
        {
            "starts_on": row["starts_on"].date(),
            **{
                name: int(row[f"{name}_amount_minor"])
                for name in ("p10", "expected", "p90", "overdue", "not_issued")
            },
            **{
                f"{name}_at": round(100 * int(row[f"{name}_amount_minor"]) / largest, 1)
                for name in ("p10", "expected", "p90")
            },
        }
        for row in weeks.to_dict("records")
    ]
    return {"rows": rows, "corrected": bool(weeks["corrected"].any())}


def task_rows(tables: Tables) -> list[Row]:
    """Return how many tasks of each kind there are, with the words of the largest as an example."""
    tasks = tables["tasks"]
    largest = tasks.sort_values(["amount_minor", "task_id"], ascending=[False, True], kind="stable")
    return [
        {
            "task": str(task).replace("_", " "),
            "count": len(own),
            "customer_id": own["customer_id"].iloc[0],
            "words": own["words"].iloc[0],
        }
        for task, own in largest.groupby("task", sort=True)
    ]
