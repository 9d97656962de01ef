"""Where a ledger's tables are read from: files, folders, globs and databases, by a column mapping."""

from __future__ import annotations

import os
from collections.abc import Iterator
from glob import has_magic
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from features.contracts import Table
from features.errors import ConfigurationError, LedgerError
from features.parsing_text import as_text
from features.spelling import question
from features.text_files import read_text
from features.typed import UNREADABLE

TEXT_FILES = (".csv", ".txt", ".tsv")
PARQUET_FILES = (".parquet", ".pq")
EXCEL_FILES = (".xlsx", ".xlsm")
FILES = TEXT_FILES + PARQUET_FILES + EXCEL_FILES


class Source(BaseModel):
    """Where one table of the ledger is read from, and how it is written there.

    path: a CSV, Parquet or Excel file, a folder or a glob of them, or "sql:" and the name of an
    environment variable that holds an SQLAlchemy address (then `query` is needed).
    columns: contract name to the source's column, or to several whose values are joined with "|"
    (ids only); without it every column that bears a contract name is read.
    shape: instead of columns, the name or the file of a shape (`shape_file`): how a system's export is read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    query: str | None = None
    columns: dict[str, str | list[str]] = Field(default_factory=dict)
    shape: str | None = None
    dates: str | None = None
    decimal: Literal[".", ","] | None = None
    separator: str | None = None
    encoding: str | None = None
    sheet: str | int | None = None

    @field_validator("dates")
    @classmethod
    def _known_format(cls, dates: str | None) -> str | None:
        if dates is not None and dates not in ("month_first", "day_first", "iso") and "%" not in dates:
            raise ValueError("dates is month_first, day_first, iso or a strptime format such as '%d.%m.%Y'")
        return dates

    @field_validator("separator")
    @classmethod
    def _one_character(cls, separator: str | None) -> str | None:
        separator = "\t" if separator in ("tab", "\\t") else separator
        if separator is not None and len(separator) != 1:
            raise ValueError("separator is one character, or tab")
        return separator

    @model_validator(mode="after")
    def _one_way_to_read(self) -> Source:
        if self.path.startswith("sql:") != bool(self.query):
            raise ValueError("path sql:ENVIRONMENT_VARIABLE and query belong together")
        if self.shape and self.columns:
            raise ValueError("a shape says which columns are read: leave out columns, or the shape")
        return self


def read_raw(table: Table, source: Source, base: Path) -> pd.DataFrame:
    """Return a table's rows as they are written, with the contract's column names.

    Text files give strings only; other sources keep their types. Lines of a text file with a wrong
    number of fields come last, with the column `unreadable` saying why. Relative paths start at
    `base`. Raises ConfigurationError for columns the contract does not have and LedgerError for
    files, columns, sheets or queries that are not there.
    """
    known = set(table.names)
    for name in source.columns:
        if name not in known:
            near = question(name, table.names, quote="'")
            raise ConfigurationError(f"ledger.{table.name}.columns: no column {name!r}{near}")
    for name, own in source.columns.items():
        if not isinstance(own, str) and table[name].kind != "id":
            raise ConfigurationError(
                f"ledger.{table.name}.columns.{name}: only an id can be joined from several columns"
            )
    parts = [_pick(table, source, frame, place) for place, frame in read_parts(table.name, source, base)]
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def read_parts(table: str, source: Source, base: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name and the rows of each file of a source, or of its query, under their own columns."""
    if source.path.startswith("sql:"):
        yield source.path, _read_sql(table, source)
        return
    for path in files_of(source.path, base, table):
        yield path.name, read_file(path, source)


def files_of(path: str, base: Path, table: str) -> list[Path]:
    """Return the files a path stands for, by name; LedgerError when there are none."""
    place = base / path
    if has_magic(path):
        found = sorted(file for file in _glob(place) if file.suffix.lower() in FILES)
    elif place.is_dir():
        found = sorted(file for file in place.iterdir() if file.suffix.lower() in FILES)
    elif place.is_file():
        if place.suffix.lower() not in FILES:
            raise LedgerError(f"{path}: not a file of {table} that can be read; known are {', '.join(FILES)}")
        found = [place]
    else:
        if place.parent.is_dir():
            hint = question(place.name, sorted(file.name for file in place.parent.iterdir()), quote="'")
        else:
            hint = f"; there is no folder {place.parent}"
        raise LedgerError(f"{path}: no such file for {table} (looked in {base.resolve()}){hint}")
    if not found:
        raise LedgerError(f"{path}: holds no {', '.join(FILES)} file for {table}")
    return found


