"""Hands a run on as files in a folder: CSV, Parquet, or one Excel workbook.

`FOLDER/deliveries/<as_of>_<run_id>/` holds one delivery each and is kept; `FOLDER/current` is a link to that
of the newest as-of day, switched in one step. A reader that opens `current` once sees one whole run.
CSV holds every text as it is, for machines; a person who opens it in a spreadsheet may meet a text that is
taken for a formula, which the Excel workbook never holds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from features.contracts import OUTPUT_TABLES
from features.errors import PublicationError
from pipelines.arrow_tables import to_csv, to_parquet
from pipelines.delivering.delivery import Content, Delivery, content
from pipelines.delivering.excel_book import excel_book
from pipelines.durable_files import make_folder, remove, rename, replace_folder
from pipelines.published_runs import PublishedRun

Format = Literal["csv", "parquet", "excel"]
DELIVERIES, CURRENT, FACTS, HIDDEN = "deliveries", "current", "delivery.json", ".tmp-"


def deliver_to_folder(
    run: PublishedRun, folder: Path, file_format: Format = "csv", lock_wait_seconds: float = 10.0
) -> Delivery:
    """Write the run's tables into `folder`, whole or not at all; a second time changes nothing.

    A run whose content has changed since (a debtor was erased), or that was delivered in another
    format, takes the place of what was delivered. PublicationError when the run is damaged, a table is
    too long for Excel, another process is delivering there, or the disk refuses.
    """
    place = folder / DELIVERIES / f"{run.as_of.isoformat()}_{run.run_id}"
    with _disk_trouble(folder), _only_writer(folder, lock_wait_seconds):
        _clean_up(folder)
        facts = _facts(place)
        already = (facts.get("fingerprint"), facts.get("format")) == (run.fingerprint, file_format)
        if not already:
            told = content(run)
            facts = _told_facts(run, told, file_format)
            written = json.dumps(facts, indent=2).encode() + b"\n"
            replace_folder(place, {**_files(told, run, file_format), FACTS: written})
        _point_at_newest(folder)
    return Delivery(run.run_id, str(place), already, facts["rows"], facts["withheld"])


def run_in_folder(folder: Path) -> str | None:
    """Return the id of the run that `current` shows, or None before the first delivery."""
    run_id = _facts(folder / CURRENT).get("run_id")
    return str(run_id) if run_id else None


def _files(told: Content, run: PublishedRun, file_format: Format) -> dict[str, bytes]:
    match file_format:
        case "csv":
            return {f"{name}.csv": to_csv(OUTPUT_TABLES[name], table) for name, table in told.tables.items()}
        case "parquet":
            return {f"{name}.parquet": to_parquet(table) for name, table in told.tables.items()}
        case "excel":
            return {"debtscape.xlsx": excel_book(told.tables, run.created_at)}


def _told_facts(run: PublishedRun, told: Content, file_format: Format) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "created_at": run.created_at.isoformat(),
        "fingerprint": run.fingerprint,
        "format": file_format,
        "rows": told.rows,
        "withheld": dict(told.withheld),
    }


def _facts(place: Path) -> dict[str, Any]:
    file = place / FACTS
    if not file.is_file():
        return {}
    try:
        facts: dict[str, Any] = json.loads(file.read_bytes())
    except ValueError as error:
        raise PublicationError(f"{file} cannot be read.\nRemove {place} and deliver again.") from error
    return facts


def _point_at_newest(folder: Path) -> None:
    delivered = {place: _facts(place) for place in (folder / DELIVERIES).glob("[!.]*")}
    newest = max(
        (place for place, facts in delivered.items() if facts),
        key=lambda place: [delivered[place][name] for name in ("as_of", "created_at", "run_id")],
    )
    pointer, target = folder / CURRENT, Path(DELIVERIES) / newest.name
    if os.path.lexists(pointer) and not pointer.is_symlink():
        raise PublicationError(f"{pointer} is not a link of a delivery.\nDeliver into a folder of its own.")
    if not pointer.is_symlink() or pointer.readlink() != target:
        hidden = folder / f"{HIDDEN}{CURRENT}"
        hidden.symlink_to(target, target_is_directory=True)
        rename(hidden, pointer)


def _clean_up(folder: Path) -> None:
    """Remove what deliveries that died have left; only the holder of the lock may."""
    pointer = folder / f"{HIDDEN}{CURRENT}"  # of the folder itself only this is ours
    if os.path.lexists(pointer):
        remove(pointer)
    for left in sorted((folder / DELIVERIES).glob(f"{HIDDEN}*")):
        remove(left)


@contextmanager
def _only_writer(folder: Path, wait_seconds: float) -> Iterator[None]:
    make_folder(folder / DELIVERIES)
    try:
        with FileLock(folder / ".lock", timeout=wait_seconds):
            yield
    except Timeout as error:
        raise PublicationError(
            f"another process is delivering into {folder}; try again when it is done"
        ) from error


@contextmanager
def _disk_trouble(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or os.fspath(folder)
        raise PublicationError(f"cannot deliver into {folder}: {error.strerror} ({where})") from error
