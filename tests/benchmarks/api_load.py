"""How many requests per second the API answers: `python tests/benchmarks/api_load.py [--debtors 100000]`.

Publishes a run of so many debtors (those of a simulated portfolio, over and over under other ids), starts
`debtscape serve`, and lets wrk ask with 2 threads and 16 connections on the same machine. Prints requests per
second and latencies, how long the run takes to load, and the server's memory.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from features.contracts import OUTPUT_TABLES
from pipelines.running import run
from pipelines.runs.publication import RunFacts, RunInputs, publish
from pipelines.runs.published_runs import PublishedRun, find_run, has_table, read_table
from pipelines.serving.tokens import TokenFile
from pipelines.settings_file import load_settings

SIMULATED, MONTHS = 1_000, 24
THREADS, CONNECTIONS = 2, 16
EACH_TIME_ANOTHER = """
local n = 0
function request()
    n = (n + 37) % 900
    return wrk.format(nil, (wrk.path:gsub("{n}", 100 + n)))
end
"""
"""What makes wrk ask for another of 900 debtors each time, so that no answer is only the last one again."""

SHARED = {"company_code", "collector", "account_manager"}
"""Ids that are no debtor's own."""


def main() -> None:
    """Publish, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--debtors", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = publish_large(Path(folder), asked.debtors)
        output = load_settings(config).output_folder
        token = TokenFile(output).new("load", ["read"], expires=None, now=datetime.now(UTC))
        with subprocess.Popen(
            [Path(sys.executable).with_name("debtscape"), "serve", "-c", config, "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                assert server.stdout is not None
                found = re.search(r"http://[^/]+", server.stdout.readline())
                assert found is not None
                measure(found[0], token, server.pid, asked.seconds)
            finally:
                server.send_signal(signal.SIGTERM)


def publish_large(folder: Path, debtors: int) -> Path:
    """Publish a simulated portfolio often enough for so many debtors; return a configuration over it."""
    command = ["simulate", "--debtors", SIMULATED, "--months", MONTHS, "--seed", 7, "--out", folder / "small"]
    debtscape = Path(sys.executable).with_name("debtscape")
    subprocess.run([debtscape, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
    small = folder / "small" / "debtscape.yaml"
    made = run(small, as_of=None, today=date.today(), now=datetime.now(UTC))
    found = find_run(load_settings(small).output_folder, made["run_id"])
    assert found is not None
    tables = {name: repeated(found, name, debtors // SIMULATED) for name in OUTPUT_TABLES}
    for name in ("segments", "predictions", "actions"):
        print(f"{name}: {len(tables[name]):,} rows")
    publish(
        tables,
        inputs=RunInputs(found.as_of, "repeated", "repeated"),
        facts=RunFacts(),
        output=folder / "large",
        now=datetime.now(UTC),
    )
    config = folder / "large.yaml"
    config.write_text(
        "ledger: {invoices: {path: none.csv}}\noutput: large/\nserve: {requests_per_minute: 100000000}\n"
    )
    return config


def repeated(run: PublishedRun, name: str, times: int) -> pd.DataFrame:
    """A table's rows so many times, each time with other ids; totals stay as they are."""
    rows = read_table(run, name) if has_table(run, name) else pd.DataFrame()
    ids = [column.name for column in OUTPUT_TABLES[name].columns if column.kind == "id"]
    own = [column for column in ids if column not in SHARED and column in rows]
    if "customer_id" not in own:
        return rows
    copies = [rows.assign(**{column: rows[column] + f"-{n}" for column in own}) for n in range(times)]
    return pd.concat(copies, ignore_index=True)


def measure(address: str, token: str, server: int, seconds: int) -> None:
    """Wait for the run and ask for each path; print."""
    start = time.perf_counter()
    headers = {"Authorization": f"Bearer {token}"}
    wait_until_ready(address)
    tables = time.perf_counter() - start
    with get(f"{address}/v1/page", headers) as answer:
        etag = answer.headers["ETag"]
    page = time.perf_counter() - start
    print(
        f"loaded after {tables:.1f} s, page after {page:.1f} s; load of the machine {os.getloadavg()[0]:.1f}"
    )
    paths = {
        "/health": {},
        "/v1/segments?limit=100": {},
        "/v1/segments?limit=100 (304)": {"If-None-Match": etag},
        "/v1/predictions?source=rule&sort=-p_late&limit=100": {},
        "/v1/debtors/C000{n}-7": {},
        "/v1/page/lists/debtors?q=c000{n}&limit=50": {},
        "/v1/page/lists/debtors?sort=-overdue_minor&limit=50": {},
    }
    for path, more in paths.items():
        said = wrk(address + path.removesuffix(" (304)"), {**headers, **more}, seconds)
        print(f"{path:<56} {said}", flush=True)
    memory = Path(f"/proc/{server}/status").read_text()
    for what, line in (("now", "VmRSS"), ("at most", "VmHWM")):
        size = re.search(rf"{line}:\s+(\d+)", memory)
        print(f"the server's memory {what}: {int(size[1]) / 1024:,.0f} MB" if size else "")


def wait_until_ready(address: str) -> None:
    """Ask until a run is loaded."""
    for _ in range(6_000):
        try:
            with get(f"{address}/ready", {}):
                return
        except (urllib.error.HTTPError, urllib.error.URLError):
            time.sleep(0.05)
    sys.exit("the server did not get ready")


def get(address: str, headers: dict[str, str]):
    """Open an address."""
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=120)


def wrk(address: str, headers: dict[str, str], seconds: int) -> str:
    """Let wrk ask; return requests per second and latencies."""
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *given]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(EACH_TIME_ANOTHER)
        script.flush()
        command += ["-s", script.name, address] if "{n}" in address else [address]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures = {
        name: (re.search(pattern, said) or ["", "?"])[1]
        for name, pattern in {
            "p50": r"\n\s+50%\s+(\S+)",
            "p99": r"\n\s+99%\s+(\S+)",
            "rate": r"Requests/sec:\s+(\S+)",
            "wrong": r"Non-2xx or 3xx responses: (\d+)",
        }.items()
    }
    wrong = "" if figures["wrong"] == "?" else f"  {figures['wrong']} WRONG"
    return f"{figures['rate']:>9} per second  p50 {figures['p50']:>9}  p99 {figures['p99']:>9}{wrong}"


if __name__ == "__main__":
    main()
