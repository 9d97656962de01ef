"""How long it takes to hand a large run on: to files, and to a PostgreSQL of its own.

    PYTHONPATH=tests python tests/benchmarks/delivery_speed.py --debtors 100000

The run is the tests' tiny one, its debtors repeated under other ids: about ten rows a debtor in all tables
together. Prints for each format and for the database rows, seconds and rows per second; for the database
also what a second delivery takes, which finds everything there, and one after an erasure, which replaces it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
from postgres_support import postgres
from publication_support import NOW, inputs, tiny_tables

from pipelines.delivering.delivery import Delivery, content
from pipelines.delivering.folder_sink import deliver_to_folder
from pipelines.delivering.postgres_sink import deliver_to_postgres
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import find_run

IDS = ("customer_id", "invoice_id", "action_id", "task_id")


def repeated(table: pd.DataFrame, times: int) -> pd.DataFrame:
    """The rows so many times, each time under other ids; as it is where it has no debtor."""
    if "customer_id" not in table:
        return table
    many = table.loc[np.tile(table.index, times)].reset_index(drop=True)
    copy = np.repeat(np.arange(times), len(table)).astype(str)
    for name in many.columns.intersection(IDS):
        many[name] = (many[name].astype("str") + "-" + copy).where(many[name].notna(), None)
    return many


def main() -> None:
    """Publish the run and print the figures of each delivery."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--debtors", type=int, default=100_000)
    asked = parser.parse_args()
    tables = {name: repeated(table, asked.debtors // 3) for name, table in tiny_tables().items()}
    with tempfile.TemporaryDirectory() as folder, postgres() as address:
        output = Path(folder)
        os.environ["DELIVERY_DB"] = address
        made = publish(tables, inputs=inputs(), facts=RunFacts(), output=output / "out", now=NOW)
        run = find_run(output / "out", made.run_id)
        if run is None:
            raise SystemExit("the run was not published")
        started = time.perf_counter()
        rows = sum(content(run).rows.values())
        _say("reading what leaves (part of each below)", rows, started)
        for file_format in ("csv", "parquet"):
            started = time.perf_counter()
            _say(f"folder, {file_format}", deliver_to_folder(run, output / file_format, file_format), started)
        for what in ("PostgreSQL", "PostgreSQL, there already", "PostgreSQL, replaced"):
            if what.endswith("replaced"):  # as after an erasure
                with psycopg.connect(address) as connection:
                    connection.execute("update debtscape.runs set fingerprint = 'older'")
            started = time.perf_counter()
            _say(what, deliver_to_postgres(run, "DELIVERY_DB"), started)


def _say(what: str, done: Delivery | int, started: float) -> None:
    seconds = time.perf_counter() - started
    rows = done if isinstance(done, int) else sum(done.rows.values())
    written = f"{rows:>10,} rows {rows / seconds:>10,.0f} rows/s" if rows else ""
    print(f"{what:<42} {seconds:>7.2f} s {written}", flush=True)


if __name__ == "__main__":
    main()
