"""The few figures of an evaluation that people look at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHOWN = {
    "auc": ("late", "auc"),
    "brier_skill": ("late", "brier_skill"),
    "ece": ("late", "ece"),
    "mae_days": ("dates", "mae_days"),
    "coverage": ("dates", "coverage"),
    "claimed_coverage": ("dates", "claimed_coverage"),
}


def figures_of(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row per predictor: its name, AUC, Brier skill, calibration error, MAE of the median.

    Then the share of payments inside [P10, P90], and what the predictor claims it to be. A figure that
    the predictor does not give, or that is not measurable yet, is empty.
    """
    return [
        {"predictor": name, **{figure: _value(groups["pooled"], path) for figure, path in SHOWN.items()}}
        for name, groups in evaluation["models"].items()
    ]


def _value(figures: Mapping[str, Any], path: tuple[str, str]) -> float | None:
    found = figures.get(path[0], {}).get(path[1])
    value = found["value"] if isinstance(found, Mapping) else found
    return None if value is None else round(value, 3)
