"""What the report shows, taken from the tables of a run: plain rows for the template.

Amounts stay whole minor units; the template writes them. Missing values are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]
Row = dict[str, Any]

CLASSES = {
    "on_time": "on time",
    "1_30": "1–30 days late",
    "31_60": "31–60 days late",
    "61_90": "61–90 days late",
    "over_90": "over 90 days late",
}
TOP = 10
MAY_BE_SENT = ("proposed", "needs_approval")


def by_currency(tables: Tables) -> dict[str, dict[str, pd.DataFrame]]:
    """Return the tables of each currency, the currency with most open items first."""
    open_invoices = tables["portfolio"].groupby("currency")["open_invoices"].sum()
    order = sorted(open_invoices.index, key=lambda code: (-open_invoices[code], code))
    return {
        code: {
            name: table[table["currency"] == code] if "currency" in table else table
            for name, table in tables.items()
        }
        for code in order
    }


def share_by_model(tables: Tables) -> float | None:
    """Return the share of predictions that a model made, the rule having made the rest."""
    source = tables["predictions"]["source"]
    return float((source == "model").mean()) if len(source) else None


def key_figures(tables: Tables) -> Row:
    """Return the sums of one currency."""
    portfolio = tables["portfolio"]
    names = ("open_invoices", "open_amount", "overdue_amount", "expected_late_amount", "dormant_amount")
    sums = {name: _total(portfolio, name) for name in names}
    debtors = tables["debtors"]
    owing = debtors[debtors["open_amount_minor"] > 0]["customer_id"].nunique()
    overdue = debtors[debtors["overdue_amount_minor"] > 0]["customer_id"].nunique()
    return {**sums, "debtors_owing": owing, "debtors_overdue": overdue}


def ageing(tables: Tables) -> list[Row]:
    """Return per lateness class: open amount past due that long today, and expected in the end."""
    portfolio, debtors = tables["portfolio"], tables["debtors"]
    today = {name: _total(portfolio, f"due_{name}_amount") for name in list(CLASSES)[1:]}
    today["on_time"] = _total(portfolio, "open_amount") - _total(portfolio, "overdue_amount")
    expected = {name: _total(debtors, f"expected_{name}_amount") for name in CLASSES}
    largest = max(*today.values(), *expected.values(), 1)
    return [
        {
            "class": name,
            "label": label,
            "today": today[name],
            "expected": expected[name],
            "today_width": _width(today[name], largest),
            "expected_width": _width(expected[name], largest),
        }
        for name, label in CLASSES.items()
    ]


def next_actions(tables: Tables, start: date, end: date, names: Mapping[str, str]) -> Row:
    """Return the actions to send from `start` until before `end`, the largest amounts first."""
    actions = tables["actions"]
    actions = actions[actions["change"] != "withdrawn"]
    send_on = pd.to_datetime(actions["send_on"])
    actions = actions[(send_on >= pd.Timestamp(start)) & (send_on < pd.Timestamp(end))]
    ready = actions[actions["status"].isin(MAY_BE_SENT)]
    shown = ready.sort_values(
        ["overdue_amount_minor", "action_id"], ascending=[False, True], kind="stable"
    ).head(TOP)
    rows = [
        {
            "customer_id": row["customer_id"],
            "name": names.get(row["customer_id"]),
            "send_on": row["send_on"].date(),
            "step": _words(row["step"]),
            "channel": _words(row["channel"]),
            "needs_approval": row["status"] == "needs_approval",
            "overdue": int(row["overdue_amount_minor"]),
            "net_overdue": int(row["net_overdue_amount_minor"]),
            "reason": row["reason"],
        }
        for row in shown.to_dict("records")
    ]
    held = actions[~actions["status"].isin(MAY_BE_SENT)].groupby("status").size()
    return {
        "rows": rows,
        "count": len(ready),
        "amount": _total(ready, "overdue_amount"),
        "approvals": int((ready["status"] == "needs_approval").sum()),
        "held": [(_words(str(status)), int(count)) for status, count in held.items()],
    }


def most_overdue(tables: Tables, day: date, names: Mapping[str, str]) -> Row:
    """Return the debtors that make most of the overdue amount, with what is expected of them."""
    debtors = _debtors(tables["debtors"])
    total = int(debtors["overdue_amount_minor"].sum())
    segment_of = tables["segments"].set_index("customer_id")["segment"]
    letters = _letters(segment_of)
    actions = tables["actions"]
    sent = actions["status"].isin(MAY_BE_SENT) & (actions["change"] != "withdrawn")
    coming = actions[sent & (pd.to_datetime(actions["send_on"]) >= pd.Timestamp(day))]
    next_send = coming.groupby("customer_id")["send_on"].min()
    overdue = debtors[debtors["overdue_amount_minor"] > 0].sort_values(
        ["overdue_amount_minor", "customer_id"], ascending=[False, True], kind="stable"
    )
    rows = []
    for row in overdue.head(TOP).to_dict("records"):
        customer = row["customer_id"]
        expected = {name: int(row[f"expected_{name}_amount_minor"]) for name in CLASSES}
        whole = sum(expected.values())
        rows.append(
            {
                "customer_id": customer,
                "name": names.get(customer),
                "segment": segment_of.get(customer),
                "tone": _tone(segment_of.get(customer), letters),
                "overdue": int(row["overdue_amount_minor"]),
                "share": int(row["overdue_amount_minor"]) / total,
                "oldest": _none_or(row["oldest_days_past_due"], int),
                "expected": [
                    {"class": name, "label": CLASSES[name], "width": _width(part, whole)}
                    for name, part in expected.items()
                    if part
                ],
                "mostly": CLASSES[max(expected, key=lambda name: expected[name])] if whole else None,
                "remind_on": next_send[customer].date() if customer in next_send else None,
                "blocked_by": _none_or(row["blocked_by"], _words),
            }
        )
    return {"rows": rows, "share": sum(row["share"] for row in rows) if rows else None, "of": len(overdue)}


def segment_rows(tables: Tables) -> list[Row]:
    """Return the segments' profiles in one currency: A first, special segments last."""
    profiles = tables["segment_profiles"]
    letters = _letters(tables["segments"]["segment"])
    rows = [
        {
            "segment": row["segment"],
            "tone": _tone(row["segment"], letters),
            "debtors": int(row["debtors"]),
            "share_of_debtors": float(row["share_of_debtors"]),
            "mean_days_late": _none_or(row["mean_days_late"], float),
            "late_share": _none_or(row["late_share"], float),
            "revenue": int(row["revenue_minor"]),
            "open": int(row["open_amount_minor"]),
            "overdue": int(row["overdue_amount_minor"]),
        }
        for row in profiles.to_dict("records")
    ]
    return sorted(rows, key=lambda row: (len(row["segment"]) > 1, row["segment"]))


