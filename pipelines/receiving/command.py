"""What `debtscape receive` does, and each run at its start: files taken in, and the list of what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from features.errors import LedgerError
from pipelines.receiving.drop import DROP, REFUSED, take_in_drop
from pipelines.receiving.fact_files import kind_of, take_in
from pipelines.receiving.store import kept
from pipelines.serving.access_log import person_here
from pipelines.settings import Settings


def receive_files(
    settings: Settings, files: Sequence[Path], *, table: str | None, now: datetime
) -> dict[str, Any]:
    """Take in these files, or without any those of the drop folder; JSON-ready: per file what became of it.

    The files themselves stay where they are; those of the drop folder are moved. LedgerError when a file is
    not there or no facts are called `table`.
    """
    folder, zone, home = settings.received_folder, settings.zone, settings.home_currency
    kind = kind_of(table) if table else None
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise LedgerError(f"{missing[0]}: no such file")
    if files:
        who = f"{person_here()}, by hand"
        taken = [
            take_in(folder, path, kind=kind, who=who, now=now, zone=zone, home_currency=home)
            for path in files
        ]
    else:
        taken = take_in_drop(folder, now=now, zone=zone, home_currency=home)
    return {
        "used_from": f"runs after {now.astimezone(zone).date()}",
        "drop_folder": str(folder / DROP),
        "files": [asdict(each) for each in taken],
    }


def take_in_waiting(settings: Settings, *, now: datetime) -> tuple[str, ...]:
    """Take in the files of the drop folder and return a warning for each that was not taken in whole."""
    taken = take_in_drop(
        settings.received_folder, now=now, zone=settings.zone, home_currency=settings.home_currency
    )
    place = settings.received_folder / DROP / REFUSED
    return tuple(f"{each.words}; {place} says why" for each in taken if each.refused)


def list_received(folder: Path) -> dict[str, Any]:
    """Return what was received, newest first, JSON-ready; whom it is about, and not what was noted."""
    return {
        "received": [
            {
                "number": fact.number,
                "received_at": fact.received_at.isoformat(),
                "known_on": fact.known_on.isoformat(),
                "kind": fact.kind,
                "external_id": fact.external_id,
                "version": fact.version,
                "who": fact.who,
                "about": fact.content.get("customer_id") or fact.content.get("invoice_id"),
            }
            for fact in reversed(kept(folder))
        ]
    }
