"""Whether payment slides along with a later reminder, as it does where debtors wait for the reminder."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom, norm

from models.positions import positions
from models.reminding.habits import WINDOW_DAYS, late_quantiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ENOUGH = 5
"""Payments before and payments since, each, that a debtor must have to be judged."""

LEVEL = 0.005
"""Chance of a false alarm about a debtor at one look; every new payment is a new look."""

FALSE_ALARMS = 0.03
"""Share of debtors that may be accused wrongly over the life of a shift, all looks together.

`tests/benchmarks/reminder_timing.py` measures it."""

POOLED_LEVEL = 0.01
"""Chance of a false alarm about all debtors together."""


def since_begun(payments: pd.DataFrame, begun: pd.DataFrame) -> pd.DataFrame:
    """Return, indexed like `begun`, what each debtor paid since its shift began, and whether that slid.

    `payments`: see `own_payments`, reminded or not; `begun`: customer_id, shift_days, activated_on. Since
    means due after the shift began, before means due in the 365 days up to then.
    Columns settled_since, days_late_since (median, NaN where none), sliding: at least ENOUGH payments on both
    sides, the median at least half of the shift later than before, and later beyond chance by a one-sided
    Mann-Whitney test at LEVEL (normal approximation with ties; Hollander, Wolfe and Chicken, Nonparametric
    Statistical Methods, 2014, section 4.1).
    """
    row = positions(payments["customer_id"], begun["customer_id"])
    paid, row = payments[row >= 0], row[row >= 0]
    activated_on = begun["activated_on"].to_numpy()[row]
    recent = (paid["due_on"] > activated_on - np.timedelta64(WINDOW_DAYS, "D")).to_numpy()
    paid, row, activated_on = paid[recent], row[recent], activated_on[recent]
    is_since = (paid["due_on"] > activated_on).to_numpy()
    before, earlier = _counted(paid[~is_since], begun["customer_id"])
    since, later = _counted(paid[is_since], begun["customer_id"])
    chance = _chance_of_later(paid["days_late"].to_numpy(), row, is_since, len(begun))
    enough = (before >= ENOUGH) & (since >= ENOUGH)
    moved = later - earlier >= begun["shift_days"].to_numpy() / 2
    return pd.DataFrame(
        {
            "settled_since": since,
            "days_late_since": later,
            "sliding": enough & moved & (begun["shift_days"] > 0).to_numpy() & (chance < LEVEL),
        },
        index=begun.index,
    )


def sliding_warnings(shifts: pd.DataFrame) -> list[str]:
    """Return one warning when payment slides along with the shifted reminders of the portfolio, else none.

    `shifts`: the table REMINDER_SHIFTS. Judged are the debtors with ENOUGH payments since their shift began.
    Either more of them slide than FALSE_ALARMS explain, or more than half of them moved by at least half of
    their shift, each beyond chance at POOLED_LEVEL by the binomial distribution. Without sliding a debtor's
    median is as likely to go down as up, so less than half of them move that far.
    """
    judged = shifts[(shifts["settled_since"] >= ENOUGH) | shifts["sliding"]]
    moved = judged["days_late_since"] - judged["baseline_days_late"] >= judged["shift_days"] / 2
    slid = int(judged["sliding"].sum())
    along = int((moved | judged["sliding"]).sum())
    by_one = binom.sf(slid - 1, len(judged), FALSE_ALARMS) < POOLED_LEVEL
    by_all = binom.sf(along - 1, len(judged), 0.5) < POOLED_LEVEL
    if judged.empty or not (by_one or by_all):
        return []
    return [
        f"payment slides along with the later reminder: of {len(judged)} debtors whose reminder is shifted, "
        f"{along} pay later by at least half of the shift, {slid} of them beyond doubt (their shift ends); "
        "if it goes on, set `timing: fixed` in the policy"
    ]


def _counted(payments: pd.DataFrame, customers: pd.Series) -> tuple[Ints, Floats]:
    """Number of payments and median days late of these debtors, 0 and NaN where there is none."""
    number, (median,), known = late_quantiles(payments, (0.5,))
    place = positions(customers, known)  # -1, of those without payments, is the last entry
    return np.append(number, 0)[place], np.append(median, np.nan)[place]


def _chance_of_later(late: Ints, group: Ints, since: Bools, groups: int) -> Floats:
    """Return for each group the chance that payments since are so much later than before; 1 where unknown."""
    order = np.lexsort([late, group])
    late, group, since = late[order], group[order], since[order]
    total = np.bincount(group, minlength=groups)
    first = np.cumsum(total) - total
    new = np.r_[True, (group[1:] != group[:-1]) | (late[1:] != late[:-1])][: len(late)]
    tie = np.cumsum(new) - 1
    size = np.bincount(tie)
    rank = np.flatnonzero(new)[tie] - first[group] + (size[tie] + 1) / 2
    m = np.bincount(group[since], minlength=groups).astype(np.float64)
    n = total - m
    above = np.bincount(group[since], weights=rank[since], minlength=groups) - m * (m + 1) / 2
    ties = np.bincount(group, weights=size[tie] ** 2 - 1.0, minlength=groups)  # per row, so t^3 - t per tie
    pairs = np.maximum(total * (total - 1.0), 1.0)
    spread = np.sqrt(m * n / 12 * (total + 1 - ties / pairs))
    z = np.divide(above - m * n / 2 - 0.5, spread, out=np.full(groups, -np.inf), where=spread > 0)
    return np.asarray(norm.sf(z))
