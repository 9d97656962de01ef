"""A table as read turned into typed columns, or a reason per row why it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts import Column, Table
from features.errors import LedgerError
from features.parsing_amounts import MILLION, decimal_evidence, parse_millionths, parse_numbers
from features.parsing_days import date_evidence, parse_days
from features.parsing_text import Mask, as_text, parse_choices, parse_flags

UNREADABLE = "unreadable"
"""Column of a raw table that says why a line could not be taken apart; empty for good rows."""


ONE_OF = {"invoices": ("due_on", "payment_terms_days"), "payments": ("invoice_id", "customer_id")}
"""Columns of which a table needs at least one."""


@dataclass(frozen=True)
class Reading:
    """How the cells of one source are written, and where they come from (for messages).

    `dates`: "month_first", "day_first", "iso", a strptime format, or None = only what is unambiguous.
    `decimal`: "." or ",", or None = what the amounts themselves prove.
    `columns`: the source's own name of each contract column.
    """

    place: str = ""
    dates: str | None = None
    decimal: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def name(self, column: str) -> str:
        """The column as a user would look for it."""
        own = self.columns.get(column, column)
        return f"{column} (column {own!r})" if own != column else column


class Reasons:
    """Why rows are rejected: one reason per row, the first one found."""

    def __init__(self, rows: int) -> None:
        self.texts: npt.NDArray[Any] = np.full(rows, None, dtype=object)
        self.accepted: Mask = np.ones(rows, dtype=bool)

    def reject(self, rows: Mask | pd.Series, reason: str | npt.NDArray[Any]) -> None:
        """Reject the rows that are not rejected yet; `reason` is one text or a text per row."""
        hit = np.asarray(rows, dtype=bool) & self.accepted
        if hit.any():
            self.texts[hit] = reason if isinstance(reason, str) else reason[hit]
            self.accepted &= ~hit


def typed(table: Table, raw: pd.DataFrame, reading: Reading) -> tuple[pd.DataFrame, Reasons]:
    """Return the table with a typed column for each contract column, and the rows rejected so far.

    Grain and order of `raw`. Ids and text are strings, days datetime64[s], money whole millionths
    (Int64, under the contract's outside name), flags nullable booleans, counts Int64, shares and
    numbers float64. A cell that cannot be read rejects its row; when more than half of the filled
    cells of a column cannot be read, the column itself is wrong and LedgerError says so, as it does
    for missing required columns and for dates or amounts that can be read in two ways.
    """
    missing = [name for name in table.required if name not in raw]
    choice = ONE_OF.get(table.name, ())
    if choice and not any(name in raw for name in choice):
        missing.append(" or ".join(choice))
    if missing:
        raise LedgerError(
            f"{reading.place or table.name}: no column for {', '.join(missing)} of {table.name}; "
            f"name it under ledger.{table.name}.columns"
        )
    raw = raw.reset_index(drop=True)
    reasons = Reasons(len(raw))
    if UNREADABLE in raw:
        reasons.reject(raw[UNREADABLE].notna(), raw[UNREADABLE].astype(object).to_numpy())
    dates = reading.dates or _date_order(table, raw, reading)
    decimal = reading.decimal or _decimal_mark(table, raw, reading)
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name not in raw:
            columns[column.name] = _empty(column, len(raw))
            continue
        values, unreadable = _parse(column, raw[column.name], dates, decimal)
        unreadable = unreadable & reasons.accepted
        if unreadable.any():
            _refuse_column(column, raw[column.name], unreadable, reading)
            cells = as_text(raw[column.name]).astype(object).to_numpy()
            what = f"{column.name} is not {_expected(column)}"
            reasons.reject(unreadable, np.array([f"{what}: {cell!r}" for cell in cells], dtype=object))
        columns[column.name] = values
    for name in table.required:
        empty = columns[name].isna().to_numpy(dtype=bool)
        if empty[reasons.accepted].all() and reasons.accepted.any():
            raise LedgerError(f"{reading.place}: {reading.name(name)} is empty in every row of {table.name}")
        reasons.reject(empty, f"{name} is empty")
    return pd.DataFrame(columns), reasons


def _parse(column: Column, raw: pd.Series, dates: str | None, decimal: str) -> tuple[pd.Series, Mask]:
    none = np.zeros(len(raw), dtype=bool)
    if column.choices:
        return parse_choices(raw, column.choices)
    if column.kind in ("id", "text"):
        return as_text(raw), none
    if column.kind == "day":
        return parse_days(raw, dates)
    if column.kind == "money":
        return parse_millionths(raw, decimal)
    if column.kind == "flag":
        return parse_flags(raw)
    if column.kind in ("count", "days"):
        micros, unreadable = parse_millionths(raw, decimal)
        broken = (micros % MILLION != 0).fillna(False).to_numpy(dtype=bool)
        return (micros // MILLION).mask(broken), unreadable | broken
    numbers, unreadable = parse_numbers(raw, decimal)
    outside = ((numbers < 0) | (numbers > 1)).to_numpy() if column.kind == "share" else none
    return numbers.mask(outside), unreadable | outside


def _empty(column: Column, rows: int) -> pd.Series:
    types = {"day": "datetime64[s]", "money": "Int64", "count": "Int64", "days": "Int64", "flag": "boolean"}
    kind = types.get(column.kind, "float64" if column.kind in ("share", "number") else "str")
    return pd.Series(None, index=range(rows), dtype=kind)


def _expected(column: Column) -> str:
    if column.choices:
        return f"one of {', '.join(column.choices)}"
    return {
        "day": "a date",
        "money": "an amount",
        "count": "a whole number",
        "days": "a whole number of days",
        "share": "a share from 0 to 1",
        "number": "a number",
        "flag": "yes or no",
    }[column.kind]


def _refuse_column(column: Column, raw: pd.Series, unreadable: Mask, reading: Reading) -> None:
    """Refuse a column of which more than half cannot be read: it is mapped or described wrongly."""
    text = as_text(raw)
    filled, bad = int(text.notna().sum()), int(unreadable.sum())
    if bad * 2 <= filled or bad < 2:
        return
    remedy = {"day": f"dates: {_formats(reading)}", "money": "decimal: ',' or '.'"}.get(
        column.kind, "another column"
    )
    raise LedgerError(
        f"{reading.place}: {reading.name(column.name)} is not {_expected(column)} in {bad} of {filled} rows, "
        f"e.g. {_examples(text[unreadable])}; map another column to it"
        + ("" if remedy == "another column" else f" or state {remedy}")
    )


def _formats(reading: Reading) -> str:
    return (
        "a strptime format such as '%d.%m.%Y'"
        if reading.dates
        else "month_first, day_first or a strptime format"
    )


def _examples(values: pd.Series) -> str:
    return ", ".join(repr(value) for value in values.dropna().unique()[:3])


def _date_order(table: Table, raw: pd.DataFrame, reading: Reading) -> str | None:
    """Return the order that the dates of the whole source prove, None when no date needs one."""
    days = [column.name for column in table.columns if column.kind == "day" and column.name in raw]
    evidence = date_evidence(raw[name] for name in days)
    if evidence.day_first and evidence.month_first:
        raise LedgerError(
            f"{reading.place}: dates of {table.name} are written both ways, e.g. {evidence.day_first[0]} and "
            f"{evidence.month_first[0]}; state dates: day_first or month_first and the others are rejected"
        )
    if evidence.either and not evidence.day_first and not evidence.month_first:
        raise LedgerError(
            f"{reading.place}: dates of {table.name} such as {', '.join(evidence.either)} "
            "can be read in two ways; "
            f"state dates: month_first or day_first for ledger.{table.name}"
        )
    if evidence.day_first or evidence.month_first:
        return "day_first" if evidence.day_first else "month_first"
    return "day_first" if evidence.year_last else None


def _decimal_mark(table: Table, raw: pd.DataFrame, reading: Reading) -> str:
    kinds = ("money", "number", "share", "count", "days")
    evidence = decimal_evidence(
        raw[column.name] for column in table.columns if column.kind in kinds and column.name in raw
    )
    if evidence.point and evidence.comma:
        raise LedgerError(
            f"{reading.place}: amounts of {table.name} have decimal points and decimal commas, e.g. "
            f"{evidence.point[0]} and {evidence.comma[0]}; "
            "state decimal: '.' or ',' and the others are rejected"
        )
    if evidence.either and not evidence.point and not evidence.comma:
        raise LedgerError(
            f"{reading.place}: amounts of {table.name} such as {', '.join(evidence.either)} "
            "can be read in two ways; "
            f"state decimal: '.' or ',' for ledger.{table.name}"
        )
    return "," if evidence.comma else "."