def migration_matrix(tables: Tables) -> Row:
    """Return debtors by previous and present segment, and how many moved for better or worse."""
    moves = tables["migrations"]
    counts = {
        (_none_or(row["previous_segment"], str), row["segment"]): int(row["debtors"])
        for row in moves.to_dict("records")
    }
    order = sorted(
        {segment for pair in counts for segment in pair if segment}, key=lambda name: (len(name) > 1, name)
    )
    before = [name for name in [*order, None] if any(was == name for was, _ in counts)]
    moved = {pair: n for pair, n in counts.items() if pair[0] and pair[0] != pair[1]}
    between_letters = {pair: n for pair, n in moved.items() if all(len(str(name)) == 1 for name in pair)}
    return {
        "columns": order,
        "rows": [
            {"previous": was, "counts": [counts.get((was, name), 0) for name in order]} for was in before
        ],
        "moved": sum(moved.values()),
        "better": sum(n for (was, now), n in between_letters.items() if now < str(was)),
        "worse": sum(n for (was, now), n in between_letters.items() if now > str(was)),
    }


def rejected_rows(tables: Tables) -> list[Row]:
    """Return the rejected rows by table and reason, the most frequent first, with examples."""
    rejected = tables["rejected"]
    rows = [
        {
            "table": table,
            "reason": reason,
            "rows": len(group),
            "examples": [
                f"row {row} ({key})" if isinstance(key, str) and key else f"row {row}"
                for row, key in zip(group["row"].head(3), group["key"].head(3), strict=True)
            ],
        }
        for (table, reason), group in rejected.sort_values("row", kind="stable").groupby(["table", "reason"])
    ]
    return sorted(rows, key=lambda row: (-row["rows"], row["table"], row["reason"]))


def _debtors(debtors: pd.DataFrame) -> pd.DataFrame:
    """One row per debtor: its company codes added up, blocked if blocked in one of them."""
    how = {str(name): "sum" for name in debtors if str(name).endswith("_minor")}
    how |= {"oldest_days_past_due": "max", "blocked_by": "first"}
    return debtors.groupby("customer_id", as_index=False).agg(how)


def _total(table: pd.DataFrame, name: str) -> int:
    column = name if name in table else f"{name}_minor"
    return int(table[column].sum())


def _width(part: int, whole: int) -> float:
    """Per cent, for a bar."""
    return round(100 * part / whole, 1) if whole > 0 else 0.0


def _letters(segments: pd.Series) -> list[str]:
    return sorted(segment for segment in segments.unique() if len(segment) == 1)


def _tone(segment: str | None, letters: list[str]) -> int:
    """1 for the best segment to 5 for the worst, 0 for special ones."""
    if segment not in letters:
        return 0
    return 1 + round(4 * letters.index(segment) / max(len(letters) - 1, 1))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _none_or(value: Any, kind: Any) -> Any:
    return None if pd.isna(value) else kind(value)
