"""Cash expected week by week, against what falls due and against what the previous run said."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from pipelines.page.rows import rows_of

_AMOUNTS = ("expected", "p10", "p90", "overdue", "not_issued")


def cash(
    forecast: pd.DataFrame, invoices: pd.DataFrame, before: pd.DataFrame | None, as_of: date
) -> dict[str, Any]:
    """Return the weeks and days of the cash forecast of one currency, in minor units.

    `forecast`, `before`: the table `cash_forecast` of this run and of the previous one; `invoices`: the list
    of that name. due_minor: open amount of invoices due from due_from to due_until: the week, of the running
    one what is left. said_before_minor: what the previous run expected of the same days; null where it said
    nothing of them.
    """
    rows = forecast.rename(columns={f"{name}_amount_minor": f"{name}_minor" for name in _AMOUNTS})
    weeks, days = (
        rows[rows["period"] == period].sort_values("starts_on", ignore_index=True)
        for period in ("week", "day")
    )
    starts = weeks["starts_on"].astype("datetime64[s]")
    until = starts + pd.Timedelta(days=6)
    today = pd.Timestamp(as_of).as_unit("s")
    since = starts.where(starts >= today, today)
    said = [_said(before, *week) for week in zip(starts, since, until, strict=True)]
    weeks = weeks[["starts_on", *(f"{name}_minor" for name in _AMOUNTS)]].assign(
        due_from=since,
        due_until=until,
        due_minor=_due(invoices, since, until),
        said_before_minor=pd.array(said, dtype="Int64"),
    )
    shown = days[["starts_on", "expected_minor", "p10_minor", "p90_minor"]]
    return {"weeks": rows_of(weeks), "days": rows_of(shown)}


def _due(invoices: pd.DataFrame, since: pd.Series, until: pd.Series) -> list[int]:
    due, opened = invoices["due_on"], invoices["open_minor"]
    return [
        int(opened[(due >= first) & (due <= last)].sum()) for first, last in zip(since, until, strict=True)
    ]


def _said(
    before: pd.DataFrame | None, starts_on: pd.Timestamp, first: pd.Timestamp, last: pd.Timestamp
) -> int | None:
    """What the previous forecast expected of the days from first to last, which begin or end one week."""
    if before is None:
        return None
    weeks = before[(before["period"] == "week") & (before["starts_on"] == starts_on)]
    if weeks.empty:
        return None
    if first == starts_on:
        return int(weeks["expected_amount_minor"].sum())
    days = before[(before["period"] == "day") & before["starts_on"].between(first, last)]
    return int(days["expected_amount_minor"].sum())
