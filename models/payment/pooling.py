"""How much each member counts, and how sharp their mean is made: both learned on newer points than theirs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.payment.person_periods import Points, likelihood
from models.scorer import Floats, Ints, sharpened

EQUAL_WEIGHT_POINTS = 20.0
"""Points that speak for equal weights: on a few invoices no member is certain to be the best."""

SHARPNESS_POINTS = 50.0
"""Points that speak for leaving the mean as it is."""

SHARPNESSES = np.round(1.02 ** np.arange(-11.0, 18.0), 4)


def pool_weights(curves: Mapping[str, Floats], borders: Ints, points: Points) -> dict[str, float]:
    """Return the members' weights in the mixture that makes the points likeliest (EM); they sum to one."""
    given = np.column_stack([likelihood(curve, borders, points) for curve in curves.values()])
    weight = np.full(given.shape[1], 1 / given.shape[1])
    for _ in range(200):
        part = given * weight
        counted = (part / part.sum(axis=1, keepdims=True)).sum(axis=0) + EQUAL_WEIGHT_POINTS
        weight = counted / counted.sum()
    return {name: round(float(share), 4) for name, share in zip(curves, weight, strict=True)}


def best_sharpness(pooled: Floats, borders: Ints, points: Points) -> float:
    """Return the factor on the log-odds that makes the points likeliest, held near 1 when they are few.

    A linear pool of calibrated curves is broader than calibrated (Gneiting and Ranjan, 2013).
    """
    score = [
        np.log(likelihood(sharpened(pooled, sharpness), borders, points)).sum()
        - SHARPNESS_POINTS * np.log(sharpness) ** 2
        for sharpness in SHARPNESSES
    ]
    return float(SHARPNESSES[int(np.argmax(score))])
