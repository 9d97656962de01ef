"""The policy as tables: every step that it knows, and which line holds for a debtor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.treatment.policy import ANY, Policy, Selector, Step

SELECTED_BY = ("segment", "risk", "value_class", "legal_kind", "country")

EVENT = "event"
"""Stands for the strategy in the rows of `step_table` that belong to an event."""


def step_table(policy: Policy) -> pd.DataFrame:
    """Return one row per step, indexed by its number: those of the strategies in order, then the events'.

    Columns strategy (`event` for an event's), event (its name or empty text), name, level, days_after_due and
    working_days_after_due (nullable), tone, channels (a tuple), template, by, statutory_notice, adverse.

    first_friendly: the first friendly step after the due day of its strategy, the only one that a habit may
    move; never a statutory notice, whose term runs from its day. wait_days: for a step after a statutory
    notice so many days must lie between it and the step before it, whenever that was really made; else 0.
    """
    rows = []
    for name, strategy in policy.strategies.items():
        first = next((s for s in strategy.steps if s.gentle and s.level > 0 and not s.statutory_notice), None)
        waits = _waits(strategy.steps)
        rows += [
            (name, "", step, step is first, wait) for step, wait in zip(strategy.steps, waits, strict=True)
        ]
    rows += [(EVENT, event.name, event.step, False, 0) for event in policy.events]
    table = pd.DataFrame(
        {
            "strategy": [strategy for strategy, *_ in rows],
            "event": [event for _, event, *_ in rows],
            **{
                column: [getattr(step, column) for _, _, step, *_ in rows]
                for column in ("name", "level", "tone", "channels", "template", "by", "statutory_notice")
            },
            "adverse": [step.harms for _, _, step, *_ in rows],
            "first_friendly": [first for *_, first, _ in rows],
            "wait_days": [wait for *_, wait in rows],
        }
    )
    for column in ("days_after_due", "working_days_after_due"):
        table[column] = pd.array([getattr(step, column) for _, _, step, *_ in rows], dtype="Int64")
    return table


def _waits(steps: Sequence[Step]) -> list[int]:
    """Days between each step and the one before it, for those after a statutory notice; 0 for the others."""
    notice = next((at for at, step in enumerate(steps) if step.statutory_notice), len(steps))
    return [steps[at].days - steps[at - 1].days if at > notice else 0 for at in range(len(steps))]


def line_of(policy: Policy, debtors: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return for each debtor the number of the first line that fits it, counted from 1; 0 where none does.

    `debtors`: columns segment, risk, value_class, legal_kind, country; empty is none of a line's values.
    """
    line = np.zeros(len(debtors), dtype=np.int64)
    for number in range(len(policy.lines), 0, -1):
        line[selected(policy.lines[number - 1], debtors)] = number
    return line


def selected(selector: Selector, debtors: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return whether the selector fits each debtor (see `line_of`)."""
    fits = np.ones(len(debtors), dtype=bool)
    for column in SELECTED_BY:
        wanted = values_of(getattr(selector, column))
        if wanted is not None:
            fits &= debtors[column].isin(wanted).to_numpy(dtype=bool)
    return fits


def values_of(wanted: Sequence[str]) -> list[str] | None:
    """Return the values that a selector names, None for `any`."""
    return None if tuple(wanted) == (ANY,) else list(wanted)
