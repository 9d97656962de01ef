"""The published JSON Schema says exactly what a published run holds."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator, ValidationError
from publication_support import NOW, inputs, publish_tiny, tiny_tables

from features.contracts import OUTPUT_TABLES, Column
from features.contracts.json_schema import output_schema
from features.errors import PublicationError
from pipelines.contract_schema import SCHEMA_FILE, schema_text, write_schema
from pipelines.privacy.forgetting import forget
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import latest_run

SCHEMA = output_schema()
ARROW_NAMES = {"date32": "date32[day]", "boolean": "bool"}


def validator(definition: str) -> Draft202012Validator:
    """A validator of one table's row, of the manifest, or of latest.json."""
    schema = {**SCHEMA, "$ref": f"#/$defs/{definition}"}
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def as_json(row: dict[str, Any], table: str) -> dict[str, Any]:
    """A published row as it stands in JSON: days and money as text."""
    as_text = {c.name for c in OUTPUT_TABLES[table].columns if c.kind in ("day", "money")} | {"as_of"}
    return {
        name: str(value) if name in as_text and value is not None else value for name, value in row.items()
    }


def test_the_file_is_the_contract() -> None:
    """Whoever changes the contract raises its version and writes the file again."""
    published = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    remedy = (
        "raise SCHEMA_VERSION in features/contracts/output.py, then run python -m pipelines.contract_schema"
        if published["x-schema-version"] == SCHEMA["x-schema-version"]
        else "run python -m pipelines.contract_schema"
    )
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), f"the contract changed: {remedy}"


def test_the_schema_itself_is_valid() -> None:
    """It is JSON Schema, draft 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["$defs"]) == {*OUTPUT_TABLES, "manifest", "latest"}


def test_a_changed_contract_with_the_same_version_is_not_written(tmp_path: Path) -> None:
    """Two contracts of one version could not be told apart by a reader."""
    file = tmp_path / "output-schema.json"
    assert write_schema(file)
    assert not write_schema(file)
    segments = OUTPUT_TABLES["segments"]
    wider = replace(segments, columns=(*segments.columns, Column("mood", "text", "how they feel")))
    with patch.dict(OUTPUT_TABLES, {"segments": wider}):
        before = file.read_bytes()
        with pytest.raises(PublicationError, match="Raise SCHEMA_VERSION"):
            write_schema(file)
        assert file.read_bytes() == before
        with patch("features.contracts.json_schema.SCHEMA_VERSION", "1.999"):
            assert write_schema(file)
    assert json.loads(file.read_text())["$defs"]["segments"]["properties"]["mood"]["type"] == [
        "string",
        "null",
    ]


@pytest.mark.parametrize("table", OUTPUT_TABLES)
def test_published_rows_follow_the_schema(tmp_path: Path, table: str) -> None:
    """Every row of every table, and columns in the schema's order."""
    run = publish_tiny(tmp_path)
    rows = pq.read_table(run.path / f"{table}.parquet")
    assert rows.num_rows
    assert rows.column_names == list(SCHEMA["$defs"][table]["properties"])
    for row in rows.to_pylist():
        validator(table).validate(as_json(row, table))


def test_the_parquet_types_are_the_ones_the_schema_names(tmp_path: Path) -> None:
    """A reader may prepare its tables from the schema alone."""
    run = publish_tiny(tmp_path)
    for table in OUTPUT_TABLES:
        for field in pq.read_schema(run.path / f"{table}.parquet"):
            said = SCHEMA["$defs"][table]["properties"][field.name]
            assert str(field.type) == ARROW_NAMES.get(said["x-parquet"], said["x-parquet"])
            assert field.nullable == isinstance(said["type"], list)


def test_manifest_and_latest_follow_the_schema(tmp_path: Path) -> None:
    """Also with a previous run and models."""
    publish_tiny(tmp_path)
    run = latest_run(tmp_path)
    assert run is not None
    validator("manifest").validate(run.manifest)
    previous = {"previous_run": {"run_id": "p", "fingerprint": "f"}, "models": {"payment-time": "3"}}
    validator("manifest").validate({**run.manifest, **previous})
    validator("latest").validate(json.loads((tmp_path / "latest.json").read_text()))


def test_money_in_csv_follows_the_pattern(tmp_path: Path) -> None:
    """The same text that the schema describes."""
    run = publish(tiny_tables(), inputs=inputs(csv=True), facts=RunFacts(), output=tmp_path, now=NOW)
    money = pyarrow.csv.ConvertOptions(column_types={"open_amount": "string"})
    rows = pyarrow.csv.read_csv(run.path / "predictions.csv", convert_options=money).to_pylist()
    schema = SCHEMA["$defs"]["predictions"]["properties"]["open_amount"]
    assert [row["open_amount"] for row in rows] == ["100.10", "200.00", "50.00", "900"]
    for row in rows:
        Draft202012Validator(schema).validate(row["open_amount"])


@pytest.mark.parametrize(
    "change",
    [
        {"source": "me"},
        {"p_late": 1.2},
        {"due_on": "yesterday"},
        {"open_amount": "1,50"},
        {"open_amount": 1.5},
        {"invoice_id": None},
        {"days_past_due": 1.5},
        {"note": "a further column"},
    ],
)
def test_a_row_that_breaks_the_contract_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """The schema can say no, and only to the change."""
    run = publish_tiny(tmp_path)
    row = as_json(pq.read_table(run.path / "predictions.parquet").to_pylist()[0], "predictions")
    validator("predictions").validate(row)
    with pytest.raises(ValidationError):
        validator("predictions").validate({**row, **change})


def test_the_manifest_of_a_run_without_an_erased_debtor_follows_the_schema(tmp_path: Path) -> None:
    """Erasing is the one exception to immutability, and the schema knows its trace."""
    publish_tiny(tmp_path)
    forget(tmp_path, "c1", day=NOW.date())
    run = latest_run(tmp_path)
    assert run.manifest["erased"]
    validator("manifest").validate(run.manifest)
