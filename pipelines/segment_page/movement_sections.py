"""What the page about segments says of movement: who moved since the run before and why, run after run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from pipelines.reporting.debtor_lists import (
    LISTED,
    SHOWN,
    Names,
    debtor_cell,
    debtors,
    heading,
    largest,
    rest,
    text,
)
from pipelines.reporting.sections import Cell, Section, Table, number, percent
from pipelines.reporting.summary import records
from pipelines.segment_page.migration_history import Moves
from pipelines.segment_page.segment_sections import best_first, count_cell

Tables = Mapping[str, pd.DataFrame]

RUNS_SHOWN, PAIRS_SHOWN = 12, 8
WAYS = ("worse", "better", "other")
"""Directions of an account review, the one to look at first at the head."""
NO_RUN = "No run is published yet: debtscape run publishes one, and the next one says who moved."
NOT_IN_IT = "not in it"


def who_moves(tables: Tables, history: Sequence[Moves], names: Sequence[str], called: Names) -> Section:
    """Return the migrations of the latest run and of the runs before it, the largest movers, and the kept.

    `tables`: those of the latest run; `history`: the runs that lead to it, itself last, none without a run.
    """
    title = "Who moves"
    if not history:
        return Section(title, NO_RUN)
    last = history[-1]
    if len(history) == 1 and last.share is None:
        lead = f"The run of {last.as_of} is the first one: the next one says who moved."
    else:
        lead = f"In the run of {last.as_of}, {number(last.moved)} of {debtors(last.debtors)} moved"
        lead += f"; kept at a border: {number(last.kept)}" if last.kept else ""
        lead += "."
    found = (
        _matrix(tables["migrations"], history, names),
        _over_time(history[::-1][:RUNS_SHOWN]),
        _movers(tables, called),
        _kept(tables, called),
    )
    return Section(
        title,
        lead,
        tables=tuple(table for table in found if table is not None),
        plot="over_time",
        note="Share: of the debtors that were and are in a segment of the scheme, so not of those that came "
        "out of NEW or into a rule's segment; the alarm counts it too. Kept: across a border, but neither "
        "clearly nor for long enough.",
    )


def _matrix(migrations: pd.DataFrame, history: Sequence[Moves], names: Sequence[str]) -> Table | None:
    """Debtors by previous segment and segment; None for a first run."""
    if migrations.empty or (len(history) == 1 and history[-1].share is None):
        return None
    counts = {
        (NOT_IN_IT if pd.isna(row["previous_segment"]) else row["previous_segment"], row["segment"]): int(
            row["debtors"]
        )
        for row in records(migrations)
    }
    columns = best_first({now for _, now in counts}, names)
    before = best_first({was for was, _ in counts} - {NOT_IN_IT}, names)
    before += [NOT_IN_IT] if any(was == NOT_IN_IT for was, _ in counts) else []
    rows = tuple((Cell(was), *(count_cell(counts.get((was, now), 0)) for now in columns)) for was in before)
    day = f" of {history[-2].as_of}" if len(history) > 1 else ""
    return Table(
        ("from", *(f">{name}" for name in columns)),
        rows,
        heading=f"From the run{day} (rows) to that of {history[-1].as_of} (columns)",
    )


def _over_time(history: Sequence[Moves]) -> Table | None:
    """One row per run, the latest first; None where there is one run only."""
    if len(history) < 2:
        return None
    rows = tuple(
        (
            Cell(str(moves.as_of)),
            Cell(number(moves.debtors)),
            Cell(number(moves.moved) if moves.share is not None else "first run"),
            Cell(percent(moves.share, 1)),
            Cell(number(moves.kept)),
            Cell(_from_to(moves)),
        )
        for moves in history
    )
    header = ("run", ">debtors", ">moved", ">share", ">kept", "from → to")
    return Table(header, rows, heading="Run after run, the latest first")


def _from_to(moves: Moves) -> str:
    """Name the most frequent moves of a run."""
    said = [f"{was} → {now} {number(n)}" for (was, now), n in moves.pairs.items()]
    left = sum(list(moves.pairs.values())[PAIRS_SHOWN:])
    return ", ".join(said[:PAIRS_SHOWN] + ([f"others {number(left)}"] if left else []))


def _movers(tables: Tables, called: Names) -> Table | None:
    moved = tables["segments"][tables["segments"]["moved"].astype(bool)]
    if moved.empty:
        return None
    rows = tuple(
        (
            debtor_cell(row["customer_id"], called),
            Cell(f"{row['previous_segment']} → {row['segment']}"),
            Cell(row["open"]),
            Cell(text(row["moved_because"]) or text(row["reason"])),
        )
        for row in records(largest(moved, tables["debtors"], SHOWN))
    )
    return Table(("debtor", "moved", ">open", "because"), rows, heading=heading("movers", len(rows), moved))


def _kept(tables: Tables, called: Names) -> Table | None:
    kept = tables["segments"][tables["segments"]["source"] == "kept"]
    if kept.empty:
        return None
    rows = tuple(
        (
            debtor_cell(row["customer_id"], called),
            Cell(row["segment"]),
            Cell(text(row["model_segment"])),
            Cell("" if pd.isna(row["across_since"]) else f"{row['across_since']:%Y-%m-%d}"),
            Cell(row["open"]),
            Cell(row["reason"]),
        )
        for row in records(largest(kept, tables["debtors"], SHOWN))
    )
    header = ("debtor", "kept in", "nearer to", ">since", ">open", "why")
    return Table(header, rows, heading=heading("kept ones", len(rows), kept))


def for_sales(tables: Tables, called: Names) -> Section:
    """Return the accounts that sales should look at; without a run there are none yet."""
    title, reviews = "Accounts for sales to review", tables.get("account_reviews")
    if reviews is None:
        return Section(title, NO_RUN)
    if reviews.empty:
        return Section(title, "Nobody moved to another segment since the run before.")
    ways = [reviews[reviews["direction"] == way] for way in WAYS]
    ordered = pd.concat([largest(those, tables["debtors"], LISTED) for those in ways]).head(LISTED)
    rows = tuple(
        (
            debtor_cell(row["customer_id"], called),
            Cell(text(row["account_manager"])),
            Cell(f"{text(row['from_segment'])} → {row['to_segment']}", row["direction"]),
            Cell(row["open"]),
            Cell(row["why"]),
        )
        for row in records(ordered)
    )
    said = ", ".join(
        f"{number(len(those))} {way}" for way, those in zip(WAYS, ways, strict=True) if len(those)
    )
    return Section(
        title,
        f"{debtors(len(reviews))} changed segment: {said}.",
        tables=(Table(("debtor", "account manager", "from → to", ">open", "why"), rows),),
        note=rest(len(reviews), len(rows), "account_reviews"),
    )
