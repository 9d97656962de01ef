"""Who moves to another segment, and who is kept: nobody flips back and forth over a border.

A debtor moves when it is clearly across the border, by how much nearer the new centre is than the one it
leaves, or when it has been across for `confirm_days`. Days are counted from the first run that saw it across,
so running more or less often changes nothing. Until then it is kept, and the row says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.errors import ModelError
from models.positions import positions
from models.segments.schemes import LEARNED
from models.texts import column, each_once, texts

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

HELD_BY = ("model", "kept")
"""Sources of a segment from which a debtor moves with hesitation; a rule or a decision ends at once."""


@dataclass(frozen=True)
class Hesitation:
    """When a debtor across a border moves."""

    clear_margin: float = 0.25
    """How much nearer the new centre must be, as a share of the distance to the one it leaves."""
    confirm_days: int = 30


def settle(
    proposal: pd.Series,
    distances: pd.DataFrame | None,
    previous: pd.DataFrame | None,
    *,
    day: date,
    names: Sequence[str],
    scheme: str = LEARNED,
    hesitation: Hesitation = Hesitation(),
    renamed: Mapping[str, str | None] | None = None,
) -> pd.DataFrame:
    """Return per debtor proposed (the segment to be in), source, across_since and words; index of `proposal`.

    `proposal`: what the scheme says today, empty where it says nothing. `distances`: to each segment's
    centre, a column per name; None for a scheme without centres, where only days confirm. `previous`: the
    segments of the previous run. `renamed`: what the previous run's names are called by today's model.
    """
    if not proposal.index.is_unique:
        raise ModelError("segments need one row per debtor; customer_id repeats")
    now = positions(proposal, pd.Series(names, dtype="str"))
    before, since = _held(proposal.index, previous, names, scheme, renamed or {})
    across = (now >= 0) & (before >= 0) & (now != before)
    today = np.datetime64(day, "D")
    first = np.where(across & ~np.isnat(since), since, today)
    waited = (today - first).astype(np.int64) >= hesitation.confirm_days
    nearer = _nearer(distances, names, now, before, across)
    kept = across & ~waited & ~(nearer >= hesitation.clear_margin)
    return pd.DataFrame(
        {
            "proposed": column(texts(names, np.where(kept, before, now))).array,
            "source": np.where(kept, "kept", "model"),
            "across_since": np.where(kept, first, np.datetime64("NaT")).astype("datetime64[s]"),
            "words": column(_words(names, now, before, across, kept, nearer, first, hesitation)).array,
        },
        index=proposal.index,
    )


def moved(segments: pd.DataFrame, renamed: Mapping[str, str | None] | None = None) -> Mask:
    """Return which rows of the table of segments moved against the previous run; a new name is no move."""
    before = segments["previous_segment"]
    called = before.map(lambda name: (renamed or {}).get(name) or name, na_action="ignore")
    found: Mask = (before.notna() & (called != segments["segment"])).fillna(False).to_numpy(dtype=bool)
    return found


def share_moved(segments: pd.DataFrame, names: Sequence[str]) -> float:
    """Return which share of the debtors that were and are in a segment of the scheme moved; 0 without any."""
    both = segments["previous_segment"].isin(list(names)) & segments["segment"].isin(list(names))
    return float(segments.loc[both, "moved"].mean()) if both.any() else 0.0


def _held(
    debtors: pd.Index,
    previous: pd.DataFrame | None,
    names: Sequence[str],
    scheme: str,
    renamed: Mapping[str, str | None],
) -> tuple[Ints, npt.NDArray[np.datetime64]]:
    """Return the place of each debtor's segment, -1 where none holds it, and since when it is across."""
    if previous is None:
        return np.full(len(debtors), -1), np.full(len(debtors), np.datetime64("NaT"), dtype="datetime64[D]")
    # before there was a choice of schemes the segments were the learned ones
    same = previous["source"].isin(HELD_BY) & (previous["scheme"].fillna(LEARNED) == scheme)
    code, known = pd.factorize(previous["segment"])
    called = [renamed.get(name, name) for name in known]
    place = np.array([names.index(name) if name in names else -1 for name in called] + [-1])
    held = np.append(np.where(same, place[code], -1), -1)
    since = np.append(previous["across_since"].to_numpy().astype("datetime64[D]"), np.datetime64("NaT", "D"))
    row = positions(debtors, previous["customer_id"])
    return held[row], since[row]


def _nearer(
    distances: pd.DataFrame | None, names: Sequence[str], now: Ints, before: Ints, across: Mask
) -> npt.NDArray[np.float64]:
    """Return by which share the new centre is nearer than the one to leave; empty where nobody is across."""
    found = np.full(len(now), np.nan)
    rows = np.flatnonzero(across)
    if distances is None or not len(rows):
        return found
    values = distances[list(names)].to_numpy(dtype=np.float64)
    to, away = values[rows, now[rows]], values[rows, before[rows]]
    found[rows] = 1 - np.divide(to, away, out=np.ones(len(rows)), where=away > 0)
    return found


def _words(
    names: Sequence[str],
    now: Ints,
    before: Ints,
    across: Mask,
    kept: Mask,
    nearer: npt.NDArray[np.float64],
    first: npt.NDArray[np.datetime64],
    hesitation: Hesitation,
) -> pa.Array:
    """Say of each debtor that is across a border whether it is kept or moves, and by what; null of others."""
    percent = np.where(np.isnan(nearer), -1, np.rint(100 * np.nan_to_num(nearer))).astype(np.int64)
    clearly = nearer >= hesitation.clear_margin
    days = first.astype("datetime64[D]").astype(np.int64)
    cases = [kept, clearly, before + 1, now + 1, percent + 1, days]
    key = np.zeros(len(now), dtype=np.int64)
    for case in cases:
        key = key * (int(case.max(initial=0)) + 1) + case.astype(np.int64)
    limit = f"{hesitation.clear_margin:.0%} nearer, or {hesitation.confirm_days} days"

    def words(i: int) -> str:
        if not kept[i]:
            return (
                f"clearly across the border, {percent[i]}% nearer"
                if clearly[i]
                else f"across the border since {first[i]}"
            )
        by = f" by {percent[i]}%" if percent[i] >= 0 else ""
        old, new = names[before[i]], names[now[i]]
        return f"kept in {old}: nearer to {new}{by} since {first[i]}; it moves when {limit}"

    return each_once(np.where(across, key, -1), words)
