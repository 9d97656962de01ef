"""Sources that are written in a shape: a system's own export read as tables of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.column_names import normal
from features.contracts import LEDGER_TABLES, Table
from features.contracts.line_items import LINE_ITEMS
from features.errors import ConfigurationError, LedgerError
from features.line_items import NEEDED, Sorting, ledger_tables
from features.parsing_text import as_text
from features.shape_file import LineItems, Part, Shape, TableShape, read_shape
from features.snapshots import day_of_file, from_snapshots
from features.sources import Source, read_parts
from features.spelling import question
from features.typed import UNREADABLE, Reading

_MICROSOFT_DAY = r"^/Date\((-?\d+)(?:[+-]\d{4})?\)/$"
_DAY_WITH_POINTS = r"^\d{1,2}\.\d{1,2}\.(\d{4}|\d{2})$"
Raw = dict[str, pd.DataFrame]


def read_shaped(sources: Mapping[str, Source], base: Path) -> tuple[Raw, dict[str, Reading], list[str]]:
    """Return the tables whose source has a shape, as they are written, how to read them, and what to say.

    The tables have the contract's column names. Tables of the same export are read together. Payments of
    an export without history may be absent. Raises ConfigurationError for a wrong shape and LedgerError for
    exports that lack what the shape needs.
    """
    raw: Raw = {}
    readings: dict[str, Reading] = {}
    notes: list[str] = []
    for together in _same_export(sources):
        source = sources[together[0]]
        shape = read_shape(source.shape or "", base)
        for table in together:
            if table not in shape.readable:
                raise ConfigurationError(
                    f"ledger.{table}: the shape {source.shape} has {', '.join(shape.readable)}, not {table}"
                )
        made, reading, said = _read_export(together, shape, source, base)
        raw |= made
        readings |= dict.fromkeys(made, reading)
        notes += [f"{source.path}: {each}" for each in said]
    return raw, readings, notes


def tables_in(shape: Shape, frame: pd.DataFrame) -> list[str]:
    """Return the tables that a file with these columns is read as in a shape; of several files, one each."""
    if shape.line_items and not set(NEEDED) - set(_found_names(shape.line_items.names, frame)):
        return ["invoices", "payments"]
    found = []
    for name, shaped in shape.tables.items():
        here = set(_found_names(shaped.names, frame))
        if any(not _needed(LEDGER_TABLES[name], part) - here for part in shaped.parts):
            found.append(name)
    return [*found, "payments"] if shape.open_items_only and found else found


def _same_export(sources: Mapping[str, Source]) -> list[list[str]]:
    """Return the names of the tables with a shape, those read from the same export together."""
    exports: dict[str, list[str]] = {}
    for name in LEDGER_TABLES:
        if name in sources and sources[name].shape:
            exports.setdefault(sources[name].model_dump_json(), []).append(name)
    return list(exports.values())


def _read_export(
    tables: Sequence[str], shape: Shape, source: Source, base: Path
) -> tuple[Raw, Reading, list[str]]:
    source = source.model_copy(
        update={
            "separator": source.separator or shape.separator,
            "encoding": source.encoding or shape.encoding,
        }
    )
    reading = Reading(source.path, source.dates or shape.dates, source.decimal or shape.decimal)
    files = [
        (place, frame.rename(columns=lambda name: str(name).strip()))
        for place, frame in read_parts(tables[0], source, base)
    ]
    made: Raw = {}
    notes: list[str] = []
    if shape.open_items_only:
        items = [
            (day_of_file(place), _shaped(LEDGER_TABLES["invoices"], shape, [(place, frame)]))
            for place, frame in files
        ]
        made, notes = from_snapshots(items, reading)
    elif shape.line_items and {"invoices", "payments"} & set(tables):
        lines = pd.concat(
            [_lines(shape.line_items, shape.no_leading_zeros, *file) for file in files], ignore_index=True
        )
        if not reading.dates and _has_points(lines["posting_date"]):
            reading = replace(reading, dates=shape.days_with_points)
        made, notes = ledger_tables(lines, reading, _sorting(shape.line_items))
    for name in tables:
        if name in shape.tables and name not in made and not shape.open_items_only:
            made[name] = _shaped(LEDGER_TABLES[name], shape, files)
    if "payments" in made and made["payments"].empty:
        del made["payments"]  # an export without history: its invoices say so
    return {name: frame for name, frame in made.items() if name in tables}, reading, notes


# tables by their columns -------------------------------------------------------------------------------


def _shaped(table: Table, shape: Shape, files: Sequence[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """Return the rows of one table from all files and parts of the shape that have it."""
    shaped = shape.tables[table.name]
    found: list[pd.DataFrame] = []
    lacking: list[str] = []
    for place, frame in files:
        here = _found_names(shaped.names, frame)
        for part in shaped.parts:
            missing = sorted(_needed(table, part) - set(here))
            if missing:
                lacking.append(_lacks(place, frame, missing[0], shaped.names.get(missing[0], []), table.name))
                continue
            own = {name: _cell(frame[column], name, shape) for name, column in here.items()}
            found.append(_part(table, shaped, part, own, frame))
    if not found:
        raise LedgerError(lacking[0])
    return pd.concat(found, ignore_index=True)


def _found_names(names: Mapping[str, Sequence[str]], frame: pd.DataFrame) -> dict[str, str]:
    """Return the file's column of each own name, whatever its case, accents and punctuation."""
    there = {normal(str(column)): str(column) for column in reversed(list(frame.columns))}
    found = {}
    for name, called in names.items():
        column = next((there[normal(each)] for each in called if normal(each) in there), None)
        if column is not None:
            found[name] = column
    return found


