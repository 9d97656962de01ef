"""The scoring matrix: two categories, and a class in every cell."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from features.errors import ConfigurationError
from models.segments.matrix import Matrix, check_matrix, matrix_classes, read_off

OF_SCHEMES = {"abc": ("A", "B", "C", "other"), "value": ("top", "middle", "tail")}
"""What an axis over each scheme can be: abc may say nothing, value always says something."""

CELLS = {
    "small": {"A": "watch", "B": "watch", "C": "stop", "other": "ask"},
    "large": {"A": "care", "B": "watch", "C": "stop", "other": "ask"},
    "other": {"A": "watch", "B": "watch", "C": "stop", "other": "ask"},
}
CONTENT: dict[str, Any] = {
    "kind": "matrix",
    "rows": {"by": "size", "values": ["small", "large", "other"]},
    "columns": {"by": "abc"},
    "cells": CELLS,
}


def matrix(**changed: Any) -> Matrix:
    """The matrix of size and abc, with something changed."""
    return Matrix.model_validate({**CONTENT, **changed})


def classes(matrix: Matrix, rows: list[str | None], columns: list[str | None]) -> list[str]:
    """The class of each pair, read off."""
    pairs = (pd.Series(values, dtype="str") for values in (rows, columns))
    names = matrix_classes(matrix)
    return [names[place] for place in read_off(matrix, *pairs, OF_SCHEMES)]


def test_every_pair_has_the_class_of_its_cell() -> None:
    """All twelve cells, each read off by its row and column."""
    pairs = [(row, column) for row, line in CELLS.items() for column in line]
    rows, columns = (list(values) for values in zip(*pairs, strict=True))
    assert classes(matrix(), rows, columns) == [CELLS[row][column] for row, column in pairs]


def test_what_the_values_do_not_name_falls_in_other() -> None:
    """A middle-sized debtor, one of no known size, and one about whom abc says nothing."""
    assert classes(matrix(), ["medium", None, "large", None], ["A", "C", None, None]) == [
        *("watch", "stop", "ask", "ask")
    ]


def test_an_axis_over_a_scheme_that_always_speaks_needs_no_other() -> None:
    """Value classes by themselves: three columns are enough."""
    cells = {
        "small": {"top": "x", "middle": "y", "tail": "y"},
        "other": {"top": "x", "middle": "x", "tail": "y"},
    }
    by_value = matrix(rows={"by": "size", "values": ["small", "other"]}, columns={"by": "value"}, cells=cells)
    check_matrix("m", by_value, OF_SCHEMES)
    assert classes(by_value, ["small", "big"], ["middle", "middle"]) == ["y", "x"]


def test_part_of_a_schemes_classes_is_enough_with_other_for_the_rest() -> None:
    """C against everybody else: A, B and nothing known are other."""
    cells = {row: {"C": "stop", "other": "go"} for row in CELLS}
    only_c = matrix(columns={"by": "abc", "values": ["C", "other"]}, cells=cells)
    check_matrix("m", only_c, OF_SCHEMES)
    assert classes(only_c, ["small"] * 4, ["A", "B", "C", None]) == ["go", "go", "stop", "go"]


def test_classes_are_in_the_order_of_the_cells_unless_their_order_is_named() -> None:
    """Row by row the cells say watch, stop, ask, care; `classes` can say it from best to worst."""
    assert matrix_classes(matrix()) == ("watch", "stop", "ask", "care")
    best_first = matrix(classes=["care", "watch", "ask", "stop"])
    check_matrix("m", best_first, OF_SCHEMES)
    assert matrix_classes(best_first) == ("care", "watch", "ask", "stop")
    assert classes(best_first, ["large", "small"], ["A", "C"]) == ["care", "stop"]


@pytest.mark.parametrize("by", ["segment", "sector", "country", "legal_kind", "value_class", "risk"])
def test_any_text_fact_and_the_segment_can_be_an_axis(by: str) -> None:
    """Two values and other, each with its line."""
    cells = {row: dict.fromkeys(OF_SCHEMES["abc"], "x") for row in ("one", "two", "other")}
    check_matrix("m", matrix(rows={"by": by, "values": ["one", "two", "other"]}, cells=cells), OF_SCHEMES)


@pytest.mark.parametrize("row", list(CELLS))
@pytest.mark.parametrize("column", list(CELLS["small"]))
def test_each_missing_cell_is_named(row: str, column: str) -> None:
    """Whichever of the twelve is left out."""
    cells = {name: {key: value for key, value in line.items() if (name, key) != (row, column)}
             for name, line in CELLS.items()}  # fmt: skip
    with pytest.raises(ConfigurationError) as refusal:
        check_matrix("m", matrix(cells=cells), OF_SCHEMES)
    assert (
        str(refusal.value) == f"scheme m: the cell for row {row}, column {column} is missing; name its class"
    )


def test_a_missing_row_is_a_missing_cell() -> None:
    """Without the line for other, its first cell is the one that is named."""
    cells = {name: line for name, line in CELLS.items() if name != "other"}
    with pytest.raises(ConfigurationError, match="the cell for row other, column A is missing"):
        check_matrix("m", matrix(cells=cells), OF_SCHEMES)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cells": {**CELLS, "smal": {}}}, "scheme m, cells: no row `smal`; did you mean `small`?"),
        ({"cells": {**CELLS, "small": {**CELLS["small"], "D": "x"}}},
         "scheme m, cells small: no column `D`; there are: A, B, C, other"),
        ({"rows": {"by": "sise", "values": ["small", "other"]}},
         "scheme m, rows: `sise` is unknown; did you mean `size`?"),
        ({"rows": {"by": "open_amount", "values": ["small", "other"]}},
         "scheme m, rows: `open_amount` is no category; make classes of it with a scheme of kind thresholds"),
        ({"rows": {"by": "key_account", "values": ["yes", "other"]}}, "rows: `key_account` is no category"),
        ({"columns": {"by": "abd"}}, "scheme m, columns: `abd` is unknown; did you mean `abc`?"),
        ({"rows": {"by": "size"}}, "scheme m, rows: name the `values` of size, `other` for the rest"),
        ({"rows": {"by": "size", "values": ["small", "large"]}},
         "scheme m, rows: `other` must be among the values of size, for the others and for empty ones"),
        ({"columns": {"by": "abc", "values": ["A", "B", "C"]}},
         "scheme m, columns: `other` must be among the values of abc"),
        ({"columns": {"by": "abc", "values": ["A", "other", "Z"]}},
         "scheme m, columns: no class in abc `Z`; there are: A, B, C, other"),
        ({"columns": {"by": "value", "values": ["top", "middle"]}},
         "scheme m, columns: `other` must be among the values of value"),
        ({"rows": {"by": "size", "values": ["small", "small", "other"]}},
         "scheme m, rows: `small` is named twice"),
        ({"classes": ["watch", "stop", "ask"]}, "cells: no class `care`; there are: watch, stop, ask"),
        ({"classes": ["watch", "stop", "ask", "care", "cares"]},
         "scheme m, classes: no cell with `cares`; did you mean `care`?"),
        ({"classes": ["watch", "watch", "stop", "ask", "care"]}, "scheme m, classes: `watch` is named twice"),
    ],
)  # fmt: skip
def test_a_matrix_that_does_not_fit_its_axes_is_refused(changed: dict[str, Any], message: str) -> None:
    """What is wrong, where, and the nearest name or the way out."""
    with pytest.raises(ConfigurationError) as refusal:
        check_matrix("m", matrix(**changed), OF_SCHEMES)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"cells": {"small": {"A": False}}},  # an unquoted NO of YAML
        {"cells": {"small": {"A": ""}}},
        {"cells": None},
        {"rows": {"values": ["small", "other"]}},
        {"rows": {"by": "size", "values": []}},
        {"rows": {"by": "size", "value": ["small", "other"]}},
        {"title": "x"},
    ],
)
def test_what_is_no_matrix_at_all_is_refused(changed: dict[str, Any]) -> None:
    """Wrong types, empty names, and keys that do not exist."""
    with pytest.raises(ValidationError):
        matrix(**changed)
