"""Which step comes next: the strategy's first that is to be done, or that of an event in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.positions import positions
from models.reminding.blocks import DISPUTES, dunnable_minor
from models.reminding.contacts_made import ALWAYS
from models.reminding.happenings import AT_ONCE, Happened
from models.reminding.minimum_amounts import minimum_amounts
from models.reminding.step_days import NO_DAY, day_numbers, step_days
from models.treatment.policy import Event, Policy
from models.treatment.policy_tables import EVENT, selected
from models.working_days import Calendar, Place, make_calendar, place_codes

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NO_STEP = -1

_LOOK_BACK_DAYS = 31
"""No place has more days than that without a working day."""


@dataclass(frozen=True)
class Case:
    """What is known of each item, by position; days are day numbers."""

    today: int
    due: Ints
    level: Ints
    courtesies: Ints
    assumed: Mask
    delivered: Mask
    last_contact: Ints
    undisputed: Mask
    opened: Ints
    dunned: Ints
    free: Mask
    strategy: Ints
    strategies: list[str]
    debtor: Ints
    place: Ints
    places: list[Place]
    calendar: Calendar
    currency: Ints
    currencies: list[str]
    least: Ints
    least_of_step: Ints

    def enough(self, step: int) -> Mask:
        """Return which items have the minimum amount of a step."""
        return np.asarray(self.dunned >= self.least_of_step[step][self.currency])


@dataclass(frozen=True)
class Chosen:
    """Per item: the step, its day, and what an event is about; least: the lowest minimum that was missed.

    unproven: a step waits for a statutory notice of which nobody knows that it arrived.
    """

    step: Ints
    base: Ints
    about: Ints
    least: Ints
    unproven: Mask


def cases(
    items: pd.DataFrame,
    state: pd.DataFrame,
    debtors: pd.DataFrame,
    treatments: pd.DataFrame,
    policy: Policy,
    blocks: pd.DataFrame,
    day: date,
) -> Case:
    """Return what `next_steps` is given, by item; ModelError when a debtor has no treatment."""
    code, who = pd.factorize(items["customer_id"])
    treated = positions(pd.Index(who), treatments["customer_id"])
    known = positions(pd.Index(who), debtors.index)
    if (treated < 0).any() or (known < 0).any():
        nobody = who[(treated < 0) | (known < 0)][0]
        raise ModelError(f"debtor {nobody} has open items but no treatment; give every debtor one first")
    names = list(policy.strategies)
    strategy = positions(treatments["strategy"].take(treated), pd.Index(names))
    place, places = place_codes(debtors["country"].take(known), debtors["region"].take(known))
    today, due = int(np.datetime64(day, "D").astype(np.int64)), day_numbers(items["due_on"])
    last = int(max(due.max(initial=today), today)) + 1
    currency, currencies = pd.factorize(items["currency"])
    least, least_of_step = minimum_amounts(policy, list(currencies))
    dunned = dunnable_minor(items, blocks)
    disputes = blocks[blocks["block"].isin(DISPUTES)]
    some = np.array([bool(policy.strategies[name].steps) for name in names])
    return Case(
        today=today,
        due=due,
        level=state["level"].to_numpy(dtype=np.int64),
        courtesies=state["courtesies"].to_numpy(dtype=np.int64),
        assumed=state["assumed"].to_numpy(dtype=bool),
        delivered=state["delivered"].to_numpy(dtype=bool),
        last_contact=day_numbers(state["last_contact_on"]),
        undisputed=positions(items["invoice_id"], disputes["invoice_id"]) < 0,
        opened=items["open_amount_minor"].to_numpy(dtype=np.int64),
        dunned=dunned,
        free=~items["dormant"].to_numpy(dtype=bool) & some[strategy][code] & (dunned > 0),
        strategy=strategy[code],
        strategies=names,
        debtor=known[code],
        place=place[code],
        places=places,
        calendar=make_calendar(places, today - _LOOK_BACK_DAYS, last),
        currency=currency.astype(np.int64),
        currencies=list(currencies),
        least=least,
        least_of_step=least_of_step,
    )


def of_strategy(case: Case, steps: pd.DataFrame) -> Chosen:
    """Return the first step of each item's strategy that is still to be done.

    One that follows a statutory notice comes only after a notice that arrived, and so long after its day as
    the law gives the debtor.
    """
    size = len(case.due)
    arrived, unproven = case.delivered & ~case.assumed, np.zeros(size, dtype=bool)
    step, base = np.full(size, NO_STEP), np.full(size, NO_DAY)
    least = np.full(size, np.iinfo(np.int64).max)
    own = steps[steps["strategy"] != EVENT]
    earlier_courtesies = (own["level"] == 0).groupby(own["strategy"]).cumsum() - 1
    # from the last to the first, so that the first that fits stays
    for number in reversed(own.index.tolist()):
        row = own.loc[number]
        mine = np.flatnonzero(case.free & (case.strategy == case.strategies.index(row["strategy"])))
        on = step_days(row, case.due[mine], case.place[mine], case.places)
        if row["wait_days"] > 0:
            on = np.maximum(on, case.last_contact[mine] + row["wait_days"])
            to_do = (case.level[mine] < row["level"]) & arrived[mine]
            unproven[mine] |= (case.level[mine] < row["level"]) & ~arrived[mine]
        elif row["level"] > 0:
            to_do = case.level[mine] < row["level"]
        else:
            to_do = (case.level[mine] == 0) & (case.courtesies[mine] <= earlier_courtesies[number])
            to_do &= case.calendar.on_or_after(case.place[mine], np.maximum(on, case.today)) < case.due[mine]
        mine, on = mine[to_do], on[to_do]
        if row["level"] > 0:
            least[mine] = np.minimum(least[mine], case.least_of_step[number, case.currency[mine]])
        enough = case.enough(number)[mine]
        step[mine[enough]], base[mine[enough]] = number, on[enough]
    return Chosen(step, base, np.full(size, ALWAYS), least, unproven)


def of_events(
    case: Case,
    own: Chosen,
    steps: pd.DataFrame,
    policy: Policy,
    debtors: pd.DataFrame,
    happened: Callable[[str], Happened],
    *,
    history_kept: bool,
) -> Chosen:
    """Return `own` with the step of the first event that fits in its place."""
    step, base, about = own.step.copy(), own.base.copy(), own.about.copy()
    own_level = np.append(steps["level"].to_numpy(dtype=np.int64), 0)[own.step]
    numbers = steps.index[steps["strategy"] == EVENT].tolist()
    # from the last to the first, so that the first that fits stays
    for number, event in reversed(list(zip(numbers, policy.events, strict=True))):
        row = steps.loc[number]
        mine = np.flatnonzero(_may(case, number, int(row["level"]), event, debtors))
        if not len(mine):
            continue
        what = happened(event.when)
        mine = mine[what.known[mine] > ALWAYS]
        if event.when in AT_ONCE:
            mine = mine if history_kept else mine[_first_day_since(case, mine, what.known[mine])]
            on = np.full(len(mine), case.today)
        else:
            on = step_days(row, case.due[mine], case.place[mine], case.places)
            no_harsher = row["level"] <= own_level[mine]
            no_later = on <= np.maximum(own.base[mine], case.today)
            fits = no_harsher | no_later | (own.step[mine] == NO_STEP)
            mine, on = mine[fits], on[fits]
        step[mine], base[mine], about[mine] = number, on, what.about[mine]
    return Chosen(step, base, about, own.least, own.unproven)


def _may(case: Case, number: int, level: int, event: Event, debtors: pd.DataFrame) -> Mask:
    """Whether the step of an event may be made for each item, were it to happen."""
    may = case.free & selected(event.debtors, debtors)[case.debtor] & case.enough(number)
    may &= case.level < level + (event.when == "broken_promise")
    if "delivered_notice" in event.needs:
        may &= case.delivered
    if "undisputed" in event.needs:
        may &= case.undisputed
    return may


def _first_day_since(case: Case, mine: Ints, known: Ints) -> Mask:
    """Whether today is the first working day after each day."""
    earliest = np.maximum(known + 1, case.calendar.first)
    return np.asarray(case.calendar.on_or_after(case.place[mine], earliest) >= case.today)
