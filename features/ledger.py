"""The cleaned ledger, and what of it was known before a day."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import LEDGER_TABLES, Kind, Table
from features.errors import LedgerError


@dataclass(frozen=True)
class Ledger:
    """Accepted rows of every table of the contract, with clean types.

    Each table has the columns of the contract (all of them, empty where the source has none):
    ids and text are strings, days are `datetime64[s]` at midnight, money is int64 minor units in
    `<name>_minor` (optional money: nullable Int64), flags are nullable booleans. Dated tables have
    `known_on` filled: the day the fact counts from, max(its day, known_on as read).
    Credit notes have a negative amount, payments a positive one: their kind says what they do.
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

LATER: dict[str, dict[str, tuple[str, ...]]] = {
    "invoices": {"last_dunned_on": ("dunning_level",)},
    "disputes": {"closed_on": ("outcome",)},
    "contact_history": {"promise_made_on": ("promised_for", "promised_amount_minor")},
    "payment_plans": {"cancelled_on": ()},
    "customers": {"insolvent_on": (), "legal_on": ()},
}
"""Days inside a row that come after the row's own day, and the columns that became known with them."""

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


def make_ledger(**tables: pd.DataFrame) -> Ledger:
    """Return a ledger from clean tables with any subset of the contract's columns.

    Missing tables are empty and missing columns are filled with nothing, except: `known_on` is the
    fact's own day, a kind is invoice or payment, a currency is that of the item or else EUR. Meant
    for tables that are already typed; files go through `cleaning`.
    """
    unknown = set(tables) - set(LEDGER_TABLES)
    if unknown:
        raise LedgerError(f"no such table: {', '.join(sorted(unknown))}; tables: {', '.join(LEDGER_TABLES)}")
    made = {
        name: _complete(table, tables[name]) if name in tables else _empty(name).copy()
        for name, table in LEDGER_TABLES.items()
    }
    invoices, payments = made["invoices"], made["payments"]
    invoices["kind"] = invoices["kind"].fillna("invoice")
    invoices["currency"] = invoices["currency"].fillna("EUR")
    payments["kind"] = payments["kind"].fillna("payment")
    payments["in_transit"] = payments["in_transit"].fillna(False)
    if payments["currency"].isna().any():
        of_item = invoices.drop_duplicates("invoice_id").set_index("invoice_id")["currency"]
        own = payments["invoice_id"].map(of_item).astype("str")
        payments["currency"] = payments["currency"].fillna(own).fillna("EUR")
    return Ledger(**made)


@cache
def _empty(name: str) -> pd.DataFrame:
    return _complete(LEDGER_TABLES[name], pd.DataFrame())


def _complete(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        kind: Any = "int64" if column.kind == "money" and column.required else _TYPES[column.kind]
        absent = column.inside not in frame
        if absent and kind == "int64" and len(frame):
            raise LedgerError(f"{table.name} has rows but no column {column.inside}")
        columns[column.inside] = (
            pd.Series(index=frame.index, dtype=kind) if absent else frame[column.inside].astype(kind)
        )
    complete = pd.DataFrame(columns, index=frame.index)
    if table.name in FACT_DAY and table.name != "customers":
        happened = complete[FACT_DAY[table.name]]
        known = frame["known_on"].astype("datetime64[s]") if "known_on" in frame else happened
        complete["known_on"] = known.where(known > happened, happened)
    return complete.reset_index(drop=True)


def known_before(ledger: Ledger, day: date) -> Ledger:
    """Return what was known strictly before `day`: the same tables with fewer rows.

    Rows count from `known_on`; a later column of a row is hidden until its own day. Payments and
    disputes of an item that is not known yet wait for it. Rows without any day (snapshots) are always
    known. `customers` comes sorted by `valid_from`, so that a debtor's last row is the one that holds;
    the earlier ones are what the features of earlier days were made of.
    """
    before = pd.Timestamp(day)
    tables = {
        name: _hide_later(name, _known_rows(name, getattr(ledger, name), before), before)
        for name in LEDGER_TABLES
    }
    for name in ("payments", "disputes"):
        of_item = pa.array(tables[name]["invoice_id"], from_pandas=True)
        items = pa.array(tables["invoices"]["invoice_id"], from_pandas=True)
        # pandas' own isin takes 8 seconds for a million strings, Arrow's a fifth of a second.
        told = pc.or_(pc.is_null(of_item), pc.is_in(of_item, value_set=items.cast(of_item.type)))
        tables[name] = tables[name][told.to_numpy(zero_copy_only=False)]
    return Ledger(**{name: frame.reset_index(drop=True) for name, frame in tables.items()})


def _known_rows(name: str, frame: pd.DataFrame, before: pd.Timestamp) -> pd.DataFrame:
    if name not in FACT_DAY:
        return frame
    if name != "customers":
        return frame[frame["known_on"].isna() | (frame["known_on"] < before)]
    valid = frame[frame["valid_from"].isna() | (frame["valid_from"] < before)]
    return valid.sort_values("valid_from", kind="stable", na_position="first")


def _hide_later(name: str, frame: pd.DataFrame, before: pd.Timestamp) -> pd.DataFrame:
    for day_column, others in LATER.get(name, {}).items():
        hidden = frame[day_column] >= before
        if hidden.any():
            frame = frame.assign(**{column: frame[column].mask(hidden) for column in (day_column, *others)})
    return frame


def newest_fact(ledger: Ledger, *, but_for: Collection[str] = ()) -> date:
    """Return the last day on which a fact about a debtor became known, the tables `but_for` left out.

    Exchange rates and master data do not count: they arrive without anything having happened.
    """
    left_out = {"rates", "customers", *but_for}
    days = [getattr(ledger, name)["known_on"].max() for name in FACT_DAY if name not in left_out]
    known = [day for day in days if not pd.isna(day)]
    if not known:
        raise LedgerError("the ledger holds no dated fact; it needs at least invoices")
    newest: date = max(known).date()
    return newest


def fingerprint(ledger: Ledger) -> str:
    """Return a SHA-256 (hex) of every value of every row; the order of rows does not matter.

    Each row becomes a 64-bit hash (`pandas.util.hash_pandas_object`); the hashes of a table are
    sorted and hashed together. A column without any value is left out, so that a column added to
    the contract later does not change the fingerprint of ledgers without it.
    """
    digest = hashlib.sha256()
    for table in fields(ledger):
        frame: pd.DataFrame = getattr(ledger, table.name)
        filled = frame[[name for name in sorted(frame.columns) if frame[name].notna().any()]]
        digest.update(f"{table.name}|{len(frame)}|{','.join(filled.columns)}|".encode())
        if len(filled.columns):
            rows = pd.util.hash_pandas_object(filled, index=False).to_numpy()
            digest.update(np.sort(rows).tobytes())
    return digest.hexdigest()
