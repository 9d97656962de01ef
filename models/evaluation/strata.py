"""The parts of an evaluation: by fold, age of the invoice, what is known of the debtor, and the newest."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.evaluation.metrics import Flags
from models.evaluation.truth import Truth

NEWEST = "newest matured"
NEWEST_SHARE = 1 / 3

Parts = dict[str, dict[str, Flags]]


def strata(points: pd.DataFrame, predictions: pd.DataFrame, truth: Truth) -> Parts:
    """Return family -> part -> mask of its points.

    points: outcomes, and predictions: any one model's rows, both in the order of the truth. Always
    folds (by cutoff) and landmark (the invoice's age); settled_invoices_before, debtor and segment with
    the columns settled_invoices, seen_in_training and segment of the points; newest with the column
    predicted_on of the predictions. A point without a segment is in no part of that family.
    """
    families = {"folds": predictions["cutoff"].dt.strftime("%Y-%m-%d"), "landmark": points["landmark"]}
    if "settled_invoices" in points:
        settled = pd.cut(points["settled_invoices"], [-1, 0, 2, 9, np.inf], labels=["0", "1-2", "3-9", "10+"])
        families["settled_invoices_before"] = settled.astype("str")
    if "seen_in_training" in points:
        seen = points["seen_in_training"].astype(bool)
        families["debtor"] = seen.map({True: "seen in training", False: "never seen"})
    if "segment" in points:
        families["segment"] = points["segment"]
    parts = {
        family: {str(part): (column == part).to_numpy(bool) for part in sorted(column.dropna().unique())}
        for family, column in families.items()
    }
    if "predicted_on" in predictions and truth.late_judged.any():
        parts["newest"] = {NEWEST: newest_matured(predictions["predicted_on"], truth)}
    return parts


def newest_matured(predicted_on: pd.Series, truth: Truth) -> Flags:
    """Return which points are of the newest days that hold a third of those whose lateness is known.

    Only points whose lateness would be known whichever way it went are counted and returned: of the
    days after them only the early payments are known.
    """
    days = predicted_on.to_numpy("datetime64[D]").astype(np.int64)
    matured = np.sort(days[truth.late_judged])
    newest: Flags = truth.late_judged & (days >= matured[int(len(matured) * (1 - NEWEST_SHARE))])
    return newest
