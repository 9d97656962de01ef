"""What the page shows of one run, in memory: its figures, its lists, the cards of its debtors."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.page.cards import DebtorCards
from pipelines.page.facts import PageFacts
from pipelines.page.lists import page_lists
from pipelines.page.views import page_views
from pipelines.page.whole import Tables, whole_tables
from pipelines.serving.list_shapes import SEARCHED, as_listed, no_rows
from pipelines.serving.queries import AskedTable


@dataclass(frozen=True)
class Shown:
    """The figures, JSON-ready; the lists by name; the cards."""

    views: Mapping[str, Any]
    lists: Mapping[str, AskedTable]
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
                # a quarter of the server's memory was only needed for this
                pa.default_memory_pool().release_unused()
            if self._shown is None:
                raise RuntimeError("made and not there")
            return self._shown


def _shown(facts: PageFacts, tables: Tables, before: Tables | None) -> Shown:
    tables = whole_tables({**no_rows(), **tables})
    before = None if before is None else whole_tables({**no_rows(), **before})
    lists = page_lists(tables, before, facts.as_of)
    views = page_views(tables, lists, facts, before)
    asked = {name: AskedTable(as_listed(name, rows), SEARCHED) for name, rows in lists.items()}
    return Shown(views, asked, DebtorCards(tables))
