"""Examples for the OpenAPI document, made from the contract so that they cannot go out of date."""

from __future__ import annotations

from typing import Any

from features.contracts import Column, Kind, Table
from features.contracts.output import RUN_COLUMNS, SCHEMA_VERSION

FACTS = {"run_id": "bae682401f226edd", "as_of": "2026-03-02", "schema_version": SCHEMA_VERSION}

_BY_NAME: dict[str, Any] = {
    **FACTS,
    "customer_id": "C00042",
    "invoice_id": "2026-000317",
    "action_id": "8f2c61d07a94",
    "company_code": "NL01",
    "currency": "EUR",
    "collector": "anna",
    "segment": "B",
    "previous_segment": "B",
    "model_segment": "B",
    "language": "nl",
    "country": "NL",
    "step": "friendly",
    "channel": "email",
    "reason": "late in 4 of its last 5 invoices",
    "reasons": "late in 4 of its last 5 invoices",
    "why": "the promise of 27 February was not kept",
    "suggested_approach": "ask why, agree a new day",
    "blocked_by": "dispute",
    "model_version": "3",
}
_BY_KIND: dict[Kind, Any] = {
    "id": "42",
    "text": "words",
    "day": "2026-03-04",
    "money": "1250.00",
    "count": 3,
    "days": 10,
    "share": 0.25,
    "number": 12.5,
    "flag": False,
}


def example_row(table: Table) -> dict[str, Any]:
    """Return a row that the contract allows, every column filled: the document leaves out what is null."""
    return {column.name: _value(column) for column in (*RUN_COLUMNS, *table.columns)}


def _value(column: Column) -> Any:
    if column.choices:
        return column.choices[0]
    return _BY_NAME.get(column.name, _BY_KIND[column.kind])


def example_of(name: str, kind: str, format_: str | None) -> Any:
    """Return a value for a column of the page's lists, by its JSON type; money is whole there."""
    by_type: dict[str, Any] = {"integer": 3, "number": 0.25, "boolean": False, "string": "words"}
    if name.endswith("_minor"):
        return 125_000
    return _BY_NAME.get(name, _BY_KIND["day"] if format_ == "date" else by_type[kind])
