"""The law by which the simulator's debtors pay, as probabilities instead of draws.

It says in closed form what `features.simulated_payments` draws. An invoice is expected on a day (due day,
level, mood, drift, size, holidays); around it lies the noise of the type, convolved with being forgotten;
the day found is rounded, comes after the issue day, and is moved to the debtor's pay-run.

Simplified, each less than half a percent of the invoices: the delays of the second payment, of a bounce
and of a credit stand on a few points instead of on every day; weekends move a dispute by their mean.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from features.simulated_debtors import FATES, PAYERS
from features.simulated_payments import FORGOTTEN, FORGOTTEN_DAYS, working_day
from models.scorer import CLASS_BORDERS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NONE, MONTH_END = -1, 5
"""Pay-runs; 0 to 4 are the weekdays from Monday on."""

SIZE_SD = 0.7
"""Days (and logarithms of euros) by which the size of an invoice moves its payment."""

HOLIDAY_DAYS = 2.0
"""Days that an invoice due in August or December takes longer."""

SPREADS = np.array([0.0, 0.15, 0.3, 0.45, 0.6])
"""How unsure the size of an invoice can be, in days."""

CHANCES = np.array([[getattr(payer, fate) for fate in FATES] for payer in PAYERS])
"""Type x fate."""

PLAIN = 1 - CHANCES.sum(axis=1)
"""Chance, per type, that nothing happens but a payment."""

_LOW, _HIGH, _STEPS_A_DAY = -250, 1500, 16
_TOLD_IN_TIME = 0.97  # of the prepaid invoices, those whose payment is known before the issue day
_PARTLY_CREDITED = 0.6
_NOT_UPHELD, _PAID_AFTER_CREDIT = 0.65, 0.75


def of_kind(figure: str) -> Floats:
    """Return a figure of PAYERS, one per type."""
    return np.array([getattr(payer, figure) for payer in PAYERS], dtype=np.float64)


@cache
def _noise_table() -> Floats:
    """Return P(noise <= x) on a grid, type x spread x grid.

    The exponential is convolved by its recursion H(x + h) = exp(-h / m) H(x) + what enters in between.
    """
    x = np.arange(_LOW, _HIGH + 1, 1 / _STEPS_A_DAY)
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    sd = of_kind("between_invoices")[:, None, None]
    base = np.zeros((len(PAYERS), len(SPREADS), len(x)))
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        standard = (x - SPREADS[:, None] * node) / sd
        base += weight * np.exp(-np.exp(-np.clip(standard * np.pi / np.sqrt(6) + np.euler_gamma, -30, None)))
    h = 1 / _STEPS_A_DAY
    kept = np.exp(-h / FORGOTTEN_DAYS)
    late = np.zeros_like(base)
    entering = (1 - kept) * (base[..., 1:] + base[..., :-1]) / 2
    for place in range(1, len(x)):
        late[..., place] = kept * late[..., place - 1] + entering[..., place - 1]
    return (1 - FORGOTTEN) * base + FORGOTTEN * late


def noise_cdf(kind: int, spread: Ints | int, days: Floats) -> Floats:
    """Return P(noise <= days) of a type; spread: position in SPREADS."""
    table = _noise_table()[kind].ravel()
    size = len(table) // len(SPREADS)
    place = np.clip((days - _LOW) * _STEPS_A_DAY, 0, size - 2)
    whole = place.astype(np.int64)
    at = whole + np.asarray(spread) * size
    below = table[at]
    found: Floats = below + (place - whole) * (table[at + 1] - below)
    return found


def nearest_spread(days: Floats) -> Ints:
    """Return the position in SPREADS that is nearest."""
    return np.asarray(np.abs(days[..., None] - SPREADS).argmin(axis=-1))


def in_holidays(due: Ints) -> npt.NDArray[np.bool_]:
    """Return whether the due day is in August or December."""
    month = due.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return np.isin(month, (7, 11))


def last_ready(day: Ints, run: int) -> Ints:
    """Return the last day on which an invoice must be ready to be paid by `day` in that pay-run."""
    weekday = (day + 3) % 7
    if run == NONE:
        return day - np.maximum(weekday - 4, 0)
    if run != MONTH_END:
        return day - (weekday - run) % 7
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    this, previous, before = (
        (month + ahead).astype("datetime64[D]").astype(np.int64) - 1 for ahead in (1, 0, -1)
    )
    return np.where(working_day(this) <= day, this, np.where(working_day(previous) <= day, previous, before))


def paid_by(
    kind: int, run: int, day: Ints, issued: Ints | int, expected: Floats, spread: Ints | int = 0
) -> Floats:
    """Return P(first paid by that day); all broadcast. expected: day the noise of the type lies around."""
    ready = last_ready(day, run)
    return np.where(ready > issued, noise_cdf(kind, spread, ready + 0.5 - expected), 0.0)


def paid_on(
    kind: int, run: int, day: Ints, issued: Ints | int, expected: Floats, spread: Ints | int = 0
) -> Floats:
    """Return P(first paid on that day)."""
    up_to, before = (paid_by(kind, run, d, issued, expected, spread) for d in (day, day - 1))
    return up_to - before


def untold(kind: int, run: int, day: int, issued: Ints, expected: Floats, spread: Ints | int = 0) -> Floats:
    """Return P(no payment known before the day): the bank tells three in ten one to three days late."""
    told = np.zeros(np.broadcast_shapes(np.shape(issued), np.shape(expected)))
    for lag, share in enumerate((0.7, 0.1, 0.1, 0.1)):
        told += share * paid_by(kind, run, np.asarray(day - 1 - lag), issued, expected, spread)
    rest: Floats = 1 - told
    return rest


def not_disputed_before(day: int, issued: Ints, due: Ints) -> Floats:
    """Return P(a dispute that will come is not known before the day)."""
    return np.where(day <= issued + 1, 1.0, np.clip((due + 13 - day) / 19, 0, 1))


def not_noticed_before(day: int, issued: Ints) -> Floats:
    """Return P(a wrong invoice has no credit note before the day)."""
    return np.clip((issued + 36 - day) / 32, 0, 1)


@cache
def _agreed_by() -> Floats:
    """Return P(a dispute's rest is ready to be paid by that many days after due), from day 0 to 200."""
    opened, argued, paying = np.full(19, 1 / 19), np.full(53, 1 / 53), np.full(13, 1 / 13)
    delay = np.convolve(np.convolve(opened, argued), paying)  # from day -6 + 8 + 2 on
    weekend = np.array([5, 1, 1]) / 7  # two of the steps wait for Monday
    delay = np.convolve(np.convolve(delay, weekend), weekend)
    return np.asarray(np.r_[np.zeros(4), np.cumsum(delay), np.ones(200)][:201], dtype=np.float64)


def class_masses(
    kind: int, run: int, issued: int, due: int, expected: Floats, spread: int, bankrupt_a_day: float = 0.0
) -> Floats:
    """Return P(class and measurable) of an invoice on its issue day, 5 x expected.

    Not measurable, and so in no class, is what a credit closes or a bankruptcy writes off before its
    class is decided. bankrupt_a_day: chance a day that the debtor fails.
    """
    borders = due + np.array(CLASS_BORDERS)

    def by(day: Ints) -> Floats:
        return paid_by(kind, run, day[:, None], issued, expected, spread)

    def later(days: range) -> Floats:
        return np.asarray(np.mean([by(last_ready(borders, run) - delay) for delay in days], axis=0))

    partial, bounced, disputed, credited, written_off, prepaid = CHANCES[kind]
    noticed = issued + np.array([10, 17, 23, 28, 34, 41])
    after_credit = np.mean([np.maximum(by(borders) - by(np.full(4, day - 1)), 0) for day in noticed], axis=0)
    paid_later = np.mean([1 - by(np.full(1, day - 1)) for day in noticed], axis=0)
    agreed = _agreed_by()[np.clip(last_ready(borders, run) - due, 0, 200)][:, None]
    settled = _NOT_UPHELD + (1 - _NOT_UPHELD) * _PAID_AFTER_CREDIT
    cumulative = (
        PLAIN[kind] * by(borders)
        + partial * later(range(7, 44, 4))
        + bounced * np.mean([by(borders - delay) for delay in (9, 12, 16, 20, 23)], axis=0)
        + disputed * settled * agreed
        + credited * _PARTLY_CREDITED * after_credit
        + prepaid * (1 - _TOLD_IN_TIME)
    )
    total = (
        PLAIN[kind]
        + partial
        + bounced
        + disputed * settled
        + credited * _PARTLY_CREDITED * paid_later
        + written_off
        + prepaid * (1 - _TOLD_IN_TIME)
    )
    masses = np.diff(cumulative, axis=0, prepend=0.0, append=total)
    fails = np.minimum(bankrupt_a_day * np.maximum(expected - issued, 3), 1)
    masses *= 1 - fails
    masses[-1] += 0.75 * fails  # the others are written off before their class is decided
    return np.asarray(masses, dtype=np.float64)
