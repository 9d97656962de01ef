"""A run in the few figures that a credit manager looks at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from babel.numbers import format_currency

from features.contracts.money import minor_units

LARGEST = 6
WEEKS = 4


def summarise(tables: Mapping[str, pd.DataFrame], customers: pd.DataFrame) -> dict[str, Any]:
    """Return counts, segments, largest overdue debtors, reminders by kind, who to call, cash to come.

    JSON-ready; money as text in the row's currency. `customers` gives the names, where known.
    """
    predictions, reminders = tables["predictions"], tables["reminders"]
    by = predictions["source"].value_counts()
    return {
        "open_invoices": len(reminders),
        "predicted_by": {source: int(by.get(source, 0)) for source in ("model", "rule")},
        "debtors": len(tables["segments"]),
        "rejected_rows": len(tables["rejected"]),
        "segments": _segments(tables),
        "top_debtors": _top_debtors(tables, customers),
        "reminders": _reminders(reminders),
        "actions": int((tables["actions"]["status"] == "proposed").sum()),
        "to_call": _to_call(tables["worklist"]),
        "tasks": len(tables["tasks"]),
        "cash": _cash(tables["cash_forecast"]),
    }


def money(minor: float, currency: str) -> str:
    """Return an amount of minor units as text, whole major units, as an English reader writes it."""
    major = minor / minor_units(currency)
    return format_currency(round(major), currency, "¤#,##0", locale="en", currency_digits=False)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each as column -> value."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _expected_late(debtors: pd.DataFrame) -> pd.Series:
    late = debtors.filter(regex=r"^expected_(1_30|31_60|61_90|over_90)_amount_minor$")
    total: pd.Series = late.sum(axis=1)
    return total


def _segments(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    profiles = tables["segment_profiles"]
    segment_of = tables["segments"].set_index("customer_id")["segment"]
    debtors = tables["debtors"]
    expected = (
        _expected_late(debtors).groupby([debtors["customer_id"].map(segment_of), debtors["currency"]]).sum()
    )
    return [
        {
            "segment": row["segment"],
            "debtors": int(row["debtors"]),
            "mean_days_late": _number(row["mean_days_late"], "{:.1f}"),
            "late_share": _number(row["late_share"], "{:.0%}"),
            "open": money(row["open_amount_minor"], row["currency"]),
            "overdue": money(row["overdue_amount_minor"], row["currency"]),
            "expected_late": money(expected.get((row["segment"], row["currency"]), 0), row["currency"]),
        }
        for row in records(profiles)
    ]


def _top_debtors(tables: Mapping[str, pd.DataFrame], customers: pd.DataFrame) -> list[dict[str, Any]]:
    debtors = tables["debtors"].assign(expected=_expected_late)
    largest = debtors[debtors["overdue_amount_minor"] > 0].nlargest(LARGEST, "overdue_amount_minor")
    segment_of = tables["segments"].set_index("customer_id")["segment"]
    name_of = customers.drop_duplicates("customer_id", keep="last").set_index("customer_id")["name"]
    planned = tables["actions"][tables["actions"]["change"] != "withdrawn"]
    planned = planned.sort_values(["send_on", "dunning_level_after"], ascending=[True, False], kind="stable")
    first = planned.drop_duplicates("customer_id").set_index("customer_id")
    return [
        {
            "debtor": _called(row["customer_id"], name_of.get(row["customer_id"])),
            "segment": segment_of[row["customer_id"]],
            "open": money(row["open_amount_minor"], row["currency"]),
            "overdue": money(row["overdue_amount_minor"], row["currency"]),
            "oldest_days_past_due": int(row["oldest_days_past_due"]),
            "expected_late": money(row["expected"], row["currency"]),
            "next_action": _next_action(row, first),
        }
        for row in records(largest)
    ]


def _called(customer: str, name: object) -> str:
    return f"{customer} {name}" if isinstance(name, str) else customer


def _next_action(debtor: dict[str, Any], first: pd.DataFrame) -> str:
    customer, blocked = debtor["customer_id"], debtor["blocked_by"]
    if customer in first.index:
        day, step = first.loc[customer, ["send_on", "step"]]
        return f"{day:%Y-%m-%d} {str(step).replace('_', ' ')}"
    return f"none: {blocked}" if isinstance(blocked, str) and blocked else "none"


def _reminders(reminders: pd.DataFrame) -> dict[str, int]:
    steps = reminders["step"].value_counts()
    return {
        **{str(step).replace("_", " "): int(n) for step, n in steps.items()},
        "none, with a reason": int(reminders["step"].isna().sum()),
    }


def _to_call(worklist: pd.DataFrame) -> dict[str, int]:
    reached = int(worklist["reached"].sum())
    return {"reached": reached, "waiting": len(worklist) - reached}


def _cash(forecast: pd.DataFrame) -> list[dict[str, Any]]:
    """The next weeks of each currency, from what is open."""
    weeks = forecast[forecast["period"] == "week"].sort_values(["currency", "starts_on"], kind="stable")
    return [
        {
            "week_from": f"{row['starts_on']:%Y-%m-%d}",
            **{
                name: money(row[f"{name}_amount_minor"], row["currency"])
                for name in ("expected", "p10", "p90", "overdue")
            },
        }
        for row in records(weeks.groupby("currency").head(WEEKS))
    ]


def _number(value: float, form: str) -> str:
    return "" if pd.isna(value) else form.format(value)
