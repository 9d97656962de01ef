"""What a shape says: which files another tool takes, made of which rows and columns of a run."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from features.contracts import OUTPUT_TABLES, Column
from features.contracts.output import RUN_COLUMNS
from features.errors import ConfigurationError
from features.spelling import way_out
from models.strict_yaml import Strict, read_strictly, validated

SHAPES = Path(__file__).resolve().parents[2] / "configs" / "shapes" / "out"
OTHERWISE = "otherwise"
"""Stands for every code that `words` does not name."""

FILE_NAME = re.compile(r"\w[\w.-]*\.(csv|ics)")


def _days(form: str) -> str:
    day = date(2031, 12, 9)
    try:
        kept = datetime.strptime(day.strftime(form), form).date() == day
    except ValueError:
        kept = False
    if not kept:
        raise ValueError(f"`{form}` does not name day, month and year; write for example %Y-%m-%d")
    return form


class Citation(Strict):
    """The public documentation that the shape was written from; `day`: of the document, or its edition."""

    title: str = Field(min_length=1)
    publisher: str = Field(min_length=1)
    page: str = Field(min_length=1)
    day: str = Field(min_length=1)


class Written(Strict):
    """How values are written."""

    separator: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    days: Annotated[str, AfterValidator(_days)] = "%Y-%m-%d"
    flags: list[str] = Field(["false", "true"], min_length=2, max_length=2)
    encoding: Literal["utf-8", "utf-8-sig", "cp1252"] = "utf-8"
    formulas: Literal["harmless", "kept"] = "harmless"


class Cell(Strict):
    """A text with columns in braces; `words` per column say what stands for a code."""

    text: str
    words: dict[str, dict[str, str]] = Field({})
    pattern: str | None = None


def _cell(value: object) -> object:
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict | Cell):
        raise ValueError(f"{value!r} is not a text; put it in quotes")
    return value


AnyCell = Annotated[Cell, BeforeValidator(_cell)]
Where = dict[str, list[str | bool]]


class Event(Strict):
    """An entry of an agenda, for the whole of `day`."""

    uid: AnyCell
    day: str
    summary: AnyCell
    description: AnyCell = Cell(text="")
    category: AnyCell = Cell(text="")
    cancelled: list[Where] = Field([])

    @property
    def cells(self) -> dict[str, Cell]:
        """The texts, by key."""
        return {name: getattr(self, name) for name in ("uid", "summary", "description", "category")}


class ShapedFile(Strict):
    """A file: rows of one table, and columns of it and of every table that its rows name."""

    rows_of: str
    where: Where = Field({})
    columns: dict[str, AnyCell] = Field({})
    event: Event | None = None

    @property
    def references(self) -> set[str]:
        """Every column that is spoken of: `column`, or `table.column` of another table."""
        cells = self.event.cells if self.event else self.columns
        found = {name for cell in cells.values() for name in columns_in(cell.text)}
        if self.event:
            found |= {self.event.day, *(name for where in self.event.cancelled for name in where)}
        return found | set(self.where)


class Shape(Strict):
    """The files of one tool."""

    about: str = Field(min_length=1)
    documentation: list[Citation] = Field(min_length=1)
    written: Written = Written()
    files: dict[str, ShapedFile] = Field(min_length=1)


def shape_names() -> list[str]:
    """Return the names of the shapes that come with debtscape, sorted."""
    return sorted(path.stem for path in SHAPES.glob("*.yaml"))


def shape_path(shape: str | Path) -> Path:
    """Return the file of a shape: one of `shape_names()`, or the path of one's own.

    ConfigurationError when a name is neither.
    """
    if isinstance(shape, str) and shape in shape_names():
        return SHAPES / f"{shape}.yaml"
    path = Path(shape)
    if path.suffix not in (".yaml", ".yml"):
        known = way_out(str(shape), shape_names())
        raise ConfigurationError(f"no shape `{shape}`{known}\nThe path of a .yaml file of your own will do.")
    return path


def read_shape(path: Path) -> Shape:
    """Return what the file says; ConfigurationError names what no run has, and the way out."""
    return read_strictly(path, "the shape", _parse)


def parts(text: str) -> list[tuple[str, str | None]]:
    """Return pairs of what is written as it is and the column after it, None after the last.

    ConfigurationError when a brace is alone or holds more than the name of a column.
    """
    try:
        found = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ConfigurationError(f"`{text}`: {error}; a brace itself is written twice") from None
    for _, name, form, conversion in found:
        if name is not None and (form or conversion or not re.fullmatch(r"\w+(\.\w+)?", name)):
            raise ConfigurationError(f"`{text}`: only the name of a column may stand in braces")
    return [(literal, name) for literal, name, _, _ in found]


def columns_in(text: str) -> list[str]:
    """Return the columns that a text names."""
    return [name for _, name in parts(text) if name is not None]


def table_and_column(rows_of: str, reference: str) -> tuple[str, Column]:
    """Return the table and the column that a reference means in a file of rows of `rows_of`.

    ConfigurationError when there is none, or when one row would meet several of the other table.
    """
    table, _, name = reference.rpartition(".")
    table = table or rows_of
    _refuse_unknown("table", table, OUTPUT_TABLES)
    columns = {column.name: column for column in (*RUN_COLUMNS, *OUTPUT_TABLES[table].columns)}
    _refuse_unknown(f"column of {table}", name, columns)
    missing = sorted(set(OUTPUT_TABLES[table].key) - set(OUTPUT_TABLES[rows_of].names))
    if table != rows_of and (missing or not OUTPUT_TABLES[table].key):
        lacking = f"without {', '.join(missing)}" if missing else "it has no key"
        raise ConfigurationError(f"a row of {rows_of} does not say which row of {table} is meant: {lacking}")
    return table, columns[name]


def _parse(content: object) -> Shape:
    if not isinstance(content, dict):
        raise ConfigurationError("a shape has the keys about, documentation, written and files")
    shape = validated(Shape, content)
    for name, file in shape.files.items():
        try:
            _check(name, file)
        except ConfigurationError as error:
            raise ConfigurationError(f"files.{name}: {error}") from None
    return shape


def _check(name: str, file: ShapedFile) -> None:
    if not FILE_NAME.fullmatch(name):
        raise ConfigurationError("a file is called NAME.csv, or NAME.ics for an agenda")
    key = "event" if name.endswith(".ics") else "columns"
    if bool(file.columns) == bool(file.event) or not getattr(file, key):
        raise ConfigurationError(f"it has `{key}`, and nothing else says what it holds")
    _refuse_unknown("table", file.rows_of, OUTPUT_TABLES)
    for reference in sorted(file.references):
        table_and_column(file.rows_of, reference)
    for cell_name, cell in (file.event.cells if file.event else file.columns).items():
        _check_cell(cell_name, cell)
    for where in (file.where, *(file.event.cancelled if file.event else [])):
        _check_where(file.rows_of, where)
    if file.event and table_and_column(file.rows_of, file.event.day)[1].kind != "day":
        raise ConfigurationError(f"event.day: `{file.event.day}` is not a day")


def _check_cell(name: str, cell: Cell) -> None:
    for column in cell.words:
        _refuse_unknown(f"column in `{cell.text}`", column, columns_in(cell.text))
    try:
        re.compile(cell.pattern or "")
    except re.error as error:
        raise ConfigurationError(f"{name}: the pattern `{cell.pattern}` cannot be read: {error}") from None


def _check_where(rows_of: str, where: Mapping[str, list[str | bool]]) -> None:
    for reference, wanted in where.items():
        column = table_and_column(rows_of, reference)[1]
        if column.kind not in ("id", "text", "flag"):
            raise ConfigurationError(f"rows cannot be chosen by `{reference}`: it is not a text or a flag")
        for value in wanted:
            if isinstance(value, bool) != (column.kind == "flag"):
                kind = "true or false" if column.kind == "flag" else "a text; put it in quotes"
                raise ConfigurationError(f"{reference}: {value!r} is not {kind}")
            if column.choices:
                _refuse_unknown(reference, str(value), column.choices)


def _refuse_unknown(what: str, name: str, known: Iterable[str]) -> None:
    known = list(known)
    if name not in known:
        raise ConfigurationError(f"no {what} `{name}`{way_out(name, known)}")
