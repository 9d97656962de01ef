"""The backtest: train at each cutoff, predict what follows, measure at the end of the ledger."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from features.errors import DebtscapeError, ModelError
from features.ledger import fingerprint, newest_fact
from features.outcomes import landmarks
from models import registry
from models.evaluation.evaluate import evaluate
from models.evaluation.lift import lift
from pipelines.backtesting.backtest_report import BacktestInputs, LeftOut, summary_files
from pipelines.backtesting.backtest_table import prediction_table
from pipelines.backtesting.cash_backtest import CASH_ROWS, cash_evaluation, forecast_errors
from pipelines.learning.figures import figures_of
from pipelines.learning.folds import facts_of, fit_all, predict_all, rows_at, sample_points, training_rows
from pipelines.progress import Progress, silent
from pipelines.reading import Reading, read
from pipelines.runs.arrow_tables import to_parquet
from pipelines.runs.durable_files import replace_folder


@dataclass(frozen=True)
class Walk:
    """What a backtest depends on: the whole ledger, and the cutoffs."""

    reading: Reading
    cutoffs: tuple[date, ...]
    until: date


@dataclass(frozen=True)
class Walked:
    """Predictions at grain invoice x landmark x model, what became of each, and the figures.

    `left_out`: the folds that had too little history to learn from, or nothing to predict.
    """

    walk: Walk
    predictions: pd.DataFrame
    outcomes: pd.DataFrame
    evaluation: Mapping[str, Any]
    left_out: tuple[LeftOut, ...] = ()


def backtest(
    config: Path, *, start: date, until: date, every: str, today: date, progress: Progress = silent
) -> dict[str, Any]:
    """Walk forward from `start` to before `until`, write predictions and metrics, return a summary."""
    walk_ = read_for_backtest(config, start=start, until=until, every=every, today=today)
    return write_backtest(walk(walk_, progress))


def read_for_backtest(
    config: Path, *, start: date, until: date, every: str, today: date | None = None
) -> Walk:
    """Read the whole ledger and lay out the cutoffs.

    Raises DebtscapeError for an empty span, or one that the ledger does not reach.
    """
    reading = read(config, as_of=None, today=today or date.today())
    cutoffs = cutoffs_between(start, until, every)
    first = reading.ledger.invoices["known_on"].min().date()
    if start <= first:
        raise DebtscapeError(
            f"--from {start}: nothing was known before it; the first invoice became known on {first}."
        )
    if cutoffs[-1] >= reading.as_of:
        raise DebtscapeError(f"--until {until}: the ledger ends on {reading.as_of - timedelta(days=1)}.")
    return Walk(reading, cutoffs, until)


def cutoffs_between(start: date, until: date, every: str) -> tuple[date, ...]:
    """Return start, start + every, … before `until`; `every` is a number and D, W or M."""
    asked = re.fullmatch(r"([1-9]\d{0,3})([DWM])", every.upper(), re.ASCII)
    if not asked:
        raise DebtscapeError(f"--every {every!r}: write a number and D, W or M, for example 1M or 14D.")
    if start >= until:
        raise DebtscapeError(f"--from {start} is not before --until {until}.")
    number, unit = int(asked[1]), asked[2]
    step = (
        pd.DateOffset(months=number)
        if unit == "M"
        else pd.DateOffset(days=number * (7 if unit == "W" else 1))
    )
    cutoffs = [start]
    while (after := pd.Timestamp(start) + step * len(cutoffs)).date() < until:
        cutoffs.append(after.date())
    return tuple(cutoffs)


def walk(walk_: Walk, progress: Progress = silent) -> Walked:
    """Train as of each cutoff and predict every landmark from it to the next cutoff.

    A fold from which nothing can be learned, or in which nothing is open, is left out and named.
    Raises DebtscapeError when no fold is left.
    """
    reading, settings = walk_.reading, walk_.reading.settings
    books = reading.books
    points = landmarks(books, issued_from=None, before=walk_.until)
    ends = [*walk_.cutoffs[1:], walk_.until]
    per_fold = max(1, settings.predictor.evaluation_rows // len(walk_.cutoffs))
    most_rows = CASH_ROWS // len(walk_.cutoffs)
    predictions, facts, cash, left_out = [], [], [], []
    for fold, (cutoff, end) in enumerate(zip(walk_.cutoffs, ends, strict=True)):
        progress(f"fold {cutoff}", fold, len(walk_.cutoffs) + 1)
        inside = points[(points["day"] >= pd.Timestamp(cutoff)) & (points["day"] < pd.Timestamp(end))]
        if inside.empty:
            left_out.append(LeftOut(cutoff, f"no invoice was open before {end}"))
            continue
        inside = sample_points(inside, per_fold, settings.seed)
        try:
            predictors = fit_all(*training_rows(reading.ledger, cutoff, settings), settings)
        except ModelError as error:
            left_out.append(LeftOut(cutoff, str(error)))
            continue
        rows = rows_at(books, inside, settings)
        predictions.append(predict_all(predictors, inside, rows, cutoff))
        facts.append(facts_of(books, inside, rows, cutoff, reading.as_of, settings))
        errors = forecast_errors(reading, predictors, start=cutoff, end=end, most_rows=most_rows)
        cash.append((cutoff, errors))
    if not predictions:
        raise DebtscapeError(
            f"no fold from {walk_.cutoffs[0]} to {walk_.until} can be measured: {left_out[-1].why}. "
            "Move --from and --until."
        )
    progress("measuring", len(walk_.cutoffs), len(walk_.cutoffs) + 1)
    said, became = pd.concat(predictions, ignore_index=True), pd.concat(facts, ignore_index=True)
    how = {"late_after_days": settings.late_after_days, "seed": settings.seed}
    evaluation = evaluate(said, became, **how) | {
        "lift": lift(said, became, **how),
        "cash": cash_evaluation(cash, seed=settings.seed),
    }
    return Walked(walk_, said, became, evaluation, tuple(left_out))


def write_backtest(walked: Walked) -> dict[str, Any]:
    """Write tables, figures and summary under the output folder, whole or not at all, and log the run."""
    reading, settings = walked.walk.reading, walked.walk.reading.settings
    inputs = _inputs(walked)
    for_people = {
        "metrics.json": json.dumps(walked.evaluation, indent=1, sort_keys=True).encode(),
        **summary_files(inputs, walked.evaluation),
    }
    predictions = prediction_table(walked.predictions, walked.outcomes, reading.ledger.invoices)
    tables = {
        "predictions.parquet": to_parquet(predictions),
        "outcomes.parquet": to_parquet(pa.Table.from_pandas(walked.outcomes)),
    }
    folder = settings.output_folder / "backtests" / inputs.backtest_id
    replace_folder(folder, {**tables, **for_people})
    figures = figures_of(walked.evaluation)
    cutoffs = [day.isoformat() for day in inputs.cutoffs]
    registry.quiet()
    registry.log_run(
        "backtests",
        params={
            "cutoffs": ", ".join(cutoffs),
            "until": inputs.until.isoformat(),
            "ledger": inputs.ledger_fingerprint,
            "settings": inputs.settings_fingerprint,
        },
        metrics={
            f"{row['predictor']}_{name}": value
            for row in figures
            for name, value in row.items()
            if isinstance(value, float)
        },
        files=for_people,
        tracking_uri=settings.tracking_uri,
        tags={"backtest_id": inputs.backtest_id},
    )
    return {
        "backtest_id": inputs.backtest_id,
        "path": str(folder),
        "summary": str(folder / "summary.html"),
        "folds": len(cutoffs) - len(inputs.left_out),
        "left_out": [{"cutoff": fold.cutoff.isoformat(), "why": fold.why} for fold in inputs.left_out],
        "newest_fact": inputs.newest_fact.isoformat(),
        "measured": f"{len(walked.outcomes)} predictions at cutoffs {cutoffs[0]} to {cutoffs[-1]}",
        "figures": figures,
    }


def _inputs(walked: Walked) -> BacktestInputs:
    """Return what the backtest depends on, and its name: a hash of that."""
    reading, cutoffs, until = walked.walk.reading, walked.walk.cutoffs, walked.walk.until
    ledger, settings = fingerprint(reading.ledger), reading.settings.fingerprint()
    whole = [ledger, settings, *(day.isoformat() for day in (*cutoffs, until))]
    return BacktestInputs(
        backtest_id=hashlib.sha256("\n".join(whole).encode()).hexdigest()[:16],
        cutoffs=cutoffs,
        until=until,
        newest_fact=newest_fact(reading.ledger),
        ledger_fingerprint=ledger,
        settings_fingerprint=settings,
        left_out=walked.left_out,
    )
