"""Who moved between segments, run after run: the published runs that lead to one, and the moves of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from features.errors import PublicationError
from models.segments.movement import HELD_BY, share_moved
from pipelines.runs.published_runs import PublishedRun, find_run, read_table

LONGEST = 36
"""Most runs that are looked back on; a year of daily ones is not read for one page."""


@dataclass(frozen=True)
class Moves:
    """What one run did with the debtors against the run before it.

    sizes: debtors per segment. pairs: debtors per previous segment and segment, of those that moved, the
    most frequent first. share: as the alarm counts it, of the debtors that were and are in a segment of the
    scheme; None where no debtor was in a run before.
    """

    run_id: str
    as_of: date
    sizes: dict[str, int]
    pairs: dict[tuple[str, str], int]
    kept: int
    share: float | None

    @property
    def debtors(self) -> int:
        """How many debtors the run has."""
        return sum(self.sizes.values())

    @property
    def moved(self) -> int:
        """How many debtors are in another segment than in the run before."""
        return sum(self.pairs.values())


def chain(output: Path, latest: PublishedRun, longest: int = LONGEST) -> list[PublishedRun]:
    """Return the runs that lead to `latest`, itself last: each one's manifest names the one before it.

    It ends where a run named is gone, and after `longest` runs.
    """
    runs = [latest]
    while len(runs) < longest and (named := runs[-1].manifest["previous_run"]):
        before = find_run(output, named["run_id"])
        if before is None:
            break
        runs.append(before)
    return runs[::-1]


def moves_of(run: PublishedRun, segments: pd.DataFrame) -> Moves:
    """Return the moves of a run by its table of segments."""
    before = segments["previous_segment"]
    moved = segments[segments["moved"].astype(bool)]
    pairs = moved.groupby(["previous_segment", "segment"]).size().reset_index(name="debtors")
    pairs = pairs.sort_values("debtors", ascending=False, kind="stable")
    sizes = segments.groupby("segment").size()
    # a rule may use the scheme's names too, so they are those that the scheme gave
    of_scheme = list(segments.loc[segments["source"].isin(HELD_BY), "segment"].unique())
    return Moves(
        run_id=run.run_id,
        as_of=run.as_of,
        sizes={str(segment): int(debtors) for segment, debtors in sizes.items()},
        pairs={(str(was), str(now)): int(debtors) for was, now, debtors in pairs.itertuples(index=False)},
        kept=int((segments["source"] == "kept").sum()),
        share=share_moved(segments, of_scheme) if before.notna().any() else None,
    )


def migration_history(output: Path, latest: PublishedRun) -> Sequence[Moves]:
    """Return the moves of every run that leads to `latest`, the oldest first.

    It begins after the last run that cannot be read, because another major version of the contract wrote it.
    """
    history: list[Moves] = []
    for run in reversed(chain(output, latest)):
        try:
            history.append(moves_of(run, read_table(run, "segments")))
        except PublicationError:
            break
    return history[::-1]
