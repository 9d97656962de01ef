"""Whom sales should talk to: debtors whose segment moved, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.segments.rules import NEW


def account_reviews(
    segments: pd.DataFrame, customers: pd.DataFrame, risks: pd.DataFrame, tactics_words: pd.Series
) -> pd.DataFrame:
    """Return the table `account_reviews`: one row per debtor that moved since the previous run, sorted.

    `customers`: today's row of each debtor, and `tactics_words`: the delay tactics that sales should know,
    both indexed by customer_id. Between two letters a move is better or worse; into or out of a segment that
    a rule names it is other, and out of NEW it is said to be a graduation.
    """
    rows = segments[segments["moved"] & segments["previous_segment"].notna()]
    rows = rows.sort_values("customer_id", ignore_index=True)
    before, now = rows["previous_segment"], rows["segment"]
    letters = before.str.fullmatch("[A-Z]") & now.str.fullmatch("[A-Z]")
    better, worse = letters & (now < before), letters & (now > before)
    debtor = rows["customer_id"]
    because = rows["moved_because"].fillna(rows["reason"]).astype("str")
    graduated = (before == NEW) & now.str.fullmatch("[A-Z]")
    risk = risks.set_index("customer_id")[["risk", "reason"]].reindex(debtor).reset_index(drop=True)
    high = ("; high risk: " + risk["reason"]).where(risk["risk"] == "high")
    tactics = "; delay tactics: " + debtor.map(tactics_words).astype("str")
    why = because.where(~graduated, "graduated: " + because) + high.fillna("") + tactics.fillna("")
    return pd.DataFrame(
        {
            "customer_id": debtor,
            "account_manager": debtor.map(customers["account_manager"]).astype("str"),
            "from_segment": before,
            "to_segment": now,
            "direction": pd.Series(np.select([better, worse], ["better", "worse"], "other"), dtype="str"),
            "why": why,
        }
    )
