"""Speed of the kernel beside DuckDB and Polars: `python tests/benchmarks/kernel_speed.py --invoices 1000000`.

Every invoice is a point on the day it became known. All start from events that are already settled, with
debtors as numbers, and end in a pandas DataFrame in memory: the kernel with the debtor's 43 features, DuckDB
and Polars with those in `events.COMPARED`, as event unions with running sums. Two further rows show the
kernel from the ledger itself, settling included, with those 43 and with all features of the catalogue. All
may use every core. Each runs in a process of its own: seconds are the best of `--repeat` runs, memory is the
peak of the whole process; cpu s adds up all threads (the fair figure on a busy machine). Outputs are
compared: they must be equal.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
FORMS = ("kernel", "DuckDB", "Polars", "kernel, settling included", "kernel, settling, all features")


def prepare(folder: Path, invoices: int, debtors: int) -> None:
    """Write the ledger and its events to Parquet."""
    from bench_ledger import big_ledger
    from events import write_events

    from features.settlement import keep_books

    ledger = big_ledger(invoices, debtors)
    for name in ("invoices", "payments", "customers"):
        getattr(ledger, name).to_parquet(folder / f"{name}.parquet", index=False)
    write_events(keep_books(ledger), folder)


def form(name: str, folder: Path, workers: int) -> Callable[[], pd.DataFrame]:
    """What is timed: a function from tables in memory to the features."""
    if name.startswith("kernel"):
        from features.invoice_state import invoice_features
        from features.ledger import make_ledger
        from features.payment_history import debtor_features
        from features.settlement import keep_books

        tables = {t: pd.read_parquet(folder / f"{t}.parquet") for t in ("invoices", "payments", "customers")}
        wanted = tables["invoices"].rename(columns={"known_on": "day"})[["invoice_id", "customer_id", "day"]]
        ledger = make_ledger(**tables)
        if name == "kernel":
            books = keep_books(ledger)
            return lambda: debtor_features(books, wanted, workers=workers)
        compute = invoice_features if name.endswith("all features") else debtor_features
        return lambda: compute(keep_books(ledger), wanted, workers=workers)
    import duckdb_form
    import polars_form

    names = ("points", "issued", "closed", "changed", "reversed")
    events = {t: pd.read_parquet(folder / f"{t}.parquet") for t in names}
    module = duckdb_form if name == "DuckDB" else polars_form
    return lambda: module.features(events)


def run_one(name: str, folder: Path, workers: int, repeat: int) -> None:
    """Time one form, keep its output, print seconds and memory as JSON."""
    compute, seconds, used = form(name, folder, workers), [], []
    for _ in range(repeat):
        result = None
        start, busy = time.perf_counter(), time.process_time()
        result = compute()
        seconds.append(time.perf_counter() - start)
        used.append(time.process_time() - busy)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    from events import COMPARED

    np.save(folder / f"{name}.npy", result[list(COMPARED)].to_numpy())
    print(
        json.dumps({"seconds": min(seconds), "cpu": min(used), "peak_gb": peak, "features": result.shape[1]})
    )


def main() -> None:
    """Prepare, run each form in its own process, compare and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--debtors", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--one", choices=FORMS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        run_one(given.one, given.folder, given.workers, given.repeat)
        return
    with tempfile.TemporaryDirectory() as name:
        compare(Path(name), given)
    shapes()


def compare(folder: Path, given: argparse.Namespace) -> None:
    """The table of all forms on one ledger."""
    prepare(folder, given.invoices, given.debtors)
    figures = {}
    for name in FORMS:
        options = ("--one", name, "--folder", folder, "--workers", given.workers, "--repeat", given.repeat)
        command = [sys.executable, __file__, *map(str, options)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        figures[name] = json.loads(answer.stdout.splitlines()[-1])
    ours = np.load(folder / f"{FORMS[0]}.npy")
    print(f"{given.invoices:,} invoices, {given.debtors:,} debtors, {given.workers} worker(s) for the kernel")
    print(f"{'form':<32}{'features':>9}{'seconds':>9}{'ratio':>7}{'cpu s':>8}{'peak GB':>9}  same output")
    for name, figure in figures.items():
        same = np.allclose(ours, np.load(folder / f"{name}.npy"), rtol=1e-9, atol=1e-6, equal_nan=True)
        times = figure["seconds"] / figures[FORMS[0]]["seconds"]
        print(
            f"{name:<32}{figure['features']:>9}{figure['seconds']:>9.2f}{times:>7.1f}{figure['cpu']:>8.2f}{figure['peak_gb']:>9.2f}"
            f"  {'yes' if same else 'NO'}"
        )


def shapes() -> None:
    """One debtor with everything, and everybody with one invoice."""
    from bench_ledger import big_ledger

    from features.invoice_state import invoice_features
    from features.settlement import keep_books

    for what, invoices, debtors in (("one debtor", 250_000, 1), ("one invoice each", 100_000, 100_000)):
        ledger = big_ledger(invoices, debtors)
        points = ledger.invoices.rename(columns={"known_on": "day"})[["invoice_id", "day"]]
        start = time.perf_counter()
        invoice_features(keep_books(ledger), points)
        print(f"{what}: {invoices:,} invoices, all features, {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
