"""How far cash forecasts were off, week by week and by how many weeks ahead they were made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.evaluation.metrics import Floats, figure

HORIZONS = (1, 2, 4, 8)
"""Weeks ahead that are shown; 1 is the week that begins on the day of the forecast."""


def cash_figures(errors: pd.DataFrame, *, seed: int, resamples: int = 200) -> dict[str, Any]:
    """Return the figures of one currency's errors (`cash_correction.ERRORS`), ready for JSON, by horizon.

    Keys "1", "2", "4", "8" and "all". weeks: calendar weeks told; forecasts: how often one was. wape: sum of
    |expected - actual| / sum of actual. bias: sum of expected / sum of actual - 1. coverage: share of the
    forecasts whose actual lies in [P10, P90]. Intervals of 95 % by drawing weeks anew, the same week of
    all forecasts together. A horizon that was not forecast, or that brought nothing, is absent.
    """
    parts = {str(horizon): errors[errors["horizon"] == horizon] for horizon in HORIZONS} | {"all": errors}
    return {name: _figures(rows, seed, resamples) for name, rows in parts.items() if rows["actual"].sum() > 0}


def _figures(rows: pd.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    expected, actual = (rows[name].to_numpy(np.float64) for name in ("expected", "actual"))
    inside = (rows["p10"].to_numpy() <= actual) & (actual <= rows["p90"].to_numpy())
    code, weeks = pd.factorize(rows["week"], sort=True)
    drawn = np.random.default_rng(seed).multinomial(
        len(weeks), np.full(len(weeks), 1 / len(weeks)), size=resamples
    )
    counts = np.vstack([np.ones(len(weeks)), drawn])

    def ratio(part: Floats, whole: Floats) -> Floats:
        above, below = (counts @ np.bincount(code, weights=values) for values in (part, whole))
        shares: Floats = np.divide(above, below, out=np.full(len(counts), np.nan), where=below > 0)
        return shares

    return {
        "weeks": len(weeks),
        "forecasts": len(rows),
        "wape": figure(ratio(np.abs(expected - actual), actual)),
        "bias": figure(ratio(expected, actual) - 1),
        "coverage": figure(ratio(inside.astype(np.float64), np.ones(len(rows)))),
    }
