"""How large an experiment must be to find an effect, and which effect it can find.

A group counts with its first MOST_PER_GROUP invoices only: where a few debtors get most of the invoices, an
experiment over all of them would rest on these few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError

LEVEL, POWER = 0.05, 0.80

MOST_PER_GROUP = 10

MOST_DAYS = 1826
"""An experiment that takes longer than five years is not waited for."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """How days to pay vary: what the size of an experiment depends on.

    sd: of one invoice. icc: correlation of two invoices of one group. groups, invoices: how many there are.
    unevenness: mean squared size of the groups over the square of their mean size, 1 when all are alike.
    """

    sd: float
    icc: float
    groups: int
    invoices: int
    unevenness: float

    @property
    def mean_size(self) -> float:
        """Invoices of a group."""
        return self.invoices / self.groups


def spread(days: pd.Series, group: pd.Series) -> Spread:
    """Return how these days to pay vary within and between groups.

    The correlation is the analysis-of-variance estimate, at least 0 (Donner and Koval, Biometrics 36, 1980).
    ModelError with fewer than two groups, or no group of two.
    """
    by_group = days.groupby(group.to_numpy())
    sizes = by_group.size().to_numpy(dtype=np.float64)
    count, groups = float(sizes.sum()), len(sizes)
    if groups < 2 or count <= groups:
        raise ModelError(
            f"{groups} paying groups with {count:.0f} judged invoices: too few to say how days to pay vary"
        )
    means = by_group.mean().to_numpy(dtype=np.float64)
    total = float(((days - days.mean()) ** 2).sum())
    between = float((sizes * (means - days.mean()) ** 2).sum())
    mean_between, mean_within = between / (groups - 1), (total - between) / (count - groups)
    usual = (count - float((sizes**2).sum()) / count) / (groups - 1)
    variance = max(0.0, (mean_between - mean_within) / usual)
    whole = variance + mean_within
    return Spread(
        sd=math.sqrt(whole),
        icc=variance / whole if whole > 0 else 0.0,
        groups=groups,
        invoices=int(count),
        unevenness=float((sizes**2).mean() / sizes.mean() ** 2),
    )


def sample_needed(effect_days: float, spread: Spread, *, arm: float, control: float) -> float:
    """Return how many invoices all groups together must bring, when groups are as large as they are now.

    For a two-sided test at LEVEL that finds `effect_days` with POWER, when `arm` and `control` are the shares
    of the groups in the arm and in that it is compared with:
    n = (z_level + z_power)² sd² (1/arm + 1/control) / effect² x design effect (Donner and Klar, Design and
    Analysis of Cluster Randomization Trials, 2000, ch. 5).
    """
    alone = (_two_quantiles() * spread.sd / effect_days) ** 2 * (1 / arm + 1 / control)
    return alone * design_effect(spread.mean_size * spread.unevenness, spread.icc)


def detectable_days(sizes: Floats, spread: Spread, *, arm: float, control: float) -> float:
    """Return the smallest effect, in days to pay, found with POWER among groups of so many invoices each.

    `sample_needed` turned round. Infinity where no group has any.
    """
    count = float(sizes.sum())
    if count == 0:
        return math.inf
    effect = design_effect(float((sizes**2).sum()) / count, spread.icc)
    return _two_quantiles() * spread.sd * math.sqrt((1 / arm + 1 / control) * effect / count)


def design_effect(size: float, icc: float) -> float:
    """Return how many times more invoices are needed than if they were independent: 1 + (size - 1) x icc.

    size: of the group that the average invoice is in, which is mean size x unevenness (Eldridge, Ashby and
    Kerry, Int. J. Epidemiology 35, 2006).
    """
    return 1 + max(0.0, size - 1) * icc


def days_until(
    effect_days: float, per_day: Floats, spread: Spread, *, arm: float, control: float
) -> int | None:
    """Return after how many days of invoices falling due the effect can be found; None within MOST_DAYS.

    per_day: invoices of each group a day. In whole weeks; a group stops counting at MOST_PER_GROUP.
    """
    for days in range(7, MOST_DAYS + 1, 7):
        sizes = np.minimum(per_day * days, float(MOST_PER_GROUP))
        if detectable_days(sizes, spread, arm=arm, control=control) <= effect_days:
            return days
    return None


def first_of_group(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the first MOST_PER_GROUP rows of each group by due_on and invoice_id, in that order."""
    ordered = rows.sort_values(["due_on", "invoice_id"], kind="stable")
    kept: pd.DataFrame = ordered[ordered.groupby("group").cumcount() < MOST_PER_GROUP]
    return kept


def _two_quantiles() -> float:
    from scipy.stats import norm

    return float(norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER))
