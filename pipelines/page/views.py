"""What the page shows of a run: data status, and per currency the first screen and the portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from features.contracts.money import minor_digits
from pipelines.page import portfolio
from pipelines.page.cash import cash
from pipelines.page.changes import changed
from pipelines.page.facts import PageFacts
from pipelines.page.lists import currencies_of
from pipelines.page.today import today, top_overdue
from pipelines.page.whole import Tables, whole_tables

Lists = Mapping[str, pd.DataFrame]


def page_views(tables: Tables, lists: Lists, facts: PageFacts, previous: Tables | None) -> dict[str, Any]:
    """Return everything the page shows beside lists and cards, JSON-ready.

    `lists` are `page_lists` of the same tables: every count and amount of today, changed, top_overdue,
    ageing, cash.due and segments is one of a filter on them. Money in minor units, shares 0 to 1.
    """
    tables = whole_tables(tables)
    before = whole_tables(previous)["cash_forecast"] if previous is not None else None
    currencies = currencies_of(tables)
    return {
        "run": _run(facts),
        "rows": _rows(tables),
        "minor_digits": {code: minor_digits(code) for code in currencies},
        "currencies": currencies,
        "reliability": {
            "figures": [dict(row) for row in facts.quality],
            "curve": None if facts.reliability is None else [dict(row) for row in facts.reliability],
        },
        "portfolios": {code: _portfolio(code, tables, lists, facts, before) for code in currencies},
    }


def _run(facts: PageFacts) -> dict[str, Any]:
    return {
        "run_id": facts.run_id,
        "as_of": facts.as_of.isoformat(),
        "previous_run_id": facts.previous_run_id,
        "previous_as_of": _text(facts.previous_as_of),
        "schema_version": facts.schema_version,
        "models": dict(sorted(facts.models.items())),
        "newest_fact": _text(facts.newest_fact),
        "bank_known_until": _text(facts.bank_known_until),
        "home_currency": facts.home_currency,
        "warnings": list(facts.warnings),
    }


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _rows(tables: Tables) -> dict[str, int]:
    source = tables["predictions"]["source"]
    return {
        "debtors": len(tables["segments"]),
        "open_invoices": int(tables["portfolio"]["open_invoices"].sum()),
        "by_model": int((source == "model").sum()),
        "by_rule": int((source == "rule").sum()),
        "rejected": len(tables["rejected"]),
    }


def _portfolio(
    code: str, tables: Tables, lists: Lists, facts: PageFacts, before: pd.DataFrame | None
) -> dict[str, Any]:
    def own(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["currency"] == code]

    listed = {name: own(rows) for name, rows in lists.items()}
    then = None if before is None else own(before)
    return {
        "today": today(listed, per_collector=facts.figures_per_collector),
        "cash": cash(own(tables["cash_forecast"]), listed["invoices"], then, facts.as_of),
        "changed": changed(lists["debtors"], code),
        "top_overdue": top_overdue(listed["debtors"]),
        "figures": portfolio.figures(own(tables["portfolio_figures"])),
        "ageing": portfolio.ageing(listed["invoices"], own(tables["debtors"])),
        "segments": portfolio.segments(listed["debtors"], own(tables["segment_profiles"])),
        "flow": portfolio.flow(tables["migrations"]),
        "pareto": portfolio.pareto(listed["debtors"]),
    }
