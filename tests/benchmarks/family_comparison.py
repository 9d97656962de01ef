"""Which family of models to keep: each alone, averages of them, the rule, and quantile boosting.

    python tests/benchmarks/family_comparison.py

Everything happens inside the first 80 % of the invoices by issue date: the rest of a ledger is cut off.
Folds begin when 50, 60 and 70 % were issued; each trains on what was known before it and predicts the
landmarks up to the next; outcomes are looked up at the end of the 80 %. The simulated portfolio is not the
demonstration's.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from model_families import families
from public_ledgers import issue_day_at, markdown, read_public, read_simulated

from features.ledger import Ledger, known_before
from features.outcomes import landmarks, outcomes
from models.evaluation.evaluate import MODEL, evaluate
from pipelines.learning.folds import predict_all, rows_at, sample_points, training_rows
from pipelines.reading import Reading, books_of
from pipelines.settings import Settings

SHARES = (0.5, 0.6, 0.7)
UNTIL_SHARE = 0.8
SEED = 2
RESAMPLES = 100
NAMES = {
    "hazard": "hazard alone",
    "classes": "classes alone",
    "linear": "linear alone",
    "equal": "equal average",
    "unsharpened": "learned pool, not sharpened",
    MODEL: "learned pool (shipped)",
    "rule": "rule",
    "quantiles": "quantile boosting",
}
FIGURES = {
    "AUC": ("late", "auc", 3),
    "log loss, late": ("late", "log_loss", 4),
    "log loss, classes": ("classes", "log_loss", 4),
    "MAE, days": ("dates", "mae_days", 2),
    "inside": ("dates", "coverage", 3),
    "claimed": ("dates", "claimed_coverage", 3),
    "ECE": ("late", "ece", 3),
}
"""Column -> outcome, name and digits of a figure."""


class Fold(NamedTuple):
    """One validation fold: what is learned from, and what is asked and became of it."""

    cutoff: date
    learned: tuple[pd.DataFrame, pd.DataFrame]
    points: pd.DataFrame
    rows: pd.DataFrame
    became: pd.DataFrame


def folds(reading: Reading, shares: tuple[float, ...]) -> Iterator[Fold]:
    """Yield a fold per share of issued invoices, to the next share, the last to UNTIL_SHARE."""
    until = issue_day_at(reading, UNTIL_SHARE)
    ledger, settings = known_before(reading.ledger, until), reading.settings
    cuts = [*(issue_day_at(reading, share) for share in shares), until]
    for cutoff, end in pairwise(cuts):
        yield fold(ledger, cutoff, end, until, settings)


def fold(ledger: Ledger, cutoff: date, end: date, until: date, settings: Settings) -> Fold:
    """Return the fold of the landmarks from the cutoff to before the end, outcomes known before `until`."""
    books = books_of(ledger, settings)
    points = landmarks(books, issued_from=None, before=end)
    points = points[points["day"] >= pd.Timestamp(cutoff)]
    points = sample_points(points, settings.predictor.evaluation_rows // len(SHARES), settings.seed)
    became = outcomes(
        books,
        points,
        until=until,
        late_after_days=settings.late_after_days,
        dormant_after_days=settings.dormant_after_days,
    )
    learned = training_rows(ledger, cutoff, settings)
    return Fold(cutoff, learned, points, rows_at(books, points, settings), became)


def compare(
    reading: Reading, shares: tuple[float, ...] = SHARES, *, resamples: int = RESAMPLES
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the evaluation of every family, pooled over the folds, and their seconds.

    Seconds: one row per family; fit, the mean of a fold, and predict, for 10,000 points.
    """
    said, became = [], []
    fit_seconds, predict_seconds, predicted = defaultdict(list), defaultdict(float), 0
    for part in folds(reading, shares):
        predictors, seconds = families(part.learned, reading.settings)
        for name, predictor in predictors.items():
            start = time.perf_counter()
            said.append(predict_all({name: predictor}, part.points, part.rows, part.cutoff))
            predict_seconds[name] += time.perf_counter() - start
            fit_seconds[name].append(seconds[name])
        became.append(part.became)
        predicted += len(part.points)
    table = pd.DataFrame(
        {
            "fit": {name: float(np.mean(taken)) for name, taken in fit_seconds.items()},
            "predict": {name: taken / predicted * 10_000 for name, taken in predict_seconds.items()},
        }
    )
    settings = reading.settings
    evaluation = evaluate(
        pd.concat(said, ignore_index=True),
        pd.concat(became, ignore_index=True),
        late_after_days=settings.late_after_days,
        seed=settings.seed,
        resamples=resamples,
    )
    return evaluation, table


def table_of(evaluation: dict[str, Any], seconds: pd.DataFrame) -> str:
    """Return the Markdown table of one ledger, the shipped pool's difference to each family at its end."""
    header = ["family", *FIGURES, "fit, s", "10,000 points, s", "shipped - it: Brier", "MAE, days"]
    rows = []
    for name, label in NAMES.items():
        pooled_figures = evaluation["models"][name]["pooled"]
        against = evaluation["comparisons"].get(name, {})
        rows.append(
            [
                label,
                *(
                    shown(pooled_figures.get(part, {}).get(what), digits)
                    for part, what, digits in FIGURES.values()
                ),
                f"{seconds.loc[name, 'fit']:.1f}",
                f"{seconds.loc[name, 'predict']:.2f}",
                difference(against.get("brier"), 4),
                difference(against.get("mae_days"), 2),
            ]
        )
    return markdown(header, rows)


def shown(figure: Any, digits: int) -> str:
    """Return the point estimate of a figure; empty where the family does not give it."""
    if figure is None:
        return ""
    return f"{figure['value'] if isinstance(figure, dict) else figure:.{digits}f}"


def difference(figure: Any, digits: int) -> str:
    """Return a signed difference with its 95 % interval."""
    if figure is None:
        return ""
    return f"{figure['value']:+.{digits}f} ({figure['low']:+.{digits}f} to {figure['high']:+.{digits}f})"


def main() -> None:
    """Compare on each ledger and print its table as soon as it is there."""
    ledgers = {"IBM": lambda: read_public("IBM"), "SME": lambda: read_public("SME")}
    ledgers |= {f"simulated, seed {SEED}": lambda: read_simulated(seed=SEED)}
    for name, read in ledgers.items():
        evaluation, seconds = compare(read())
        late, dates = (evaluation["models"][MODEL]["pooled"][part]["points"] for part in ("late", "dates"))
        print(f"\n### {name}: {late:,} points judged by lateness, {dates:,} by their day\n")
        print(table_of(evaluation, seconds), flush=True)


if __name__ == "__main__":
    main()
