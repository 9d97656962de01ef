"""The kernel: what lies before a point, for all points at once, on arrays sorted by (group, day).

A group is whatever history is kept for: a debtor, a debtor's items in one currency, a sector, one
item. Days are whole days since 1970-01-01 as int64. Sums run over all groups and hold integers
only, so that a difference of two of them is exact whatever lies before (int64 differences are right
even where a running sum has wrapped around). No float crosses a group's border: `decayed_sums`
stays inside the group. NumPy only; no loop over groups, no self-join; O(n log n).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Figures = dict[str, npt.NDArray[Any]]
"""Name of a figure -> one value per point; becomes float64 in the end."""

FIRST_DAY = -719_162
"""0001-01-01, the earliest day a composite key can hold."""
NEVER = 3_000_000
"""A day after 9999-12-31: the thing has not happened."""
SPAN = 1 << 22
"""Room for one group's days in a composite key, with enough between NEVER and the next group that a
window of some years before the first day still finds the end of the group before."""


def composite(group: Ints, day: Ints) -> Ints:
    """One integer per (group, day) that sorts as the pair does."""
    key: Ints = group * SPAN + (day - FIRST_DAY)
    return key


@dataclass(frozen=True)
class Points:
    """Where figures are wanted: (group, day) pairs sorted by group, then day."""

    group: Ints
    day: Ints

    @cached_property
    def _keys(self) -> Ints:
        return composite(self.group, self.day)

    @cached_property
    def _visits(self) -> tuple[Ints, Ints]:
        """The groups met, and for each point which of them is its own."""
        fresh = np.ones(len(self.group), dtype=bool)
        fresh[1:] = self.group[1:] != self.group[:-1]
        return self.group[fresh], np.cumsum(fresh) - 1

    def start(self, line: Timeline) -> Ints:
        """Position of the first event of each point's group."""
        groups, member = self._visits
        starts: Ints = np.searchsorted(line.keys, groups * SPAN)
        return starts[member]

    def after(self, group: Ints, day: Ints) -> Ints:
        """Position of the first point that sorts after each (group, day)."""
        found: Ints = np.searchsorted(self._keys, composite(group, day), side="right")
        return found

    def before(self, line: Timeline, days_back: int = 0) -> Ints:
        """Number of events of all groups that sort before (group, day - days_back)."""
        found: Ints = np.searchsorted(line.keys, self._keys - days_back)
        return found


@dataclass(frozen=True)
class Timeline:
    """Events as their composite keys, ascending. A point sees the events with day < its own day."""

    keys: Ints


def timeline(group: Ints, day: Ints) -> tuple[Timeline, Ints]:
    """Return the timeline of events and the order that sorts them.

    Events of the same group and day come in any order: meant for sums, which do not mind.
    """
    keys = composite(group, day)
    order: Ints = np.argsort(keys)
    return Timeline(keys[order]), order


def last_before(line: Timeline, group: Ints, day: Ints) -> Ints:
    """Position of the group's last event before the day; -1 where there is none. Points in any order."""
    position: Ints = np.searchsorted(line.keys, composite(group, day)) - 1
    is_own = np.append(line.keys, -1)[position] >= group * SPAN
    return np.where(is_own, position, -1)


def order_by(*columns: Ints) -> Ints:
    """Return the stable lexicographic order of the rows, first column first.

    As many leading columns as fit are packed into one integer and sorted once; only rows that tie
    on those are looked at again.
    """
    packed, rest = _pack(columns)
    order: Ints = np.argsort(packed)
    packed = packed[order]
    same = packed[1:] == packed[:-1]
    if same.any():
        tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
        rows = order[tied]
        order[tied] = rows[np.lexsort((rows, *(column[rows] for column in reversed(rest)), packed[tied]))]
    return order


def _pack(columns: tuple[Ints, ...]) -> tuple[Ints, tuple[Ints, ...]]:
    packed = np.zeros(len(columns[0]), dtype=np.int64)
    if not len(packed):
        return packed, ()
    used = 0
    for position, column in enumerate(columns):
        low, high = int(column.min()), int(column.max())
        bits = (high - low).bit_length()
        if used + bits > 62:
            return packed, columns[position:]
        packed = (packed << bits) | (column - low)
        used += bits
    return packed, ()


