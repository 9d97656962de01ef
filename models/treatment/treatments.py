"""How each debtor is treated: the line of the policy that decides, its strategy, and the terms to agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.collection_tables import TREATMENTS
from models.facts import is_true
from models.reminding.approvals import decided
from models.treatment.policy import Line, Policy, Terms
from models.treatment.policy_tables import line_of
from models.treatment.statutory import Rate, Statutory, interest_on
from models.treatment.terms import harms, in_words, minor_in

Ints = npt.NDArray[np.int64]


def who(
    segments: pd.DataFrame, customers: pd.DataFrame, *, default_country: str | None, default_legal_kind: str
) -> pd.DataFrame:
    """Return what treatment asks of each debtor with a segment, indexed by customer_id and sorted.

    Columns segment, risk, value_class, legal_kind, country, region, language (text, empty cells where not
    known), key_account and in_proceedings (flags; insolvent or in court). `customers`: see `customers_on`.
    """
    debtors = segments.set_index("customer_id")[["segment", "risk", "value_class"]].sort_index()
    rows = customers.reindex(debtors.index)
    debtors["legal_kind"] = rows["legal_kind"].astype("str").fillna(default_legal_kind)
    country = rows["country"].astype("str")
    debtors["country"] = country if default_country is None else country.fillna(default_country)
    for column in ("region", "language"):
        debtors[column] = rows[column].astype("str")
    debtors["key_account"] = is_true(rows["key_account"])
    debtors["in_proceedings"] = rows["insolvent_on"].notna() | rows["legal_on"].notna()
    return debtors


def treatments(
    debtors: pd.DataFrame,
    policy: Policy,
    decisions: pd.DataFrame,
    statutory: Statutory,
    *,
    day: date,
    home_currency: str,
) -> pd.DataFrame:
    """Return the table `treatments` with inside names: one row per debtor of `who`, in its order.

    Money is in minor units of the home currency. A debtor in proceedings gets no terms. Terms that harm need
    a person's approval, and `decisions` known before the day say whether they have it; an action_id stays the
    same while debtor and terms do.
    """
    line = line_of(policy, debtors)
    asks = np.array([False, *(each.terms.statutory_interest for each in policy.lines)])[line]
    place, countries = pd.factorize(debtors["country"].where(asks))
    quiet = debtors["in_proceedings"].to_numpy(dtype=bool)
    key = (line * (len(countries) + 1) + place + 1) * 2 + quiet
    known, number = np.unique(key, return_inverse=True)
    rows = []
    for case in known.tolist():
        at, country = divmod(case // 2, len(countries) + 1)
        rate = interest_on(statutory, countries[country - 1] if country else None, day)
        rows.append(_case(at, policy.lines[at - 1], policy, rate, home_currency, quiet=bool(case % 2)))
    said = [row.pop("said") for row in rows]
    cases = pd.DataFrame(rows).astype({name: kind for name, kind in _TYPES.items() if name in rows[0]})
    table = cases.take(number).reset_index(drop=True)
    table.insert(0, "customer_id", pd.Series(debtors.index, dtype="str"))
    table.insert(1, "segment", debtors["segment"].astype("str").to_numpy())
    table["legal_kind"] = debtors["legal_kind"].to_numpy()
    table["action_id"] = _action_ids(debtors.index.tolist(), said, number)
    return _with_status(table, decisions, day)


def _case(
    number: int, line: Line, policy: Policy, rate: Rate, currency: str, *, quiet: bool
) -> dict[str, Any]:
    """What all debtors of a line and a country have in common; quiet: in proceedings, so no terms."""
    terms = Terms() if quiet else line.terms
    asked = terms.statutory_interest
    if asked and rate.percent is None:
        terms = terms.model_copy(update={"statutory_interest": False})
    words = in_words(terms, currency, rate)
    said = json.dumps([terms.model_dump(mode="json"), currency], sort_keys=True)
    return {
        "line": number,
        "strategy": line.strategy,
        "timing": line.timing or policy.timing,
        "legal_kind": "",
        "currency": currency,
        "payment_term_days": terms.payment_term_days,
        "discount_percent": terms.discount_percent,
        "discount_days": terms.discount_days,
        "late_fee_minor": minor_in(terms.late_fee, currency) if terms.late_fee else None,
        "interest_percent": rate.percent if asked else None,
        "interest_source": rate.words if asked else None,
        "credit": terms.credit,
        "credit_limit_minor": minor_in(terms.credit_limit, currency) if terms.credit_limit else None,
        "instalments": terms.instalments,
        "delivery": terms.delivery,
        "terms": words or None,
        "adverse": bool(harms(terms)),
        "said": said if words else "",
    }


_TYPES = {
    **dict.fromkeys(("payment_term_days", "discount_days", "instalments"), "Int64"),
    **dict.fromkeys(("late_fee_minor", "credit_limit_minor"), "Int64"),
    **dict.fromkeys(("discount_percent", "interest_percent"), "float64"),
    **dict.fromkeys(("strategy", "timing", "legal_kind", "currency", "interest_source"), "str"),
    **dict.fromkeys(("credit", "delivery", "terms"), "str"),
}


def _action_ids(debtors: Sequence[str], said: Sequence[str], number: Ints) -> pd.Series:
    """A hash of which terms and who, None where all is as today; `number`: each debtor's place in `said`."""
    begun = [hashlib.sha256(f"terms {terms} of ".encode()) for terms in said]
    ids = np.full(len(debtors), None, dtype=object)
    asked = np.flatnonzero(np.array([terms != "" for terms in said])[number])
    for at, case in zip(asked.tolist(), number[asked].tolist(), strict=True):
        of_both = begun[case].copy()
        of_both.update(debtors[at].encode())
        ids[at] = of_both.hexdigest()[:20]
    return pd.Series(ids, dtype="str")


def _with_status(table: pd.DataFrame, decisions: pd.DataFrame, day: date) -> pd.DataFrame:
    """Say of terms that there are whether they may be used, and who decided that."""
    judged = decided(table, decisions, day=day)
    status = judged["status"].mask(judged["approved_by"].notna(), "approved")
    status = status.mask(judged["status"] == "blocked", "refused")
    judged["status"] = status.where(table["terms"].notna(), "none")
    return judged[[column.inside for column in TREATMENTS.columns]]
