"""The cleaned ledger, and what of it was known before a day."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.contracts import LEDGER_TABLES, Kind, Table
from features.errors import LedgerError


@dataclass(frozen=True)
class Ledger:
    """Accepted rows of every table of the contract, with clean types.

    Each table has the columns of the contract (all of them, empty where the source has none):
    ids and text are strings, days are `datetime64[s]` at midnight, money is int64 minor units in
    `<name>_minor` (empty optional money: nullable Int64), flags are bool. Dated tables have
    `known_on` filled: the day the fact counts from, max(its day, known_on as read).
    Empty tables have the columns and no rows.
    """

    invoices: pd.DataFrame
    payments: pd.DataFrame
    customers: pd.DataFrame
    credit_scores: pd.DataFrame
    disputes: pd.DataFrame
    contact_history: pd.DataFrame
    payment_plans: pd.DataFrame
    contact_persons: pd.DataFrame
    collectors: pd.DataFrame
    orders: pd.DataFrame
    rates: pd.DataFrame
    decisions: pd.DataFrame


def make_ledger(**tables: pd.DataFrame) -> Ledger:
    """Return a ledger from clean tables with any subset of the contract's columns.

    Missing tables are empty, missing columns are filled with nothing, `known_on` defaults to the
    fact's own day. Meant for tables that are already typed; files go through `cleaning`.
    """
    unknown = set(tables) - set(LEDGER_TABLES)
    if unknown:
        raise LedgerError(f"no such table: {', '.join(sorted(unknown))}; tables: {', '.join(LEDGER_TABLES)}")
    return Ledger(**{name: _complete(table, tables.get(name)) for name, table in LEDGER_TABLES.items()})


_TYPES: dict[Kind, str] = {
    "id": "str",
    "text": "str",
    "day": "datetime64[s]",
    "money": "Int64",
    "count": "Int64",
    "days": "Int64",
    "share": "float64",
    "number": "float64",
    "flag": "boolean",
}

FACT_DAY = {
    "invoices": "issued_on",
    "payments": "paid_on",
    "credit_scores": "scored_on",
    "disputes": "opened_on",
    "contact_history": "contacted_on",
    "payment_plans": "agreed_on",
    "orders": "ordered_on",
    "rates": "day",
    "decisions": "decided_on",
    "customers": "valid_from",
}
"""The column that says when a row's fact happened."""


def _complete(table: Table, frame: pd.DataFrame | None) -> pd.DataFrame:
    frame = pd.DataFrame() if frame is None else frame
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        given = frame[column.inside] if column.inside in frame else pd.Series(index=frame.index, dtype="object")
        kind = "int64" if column.kind == "money" and column.required else _TYPES[column.kind]
        columns[column.inside] = given.astype(kind)
    complete = pd.DataFrame(columns, index=frame.index)
    if table.name in FACT_DAY and table.name != "customers":
        happened = complete[FACT_DAY[table.name]]
        known = complete["known_on"] if "known_on" in complete else happened
        complete["known_on"] = known.where(known > happened, happened)
    return complete.reset_index(drop=True)
