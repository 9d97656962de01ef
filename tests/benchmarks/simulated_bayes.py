"""The best predictor of the simulated portfolio that does not know who the debtors are.

It knows every figure of the simulator, and of a debtor what a creditor knows before the day: master data,
scores, invoices, and what became of them by then. Type, pay-run, level and the wandering mood are summed
out on a grid (a hidden Markov model over the simulator's months of 30 days), so what comes out is Bayes'
rule up to the width of the grid and the simplifications named in `simulated_law`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm
from simulated_history import (
    BOUNCED,
    CREDITED,
    CREDITED_OPEN,
    CREDITED_PAID,
    DISCOUNT_DAYS,
    DISPUTED,
    OPEN,
    PARTIAL,
    PLAIN,
    PREPAID,
    WRITTEN_OFF,
    Debtors,
    Floats,
    Ints,
    Items,
    first_day,
    number,
    read_history,
)
from simulated_law import (
    CHANCES,
    MONTH_END,
    NONE,
    class_masses,
    not_disputed_before,
    not_noticed_before,
    of_kind,
    paid_on,
    untold,
)
from simulated_law import PLAIN as PLAIN_CHANCE

from features.simulate import Portfolio
from features.simulated_debtors import FATES, PAYERS
from models.scorer import CLASSES

MOOD_STEP, MOOD_SPAN, LEVEL_SPAN, LEVEL_STEP = 0.1, 3.4, 3.3, 0.28
MEMORY = 0.85
DAYS_A_MONTH = 30
DEBIT_SHARE, WEEKLY_SHARE, DISCOUNT_SHARE, DISCOUNT_BELOW = 0.06, 0.65, 0.3, -4.0
SCORE_SD = 12
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
    return Grid(days, place, payer.mean_days_late + level, weight / weight.sum())


@cache
def month_passes() -> Floats:
    """Return P(mood next month | mood), rows sum to one."""
    mood = np.arange(-round(MOOD_SPAN / MOOD_STEP), round(MOOD_SPAN / MOOD_STEP) + 1) * MOOD_STEP
    chance = norm.pdf((mood - MEMORY * mood[:, None]) / np.sqrt(1 - MEMORY**2))
    return chance / chance.sum(axis=1, keepdims=True)


def class_probabilities(
    portfolio: Portfolio, points: pd.DataFrame, *, months: int, end: date
) -> pd.DataFrame:
    """Return the class probabilities, given that they can be measured, of invoices on their issue day.

    points: invoice_id. months, end: those the portfolio was simulated with. Columns CLASSES, the index
    that of the points.
    """
    first = first_day(months, end)
    items, debtors = read_history(portfolio, first)
    position = pd.Series(np.arange(len(items.debtor)), index=items.invoice_id)
    asked = position[points["invoice_id"]].to_numpy()
    found = np.zeros((len(points), len(CLASSES)))
    for who in np.unique(items.debtor[asked]):
        rows = np.flatnonzero(items.debtor[asked] == who)
        own = _take(items, slice(*np.searchsorted(items.debtor, [who, who + 1])))
        offset = int(np.searchsorted(items.debtor, who))
        history = _History(own, debtors, int(who), first, number(end) - 1)
        found[rows] = history.predict(asked[rows] - offset)
    return pd.DataFrame(found, columns=list(CLASSES), index=points.index)


def _take(items: Items, rows: slice) -> Items:
    return Items(**{name: column[rows] for name, column in vars(items).items()})


@dataclass(frozen=True)
class _History:
    """One debtor's invoices, and what follows from them."""

    items: Items
    debtors: Debtors
    who: int
    first: int
    last: int

    def predict(self, asked: Ints) -> Floats:
        """Return the class probabilities of the invoices at these positions."""
        items = self.items
        month = (items.issued - self.first) // DAYS_A_MONTH
        known = int(np.searchsorted(items.issued, items.issued[asked].max()))
        evidence = Evidence(items, self.drift, self.days_later, known)
        final = items.looks(1 << 39)
        base: State = {who: share * grid_of(who[0]).prior for who, share in prior_shares().items()}
        at = int(month[0])
        found = np.empty((len(asked), len(CLASSES)))
        for day in np.unique(items.issued[asked]):
            now = int(day - self.first) // DAYS_A_MONTH
            looks = items.looks(int(day))
            sure = (looks == final) & np.isin(looks, FINAL)
            while at < now and sure[month == at].all():
                base = pass_month(evidence.update(base, np.flatnonzero(month == at), looks, int(day)))
                at += 1
            state = base
            for step in range(at, now + 1):
                rows = np.flatnonzero((month == step) & (items.issued < day))
                state = evidence.update(state, rows, looks, int(day))
                state = pass_month(state) if step < now else state
            state = self._with_the_rest(state, looks, int(day))
            for row in np.flatnonzero(items.issued[asked] == day):
                found[row] = self._classes(state, int(asked[row]))
        return found

    @property
    def days_later(self) -> float:
        return float(self.debtors.days_later[self.who])

    @property
    def start(self) -> int:
        return int(self.debtors.start[self.who])

    @property
    def drift(self) -> Floats:
        """Days that the drift of each type adds, type x invoice."""
        return of_kind("drift_per_year")[:, None] * (self.items.issued - self.start) / 365

    def _with_the_rest(self, state: State, looks: Ints, day: int) -> State:
        """Return the state weighed with scores and discounts known before the day."""
        items = self.items
        scores = self.debtors.score[self.who][self.debtors.score_known[self.who] < day]
        base = of_kind("score")[:, None]
        low = np.where(scores <= 1, -np.inf, scores - 0.5)
        high = np.where(scores >= 99, np.inf, scores + 0.5)
        by_score = (norm.cdf((high - base) / SCORE_SD) - norm.cdf((low - base) / SCORE_SD)).prod(axis=1)
        quick = (looks == PLAIN) & (items.paid - items.issued <= DISCOUNT_DAYS)
        taken = (quick & items.discounted).any()
        weighed = {}
        for (kind, run), weight in state.items():
            level = grid_of(kind).level + self.days_later
            step = level[1] - level[0]
            below = np.clip((DISCOUNT_BELOW - level) / step + 0.5, 0, 1)
            by_discount = (
                below if taken else 1 - DISCOUNT_SHARE * below if quick.any() else np.ones(len(level))
            )
            weighed[kind, run] = by_score[kind] * by_discount[:, None] * weight
        return weighed

    def _classes(self, state: State, item: int) -> Floats:
        items = self.items
        issued, due, spread = (int(column[item]) for column in (items.issued, items.due, items.spread))
        total = np.zeros(len(CLASSES))
        heaviest = max(float(weight.max()) for weight in state.values())
        for (kind, run), weight in state.items():
            grid = grid_of(kind)
            mass = np.bincount(grid.place.ravel(), weights=weight.ravel(), minlength=len(grid.days))
            kept = mass > NEGLIGIBLE * heaviest
            if not kept.any():
                continue
            shift = self.drift[kind, item] + items.shift[item] + self.days_later
            expected = due + shift + grid.days[kept]
            bankrupt = bankrupt_a_day(kind, issued, self.start, self.last)
            total += class_masses(kind, run, issued, due, expected, spread, bankrupt) @ mass[kept]
        return total / total.sum()


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
        return found + np.log(IMPOSSIBLE) * wrong_day.sum()

    def _endings(self, kind: int, run: int, weekly: bool) -> Floats:
        """Return log P per known invoice; a weekly payer is taken to pay on the weekday that is seen."""
        items, days = self.items, grid_of(kind).days
        found = np.zeros((self.known, len(days)))
        for option in range(5) if weekly else (run,):
            mine = self.on_a_day[: self.known] & ((self.weekday[: self.known] == option) | (not weekly))
            rows = np.flatnonzero(mine)
            expected = self.centre[kind, rows, None] + days
            columns = (column[rows, None] for column in (items.paid, items.issued))
            chance = paid_on(kind, option, *columns, expected, items.spread[rows, None])
            found[rows] = np.log(chance + IMPOSSIBLE)
        return found + np.log(_chance_of(self.final[: self.known], kind) + IMPOSSIBLE)[:, None]

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


def pass_month(state: State) -> State:
    """Return the state a month later."""
    return {who: weight @ month_passes() for who, weight in state.items()}


@cache
def prior_shares() -> dict[Who, float]:
    """Return the share of each type and pay-run among the debtors that are not on direct debit."""
    shares = {}
    for kind, payer in enumerate(PAYERS):
        share = payer.share * (1 - DEBIT_SHARE if payer.payer_type == "on_time" else 1)
        if payer.payer_type == "month_end":
            shares[kind, MONTH_END] = share
        elif payer.payer_type == "few_days_late":
            shares[kind, NONE] = share
        else:
            shares[kind, NONE] = share * (1 - WEEKLY_SHARE)
            shares |= {(kind, weekday): share * WEEKLY_SHARE / 5 for weekday in range(5)}
    return shares


def bankrupt_a_day(kind: int, day: int, start: int, last: int) -> float:
    """Return the chance a day that a debtor of the type fails: between 30 % and 98 % of its time."""
    whole = last - start
    share = 0.06 if PAYERS[kind].written_off >= 0.01 else 0.003
    return share / (0.68 * whole) if 0.3 * whole <= day - start <= 0.98 * whole else 0.0
