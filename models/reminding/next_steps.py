"""The next step of each open item and its own day: before timing, gaps and working days have their say.

- It is the first step of the strategy above the dunning level reached whose minimum amount the item has.
  Steps whose days have passed are not jumped over.
- A step of level 0 is a courtesy: before the due day only, and once.
- An event puts its own step in place. A broken promise or a returned payment does so at once; any other when
  its step is no harsher than the strategy's next one, or its day comes no later.
- No step is at or below the level reached; only the call after a broken promise may repeat it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.facts import Facts
from models.reminding.blocks import blocked_items, find_blocks
from models.reminding.happenings import happened
from models.reminding.minimum_amounts import money_text
from models.reminding.step_choice import NO_STEP, Case, Chosen, cases, of_events, of_strategy
from models.reminding.step_days import days_of
from models.texts import column, each_once
from models.treatment.policy import Policy
from models.treatment.policy_tables import EVENT

Ints = npt.NDArray[np.int64]


def next_steps(
    items: pd.DataFrame,
    state: pd.DataFrame,
    debtors: pd.DataFrame,
    treatments: pd.DataFrame,
    policy: Policy,
    steps: pd.DataFrame,
    facts: Facts,
    *,
    day: date,
    default_country: str | None,
    blocks: pd.DataFrame | None = None,
    history_kept: bool = True,
    late_after_days: int = 0,
) -> pd.DataFrame:
    """Return the next step of each item, one row per row of `items` and with their index.

    step_no: row of `step_table`, -1 for none. base_on: the step's own day, NaT for none. words: why that step
    and day. why_none: why there is none; one of the two texts is empty.

    `state`: see `dunning_state`; `debtors`: see `who`; `treatments`: the table of that name; `blocks`: see
    `find_blocks`, found here where not given. Without a history (`history_kept`) a returned payment is spoken
    of on the first working day after it was known. ModelError when a debtor has no treatment.
    """
    if blocks is None:
        held = policy.dispute_holds_debtor
        blocks = find_blocks(items, facts, day, default_country=default_country, dispute_holds_debtor=held)
    case = cases(items, state, debtors, treatments, policy, blocks, day)
    own = of_strategy(case, steps)
    what = cache(partial(happened, items=items, facts=facts, day=day, late_after_days=late_after_days))
    chosen = of_events(case, own, steps, policy, debtors, what, history_kept=history_kept)
    return pd.DataFrame(
        {
            "step_no": chosen.step,
            "base_on": days_of(chosen.base),
            "words": _words(case, chosen, steps, policy),
            "why_none": _why_none(case, chosen, policy, items, blocks),
        }
    ).set_axis(items.index)


def _words(case: Case, chosen: Chosen, steps: pd.DataFrame, policy: Policy) -> pd.Series:
    """Why this step and day; there are few different ones, so each is written once."""
    rows = steps.to_dict("records")
    first_event = int((steps["strategy"] != EVENT).sum())

    def words(at: int) -> str:
        number = int(chosen.step[at])
        step = rows[number]
        after = _after_due(step)
        if number < first_event:
            said = f"{after} by strategy {step['strategy']}"
        else:
            when = policy.events[number - first_event].when
            day = np.datetime64(int(chosen.about[at]), "D")
            said = {
                "broken_promise": f"at once: the promise to pay by {day} was broken",
                "returned_debit": f"at once: the payment was taken back on {day}",
                "slipped_once": f"{after}: the debtor's first late item in a year",
                "overdue": f"{after}: {step['event'].replace('_', ' ')}",
            }[when]
        said += ", earlier steps assumed done" if case.assumed[at] else ""
        return said + (", without the part in dispute" if parted[at] else "")

    parted = case.dunned < case.opened
    about = pd.factorize(chosen.about)[0]
    number = ((chosen.step * (about.max(initial=0) + 1) + about) * 2 + case.assumed) * 2 + parted
    return column(each_once(np.where(chosen.step == NO_STEP, -1, number), words).fill_null(""))


def _after_due(step: Mapping[Hashable, Any]) -> str:
    working = not pd.isna(step["working_days_after_due"])
    count = int(step["working_days_after_due" if working else "days_after_due"])
    if count == 0:
        return "on the due day"
    unit = ("working day" if working else "day") + ("" if abs(count) == 1 else "s")
    return f"{abs(count)} {unit} {'after' if count > 0 else 'before'} due"


def _why_none(
    case: Case, chosen: Chosen, policy: Policy, items: pd.DataFrame, blocks: pd.DataFrame
) -> pd.Series:
    """Why an item has no next step, empty text where it has one: the first reason that holds."""
    why = np.full(len(items), "", dtype=object)
    left = chosen.step == NO_STEP

    def say(where: npt.NDArray[np.bool_], words: str) -> None:
        why[left & where] = words
        np.logical_and(left, ~where, out=left)

    say(items["dormant"].to_numpy(dtype=bool), "dormant residual: no movement for a long time")
    strategies = list(policy.strategies.items())
    for code, (name, strategy) in enumerate(strategies):
        if not strategy.steps:
            say(case.strategy == code, f"no reminders, strategy {name}: {strategy.because}")
    held = left & (case.dunned == 0)
    why[held] = "blocked by " + blocked_items(items[held], blocks).to_numpy(dtype=object)
    left &= ~held
    say(chosen.unproven, "the statutory notice is not known to have arrived: no firmer step")
    no_more = chosen.least == np.iinfo(np.int64).max
    for code, (_, strategy) in enumerate(strategies):
        if strategy.steps:
            last = strategy.steps[-1].name
            mine = no_more & (case.strategy == code)
            say(mine & case.assumed, f"last step assumed done ({last}): hand over to a person")
            say(mine, f"last step done ({last}): hand over to a person")
    why[left] = _small(case, chosen, np.flatnonzero(left))
    return pd.Series(why, dtype="str")


def _small(case: Case, chosen: Chosen, at: Ints) -> npt.NDArray[np.object_]:
    """That there is too little to ask for; each distinct text is made once."""
    amounts = np.stack([case.currency[at], case.opened[at], case.dunned[at], chosen.least[at]])

    def words(row: int) -> str:
        currency = case.currencies[amounts[0, row]]
        opened, dunned, least = (money_text(int(amount), currency) for amount in amounts[1:, row])
        undisputed = "" if opened == dunned else f", {dunned} of it undisputed,"
        return f"open {opened} {currency}{undisputed} is under the minimum of {least}"

    number = np.unique(amounts, axis=1, return_inverse=True)[1].reshape(-1).astype(np.int64)
    texts: npt.NDArray[np.object_] = each_once(number, words).to_numpy(zero_copy_only=False)
    return texts
