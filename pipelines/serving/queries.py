"""Choose rows of a table in memory: filter, sort, take a page; and write them as JSON would.

Tables are Arrow: a filter over 100,000 rows takes about a millisecond and lets other threads work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts.money import minor_digits

Value = str | int | float | bool | date


@dataclass(frozen=True)
class Query:
    """Which rows are asked for.

    `equal`: column -> value; the empty text means rows where the column is empty. `ranges`: column ->
    (from, until), both inclusive, None where open. `contains`: a text that is in the row's words, whatever
    its case. `sort`: a column, with "-" in front for descending; empty values come last.
    """

    equal: Mapping[str, Value] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Value | None, Value | None]] = field(default_factory=dict)
    contains: str | None = None
    sort: str | None = None
    offset: int = 0
    limit: int = 100


def words_of(table: pa.Table, columns: Sequence[str]) -> pa.Array:
    """Return what `contains` looks in: the texts of these columns in lower case, one for each row."""
    texts = [pc.fill_null(_column(table, name), "") for name in columns]
    return pc.utf8_lower(pc.binary_join_element_wise(*texts, "\n"))


def choose(table: pa.Table, query: Query, words: pa.Array | None = None) -> tuple[pa.Table, int]:
    """Return the page of rows that was asked for, and how many there are in all.

    Rows that sort alike stay in the table's order, so that pages never overlap. `words`: see `words_of`.
    """
    places = _places(table, query, words)
    if query.sort is not None:
        name, order = query.sort.removeprefix("-"), "descending" if query.sort[0] == "-" else "ascending"
        values = _column(table, name) if places is None else _column(table, name).take(pa.array(places))
        sorted_ = pc.sort_indices(values, sort_keys=[("", order)]).to_numpy()
        places = sorted_ if places is None else places[sorted_]
    if places is None:
        return table.slice(query.offset, query.limit), table.num_rows
    return table.take(pa.array(places[query.offset : query.offset + query.limit])), len(places)


def _places(table: pa.Table, query: Query, words: pa.Array | None) -> npt.NDArray[np.int64] | None:
    """Return the numbers of the rows that fit; None for all."""
    masks = [
        pc.is_null(column) if value == "" else pc.equal(column, pa.scalar(value, column.type))
        for column, value in ((_column(table, name), value) for name, value in query.equal.items())
    ]
    for name, (first, last) in query.ranges.items():
        column = _column(table, name)
        if first is not None:
            masks.append(pc.greater_equal(column, pa.scalar(first, column.type)))
        if last is not None:
            masks.append(pc.less_equal(column, pa.scalar(last, column.type)))
    if query.contains is not None and words is not None:
        masks.append(pc.match_substring(words, pc.utf8_lower(pa.scalar(query.contains)).as_py()))
    if not masks:
        return None
    fits = pc.fill_null(reduce(pc.and_, masks), False)
    return np.flatnonzero(fits.to_numpy(zero_copy_only=False))


def _column(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array; tables in memory have one chunk."""
    column = table[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def json_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows as JSON has them: days ISO, decimals as text with the digits of the row's currency."""
    columns, names = [], table.column_names
    for name, kind in zip(names, table.schema.types, strict=True):
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            columns.append(table[name].cast(pa.date32()).cast(pa.string()).to_pylist())
        elif pa.types.is_decimal(kind):
            codes = table["currency"].to_pylist()
            columns.append([_money(*each) for each in zip(table[name].to_pylist(), codes, strict=True)])
        else:
            columns.append(table[name].to_pylist())
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _money(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else f"{amount:.{minor_digits(currency)}f}"
