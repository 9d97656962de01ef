"""How far dunning of each open item has gone, and who says so.

- The ledger's own dunning level counts, and so does every contact made about the item. A contact that names
  no item is about all items of the debtor then due; before an item is due it can only be a courtesy.
- A contact whose kind is the name of a step is that step. One that only says reminder, call or letter, or
  that carries out an action under another name, is the next step of the strategy; two on one day are one.
- Where no contact history is kept, a step is taken as done when its day has passed: better no second
  reminder than the same one every day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.facts import Facts, customers_on, dunning_recipients, places
from models.reminding.contacts_made import ALWAYS, NEVER, DayLine, contacts_made
from models.reminding.dunning_levels import NEXT_STEP, NO_STEP, Ladders, ladders
from models.reminding.step_days import NO_DAY, day_numbers, days_of, step_days
from models.treatment.policy_tables import EVENT
from models.working_days import Place, make_calendar, place_codes

Ints = npt.NDArray[np.int64]

LONGEST_BREAK_DAYS = 31
"""No place has more days than that without a working day."""


def dunning_state(
    items: pd.DataFrame,
    strategy: pd.Series,
    steps: pd.DataFrame,
    facts: Facts,
    *,
    day: date,
    history_kept: bool,
    default_country: str | None = None,
    moved_days: npt.ArrayLike = 0,
) -> pd.DataFrame:
    """Return how far each item is, one row per row of `items` and with their index.

    level: dunning level reached. last_contact_on: last reminder about the item, NaT when none. assumed: steps
    are taken as done because their days have passed. delivered: a reminder about the item arrived; courtesies
    and what is assumed are none. courtesies: steps of level 0 that were made. done: steps of the strategy
    that were done.

    `strategy`: the name of each row's strategy; `steps`: see `step_table`. `history_kept`: whether contacts
    made are told at all. `moved_days`: by how much timing moves the first friendly step of each item; so much
    later it is assumed.
    """
    ladder = ladders(steps)
    row = ladder.row(strategy)
    told = _told(items, row, ladder, contacts_made(items, facts, day))
    ledger = items["dunning_level"].fillna(0).to_numpy(dtype=np.int64)
    told["level"] = np.maximum(told["level"], ledger)
    dunned = day_numbers(items["last_dunned_on"])
    told["last"] = np.maximum(told["last"], np.where(dunned == NO_DAY, ALWAYS, dunned))
    told["delivered"] |= ledger > 0
    told["assumed"] = False
    if not history_kept:
        passed = _passed(items, row, ladder, steps, facts, day, default_country, moved_days)
        told["assumed"] = ((passed > told[list(passed)])[["level", "courtesies"]]).any(axis=1)
        for column in passed:
            told[column] = np.maximum(told[column], passed[column])
    last = told["last"].to_numpy()
    return pd.DataFrame(
        {
            "level": told["level"],
            "last_contact_on": days_of(np.where(last == ALWAYS, NO_DAY, last)),
            "assumed": told["assumed"],
            "delivered": told["delivered"],
            "courtesies": told["courtesies"],
            "done": told["courtesies"] + ladder.done(row, told["level"].to_numpy()),
        }
    ).set_axis(items.index)


# ---- what contacts say ----


@dataclass(frozen=True)
class _Told:
    """Days of the contacts that name an item, and of those about all items of a debtor that were then due."""

    own: DayLine
    general: DayLine

    @classmethod
    def of(cls, made: pd.DataFrame) -> _Told:
        named = made["item"] >= 0
        own, general = made[named], made[~named]
        return cls(DayLine.of(own["item"], own["on"]), DayLine.of(general["debtor"], general["on"]))

    def count_after(self, subject: _Subject, since: npt.ArrayLike) -> Ints:
        since_due = np.maximum(since, subject.due)
        return self.own.count_after(subject.item, since) + self.general.count_after(subject.debtor, since_due)

    def first(self, subject: _Subject) -> Ints:
        own = self.own.first_after(subject.item, ALWAYS)
        return np.minimum(own, self.general.first_after(subject.debtor, subject.due))

    def last(self, subject: _Subject) -> Ints:
        general = self.general.last(subject.debtor)
        return np.maximum(self.own.last(subject.item), np.where(general > subject.due, general, ALWAYS))


@dataclass(frozen=True)
class _Subject:
    """What contacts are about: each item, its debtor (a number) and its due day."""

    item: Ints
    debtor: Ints
    due: Ints


def _told(items: pd.DataFrame, row: Ints, ladder: Ladders, made: pd.DataFrame) -> pd.DataFrame:
    """What the contacts made say of each item: level, courtesies, delivered, last."""
    debtor = pd.factorize(items["customer_id"])[0].astype(np.int64)
    # debtor by debtor: looking days up is several times faster where neighbours lie together
    order = np.argsort(debtor, kind="stable")
    place = np.argsort(order)
    debtor, row = debtor[order], row[order]
    subject = _Subject(np.arange(len(items)), debtor, day_numbers(items["due_on"])[order])
    made = made.assign(item=np.append(place, -1)[made["item"]])
    made = made.assign(level=_levels(made, row, debtor, ladder))
    made = made[made["level"] != NO_STEP]
    named = made["item"] >= 0
    unraised = made["level"].isin([0, NEXT_STEP])
    due = np.append(subject.due, 0)[made["item"]]
    polite = np.append(ladder.courtesies[row], 0)[made["item"]] > 0
    courtesy = made["level"].eq(0) | (named & unraised & (made["on"].to_numpy() <= due) & polite)
    raising = made[~courtesy]
    generic = raising[raising["level"] == NEXT_STEP]
    both = pd.MultiIndex.from_frame(generic[["debtor", "on"]])
    general = generic["item"].to_numpy() < 0
    next_steps = _Told.of(generic[general | ~both.isin(both[general])])
    level = ladder.climbed(row, 0, next_steps.count_after(subject, np.full(len(items), ALWAYS)))
    for reached in sorted({*raising["level"]} - {NEXT_STEP}):
        first = _Told.of(raising[raising["level"] == reached]).first(subject)
        there = first < NEVER
        count = next_steps.count_after(subject, np.where(there, first, 0))
        level = np.where(there, np.maximum(level, ladder.climbed(row, reached, count)), level)
    told = pd.DataFrame(
        {
            "level": level,
            "courtesies": _courtesies(subject, made[courtesy], made[~named & unraised], row, ladder),
            "delivered": _Told.of(raising[raising["arrived"]]).first(subject) < NEVER,
            "last": np.maximum(
                _Told.of(raising).last(subject), _Told.of(made[courtesy]).own.last(subject.item)
            ),
        }
    )
    return told.take(place).reset_index(drop=True)


def _levels(made: pd.DataFrame, row: Ints, debtor: Ints, ladder: Ladders) -> Ints:
    """The level that each contact gives: `NEXT_STEP` or `NO_STEP` where it names none."""
    of_debtor = np.zeros(debtor.max(initial=-1) + 2, dtype=np.int64)
    of_debtor[debtor] = row
    item = made["item"].to_numpy()
    rows = np.where(item >= 0, np.append(row, 0)[item], of_debtor[made["debtor"]])
    cases = pd.DataFrame({"row": rows, "kind": made["kind"].to_numpy(), "ours": made["ours"].to_numpy()})
    number = cases.groupby(list(cases), sort=False).ngroup().to_numpy()
    distinct = cases.drop_duplicates()
    levels = [ladder.level_of(*case) for case in distinct.itertuples(index=False, name=None)]
    return np.array([*levels, NO_STEP], dtype=np.int64)[number]


def _courtesies(
    subject: _Subject, own: pd.DataFrame, general: pd.DataFrame, row: Ints, ladder: Ladders
) -> Ints:
    """How many courtesies each item had, at most as many as its strategy has.

    One that names no item is about those that it was then time for: between the day of the strategy's first
    courtesy and the due day.
    """
    named, unnamed = _Told.of(own).own, _Told.of(general).general
    from_day = subject.due + ladder.first_courtesy[row] - 1
    count = unnamed.count_after(subject.debtor, from_day) - unnamed.count_after(subject.debtor, subject.due)
    count += named.count_after(subject.item, ALWAYS)
    return np.asarray(np.clip(count, 0, ladder.courtesies[row]))


# ---- what is assumed ----


def _passed(
    items: pd.DataFrame,
    row: Ints,
    ladder: Ladders,
    steps: pd.DataFrame,
    facts: Facts,
    day: date,
    default_country: str | None,
    moved_days: npt.ArrayLike,
) -> pd.DataFrame:
    """The steps whose day has passed, a working day where the reminder is read: level, courtesies, last."""
    today = int(np.datetime64(day, "D").astype(np.int64))
    due, moved = day_numbers(items["due_on"]), np.broadcast_to(np.asarray(moved_days), len(items))
    place, known = _places(items, facts, day, default_country)
    calendar = make_calendar(known, today - LONGEST_BREAK_DAYS, today)
    level, courtesies, last = np.zeros_like(due), np.zeros_like(due), np.full_like(due, ALWAYS)
    for _, step in steps[steps["strategy"] != EVENT].iterrows():
        mine = np.flatnonzero(row == ladder.names.index(step["strategy"]))
        on = step_days(step, due[mine], place[mine], known) + moved[mine] * bool(step["first_friendly"])
        recent = on >= today - LONGEST_BREAK_DAYS
        recent &= on < today
        on[recent] = calendar.on_or_after(place[mine][recent], on[recent])
        passed = on < today
        mine, on = mine[passed], on[passed]
        level[mine] = np.maximum(level[mine], step["level"])
        courtesies[mine] += step["level"] == 0
        last[mine] = np.maximum(last[mine], on)
    return pd.DataFrame({"level": level, "courtesies": courtesies, "last": last})


def _places(
    items: pd.DataFrame, facts: Facts, day: date, default_country: str | None
) -> tuple[Ints, list[Place]]:
    """The place where each item's reminders are read, and the places."""
    debtors = customers_on(facts.customers, day)
    code, who = pd.factorize(items["customer_id"])
    reader = pd.Series(who).map(dunning_recipients(debtors)).astype("str").fillna(pd.Series(who, dtype="str"))
    place, known = place_codes(*places(reader, debtors, default_country))
    return place[code], known
