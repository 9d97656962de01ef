"""On which day each next step is wanted: by the policy alone, by habit, by cost or by lot.

Only the first friendly step moves; later ones count from the due day. Gaps, bundles and working days come
afterwards (`contact_days`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.contracts.money import minor_units
from models.payment.payment_sketch import sketch
from models.positions import positions
from models.reminding.optimal_timing import optimal_days
from models.reminding.step_days import day_numbers
from models.texts import each_once
from models.treatment.policy import Policy
from models.treatment.policy_tables import EVENT, step_table

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


TIMINGS = ("fixed", "shifted", "optimal", "event", "experiment")
"""What may have set a day."""


@dataclass(frozen=True)
class Move:
    """By how many days the first friendly step of each item moves: for a habit, and by lot."""

    habit: Ints
    arm: Ints


@dataclass(frozen=True)
class Wanted:
    """The day number on which each item's step is wanted, what set it (a number in `TIMINGS`), and why so."""

    day: Ints
    timing: Ints
    words: pa.Array


def moves(items: pd.DataFrame, treatments: pd.DataFrame, shifts: pd.DataFrame, arms: pd.DataFrame) -> Move:
    """Return the days by which the first friendly step of each item moves, one per row of `items`.

    habit: that of the table REMINDER_SHIFTS where the debtor's timing is `shifted` and payment does not slide
    along. arm: that of the debtor's arm of an experiment, on top of its timing; 0 outside one.
    """
    shifted = treatments.loc[treatments["timing"] == "shifted", "customer_id"]
    standing = shifts[~shifts["sliding"].astype(bool)]
    habit = np.append(standing["shift_days"].to_numpy(dtype=np.int64), 0)
    habit = habit[positions(items["customer_id"], standing["customer_id"])]
    habit[positions(items["customer_id"], shifted) < 0] = 0
    arm = np.append(arms["shift_days"].to_numpy(dtype=np.int64), 0)
    return Move(habit, arm[positions(items["customer_id"], arms.index)])


def wanted_days(
    items: pd.DataFrame,
    next_steps: pd.DataFrame,
    treatments: pd.DataFrame,
    move: Move,
    predictions: pd.DataFrame,
    cost: Floats,
    dunned_minor: Ints,
    policy: Policy,
    *,
    day: date,
    home_currency: str,
) -> Wanted:
    """Return when the step of each row of `next_steps` is wanted.

    `cost`: of a contact about each item, home currency; `dunned_minor`: what is asked for. A step after the
    due day never moves to the due day or before it. With `optimal` timing the first friendly step is on the
    day of `optimal_days`, not before `day`; items in other currencies or without a prediction stay.
    """
    steps = step_table(policy)
    step = next_steps["step_no"].to_numpy(dtype=np.int64)
    base, due = day_numbers(next_steps["base_on"]), day_numbers(items["due_on"])
    event = np.append((steps["strategy"] == EVENT).to_numpy(), False)[step]
    movable = np.append(steps["first_friendly"].to_numpy(dtype=bool), False)[step]
    habit, arm = np.where(movable, move.habit, 0), np.where(movable, move.arm, 0)
    by_cost = treatments.loc[treatments["timing"] == "optimal", "customer_id"]
    asked = movable & (positions(items["customer_id"], by_cost) >= 0)
    foreign = asked & (items["currency"] != home_currency).to_numpy()
    place = np.full(len(items), -1)
    place[asked] = positions(items.loc[asked, "invoice_id"], predictions["invoice_id"])
    weighed = asked & ~foreign & (place >= 0)

    best = base + habit
    worth = np.ones(len(items), dtype=bool)
    today = int(np.datetime64(day, "D").astype(np.int64))
    if weighed.any():
        first = np.maximum(due[weighed] - today + policy.optimal.earliest_days_after_due, 0)
        last = np.maximum(due[weighed] - today + policy.optimal.latest_days_after_due, first)
        amount = dunned_minor[weighed] / minor_units(home_currency)
        curve = sketch(predictions.iloc[place[weighed]], day)
        optimum = optimal_days(curve, amount, cost[weighed], policy.optimal, first, last)
        best[weighed], worth[weighed] = today + optimum.days, optimum.saving > 0
    wanted = np.where(arm != 0, np.maximum(best + arm, np.minimum(due + 1, base)), best)
    timing = np.select(
        [event, arm != 0, weighed, habit != 0],
        [TIMINGS.index(name) for name in ("event", "experiment", "optimal", "shifted")],
        TIMINGS.index("fixed"),
    )
    why = np.select(
        [foreign, asked & ~weighed, weighed & ~worth, weighed], [_FOREIGN, _UNKNOWN, _NEVER, _BEST]
    )
    return Wanted(wanted, timing, _words(habit, arm, why, np.where(weighed, best - due, 0)))


_FOREIGN, _UNKNOWN, _NEVER, _BEST = 1, 2, 3, 4

_WHY = {
    _FOREIGN: "costs are weighed in the home currency only",
    _UNKNOWN: "no prediction to weigh costs by",
    _NEVER: "no day is worth its cost, so the last one, {after} after due",
    _BEST: "least expected cost {after} after due",
}


def _words(habit: Ints, arm: Ints, why: Ints, after: Ints) -> pa.Array:
    """What moved each day, starting with a comma; each distinct text is made once."""

    def words(at: int) -> str:
        said = []
        if habit[at]:
            said.append(f"{days(habit[at])} later: pays {days(habit[at])} late as a habit")
        if why[at]:
            said.append(_WHY[int(why[at])].format(after=days(after[at])))
        if arm[at]:
            said.append(
                f"{days(abs(arm[at]))} {'later' if arm[at] > 0 else 'earlier'}: drawn by an experiment"
            )
        return "".join(f", {part}" for part in said)

    # shifts are far below 4096 days and no day is 2^21 away, so one number stands for each combination
    return each_once(((habit * 4096 + arm + 2048 << 22) + after + (1 << 21)) * 8 + why, words)


def days(count: int) -> str:
    """Return a number of days in words."""
    return f"{count} day" if abs(count) == 1 else f"{count} days"
