"""How many of the late invoices are among those that are looked at first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.evaluation.metrics import Bootstrap, Flags, Floats, figure

TOPS = {"top_10": 0.1, "top_20": 0.2}
CURVE = tuple(step / 20 for step in range(21))
"""Shares of the invoices at which the curve is given."""


def lift(
    predictions: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    late_after_days: int,
    seed: int,
    resamples: int = 200,
) -> dict[str, Any]:
    """Return which share of the late invoices has the highest late probabilities, ready for JSON.

    The tables are those of `evaluate`. Judged on the day of issue, so that each invoice counts once, and
    where lateness is decided. `invoices` and `late` count these; per model that gives p_late: top_10 and
    top_20 (value, low, high; 95 % by bootstrap over debtors) and `curve`, the shares at CURVE. Empty where
    there is nothing to judge, or no invoice was late.
    """
    judged = (
        (outcomes["landmark"] == "issue")
        & (outcomes["days_past_due"] <= late_after_days)
        & outcomes["late_measurable"]
    )
    truth = outcomes.loc[judged, ["invoice_id", "event", "days_late"]]
    truth = truth.assign(late=~truth["event"] | (truth["days_late"] > late_after_days))
    if not truth["late"].any():
        return {}
    at_issue = predictions[(predictions["landmark"] == "issue") & predictions["p_late"].notna()]
    models = {}
    for name, said in at_issue.groupby("model", sort=True):
        rows = said.merge(truth, on="invoice_id").sort_values("invoice_id")
        boot = Bootstrap.over(rows["customer_id"], resamples=resamples, seed=seed)
        late, probability = rows["late"].to_numpy(bool), rows["p_late"].to_numpy(np.float64)
        shares = np.array([*TOPS.values(), *CURVE])
        caught = caught_share(late, probability, boot, shares)
        models[str(name)] = {
            **{top: figure(caught[:, column]) for column, top in enumerate(TOPS)},
            "curve": [round(float(share), 6) for share in caught[0, len(TOPS) :]],
        }
    return {"invoices": len(truth), "late": int(truth["late"].sum()), "models": models}


def caught_share(late: Flags, probability: Floats, boot: Bootstrap, shares: Floats) -> Floats:
    """Return, under each weighting, the share of the late rows among the `shares` with highest probability.

    Rows of equal probability come in no order: part of them holds that part of their late ones. NaN where
    nothing is late. Shape (1 + resamples, shares).
    """
    order = np.argsort(-probability, kind="stable")
    scores, happened = probability[order], late[order]
    starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    caught = []
    for weights in boot.rows(order):
        looked_at, found = (
            np.r_[0.0, np.add.reduceat(part, starts).cumsum()] for part in (weights, weights * happened)
        )
        if found[-1] == 0:
            caught.append(np.full(len(shares), np.nan))
        else:
            caught.append(np.interp(shares * looked_at[-1], looked_at, found / found[-1]))
    return np.array(caught)
