"""Train: fit the models as of a day, measure them, register them, and let the gate decide."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ModelError
from features.outcomes import landmarks
from features.snapshots import NO_HISTORY
from models import registry
from models.evaluation import gate
from models.evaluation.evaluate import evaluate
from pipelines.backtesting.cash_backtest import CASH_ROWS, cash_evaluation, forecast_errors
from pipelines.learning import plug_in
from pipelines.learning.figures import figures_of
from pipelines.learning.fitted_models import Fitted, fitted_payment_time, fitted_segments, fitted_timing
from pipelines.learning.folds import (
    facts_of,
    fit_all,
    payment_time,
    predict_all,
    rows_at,
    sample_points,
    training_rows,
)
from pipelines.learning.leak_probe import probe_leaks
from pipelines.learning.tuning import tune
from pipelines.progress import Progress, silent
from pipelines.reading import Reading, read

LONGEST_HOLDOUT_DAYS = 180
HOLDOUT_SHARE = 0.25
STEPS = ("learning on the past", "measuring on what followed", "learning on everything", "segments")


@dataclass(frozen=True)
class Training:
    """What a training depends on: the ledger as of the day, the champion to beat, the segments to continue.

    `accept_segments`: new segments may replace the old ones whoever moves.
    """

    reading: Reading
    champion: registry.Loaded | None
    warnings: tuple[str, ...] = ()
    segments: registry.Loaded | None = None
    accept_segments: bool = False


@dataclass(frozen=True)
class Outcome:
    """Every model of one training, and how the predictor was measured."""

    training: Training
    models: tuple[Fitted, ...]
    evaluation: Mapping[str, Any]
    measured: str
    warnings: tuple[str, ...]


def train(
    config: Path,
    *,
    as_of: date | None,
    today: date,
    minutes: float | None = None,
    accept_segments: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Train on what was known before `as_of` and return what was registered and why.

    With `minutes`, settings of the boosting are searched for so long, and used. With `accept_segments` new
    segments replace the old ones whoever moves. A refused challenger is a normal result: it is registered,
    the champion stays.
    """
    progress("reading the ledger", 0, len(STEPS))
    training = replace(read_for_training(config, as_of=as_of, today=today), accept_segments=accept_segments)
    if minutes is None:
        return register(fit(training, progress))
    tuning = tune(training.reading, holdout_cutoff(training), minutes=minutes, progress=progress)
    reading = replace(training.reading, settings=tuning.settings(training.reading.settings))
    return register(fit(replace(training, reading=reading), progress)) | {"tuning": tuning.summary()}


def read_for_training(config: Path, *, as_of: date | None, today: date) -> Training:
    """Read the ledger known before the day, and the champion to beat.

    There is none to beat, and a warning says why, where the champion cannot be read, calls something
    else late, has another horizon, or has already seen the days on which the two would be compared.
    """
    reading = read(config, as_of=as_of, today=today)
    registry.quiet()
    warnings: list[str] = []
    champion = segments = None
    try:
        champion = plug_in.champion("payment-time", reading.settings)
        why_not = _incomparable(champion, reading) if champion else None
    except ModelError as error:
        why_not = str(error)
    if why_not:
        champion = None
        warnings.append(f"not compared with the present model: {why_not}")
    try:
        segments = plug_in.champion("debtor-segments", reading.settings)
    except ModelError as error:
        warnings.append(f"the new segments do not continue the present ones: {error}")
    return Training(reading, champion, tuple(warnings), segments)


def _incomparable(champion: registry.Loaded, reading: Reading) -> str | None:
    limit = champion.parameters["late_after_days"]
    if limit != reading.settings.late_after_days:
        return f"it calls late what is more than {limit} days after due"
    horizon = reading.settings.predictor.horizon_days
    days = champion.parameters["horizon_days"]
    if days != horizon:
        return f"it names no day beyond {days} days, {horizon} are configured"
    if champion.trained_as_of >= reading.as_of:
        return f"it was trained as of {champion.trained_as_of}, and no day has passed since then"
    return None


def fit(training: Training, progress: Progress = silent) -> Outcome:
    """Fit and measure; pure but for the progress it reports.

    The measure comes from a model that was trained at an earlier cutoff and predicts what followed;
    the model that is registered then learns from everything known before the day.
    """
    reading = training.reading
    settings = reading.settings
    progress(STEPS[0], 0, len(STEPS))
    cutoff = holdout_cutoff(training)
    evaluation: Mapping[str, Any] = {"models": {}}
    try:
        evaluation = _measure(training, cutoff, progress)
        verdict = gate.decide(evaluation)
    except ModelError as error:
        verdict = gate.Verdict(accepted=False, reasons=[str(error)], proven_better=False)

    progress(STEPS[2], 2, len(STEPS))
    measured = f"what became of invoices from {cutoff} to {reading.as_of - timedelta(days=1)}"
    learned_from = training_rows(reading.ledger, reading.as_of, settings)
    models = []
    with suppress(ModelError):  # then there is no model to register
        model = payment_time(settings).fit(*learned_from)
        models = [fitted_payment_time(model, learned_from, verdict, evaluation, reading, measured)]

    progress(STEPS[3], 3, len(STEPS))
    segments, warnings = fitted_segments(reading, cutoff, training.segments, accept=training.accept_segments)
    return Outcome(
        training, (*models, *segments, fitted_timing(reading)), evaluation, measured, tuple(warnings)
    )


