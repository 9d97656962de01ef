"""What a webhook was told, and what it never accepted: `BOX/sent` and `BOX/dead`, one JSON file per run.

A letter says message_id, run_id, as_of, created_at and fingerprint; a dead one also trouble and message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.errors import PublicationError
from pipelines.delivering.delivery import Held
from pipelines.runs.durable_files import make_folder, remove, rename, write_file
from pipelines.runs.published_runs import PublishedRun

SENT, DEAD = "sent", "dead"


def told_to_webhook(box: Path) -> Held:
    """Return the run that the receiver heard of last: it keeps none of those before."""
    last = last_told(box)
    return Held({last["run_id"]: last["fingerprint"]}, last["run_id"]) if last else Held({}, None)


def dead_letters(box: Path) -> list[dict[str, Any]]:
    """Return the letters that were never accepted, the oldest day first.

    `overtaken_by` in each is the run that the receiver accepted since, whose message holds these changes
    too, or None.
    """
    last = last_told(box)
    return [
        letter | {"overtaken_by": last["run_id"] if last and order(last) > order(letter) else None}
        for letter in sorted(_letters(box / DEAD), key=order)
    ]


def last_told(box: Path) -> dict[str, Any] | None:
    """Return the letter of the newest as-of day that was accepted."""
    return max(_letters(box / SENT), key=order, default=None)


def told_of(box: Path, run_id: str) -> dict[str, Any] | None:
    """Return the accepted letter about a run."""
    file = box / SENT / f"{run_id}.json"
    return _letter(file) if file.is_file() else None


def letter_of(run: PublishedRun) -> dict[str, Any]:
    """Return what is kept about a message of this run."""
    return {
        "message_id": f"{run.run_id}-{run.fingerprint[:16]}",
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "created_at": run.created_at.isoformat(),
        "fingerprint": run.fingerprint,
    }


def order(letter: Mapping[str, Any]) -> tuple[str, str, str]:
    """The larger, the later is the run, as `PublishedRun.order`."""
    return letter["as_of"], letter["created_at"], letter["run_id"]


def keep_sent(box: Path, letter: Mapping[str, Any]) -> None:
    """Keep that it was accepted; as a dead letter it is gone."""
    _keep(box / SENT, letter)
    dead = box / DEAD / f"{letter['run_id']}.json"
    if dead.is_file():
        remove(dead)


def keep_dead(box: Path, letter: Mapping[str, Any], trouble: str, message: Mapping[str, Any]) -> Path:
    """Keep what was not accepted, and return where."""
    return _keep(box / DEAD, {**letter, "trouble": trouble, "message": message})


def _letters(folder: Path) -> list[dict[str, Any]]:
    return [_letter(file) for file in sorted(folder.glob("[!.]*.json"))]


def _letter(file: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(file.read_bytes())
        order(said)
    except (ValueError, KeyError, TypeError) as error:
        raise PublicationError(f"{file} cannot be read.\nRemove it and deliver again.") from error
    return said


def _keep(folder: Path, letter: Mapping[str, Any]) -> Path:
    """Write the letter whole or not at all; only its owner may read it."""
    make_folder(folder)
    file = folder / f"{letter['run_id']}.json"
    hidden = file.with_name(f".tmp-{file.name}")
    if hidden.exists():
        remove(hidden)
    write_file(hidden, json.dumps(letter, indent=2, ensure_ascii=False).encode() + b"\n", 0o600)
    rename(hidden, file)
    return file
