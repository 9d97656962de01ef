"""The figures of one model on one set of points, by outcome: lateness, class, day of payment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from models.evaluation import metrics
from models.evaluation.metrics import Bootstrap, Flags, Floats, Ints, figure
from models.evaluation.truth import CLASS_LIMIT, Truth
from models.scorer import CLAIMS, CLASS_BORDERS, CLASSES, HORIZON_DAYS, QUANTILES

TAIL = 0.1
"""What lies before P10, and after P90, where a model does not say so itself in the columns CLAIMS."""

AGREES_WITHIN = 0.02
"""Distance of observed and claimed coverage that is called agreement whatever the interval says."""

CHANCE_DRAWS = 200
"""Draws behind the calibration error of a perfectly calibrated model."""

Figures = dict[str, Any]


def figures_of(
    given: Mapping[str, Floats], truth: Truth, boot: Bootstrap, reference: Floats | None, seed: int
) -> Figures:
    """Return the figures of one model on one set of points, by outcome."""
    result: Figures = {"points": len(truth.past), "debtors": len(np.unique(boot.codes))}
    late_rows = truth.past <= truth.late_after_days
    class_rows = truth.past <= CLASS_LIMIT
    month_rows = np.isin(truth.past + 30, CLASS_BORDERS)
    parts: list[tuple[str, tuple[str, ...], Flags, Ints, Callable[..., Figures]]] = [
        ("late", ("p_late",), late_rows, np.full(len(truth.past), truth.late_after_days), _late_figures),
        ("classes", CLASSES, class_rows, np.full(len(truth.past), CLASS_LIMIT), _class_figures),
        ("paid_within_30_days", CLASSES, month_rows, truth.past + 30, _month_figures),
        ("dates", ("days_until_p50",), late_rows, np.full(len(truth.past), CLASS_LIMIT), _date_figures),
    ]
    for name, columns_needed, rows, limit, figures in parts:
        if not set(columns_needed) <= set(given):
            continue
        decided = rows & (truth.decided >= limit)
        result[name] = {
            "points": int(decided.sum()),
            "not_yet_measurable": int((rows & ~decided & truth.still_open).sum()),
            "never_measurable": int((rows & ~decided & ~truth.still_open).sum()),
        }
        if decided.any():
            columns = {column: values[decided] for column, values in given.items()}
            skill_from = None if reference is None else reference[decided]
            result[name] |= figures(columns, truth.take(decided), boot.take(decided), skill_from, seed)
    if "days_until_p50" in given and len(truth.past):
        wait = _until(given["days_until_p50"], truth.past)
        followed = np.minimum(truth.days_late - truth.past, HORIZON_DAYS)
        paid = truth.event & (truth.days_late - truth.past <= HORIZON_DAYS)
        result["c_index"] = figure(metrics.concordance(followed, paid, np.minimum(wait, HORIZON_DAYS), boot))
    return result


def _late_figures(
    given: Mapping[str, Floats], truth: Truth, boot: Bootstrap, reference: Floats | None, seed: int
) -> Figures:
    late, probability = truth.late, np.clip(given["p_late"], 0, 1)
    area, precision = metrics.ranking(late, probability, boot)
    squared = metrics.brier(late, probability, boot)
    by_chance = metrics.calibrated_error(probability, truth.invoice, draws=CHANCE_DRAWS, seed=seed)
    result: Figures = {
        "late": int(late.sum()),
        "late_invoices": truth.invoices(late),
        "on_time_invoices": truth.invoices(~late),
        "auc": figure(area),
        "average_precision": figure(precision),
        "brier": figure(squared),
        "log_loss": figure(metrics.log_loss(np.where(late, probability, 1 - probability), boot)),
        "ece": figure(metrics.calibration_error(late, probability, boot)),
        "ece_if_calibrated": {
            "mean": round(float(by_chance.mean()), 6),
            "p95": round(float(np.percentile(by_chance, 95)), 6),
        },
        "reliability": metrics.reliability(late, probability),
    }
    if reference is not None:
        base = metrics.brier(late, reference, boot)
        skill = 1 - np.divide(squared, base, out=np.full(len(base), np.nan), where=base > 0)
        result["brier_skill"] = figure(skill)
    return result


def _class_figures(given: Mapping[str, Floats], truth: Truth, boot: Bootstrap, *_: object) -> Figures:
    probabilities = np.stack([given[name] for name in CLASSES], axis=1)
    actual = np.searchsorted(CLASS_BORDERS, np.where(truth.event, truth.days_late, CLASS_LIMIT + 1))
    happened = np.eye(len(CLASSES))[actual]
    return {
        "macro_f1": figure(metrics.macro_f1(actual, probabilities.argmax(axis=1), len(CLASSES), boot)),
        "brier": figure(boot.mean(((probabilities - happened) ** 2).sum(axis=1))),
        "log_loss": figure(metrics.log_loss((probabilities * happened).sum(axis=1), boot)),
    }


def _month_figures(given: Mapping[str, Floats], truth: Truth, boot: Bootstrap, *_: object) -> Figures:
    """Payment within 30 days, which the classes give on the landmarks that lie on a class border."""
    by_border = np.cumsum(np.stack([given[name] for name in CLASSES], axis=1), axis=1)
    column = np.searchsorted(CLASS_BORDERS, truth.past + 30)
    probability = np.clip(by_border[np.arange(len(column)), column], 0, 1)
    paid = truth.event & (truth.days_late <= truth.past + 30)
    return {
        "paid": int(paid.sum()),
        "auc": figure(metrics.ranking(paid, probability, boot)[0]),
        "brier": figure(metrics.brier(paid, probability, boot)),
    }


def _date_figures(given: Mapping[str, Floats], truth: Truth, boot: Bootstrap, *_: object) -> Figures:
    """Median and interval against the day of payment up to due, both followed up to due + 90 only.

    That day is known for every point here, also for the unpaid ones; judging the paid ones alone would
    favour whoever predicts early. An interval that reaches the end of what is followed cannot be
    missed on its late side, so it claims that tail too.
    """
    waited, end = _followed(truth)
    missed = _missed(given["days_until_p50"], truth)
    result = {
        "mae_days": figure(boot.mean(missed)),
        "within_3_days": figure(boot.mean((missed <= 3).astype(np.float64))),
    }
    if not set(QUANTILES) <= set(given):
        return result
    low, high = (_until(given[name], truth.past) for name in ("days_until_p10", "days_until_p90"))
    before, after = (given.get(name, np.full(len(end), TAIL)) for name in CLAIMS)
    claimed = 1 - before - after * (high < end)
    inside = (np.minimum(low, end) <= waited) & (waited <= np.minimum(high, end))
    coverage, claims = figure(boot.mean(inside.astype(np.float64))), round(float(claimed.mean()), 6)
    return result | {
        "coverage": coverage,
        "claimed_coverage": claims,
        "coverage_agrees": _agrees(coverage, claims),
        "width_days": figure(boot.mean(high - low)),
    }


def _agrees(observed: dict[str, float | None] | None, claimed: float) -> bool:
    """Whether the claim is within 2 points of what was observed, or inside its interval."""
    if observed is None or observed["value"] is None:
        return False
    low, high = observed["low"], observed["high"]
    within = low is not None and high is not None and low <= claimed <= high
    return within or abs(observed["value"] - claimed) <= AGREES_WITHIN


def difference(
    model: Mapping[str, Floats], other: Mapping[str, Floats], truth: Truth, boot: Bootstrap
) -> Figures:
    """Return the model's error minus the other's on the same rows, for what both give.

    brier: of lateness. mae_days: of the median day. Negative is in favour of the model.
    """
    result: Figures = {}
    if "p_late" in model and "p_late" in other:
        rows = truth.late_judged
        late = truth.late[rows]
        squared = [(np.clip(given["p_late"][rows], 0, 1) - late) ** 2 for given in (model, other)]
        result["brier"] = figure(boot.take(rows).mean(squared[0] - squared[1]))
    if "days_until_p50" in model and "days_until_p50" in other:
        rows = truth.dates_judged
        judged = truth.take(rows)
        missed = [_missed(given["days_until_p50"][rows], judged) for given in (model, other)]
        result["mae_days"] = figure(boot.take(rows).mean(missed[0] - missed[1]))
    return result


def _followed(truth: Truth) -> tuple[Floats, Floats]:
    """Return days waited until payment, cut off at due + 90, and the days up to that cut."""
    end = (CLASS_LIMIT - truth.past).astype(np.float64)
    return np.minimum(np.where(truth.event, truth.days_late - truth.past, np.inf), end), end


def _missed(median: Floats, truth: Truth) -> Floats:
    waited, end = _followed(truth)
    missed: Floats = np.abs(np.minimum(_until(median, truth.past), end) - waited)
    return missed


def _until(days: Floats, past: Ints) -> Floats:
    """Return the quantile, at most HORIZON_DAYS, also where it is empty.

    Whatever horizon a model was asked for, its days are judged up to due + 90 and its order up to a year.
    """
    until: Floats = np.fmin(days, HORIZON_DAYS + np.maximum(0, -past))
    return until
