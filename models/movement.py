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

from features.errors import ModelError
from models.schemes import LEARNED

Strings = npt.NDArray[np.object_]
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
    now = proposal.to_numpy(dtype=object)
    before, since = _held(proposal.index, previous, names, scheme, renamed or {})
    across = np.array([b is not None and not pd.isna(a) and a != b for a, b in zip(now, before, strict=True)])
    today = pd.Timestamp(day).as_unit("s")
    first = pd.Series(since.where(across & since.notna().to_numpy(), today), index=proposal.index)
    waited = ((today - first).dt.days >= hesitation.confirm_days).to_numpy()
    nearer = _nearer(distances, now, before, across)
    kept = across & ~waited & ~(nearer >= hesitation.clear_margin)
    limit = f"{hesitation.clear_margin:.0%} nearer, or {hesitation.confirm_days} days"
    words = np.full(len(now), None, dtype=object)
    words[kept] = _kept_words(before[kept], now[kept], nearer[kept], first[kept], limit)
    words[across & ~kept] = _moved_words(nearer[across & ~kept], first[across & ~kept], hesitation)
    return pd.DataFrame(
        {
            "proposed": np.where(kept, before, now),
            "source": np.where(kept, "kept", "model"),
            "across_since": first.where(kept),
            "words": words,
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
) -> tuple[Strings, pd.Series]:
    """Return the segment that each debtor is held in, None for nobody, and since when it is across."""
    if previous is None:
        return np.full(len(debtors), None, dtype=object), pd.Series(pd.NaT, debtors, dtype="datetime64[s]")
    own = previous.set_index("customer_id").reindex(debtors)
    called = {name: renamed.get(name, name) for name in own["segment"].dropna().unique()}
    known = {before: after for before, after in called.items() if after in names}
    # before there was a choice of schemes the segments were the learned ones
    same = own["source"].isin(HELD_BY) & (own["scheme"].fillna(LEARNED) == scheme)
    held = own["segment"].where(same).map(known).astype(object)
    return held.where(held.notna(), None).to_numpy(dtype=object), own["across_since"].astype("datetime64[s]")


def _nearer(
    distances: pd.DataFrame | None, now: Strings, before: Strings, across: Mask
) -> npt.NDArray[np.float64]:
    """Return by which share the new centre is nearer than the one to leave; empty where nobody is across."""
    found = np.full(len(now), np.nan)
    rows = np.flatnonzero(across)
    if distances is None or not len(rows):
        return found
    of, values = distances.columns, distances.to_numpy(dtype=np.float64)
    to, away = (
        values[rows, of.get_indexer(pd.Index(now[rows]))],
        values[rows, of.get_indexer(pd.Index(before[rows]))],
    )
    found[rows] = 1 - np.divide(to, away, out=np.ones(len(rows)), where=away > 0)
    return found


def _kept_words(
    before: Strings, now: Strings, nearer: npt.NDArray[np.float64], first: pd.Series, limit: str
) -> list[str]:
    days = first.dt.strftime("%Y-%m-%d")
    near = ["" if np.isnan(share) else f" by {share:.0%}" for share in nearer]
    return [
        f"kept in {old}: nearer to {new}{by} since {day}; it moves when {limit}"
        for old, new, by, day in zip(before, now, near, days, strict=True)
    ]


def _moved_words(nearer: npt.NDArray[np.float64], first: pd.Series, hesitation: Hesitation) -> list[str]:
    days = first.dt.strftime("%Y-%m-%d")
    return [
        f"clearly across the border, {share:.0%} nearer"
        if share >= hesitation.clear_margin
        else f"across the border since {day}"
        for share, day in zip(nearer, days, strict=True)
    ]