def register(outcome: Outcome) -> dict[str, Any]:
    """Log and register the models; the alias champion moves only where the gate accepts."""
    reading = outcome.training.reading
    registered = {model.name: _register(model, reading) for model in outcome.models}
    if "payment-time" not in registered:
        no_history = [warning for warning in reading.cleaned.warnings if NO_HISTORY in warning]
        nothing = no_history or ["nothing to learn from yet: too few invoices were settled"]
        registered["payment-time"] = _said("", "", gate.Verdict(False, nothing, False))
    return {
        "as_of": reading.as_of.isoformat(),
        "models": registered,
        "measured": outcome.measured,
        "figures": figures_of(outcome.evaluation),
        "warnings": [*reading.cleaned.warnings, *outcome.training.warnings, *outcome.warnings],
    }


def _register(model: Fitted, reading: Reading) -> dict[str, Any]:
    """Register one model, unless it is the champion over again, and say what became of it."""
    uri, verdict = reading.settings.tracking_uri, model.verdict
    try:
        present = plug_in.champion(model.name, reading.settings)
    except ModelError:
        present = None
    same = present is not None and present.fingerprint == registry.fingerprint_of(model.files)
    if present is not None and same and present.trained_as_of <= reading.as_of:
        verdict = gate.Verdict(True, [f"the same model as version {present.version}"], False)
        return _said(present.version, "champion", verdict)
    version = registry.log_version(
        model.name,
        model.files,
        example=model.example,
        trained_as_of=reading.as_of,
        tracking_uri=uri,
        metrics=model.metrics,
        params=model.params,
        documents=model.documents,
        tags={"accepted": str(verdict.accepted).lower(), **model.tags},
        trusted=reading.settings.predictor.estimator_types,
    )
    alias = "champion" if verdict.accepted else "challenger"
    registry.set_alias(model.name, alias, version, tracking_uri=uri)
    return _said(version, alias, verdict)


def _said(version: str, alias: str, verdict: gate.Verdict) -> dict[str, Any]:
    return {
        "version": version,
        "alias": alias,
        "accepted": verdict.accepted,
        "proven_better": verdict.proven_better,
        "reasons": list(verdict.reasons),
        "rule_segments": dict(verdict.rule_segments),
    }


def holdout_cutoff(training: Training) -> date:
    """Return the day that parts learning from measuring: at most 180 days, a quarter of the history.

    Where there is a champion it lies halfway from the champion's training day at the earliest: what
    is measured is then new to the champion too, and the newcomer has newer facts to show for itself.
    """
    reading = training.reading
    first = reading.ledger.invoices["known_on"].min().date()
    span = (reading.as_of - first).days
    cutoff = reading.as_of - timedelta(days=min(LONGEST_HOLDOUT_DAYS, int(span * HOLDOUT_SHARE)))
    if training.champion is None:
        return cutoff
    since = reading.as_of - training.champion.trained_as_of
    return max(cutoff, training.champion.trained_as_of + since / 2)


def _measure(training: Training, cutoff: date, progress: Progress) -> dict[str, Any]:
    """Evaluate the model, every baseline and the champion on the landmarks from the cutoff on."""
    reading = training.reading
    settings = reading.settings
    predictors = fit_all(*training_rows(reading.ledger, cutoff, settings), settings)
    if training.champion is not None:
        predictors[gate.CHAMPION] = training.champion
    progress(STEPS[1], 1, len(STEPS))
    books = reading.books
    points = landmarks(books, issued_from=None, before=reading.as_of)
    points = points[points["day"] >= pd.Timestamp(cutoff)]
    points = sample_points(points, settings.predictor.evaluation_rows, settings.seed)
    rows = rows_at(books, points, settings)
    became = facts_of(books, points, rows, cutoff, reading.as_of, settings)
    predictions = predict_all(predictors, points, rows, cutoff)
    figures = evaluate(predictions, became, late_after_days=settings.late_after_days, seed=settings.seed)
    errors = forecast_errors(reading, predictors, start=cutoff, end=reading.as_of, most_rows=CASH_ROWS)
    return figures | {
        "leak": probe_leaks(reading.ledger, points, rows, settings),
        "cash": cash_evaluation([(cutoff, errors)], seed=settings.seed),
    }
