"""What a condition computes on whole columns: empty is nan, and nothing compares with it.

A number, a day (days since 1970) or a flag is float64 with nan for empty, a truth is bool, text is a Series;
literals and constants are a single one of these.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Evaluate = Callable[[pd.DataFrame, Mapping[str, float]], Any]
Sign = Callable[[Any, Any], Any]


def together(parts: Sequence[Evaluate], every: bool) -> Evaluate:
    """Return whether all parts hold, or with `every` false whether one does."""
    join = np.logical_and if every else np.logical_or

    def evaluate(table: pd.DataFrame, values: Mapping[str, float]) -> Any:
        found = truth(parts[0](table, values))
        for part in parts[1:]:
            found = join(found, truth(part(table, values)))
        return found

    return evaluate


def computed(compute: Sign, one: Evaluate, other: Evaluate) -> Evaluate:
    """Return the number computed; empty where it is not finite, as after a division by zero."""

    def evaluate(table: pd.DataFrame, values: Mapping[str, float]) -> Any:
        found = compute(one(table, values), other(table, values))
        return np.where(np.isfinite(found), found, np.nan)

    return evaluate


def compared(sign: Sign, one: Evaluate, other: Evaluate) -> Evaluate:
    """Return whether the comparison holds; not where one of the two is empty."""

    def evaluate(table: pd.DataFrame, values: Mapping[str, float]) -> Any:
        left, right = one(table, values), other(table, values)
        if isinstance(left, str | pd.Series):
            return _compared_text(sign, left, right)
        # nan differs from everything, but an empty figure from nothing
        return (left < right) | (left > right) if sign is operator.ne else sign(left, right)

    return evaluate


def _compared_text(sign: Sign, left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return np.bool_(sign(left, right))
    if isinstance(left, pd.Series) and isinstance(right, pd.Series):
        left, right = left.astype("str"), right.astype("str")
    elif isinstance(left, str):
        left, right = right, left
    found = sign(left, right).to_numpy(dtype=bool, na_value=False)
    return found & np.asarray(pd.notna(left)) & np.asarray(pd.notna(right))


def among(one: Evaluate, listed: Sequence[Any]) -> Evaluate:
    """Return whether the value is one of those listed."""

    def evaluate(table: pd.DataFrame, values: Mapping[str, float]) -> Any:
        found = one(table, values)
        if isinstance(found, pd.Series):
            return found.isin(listed).to_numpy(dtype=bool)
        return np.isin(found, np.array(listed, dtype=np.float64))

    return evaluate


def outside(one: Evaluate, inside: Evaluate) -> Evaluate:
    """Return whether the value is known and not `inside`."""
    known = emptiness(one, False)
    return lambda table, values: known(table, values) & ~inside(table, values)


def emptiness(one: Evaluate, empty: bool) -> Evaluate:
    """Return whether the value is empty, or with `empty` false whether it is not."""
    return lambda table, values: np.asarray(pd.isna(one(table, values))) == empty


def truth(found: Any) -> Any:
    """Return a flag as bool; an empty one is not set."""
    return found if found.dtype == bool else found == 1


def number_column(table: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers or flags; nan throughout where it is absent."""
    if name not in table:
        return np.full(len(table), np.nan)
    column = table[name]
    if column.dtype == np.float64:
        return column.to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def day_column(table: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Return a column of days as days since 1970; nan throughout where it is absent."""
    if name not in table:
        return np.full(len(table), np.nan)
    days = pd.to_datetime(table[name]).to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


def text_column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of text; empty throughout where it is absent."""
    return table[name] if name in table else pd.Series(None, index=table.index, dtype="str")
