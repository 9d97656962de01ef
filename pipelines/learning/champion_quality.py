"""How the champion was measured when it was trained, as its registered version tells."""

from __future__ import annotations

import json
from typing import Any

from models import registry
from models.evaluation.evaluate import MODEL
from models.evaluation.gate import WORDS
from pipelines.reporting.report import QualityRow


def quality_of(predictor: registry.Loaded | None) -> tuple[QualityRow, ...]:
    """Return its figures beside those of the baselines, the best first; none without a champion."""
    rows = json.loads(predictor.tags.get("figures", "[]")) if predictor else []
    return tuple(
        QualityRow(
            name=WORDS.get(row["predictor"], "the model"),
            auc=row["auc"],
            brier_skill=row["brier_skill"],
            ece=row["ece"],
            ours=row["predictor"] == MODEL,
        )
        for row in sorted(rows, key=lambda row: row["auc"] or 0, reverse=True)
        if row["auc"] is not None
    )


def reliability_of(predictor: registry.Loaded | None) -> tuple[dict[str, Any], ...] | None:
    """Return per bin of the probability (from, to) the late shares predicted and observed, and how many.

    predictions: judged ones; an invoice counts on each day it was predicted. None where the champion did not
    keep them.
    """
    rows = json.loads(predictor.tags.get("reliability", "[]")) if predictor else []
    names = ("from", "to", "predicted", "observed")
    return (
        tuple({**{name: row[name] for name in names}, "predictions": row["points"]} for row in rows) or None
    )
