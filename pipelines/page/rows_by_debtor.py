"""The rows of each debtor in a table, side by side in memory: a card takes them without a search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from models.positions import positions
from pipelines.page.rows import Row

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RowsByDebtor:
    """Some columns of a table, ordered by debtor, and where the rows of each debtor begin.

    The table's own order holds among the rows of one debtor.
    """

    columns: dict[str, pa.Array]
    starts: Ints

    @classmethod
    def of(cls, customers: pd.Series, table: pd.DataFrame, columns: Iterable[str]) -> RowsByDebtor:
        """Return the rows of these debtors, who are counted from 0; the table has a column customer_id."""
        place = positions(table["customer_id"], customers)
        theirs = np.flatnonzero(place >= 0)
        order = theirs[np.argsort(place[theirs], kind="stable")]
        starts = np.searchsorted(place[order], np.arange(len(customers) + 1))
        return cls({name: _taken(table[name], order) for name in columns}, starts)

    def rows(self, places: Sequence[int]) -> list[list[Row]]:
        """Return the rows of the debtors at these places, JSON-ready, a list for each debtor."""
        begins = [int(self.starts[place]) for place in places]
        counts = [int(self.starts[place + 1]) - begin for place, begin in zip(places, begins, strict=True)]
        if not sum(counts):
            return [[] for _ in places]
        if len(places) == 1:
            parts = [array.slice(begins[0], counts[0]) for array in self.columns.values()]
        else:
            spans = [np.arange(begin, begin + count) for begin, count in zip(begins, counts, strict=True)]
            wanted = pa.array(np.concatenate(spans))
            parts = [array.take(wanted) for array in self.columns.values()]
        values = zip(*map(_plain, parts), strict=True)
        names = tuple(self.columns)
        return [[dict(zip(names, next(values), strict=True)) for _ in range(count)] for count in counts]


def _taken(column: pd.Series, order: Ints) -> pa.Array:
    """The column in this order as one array; days are dates and what is missing is null."""
    array = pa.Array.from_pandas(column)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.date32())
    return array.take(pa.array(order))


def _plain(array: pa.Array) -> list[object]:
    days = pa.types.is_date(array.type)
    plain: list[object] = (array.cast(pa.string()) if days else array).to_pylist()
    return plain
