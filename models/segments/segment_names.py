"""Names that last: which new segment is which old one, and in which order they are named.

A is the best payer. Segments are ordered by their debtors' expected days late; neighbours less than a week
apart by the share of what is invoiced to them that is at risk of being paid late. After a retraining the
segments that are found again keep their names while none is a week or more better than the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TIE_DAYS = 7.0
FARTHEST = 0.5
"""A new centre continues an old one up to this share of the way from there to the nearest other old one."""


def in_order(days_late: Floats, at_risk: Floats) -> list[int]:
    """Return the segments from the best to the worst payer.

    By days late; then neighbours less than TIE_DAYS apart change places while the first is more at risk.
    """
    order = sorted(range(len(days_late)), key=lambda i: (days_late[i], at_risk[i]))
    for turn in range(len(order)):
        for i in range(len(order) - 1 - turn):
            first, second = order[i], order[i + 1]
            close = days_late[second] - days_late[first] < TIE_DAYS
            if close and at_risk[first] > at_risk[second]:
                order[i : i + 2] = second, first
    return order


def match(new: Floats, old: Floats) -> list[int | None]:
    """Return for each new centre the old one it continues, or None for a new segment.

    One to one, with the least sum of distances (Hungarian method); a pair farther apart than FARTHEST of
    the way from that old centre to the nearest other old one is no pair. Both on the same axes.
    """
    from scipy.optimize import linear_sum_assignment

    distances = np.sqrt(((new[:, None] - old[None]) ** 2).sum(axis=2))
    between = np.sqrt(((old[:, None] - old[None]) ** 2).sum(axis=2))
    np.fill_diagonal(between, np.inf)
    limit = FARTHEST * between.min(axis=1)
    found: list[int | None] = [None] * len(new)
    for i, j in zip(*linear_sum_assignment(distances), strict=True):
        if distances[i, j] <= limit[j]:
            found[i] = int(j)
    return found


def keeps_order(matched: Sequence[int | None], days_late: Floats, old_names: Sequence[str]) -> bool:
    """Return whether every old segment is found again and the old order still holds within TIE_DAYS."""
    if None in matched or len(matched) != len(old_names):
        return False
    days = days_late[np.argsort(np.array(matched, dtype=np.int64))]
    return bool((np.diff(days) > -TIE_DAYS).all())


def renaming(matched: Sequence[int | None], old_names: Sequence[str]) -> dict[str, str | None]:
    """Return what became of each old name: the new one, or None for a segment that is not found again.

    `matched` is in the order of the new names.
    """
    new_of = {old: ascii_uppercase[i] for i, old in enumerate(matched) if old is not None}
    return {name: new_of.get(i) for i, name in enumerate(old_names)}
