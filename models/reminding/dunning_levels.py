"""The levels of each collection strategy, and what a contact of some kind does to the level of an item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.treatment.policy_tables import EVENT

Ints = npt.NDArray[np.int64]

REMINDING = frozenset({"reminder", "dunning", "email", "letter", "call", "registered_letter"})
"""Kinds of contact that say only that somebody was reminded."""

NEXT_STEP, NO_STEP = -1, -2
"""In place of a level: the next step of the strategy; no reminder at all."""


@dataclass(frozen=True)
class Ladders:
    """Rising levels above 0 of each strategy: a row per strategy in the order of `names`, and one for none.

    rungs: how many levels a row has. courtesies: how many steps of level 0; first_courtesy: days after due of
    the first of them. by_name: the level of (strategy, step), under an empty strategy that of any which has
    the step, the highest of them.
    """

    names: list[str]
    levels: Ints
    rungs: Ints
    courtesies: Ints
    first_courtesy: Ints
    by_name: dict[tuple[str, str], int]

    def row(self, strategy: pd.Series) -> Ints:
        """Return the row of each name."""
        code, distinct = pd.factorize(strategy)
        none = len(self.names)
        rows = [self.names.index(name) if name in self.names else none for name in distinct]
        return np.array([*rows, none], dtype=np.int64)[code]

    def level_of(self, row: int, kind: str, ours: bool) -> int:
        """Return the level that a contact gives an item of the strategy, or NEXT_STEP or NO_STEP."""
        own = self.by_name.get((self.names[row], kind)) if row < len(self.names) else None
        if own is not None:
            return own
        if kind in REMINDING:
            return NEXT_STEP
        return self.by_name.get(("", kind), NEXT_STEP if ours else NO_STEP)

    def done(self, row: Ints, level: npt.ArrayLike) -> Ints:
        """Return how many levels of the strategy are at or below a level."""
        own = np.arange(self.levels.shape[1]) < self.rungs[:, None]
        counted = np.zeros(len(row), dtype=np.int64)
        for rung in range(self.levels.shape[1]):
            counted += own[row, rung] & (self.levels[row, rung] <= level)
        return counted

    def climbed(self, row: Ints, level: int, count: Ints) -> Ints:
        """Return the level so many steps above one; at the top it stays."""
        rung = np.minimum(self.done(row, level) + count, self.rungs[row])
        reached = self.levels[row, np.maximum(rung - 1, 0)]
        return np.where(rung > 0, np.maximum(reached, level), level)


def ladders(steps: pd.DataFrame) -> Ladders:
    """Return the levels of the strategies in `step_table`."""
    own = steps[steps["strategy"] != EVENT]
    names = list(own["strategy"].unique())
    parts = [own[own["strategy"] == name] for name in names]
    raising = [sorted({*part.loc[part["level"] > 0, "level"]}) for part in parts]
    courtesy = [part.loc[part["level"] == 0, "days_after_due"].fillna(0) for part in parts]
    levels = np.zeros((len(names) + 1, max(map(len, raising), default=0) + 1), dtype=np.int64)
    for row, rungs in enumerate(raising):
        levels[row, : len(rungs)] = rungs
    return Ladders(
        names,
        levels,
        np.array([*map(len, raising), 0], dtype=np.int64),
        np.array([*map(len, courtesy), 0], dtype=np.int64),
        np.array([*(days.min() if len(days) else 0 for days in courtesy), 0], dtype=np.int64),
        _by_name(steps),
    )


def _by_name(steps: pd.DataFrame) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    rows = zip(steps["strategy"], steps["name"].str.lower(), steps["level"], strict=True)
    for strategy, name, level in rows:
        found.setdefault((strategy, name), int(level))
        found["", name] = max(int(level), found.get(("", name), 0))
    return found