def running(values: Ints | Flags) -> Ints:
    """Sums of the first 0, 1, 2, … values: what lies in [a, b) is `running[b] - running[a]`."""
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def ratio(numerator: Ints | Floats, denominator: Ints | Floats) -> Floats:
    """numerator / denominator, NaN where there is nothing to divide by."""
    result: Floats = numerator / np.where(denominator == 0, np.nan, denominator)
    return result


def look_up(values: Ints | Floats, position: Ints, none: Flags) -> Floats:
    """The value at each position as float64; NaN where there is none."""
    if not len(values):
        return np.full(len(position), np.nan)
    found = values[position].astype(np.float64)
    found[none] = np.nan
    return found


def rank_in_group(group: Ints) -> Ints:
    """0, 1, 2, … inside each group of a sorted column."""
    index = np.arange(len(group))
    fresh = np.ones(len(group), dtype=bool)
    fresh[1:] = group[1:] != group[:-1]
    rank: Ints = index - np.maximum.accumulate(np.where(fresh, index, 0))
    return rank


def running_max(values: Ints, group: Ints) -> Ints:
    """Largest value so far inside the group (values must lie within half a SPAN of 0)."""
    lifted = np.maximum.accumulate(values + group * (2 * SPAN))
    result: Ints = lifted - group * (2 * SPAN)
    return result


def median_of_last(count: int, values: Ints, rank: Ints) -> Floats:
    """Median of the last `count` values of the group, this one included (fewer where there are fewer)."""
    window = np.full((count, len(values)), np.iinfo(np.int64).max)
    for back in range(min(count, len(values))):
        shifted = values[: len(values) - back]
        window[back, back:] = np.where(rank[back:] >= back, shifted, window[back, back:])
    # Odd-even transposition: `count` rounds of comparing neighbours sort the rows of the window.
    for turn in range(count):
        for row in range(turn % 2, count - 1, 2):
            low = np.minimum(window[row], window[row + 1])
            np.maximum(window[row], window[row + 1], out=window[row + 1])
            window[row] = low
    have = np.minimum(rank + 1, count)
    every = np.arange(len(values))
    middle: Floats = (window[(have - 1) // 2, every] + window[have // 2, every]) / 2
    return middle


def smallest_over(low: Ints, high: Ints, values: Ints, positions: int) -> Ints:
    """Least value among the ranges [low, high) that hold each of 0 … positions - 1; NEVER where none does.

    Every range is two blocks of the largest power of two that fits, which may overlap; a block is in turn
    two of half its length, so one pass per power, from the largest down, brings all values to the positions.
    """
    least = np.full(positions, NEVER)
    power = np.frexp(high - low)[1] - 1  # exact: lengths are far below 2**53
    for exponent in range(int(power.max(initial=-1)), -1, -1):
        length = 1 << exponent
        least[length:] = np.minimum(least[length:], least[:-length])
        rows = np.flatnonzero((power == exponent) & (high > low))
        np.minimum.at(least, low[rows], values[rows])
        np.minimum.at(least, high[rows] - length, values[rows])
    return least


def decayed_sums(values: npt.ArrayLike, day: Ints, rank: Ints, half_life: float) -> Floats:
    """Return, for each event, the group's sum so far with weights that halve every `half_life` days.

    `values` is (series, events). A log-step scan: after the step of length s an event holds the sum
    of its last 2s events, so it depends on nothing later and on no other group; cutting later events
    leaves the same bits.
    """
    sums = np.array(values, dtype=np.float64)
    longest = int(rank.max(initial=-1)) + 1
    rows = np.flatnonzero(rank >= 1)
    step = 1
    while step < longest:
        earlier = rows - step
        fade = np.exp2((day[earlier] - day[rows]) / half_life)
        for series in sums:
            series[rows] += series[earlier] * fade
        step *= 2
        rows = rows[rank[rows] >= step]
    return sums
