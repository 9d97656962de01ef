"""Twenty runs are published and handed on, killed at random moments, while others read all the time."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest
from handing_on_reader import PAGES
from postgres_support import can_start_postgres, postgres

from features.contracts import OUTPUT_TABLES
from features.simulate import simulate, write_portfolio
from pipelines.delivering.delivery import content
from pipelines.runs.published_runs import PublishedRun, all_runs, verify

RUNS, FEWEST_KILLS = 20, 10
FIRST_DAY = date(2025, 11, 3)
PROGRAM = Path(sys.executable).with_name("debtscape")
READER = Path(__file__).with_name("handing_on_reader.py")
READING = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(READER.parent.parent)}


def debtscape(*arguments: str) -> str:
    """Run a command to its end and return what it printed."""
    done = subprocess.run([PROGRAM, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[bytes]:
    """Begin a program as a process group of its own."""
    return subprocess.Popen(
        arguments,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **environment},
    )


def kill(process: subprocess.Popen[bytes], sign: int = signal.SIGKILL) -> None:
    """End the whole group."""
    if process.poll() is None:
        os.killpg(process.pid, sign)
    process.wait(timeout=60)


@contextmanager
def served(config: Path) -> Iterator[str]:
    """Hold the address of `debtscape serve`, once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = start(PROGRAM, "serve", "-c", str(config), "--port", str(port))
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while not _ready(address):
            assert time.monotonic() < deadline, "the server did not get ready"
            time.sleep(0.2)
        yield address
    finally:
        kill(server, signal.SIGTERM)


def _ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/ready", timeout=5):
            return True
    except (URLError, OSError):
        return False


@contextmanager
def read_all_the_time(folder: Path, api: str, token: str, work: Path) -> Iterator[Path]:
    """Let another process look at everything meanwhile; hold the file of its looks."""
    looks, stop = work / "looks.jsonl", work / "stop"
    reader = start(sys.executable, READER, folder, api, stop, looks, READ_TOKEN=token, **READING)
    try:
        yield looks
        assert reader.poll() is None, "the reader died"
        stop.touch()
        assert reader.wait(timeout=120) == 0
    finally:
        kill(reader)


def deliver_killed(config: Path, seconds: float, rng: random.Random) -> bool:
    """Begin a delivery and kill it at a random moment of its duration; whether it was still at it."""
    delivery = start(PROGRAM, "deliver", "-c", str(config))
    time.sleep(seconds * rng.uniform(0.2, 1.0))
    running = delivery.poll() is None
    kill(delivery)
    return running


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not can_start_postgres(), reason="no PostgreSQL")
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_readers_see_whole_runs_only_and_each_arrives_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day after the other is published and delivered; each delivery dies once, and is said again.

    Folder, database, API and page are read without a pause. The first run is delivered undisturbed, so that
    the moments of the others' deaths can be drawn from how long it takes.
    """
    config = write_portfolio(simulate(debtors=40, months=9, seed=6, end=date(2026, 1, 1)), tmp_path)
    with config.open("a") as more:
        more.write("deliver: {folder: delivered, format: parquet, postgres: 'sql:DELIVERY_DB'}\n")
        more.write("serve: {requests_per_minute: 100000}\n")
    rng, killed = random.Random(7), Counter[str]()
    with postgres() as database:
        monkeypatch.setenv("DELIVERY_DB", database)
        debtscape("run", "-c", str(config), "--as-of", FIRST_DAY.isoformat())
        began = time.monotonic()
        debtscape("deliver", "-c", str(config))
        seconds = time.monotonic() - began
        token = debtscape("token", "new", "reader", "--scope", "read", "-c", str(config)).split()[0]
        with (
            served(config) as api,
            read_all_the_time(tmp_path / "delivered", api, token, tmp_path) as written,
        ):
            for number in range(1, RUNS):
                day = FIRST_DAY + timedelta(days=number)
                debtscape("run", "-c", str(config), "--as-of", day.isoformat())
                if deliver_killed(config, seconds, rng):
                    killed[arrived(tmp_path / "delivered", database, day)] += 1
                debtscape("deliver", "-c", str(config))
            time.sleep(2)  # the last run is seen by everybody
        runs = all_runs(tmp_path / "out")
        assert len(runs) == RUNS
        looks = [json.loads(line) for line in written.read_text().splitlines()]
        each_once_in_the_database(database, runs)
    each_once_in_the_folder(tmp_path / "delivered", runs)
    whole_runs_only(looks, runs)
    print(f"{killed.total()} of {RUNS - 1} deliveries killed, {dict(killed)}; {len(looks)} looks")
    assert killed.total() >= FEWEST_KILLS
    assert killed["nowhere yet"] < killed.total(), "no death came in the middle"


def arrived(folder: Path, database: str, day: date) -> str:
    """Where a delivery had got when it died."""
    with psycopg.connect(database) as connection:
        counted = connection.execute(
            "select count(*) from debtscape.runs where as_of = %s", (day,)
        ).fetchone()
    if counted != (0,):
        return "everywhere"
    if list((folder / "deliveries").glob(f"{day}_*")):
        return "in the folder only"
    return "half in the folder" if list(folder.rglob(".tmp-*")) else "nowhere yet"


def each_once_in_the_database(database: str, runs: list[PublishedRun]) -> None:
    """One line for each run, and of every table exactly the rows that leave."""
    with psycopg.connect(database) as connection:
        found = connection.execute("select run_id from debtscape.runs").fetchall()
        assert sorted(found) == sorted((run.run_id,) for run in runs)
        expected = {run.run_id: content(run).rows for run in runs}
        for name in OUTPUT_TABLES:
            counted = connection.execute(
                f"select run_id, count(*) from debtscape.{name} group by run_id"  # type: ignore[arg-type]
            ).fetchall()
            assert dict(counted) == {id_: rows[name] for id_, rows in expected.items() if rows[name]}, name


def each_once_in_the_folder(folder: Path, runs: list[PublishedRun]) -> None:
    """One delivery for each run, the newest in front, and nothing left over."""
    delivered = sorted(path.name for path in (folder / "deliveries").iterdir())
    assert delivered == sorted(f"{run.as_of}_{run.run_id}" for run in runs)
    assert (folder / "current").resolve().name == f"{runs[-1].as_of}_{runs[-1].run_id}"
    assert not list(folder.rglob(".tmp-*"))


def whole_runs_only(looks: list[dict[str, Any]], runs: list[PublishedRun]) -> None:
    """No look met trouble; each saw all of one published run, and never an older one than the look before."""
    assert [look for look in looks if "trouble" in look] == []
    expected = {run.run_id: content(run).rows for run in runs}
    by_place: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for look in looks:
        by_place[look["what"]].append(look)
    assert set(by_place) == {"folder", "database", *PAGES}
    for place, seen in by_place.items():
        days = [look["as_of"] for look in seen]
        assert days == sorted(days), place
        assert len(set(days)) >= RUNS // 2, f"{place} was not read often enough to tell"
        assert days[-1] == runs[-1].as_of.isoformat(), place
        for look in seen:
            if "rows" in look:
                assert look["rows"] == expected[look["run_id"]], place
    answers = {(look["what"], look["run_id"], look["digest"]) for place in PAGES for look in by_place[place]}
    assert len(answers) == len({answer[:2] for answer in answers}), "one run, two answers"
    for look in by_place[PAGES[0]]:
        assert look["total"] == expected[look["run_id"]]["segments"]
    for run in runs:
        verify(run)
