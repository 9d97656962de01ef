"""The folder where tools that speak no HTTP leave files: taken in, then moved out of the way.

A file is written under a name that is not looked at, such as `disputes.csv.part`, and then renamed.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from features.sources import FILES
from pipelines.receiving.fact_files import TakenIn, refused_whole, take_in
from pipelines.runs.durable_files import OWNER_WRITES, make_folder, rename, write_file

DROP, DONE, REFUSED = "drop", "done", "refused"


def take_in_drop(folder: Path, *, now: datetime, zone: ZoneInfo, home_currency: str) -> list[TakenIn]:
    """Take in every file that waits below `folder`/drop, by name, and return what became of each.

    Afterwards it is in drop/done, or in drop/refused beside a text that says why, when a row was refused. A
    death in between does no harm: the next time its rows are there already. Two processes may do it at once.
    A file that the disk refuses stays where it is.
    """
    taken = []
    for path in waiting(folder):
        try:
            found = take_in(
                folder,
                path,
                kind=None,
                who=f"file {path.name}",
                now=now,
                zone=zone,
                home_currency=home_currency,
            )
            _put_away(path, found, now)
        except FileNotFoundError:  # another process was quicker
            continue
        except OSError as error:
            found = refused_whole(path, None, error.strerror or str(error))
        taken.append(found)
    return taken


def waiting(folder: Path) -> list[Path]:
    """Return the files that wait to be taken in, by name; those of other types are still being written."""
    found = (folder / DROP).glob("[!.]*")
    return sorted(path for path in found if path.suffix.lower() in FILES and path.is_file())


def _put_away(path: Path, found: TakenIn, now: datetime) -> None:
    place = path.parent / (REFUSED if found.refused else DONE)
    make_folder(place)
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    new = place / f"{stamp}-{os.urandom(3).hex()}-{path.name}"
    rename(path, new)
    if found.refused:
        write_file(new.with_name(f"{new.name}.txt"), _why(found).encode(), OWNER_WRITES)


def _why(found: TakenIn) -> str:
    rows = (
        f"row {row.row} ({row.external_id or 'no external_id'}): {row.reason}"
        for row in found.refused
        if row.row
    )
    return "\n".join([found.words, *rows, "Rows that were accepted may be in the corrected file again.", ""])
