"""The day of a step by the policy alone: before timing, gaps and working days have their say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.working_days import Place, working_days_after

Ints = npt.NDArray[np.int64]

NO_DAY = np.iinfo(np.int64).min
"""The number of an empty day, as NumPy has it."""


def day_numbers(days: pd.Series) -> Ints:
    """Return whole days since 1970; `NO_DAY` where there is none."""
    return np.asarray(days.to_numpy().astype("datetime64[D]").astype(np.int64))


def days_of(numbers: Ints) -> pd.Series:
    """Return day numbers as a column of days."""
    return pd.Series(numbers.astype("datetime64[D]").astype("datetime64[s]"))


def step_days(step: pd.Series, due: Ints, place: Ints, places: Sequence[Place]) -> Ints:
    """Return the day number of one step (a row of `step_table`) for items due on these days.

    Working days are those of the item's place: `place` is its position among `places`.
    """
    if pd.isna(step["working_days_after_due"]):
        return due + (0 if pd.isna(step["days_after_due"]) else int(step["days_after_due"]))
    pairs, back = np.unique(np.stack([place, due]), axis=1, return_inverse=True)
    country, region = (pd.Series([places[at][part] for at in pairs[0]], dtype="str") for part in (0, 1))
    found = working_days_after(days_of(pairs[1]), int(step["working_days_after_due"]), country, region)
    return day_numbers(found)[back.reshape(-1)]
