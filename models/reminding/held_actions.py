"""Which planned contacts give way to what a person does, so that nobody hears twice or for nothing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

SPEAKS = ("broken_promise", "returned_debit", "silence", "expected_value")
"""Causes of the worklist for which the debtor is contacted; the others are work inside the house."""


def give_way(actions: pd.DataFrame, worklist: pd.DataFrame, *, day: date) -> pd.DataFrame:
    """Return the table `actions` with those blocked that a person's work of the day makes superfluous.

    - One that a line of the worklist takes the place of today, before its own turn.
    - A call that is due today and on nobody's list: the worklist leaves out who is expected to pay anyway.
    """
    due_call = (actions["channel"] == "call") & (actions["send_on"] <= pd.Timestamp(day))
    today = worklist[worklist["reached"] & worklist["cause"].isin(SPEAKS)]
    replaced = actions["action_id"].isin(today["action_id"].dropna()) & ~due_call
    superfluous = due_call & ~actions["action_id"].isin(worklist["action_id"].dropna())
    words = np.select(
        [replaced, superfluous],
        ["a person contacts the debtor today instead", "no call: the debtor is expected to pay anyway"],
        "",
    )
    held = (words != "") & (actions["status"] == "proposed").to_numpy()
    return actions.assign(
        status=actions["status"].mask(held, "blocked"),
        blocked_by=actions["blocked_by"].mask(held, pd.Series(words, actions.index, dtype="str")),
    )
