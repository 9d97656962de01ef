"""Read a ledger and say how good it is."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from features.health import Health, judge
from pipelines.reading import read_cleaned
from pipelines.settings_file import load_settings


def check_ledger(config: Path, *, today: date) -> dict[str, Any]:
    """Return rows, rejected rows with reasons, coverage and freshness of a ledger, JSON-ready."""
    settings = load_settings(config)
    cleaned = read_cleaned(settings, today)
    health = judge(cleaned, today=today)
    return {
        "tables": [
            {"table": t.table, "rows": t.rows_in, "accepted": t.accepted, "rejected": t.rejected}
            for t in health.tables
        ],
        "facts": {
            **{t.table: f"{t.first_day} to {t.last_day}" for t in health.tables if t.first_day is not None},
            "newest payment": _newest_payment(health),
            "debtors": f"{health.debtors}, of which {health.debtors_with_one_invoice} with one invoice",
            "largest debtor": f"{health.largest_debtor}, {health.largest_debtor_share:.0%} of all invoiced",
            "currencies": ", ".join(f"{name} ({n} invoices)" for name, n in health.currencies.items()),
            "invoices with a payment": f"{health.settled_share:.0%} of {health.invoices}",
            "known after the day of issue": f"{health.known_late_share:.0%}",
        },
        "rejected": [
            {"table": r.table, "rows": r.rows, "reason": r.reason, "example": "; ".join(r.examples)}
            for r in health.rejects
        ],
        "warnings": list(health.warnings),
    }


def _newest_payment(health: Health) -> str:
    if health.newest_payment is None:
        return "none"
    return f"{health.newest_payment} ({health.days_since_newest_payment} days ago)"
