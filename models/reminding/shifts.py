"""Which debtors' first friendly reminder waits for their habit, since when, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from models.facts import Facts
from models.positions import positions
from models.reminding.habits import WINDOW_DAYS, late_quantiles, own_payments
from models.reminding.sliding import since_begun
from models.scorer import reminder_shift

STATE = {
    "customer_id": "str",
    "shift_days": "int64",
    "baseline_days_late": "float64",
    "activated_on": "datetime64[s]",
    "expires_on": "datetime64[s]",
    "sliding": "bool",
}
"""What a shift takes from run to run; the rest is counted anew."""


def shifts(
    habits: pd.DataFrame,
    previous: pd.DataFrame | None,
    closings: pd.DataFrame,
    facts: Facts,
    guards: Mapping[str, Any],
    *,
    day: date,
) -> pd.DataFrame:
    """Return the table REMINDER_SHIFTS: one row per debtor with a shift, sorted by customer_id.

    `habits`: see `payment_habits`; `previous`: this table of the run before, None where there is none;
    `closings`: of the books; `guards`: parameters of `reminder_shift` and expires_after_days.

    A shift begins with the habit (`reminder_shift`) unless all invoices of 365 days, reminded or not, have a
    median beyond max_shift_days: their median is the baseline. It then stands as it is until expires_on,
    whatever the habit does, so that a habit that grows with the shift cannot feed it; on that day it is
    measured anew. It ends sooner where the guards no longer allow so many days, and is 0 from the run after
    the one that saw payment slide along (`since_begun`), until it expires.
    """
    today = pd.Timestamp(day)
    payments = own_payments(closings, facts.invoices, day)
    kept = _still_standing(previous, facts, guards, today)
    begun = _begun(habits, payments, guards, today)
    begun = begun[positions(begun["customer_id"], kept["customer_id"]) < 0]
    table = pd.concat([kept, begun]).sort_values("customer_id", ignore_index=True)
    since = since_begun(payments, table)
    since["sliding"] |= table.pop("sliding")
    return pd.concat([table, since], axis=1)


def _still_standing(
    previous: pd.DataFrame | None, facts: Facts, guards: Mapping[str, Any], today: pd.Timestamp
) -> pd.DataFrame:
    if previous is None:
        return _rows(pd.Series(dtype="int64"), pd.Series(dtype="float64"), today, today)
    customers = facts.invoices["customer_id"].drop_duplicates()
    known = positions(previous["customer_id"], customers) >= 0
    allowed = previous["shift_days"] <= guards["max_shift_days"]
    kept: pd.DataFrame = previous.loc[known & allowed & (previous["expires_on"] > today), list(STATE)]
    kept = kept.astype(STATE)
    return kept.assign(shift_days=kept["shift_days"].where(~kept["sliding"], 0))


def _begun(
    habits: pd.DataFrame, payments: pd.DataFrame, guards: Mapping[str, Any], today: pd.Timestamp
) -> pd.DataFrame:
    recent = payments[payments["known_on"] >= today - pd.Timedelta(days=WINDOW_DAYS)]
    _, (median,), customers = late_quantiles(recent, (0.5,))
    shift = reminder_shift(guards, habits)
    shift = shift[shift > 0]
    baseline = pd.Series(median, index=customers).reindex(shift.index)
    late_as_a_rule = baseline > guards["max_shift_days"]
    expires = today + pd.Timedelta(days=guards["expires_after_days"])
    return _rows(shift[~late_as_a_rule], baseline[~late_as_a_rule], today, expires)


def _rows(
    shift: pd.Series, baseline: pd.Series, activated_on: pd.Timestamp, expires_on: pd.Timestamp
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": shift.index,
            "shift_days": shift.to_numpy(),
            "baseline_days_late": baseline.to_numpy(),
            "activated_on": activated_on,
            "expires_on": expires_on,
            "sliding": False,
        }
    ).astype(STATE)
