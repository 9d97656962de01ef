"""How many landmark rows the predictor needs to learn from: where more of the same teach nothing new.

    python tests/benchmarks/learning_curve.py

One validation fold of a simulated portfolio that is not the demonstration's, inside the first 80 % of its
invoices: trained when 60 % were issued, asked about the landmarks until 70 %, outcomes known by 80 %.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
from family_comparison import SEED, UNTIL_SHARE, difference, fold, shown
from public_ledgers import issue_day_at, markdown, read_simulated

from features.ledger import known_before
from models.evaluation.evaluate import MODEL, evaluate
from models.payment.payment_time import PaymentTime
from pipelines.learning.folds import payment_time, predict_all, training_rows
from pipelines.reading import Reading
from pipelines.settings import Settings

SIZES = (5_000, 10_000, 20_000, 30_000, 60_000)
FROM_SHARE, TO_SHARE = 0.6, 0.7
POINTS = 60_000
"""Three times the points that a fold of the comparison has: the differences are small."""

RESAMPLES = 100
HEADER = ("rows asked for", "rows found", "log loss, classes", "AUC", "MAE, days", "fit, s",
          "default - it: Brier", "MAE, days")  # fmt: skip


def curve(
    reading: Reading, sizes: Sequence[int] = SIZES, *, resamples: int = RESAMPLES
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the evaluation with a model per size, and per size the rows found and the seconds of the fit.

    The model of the size that is the default goes by the name of the shipped one: the others are compared
    with it on the same points.
    """
    until = issue_day_at(reading, UNTIL_SHARE)
    ledger = known_before(reading.ledger, until)
    cut, end = (issue_day_at(reading, share) for share in (FROM_SHARE, TO_SHARE))
    part = fold(ledger, cut, end, until, of_size(reading.settings, evaluation_rows=POINTS))
    models: dict[str, PaymentTime] = {}
    seconds = {}
    for size in sizes:
        settings = of_size(reading.settings, training_rows=size)
        learned = training_rows(ledger, cut, settings)
        start = time.perf_counter()
        models[name_of(size, reading.settings)] = payment_time(settings).fit(*learned)
        seconds[size] = (len(learned[0]), time.perf_counter() - start)
    evaluation = evaluate(
        predict_all(models, part.points, part.rows, part.cutoff),
        part.became,
        late_after_days=reading.settings.late_after_days,
        seed=reading.settings.seed,
        resamples=resamples,
    )
    return evaluation, pd.DataFrame.from_dict(seconds, orient="index", columns=["rows", "fit"])


def of_size(settings: Settings, **sizes: int) -> Settings:
    """Return the settings with other sizes of the predictor."""
    return settings.model_copy(update={"predictor": settings.predictor.model_copy(update=sizes)})


def name_of(size: int, settings: Settings) -> str:
    """Return the name by which the model of a size is evaluated."""
    return MODEL if size == settings.predictor.training_rows else str(size)


def table_of(evaluation: dict[str, Any], seconds: pd.DataFrame, settings: Settings) -> str:
    """Return the Markdown table, one row per size."""
    rows = []
    for size, (found, taken) in zip(seconds.index, seconds.to_numpy().tolist(), strict=True):
        name = name_of(size, settings)
        figures = evaluation["models"][name]["pooled"]
        against = evaluation["comparisons"].get(name, {})
        rows.append(
            [
                f"{size:,}" + (" (default)" if name == MODEL else ""),
                f"{found:,.0f}",
                shown(figures["classes"]["log_loss"], 4),
                shown(figures["late"]["auc"], 4),
                shown(figures["dates"]["mae_days"], 2),
                f"{taken:.1f}",
                difference(against.get("brier"), 4),
                difference(against.get("mae_days"), 2),
            ]
        )
    return markdown(HEADER, rows)


def main() -> None:
    """Draw the curve and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED, help="of the simulated portfolio")
    reading = read_simulated(seed=parser.parse_args().seed)
    evaluation, seconds = curve(reading)
    pooled = evaluation["models"][MODEL]["pooled"]
    print(
        f"{pooled['late']['points']:,} points judged by lateness, {pooled['classes']['points']:,} by class\n"
    )
    print(table_of(evaluation, seconds, reading.settings))


if __name__ == "__main__":
    main()
