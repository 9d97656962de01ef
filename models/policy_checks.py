"""What a policy must not say: lines that contradict themselves, steps out of order, unknown names."""

from __future__ import annotations

import itertools

from features.errors import ConfigurationError
from features.spelling import way_out
from models.policy import ANY, Policy, Strategy
from models.policy_tables import SELECTED_BY, values_of


def check_policy(policy: Policy) -> None:
    """Raise ConfigurationError for the first thing that is wrong."""
    for name, strategy in policy.strategies.items():
        _steps_in_order(name, strategy)
    for number, line in enumerate(policy.lines, start=1):
        if line.strategy not in policy.strategies:
            hint = way_out(line.strategy, policy.strategies)
            raise ConfigurationError(f"lines {number}: no strategy `{line.strategy}`{hint}")
        for segment in values_of(line.segment) or ():
            if segment not in policy.segments:
                hint = way_out(segment, policy.segments)
                raise ConfigurationError(f"lines {number}: no segment `{segment}`{hint}")
    if any(getattr(policy.lines[-1], column) != ANY for column in SELECTED_BY):
        raise ConfigurationError(
            "lines: the default line is missing: the last line must be for all, such as"
            " `- {strategy: standard}`"
        )
    if ANY not in policy.minimum_amount:
        raise ConfigurationError("minimum_amount: the line `any` is missing, it is for all that have no line")


def _steps_in_order(name: str, strategy: Strategy) -> None:
    """Days and levels rise from step to step; days count working days where the step does."""
    for before, step in itertools.pairwise(strategy.steps):
        if (step.days_after_due or 0) <= (before.days_after_due or 0):
            raise ConfigurationError(
                f"strategies {name}: steps are out of order: {step.name} {step.days_after_due} days after"
                f" due, {before.name} before it {before.days_after_due} days"
            )
        if step.level <= before.level and step.level > 0:
            raise ConfigurationError(
                f"strategies {name}: steps are out of order: {step.name} has level {step.level},"
                f" {before.name} before it {before.level}"
            )
