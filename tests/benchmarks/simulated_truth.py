"""The oracle of the simulated portfolio: it knows everything but the lots of the invoice itself.

For orientation only: nobody who sees a ledger can know a debtor's type, level, pay-run and present mood.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from simulated_bayes import DAYS_A_MONTH, bankrupt_a_day
from simulated_history import first_day, number
from simulated_law import HOLIDAY_DAYS, MONTH_END, NONE, class_masses, in_holidays

from features.simulate import INVOICES_PER_DEBTOR_AND_MONTH
from features.simulated_debtors import PAYERS, make_debtors
from features.simulated_payments import _moods, issue_invoices
from models.scorer import CLASSES

Floats = npt.NDArray[np.float64]


def oracle_probabilities(
    points: pd.DataFrame, *, debtors: int, months: int, seed: int, end: date, invoices: int | None = None
) -> pd.DataFrame:
    """Return the class probabilities, given that they can be measured, of invoices on their issue day.

    points: invoice_id; the rest as for `simulate`. Debtors, moods and sizes are drawn again from the
    seed. Columns CLASSES, the index that of the points.
    """
    first = first_day(months, end)
    last = number(end) - 1
    usual = max(debtors, round(debtors * months * INVOICES_PER_DEBTOR_AND_MONTH))
    people, issuing, paying, _ = np.random.default_rng(seed).spawn(4)
    debtor = make_debtors(people, debtors, first, last)
    item = issue_invoices(issuing, debtor, usual if invoices is None else invoices, first, last)
    month = ((item["issued"] - first) // DAYS_A_MONTH).to_numpy()
    moods = _moods(paying, debtors, int(month.max()) + 1)
    asked = points["invoice_id"].str[3:].astype(int).to_numpy() - 1
    found = np.empty((len(points), len(CLASSES)))
    for row, number_of_item in enumerate(asked.tolist()):
        bought, buyer = item.iloc[number_of_item], debtor.iloc[int(item["debtor"].iloc[number_of_item])]
        mood = moods[int(bought["debtor"]), month[number_of_item]]
        found[row] = _knowing(buyer, bought, mood, last)
    return pd.DataFrame(found, columns=list(CLASSES), index=points.index)


def _knowing(buyer: pd.Series, bought: pd.Series, mood: float, last: int) -> Floats:
    kind, issued, due = int(buyer["kind"]), int(bought["issued"]), int(bought["due"])
    payer = PAYERS[kind]
    run = MONTH_END if buyer["month_end"] else int(buyer["payday"]) if buyer["weekly"] else NONE
    late = buyer["level"] + payer.between_months * mood + bought["size"]
    late += HOLIDAY_DAYS * in_holidays(np.array([due]))[0]
    late += payer.drift_per_year * (issued - buyer["start"]) / 365
    bankrupt = bankrupt_a_day(kind, issued, int(buyer["start"]), last)
    mass = class_masses(kind, run, issued, due, np.array([due + late]), 0, bankrupt)[:, 0]
    return np.asarray(mass / mass.sum())
