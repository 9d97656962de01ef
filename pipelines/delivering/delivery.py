"""What a published run hands on to other tools, and what that changes for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from features.contracts import OUTPUT_TABLES
from pipelines.runs.arrow_tables import to_arrow
from pipelines.runs.published_runs import PublishedRun, has_table, read_table, verify

APPROVED_TABLES = ("actions", "treatments")
"""Their rows may harm a debtor, and then wait for a person."""

CARRIED = {"reminders": ["step", "send_on", "timing", "action_id"], "worklist": ["action_id"]}
"""What other tables say of an action: emptied where it stays behind."""


@dataclass(frozen=True)
class Content:
    """The tables that leave, by name, and how many rows wait for approval and stay behind."""

    tables: Mapping[str, pa.Table]
    withheld: Mapping[str, int]

    @property
    def rows(self) -> dict[str, int]:
        """Rows per table."""
        return {name: table.num_rows for name, table in self.tables.items()}


@dataclass(frozen=True)
class Delivery:
    """What became of a delivery: where it is, and whether it was there already.

    `rows` and `withheld` are those of the tables written; none where the sink keeps no count of them.
    """

    run_id: str
    place: str
    already: bool
    rows: Mapping[str, int]
    withheld: Mapping[str, int]


@dataclass(frozen=True)
class Held:
    """What a sink holds: the fingerprint that each run had when it was delivered, and the run it shows."""

    fingerprints: Mapping[str, str]
    shown: str | None


def content(run: PublishedRun) -> Content:
    """Return every table of the output contract as Arrow: money decimal, days dates, flags booleans.

    Left out are the actions and treatments that need a person's approval and have none; a reminder
    that such an action carries has no step and no day. A table or column that the run's older
    version did not know is empty. PublicationError when the run is damaged or of another major version.
    """
    verify(run)
    return leaving(run, {name: _frame(run, name) for name in OUTPUT_TABLES})


def leaving(run: PublishedRun, tables: Mapping[str, pd.DataFrame]) -> Content:
    """Return the content of a run whose tables were read and verified; they stay as they are."""
    frames = {name: tables.get(name, pd.DataFrame()) for name in OUTPUT_TABLES}
    waiting = {name: waits(frames[name]) for name in APPROVED_TABLES}
    held_back = frames["actions"].loc[waiting["actions"], "action_id"] if len(frames["actions"]) else ()
    for name, rows in waiting.items():
        frames[name] = frames[name][~rows]
    for name, emptied in CARRIED.items():
        if len(frames[name]):
            frames[name] = frames[name].copy(deep=False)
            frames[name].loc[frames[name]["action_id"].isin(held_back), emptied] = None
    facts: dict[str, object] = {
        "run_id": run.run_id,
        "as_of": run.as_of,
        "schema_version": run.manifest["schema_version"],
    }
    tables = {name: to_arrow(OUTPUT_TABLES[name], frame, facts) for name, frame in frames.items()}
    return Content(tables, {name: int(rows.sum()) for name, rows in waiting.items()})


def diff(run: PublishedRun, previous: PublishedRun | None) -> dict[str, Any]:
    """Return what delivering `run` changes for a tool that holds `previous` (None: nothing yet).

    Ready for JSON. `segments`: debtors that change segment (customer_id, from, to), that are new, that
    are gone. `actions`: ids that are new, moved to another day, released or stopped (another status),
    withdrawn; and how many stay the same. `withheld`: rows that wait for approval. `words`: one line.
    """
    before, after = _segments(previous), _segments(run)
    both = before.index.intersection(after.index)
    changed = both[(before[both] != after[both]).to_numpy()]
    segments = {
        "changed": [{"customer_id": c, "from": before[c], "to": after[c]} for c in sorted(changed)],
        "new": sorted(after.index.difference(before.index)),
        "gone": sorted(before.index.difference(after.index)),
    }
    actions = _compare_actions(_actions(run), _actions(previous))
    withheld = {name: int(waits(_frame(run, name)).sum()) for name in APPROVED_TABLES}
    return {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "previous_run_id": previous.run_id if previous else None,
        "previous_as_of": previous.as_of.isoformat() if previous else None,
        "segments": segments,
        "actions": actions,
        "withheld": withheld,
        "words": _words(segments, actions, withheld),
    }


def _frame(run: PublishedRun, name: str) -> pd.DataFrame:
    return read_table(run, name) if has_table(run, name) else pd.DataFrame()


def waits(rows: pd.DataFrame) -> pd.Series:
    """Return which rows of actions or treatments need approval and have none.

    Also a withdrawn one, which nobody ever approved.
    """
    if not len(rows):
        return pd.Series([], dtype="bool")
    unapproved = rows["adverse"] & rows["approved_by"].isna()
    waiting: pd.Series = (unapproved | (rows["status"] == "needs_approval")).astype(bool)
    return waiting


def _segments(run: PublishedRun | None) -> pd.Series:
    frame = _frame(run, "segments") if run else pd.DataFrame()
    return frame.set_index("customer_id")["segment"] if len(frame) else pd.Series([], dtype="str")


def _actions(run: PublishedRun | None) -> pd.DataFrame:
    """The actions that a tool may see and that stand, by id."""
    frame = _frame(run, "actions") if run else pd.DataFrame()
    if not len(frame):
        return pd.DataFrame({"send_on": [], "status": []}, index=pd.Index([], dtype="str"))
    standing = frame[~waits(frame) & (frame["change"] != "withdrawn")]
    return standing.set_index("action_id")[["send_on", "status"]]


def _compare_actions(after: pd.DataFrame, before: pd.DataFrame) -> dict[str, Any]:
    both = after.index.intersection(before.index)
    moved = (after.loc[both, "send_on"] != before.loc[both, "send_on"]).to_numpy()
    ruled = (after.loc[both, "status"] != before.loc[both, "status"]).to_numpy() & ~moved
    return {
        "new": sorted(after.index.difference(before.index)),
        "moved": sorted(both[moved]),
        "status_changed": sorted(both[ruled]),
        "withdrawn": sorted(before.index.difference(after.index)),
        "unchanged": int((~moved & ~ruled).sum()),
    }


def _words(segments: Mapping[str, Any], actions: Mapping[str, Any], withheld: Mapping[str, int]) -> str:
    changed, comers, leavers = (len(segments[name]) for name in ("changed", "new", "gone"))
    moved, ruled, waiting = len(actions["moved"]), len(actions["status_changed"]), sum(withheld.values())
    always = [
        f"{_many(changed, 'debtor')} {'changes' if changed == 1 else 'change'} segment",
        _many(len(actions["new"]), "new action"),
        f"{len(actions['withdrawn']):,} withdrawn",
    ]
    where_any = {
        f"{moved:,} moved": moved,
        f"{ruled:,} with another status": ruled,
        _many(comers, "new debtor"): comers,
        f"{_many(leavers, 'debtor')} gone": leavers,
        f"{waiting:,} waiting for approval and left out": waiting,
    }
    return ", ".join(always + [words for words, count in where_any.items() if count])


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
