"""Hands a run on in the shape of another tool, which a mapping file describes: CSV files and agendas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from features.contracts import OUTPUT_TABLES, Column
from features.contracts.money import minor_digits
from features.errors import PublicationError
from pipelines.delivering.delivery import Content, Delivery
from pipelines.delivering.kept_files import keep
from pipelines.delivering.shape_file import (
    OTHERWISE,
    Cell,
    Event,
    Shape,
    ShapedFile,
    Where,
    Written,
    parts,
    read_shape,
    shape_path,
    table_and_column,
)
from pipelines.runs.published_runs import PublishedRun

Rows = Mapping[str, Mapping[str, Any]]
"""One row of a file: by table, its own row and those that it names; empty where there is none."""

FORMULA = re.compile(r"\s*[=+\-@\uff0b\uff0d\uff1d\uff20]|[\t\r\n]")
"""What a spreadsheet takes for a formula; source: OWASP, CSV Injection."""

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
"""What RFC 5545 allows in no text (the tab it would); the end of a line becomes its \\n."""


def deliver_in_shape(run: PublishedRun, shape: str | Path, folder: Path) -> Delivery:
    """Write the files of `shape` into a folder of its own: a shape of debtscape by name, or a mapping file.

    A second time changes nothing; a changed run or mapping file takes the place of what was delivered.
    ConfigurationError when the mapping file is wrong; PublicationError as `kept_files.keep` says, and when
    a value cannot be written as the mapping file demands.
    """
    path = shape_path(shape)
    mapping = read_shape(path)
    kind = f"{path.stem} {sha256(path.read_bytes()).hexdigest()[:16]}"
    return keep(run, folder, kind, lambda told: shaped_files(told, run, mapping))


def shaped_files(told: Content, run: PublishedRun, shape: Shape) -> dict[str, bytes]:
    """Return the bytes of each file by name; rows are in the order of their table's key."""
    files: dict[str, bytes] = {}
    for name, file in shape.files.items():
        try:
            if file.event:
                files[name] = _agenda(told, run, file, file.event, shape.written)
            else:
                files[name] = _csv(told, file, shape.written)
        except PublicationError as error:
            raise PublicationError(f"{name}: {error}") from None
    return files


def _csv(told: Content, file: ShapedFile, written: Written) -> bytes:
    """One line per row, by RFC 4180."""
    sink = io.StringIO()
    lines = csv.writer(sink, delimiter=written.separator, lineterminator="\r\n")
    lines.writerow(file.columns)
    guarded = {
        name: written.formulas == "harmless" and not _is_number(file.rows_of, cell)
        for name, cell in file.columns.items()
    }
    for rows in _rows(told, file):
        if not _matches(rows, file.rows_of, file.where):
            continue
        texts = {name: _text(rows, file.rows_of, name, cell, written) for name, cell in file.columns.items()}
        lines.writerow([f"'{t}" if guarded[name] and FORMULA.match(t) else t for name, t in texts.items()])
    try:
        return sink.getvalue().encode(written.encoding)
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise PublicationError(
            f"{letter!r} does not exist in {written.encoding}; write `encoding: utf-8` in the shape"
        ) from None


def _agenda(told: Content, run: PublishedRun, file: ShapedFile, event: Event, written: Written) -> bytes:
    """All-day entries by RFC 5545; a later run's entry takes the place of that with the same UID."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//debtscape//agenda//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    known: set[str] = set()
    for rows in _rows(told, file):
        cancelled = any(_matches(rows, file.rows_of, where) for where in event.cancelled)
        day = _value(rows, file.rows_of, event.day)
        if day is None or not (cancelled or _matches(rows, file.rows_of, file.where)):
            continue
        said = {name: _text(rows, file.rows_of, name, cell, written) for name, cell in event.cells.items()}
        texts = {name: CONTROL.sub("", text) for name, text in said.items()}
        if texts["uid"] in known:
            raise PublicationError(f"two entries have the uid `{texts['uid']}`; make it of the table's key")
        known.add(texts["uid"])
        calendar.add_component(_entry(texts, day, run, cancelled))
    ical: bytes = calendar.to_ical()
    return ical


def _entry(texts: Mapping[str, str], day: date, run: PublishedRun, cancelled: bool) -> Any:
    from icalendar import Event as Entry

    entry = Entry()
    entry.add("uid", texts["uid"])
    entry.add("dtstamp", run.created_at)
    entry.add("dtstart", day)
    entry.add("sequence", run.as_of.toordinal())  # grows with the day; of two on a day the later stamp wins
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("transp", "TRANSPARENT")  # nobody is busy all day
    entry.add("summary", texts["summary"])
    if texts["description"]:
        entry.add("description", texts["description"])
    if texts["category"]:
        entry.add("categories", [texts["category"]])
    return entry


def _rows(told: Content, file: ShapedFile) -> Iterator[Rows]:
    named = {table_and_column(file.rows_of, reference)[0] for reference in file.references} - {file.rows_of}
    others = {name: _by_key(told, name) for name in sorted(named)}
    for row in told.tables[file.rows_of].to_pylist():
        met = {name: rows.get(_key(row, OUTPUT_TABLES[name].key), {}) for name, rows in others.items()}
        yield {file.rows_of: row, **met}


def _by_key(told: Content, name: str) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {_key(row, OUTPUT_TABLES[name].key): row for row in told.tables[name].to_pylist()}


def _key(row: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _value(rows: Rows, rows_of: str, reference: str) -> Any:
    table, _, name = reference.rpartition(".")
    return rows[table or rows_of].get(name)


def _matches(rows: Rows, rows_of: str, where: Where) -> bool:
    return all(_value(rows, rows_of, reference) in wanted for reference, wanted in where.items())


def _text(rows: Rows, rows_of: str, name: str, cell: Cell, written: Written) -> str:
    said = ""
    for literal, reference in _parts(cell.text):
        said += literal
        if reference is not None:
            said += _word(rows, rows_of, reference, cell, written)
    if cell.pattern is not None and not re.fullmatch(cell.pattern, said):
        raise PublicationError(f"{name}: the shape demands `{cell.pattern}`, which {said!r} is not")
    return said


def _word(rows: Rows, rows_of: str, reference: str, cell: Cell, written: Written) -> str:
    table, column = _column(rows_of, reference)
    said = _written(rows[table], column, written)
    words = cell.words.get(reference, {})
    return words.get(said, words.get(OTHERWISE, said) if said else said)


def _written(row: Mapping[str, Any], column: Column, written: Written) -> str:
    value = row.get(column.name)
    if value is None:
        return ""
    match column.kind:
        case "money":
            digits = minor_digits(row["currency"])
            return str(value.quantize(Decimal(1).scaleb(-digits))).replace(".", written.decimal)
        case "share" | "number":
            return repr(value).replace(".", written.decimal)
        case "day":
            return str(value.strftime(written.days))
        case "flag":
            return written.flags[bool(value)]
        case "id" | "text" | "count" | "days":
            return str(value)


def _is_number(rows_of: str, cell: Cell) -> bool:
    """Whether a cell holds nothing but a figure: its minus begins no formula."""
    match parts(cell.text):
        case [("", str(reference))] if not cell.words:
            return _column(rows_of, reference)[1].kind not in ("id", "text")
        case _:
            return False


_parts, _column = cache(parts), cache(table_and_column)
