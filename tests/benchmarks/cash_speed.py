"""How fast the cash forecast is on many open items.

    python tests/benchmarks/cash_speed.py [--items 1000000]

Made-up predictions: 50 items a debtor on the mean, a tenth of them without a P90 within the horizon.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import date

import numpy as np
import pandas as pd

from models.payment.cash import cash_forecast
from models.payment.payment_sketch import sketch
from models.scorer import CLASS_BORDERS, CLASSES

DAY = date(2026, 1, 5)


def predictions(items: int, seed: int = 0) -> pd.DataFrame:
    """Return what the forecast reads of that many predictions."""
    rng = np.random.default_rng(seed)
    past = rng.integers(-60, 120, items)
    share = rng.dirichlet([2, 2, 1, 0.5, 0.4], items)
    share[:, :-1][past[:, None] > np.array(CLASS_BORDERS)] = 0
    wait = np.sort(rng.integers(0, 120, (items, 3)), axis=1).astype(np.float64)
    wait[rng.random(items) < 0.1, 2] = np.nan
    table = pd.DataFrame(share / share.sum(axis=1, keepdims=True), columns=list(CLASSES)).assign(
        invoice_id=pd.Series(np.arange(items)).astype("str"),
        customer_id=pd.Series(rng.integers(0, max(items // 50, 1), items)).astype("str"),
        currency="EUR",
        open_amount_minor=rng.integers(1_000, 10_000_000, items),
        days_past_due=past,
    )
    for number, name in enumerate(("paid_on_p10", "paid_on_p50", "paid_on_p90")):
        table[name] = pd.Timestamp(DAY) + pd.to_timedelta(pd.Series(wait[:, number]), unit="D")
    return table


def main() -> None:
    """Print seconds and memory."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--items", type=int, default=1_000_000)
    table = predictions(asked.parse_args().items)
    for name, work in {
        "curves": lambda: sketch(table, DAY),
        "cash forecast, curves included": lambda: cash_forecast(table, day=DAY, seed=1),
    }.items():
        began, processor = time.perf_counter(), time.process_time()
        work()
        print(
            f"{name}: {time.perf_counter() - began:.1f} s, "
            f"{time.process_time() - processor:.1f} s of processor time"
        )
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
