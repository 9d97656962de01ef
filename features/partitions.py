"""The kernel run per group of debtors: bounded memory, side by side.

A debtor is never split, and no figure of one debtor depends on another, so any partition and any number
of workers give the same bytes. Threads, because NumPy lets go of the interpreter in sorts, searches and
gathers, and nothing needs to be copied to another process. `part_of` and the `compute` functions are
plain functions of arrays: they run as they are inside a grouped map on a cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
from joblib import Parallel, delayed

from features.books import Books, Disputes, Items, Movements, Spells, Standings
from features.timeline import Figures, Floats, Ints, order_by

Table = TypeVar("Table", Items, Movements, Standings, Spells, Disputes)
OfItem = TypeVar("OfItem", Movements, Standings, Spells, Disputes)
Compute = Callable[[Books, slice, Ints], Figures]
"""compute(part, its items as a slice of all items, its points in order) -> figures of those points"""

ROWS_PER_PART = 200_000
"""Items and points computed at once: the working set of a part stays in the processor's cache."""


def part_of(books: Books, items: slice) -> Books:
    """Return the books of a run of items (all items of some debtors), items counted from 0."""
    return replace(
        books,
        items=_cut(books.items, items),
        movements=_cut_by_item(books.movements, items),
        standings=_cut_by_item(books.standings, items),
        spells=_cut_by_item(books.spells, items),
        disputes=_cut_by_item(books.disputes, items),
    )


def compute_in_parts(
    books: Books,
    debtor: Ints,
    group: Ints,
    day: Ints,
    compute: Compute,
    out: dict[str, Floats],
    *,
    workers: int = 1,
    rows_per_part: int = ROWS_PER_PART,
) -> None:
    """Fill `out` (name -> one figure per point) with what `compute` says, part by part.

    `debtor`, `group` and `day` describe the points in any order; a group lies within one debtor.
    `compute` gets its points sorted by group, then day.
    """
    if not len(debtor):
        return
    order = order_by(debtor, group, day)
    debtors = max(len(books.customers), int(debtor.max(initial=-1)) + 1)
    items_of = np.bincount(books.items.debtor, minlength=debtors)
    points_of = np.bincount(debtor, minlength=debtors)
    part = np.cumsum(items_of + points_of) // rows_per_part
    last = np.append(np.flatnonzero(part[1:] != part[:-1]), debtors - 1)
    item_ends, point_ends = np.cumsum(items_of)[last], np.cumsum(points_of)[last]

    def run(number: int) -> None:
        items, points = _between(item_ends, number), _between(point_ends, number)
        if points.start == points.stop:
            return
        rows = order[points]
        figures = compute(part_of(books, items), items, rows)
        for name, values in figures.items():
            out[name][points] = values

    Parallel(n_jobs=workers, prefer="threads")(delayed(run)(number) for number in range(len(last)))

    # Written in sorted order and put back column by column: twice as fast as scattering every part.
    if (order[1:] < order[:-1]).any():
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        column = np.empty(len(order))
        for values in out.values():
            np.take(values, back, out=column, mode="clip")  # clip only spares NumPy a copy of `out`
            values[:] = column


def _between(ends: Ints, number: int) -> slice:
    return slice(int(ends[number - 1]) if number else 0, int(ends[number]))


def _cut(table: Table, rows: slice) -> Table:
    return type(table)(**{field.name: getattr(table, field.name)[rows] for field in fields(table)})


def _cut_by_item(table: OfItem, items: slice) -> OfItem:
    low, high = np.searchsorted(table.item, [items.start, items.stop])
    cut = _cut(table, slice(int(low), int(high)))
    return replace(cut, item=cut.item - items.start)
