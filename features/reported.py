"""Rows that other tools reported, beside those of a source: read in their own way, judged together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from features.contracts import Table
from features.typed import Reading, Reasons, typed

NUMBER, REPORTED_AS = "number", "reported_as"
"""Columns of reported rows beside those of the contract: their place in the store, the tool's own number."""


_PREFIX = "reported "


def name_of(table: str) -> str:
    """Return what the reported rows of a table are called where rows are counted and rejected."""
    return _PREFIX + table


def reported_tables(rows_in: Iterable[str]) -> list[str]:
    """Return the tables that tools have reported into, from the names of what was counted."""
    return [name.removeprefix(_PREFIX) for name in rows_in if name.startswith(_PREFIX)]


def typed_reported(table: Table, reported: pd.DataFrame) -> tuple[pd.DataFrame, Reasons]:
    """Return reported rows as `typed` does: text with ISO days and decimal points.

    Each says its known_on, also in tables whose contract has none.
    """
    frame, reasons = typed(table, reported, Reading(name_of(table.name), "iso", "."))
    frame["known_on"] = pd.to_datetime(reported["known_on"].array).astype("datetime64[s]")
    return frame, reasons


def joined(parts: Sequence[tuple[pd.DataFrame, Reasons]]) -> tuple[pd.DataFrame, Reasons]:
    """Return typed rows of several origins as one table, in their order, and the reasons of all."""
    if len(parts) == 1:
        return parts[0]
    frame = pd.concat([frame for frame, _ in parts], ignore_index=True)
    reasons = Reasons(len(frame))
    reasons.texts = np.concatenate([each.texts for _, each in parts])
    reasons.accepted = np.concatenate([each.accepted for _, each in parts])
    return frame, reasons


def in_place(rejected: pd.DataFrame, table: Table, reported: pd.DataFrame) -> pd.DataFrame:
    """Return rejected rows of reported ones with a place that people can find again."""
    if rejected.empty:
        return rejected
    at = rejected["row"].to_numpy() - 1
    mark = rejected["reason"].str.contains(": ", regex=False).map({True: ", ", False: ": "})
    return rejected.assign(
        table=name_of(table.name),
        row=reported[NUMBER].to_numpy()[at],
        reason=(rejected["reason"] + mark + reported[REPORTED_AS].array[at]).astype("str"),
    )
