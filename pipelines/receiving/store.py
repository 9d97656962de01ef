"""The facts that were received, kept in one SQLite file: many may write at once, and no reader waits.

A fact is never overwritten. What closes it later is a further version of it, with its own known day.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from features.errors import DebtscapeError
from pipelines.receiving.door import Fact
from pipelines.receiving.kinds import KINDS

FILE = "received.sqlite"
WAIT_SECONDS = 10.0
_ONE_WRITER = 0o600

_TABLE = """
CREATE TABLE facts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, external_id TEXT NOT NULL, version INTEGER NOT NULL,
    received_at TEXT NOT NULL, known_on TEXT NOT NULL, who TEXT NOT NULL, content TEXT NOT NULL,
    UNIQUE (kind, external_id, version)
)
"""


@dataclass(frozen=True)
class Receipt:
    """What became of a fact: new to the store, there already, or refused with the reason."""

    external_id: str | None
    status: Literal["accepted", "already", "refused"]
    reason: str | None = None


@dataclass(frozen=True)
class Kept:
    """One version of a fact as it is kept; `number` counts the versions in order of receipt."""

    number: int
    kind: str
    external_id: str
    version: int
    received_at: datetime
    known_on: date
    who: str
    content: dict[str, Any]


def receive(
    folder: Path,
    facts: Sequence[Fact],
    *,
    who: str,
    now: datetime,
    zone: ZoneInfo,
    all_or_nothing: bool = False,
) -> list[Receipt]:
    """Keep the facts that are new, in one transaction, and return one receipt each.

    They are known from the day of `now` in `zone`, and never before they happened. The same content under the
    same external id is there already; other content is refused, unless it adds what closes the fact.
    `all_or_nothing`: one refusal and nothing is kept. DebtscapeError when the file cannot be written.
    """
    today = now.astimezone(zone).date().isoformat()
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds")
    if not facts:
        return []
    with _trouble(folder), closing(_connected(_made(folder))) as store:
        store.execute("BEGIN IMMEDIATE")
        receipts = []
        for fact in facts:
            before = _versions(store, fact)
            receipts.append(_receipt(fact, before))
            if receipts[-1].status == "accepted":
                store.execute(
                    "INSERT INTO facts (kind, external_id, version, received_at, known_on, who, content) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        fact.kind,
                        fact.external_id,
                        len(before) + 1,
                        moment,
                        max(today, *_own_days(fact)),
                        who,
                        json.dumps(fact.content, sort_keys=True, ensure_ascii=False),
                    ),
                )
        refused = any(receipt.status == "refused" for receipt in receipts)
        store.execute("ROLLBACK" if all_or_nothing and refused else "COMMIT")
    return receipts


def _own_days(fact: Fact) -> list[str]:
    """Return the days on which what it tells happened."""
    kind = KINDS[fact.kind]
    return [fact.content[name] for name in (kind.happened, *kind.closing[:1]) if name in fact.content]


def _receipt(fact: Fact, before: list[dict[str, Any]]) -> Receipt:
    if not before:
        return Receipt(fact.external_id, "accepted")
    # a tool that repeats itself may send the opening again after the closing
    if fact.content in before:
        return Receipt(fact.external_id, "already")
    if _closes(fact, before[-1]):
        return Receipt(fact.external_id, "accepted")
    closing_columns = KINDS[fact.kind].closing
    changed = min((_differing(fact.content, version) for version in before), key=len)
    later = f"; only {' and '.join(closing_columns)} may be added later" if closing_columns else ""
    return Receipt(
        fact.external_id,
        "refused",
        f"was received before with another {', '.join(changed)}{later}: "
        "report what is new under an external_id of its own",
    )


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _closes(fact: Fact, before: dict[str, Any]) -> bool:
    """Return whether the fact is the one before, and its closing beside it."""
    added = fact.content.keys() - before.keys()
    columns = KINDS[fact.kind].closing
    return (
        bool(columns)
        and columns[0] in added
        and added <= set(columns)
        and all(fact.content.get(name) == value for name, value in before.items())
    )


def _versions(store: sqlite3.Connection, fact: Fact) -> list[dict[str, Any]]:
    rows = store.execute(
        "SELECT content FROM facts WHERE kind = ? AND external_id = ? ORDER BY version",
        (fact.kind, fact.external_id),
    )
    return [json.loads(content) for (content,) in rows]


def kept(folder: Path) -> list[Kept]:
    """Return all that was received, in order of receipt, as of one moment; nothing where no file is.

    DebtscapeError when the file cannot be read.
    """
    file = folder / FILE
    if not file.is_file():
        return []
    with _trouble(folder), closing(_connected(file)) as store:
        rows = store.execute(
            "SELECT number, kind, external_id, version, received_at, known_on, who, content "
            "FROM facts ORDER BY number"
        ).fetchall()
    return [
        Kept(
            number,
            kind,
            external_id,
            version,
            datetime.fromisoformat(received_at),
            date.fromisoformat(known_on),
            who,
            json.loads(content),
        )
        for number, kind, external_id, version, received_at, known_on, who, content in rows
    ]


def drop_facts(folder: Path, numbers: Sequence[int]) -> None:
    """Take versions out of the store, also out of the bytes on disk."""
    file = folder / FILE
    if not file.is_file():
        return
    with _trouble(folder), closing(_connected(file)) as store:
        store.execute("PRAGMA secure_delete = ON")
        store.execute("BEGIN IMMEDIATE")
        store.executemany("DELETE FROM facts WHERE number = ?", [(number,) for number in numbers])
        store.execute("COMMIT")
        # also where nothing was there to take out: whoever did so before may have died before this
        store.execute("VACUUM")
        busy, *_ = store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise sqlite3.OperationalError("somebody reads it all the time; try once more")


def _made(folder: Path) -> Path:
    """Return the store's file, made whole under another name first: nobody meets it half made."""
    file = folder / FILE
    if file.is_file():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / f".new-{os.getpid()}-{os.urandom(4).hex()}.sqlite"
    hidden.touch(mode=_ONE_WRITER)
    try:
        with closing(_connected(hidden)) as store:
            store.execute("PRAGMA journal_mode = WAL")
            store.execute(_TABLE)
        with suppress(FileExistsError):  # another one was quicker
            os.link(hidden, file)
    finally:
        hidden.unlink()
    return file


def _connected(file: Path) -> sqlite3.Connection:
    store = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    store.execute("PRAGMA synchronous = FULL")  # what was answered "accepted" outlives a power cut
    return store


@contextmanager
def _trouble(folder: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise DebtscapeError(f"the received facts in {folder / FILE} cannot be used: {error}") from error
