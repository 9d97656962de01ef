"""How likely is what was seen of a debtor, for each type, pay-run, level and mood it could have."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from simulated_history import (
    BOUNCED,
    CREDITED,
    CREDITED_OPEN,
    CREDITED_PAID,
    DISPUTED,
    OPEN,
    PARTIAL,
    PLAIN,
    PREPAID,
    WRITTEN_OFF,
    Floats,
    Ints,
    Items,
)
from simulated_law import CHANCES, MONTH_END, NONE, not_disputed_before, not_noticed_before, paid_on, untold
from simulated_law import PLAIN as PLAIN_CHANCE

from features.simulated_debtors import FATES, PAYERS

MEMORY = 0.85
MOOD_STEP, MOOD_SPAN, LEVEL_SPAN, LEVEL_STEP = 0.1, 3.4, 3.3, 0.28
IMPOSSIBLE = 1e-9
"""Chance of what the simplified law rules out."""
NEGLIGIBLE = 1e-10
"""Share of the weight below which a type and pay-run is dropped."""

FINAL = (PLAIN, PARTIAL, BOUNCED, DISPUTED, CREDITED, CREDITED_PAID, WRITTEN_OFF, PREPAID)
ON_A_DAY = (PLAIN, PARTIAL, BOUNCED, CREDITED_PAID)

Who = tuple[int, int]
"""Type and pay-run."""
State = dict[Who, Floats]
"""Weight of each level and mood."""


class Grid(NamedTuple):
    """The days a type may be late: level and mood lie on one axis, `days[place]` is their sum."""

    days: Floats
    place: Ints
    level: Floats
    prior: Floats


@cache
def grid_of(kind: int) -> Grid:
    """Return the grid of a type; the step of the level is a multiple of that of the mood."""
    payer = PAYERS[kind]
    step = payer.between_months * MOOD_STEP
    times = max(1, round(LEVEL_STEP * payer.between_debtors / step))
    levels = int(np.ceil(LEVEL_SPAN * payer.between_debtors / (times * step)))
    moods = round(MOOD_SPAN / MOOD_STEP)
    level = np.arange(-levels, levels + 1) * times * step
    mood = np.arange(-moods, moods + 1)
    place = np.arange(2 * levels + 1)[:, None] * times + np.arange(2 * moods + 1)
    days = payer.mean_days_late + (np.arange(place.max() + 1) - levels * times - moods) * step
    weight = norm.pdf(level / payer.between_debtors)[:, None] * norm.pdf(mood * MOOD_STEP)
    weight /= weight.sum()
    return Grid(
        days,
        place,
        np.asarray(payer.mean_days_late + level, dtype=np.float64),
        np.asarray(weight, dtype=np.float64),
    )


@cache
def month_passes() -> Floats:
    """Return P(mood next month | mood), rows sum to one."""
    mood = np.arange(-round(MOOD_SPAN / MOOD_STEP), round(MOOD_SPAN / MOOD_STEP) + 1) * MOOD_STEP
    chance = norm.pdf((mood - MEMORY * mood[:, None]) / np.sqrt(1 - MEMORY**2))
    chance /= chance.sum(axis=1, keepdims=True)
    return np.asarray(chance, dtype=np.float64)


class Evidence:
    """The chance of what is seen of one debtor's invoices, for each type, pay-run and place of the grid."""

    def __init__(self, items: Items, drift: Floats, days_later: float, known: int) -> None:
        self.items = items
        self.centre = items.due + items.shift + drift + days_later
        self.known = known
        self.final = items.looks(1 << 39)
        self.weekday = (items.paid + 3) % 7
        self.on_a_day = np.isin(self.final, ON_A_DAY)
        self._sure: dict[tuple[int, bool], Floats] = {}

    def update(self, state: State, rows: Ints, looks: Ints, day: int) -> State:
        """Return the state weighed with how these invoices look on the day."""
        if not len(rows):
            return state
        sure = rows[(looks[rows] == self.final[rows]) & np.isin(looks[rows], FINAL)]
        others = rows[~np.isin(rows, sure)]
        logs = {}
        for who, weight in state.items():
            seen = self._of_sure(who, sure) + self._of_others(who, others, looks[others], day)
            with np.errstate(divide="ignore"):
                logs[who] = np.log(weight) + seen[grid_of(who[0]).place]
        top = max(float(log.max()) for log in logs.values())
        weights = {who: np.exp(log - top) for who, log in logs.items()}
        sums = {who: float(weight.sum()) for who, weight in weights.items()}
        total = sum(sums.values())
        return {who: weight / total for who, weight in weights.items() if sums[who] > NEGLIGIBLE * total}

    def _of_sure(self, who: Who, rows: Ints) -> Floats:
        """Return the sum over invoices whose story has ended."""
        kind, run = who
        weekly = run not in (NONE, MONTH_END)
        if (kind, weekly) not in self._sure:
            self._sure[kind, weekly] = self._endings(kind, run, weekly)
        wrong_day = self.on_a_day[rows] & (self.weekday[rows] != run) if weekly else np.zeros(len(rows), bool)
        found: Floats = self._sure[kind, weekly][rows[~wrong_day]].sum(axis=0)
        found += np.log(IMPOSSIBLE) * wrong_day.sum()
        return found

    def _endings(self, kind: int, run: int, weekly: bool) -> Floats:
        """Return log P per known invoice; a weekly payer is taken to pay on the weekday that is seen."""
        items, days = self.items, grid_of(kind).days
        found = np.zeros((self.known, len(days)))
        for option in range(5) if weekly else (run,):
            mine = self.on_a_day[: self.known] & ((self.weekday[: self.known] == option) | (not weekly))
            rows = np.flatnonzero(mine)
            expected = self.centre[kind, rows, None] + days
            paid, issued, spread = (c[rows, None] for c in (items.paid, items.issued, items.spread))
            chance = paid_on(kind, option, paid, issued, expected, spread)
            found[rows] = np.log(chance + IMPOSSIBLE)
        found += np.log(_chance_of(self.final[: self.known], kind) + IMPOSSIBLE)[:, None]
        return found

    def _of_others(self, who: Who, rows: Ints, looks: Ints, day: int) -> Floats:
        """Return the sum over invoices whose story goes on, or looks now as it will not look later."""
        kind, run = who
        items, days = self.items, grid_of(kind).days
        found = np.zeros(len(days))
        for code in np.unique(looks):
            mine = rows[looks == code]
            expected = self.centre[kind, mine, None] + days
            issued, due, spread = (c[mine, None] for c in (items.issued, items.due, items.spread))
            chance = np.broadcast_to(_chance_of(np.array([code]), kind), expected.shape)
            if code in ON_A_DAY:
                chance = chance * paid_on(kind, run, items.paid[mine, None], issued, expected, spread)
            elif code == CREDITED_OPEN:
                chance = chance * untold(kind, run, day, issued, expected, spread)
            elif code == OPEN:
                of = dict(zip(FATES, CHANCES[kind], strict=True))
                ordinary = PLAIN_CHANCE[kind] + of["partial"] + of["bounced"]
                chance = (
                    ordinary * untold(kind, run, day, issued, expected, spread)
                    + of["disputed"] * not_disputed_before(day, issued, due)
                    + of["credited"] * not_noticed_before(day, issued)
                    + of["written_off"]
                )
            found += np.log(chance + IMPOSSIBLE).sum(axis=0)
        return found


def _chance_of(looks: Ints, kind: int) -> Floats:
    """Return the chance of the fate behind each look, apart from its day."""
    of = dict(zip(FATES, CHANCES[kind], strict=True))
    credited = dict.fromkeys((CREDITED, CREDITED_OPEN, CREDITED_PAID), of["credited"])
    chances = {
        OPEN: 1.0,
        PLAIN: PLAIN_CHANCE[kind],
        PARTIAL: of["partial"],
        BOUNCED: of["bounced"],
        DISPUTED: of["disputed"],
        WRITTEN_OFF: of["written_off"],
        PREPAID: of["prepaid"],
        **credited,
    }
    return np.array([chances[code] for code in range(10)])[looks]
