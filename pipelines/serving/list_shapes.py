"""What the page's lists look like, found by making them of a run without rows: columns, types, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, Field, create_model

from features.contracts import OUTPUT_TABLES
from pipelines.page.lists import page_lists
from pipelines.runs.arrow_tables import from_arrow
from pipelines.serving.examples import example_of
from pipelines.serving.queries import Query
from pipelines.serving.table_queries import DEFAULT_LIMIT, EMPTY, STRICT, Day, Offset, Text, optional, orders

MOST_LISTED = 500
_EQUAL = ("currency", "company_code", "segment", "collector", "cause", "status", "source")
_PAST_DUE = ("days_past_due", "oldest_days_past_due")
SEARCHED = ("customer_id", "name")
_Days = Annotated[int, Field(ge=-100_000, le=100_000)]


@cache
def no_rows() -> Mapping[str, pd.DataFrame]:
    """Return every table of the contract, typed and without rows: what an older run does not have."""
    nothing = pa.table({})
    return {name: from_arrow(contract, nothing) for name, contract in OUTPUT_TABLES.items()}


@cache
def list_shapes() -> Mapping[str, pa.Schema]:
    """Return the columns of each list: text, whole numbers, numbers, flags, days."""
    lists = page_lists(no_rows(), None, date(2000, 1, 1))
    return {name: pa.schema([_field(rows[column]) for column in rows]) for name, rows in lists.items()}


def as_listed(name: str, rows: pd.DataFrame) -> pa.Table:
    """Return a list in its shape, one chunk per column."""
    table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata()
    shape = list_shapes()[name]
    return pa.table([table[field.name].cast(field.type) for field in shape], schema=shape).combine_chunks()


def _field(column: pd.Series) -> pa.Field:
    kind = pa.Array.from_pandas(column).type
    if pa.types.is_timestamp(kind):
        kind = pa.date32()
    if pa.types.is_null(kind) or pa.types.is_large_string(kind):
        kind = pa.string()
    return pa.field(str(column.name), kind)


@cache
def list_parameters(name: str) -> type[BaseModel]:
    """Return the model of a list's query parameters: the filters that it has columns for."""
    shape = list_shapes()[name]
    flags = [field.name for field in shape if pa.types.is_boolean(field.type)]
    fields: dict[str, Any] = {
        column: optional(Text, f"only rows with this value{EMPTY}")
        for column in _EQUAL
        if column in shape.names
    }
    if flags:
        fields["flag"] = optional(Literal[*flags], "only rows where this column is true")
    fields["q"] = optional(Text, "part of the debtor's id or name, whatever the case")
    if _past_due(shape):
        fields["past_due_from"] = optional(_Days, "so many days past due or more")
        fields["past_due_until"] = optional(_Days, "so many days past due or less")
    if "due_on" in shape.names:
        fields["due_from"] = optional(Day, "due on this day or later")
        fields["due_until"] = optional(Day, "due on this day or earlier")
    fields["sort"] = orders(shape.names)
    fields["limit"] = (
        Annotated[int, Field(ge=1, le=MOST_LISTED, description="rows of one answer")],
        DEFAULT_LIMIT,
    )
    fields["offset"] = (Offset, 0)
    return create_model(f"list_{name}_query", __config__=STRICT, **fields)


def list_query(name: str, asked: BaseModel) -> Query:
    """Return the rows that were asked for."""
    said = asked.model_dump(exclude_none=True)
    equal: dict[str, Any] = {column: said[column] for column in _EQUAL if column in said}
    if "flag" in said:
        equal[said["flag"]] = True
    borders = {
        "due_on": (said.get("due_from"), said.get("due_until")),
        _past_due(list_shapes()[name]): (said.get("past_due_from"), said.get("past_due_until")),
    }
    return Query(
        equal=equal,
        ranges={column: both for column, both in borders.items() if column and both != (None, None)},
        contains=said.get("q"),
        sort=said.get("sort"),
        offset=said["offset"],
        limit=said["limit"],
    )


def _past_due(shape: pa.Schema) -> str | None:
    return next((column for column in _PAST_DUE if column in shape.names), None)


def list_row(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the JSON Schema of a list's row, and an example."""
    kinds = {field.name: _json_type(field.type) for field in list_shapes()[name]}
    row = {
        "type": "object",
        "properties": {column: {**kind, "type": [kind["type"], "null"]} for column, kind in kinds.items()},
        "required": list(kinds),
        "additionalProperties": False,
    }
    return row, {
        column: example_of(column, kind["type"], kind.get("format")) for column, kind in kinds.items()
    }


def _json_type(kind: pa.DataType) -> dict[str, str]:
    if pa.types.is_date(kind):
        return {"type": "string", "format": "date"}
    if pa.types.is_boolean(kind):
        return {"type": "boolean"}
    if pa.types.is_integer(kind):
        return {"type": "integer"}
    return {"type": "number" if pa.types.is_floating(kind) else "string"}