def _glob(place: Path) -> list[Path]:
    fixed = place
    while has_magic(str(fixed)):
        fixed = fixed.parent
    return list(fixed.glob(str(place.relative_to(fixed))))


def read_file(path: Path, source: Source | None = None) -> pd.DataFrame:
    """Return all columns of one file under their own names; `source` says what not to guess."""
    source = source or Source(path=str(path))
    suffix = path.suffix.lower()
    try:
        if suffix in PARQUET_FILES:
            table: pd.DataFrame = pyarrow.parquet.read_table(path).to_pandas(date_as_object=False)
            return table
        if suffix in EXCEL_FILES:
            sheet = pd.read_excel(path, sheet_name=source.sheet or 0, dtype=object, engine="openpyxl")
            return sheet.infer_objects()
    except (pa.ArrowInvalid, ValueError, KeyError, OSError) as error:
        raise LedgerError(f"{path.name}: cannot be read as {suffix[1:]} ({_first_line(error)})") from None
    except Exception as error:  # openpyxl raises whatever the broken archive inside raises
        raise LedgerError(f"{path.name}: not a readable {suffix[1:]} file ({type(error).__name__})") from None
    wanted = [own for owns in source.columns.values() for own in ([owns] if isinstance(owns, str) else owns)]
    return read_text(path, wanted, source.separator, source.encoding)


# databases -------------------------------------------------------------------------------------------


def _read_sql(table: str, source: Source) -> pd.DataFrame:
    """Return a query's rows. The address is a secret: no message repeats it or what the driver says of it."""
    from sqlalchemy import create_engine, make_url, text
    from sqlalchemy.exc import SQLAlchemyError

    variable = source.path.removeprefix("sql:")
    address = os.environ.get(variable)
    if not address:
        raise LedgerError(
            f"{table}: environment variable {variable} is not set; it holds the database's address"
        )
    try:
        url = make_url(address)
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        connection = create_engine(url).connect()
    except Exception as error:  # drivers are free in what they raise, and in what they tell
        raise LedgerError(
            f"{table}: cannot connect to the database in {variable} ({type(error).__name__})"
        ) from None
    with connection:
        try:
            result = connection.execute(text(source.query or ""))
            return pd.DataFrame(result.fetchall(), columns=list(result.keys()))
        except SQLAlchemyError as error:
            said = _first_line(getattr(error, "orig", None) or error)
            raise LedgerError(f"{table}: the query on {variable} failed ({said})") from None
        finally:
            connection.rollback()
            connection.engine.dispose()


# columns ---------------------------------------------------------------------------------------------


def _pick(table: Table, source: Source, frame: pd.DataFrame, place: str) -> pd.DataFrame:
    """Return the mapped columns under their contract names."""
    frame = frame.rename(columns=lambda name: str(name).strip())
    mapping = source.columns or {name: name for name in table.names if name in frame}
    picked: dict[str, pd.Series] = {}
    for name, own in mapping.items():
        owns = [own] if isinstance(own, str) else list(own)
        for column in owns:
            if column not in frame:
                present = [str(each) for each in frame.columns if each != UNREADABLE]
                near = question(column, present, quote="'")
                raise LedgerError(
                    f"{place}: no column {column!r} for {name} of {table.name}{near}; "
                    f"it has {', '.join(present[:12])}{' …' if len(present) > 12 else ''}"
                )
        picked[name] = frame[owns[0]] if len(owns) == 1 else _joined(frame[owns])
    if not picked:
        raise LedgerError(
            f"{place}: no column bears a name of {table.name}; map them under ledger.{table.name}.columns"
        )
    if UNREADABLE in frame:
        picked[UNREADABLE] = frame[UNREADABLE]
    return pd.DataFrame(picked)


def _joined(parts: pd.DataFrame) -> pd.Series:
    """Return an id made of several columns: parts joined with "|", missing when one part is missing."""
    texts = pd.DataFrame({name: as_text(parts[name]) for name in parts})
    return texts.iloc[:, 0].str.cat(texts.iloc[:, 1:], sep="|")


def _first_line(error: object) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
