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

from features.errors import DebtscapeError
from features.ledger import fingerprint, newest_fact
from features.outcomes import landmarks
from models.evaluate import evaluate
from pipelines.arrow_tables import to_parquet
from pipelines.backtest_table import prediction_table
from pipelines.durable_files import make_folder, remove, rename, write_file
from pipelines.figures import figures_of
from pipelines.folds import facts_of, fit_all, predict_all, rows_at, sample_points, training_rows
from pipelines.progress import Progress, silent
from pipelines.reading import Reading, read


@dataclass(frozen=True)
class Walk:
    """What a backtest depends on: the whole ledger, and the cutoffs."""

    reading: Reading
    cutoffs: tuple[date, ...]
    until: date


@dataclass(frozen=True)
class Walked:
    """Predictions at grain invoice x landmark x model, what became of each, and the figures."""

    walk: Walk
    predictions: pd.DataFrame
    outcomes: pd.DataFrame
    evaluation: Mapping[str, Any]


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
    """Train as of each cutoff and predict every landmark from it to the next cutoff."""
    reading, settings = walk_.reading, walk_.reading.settings
    books = reading.books
    points = landmarks(books, issued_from=None, before=walk_.until)
    ends = [*walk_.cutoffs[1:], walk_.until]
    per_fold = max(1, settings.predictor.evaluation_rows // len(walk_.cutoffs))
    predictions, facts = [], []
    for fold, (cutoff, end) in enumerate(zip(walk_.cutoffs, ends, strict=True)):
        progress(f"fold {cutoff}", fold, len(walk_.cutoffs) + 1)
        inside = points[(points["day"] >= pd.Timestamp(cutoff)) & (points["day"] < pd.Timestamp(end))]
        if inside.empty:
            continue
        inside = sample_points(inside, per_fold, settings.seed)
        predictors = fit_all(*training_rows(reading.ledger, cutoff, settings), settings)
        rows = rows_at(books, inside, settings)
        predictions.append(predict_all(predictors, inside, rows, cutoff))
        facts.append(facts_of(books, inside, rows, cutoff, reading.as_of, settings))
    if not predictions:
        raise DebtscapeError(f"no invoice was open between {walk_.cutoffs[0]} and {walk_.until}.")
    progress("measuring", len(walk_.cutoffs), len(walk_.cutoffs) + 1)
    said, became = pd.concat(predictions, ignore_index=True), pd.concat(facts, ignore_index=True)
    return Walked(
        walk_,
        said,
        became,
        evaluate(said, became, late_after_days=settings.late_after_days, seed=settings.seed),
    )


def write_backtest(walked: Walked) -> dict[str, Any]:
    """Write predictions, outcomes and metrics under the output folder, whole or not at all."""
    reading, settings = walked.walk.reading, walked.walk.reading.settings
    cutoffs = [day.isoformat() for day in walked.walk.cutoffs]
    inputs = [fingerprint(reading.ledger), settings.fingerprint(), *cutoffs, walked.walk.until.isoformat()]
    name = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:16]
    folder = settings.output_folder / "backtests" / name
    metrics = json.dumps(walked.evaluation, indent=1, sort_keys=True)
    predictions = prediction_table(walked.predictions, walked.outcomes, reading.ledger.invoices)
    hidden = folder.with_name(f".tmp-{name}")
    for left in (hidden, folder):  # half of one that died; the same backtest of an earlier day
        if left.exists():
            remove(left)
    make_folder(hidden)
    write_file(hidden / "predictions.parquet", to_parquet(predictions))
    write_file(hidden / "outcomes.parquet", to_parquet(pa.Table.from_pandas(walked.outcomes)))
    write_file(hidden / "metrics.json", metrics.encode())
    rename(hidden, folder)
    return {
        "backtest_id": name,
        "path": str(folder),
        "folds": len(cutoffs),
        "newest_fact": newest_fact(reading.ledger).isoformat(),
        "measured": f"{len(walked.outcomes)} predictions at cutoffs {cutoffs[0]} to {cutoffs[-1]}",
        "figures": figures_of(walked.evaluation),
    }
