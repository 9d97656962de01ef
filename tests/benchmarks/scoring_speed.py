"""How long it takes to say when many open invoices are paid, without and with reasons.

    python tests/benchmarks/scoring_speed.py --open 200000

The model is trained on the ledger as of its end; the rows are landmark points of its invoices, features
included. Two threads, as a run with `workers: 2` uses.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import date
from pathlib import Path

from bench_ledger import big_ledger

from features.outcomes import landmarks
from models.payment.explain import contributions
from models.payment.reason_words import reasons
from pipelines.learning.folds import payment_time, rows_at, sample_points, training_rows
from pipelines.predicting import side_by_side
from pipelines.reading import books_of
from pipelines.settings_file import parse_settings


def main() -> None:
    """Print seconds for the features, the predictions, and the predictions with their reasons."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--open", type=int, default=200_000, help="open invoices to score")
    parser.add_argument("--debtors", type=int, default=20_000)
    asked = parser.parse_args()
    settings = parse_settings({"ledger": {"invoices": {"path": "unused"}}, "workers": 2}, base=Path())
    ledger, end = big_ledger(1_000_000, asked.debtors), date(2024, 1, 1)
    started = time.perf_counter()
    model = payment_time(settings).fit(*training_rows(ledger, end, settings))
    _say("training rows and fit", started)
    books = books_of(ledger, settings)
    points = sample_points(landmarks(books, issued_from=None, before=end), asked.open, 0)
    started = time.perf_counter()
    rows = rows_at(books, points, settings)
    _say(f"features of {len(rows):,} points", started)
    started = time.perf_counter()
    side_by_side(lambda some: (model.predict(some),), rows, settings.workers)
    _say("predictions", started)
    started = time.perf_counter()
    reference = model.parameters_["reference"]
    side_by_side(
        lambda some: (
            model.predict(some),
            reasons(some, contributions(some, model.log_odds, reference)),
        ),
        rows,
        settings.workers,
    )
    _say("predictions with reasons", started)
    print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


def _say(what: str, started: float) -> None:
    print(f"{what:32} {time.perf_counter() - started:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
