"""Honest evaluation: every model on the same points, beside what actually happened.

A point counts for an outcome only when that outcome is decided whichever way it went; the others are
counted as not yet measurable. Lateness is judged up to due + late_after_days; on later landmarks the
remaining classes, payment within 30 days and the order of payment are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.errors import ModelError
from models.measures import Figures, Truth, difference, figures_of
from models.metrics import Bootstrap, Flags, Floats
from models.scorer import CLASSES, QUANTILES

MODEL = "payment_time"
"""The model that the others are compared with."""

REFERENCE = "own_rate"
"""The baseline that the Brier skill is counted from."""

KEY = ["invoice_id", "landmark"]


def evaluate(
    predictions: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    late_after_days: int = 0,
    seed: int,
    resamples: int = 200,
) -> dict[str, Any]:
    """Return the figures of every model in the table, ready for JSON.

    predictions: grain invoice x landmark x model with customer_id, cutoff and the columns PREDICTION; a
    column that is empty throughout a model is not given by it. outcomes: grain invoice x landmark as
    `features.outcomes.outcomes` returns them; with `settled_invoices` (before the point) and
    `seen_in_training` the figures are also split by these. Every figure is value, low and high: a 95 %
    interval by bootstrap over debtors, the same draws for every model.

    `models`: per model the figures pooled, per fold (cutoff) and per stratum. `comparisons`: payment_time
    minus each other model, so a negative difference is in its favour. Raises ModelError when two models
    do not speak about the same points, or an outcome is missing.
    """
    truth, tables, groups = _aligned(predictions, outcomes, late_after_days)
    boot = Bootstrap.over(truth.customer, resamples=resamples, seed=seed)
    reference = _column(tables[REFERENCE], "p_late") if REFERENCE in tables else None
    given = {name: _given(table) for name, table in tables.items()}

    def block(name: str, mask: Flags) -> Figures:
        part = None if reference is None else reference[mask]
        columns = {column: values[mask] for column, values in given[name].items()}
        return figures_of(columns, truth.take(mask), boot.take(mask), part, seed)

    everything = np.ones(len(truth.past), bool)
    return {
        "late_after_days": late_after_days,
        "seed": seed,
        "resamples": resamples,
        "points": len(truth.past),
        "debtors": int(truth.customer.nunique()),
        "invoices": truth.invoices(everything),
        "settled_invoices": truth.invoices(truth.event),
        "late_invoices": truth.invoices(truth.late_judged & truth.late),
        "on_time_invoices": truth.invoices(truth.late_judged & ~truth.late),
        "models": {
            name: {
                "pooled": block(name, everything),
                **{
                    family: {part: block(name, mask) for part, mask in parts.items()}
                    for family, parts in groups.items()
                },
            }
            for name in tables
        },
        "comparisons": {
            name: difference(given[MODEL], given[name], truth, boot)
            for name in tables
            if MODEL in tables and name != MODEL
        },
    }


def _aligned(
    predictions: pd.DataFrame, outcomes: pd.DataFrame, late_after_days: int
) -> tuple[Truth, dict[str, pd.DataFrame], dict[str, dict[str, Flags]]]:
    """Return truth, each model's rows and the masks of folds and strata, all in the order of the points."""
    points = outcomes.sort_values(KEY, ignore_index=True)
    key = pd.MultiIndex.from_frame(points[KEY])
    if key.has_duplicates:
        raise ModelError("two outcomes of the same invoice and landmark: each point has one")
    tables = {}
    for name, rows in predictions.groupby("model", sort=True):
        own = rows.sort_values(KEY, ignore_index=True)
        if not pd.MultiIndex.from_frame(own[KEY]).equals(key):
            raise ModelError(f"model {name} has {len(own)} rows for {len(points)} points: each needs one")
        tables[str(name)] = own
    if not tables:
        raise ModelError("no predictions to evaluate")
    some = next(iter(tables.values()))
    past = points["days_past_due"].to_numpy(np.int64)
    truth = Truth(
        customer=some["customer_id"],
        invoice=pd.factorize(points["invoice_id"])[0].astype(np.int64),
        past=past,
        days_late=points["days_late"].to_numpy(np.int64),
        event=points["event"].to_numpy(bool),
        decided=(points["decided_until"] - points["due_on"]).dt.days.to_numpy().astype(np.int64),
        still_open=(points["ended"] == "open").to_numpy(bool) | points["event"].to_numpy(bool),
        late_after_days=late_after_days,
    )
    return truth, tables, _groups(points, some["cutoff"])


def _groups(points: pd.DataFrame, cutoff: pd.Series) -> dict[str, dict[str, Flags]]:
    """Return the masks of each family of subsets: folds, landmarks, earlier settled invoices, seen or not."""
    families = {"folds": cutoff.dt.strftime("%Y-%m-%d"), "landmark": points["landmark"]}
    if "settled_invoices" in points:
        settled = pd.cut(points["settled_invoices"], [-1, 0, 2, 9, np.inf], labels=["0", "1-2", "3-9", "10+"])
        families["settled_invoices_before"] = settled.astype("str")
    if "seen_in_training" in points:
        seen = points["seen_in_training"].astype(bool)
        families["debtor"] = seen.map({True: "seen in training", False: "never seen"})
    return {
        family: {str(part): (column == part).to_numpy(bool) for part in sorted(column.unique())}
        for family, column in families.items()
    }


def _column(table: pd.DataFrame, name: str) -> Floats | None:
    return table[name].to_numpy(np.float64) if name in table and table[name].notna().any() else None


def _given(table: pd.DataFrame) -> dict[str, Floats]:
    """Return the columns that a model fills; an empty quantile of a filled column is the horizon."""
    named = {name: _column(table, name) for name in ("p_late", *CLASSES, *QUANTILES, "claimed")}
    given = {name: values for name, values in named.items() if values is not None}
    if "days_until_p10" in given:  # then it gives the others too, and empty means beyond the horizon
        given |= {name: table[name].to_numpy(np.float64) for name in QUANTILES}
    for name in ("p_late", *CLASSES):
        if name in given and not np.isfinite(given[name]).all():
            raise ModelError(f"model {table['model'].iloc[0]} leaves some rows of {name} empty: all or none")
    return given
