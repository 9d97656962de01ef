"""What it is worth to call a debtor today: the money that the call brings forward, less what the call costs.

Per item, with F the share of it expected to be paid by then (`payment_sketch`), R the response days:

- Somebody who would have paid within R days pays anyway: the call matters with probability
  (1 - F(R)) x responds_share.
- Where it matters, the money comes after R days instead of at its own time, so it is brought forward by the
  days that it is expected to stay open after R: waiting_after(R) / (1 - F(R)).
- A day of waiting costs amount x carrying_cost_per_year / 365.

The product of the three is

    amount x responds_share x waiting_after(R) x carrying_cost_per_year / 365.

What is not paid inside the horizon counts as paid at its end: nothing measured says that a call rescues a
debt, so none is claimed. An account's value is the sum over its items that are overdue or due within R days,
in the part of the overdue amount that is owed net of credit, less the cost of one call. Money is in the home
currency.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.money import minor_units
from models.payment.payment_sketch import paid_by, sketch, waiting_after
from models.positions import positions
from models.treatment.policy import Policy

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FINEST = 10_000
"""Sums are of whole ten-thousandths: whole numbers add up to the same in every order of the rows."""

LIKELY = 0.5
"""An account pays anyway where so much of what is counted is expected without a call."""


def contact_values(
    accounts: pd.DataFrame,
    account: Ints,
    items: pd.DataFrame,
    dunnable_minor: Ints,
    predictions: pd.DataFrame,
    rates: pd.DataFrame,
    policy: Policy,
    *,
    day: date,
    home_currency: str,
) -> pd.DataFrame:
    """Return per account: value, expected_share and pays_anyway; same index as `accounts`.

    `accounts`: rows of the table `debtors`, numbered from 0; `account`: the row of each item.
    `dunnable_minor`: what may be dunned of each item. value: major units of the home currency, NaN without
    an exchange rate. expected_share: of the money counted, expected within the response days without a call
    (0 where nothing is counted). pays_anyway: more than half of it, and the call is not worth its cost.
    """
    rules = policy.worklist
    soon = pd.Timestamp(day) + pd.Timedelta(days=rules.response_days)
    predicted = positions(items["invoice_id"], predictions["invoice_id"])
    counted = np.flatnonzero(
        (dunnable_minor > 0) & (items["due_on"] <= soon).to_numpy(dtype=bool) & (predicted >= 0)
    )
    curve = sketch(predictions.take(predicted[counted]), day)
    of, minor = account[counted], dunnable_minor[counted].astype(np.float64)
    per_major = home_value(accounts["currency"], rates, day=day, home_currency=home_currency)
    units = accounts["currency"].map(minor_units).to_numpy(dtype=np.float64)
    a_day = policy.optimal.carrying_cost_per_year / 365
    gain = minor / units[of] * rules.responds_share * waiting_after(curve, rules.response_days) * a_day
    brought = _sums(of, gain * FINEST, len(accounts)) / FINEST
    paid = _sums(of, minor * paid_by(curve, rules.response_days), len(accounts))
    total = _sums(of, minor, len(accounts))
    overdue = accounts["overdue_amount_minor"].to_numpy(dtype=np.float64)
    net = accounts["net_overdue_amount_minor"].to_numpy(dtype=np.float64)
    owed = np.clip(np.divide(net, overdue, out=np.zeros_like(net), where=overdue > 0), 0, 1)
    value = brought * owed * per_major - rules.contact_cost
    expected = np.divide(paid, total, out=np.zeros_like(paid), where=total > 0)
    return pd.DataFrame(
        {"value": value, "expected_share": expected, "pays_anyway": (expected > LIKELY) & ~(value > 0)},
        index=accounts.index,
    )


def home_value(currency: pd.Series, rates: pd.DataFrame, *, day: date, home_currency: str) -> Floats:
    """Return what a unit of each currency is worth at home: the newest rate before the day, NaN without."""
    known = rates[rates["day"] < pd.Timestamp(day)].sort_values("day", kind="stable")
    newest = {**known.set_index("currency")["rate"].to_dict(), home_currency: 1.0}
    return np.asarray(currency.map(newest), dtype=np.float64)


def _sums(of: Ints, values: Floats, count: int) -> Floats:
    return np.bincount(of, weights=np.rint(values), minlength=count).astype(np.float64)