def _needed(table: Table, part: Part) -> set[str]:
    own = {name: part.columns.get(name, name) for name in table.required if name not in part.constants}
    return {*own.values(), *part.rows, *part.without, *part.columns.values()}


def _lacks(place: str, frame: pd.DataFrame, name: str, called: Sequence[str], table: str) -> str:
    there = [str(column) for column in frame.columns if column != UNREADABLE]
    near = question(called[0] if called else name, there, quote="'")
    return (
        f"{place}: no column for {name} of {table}; it is called {' or '.join(called) or name}{near}; "
        f"it has {', '.join(there[:12])}{' …' if len(there) > 12 else ''}"
    )


def _part(
    table: Table, shaped: TableShape, part: Part, own: Mapping[str, pd.Series], frame: pd.DataFrame
) -> pd.DataFrame:
    keep = pd.Series(True, index=frame.index)
    for rows, wanted in ((part.rows, True), (part.without, False)):
        for name, words in rows.items():
            said = as_text(own[name]).fillna("").str.lower()
            keep &= said.isin([word.lower() for word in words]) == wanted
    picked: dict[str, Any] = {}
    for column in table.columns:
        name = part.columns.get(column.name, column.name)
        if column.name in part.constants:
            picked[column.name] = part.constants[column.name]
        elif name in own:
            meaning = shaped.words.get(column.name)
            picked[column.name] = _translated(own[name], meaning) if meaning else own[name]
    if UNREADABLE in frame:
        picked[UNREADABLE] = frame[UNREADABLE]
        keep |= frame[UNREADABLE].notna()
    return pd.DataFrame(picked, index=frame.index)[keep]


def _translated(column: pd.Series, meaning: Mapping[str, str]) -> pd.Series:
    """Return a column with the export's codes in the contract's words; other codes stay as they are."""
    text = as_text(column)
    said = text.str.lower().map({code.lower(): word for code, word in meaning.items()})
    return said.astype("str").fillna(text)


def _cell(column: pd.Series, name: str, shape: Shape) -> pd.Series:
    """Return a column with numbers as they are compared and days as they are written everywhere."""
    if name in shape.no_leading_zeros:
        return _without_zeros(column)
    if pd.api.types.is_string_dtype(column.dtype) or column.dtype == "object":
        text = as_text(column)
        if text.str.match(_MICROSOFT_DAY).fillna(False).any():
            since = pd.to_numeric(text.str.extract(_MICROSOFT_DAY)[0])
            days = pd.to_datetime(since, unit="ms").dt.strftime("%Y-%m-%d")
            return days.astype("str").fillna(text)
    return column


def _without_zeros(column: pd.Series) -> pd.Series:
    """Return numbers without leading zeros; nothing but zeros is nothing. Other text stays as it is."""
    array = pa.array(as_text(column), type=pa.large_string(), from_pandas=True)
    plain = pc.replace_substring_regex(array, r"^0+(\d*)$", r"\1")
    return pd.Series(plain.to_pandas().array, index=column.index, dtype="str")


# line items --------------------------------------------------------------------------------------------


def _lines(items: LineItems, no_zeros: Sequence[str], place: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a file's lines under the names of LINE_ITEMS."""
    found = _found_names(items.names, frame)
    for name in NEEDED:
        if name not in found:
            raise LedgerError(_lacks(place, frame, name, items.names.get(name, []), LINE_ITEMS.name))
    if ("clearing_date" in found) != ("clearing_document" in found):
        name = "clearing_document" if "clearing_date" in found else "clearing_date"
        raise LedgerError(_lacks(place, frame, name, items.names.get(name, []), LINE_ITEMS.name))
    for pair in items.amounts:
        here = _found_names({"amount": pair.amount, "currency": pair.currency}, frame)
        if "amount" in here:
            found |= here
            break
    else:
        called = [name for pair in items.amounts for name in pair.amount]
        raise LedgerError(_lacks(place, frame, "amount", called, LINE_ITEMS.name))
    lines = {
        name: _without_zeros(frame[own]) if name in no_zeros else frame[own] for name, own in found.items()
    }
    if UNREADABLE in frame:
        lines[UNREADABLE] = frame[UNREADABLE]
    return pd.DataFrame(lines)


def _has_points(days: pd.Series) -> bool:
    return bool(as_text(days).str.match(_DAY_WITH_POINTS).fillna(False).any())


def _sorting(items: LineItems) -> Sorting:
    return Sorting(
        credit=frozenset(items.credit),
        money={name: frozenset(words) for name, words in items.money.items()},
        no_money={name: frozenset(words) for name, words in items.no_money.items()},
        discount_up_to=items.discount_up_to,
    )
