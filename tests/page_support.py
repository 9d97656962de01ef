"""The tiny run and a run before it, as the page reads them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from publication_support import DAY, day, tiny_tables

from pipelines.page.facts import PageFacts
from pipelines.page.lists import page_lists
from pipelines.page.views import page_views

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Page:
    """The lists of a run and the views that count them."""

    lists: Tables
    views: dict[str, Any]


FACTS = PageFacts(
    run_id="r2",
    as_of=DAY,
    schema_version="1.3",
    home_currency="EUR",
    previous_run_id="r1",
    previous_as_of=date(2026, 2, 27),
    models={"payment-time": "3"},
    newest_fact=date(2026, 3, 1),
    bank_known_until=date(2026, 2, 28),
    warnings=("stale",),
    quality=({"name": "the model", "auc": 0.9, "brier_skill": 0.3, "ece": 0.01, "ours": True},),
    figures_per_collector=True,
)


def tables_before() -> dict[str, pd.DataFrame]:
    """The run of the Friday before: c1 owed less, had not broken its promise, and was within its limit."""
    tables = tiny_tables()
    tables["debtors"] = tables["debtors"].assign(overdue_amount_minor=[0, 0, 900])
    tables["risks"] = tables["risks"].assign(over_credit_limit=[False, None])
    events = tables["payment_events"]
    tables["payment_events"] = events[events["event"] != "promise_broken"]
    tables["cash_forecast"] = pd.DataFrame(
        {
            "period": ["day", "day", "day", "week", "week"],
            "starts_on": [
                day("2026-02-27"),
                day("2026-03-02"),
                day("2026-03-03"),
                day("2026-02-23"),
                day("2026-03-02"),
            ],
            "currency": ["EUR"] * 5,
            "expected_amount_minor": [100, 3_000, 4_000, 100, 9_000],
            "p10_amount_minor": [0] * 5,
            "p90_amount_minor": [9_000] * 5,
            "overdue_amount_minor": [0] * 5,
            "not_issued_amount_minor": [0] * 5,
            "corrected": [True] * 5,
        }
    )
    return tables


def make_page(tables: Tables, facts: PageFacts, previous: Tables | None) -> Page:
    """Lists and views of a run."""
    lists = page_lists(tables, previous, facts.as_of)
    return Page(lists, page_views(tables, lists, facts, previous))


def tiny_page(previous: Tables | None = None, **changed: pd.DataFrame) -> Page:
    """The page of the tiny run, some of its tables replaced."""
    return make_page(tiny_tables() | changed, FACTS, previous)
