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
from models.evaluation.cash_error import Invoices, cash_error
from models.evaluation.measures import Figures, difference, figures_of
from models.evaluation.metrics import Bootstrap, Flags, Floats, Ints
from models.evaluation.pit import pit
from models.evaluation.strata import strata
from models.evaluation.truth import CLASS_LIMIT, Truth
from models.payment.payment_curve import payment_curve
from models.scorer import CLAIMS, CLASSES, PREDICTION, QUANTILES

MODEL = "payment_time"
"""The model that the others are compared with."""

REFERENCE = "own_rate"
"""The baseline that the Brier skill is counted from."""

FALLBACKS = (REFERENCE, "rule")
"""What the model is also compared with per segment."""

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

    predictions: grain invoice x landmark x model with customer_id, cutoff, predicted_on and the columns
    PREDICTION; a column that is empty throughout a model is not given by it. outcomes: grain
    invoice x landmark as `features.outcomes.outcomes` returns them; with `settled_invoices` (before the
    point), `seen_in_training` and `segment` the figures are also split by these, with `amount` (original,
    major units of one currency) weekly cash is judged.
    Every figure is value, low and high: a 95 % interval by bootstrap over debtors, the same draws for
    every model.

    `models`: per model the figures pooled, per fold (cutoff) and per stratum. `comparisons`: payment_time
    minus each other model, so a negative difference is in its favour. `segments`: the same per segment,
    against what may speak there instead. Raises ModelError when two models do not speak about the same
    points, or an outcome is missing.
    """
    points, tables = _aligned(predictions, outcomes)
    some = next(iter(tables.values()))
    truth = _truth(points, some["customer_id"], late_after_days)
    groups = strata(points, some, truth)
    boot = Bootstrap.over(truth.customer, resamples=resamples, seed=seed)
    reference = _column(tables[REFERENCE], "p_late") if REFERENCE in tables else None
    given = {name: _given(table) for name, table in tables.items()}

    def block(name: str, mask: Flags) -> Figures:
        part = None if reference is None else reference[mask]
        columns = {column: values[mask] for column, values in given[name].items()}
        return figures_of(columns, truth.take(mask), boot.take(mask), part, seed)

    def whole(name: str) -> Figures:
        figures = block(name, everything)
        if set(QUANTILES) <= set(given[name]):
            _judge_distribution(figures, given[name], points, some, truth, boot, seed)
        return figures

    def against(name: str, mask: Flags) -> Figures:
        model, other = (
            {column: values[mask] for column, values in given[which].items()} for which in (MODEL, name)
        )
        return difference(model, other, truth.take(mask), boot.take(mask))

    everything = np.ones(len(truth.past), bool)
    rivals = [name for name in tables if MODEL in tables and name != MODEL]
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
                "pooled": whole(name),
                **{
                    family: {part: block(name, mask) for part, mask in parts.items()}
                    for family, parts in groups.items()
                },
            }
            for name in tables
        },
        "comparisons": {name: against(name, everything) for name in rivals},
        "segments": {
            segment: {name: against(name, mask) for name in rivals if name in FALLBACKS}
            for segment, mask in groups.get("segment", {}).items()
        },
    }


def _aligned(
    predictions: pd.DataFrame, outcomes: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return the outcomes and each model's rows, all in one order that does not depend on the input's."""
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
    return points, tables


def _truth(points: pd.DataFrame, customers: pd.Series, late_after_days: int) -> Truth:
    return Truth(
        customer=customers,
        invoice=pd.factorize(points["invoice_id"])[0].astype(np.int64),
        past=points["days_past_due"].to_numpy(np.int64),
        days_late=points["days_late"].to_numpy(np.int64),
        event=points["event"].to_numpy(bool),
        decided=(points["decided_until"] - points["due_on"]).dt.days.to_numpy().astype(np.int64),
        still_open=(points["ended"] == "open").to_numpy(bool) | points["event"].to_numpy(bool),
        late_after_days=late_after_days,
    )


def _judge_distribution(
    figures: Figures,
    given: dict[str, Floats],
    points: pd.DataFrame,
    predictions: pd.DataFrame,
    truth: Truth,
    boot: Bootstrap,
    seed: int,
) -> None:
    """Add to the pooled figures of one model what needs its whole curve: PIT and weekly cash."""
    curve = payment_curve(given, truth.past)
    judged = truth.dates_judged
    if judged.any():
        settled = np.where(truth.event, truth.days_late, CLASS_LIMIT + 1)[judged]
        figures["dates"]["pit"] = pit(
            curve.take(judged), settled, CLASS_LIMIT, truth.invoice[judged], seed=seed
        )
    if "amount" not in points or "predicted_on" not in predictions:
        return
    # an item closed by a credit or a write-off was never going to bring its amount
    once = (points["landmark"] == "issue").to_numpy() & ~points["ended"].isin(["credited", "written_off"])
    invoices = Invoices(
        issued=_day_numbers(predictions["predicted_on"][once]),
        due=_day_numbers(points["due_on"][once]),
        days_late=truth.days_late[once],
        paid=truth.event[once],
        amount=points["amount"][once].to_numpy(np.float64),
    )
    last_known = int(_day_numbers(points["decided_until"]).max())
    cash = cash_error(curve.take(once), invoices, last_known, boot.take(once), seed=seed)
    if cash is not None:
        figures["cash"] = cash


def _day_numbers(days: pd.Series) -> Ints:
    return days.to_numpy("datetime64[D]").astype(np.int64)


def _column(table: pd.DataFrame, name: str) -> Floats | None:
    return table[name].to_numpy(np.float64) if name in table and table[name].notna().any() else None


def _given(table: pd.DataFrame) -> dict[str, Floats]:
    """Return the columns that a model fills; an empty quantile of a filled column is the horizon."""
    named = {name: _column(table, name) for name in PREDICTION}
    given = {name: values for name, values in named.items() if values is not None}
    if "days_until_p10" in given:  # then it gives the others too, and empty means beyond the horizon
        given |= {name: table[name].to_numpy(np.float64) for name in QUANTILES}
    for name in ("p_late", *CLASSES, *CLAIMS):
        if name in given and not np.isfinite(given[name]).all():
            raise ModelError(f"model {table['model'].iloc[0]} leaves some rows of {name} empty: all or none")
    return given
