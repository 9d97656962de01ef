"""A folder of deliveries: each is whole and kept, and the newest is in front.

`FOLDER/deliveries/<as_of>_<run_id>/` holds one delivery each; `FOLDER/current` is a link to that of the
newest as-of day, switched in one step. A reader that opens `current` once sees one whole run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from features.errors import PublicationError
from pipelines.delivering.delivery import Content, Delivery, Held, content
from pipelines.runs.durable_files import remove, rename, replace_folder
from pipelines.runs.one_writer import one_writer
from pipelines.runs.published_runs import PublishedRun

DELIVERIES, CURRENT, FACTS, HIDDEN = "deliveries", "current", "delivery.json", ".tmp-"


def keep(
    run: PublishedRun,
    folder: Path,
    kind: str,
    written: Callable[[Content], Mapping[str, bytes]],
    lock_wait_seconds: float = 10.0,
) -> Delivery:
    """Deliver what `written` makes of the run's content, by file name; a second time changes nothing.

    What was delivered of the run gives way when the run has changed since (a debtor was erased), when it is
    of another `kind` (a format, a shape), or when a file is missing or changed. PublicationError when the run
    is damaged, another process is delivering there, or the disk refuses.
    """
    place = folder / DELIVERIES / f"{run.as_of.isoformat()}_{run.run_id}"
    with one_writer(folder, "deliver", lock_wait_seconds):
        _clean_up(folder)
        facts = _facts(place)
        already = (facts.get("fingerprint"), facts.get("format")) == (run.fingerprint, kind)
        already = already and _unchanged(place, facts)
        if not already:
            told = content(run)
            files = written(told)
            facts = _told_facts(run, told, kind, files)
            replace_folder(place, {**files, FACTS: json.dumps(facts, indent=2).encode() + b"\n"})
        _point_at_newest(folder)
    return Delivery(run.run_id, str(place), already, facts["rows"], facts["withheld"])


def held_in_folder(folder: Path) -> Held:
    """Return the runs that the folder keeps, and the one that `current` shows."""
    facts = [_facts(place) for place in (folder / DELIVERIES).glob("[!.]*")]
    shown = _facts(folder / CURRENT).get("run_id")
    return Held({one["run_id"]: one["fingerprint"] for one in facts if one}, shown)


def _unchanged(place: Path, facts: Mapping[str, Any]) -> bool:
    """Whether every delivered file is there and as it was written."""
    listed = facts.get("files")
    return listed is not None and all(
        (place / name).is_file() and sha256((place / name).read_bytes()).hexdigest() == digest
        for name, digest in listed.items()
    )


def _told_facts(run: PublishedRun, told: Content, kind: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "created_at": run.created_at.isoformat(),
        "fingerprint": run.fingerprint,
        "format": kind,
        "rows": told.rows,
        "withheld": dict(told.withheld),
        "files": {name: sha256(file).hexdigest() for name, file in sorted(files.items())},
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
