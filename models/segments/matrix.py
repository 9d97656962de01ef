"""The scoring matrix: two categories, and a class in every cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.catalogue import RULE_NAMES
from features.errors import ConfigurationError
from features.spelling import way_out

SEGMENT = "segment"
"""An axis over the final segment, with rules and manual decisions."""

OTHER = "other"
"""The value of an axis that takes what its values do not name, an empty one too: a debtor without a
known size, or one about whom a scheme says nothing because it has no history."""

Ints = npt.NDArray[np.int64]
Name = Annotated[str, Field(min_length=1)]


class Axis(BaseModel):
    """One category: a scheme, the final segment, or a text fact; its values default to the scheme's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    by: Name
    values: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)] | None = None


class Matrix(BaseModel):
    """A class per pair of a row's and a column's value, each of them named.

    Everybody falls in a cell, debtors without history and prospects in those of `other`. `classes`: the
    cells' classes, best first; by default in the order in which the cells first name them, row by row.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Literal["matrix"] = "matrix"
    rows: Axis
    columns: Axis
    cells: Mapping[Name, Mapping[Name, Name]]
    classes: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)] | None = None


def matrix_classes(matrix: Matrix) -> tuple[str, ...]:
    """Return the classes of the cells, best first."""
    return matrix.classes or tuple(_named(matrix))


def axis_values(axis: Axis, of_schemes: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the values of an axis; `of_schemes`: those that an axis over each scheme can have."""
    return axis.values or of_schemes[axis.by]


def read_off(
    matrix: Matrix, rows: pd.Series, columns: pd.Series, of_schemes: Mapping[str, tuple[str, ...]]
) -> Ints:
    """Return the place among `matrix_classes` of each debtor's, by its two categories.

    Expects a matrix that `check_matrix` lets pass.
    """
    row_values, column_values = (axis_values(axis, of_schemes) for axis in (matrix.rows, matrix.columns))
    place = {name: number for number, name in enumerate(matrix_classes(matrix))}
    grid = np.array([[place[matrix.cells[row][column]] for column in column_values] for row in row_values])
    cells: Ints = grid[_place(rows, row_values), _place(columns, column_values)]
    return cells


def _place(category: pd.Series, values: tuple[str, ...]) -> Ints:
    found = pd.Categorical(category, categories=list(values)).codes.astype(np.int64)
    return np.where(found < 0, values.index(OTHER), found) if OTHER in values else found


def check_matrix(name: str, matrix: Matrix, of_schemes: Mapping[str, tuple[str, ...]]) -> None:
    """Raise ConfigurationError, naming the place, where an axis is unknown or a cell missing or too much."""
    row_values = _checked_values(f"scheme {name}, rows", matrix.rows, of_schemes)
    column_values = _checked_values(f"scheme {name}, columns", matrix.columns, of_schemes)
    _refuse_foreign(f"scheme {name}, cells: no row", matrix.cells, row_values)
    for row in row_values:
        line = matrix.cells.get(row, {})
        _refuse_foreign(f"scheme {name}, cells {row}: no column", line, column_values)
        for column in column_values:
            if column not in line:
                raise ConfigurationError(
                    f"scheme {name}: the cell for row {row}, column {column} is missing; name its class"
                )
    if matrix.classes:
        refuse_repeated(f"scheme {name}, classes", matrix.classes)
        _refuse_foreign(f"scheme {name}, cells: no class", _named(matrix), matrix.classes)
        _refuse_foreign(f"scheme {name}, classes: no cell with", matrix.classes, _named(matrix))


def _checked_values(where: str, axis: Axis, of_schemes: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    fact = RULE_NAMES.get(axis.by)
    categories = [*of_schemes, SEGMENT, *(name for name, known in RULE_NAMES.items() if known.unit == "text")]
    if axis.by not in categories:
        if fact:
            raise ConfigurationError(
                f"{where}: `{axis.by}` is no category; make classes of it with a scheme of kind thresholds"
            )
        raise ConfigurationError(f"{where}: `{axis.by}` is unknown{way_out(axis.by, categories)}")
    if axis.by in of_schemes:
        possible = of_schemes[axis.by]
        values = axis.values or possible
        _refuse_foreign(f"{where}: no class in {axis.by}", values, (*possible, OTHER))
        complete = set(possible) <= set(values)
    else:
        if axis.values is None:
            raise ConfigurationError(f"{where}: name the `values` of {axis.by}, `{OTHER}` for the rest")
        values, complete = axis.values, False
    refuse_repeated(where, values)
    if not complete and OTHER not in values:
        raise ConfigurationError(
            f"{where}: `{OTHER}` must be among the values of {axis.by}, for the others and for empty ones"
        )
    return values


def _named(matrix: Matrix) -> list[str]:
    return list(dict.fromkeys(name for line in matrix.cells.values() for name in line.values()))


def _refuse_foreign(what: str, words: Iterable[str], known: Collection[str]) -> None:
    for word in words:
        if word not in known:
            raise ConfigurationError(f"{what} `{word}`{way_out(word, known)}")


def refuse_repeated(where: str, words: Collection[str]) -> None:
    """Raise ConfigurationError where a word is named twice."""
    for word in words:
        if list(words).count(word) > 1:
            raise ConfigurationError(f"{where}: `{word}` is named twice")
