"""A run that is killed at any moment leaves the previous run, or the new one, latest and whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from features.simulate import simulate, write_portfolio
from pipelines.runs.published_runs import all_runs, latest_run, verify

KILLS = 20
MOST_ATTEMPTS = 60
PROGRAM = Path(sys.executable).with_name("debtscape")


def start(config: Path, day: date) -> subprocess.Popen[bytes]:
    """Begin a run as a process group of its own."""
    command = [PROGRAM, "run", "-c", str(config), "--as-of", day.isoformat()]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the whole group at once, as a machine does that loses its power."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_a_killed_run_leaves_a_whole_one_and_the_next_succeeds(tmp_path: Path) -> None:
    """Killed at 20 random moments of its duration, each time on top of a previous run.

    Half the moments lie anywhere; the other half in the last fifth, where it is published. A run that
    ended before its moment came is checked too, and does not count as a kill.
    """
    config = write_portfolio(simulate(debtors=40, months=9, seed=6, end=date(2026, 1, 1)), tmp_path)
    output = tmp_path / "out"
    previous_day, day = date(2025, 11, 3), date(2025, 12, 1)
    assert start(config, previous_day).wait() == 0
    previous = latest_run(output)
    assert previous is not None
    began = time.monotonic()
    assert start(config, day).wait() == 0
    seconds = time.monotonic() - began
    new = latest_run(output)
    assert new is not None
    expected = new.fingerprint

    rng = random.Random(11)
    found: Counter[str] = Counter()
    killed = 0
    for attempt in range(MOST_ATTEMPTS):
        if killed == KILLS:
            break
        remove(output, new.run_id)
        assert start(config, previous_day).wait() == 0  # points latest.json at the previous run again
        process = start(config, day)
        time.sleep(seconds * (rng.random() if attempt % 2 else rng.uniform(0.8, 1.05)))
        running = process.poll() is None
        if running:
            kill(process)
            killed += 1
        latest = latest_run(output)
        assert latest is not None
        assert latest.run_id in (previous.run_id, new.run_id)
        for run in all_runs(output):
            verify(run)
        which = "the new run" if latest.run_id == new.run_id else "the previous run"
        found[f"{'killed' if running else 'done'}, latest is {which}"] += 1
        assert start(config, day).wait() == 0
        after = latest_run(output)
        assert after is not None
        verify(after)
        assert (after.run_id, after.fingerprint) == (new.run_id, expected)
        assert not list(output.rglob(".tmp-*"))
    print(f"{seconds:.1f} s a run; {dict(found)}")
    assert killed == KILLS
    assert found["killed, latest is the previous run"] >= KILLS // 2


def remove(output: Path, run_id: str) -> None:
    """Take a published run away, so that the next attempt has to make it again."""
    folder = output / "runs" / run_id
    if not folder.exists():
        return
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
