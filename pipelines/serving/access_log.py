"""Who looked at whom: every answer that showed debtors, with the moment, the reader and the debtors' ids.

One SQLite file, so that a server's threads and commands beside it may note at once. A look is one row with
its debtors as a JSON list: to note is then one insert, however long the list that was shown.
"""

from __future__ import annotations

import json
import os
import pwd
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from features.errors import PublicationError

ACCESS = "access"
FILE = "looked.sqlite"
_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Look:
    """One answer: when (UTC), who asked, what was shown, and the debtors in it; none once forgotten."""

    at: datetime
    who: str
    what: str
    customer_ids: tuple[str, ...]


class AccessLog:
    """The log in a folder, `output/access`. Every method may be called from any thread.

    What was noted outlives the process; a power cut may take the last moments. PublicationError when the
    file cannot be written or read. Nothing is removed but by `erase`.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE
        self._lock = Lock()
        self._kept: sqlite3.Connection | None = None

    def note(self, at: datetime, who: str, what: str, customer_ids: Iterable[str]) -> None:
        """Add a look; one that showed no debtor is not noted. PublicationError for `at` without a zone."""
        if at.tzinfo is None:
            raise PublicationError(f"the moment of a look needs a time zone: {at}")
        shown = sorted(set(customer_ids))
        if not shown:
            return
        row = (_moment(at), who, what, _json(shown))
        with self._trouble(), self._lock:
            self._writer().execute("INSERT INTO looks (at, who, what, customer_ids) VALUES (?, ?, ?, ?)", row)

    def read(
        self,
        customer_id: str | None = None,
        who: str | None = None,
        since: datetime | None = None,
        most: int | None = None,
    ) -> list[Look]:
        """Return the looks, newest first: at this debtor, of this reader, not before `since`, so many."""
        if not self.file.is_file():
            return []
        wanted = {
            # the id with its quotation marks stands in the list only as a whole id
            "instr(customer_ids, ?) > 0": None if customer_id is None else _json(customer_id),
            "who = ?": who,
            "at >= ?": None if since is None else _moment(since),
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = " AND ".join(given) or "1"
        query = (
            f"SELECT at, who, what, customer_ids FROM looks WHERE {where} ORDER BY at DESC, id DESC LIMIT ?"
        )
        with self._trouble(), closing(_connected(self.file)) as reader:
            rows = reader.execute(query, [*given.values(), -1 if most is None else most]).fetchall()
        return [
            Look(datetime.fromisoformat(at), by, what, tuple(json.loads(shown)))
            for at, by, what, shown in rows
        ]

    def erase(self, customer_ids: Iterable[str]) -> int:
        """Take debtors out of every look, also from the file's bytes; return how many looks held one.

        That somebody looked, and at which others, stays.
        """
        gone = set(customer_ids)
        if not self.file.is_file():
            return 0
        with self._trouble(), self._lock, closing(_connected(self.file)) as writer:
            writer.execute("PRAGMA secure_delete = ON")
            writer.execute("BEGIN IMMEDIATE")
            held: dict[int, str] = {}
            for id_ in gone:
                held |= writer.execute(
                    "SELECT id, customer_ids FROM looks WHERE instr(customer_ids, ?) > 0", [_json(id_)]
                ).fetchall()
            left = [
                (_json([id_ for id_ in json.loads(shown) if id_ not in gone]), row)
                for row, shown in held.items()
            ]
            writer.executemany("UPDATE looks SET customer_ids = ? WHERE id = ?", left)
            writer.execute("COMMIT")
            # also when nothing was held: whoever erased before may have died before this
            writer.execute("VACUUM")
            busy, *_ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise sqlite3.OperationalError("somebody reads it all the time; forget once more")
        return len(held)

    def close(self) -> None:
        """Let go of the file; the next note opens it again."""
        with self._lock:
            if self._kept is not None:
                self._kept.close()
                self._kept = None

    def _writer(self) -> sqlite3.Connection:
        if self._kept is None or not self.file.is_file():
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.file.touch(mode=0o600)
            self._kept = _connected(self.file)
            self._kept.execute("PRAGMA journal_mode = WAL")
            self._kept.execute("PRAGMA synchronous = NORMAL")
            self._kept.execute(
                "CREATE TABLE IF NOT EXISTS looks "
                "(id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, "
                "customer_ids TEXT NOT NULL)"
            )
        return self._kept

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise PublicationError(f"the access log {self.file} cannot be used: {error}") from error


def person_here() -> str:
    """Return the operating system's user: who looks by a command."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _connected(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)


def _moment(at: datetime) -> str:
    """Return the moment in UTC as text that sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _json(content: str | list[str]) -> str:
    return json.dumps(content, ensure_ascii=False)
