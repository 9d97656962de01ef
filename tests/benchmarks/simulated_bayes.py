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

import numpy as np
import pandas as pd
from scipy.stats import norm
from simulated_evidence import FINAL, NEGLIGIBLE, Evidence, State, Who, grid_of, month_passes
from simulated_history import (
    DISCOUNT_DAYS,
    PLAIN,
    Debtors,
    Floats,
    Ints,
    Items,
    first_day,
    number,
    read_history,
)
from simulated_law import MONTH_END, NONE, class_masses, of_kind

from features.simulate import Portfolio
from features.simulated_debtors import PAYERS
from models.scorer import CLASSES

DAYS_A_MONTH = 30
DEBIT_SHARE, WEEKLY_SHARE, DISCOUNT_SHARE, DISCOUNT_BELOW = 0.06, 0.65, 0.3, -4.0
SCORE_SD = 12


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
        days: Floats = of_kind("drift_per_year")[:, None] * (self.items.issued - self.start) / 365
        return days

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
        probabilities: Floats = total / total.sum()
        return probabilities


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
