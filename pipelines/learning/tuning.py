"""How the boosting should grow on this ledger: a search on folds that end before the holdout begins."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ConfigurationError, ModelError
from features.ledger import known_before
from features.outcomes import CLASS_LIMIT, landmarks
from models.evaluation.metrics import LEAST_PROBABILITY, Bootstrap
from models.scorer import CLASS_BORDERS, CLASSES, Floats, Ints
from pipelines.learning.folds import became_of, payment_time, rows_at, sample_points, training_rows
from pipelines.progress import Progress, silent
from pipelines.reading import Reading, books_of
from pipelines.settings import Settings

SEARCHED: Mapping[str, tuple[type, float, float]] = {
    "learning_rate": (float, 0.02, 0.4),
    "max_leaf_nodes": (int, 4, 64),
    "min_samples_leaf": (int, 10, 1000),
    "l2_regularization": (float, 0.01, 100.0),
}
"""Setting → kind, least and most; searched on a logarithmic scale."""

FOLDS = 3
LEARNED_SHARE = 0.5
"""Part of the history that the first fold learns from; the folds divide the rest of it."""

FOLD_ROWS, FOLD_POINTS, FEWEST_POINTS = 8_000, 4_000, 100
"""Most rows that a fold learns from, most points it is asked about, and fewest."""

RESAMPLES = 500


@dataclass(frozen=True)
class Fold:
    """What a fold learns from, and what it is asked about: rows, their debtors, the class each fell into."""

    learned: tuple[pd.DataFrame, pd.DataFrame]
    asked: pd.DataFrame
    customers: pd.Series
    fell_into: Ints


@dataclass(frozen=True)
class Tuning:
    """What a search found. `values`: the settings to train with; the configured ones unless `better`.

    configured_loss, best_loss: mean negative log-likelihood of the class of the points, in nats.
    standard_error: of their difference, by bootstrap over debtors. tried: settings that were begun with;
    pruned: those of them that were given up before the last fold.
    """

    values: Mapping[str, float]
    better: bool
    configured_loss: float
    best_loss: float
    standard_error: float
    tried: int
    pruned: int

    def settings(self, settings: Settings) -> Settings:
        """Return the settings with the found values in place."""
        return _with(settings, self.values)

    def summary(self) -> dict[str, Any]:
        """Return what is told about the search, and the lines for the configuration where there is news."""
        gain = f"{self.configured_loss - self.best_loss:.4f} (standard error {self.standard_error:.4f})"
        lines = ["predictor:", *(f"  {name}: {value}" for name, value in self.values.items())]
        if self.better:
            said = f"better by {gain}; used now, and kept by these lines in the configuration"
        elif self.best_loss < self.configured_loss:
            said = f"the best is better by {gain}, which may be chance: the configured settings stay"
        else:
            said = "none was better: the configured settings stay"
        return {
            "values": dict(self.values),
            "better": self.better,
            "configured_loss": self.configured_loss,
            "best_loss": self.best_loss,
            "standard_error": self.standard_error,
            "tried": self.tried,
            "pruned": self.pruned,
            "said": f"Tuning: {self.tried} settings tried, {self.pruned} given up early; {said}.",
            "lines": lines if self.better else [],
        }


def tune(
    reading: Reading,
    before: date,
    *,
    minutes: float,
    trials: int | None = None,
    progress: Progress = silent,
) -> Tuning:
    """Return the best settings of the boosting, as far as `minutes` (or `trials`) allow to search.

    Only facts known before the day `before` are used: train measures on what comes after. The configured
    settings are tried first, and stay unless others are better by more than the standard error.
    Raises ConfigurationError for a search that cannot be, ModelError when there is too little history.
    """
    settings = reading.settings
    if not 0 < minutes < float("inf"):
        raise ConfigurationError(f"--minutes {minutes}: give the search some time, for example --minutes 10")
    if settings.predictor.estimator is not None:
        raise ConfigurationError(
            "--tune searches settings of the shipped model, which predictor.estimator replaces: leave one out"
        )
    started = time.monotonic()
    progress("tuning: laying out the folds", 0, round(60 * minutes))
    folds = folds_before(reading, before)
    losses: dict[int, Floats] = {}

    def out_of_time() -> bool:
        return time.monotonic() - started > 60 * minutes

    def loss_of(trial: Any) -> float:
        from optuna import TrialPruned

        values = _suggested(trial, settings)
        chosen = settings if trial.number == 0 else _with(settings, values)
        parts: list[Floats] = []
        for number, fold in enumerate(folds):
            parts.append(class_losses(fold, chosen))
            so_far = float(np.concatenate(parts).mean())
            trial.report(so_far, number)
            done = round(min(time.monotonic() - started, 60 * minutes))
            progress(f"tuning: setting {trial.number + 1}, log loss {so_far:.4f}", done, round(60 * minutes))
            # without the first one whole there is nothing to compare with
            if trial.number > 0 and (trial.should_prune() or (out_of_time() and number + 1 < len(folds))):
                raise TrialPruned
        losses[trial.number] = np.concatenate(parts)
        return so_far

    study = _study(settings)
    study.optimize(
        loss_of, n_trials=trials, callbacks=[lambda study, _: study.stop() if out_of_time() else None]
    )
    best = study.best_trial.number
    gain = losses[0] - losses[best]
    customers = pd.concat([fold.customers for fold in folds], ignore_index=True)
    drawn = Bootstrap.over(customers, resamples=RESAMPLES, seed=settings.seed).mean(gain)
    error = float(np.std(drawn[1:]))
    better = float(gain.mean()) > error
    return Tuning(
        values=_rounded(study.best_trial.params) if better else _configured(settings),
        better=better,
        configured_loss=float(losses[0].mean()),
        best_loss=float(losses[best].mean()),
        standard_error=error,
        tried=len(study.trials),
        pruned=len(study.trials) - len(losses),
    )


def folds_before(reading: Reading, before: date) -> Sequence[Fold]:
    """Return time-ordered folds of what was known before the day.

    Each learns as of its cutoff, and is asked about the landmarks from there to the next one whose class
    was decided before the day, whichever way it went.
    """
    settings = reading.settings
    few = settings.predictor.model_copy(
        update={"training_rows": min(FOLD_ROWS, settings.predictor.training_rows)}
    )
    settings = settings.model_copy(update={"predictor": few})
    ledger = known_before(reading.ledger, before)
    books = books_of(ledger, settings)
    first = reading.ledger.invoices["known_on"].min().date()
    span = (before - timedelta(days=CLASS_LIMIT) - first).days
    shares = np.linspace(LEARNED_SHARE, 1, FOLDS + 1)
    cutoffs = [first + timedelta(days=int(span * share)) for share in shares]
    folds = []
    for cutoff, end in pairwise(cutoffs):
        points = landmarks(books, issued_from=None, before=end)
        points = points[points["day"] >= pd.Timestamp(cutoff)]
        became = became_of(books, points, before, settings)
        points = became[became["classes_measurable"] & (became["days_past_due"] <= CLASS_LIMIT)]
        points = sample_points(points, FOLD_POINTS, settings.seed)
        if len(points) < FEWEST_POINTS:
            raise ModelError(
                f"too little history to tune on: of {len(points)} predictions from {cutoff} to {end} it was "
                f"known before {before} what became of them, {FEWEST_POINTS} are needed. Leave out --tune"
            )
        late = np.where(points["event"], points["days_late"], CLASS_LIMIT + 1)
        folds.append(
            Fold(
                learned=training_rows(ledger, cutoff, settings),
                asked=rows_at(books, points, settings),
                customers=points["customer_id"],
                fell_into=np.searchsorted(CLASS_BORDERS, late).astype(np.int64),
            )
        )
    return folds


def class_losses(fold: Fold, settings: Settings) -> Floats:
    """Return the negative log of the probability that a model of these settings gave each point's class."""
    said = payment_time(settings).fit(*fold.learned).predict(fold.asked)[list(CLASSES)].to_numpy()
    given = said[np.arange(len(said)), fold.fell_into]
    losses: Floats = -np.log(np.clip(given, LEAST_PROBABILITY, 1))
    return losses


def _study(settings: Settings) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=settings.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
    )
    within = {
        name: kind(np.clip(_configured(settings)[name], least, most))
        for name, (kind, least, most) in SEARCHED.items()
    }
    study.enqueue_trial(within)
    return study


def _suggested(trial: Any, settings: Settings) -> dict[str, float]:
    return _rounded(
        {
            name: trial.suggest_int(name, least, most, log=True)
            if kind is int
            else trial.suggest_float(name, least, most, log=True)
            for name, (kind, least, most) in SEARCHED.items()
        }
    )


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values as they are printed: three digits are enough."""
    return {
        name: value if SEARCHED[name][0] is int else float(f"{value:.3g}") for name, value in values.items()
    }


def _configured(settings: Settings) -> dict[str, float]:
    return {name: getattr(settings.predictor, name) for name in SEARCHED}


def _with(settings: Settings, values: Mapping[str, float]) -> Settings:
    predictor = settings.predictor.model_copy(update=dict(values))
    return settings.model_copy(update={"predictor": predictor})
