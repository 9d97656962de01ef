"""The tables of a run as the page reads them: every table and column of the contract is there."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from features.contracts import OUTPUT_TABLES
from pipelines.published_runs import PublishedRun, has_table, read_table

Tables = Mapping[str, pd.DataFrame]


def whole_tables(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return every table of the output contract with all its columns (inside names).

    One that an older version of the contract did not have is empty, as is a column.
    """
    return {
        name: tables.get(name, pd.DataFrame()).reindex(columns=[column.inside for column in contract.columns])
        for name, contract in OUTPUT_TABLES.items()
    }


def tables_of(run: PublishedRun) -> dict[str, pd.DataFrame]:
    """Return the tables of a published run with inside names; those that it does not have are left out."""
    return {name: read_table(run, name) for name in OUTPUT_TABLES if has_table(run, name)}
