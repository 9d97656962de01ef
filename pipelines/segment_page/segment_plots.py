"""The pictures of segments as PNG: the same figures give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.segments.stability import STABLE_JACCARD, Evidence
from pipelines.reporting.debtor_lists import main_currency
from pipelines.reporting.pictures import OTHERS, OURS, SOFT, in_percent, picture
from pipelines.segment_page.migration_history import Moves
from pipelines.segment_page.segment_sections import best_first

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

LATE = OTHERS[2]
SOFTER = "#b9c1ca"
TONES = ("#3f8a74", "#7f9440", "#b07d22", "#bb5f35", "#a63a3a")
"""Of the segments of a scheme, as in the reports: best to worst."""
SHARES, ROOM = np.linspace(0, 1, 6), 1.28
"""Ticks of an axis of shares, and how far it goes, so that the legend covers nothing."""
MOST_UPRIGHT = 6
"""More names than these beside each other are slanted, so that they do not run into each other."""
RULE_LINES = ("--", ":", "-.")


def plot_evidence(evidence: Sequence[Evidence], chosen: int) -> bytes:
    """Return the picture of how stable each number of segments is, the chosen one marked."""
    return picture(partial(_evidence, evidence=evidence, chosen=chosen)) or b""


def _evidence(axes: Axes, evidence: Sequence[Evidence], chosen: int) -> bool:
    """Draw the least stable group, silhouette and gap per number of segments."""
    numbers = [found.clusters for found in evidence]
    axes.plot(
        numbers, [found.jaccard[0] for found in evidence], "o-", color=OURS, linewidth=2.4,
        label="least stable group comes back (Jaccard)",
    )  # fmt: skip
    axes.axhline(STABLE_JACCARD, color=OURS, linewidth=1, linestyle="--", label="stable from here on")
    axes.plot(
        numbers, [found.seed_ari for found in evidence], "o-", color=OTHERS[0], label="other seeds (ARI)"
    )
    axes.plot(numbers, [found.silhouette for found in evidence], "o-", color=OTHERS[1], label="silhouette")
    axes.plot(numbers, [found.gap for found in evidence], "o-", color=OTHERS[2], label="gap")
    axes.axvline(chosen, color=SOFT, linewidth=1, linestyle=":", label="chosen")
    axes.set_xticks(numbers)
    axes.set_xlabel("number of segments")
    axes.set_ylim(bottom=0)
    return bool(numbers)


def plot_differences(profiles: pd.DataFrame, rates: pd.DataFrame, names: Sequence[str]) -> bytes | None:
    """Return the picture of size and revenue of each segment, and how late it paid afterwards.

    `profiles`: table segment_profiles, of which the currency of most segments is shown. `rates`: class,
    late_rate, low and high of the scheme that treats. None without a segment.
    """
    own = profiles[profiles["currency"] == main_currency(profiles["currency"])].set_index("segment")
    own = own.reindex(best_first(own.index, names))
    return picture(partial(_differences, profiles=own, rates=rates.set_index("class").reindex(own.index)))


def _differences(axes: Axes, profiles: pd.DataFrame, rates: pd.DataFrame) -> bool:
    places = np.arange(len(profiles), dtype=np.float64)
    for shift, column, colour, label in (
        (-0.3, "share_of_debtors", SOFTER, "share of debtors"),
        (0.0, "share_of_revenue", OURS, "share of revenue"),
    ):
        axes.bar(places + shift, profiles[column].fillna(0), 0.28, color=colour, label=label)
    known = rates["late_rate"].notna().to_numpy()
    _intervals(axes, places[known] + 0.3, rates[known], LATE, "paid late afterwards, 95 % interval")
    slanted = 25 if len(places) > MOST_UPRIGHT else 0
    axes.set_xticks(places, list(profiles.index), rotation=slanted)
    axes.set_yticks(SHARES)
    axes.set_ylim(0, ROOM)
    in_percent(axes.yaxis)
    return not profiles.empty


def plot_late_rates(rates: pd.DataFrame, schemes: Sequence[str]) -> bytes | None:
    """Return the picture of the late rates of each scheme's classes; None where none is known.

    `rates`: scheme, class, late_rate, low and high, the best class first.
    """
    return picture(partial(_late_rates, rates=rates[rates["late_rate"].notna()], schemes=schemes))


def _late_rates(axes: Axes, rates: pd.DataFrame, schemes: Sequence[str]) -> bool:
    """Draw one line per class, from top to bottom, with a gap between two schemes."""
    ticks: dict[float, str] = {}
    place = 0.0
    for number, scheme in enumerate(schemes):
        own = rates[rates["scheme"] == scheme]
        places = place - np.arange(len(own), dtype=np.float64)
        colour = (OURS, *OTHERS)[number % (1 + len(OTHERS))]
        _intervals(axes, places, own, colour, scheme, across=True)
        ticks |= dict(zip(places.tolist(), own["class"], strict=True))
        place -= len(own) + 0.8
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_xticks(SHARES)
    axes.set_xlim(0, ROOM)
    axes.set_xlabel("paid late afterwards, with 95 % interval")
    in_percent(axes.xaxis)
    return bool(ticks)


def plot_over_time(history: Sequence[Moves], names: Sequence[str]) -> bytes | None:
    """Return the picture of the debtors in each segment, run after run; None for a single run."""
    return picture(partial(_over_time, history=history, names=names)) if len(history) > 1 else None


def _over_time(axes: Axes, history: Sequence[Moves], names: Sequence[str]) -> bool:
    segments = best_first({segment for moves in history for segment in moves.sizes}, names)
    days = np.array([moves.as_of.toordinal() for moves in history], dtype=np.float64)
    for number, segment in enumerate(segments):
        sizes = [moves.sizes.get(segment, 0) for moves in history]
        if segment in names:
            tone = _tone(names.index(segment), len(names))
            axes.plot(days, sizes, color=tone, linewidth=2.2, label=segment)
        else:
            line = RULE_LINES[number % len(RULE_LINES)]
            axes.plot(days, sizes, color=SOFT, linewidth=1.2, linestyle=line, label=segment)
    ticks = np.unique(np.linspace(days[0], days[-1], 4).round())
    axes.set_xticks(ticks, [date.fromordinal(int(day)).isoformat() for day in ticks])
    # to the right there is room for the legend
    axes.set_xlim(days[0], days[-1] + 0.35 * (days[-1] - days[0]))
    axes.set_ylabel("debtors")
    axes.set_ylim(bottom=0)
    return True


def _intervals(
    axes: Axes, places: Floats, rates: pd.DataFrame, colour: str, label: str, *, across: bool = False
) -> None:
    """Draw each late rate as a dot with its interval, upright or lying `across`."""
    rate = rates["late_rate"].to_numpy(np.float64)
    low, high = (rates[end].to_numpy(np.float64) for end in ("low", "high"))
    reach = np.nan_to_num(np.stack([rate - low, high - rate])).clip(min=0)
    x, y = (rate, places) if across else (places, rate)
    spread = {"xerr": reach} if across else {"yerr": reach}
    axes.errorbar(x, y, fmt="o", color=colour, markersize=6, elinewidth=2, label=label, **spread)


def _tone(place: int, count: int) -> str:
    """Return the colour of a segment by its place, from green to red."""
    return TONES[round((len(TONES) - 1) * place / max(count - 1, 1))]
