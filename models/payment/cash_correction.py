"""What past cash forecasts got wrong, turned into two factors: of the expectation, and of the band's width.

Learned only on forecasts of weeks that are over, made by models that had not seen them. The width is
conformal: the factor by which the bands would have had to be stretched to hold 80 % of the weeks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

INSIDE = 0.8
"""Share of the weeks that the band shall hold."""

FEWEST_WEEKS = 8
"""Weeks that are over below which nothing is learned."""

PRIOR_WEEKS = 8
"""A factor found on so many weeks counts half, against no correction."""

BIAS_BOUNDS, WIDTH_BOUNDS = (0.75, 1.33), (0.5, 4.0)

ERRORS = ("currency", "made_on", "week", "horizon", "expected", "p10", "p50", "p90", "actual")
"""Columns of a table of past errors, one row per forecast, week and currency; money in minor units.

made_on: day of the forecast. week: Monday of the week told. horizon: 1 is the first week told.
"""


@dataclass(frozen=True)
class Correction:
    """Factors of one currency; without `learned` they change nothing."""

    bias: float = 1.0
    width: float = 1.0
    learned: bool = False

    @classmethod
    def of(cls, corrections: Mapping[str, Any] | None, currency: str) -> Correction:
        """Return the currency's part of what `learn_corrections` found."""
        found = (corrections or {}).get(currency)
        return cls(found["bias"], found["width"], True) if found else cls()


def learn_corrections(errors: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return bias, width and weeks by currency, ready for JSON; currencies with too few weeks are absent.

    bias: money that came / money expected, shrunken to 1. width: the factor on both arms of the band,
    measured from its middle after the bias, that would have held 80 % of the weeks. Both bounded.
    """
    return {
        str(currency): _learned(rows)
        for currency, rows in errors.groupby("currency", sort=True)
        if rows["week"].nunique() >= FEWEST_WEEKS and rows["expected"].sum() > 0
    }


def corrected(low: Floats, middle: Floats, high: Floats, known: Correction) -> tuple[Floats, Floats]:
    """Return the ends of the band under a correction, never below 0."""
    down, up = (known.width * known.bias * arm for arm in (middle - low, high - middle))
    return np.maximum(known.bias * middle - down, 0.0), np.maximum(known.bias * middle + up, 0.0)


def correct(errors: pd.DataFrame, corrections: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table of errors as it would be with the forecasts corrected; others stay as they are."""
    table = errors.copy()
    for currency in corrections:
        known, rows = Correction.of(corrections, currency), table["currency"] == currency
        low, middle, high = (table.loc[rows, name].to_numpy(np.float64) for name in ("p10", "p50", "p90"))
        low, high = corrected(low, middle, high, known)
        table.loc[rows, "expected"] *= known.bias
        table.loc[rows, ["p10", "p50", "p90"]] = np.column_stack([low, known.bias * middle, high])
    return table


def _learned(rows: pd.DataFrame) -> dict[str, float]:
    weeks = int(rows["week"].nunique())
    trust = weeks / (weeks + PRIOR_WEEKS)
    ratio = np.clip(rows["actual"].sum() / rows["expected"].sum(), *BIAS_BOUNDS)
    bias = float(ratio**trust)
    low, middle, high, actual = (rows[name].to_numpy(np.float64) for name in ("p10", "p50", "p90", "actual"))
    off = actual - bias * middle
    arm = bias * np.where(off < 0, middle - low, high - middle)
    needed = np.divide(np.abs(off), arm, out=np.where(off == 0, 0.0, np.inf), where=arm > 0)
    # of n weeks the one with rank 0.8 (n + 1) holds 80 % of the weeks to come, or more
    rank = min(INSIDE * (weeks + 1) / weeks, 1.0)
    width = float(np.clip(np.quantile(needed, rank - 1e-9, method="inverted_cdf"), *WIDTH_BOUNDS))
    return {"bias": round(bias, 6), "width": round(width, 6), "weeks": weeks}
