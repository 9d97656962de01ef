"""How good the cash forecast is on the simulated portfolio and on two public ledgers.

    python tests/benchmarks/cash_forecast.py [sim] [IBM] [SME] [--folds 8] [--seed N]

A backtest of so many folds of whole months at most, from the day by which 40 % of the invoices were issued:
on Mondays the coming 8 weeks are forecast from the items open then, and compared with the money that came in
for these items. A fold's correction is learned on earlier folds only, on weeks that were over by its cutoff.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from public_ledgers import issue_day_at, markdown, read_public, read_simulated

from pipelines.backtesting.cash_backtest import cash_evaluation, forecast_errors
from pipelines.backtesting.walk_forward import cutoffs_between
from pipelines.learning.folds import MODEL, payment_time, rule, training_rows
from pipelines.reading import Reading

FROM_SHARE, ROWS = 0.4, 150_000
HEADER = ("ledger", "weeks ahead", "forecasts", "weeks", "WAPE", "bias", "inside the band", "75 to 88 %")


def measure(reading: Reading, folds: int) -> dict[str, Any]:
    """Return the cash figures of folds up to the end of the ledger."""
    start, settings = issue_day_at(reading, FROM_SHARE), reading.settings
    until = reading.as_of - timedelta(days=7)
    months = -(-(until - start).days // (30 * folds))
    cutoffs = cutoffs_between(start, until, f"{months}M")
    ends = [*cutoffs[1:], reading.as_of]
    told = []
    for cutoff, end in zip(cutoffs, ends, strict=True):
        known = training_rows(reading.ledger, cutoff, settings)
        predictors = {MODEL: payment_time(settings).fit(*known), "rule": rule(settings).fit(*known)}
        budget = ROWS // len(cutoffs)
        told.append((cutoff, forecast_errors(reading, predictors, start=cutoff, end=end, most_rows=budget)))
    return cash_evaluation(told, seed=settings.seed)


def rows_of(name: str, found: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of the table that is printed."""
    rows = []
    for currency, tables in found["currencies"].items():
        for table, horizons in tables.items():
            for horizon, told in horizons.items():
                inside = told["coverage"]["value"]
                rows.append(
                    [
                        f"{name}, {currency}, {table}",
                        horizon,
                        str(told["forecasts"]),
                        str(told["weeks"]),
                        *(f"{100 * told[part]['value']:.1f} %" for part in ("wape", "bias", "coverage")),
                        "yes" if 0.75 <= inside <= 0.88 else "no",
                    ]
                )
    return rows


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("ledgers", nargs="*", default=["sim", "IBM", "SME"])
    asked.add_argument("--seed", type=int, help="of the simulated portfolio; by default the demonstration's")
    asked.add_argument("--folds", type=int, default=8, help="at most")
    options = asked.parse_args()
    for name in options.ledgers:
        began = time.perf_counter()
        other = {} if options.seed is None else {"seed": options.seed}
        reading = read_simulated(**other) if name == "sim" else read_public(name)
        found = measure(reading, options.folds)
        print(markdown(HEADER, rows_of(name, found)))
        print(f"\n{name}: learned {found['corrections']}; {time.perf_counter() - began:.0f} s\n")


if __name__ == "__main__":
    main()
