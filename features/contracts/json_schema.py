"""The output contract as a JSON Schema (draft 2020-12), for those who read a run in another language.

`docs/output-schema.json` is what `output_schema` returns. A published table has the columns in this
order and these types; money and days are given here as they are written in CSV and JSON.
"""

from __future__ import annotations

from typing import Any

from features.contracts.columns import Column, Kind, Table
from features.contracts.output import OUTPUT_TABLES, RUN_COLUMNS, SCHEMA_VERSION

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_KINDS: dict[Kind, tuple[str, dict[str, Any]]] = {
    "id": ("string", {"minLength": 1, "x-parquet": "string"}),
    "text": ("string", {"minLength": 1, "x-parquet": "string"}),
    "day": ("string", {"format": "date", "x-parquet": "date32"}),
    "money": ("string", {"pattern": r"^-?\d{1,15}(\.\d{1,3})?$", "x-parquet": "decimal128(18, 3)"}),
    "count": ("integer", {"minimum": 0, "x-parquet": "int64"}),
    "days": ("integer", {"x-parquet": "int64", "x-unit": "day"}),
    "share": ("number", {"minimum": 0, "maximum": 1, "x-parquet": "double"}),
    "number": ("number", {"x-parquet": "double"}),
    "flag": ("boolean", {"x-parquet": "boolean"}),
}

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_DAY: dict[str, Any] = {"type": "string", "format": "date"}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}


def output_schema() -> dict[str, Any]:
    """Return the schema: one definition per table (of one row), of the manifest and of `latest.json`.

    Each table's definition carries its grain (`x-grain`) and key (`x-key`), each column its meaning,
    its kind, its Parquet type, and whether it may be empty.
    """
    rows = {name: _row(table) for name, table in OUTPUT_TABLES.items()}
    return {
        "$schema": DRAFT,
        "title": "debtscape output contract",
        "description": (
            "A run lies in runs/<run_id>/: one Parquet file per table, manifest.json, and CSV copies on "
            "request. latest.json names the run to use. Each definition of a table describes one row."
        ),
        "x-schema-version": SCHEMA_VERSION,
        "$defs": rows | {"manifest": _manifest(), "latest": _latest()},
    }


def _row(table: Table) -> dict[str, Any]:
    columns = (*RUN_COLUMNS, *table.columns)
    return {
        "description": f"One row per {table.grain}.",
        "x-grain": table.grain,
        "x-key": list(table.key),
        **_object({column.name: _value(column) for column in columns}),
    }


def _value(column: Column) -> dict[str, Any]:
    kind, limits = _KINDS[column.kind]
    value: dict[str, Any] = {"description": column.meaning, "x-kind": column.kind}
    value |= {"type": kind if column.required else [kind, "null"], **limits}
    if column.choices:
        value["enum"] = list(column.choices) if column.required else [*column.choices, None]
    return value


def _manifest() -> dict[str, Any]:
    previous = _object({"run_id": _TEXT, "fingerprint": _TEXT})
    file = _object({"sha256": _HASH, "bytes": {"type": "integer", "minimum": 0}})
    figure = {"type": ["number", "null"]}
    quality = _object(
        {"name": _TEXT, "auc": figure, "brier_skill": figure, "ece": figure, "ours": {"type": "boolean"}}
    )
    share = {"type": "number", "minimum": 0, "maximum": 1}
    bin_ = _object(
        {**dict.fromkeys(("from", "to", "predicted", "observed"), share), "predictions": {"type": "integer"}}
    )
    erased = _object(
        {
            "on": _DAY,
            "debtors": {"type": "integer", "minimum": 1},
            "rows": _COUNTS,
            "withdrawn": {"type": "array", "items": _TEXT},
            "fingerprint_before": _TEXT,
        }
    )
    manifest = {
        "description": "What a run was made from and what it holds.",
        **_object(
            {
                "schema_version": {"const": SCHEMA_VERSION},
                "product_version": _TEXT,
                "run_id": _TEXT,
                "as_of": _DAY,
                "created_at": {"type": "string", "format": "date-time"},
                "fingerprint": _HASH,
                "ledger": _TEXT,
                "configuration": _TEXT,
                "previous_run": {"oneOf": [{"type": "null"}, previous]},
                "models": {"type": "object", "additionalProperties": _TEXT},
                "model_fingerprints": {"type": "object", "additionalProperties": _TEXT},
                "newest_fact": {"type": ["string", "null"], "format": "date"},
                "bank_known_until": {"type": ["string", "null"], "format": "date"},
                "home_currency": {"type": ["string", "null"]},
                "quality": {"type": "array", "items": quality},
                "reliability": {"oneOf": [{"type": "null"}, {"type": "array", "items": bin_}]},
                "figures_per_collector": {"type": "boolean"},
                "rows_in": _COUNTS,
                "rows_out": _COUNTS,
                "warnings": {"type": "array", "items": _TEXT},
                "files": {"type": "object", "additionalProperties": file},
            }
        ),
    }
    # only a run from which a debtor was erased has it
    manifest["properties"]["erased"] = {"type": "array", "items": erased}
    return manifest


def _latest() -> dict[str, Any]:
    return {
        "description": "Names the run of the greatest as-of day; path is relative to this file.",
        **_object(
            {"schema_version": {"const": SCHEMA_VERSION}, "run_id": _TEXT, "as_of": _DAY, "path": _TEXT}
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
