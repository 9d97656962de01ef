"""The tables of a run as the page reads them: every table and column of the contract is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from features.contracts import OUTPUT_TABLES, Table
from pipelines.runs.published_runs import PublishedRun, has_table, read_table

Tables = Mapping[str, pd.DataFrame]

BEFORE = ("segments", "debtors", "risks", "payment_events", "cash_forecast")
"""The tables of the previous run that a page is compared with."""


def whole_tables(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return every table of the output contract with all its columns (inside names).

    One that an older version of the contract did not have is empty, as is a column. Whole numbers are whole
    also where the table was not published yet and held them as floats.
    """
    return {
        name: _whole(contract, tables.get(name, pd.DataFrame())) for name, contract in OUTPUT_TABLES.items()
    }


def _whole(contract: Table, table: pd.DataFrame) -> pd.DataFrame:
    names = [column.inside for column in contract.columns]
    rows = table if list(table.columns) == names else table.reindex(columns=names)
    numbers = [column.inside for column in contract.columns if column.kind in ("count", "days", "money")]
    floats = [name for name in numbers if not pd.api.types.is_integer_dtype(rows[name].dtype)]
    return rows.astype(dict.fromkeys(floats, "Int64")) if floats else rows


def tables_of(run: PublishedRun, names: Iterable[str] = tuple(OUTPUT_TABLES)) -> dict[str, pd.DataFrame]:
    """Return these tables of a published run with inside names; those that it does not have are left out."""
    return {name: read_table(run, name) for name in names if has_table(run, name)}
