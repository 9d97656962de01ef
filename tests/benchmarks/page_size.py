"""How large the page's file of a run is, and how soon a browser shows its first screen.

    python tests/benchmarks/page_size.py --debtors 10000
    python tests/benchmarks/page_size.py --config debtscape.yaml     # of the latest run there

Without a configuration a portfolio is simulated and run twice, a week apart, with the rule. The first view is
timed in headless Chromium from opening the file to the first screen being there, five times, each in a new
browser.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines.page.page_file import LIBRARY, STATIC
from pipelines.runs.published_runs import latest_run
from pipelines.settings_file import load_settings

DAYS = ("2025-12-22", "2025-12-29")
TIMES = 5


def main() -> None:
    """Print the size of the file and the times to the first view."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--debtors", type=int, default=10_000)
    parser.add_argument("--config", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        config = asked.config or simulated(Path(scratch) / "ledger", asked.debtors)
        seconds = first_views(latest_page(config).resolve().as_uri())
    print(f"first view, s      median {statistics.median(seconds):.2f}, slowest {max(seconds):.2f}")


def simulated(folder: Path, debtors: int) -> Path:
    """Return the configuration of a simulated portfolio with two runs."""
    program = str(Path(sys.executable).with_name("debtscape"))
    config = folder / "debtscape.yaml"
    size = ["--debtors", str(debtors), "--months", "24"]
    subprocess.run([program, "simulate", "--out", str(folder), *size], check=True, stdout=subprocess.DEVNULL)
    for day in DAYS:
        command = [program, "run", "-c", str(config), "--as-of", day]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return config


def latest_page(config: Path) -> Path:
    """Return the page of the latest run, and print what it holds."""
    run = latest_run(load_settings(config).output_folder)
    if run is None:
        sys.exit(f"{config} has no run")
    file = run.path / "page.html"
    rows, size, library = run.manifest["rows_out"], file.stat().st_size, (STATIC / LIBRARY).stat().st_size
    print(f"run of             {rows['segments']:,} debtors, {rows['predictions']:,} open invoices")
    print(f"size, MB           {size / 1e6:.2f}, of which library {library / 1e6:.2f}")
    return file


def first_views(address: str) -> list[float]:
    """Return the seconds to the first view, each in a new browser."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or sys.exit("no chromium on the path")
    seconds = []
    with sync_playwright() as player:
        for _ in range(TIMES):
            browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            start = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.wait_for_selector("body[data-ready] [data-figure=calls]")
            seconds.append(time.perf_counter() - start)
            browser.close()
    return seconds


if __name__ == "__main__":
    main()
