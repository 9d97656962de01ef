"""The columns of an output table, in the contract's order and with its types."""

from __future__ import annotations

import pandas as pd

from features.contracts import Kind, Table

_TYPES: dict[Kind, str] = {
    "id": "str",
    "text": "str",
    "day": "datetime64[s]",
    "money": "int64",
    "count": "int64",
    "days": "int64",
    "share": "float64",
    "flag": "bool",
}


def as_contracted(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the columns of the table, inside names; a column that they lack is empty.

    Whole numbers and flags must be filled.
    """
    types = {column.inside: _TYPES[column.kind] for column in table.columns}
    return rows.reindex(columns=list(types)).astype(types)
