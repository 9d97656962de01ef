"""Train: fit the models as of a day, measure them, register them, and let the gate decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ModelError
from features.outcomes import landmarks
from features.payment_history import debtor_features
from models import gate, registry
from models.evaluate import evaluate
from models.facts import customers_on
from models.overrides import RULE_SEGMENTS
from models.payment_time import PaymentTime
from models.policy import covers
from models.policy import fingerprint as policy_fingerprint
from models.segmenter import DebtorSegmenter
from pipelines.figures import figures_of
from pipelines.folds import (
    facts_of,
    fit_all,
    payment_time,
    predict_all,
    rows_at,
    sample_points,
    training_rows,
)
from pipelines.progress import Progress, silent
from pipelines.reading import Reading, read

LONGEST_HOLDOUT_DAYS = 180
HOLDOUT_SHARE = 0.25
STEPS = ("learning on the past", "measuring on what followed", "learning on everything", "segments")


@dataclass(frozen=True)
class Training:
    """What a training depends on: the ledger as of the day, and the champion to beat."""

    reading: Reading
    champion: registry.Loaded | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """One model ready to be registered: what the gate says, and what goes into the registry."""

    name: str
    files: Mapping[str, bytes]
    example: pd.DataFrame
    verdict: gate.Verdict
    params: Mapping[str, object]
    metrics: Mapping[str, float] = field(default_factory=dict)
    documents: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """Every model of one training, and how the predictor was measured."""

    training: Training
    models: tuple[Fitted, ...]
    evaluation: Mapping[str, Any]
    measured: str
    warnings: tuple[str, ...]


def train(config: Path, *, as_of: date | None, today: date, progress: Progress = silent) -> dict[str, Any]:
    """Train on what was known before `as_of` and return what was registered and why.

    A refused challenger is a normal result: it is registered, the champion stays.
    """
    progress("reading the ledger", 0, len(STEPS))
    return register(fit(read_for_training(config, as_of=as_of, today=today), progress))


def read_for_training(config: Path, *, as_of: date | None, today: date) -> Training:
    """Read the ledger known before the day, and the champion to beat (None when it cannot be used)."""
    reading = read(config, as_of=as_of, today=today)
    registry.quiet()
    try:
        champion = registry.champion("payment-time", reading.settings.tracking_uri)
    except ModelError as error:
        return Training(reading, None, (f"the present champion cannot be compared with: {error}",))
    if champion is not None and champion.trained_as_of > reading.as_of:
        later = f"the present champion was trained later, as of {champion.trained_as_of}: not compared with"
        return Training(reading, champion, (later,))
    return Training(reading, champion)


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
    rows, outcome = training_rows(reading.ledger, reading.as_of, settings)
    model = payment_time(settings)
    with suppress(ModelError):  # then there is no model to register
        model.fit(rows, outcome)

    progress(STEPS[3], 3, len(STEPS))
    models = [_fitted_payment_time(model, rows, verdict, evaluation)] if hasattr(model, "parameters_") else []
    segments, warnings = _fitted_segments(reading)
    measured = f"what became of invoices from {cutoff} to {reading.as_of - timedelta(days=1)}"
    return Outcome(
        training, (*models, *segments, _fitted_timing(reading)), evaluation, measured, tuple(warnings)
    )


def register(outcome: Outcome) -> dict[str, Any]:
    """Log and register the models; the alias champion moves only where the gate accepts."""
    reading = outcome.training.reading
    uri = reading.settings.tracking_uri
    registered: dict[str, Any] = {}
    for model in outcome.models:
        verdict = model.verdict
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
        )
        alias = "champion" if verdict.accepted else "challenger"
        registry.set_alias(model.name, alias, version, tracking_uri=uri)
        registered[model.name] = {
            "version": version,
            "alias": alias,
            "accepted": verdict.accepted,
            "proven_better": verdict.proven_better,
            "reasons": list(verdict.reasons),
        }
    if "payment-time" not in registered:
        registered["payment-time"] = {
            "version": "",
            "alias": "",
            "accepted": False,
            "proven_better": False,
            "reasons": ["nothing to learn from yet: too few invoices were settled"],
        }
    return {
        "as_of": reading.as_of.isoformat(),
        "models": registered,
        "measured": outcome.measured,
        "figures": figures_of(outcome.evaluation),
        "warnings": [*reading.cleaned.warnings, *outcome.training.warnings, *outcome.warnings],
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
    if training.champion is None or training.champion.trained_as_of > reading.as_of:
        return cutoff
    since = reading.as_of - training.champion.trained_as_of
    return max(cutoff, training.champion.trained_as_of + since / 2)


def _measure(training: Training, cutoff: date, progress: Progress) -> dict[str, Any]:
    """Evaluate the model, every baseline and the champion on the landmarks from the cutoff on."""
    reading = training.reading
    settings = reading.settings
    predictors = fit_all(*training_rows(reading.ledger, cutoff, settings), settings)
    if training.champion is not None and training.champion.trained_as_of <= cutoff:
        predictors[gate.CHAMPION] = training.champion
    progress(STEPS[1], 1, len(STEPS))
    books = reading.books
    points = landmarks(books, issued_from=None, before=reading.as_of)
    points = points[points["day"] >= pd.Timestamp(cutoff)]
    points = sample_points(points, settings.predictor.evaluation_rows, settings.seed)
    rows = rows_at(books, points, settings)
    became = facts_of(books, points, rows, cutoff, reading.as_of, settings)
    predictions = predict_all(predictors, points, rows, cutoff)
    return evaluate(predictions, became, late_after_days=settings.late_after_days, seed=settings.seed)


def _fitted_payment_time(
    model: PaymentTime, rows: pd.DataFrame, verdict: gate.Verdict, evaluation: Mapping[str, Any]
) -> Fitted:
    figures = figures_of(evaluation)
    return Fitted(
        name="payment-time",
        files=model.files(),
        example=rows.head(5),
        verdict=verdict,
        params=model.get_params(),
        metrics={
            f"{row['predictor']}_{name}": value
            for row in figures
            for name, value in row.items()
            if isinstance(value, float)
        },
        documents={"evaluation.json": evaluation},
        tags={"figures": json.dumps(figures)},
    )


def _fitted_segments(reading: Reading) -> tuple[list[Fitted], list[str]]:
    settings = reading.settings
    customers = customers_on(reading.ledger.customers, reading.as_of)
    not_one_debtor = customers.index[customers["type"].isin(["one_time", "intercompany"])]
    known = sorted(set(reading.ledger.invoices["customer_id"]) - set(not_one_debtor))
    debtors = pd.DataFrame({"customer_id": pd.Series(known, dtype="str")})
    points = debtors.assign(day=pd.Timestamp(reading.as_of))
    figures = debtor_features(
        reading.books, points, late_after_days=settings.late_after_days, workers=settings.workers
    ).set_axis(pd.Index(debtors["customer_id"], name="customer_id"))
    model = DebtorSegmenter(clusters=settings.segments.clusters, seed=settings.seed)
    try:
        model.fit(figures)
    except ModelError as error:
        return [], [f"no segments: {error}"]
    uncovered = covers(reading.policy, [*model.parameters_["names"], *RULE_SEGMENTS])
    reasons = [f"{len(model.parameters_['names'])} segments from {len(figures)} debtors", *model.notes_]
    if uncovered:
        reasons = [
            f"the policy does not cover segment {', '.join(uncovered)}: add it to the policy's segments"
        ]
    fitted = Fitted(
        name="debtor-segments",
        files=registry.json_files("debtor-segments", model.parameters_),
        example=figures.head(5),
        verdict=gate.Verdict(accepted=not uncovered, reasons=reasons, proven_better=False),
        params=model.get_params(),
        metrics={"debtors": float(len(figures))},
    )
    return [fitted], []


def _fitted_timing(reading: Reading) -> Fitted:
    """The guards of the structural shift, kept as a version so that a run says which it used."""
    shift = reading.policy.shift.model_dump()
    features = ["settled_invoices_365d", "median_days_late", "spread_days_late"]
    parameters = {**shift, "features": features, "policy": policy_fingerprint(reading.policy)}
    return Fitted(
        name="reminder-timing",
        files=registry.json_files("reminder-timing", parameters),
        example=pd.DataFrame([[8.0, 3.0, 2.0], [8.0, 40.0, 2.0]], columns=features),
        verdict=gate.Verdict(accepted=True, reasons=["the policy's own guards"], proven_better=False),
        params=shift,
    )
