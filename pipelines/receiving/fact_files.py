"""Facts in a file, CSV, Parquet or Excel: read as a ledger's files are, kept row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from features.errors import LedgerError
from features.parsing_amounts import MILLION
from features.parsing_text import as_text
from features.sources import read_file
from features.spelling import way_out
from features.typed import UNREADABLE, Reading, Reasons, typed
from pipelines.receiving.door import Fact, Refusal, judge
from pipelines.receiving.kinds import KINDS, Kind
from pipelines.receiving.store import receive


@dataclass(frozen=True)
class RefusedRow:
    """A row that was not kept (the first data row is 1), or with row 0 the whole file."""

    row: int
    external_id: str | None
    reason: str


@dataclass(frozen=True)
class TakenIn:
    """What became of a file's rows: accepted, there already, refused with reasons."""

    file: str
    kind: str | None
    accepted: int
    already: int
    refused: tuple[RefusedRow, ...]

    @property
    def words(self) -> str:
        """One line about the file."""
        if self.refused and not self.refused[0].row:
            return f"{self.file}: refused, {self.refused[0].reason}"
        counts = f"{self.accepted} accepted, {self.already} already there, {len(self.refused)} refused"
        return f"{self.file}: {counts}"


def kind_of(name: str) -> str:
    """Return the kind that a file's name begins with, or that a table's name is.

    LedgerError when it begins with none.
    """
    asked = name.lower().replace("_", "-")
    for kind in KINDS:
        if asked.startswith(kind):
            return kind
    known = [kind.replace("-", "_") for kind in KINDS]
    raise LedgerError(f"{name}: no facts are called that{way_out(Path(name).stem, known)}; or say --table")


def take_in(
    folder: Path, path: Path, *, kind: str | None, who: str, now: datetime, zone: ZoneInfo, home_currency: str
) -> TakenIn:
    """Keep the facts of a file that are new and right; each row stands for itself.

    `kind`: None = the one that the file's name begins with. A file that cannot be read is refused as a whole.
    """
    try:
        kind = kind or kind_of(path.name)
        found = list(_judged(KINDS[kind], path, now.astimezone(zone), home_currency))
    except LedgerError as error:
        return refused_whole(path, kind, str(error).removeprefix(f"{path.name}: "))
    facts = [(row, fact) for row, fact in found if isinstance(fact, Fact)]
    receipts = receive(folder, [fact for _, fact in facts], who=who, now=now, zone=zone)
    told = {row: receipt for (row, _), receipt in zip(facts, receipts, strict=True)}
    refused = [
        RefusedRow(row, fact.external_id, told[row].reason or "")
        if isinstance(fact, Fact)
        else RefusedRow(row, fact.external_id, fact.reason)
        for row, fact in found
        if isinstance(fact, Refusal) or told[row].status == "refused"
    ]
    counts = [receipt.status for receipt in receipts]
    return TakenIn(path.name, kind, counts.count("accepted"), counts.count("already"), tuple(refused))


def refused_whole(path: Path, kind: str | None, why: str) -> TakenIn:
    """Return what is told of a file of which nothing was kept."""
    return TakenIn(path.name, kind, 0, 0, (RefusedRow(0, None, why),))


def _judged(
    kind: Kind, path: Path, here: datetime, home_currency: str
) -> Iterator[tuple[int, Fact | Refusal]]:
    """Yield the number of each row and the fact in it, or why it is refused; LedgerError for the whole."""
    raw = read_file(path).rename(columns=lambda name: str(name).strip()).reset_index(drop=True)
    _refuse_columns(kind, raw)
    if raw.empty:
        return
    ids = as_text(raw.pop("external_id"))
    for column, source in (kind.copied or {}).items():
        if column in kind.table.required:
            raw[column] = raw[source]
    frame, reasons = typed(kind.table, raw, Reading(path.name))
    for at in range(len(frame)):
        given = ids[at] if isinstance(ids[at], str) else None
        yield at + 1, _fact(kind, frame, reasons, at, given, here, home_currency)


def _fact(
    kind: Kind, frame: pd.DataFrame, reasons: Reasons, at: int, given: str | None, here: datetime, home: str
) -> Fact | Refusal:
    if reasons.texts[at] is not None:
        return Refusal(given, str(reasons.texts[at]))
    said = {"external_id": given} if given else {}
    for name in kind.columns:
        value: Any = frame[name].iat[at]
        if not pd.isna(value):
            said[name] = _plain(kind, name, value)
    return judge(kind.name, said, today=here.date(), home_currency=home)


def _plain(kind: Kind, name: str, value: Any) -> Any:
    match kind.table[name].kind:
        case "day":
            return str(value.date())
        case "money":
            return str(Decimal(int(value)) / MILLION)
        case "flag":
            return bool(value)
        case "share":
            return float(value)
    return str(value)


def _refuse_columns(kind: Kind, raw: pd.DataFrame) -> None:
    known = ["external_id", *kind.columns]
    for name in raw.columns:
        if name not in known and name != UNREADABLE:
            raise LedgerError(f"unknown column {name!r}{way_out(name, known)}")
    missing = [name for name in ("external_id", *kind.needed) if name not in raw]
    if missing:
        raise LedgerError(f"there is no column {', '.join(missing)}")
