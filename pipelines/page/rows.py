"""Rows of a table as JSON holds them: days as ISO text, missing as null, plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Row = dict[str, Any]


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame, JSON-ready, under its column names."""
    columns = [values_of(frame[name]) for name in frame]
    names = list(frame.columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def values_of(column: pd.Series) -> list[Any]:
    """Return the values of a column, JSON-ready."""
    missing = column.isna().to_numpy(dtype=bool)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        values = np.datetime_as_string(column.to_numpy().astype("datetime64[D]")).astype(object)
    else:
        values = column.to_numpy(dtype=object, copy=True)
    values[missing] = None
    plain: list[Any] = values.tolist()
    return [value.item() if isinstance(value, np.generic) else value for value in plain]


def total(column: pd.Series) -> int:
    """Return the sum of whole minor units; what is missing adds nothing."""
    return int(column.sum())
