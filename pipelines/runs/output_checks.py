"""What must hold for a table before it is published."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import Table
from features.errors import PublicationError

SUMS_TO_ONE = {"predictions": ("p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90")}
"""Columns of a table whose values are the probabilities of classes that exclude each other."""

IN_ORDER = {
    "predictions": ("as_of", "paid_on_p10", "paid_on_p50", "paid_on_p90"),
    "actions": ("send_on", "valid_until"),
}
"""Days of a table that follow each other; an empty day stands for none and is passed over."""

TOLERANCE = 1e-6


def check(contract: Table, table: pa.Table) -> None:
    """Refuse a table (Arrow, sorted by its key) that breaks its contract.

    Checked: required columns are filled, choices are kept, shares lie within 0 and 1, numbers are
    finite, counts are not negative, the key is unique, class probabilities sum to 1, days follow
    each other. The PublicationError names table, column, rule and the first offending row's key and value.
    """
    for column, rule, offending in _violations(contract, table):
        rows = np.flatnonzero(np.asarray(offending.to_numpy(zero_copy_only=False), dtype=bool))
        if rows.size:
            row = table.slice(int(rows[0]), 1).to_pylist()[0]
            key = ", ".join(f"{name} {row[name]}" for name in contract.key or contract.names)
            raise PublicationError(
                f"{contract.name}.{column} {rule}: {rows.size} of {table.num_rows} rows, "
                f"first '{row[column]}' at {key}. Nothing was published."
            )


def _violations(contract: Table, table: pa.Table) -> Iterator[tuple[str, str, pa.Array]]:
    """Yield column, rule, and one flag per row: does it break the rule?"""
    for column in contract.columns:
        values = table[column.name].combine_chunks()
        if column.required:
            yield column.name, "must be filled", values.is_null()
        if column.choices:
            other = pc.invert(pc.is_in(values, pa.array([*column.choices, None], type=values.type)))
            yield column.name, f"must be one of {', '.join(column.choices)}", other
        if column.kind in ("share", "number"):
            yield column.name, "must be a finite number", _known(pc.invert(pc.is_finite(values)))
        if column.kind == "share":
            outside = pc.or_(pc.less(values, 0.0), pc.greater(values, 1.0))
            yield column.name, "must lie within 0 and 1", _known(outside)
        if column.kind == "count":
            yield column.name, "must not be negative", _known(pc.less(values, 0))
    if contract.key:
        rule = f"repeats the key ({', '.join(contract.key)}), which must be unique"
        yield contract.key[0], rule, _repeated(contract, table)
    if contract.name in SUMS_TO_ONE:
        classes = SUMS_TO_ONE[contract.name]
        distance = np.abs(sum(table[name].to_numpy() for name in classes) - 1)
        yield classes[0], f"and {', '.join(classes[1:])} must sum to 1", pa.array(distance > TOLERANCE)

    for earlier, later in pairwise(IN_ORDER.get(contract.name, ())):
        yield later, f"must not be before {earlier}", _known(pc.less(table[later], table[earlier]))


def _repeated(contract: Table, table: pa.Table) -> pa.Array:
    """Rows whose key is that of the row before, none being equal to none."""
    same = np.ones(max(table.num_rows - 1, 0), dtype=bool)
    for name in contract.key:
        values = table[name].combine_chunks()
        before, after = values[:-1], values[1:]
        equal = pc.or_(_known(pc.equal(before, after)), pc.and_(before.is_null(), after.is_null()))
        same &= equal.to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([np.zeros(min(table.num_rows, 1), dtype=bool), same]))


def _known(flags: pa.Array) -> pa.Array:
    return pc.fill_null(flags, False)
