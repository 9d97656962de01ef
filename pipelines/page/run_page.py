"""The page of a run as one file: the first screen, the lists and the cards of those on top of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipelines.page.cards import DebtorCards
from pipelines.page.facts import PageFacts
from pipelines.page.lists import page_lists
from pipelines.page.page_file import page_file
from pipelines.page.views import page_views
from pipelines.page.whole import Tables, whole_tables

CARDS = 500
"""Debtors whose cards the file holds."""


def run_page(tables: Tables, facts: PageFacts, previous: Tables | None) -> bytes:
    """Return the page of a run as one HTML file, from its tables and those of the previous run.

    The same arguments give the same bytes. Of the previous run the tables BEFORE are enough.
    """
    tables, previous = whole_tables(tables), None if previous is None else whole_tables(previous)
    lists = page_lists(tables, previous, facts.as_of)
    views = page_views(tables, lists, facts, previous)
    first = first_debtors(views, lists)
    return page_file(views, lists, DebtorCards(tables, only=first).of(first))


def first_debtors(views: Mapping[str, Any], lists: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the debtors whose cards people open first.

    Those on the first screen, then those to call, by rank, then those most overdue.
    """
    shown = [
        row["customer_id"] for part in views["portfolios"].values() for row in part["top_overdue"]["rows"]
    ]
    calls = lists["worklist"].sort_values(["reached", "rank"], ascending=[False, True], kind="stable")
    wanted = [*shown, *calls["customer_id"], *lists["debtors"]["customer_id"]]
    return list(dict.fromkeys(wanted))[:CARDS]
