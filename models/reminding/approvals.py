"""What a person decided about steps and terms that harm a debtor."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from models.facts import is_true
from models.positions import positions

TELLS = {"approved_by": "by", "approved_on": "decided_on", "approval_reason": "reason"}
"""The columns of the outcome, and those of a decision that they are taken from."""


def decided(rows: pd.DataFrame, decisions: pd.DataFrame, *, day: date) -> pd.DataFrame:
    """Return the rows with status, approved_by, approved_on and approval_reason, in their order.

    The newest decision before `day` about an action_id counts, of those of one day a refusal; it ends after
    its `until`, and an older one does not come back. status: blocked where refused; needs_approval where
    adverse and not approved; else proposed. `rows`: columns action_id and adverse (flag). Nothing adverse is
    ever proposed without a name, a day and a person's word.
    """
    today = pd.Timestamp(day)
    told = decisions["action_id"].notna() & decisions["approved"].notna()
    told &= (decisions["decided_on"] < today) & ~(decisions["known_on"] >= today)
    # rows of one day in the same order, however they were read; the last one counts
    order = ["decided_on", "approved", "known_on", "by", "reason"]
    newest = decisions[told].sort_values(order, ascending=[True, False, True, True, True], kind="stable")
    newest = newest.drop_duplicates("action_id", keep="last")
    holds = newest[~(newest["until"] < today)].reset_index(drop=True)
    at = positions(rows["action_id"], holds["action_id"])
    approved = np.append(is_true(holds["approved"]).to_numpy(), False)[at]
    adverse = rows["adverse"].to_numpy(dtype=bool)
    status = np.select([(at >= 0) & ~approved, adverse & (at < 0)], ["blocked", "needs_approval"], "proposed")
    words = {name: holds[column].reindex(at).array for name, column in TELLS.items()}
    return rows.assign(status=pd.array(status, dtype="str"), **words)
