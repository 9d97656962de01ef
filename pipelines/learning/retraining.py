"""What new segments would change: who would move, and why, before they become champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.scorer import assign_segments, segment_axes, segment_distances
from models.segments.movement_reasons import figure_name, figure_text


@dataclass(frozen=True)
class Retraining:
    """Who would move from the segments in use to the new ones.

    movers: customer_id, from, to, why. persistence: share of the debtors that keep their segment's name, of
    those that have one. table: debtors per old and new segment.
    """

    movers: pd.DataFrame
    persistence: float
    table: pd.DataFrame

    @property
    def report(self) -> str:
        """The report as Markdown, every mover with its reason."""
        kinds = [f"| {old} | {new} | {count} |" for old, new, count in self.table.itertuples(index=False)]
        lines = [
            "# What new segments would change",
            f"{self.persistence:.1%} of the debtors keep their segment, {len(self.movers)} would move.",
            "\n".join(["| from | to | debtors |", "| :-- | :-- | --: |", *kinds]),
            "\n".join(
                f"- {row.customer_id}: {row.old} → {row.new}; {row.why}" for row in self.movers.itertuples()
            ),
        ]
        return "\n\n".join(line for line in lines if line) + "\n"


def compare_segments(old: Mapping[str, Any], new: Mapping[str, Any], figures: pd.DataFrame) -> Retraining:
    """Return what would change for debtors whose figures of today are indexed by customer_id.

    The same figures under both models: what differs is the model alone.
    """
    known = figures[figures["settled_invoices"] > 0]
    was, will_be = (assign_segments(model, known)["model_segment"] for model in (old, new))
    moving = (was != will_be).to_numpy(dtype=bool)
    rows = known[moving]
    movers = pd.DataFrame(
        {
            "customer_id": rows.index,
            "old": was[moving].to_numpy(),
            "new": will_be[moving].to_numpy(),
            "why": _why(new, rows, was[moving], will_be[moving]),
        }
    )
    table = (
        pd.DataFrame({"old": was, "new": will_be}).groupby(["old", "new"]).size().reset_index(name="debtors")
    )
    persistence = 1 - float(moving.mean()) if len(known) else 1.0
    return Retraining(movers, persistence, table)


def _why(new: Mapping[str, Any], rows: pd.DataFrame, was: pd.Series, will_be: pd.Series) -> list[str]:
    """Name the figure that speaks most for the new segment, and how much nearer its centre is."""
    names = new["names"]
    distances = segment_distances(new, rows).to_numpy()
    axes, centres = segment_axes(new, rows), np.asarray(new["centroids"], dtype=np.float64)
    texts = []
    for place, (before, after) in enumerate(zip(was, will_be, strict=True)):
        if before not in names:
            texts.append(f"there is no segment {before} any more")
            continue
        i, j = names.index(before), names.index(after)
        speaks = (axes[place] - centres[i]) ** 2 - (axes[place] - centres[j]) ** 2
        figure = new["features"][int(speaks.argmax())]
        nearer = 1 - distances[place, j] / max(distances[place, i], 1e-12)
        value = figure_text(figure, rows[figure].iloc[place])
        texts.append(f"{figure_name(figure)} is {value}, {nearer:.0%} nearer to the centre of {after}")
    return texts
