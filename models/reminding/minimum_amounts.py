"""The least amounts worth a step, in minor units of each currency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.contracts.money import minor_digits
from models.treatment.policy import Amounts, Policy
from models.treatment.terms import minor_in

Ints = npt.NDArray[np.int64]


def minimum_amounts(policy: Policy, currencies: Sequence[str]) -> tuple[Ints, Ints]:
    """Return the least amount for any reminder per currency, and for each step (rows as in `step_table`).

    A step's own minimum counts where it is higher than the policy's.
    """
    every = _minor(policy.minimum_amount, currencies)
    steps = [step for strategy in policy.strategies.values() for step in strategy.steps]
    steps += [event.step for event in policy.events]
    own = [np.maximum(_minor(step.minimum_amount, currencies), every) for step in steps]
    return every, np.array(own, dtype=np.int64).reshape(len(steps), len(currencies))


def money_text(minor: int, currency: str) -> str:
    """Return an amount of minor units as 12.34."""
    digits = minor_digits(currency)
    return f"{minor / 10**digits:.{digits}f}"


def _minor(amounts: Amounts, currencies: Sequence[str]) -> Ints:
    return np.array([minor_in(amounts, each) if amounts else 0 for each in currencies], dtype=np.int64)
