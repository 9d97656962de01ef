"""How long training and the main job take on a large ledger, each as a process of its own.

    python tests/benchmarks/whole_job.py --debtors 20000 --invoices 1000000

Prints seconds and peak memory per command, as the operating system counts them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

END = date(2026, 1, 1)


def main() -> None:
    """Simulate the ledger, then time each command on it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--debtors", type=int, default=20_000)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    asked = parser.parse_args()
    program = Path(sys.executable).with_name("debtscape")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "ledger"
        size = ["--debtors", str(asked.debtors), "--invoices", str(asked.invoices)]
        config = ["-c", str(folder / "debtscape.yaml"), "--as-of", END.isoformat()]
        print(f"{asked.debtors:,} debtors, {asked.invoices:,} invoices")
        print(f"{'command':<10} {'seconds':>8} {'cpu s':>8} {'peak MB':>8}")
        commands = {
            "simulate": ["simulate", "--out", str(folder), "--end", END.isoformat(), *size],
            "train": ["train", *config],
            "run": ["run", *config],
        }
        total = sum(timed(name, [str(program), *arguments]) for name, arguments in commands.items())
        print(f"{'together':<10} {total:>8.1f}")


def timed(name: str, command: list[str]) -> float:
    """Run one command, print what it took, and return its seconds; the simulation's do not count."""
    start = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)} failed")
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{name:<10} {seconds:>8.1f} {cpu:>8.1f} {peak:>8.0f}", flush=True)
    return 0.0 if name == "simulate" else seconds


if __name__ == "__main__":
    main()
