"""The parameters by which a table of the contract is asked for: made from its columns, typed and strict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from features.contracts import Column, Table
from pipelines.serving.queries import Query

DEFAULT_LIMIT, MOST_ROWS, MOST_OFFSET = 100, 1_000, 2**31
MOST_LETTERS = 200
EMPTY = "; left empty: rows where it is empty"


def _day(text: object) -> date:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError("write a day as 2026-01-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day") from None


Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, Field(max_length=MOST_LETTERS)]
Flag = Annotated[Literal["true", "false"], AfterValidator(lambda text: text == "true")]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="rows of one answer")]
Offset = Annotated[int, Field(ge=0, le=MOST_OFFSET, description="rows to skip")]

STRICT = ConfigDict(extra="forbid", protected_namespaces=(), frozen=True)
"""Columns may begin with model_, and an unknown parameter is refused."""


def optional(kind: Any, meaning: str) -> tuple[Any, None]:
    """Return the field of a parameter that may be left out."""
    return Annotated[kind, Field(description=meaning)], None


def orders(names: Sequence[str]) -> tuple[Any, None]:
    """Return the field of the parameter `sort`."""
    choices: Any = Literal[*names, *(f"-{name}" for name in names)]
    return optional(choices, "column to sort by, with - in front for descending; empty values come last")


@cache
def parameters(table: Table) -> type[BaseModel]:
    """Return the model of a table's query parameters.

    Each id, text, flag and day column filters by equality, a day also by `<name>_from` and `<name>_until`,
    both inclusive. `sort` is a column, with "-" in front for descending. Unknown ones are refused.
    """
    fields: dict[str, Any] = {}
    for column in table.columns:
        fields |= _filters(column)
    fields["sort"] = orders(table.names)
    fields["limit"] = (Limit, DEFAULT_LIMIT)
    fields["offset"] = (Offset, 0)
    return create_model(f"{table.name}_query", __config__=STRICT, **fields)


def _filters(column: Column) -> dict[str, Any]:
    match column.kind:
        case "id" | "text" if column.choices:
            kind = Literal[*column.choices] if column.required else Literal[*column.choices, ""]
            return {column.name: optional(kind, column.meaning + ("" if column.required else EMPTY))}
        case "id" | "text":
            return {column.name: optional(Text, column.meaning + ("" if column.required else EMPTY))}
        case "flag":
            return {column.name: optional(Flag, column.meaning)}
        case "day":
            return {
                column.name: optional(Day, column.meaning),
                f"{column.name}_from": optional(Day, f"{column.meaning}: from this day on"),
                f"{column.name}_until": optional(Day, f"{column.meaning}: up to and with this day"),
            }
        case _:
            return {}


def query_of(table: Table, asked: BaseModel) -> Query:
    """Return the rows that were asked for."""
    said = asked.model_dump(exclude_none=True)
    days = [column.name for column in table.columns if column.kind == "day"]
    ranges = {name: (said.pop(f"{name}_from", None), said.pop(f"{name}_until", None)) for name in days}
    return Query(
        sort=said.pop("sort", None),
        limit=said.pop("limit"),
        offset=said.pop("offset"),
        equal=said,
        ranges={name: borders for name, borders in ranges.items() if borders != (None, None)},
    )
