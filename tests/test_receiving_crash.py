"""Writers that die, several at once, and readers beside them: only whole requests, each once, none lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from features.errors import DebtscapeError
from pipelines.receiving import store
from pipelines.receiving.door import Fact
from pipelines.receiving.ledger_rows import received_tables
from pipelines.receiving.store import FILE, kept, receive

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)
BATCH = 7


def batch(name: str) -> list[Fact]:
    """A request of several facts."""
    content = {"customer_id": "C1", "contacted_on": "2026-03-09"}
    return [Fact("contact-history", f"{name}-{n}", content) for n in range(BATCH)]


def send(folder: Path, name: str) -> list[str]:
    """Send a request; return what became of its facts."""
    receipts = receive(folder, batch(name), who="odoo", now=NOW, zone=ZoneInfo("UTC"), all_or_nothing=True)
    return [receipt.status for receipt in receipts]


def forked(work: Callable[[], None]) -> int:
    """Do the work in another process; return its id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    finally:
        os._exit(0)


def test_what_was_answered_outlives_a_kill_and_nothing_is_there_in_part(tmp_path: Path) -> None:
    """A writer is killed at any moment, also the very first: answered requests are there, each whole."""
    reader, writer = os.pipe()

    def write(start: int) -> Callable[[], None]:
        def work() -> None:
            for n in range(start, start + 1000):
                send(tmp_path, str(n))
                os.write(writer, f"{n}\n".encode())

        return work

    for turn, seconds in enumerate((0.0, 0.004, 0.02, 0.05, 0.1, 0.15)):
        child = forked(write(turn * 1000))
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(writer)
    answered = os.read(reader, 1_000_000).decode().split()
    os.close(reader)
    found = [fact.external_id for fact in kept(tmp_path)]
    requests = {id_.split("-")[0] for id_ in found}
    assert set(answered) <= requests
    assert len(requests) <= len(answered) + 6  # one a turn may have died between keeping and answering
    assert sorted(found) == sorted(f"{name}-{n}" for name in requests for n in range(BATCH))
    assert send(tmp_path, "after") == ["accepted"] * BATCH


def test_two_writers_and_a_reader_at_once(tmp_path: Path) -> None:
    """Both send the same requests at once, each is kept once; a reader beside them sees only whole ones."""

    def work() -> None:
        for n in range(30):
            send(tmp_path, str(n))

    children = [forked(work) for _ in range(2)]
    seen = [0]
    while children:
        tables = received_tables(tmp_path, until=TODAY)
        seen.append(len(tables["contact_history"]) if tables else 0)
        children = [child for child in children if os.waitpid(child, os.WNOHANG) == (0, 0)]
    assert all(count % BATCH == 0 for count in seen)
    assert seen == sorted(seen)
    assert len(kept(tmp_path)) == 30 * BATCH
    assert send(tmp_path, "0") == ["already"] * BATCH


def test_a_reader_is_not_kept_waiting_by_a_writer(tmp_path: Path) -> None:
    """While somebody holds a transaction open, what was there before is read at once."""
    send(tmp_path, "a")
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM facts")
        began = time.monotonic()
        assert len(kept(tmp_path)) == BATCH
        assert time.monotonic() - began < 1
        other.execute("ROLLBACK")


def test_a_store_that_is_busy_for_too_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits its turn, and says so when the turn does not come."""
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.05)
    send(tmp_path, "a")
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DebtscapeError, match=r"received\.sqlite cannot be used: database is locked"):
            send(tmp_path, "b")
        other.execute("ROLLBACK")
    assert send(tmp_path, "b") == ["accepted"] * BATCH


def test_a_damaged_store_is_said(tmp_path: Path) -> None:
    """A run must not go on as if nobody had promised anything."""
    (tmp_path / FILE).write_bytes(b"no database at all, whatever its name says, and long enough to be read")
    with pytest.raises(DebtscapeError, match="file is not a database"):
        kept(tmp_path)
