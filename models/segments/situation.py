"""What rules and schemes may speak of: everything known of each debtor on a day, a column per name."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import FACTS, RULE_NAMES
from models.facts import is_true

_FLAGS_SINCE = {"insolvent": "insolvent_on", "legal": "legal_on"}
LIMITS = {"credit_limit": "credit_limit_minor", "insured_limit": "insured_limit_minor"}


def situation(
    debtors: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    day: date,
    minor_units: int,
    risks: pd.DataFrame,
    tactics: pd.DataFrame,
    value_class: npt.NDArray[np.object_],
    model_segment: pd.Series,
    previous_segment: pd.Series,
) -> pd.DataFrame:
    """Return one row per debtor with every name of RULE_NAMES as a column, indexed like `debtors`.

    `debtors`: features of the day, indexed by customer_id. `customers`: today's row of each debtor.
    `risks`: the table of that name. `tactics`: see `tactics_per_debtor`. `minor_units`: how many make one
    major unit of the home currency, in which the limits are.
    """
    index = debtors.index
    today = customers.reindex(index)
    columns: dict[str, object] = {name: debtors[name] for name in RULE_NAMES if name in debtors}
    for fact in FACTS:
        if fact.unit == "text" and fact.name in today:
            columns[fact.name] = today[fact.name]
    columns["key_account"] = is_true(today["key_account"])
    for flag, since in _FLAGS_SINCE.items():
        known = today[since] < pd.Timestamp(day)
        columns[flag] = known
        columns[since] = today[since].where(known)
    for limit, minor in LIMITS.items():
        columns[limit] = today[minor].astype("float64") / minor_units
    columns["months_since_last_invoice"] = months_before(day, debtors["days_since_last_invoice"])
    of_risk = risks.set_index("customer_id").reindex(index)
    columns |= {name: of_risk[name] for name in ("own_score", "external_score", "risk")}
    of_tactics = tactics.reindex(index)
    columns["delay_tactics_365d"] = of_tactics["delay_tactics_365d"].fillna(0).astype("float64")
    columns["chronic_delay_tactics"] = is_true(of_tactics["chronic_delay_tactics"])
    columns["value_class"] = pd.Series(value_class, index=index, dtype="str")
    columns["model_segment"] = model_segment
    columns["previous_segment"] = previous_segment
    return pd.DataFrame(columns, index=index).reindex(columns=list(RULE_NAMES))


def months_before(day: date, days_ago: pd.Series) -> pd.Series:
    """Return the whole calendar months from so many days ago to the day; empty where empty."""
    then = pd.Timestamp(day) - pd.to_timedelta(days_ago, unit="D")
    months = 12 * (day.year - then.dt.year) + day.month - then.dt.month - (then.dt.day > day.day)
    return months.astype("float64")
