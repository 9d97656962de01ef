"""What a provider's credit scores mean: in which direction, from where to where, and when they are a risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.spelling import question

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int64]

UNKNOWN, LOW, AVERAGE, HIGH = -1, 0, 1, 2
"""Levels of risk in their order: of two, the worse is the larger."""

Number = Annotated[float, Field(allow_inf_nan=False)]


class CreditScale(BaseModel):
    """The scale of one provider; `high_risk` and `low_risk` are limits on it, and belong to their side.

    With `better: high`, a score of at most `high_risk` is a high risk and one of at least `low_risk` a low
    one; with `better: low` it is the other way round. Between the two the risk is average.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    better: Literal["high", "low"]
    lowest: Number
    highest: Number
    high_risk: Number
    low_risk: Number

    @model_validator(mode="after")
    def _makes_sense(self) -> CreditScale:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest {self.lowest:g} is not below highest {self.highest:g}")
        for name, limit in (("high_risk", self.high_risk), ("low_risk", self.low_risk)):
            if not self.lowest <= limit <= self.highest:
                raise ValueError(f"{name} {limit:g} is outside the scale {self.lowest:g} to {self.highest:g}")
        side = "below" if self.better == "high" else "above"
        if (self.low_risk - self.high_risk) * (1 if self.better == "high" else -1) <= 0:
            raise ValueError(
                f"a {self.better} score is the better one, so high_risk must be {side} low_risk; "
                f"they are {self.high_risk:g} and {self.low_risk:g}"
            )
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest score there is."""
        return self.lowest, self.highest

    def normalised(self, score: Floats) -> Floats:
        """Return the scores on one scale for all providers, from 0 (worst) to 100 (best)."""
        worst, best = self.ends if self.better == "high" else self.ends[::-1]
        return (score - worst) / (best - worst) * 100

    def levels(self, score: Floats) -> Levels:
        """Return LOW, AVERAGE or HIGH for each score, UNKNOWN for a missing one."""
        up = 1 if self.better == "high" else -1
        high, low = score * up <= self.high_risk * up, score * up >= self.low_risk * up
        return np.select([np.isnan(score), high, low], [UNKNOWN, HIGH, LOW], AVERAGE).astype(np.int64)


def scale_warnings(scores: pd.DataFrame, scales: Mapping[str, CreditScale]) -> list[str]:
    """Return a warning per provider whose scores decide nothing, and per scale that no score is of.

    `scores`: the ledger's credit scores. Without a scale a provider's scores are shown and never decide a
    risk: a number alone does not say whether high is good.
    """
    providers = sorted(scores["provider"].dropna().unique())
    warnings = [
        f"credit_scores: the scale of {provider} is unknown, so its scores are shown but decide no risk. "
        f"Add credit_scores: {{{provider}: {{better: high or low, lowest: …, highest: …, high_risk: …, "
        "low_risk: …}} to the configuration"
        for provider in providers
        if provider not in scales
    ]
    for name in sorted(set(scales) - set(providers)):
        near = question(name, providers, quote="")
        warnings.append(f"credit_scores: the ledger has no score of {name}{near}")
    return warnings
