"""Does the alarm fire when payment follows the reminder, and stay quiet when it does not?

    python tests/benchmarks/sliding_alarm.py --seeds 20

Debtors with a habit of paying a few days late, in a ledger without contact history (with one, what a
reminder brought is no habit, and who pays after it has no shift). A share of them, the followers, pay so
many days after the reminder: when it is shifted, so is their payment. The others keep their habit. A run
every fifteen days over the life of the shift.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from features.ledger import make_ledger
from models.reminding.habits import payment_habits
from models.reminding.shifts import shifts
from models.reminding.sliding import sliding_warnings

GUARDS = {"min_settled": 6, "max_shift_days": 7, "max_spread_days": 5, "expires_after_days": 180}
BEGUN = date(2025, 7, 1)
EVERY_DAYS = 15
FORGOTTEN, FORGOTTEN_DAYS = 0.03, 20.0


def live(seed: int, followers: float, *, debtors: int = 120, a_month: float = 2.0) -> dict[str, float]:
    """Return what was said over the life of the shifts that begin on BEGUN.

    shifted: debtors with a shift. alarms, wrong_alarms: share of the followers among them, and of the others,
    whose shift was ended by then. warned: whether any run warned. first_warning: days until it did, or NaN.
    """
    rng = np.random.default_rng(seed)
    follows = rng.random(debtors) < followers
    habit = rng.integers(1, 8, debtors)
    owner = np.repeat(np.arange(debtors), round(a_month * 18))
    due = rng.integers(-365, 183, len(owner))
    noise = np.rint(rng.normal(0, 1.5, len(owner))).astype(np.int64)
    noise += np.where(
        rng.random(len(owner)) < FORGOTTEN, rng.exponential(FORGOTTEN_DAYS, len(owner)), 0
    ).astype(np.int64)
    start = np.datetime64(BEGUN, "s")
    ids = pd.DataFrame(
        {
            "invoice_id": [f"I{number}" for number in range(len(owner))],
            "customer_id": [f"C{number:04d}" for number in owner],
        }
    )
    days = start + due.astype("timedelta64[D]")
    ledger = make_ledger(invoices=ids.assign(issued_on=days, due_on=days, amount_minor=100))
    names = pd.Index([f"C{number:04d}" for number in range(debtors)])
    late = habit[owner] + noise
    table, first_warning = None, np.nan
    for look in range(0, GUARDS["expires_after_days"], EVERY_DAYS):
        settled = start + (due + late).astype("timedelta64[D]")
        closings = ids.assign(settled_on=settled, known_on=settled, how="paid", reopened_known_on=pd.NaT)
        today = BEGUN + timedelta(days=look)
        habits = payment_habits(closings, ledger, today)
        table = shifts(habits, table, closings, ledger, GUARDS, day=today)
        if look == 0:
            begun = names.isin(table["customer_id"])
        if sliding_warnings(table) and np.isnan(first_warning):
            first_warning = look
        in_force = table.set_index("customer_id")["shift_days"].reindex(names).fillna(0).to_numpy(np.int64)
        coming = due > look
        late[coming] = (habit + follows * in_force)[owner[coming]] + noise[coming]
    assert table is not None
    ended = names.isin(table.loc[table["sliding"] & (table["activated_on"] == start), "customer_id"])
    return {
        "shifted": int(begun.sum()),
        "alarms": float(ended[begun & follows].mean()) if (begun & follows).any() else np.nan,
        "wrong_alarms": float(ended[begun & ~follows].mean()) if (begun & ~follows).any() else np.nan,
        "warned": float(not np.isnan(first_warning)),
        "first_warning": first_warning,
    }


def main() -> None:
    """Print the mean over the seeds for portfolios with more and fewer followers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(1, parser.parse_args().seeds + 1)
    for followers in (0.0, 0.1, 0.3, 1.0):
        for a_month in (1.0, 2.0, 4.0):
            told = pd.DataFrame([live(seed, followers, a_month=a_month) for seed in seeds]).mean()
            print(f"followers {followers:.0%}, {a_month:g} invoices a month:", told.round(3).to_dict())


if __name__ == "__main__":
    main()
