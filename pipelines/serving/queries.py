"""Choose rows of a table in memory: filter, sort, take a page; and write them as JSON would.

Tables are Arrow: a filter over 100,000 rows takes about a millisecond and lets other threads work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.contracts.money import minor_digits

Value = str | int | float | bool | date


@dataclass(frozen=True)
class Query:
    """Which rows are asked for.

    `equal`: column -> value; the empty text means rows where the column is empty. `ranges`: column ->
    (from, until), both inclusive, None where open. `contains`: (columns, text): the text in any of them,
    whatever its case. `sort`: a column, with "-" in front for descending; empty values come last.
    """

    equal: Mapping[str, Value] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Value | None, Value | None]] = field(default_factory=dict)
    contains: tuple[Sequence[str], str] | None = None
    sort: str | None = None
    offset: int = 0
    limit: int = 100


def choose(table: pa.Table, query: Query) -> tuple[pa.Table, int]:
    """Return the page of rows that was asked for, and how many there are in all.

    Rows that sort alike stay in the table's order, so that pages never overlap.
    """
    mask = _mask(table, query)
    if query.sort is None:
        if mask is None:
            return table.slice(query.offset, query.limit), table.num_rows
        places = pc.indices_nonzero(mask)
        return table.take(places.slice(query.offset, query.limit)), len(places)
    name, descending = query.sort.removeprefix("-"), query.sort.startswith("-")
    places = None if mask is None else pc.indices_nonzero(mask)
    values = table[name] if places is None else table[name].take(places)
    order = pc.sort_indices(
        pa.table({"value": values}), sort_keys=[("value", "descending" if descending else "ascending")]
    )
    page = order.slice(query.offset, query.limit)
    return table.take(page if places is None else places.take(page)), len(order)


def _mask(table: pa.Table, query: Query) -> Any:
    """Return which rows are asked for; None for all."""
    masks = [
        pc.is_null(table[name]) if value == "" else pc.equal(table[name], pa.scalar(value, table[name].type))
        for name, value in query.equal.items()
    ]
    for name, (first, last) in query.ranges.items():
        kind = table[name].type
        if first is not None:
            masks.append(pc.greater_equal(table[name], pa.scalar(first, kind)))
        if last is not None:
            masks.append(pc.less_equal(table[name], pa.scalar(last, kind)))
    if query.contains is not None:
        names, text = query.contains
        found = [
            pc.fill_null(pc.match_substring(table[name], text, ignore_case=True), False) for name in names
        ]
        masks.append(_all_or_any(found, pc.or_))
    return _all_or_any(masks, pc.and_) if masks else None


def _all_or_any(masks: Sequence[Any], together: Any) -> Any:
    one, *others = masks
    for other in others:
        one = together(one, other)
    return one


def json_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows as JSON has them: days ISO, decimals as text with the digits of the row's currency."""
    columns = []
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            columns.append(table[name].cast(pa.date32()).cast(pa.string()).to_pylist())
        elif pa.types.is_decimal(kind):
            codes = table["currency"].to_pylist()
            columns.append([_money(*each) for each in zip(table[name].to_pylist(), codes, strict=True)])
        else:
            columns.append(table[name].to_pylist())
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _money(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else f"{amount:.{minor_digits(currency)}f}"
