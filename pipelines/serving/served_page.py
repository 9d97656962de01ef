"""What the page shows of one run, in memory: its figures, its lists, the cards of its debtors."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from pipelines.page.cards import DebtorCards
from pipelines.page.facts import PageFacts
from pipelines.page.lists import page_lists
from pipelines.page.views import page_views
from pipelines.page.whole import Tables


@dataclass(frozen=True)
class Shown:
    """The figures, JSON-ready; the lists by name; the cards by customer_id."""

    views: Mapping[str, Any]
    lists: Mapping[str, pa.Table]
    cards: DebtorCards


class ServedPage:
    """Made once, by whoever asks first; the others wait. Afterwards the run before is let go of."""

    def __init__(self, facts: PageFacts, tables: Tables, before: Tables | None) -> None:
        self._from: tuple[PageFacts, Tables, Tables | None] | None = (facts, tables, before)
        self._shown: Shown | None = None
        self._making = threading.Lock()

    @property
    def made(self) -> Shown | None:
        """What is shown, None while nobody has asked."""
        return self._shown

    def make(self) -> Shown:
        """Return what is shown."""
        with self._making:
            if self._shown is None and self._from is not None:
                self._shown, self._from = _shown(*self._from), None
            if self._shown is None:
                raise RuntimeError("made and not there")
            return self._shown


def _shown(facts: PageFacts, tables: Tables, before: Tables | None) -> Shown:
    lists = page_lists(tables, before, facts.as_of)
    views = page_views(tables, lists, facts, before)
    arrow = {name: _as_arrow(frame) for name, frame in lists.items()}
    return Shown(views, arrow, DebtorCards(tables))


def _as_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a list with one chunk per column and days as days.

    A column of text that is empty throughout comes as numbers from a run of an older contract.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False).combine_chunks().replace_schema_metadata()
    for place, field in enumerate(table.schema):
        column = table[field.name]
        if pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, column.cast(pa.date32()))
        elif column.null_count == len(column) and (
            pa.types.is_floating(field.type) or pa.types.is_null(field.type)
        ):
            table = table.set_column(place, field.name, column.cast(pa.string()))
    return table
