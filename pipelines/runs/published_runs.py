"""The runs that were published: find them, read them, verify them.

`output/runs/<run_id>/` holds one complete run; `output/latest.json` names the run to use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from features.contracts import OUTPUT_TABLES, SCHEMA_VERSION
from features.errors import PublicationError

RUNS, MANIFEST, LATEST = "runs", "manifest.json", "latest.json"


@dataclass(frozen=True)
class PublishedRun:
    """One complete run: its folder and what its manifest says."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        """The hash of the run's inputs."""
        return str(self.manifest["run_id"])

    @property
    def as_of(self) -> date:
        """The day the run looked from."""
        return date.fromisoformat(self.manifest["as_of"])

    @property
    def created_at(self) -> datetime:
        """The moment of publication."""
        return datetime.fromisoformat(self.manifest["created_at"])

    @property
    def fingerprint(self) -> str:
        """The hash of the files' hashes: changes when any content changes, not with the clock."""
        return str(self.manifest["fingerprint"])

    @property
    def order(self) -> tuple[date, datetime, str]:
        """The larger, the more a run is the latest: as-of day, then moment of publication."""
        return self.as_of, self.created_at, self.run_id


def find_run(output: Path, run_id: str) -> PublishedRun | None:
    """Return the run of that id, or None when it was not published."""
    folder = output / RUNS / run_id
    return _open_run(folder) if folder.is_dir() else None


def all_runs(output: Path) -> list[PublishedRun]:
    """Return every complete run, the latest last."""
    folders = (path for path in (output / RUNS).glob("[!.]*") if (path / MANIFEST).is_file())
    return sorted((_open_run(folder) for folder in folders), key=lambda run: run.order)


def latest_run(output: Path) -> PublishedRun | None:
    """Return the run that `latest.json` names, or None before the first publication."""
    pointer = output / LATEST
    if not pointer.is_file():
        return None
    try:
        run_id = json.loads(pointer.read_bytes())["run_id"]
    except (ValueError, KeyError, TypeError) as error:
        raise PublicationError(f"{pointer} cannot be read; the next publication mends it") from error
    run = find_run(output, run_id)
    if run is None:
        raise PublicationError(f"{pointer} names run {run_id}, which is gone; the next publication mends it")
    return run


def previous_run(output: Path, before: date) -> PublishedRun | None:
    """Return the complete run with the greatest as-of day before `before`, or None.

    Of several on that day it is the one published last, so that the answer for a day changes only
    when something new is published for an earlier day.
    """
    return max(
        (run for run in all_runs(output) if run.as_of < before), key=lambda run: run.order, default=None
    )


def read_table(run: PublishedRun, name: str) -> pd.DataFrame:
    """Return a table of a run with inside names and types (money as int64 minor units).

    PublicationError when there is no such table or another major version of the contract wrote it.
    """
    from pipelines.runs.arrow_tables import from_arrow, from_parquet

    if name not in OUTPUT_TABLES:
        raise PublicationError(f"no output table {name!r}; tables: {', '.join(OUTPUT_TABLES)}")
    written = str(run.manifest["schema_version"])
    if written.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise PublicationError(
            f"run {run.run_id} follows contract {written}; this version reads {SCHEMA_VERSION} only"
        )
    file = run.path / f"{name}.parquet"
    if not file.is_file():
        raise PublicationError(f"{file} is missing from run {run.run_id}")
    # in one chunk: to take a row out of a column of many, Arrow copies the whole column
    return from_arrow(OUTPUT_TABLES[name], from_parquet(file.read_bytes()).combine_chunks())


def has_table(run: PublishedRun, name: str) -> bool:
    """Return whether the run has the table: one of an older version may not."""
    return f"{name}.parquet" in run.manifest["files"]


def verify(run: PublishedRun) -> None:
    """Compare every file of a run with the hash in its manifest.

    PublicationError names what is changed, missing or not of the run.
    """
    listed = {name: facts["sha256"] for name, facts in run.manifest["files"].items()}
    present = {path.name for path in run.path.iterdir()} - {MANIFEST}
    wrong = dict.fromkeys(listed.keys() - present, "missing")
    wrong |= dict.fromkeys(present - listed.keys(), "not of the run")
    for name in listed.keys() & present:
        if sha256((run.path / name).read_bytes()).hexdigest() != listed[name]:
            wrong[name] = "changed"
    if content_fingerprint(listed) != run.fingerprint:
        wrong[MANIFEST] = "changed"
    if wrong:
        found = ", ".join(f"{name} ({what})" for name, what in sorted(wrong.items()))
        raise PublicationError(f"run {run.run_id} is damaged: {found}.\nRemove {run.path} and run again.")


def content_fingerprint(hashes: Mapping[str, str]) -> str:
    """Return the hash of the files' names and hashes."""
    return sha256(json.dumps(dict(sorted(hashes.items()))).encode()).hexdigest()


def _open_run(folder: Path) -> PublishedRun:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        run = PublishedRun(folder, manifest)
        complete = run.order[2] == folder.name and bool(run.fingerprint)
    except (OSError, ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        raise PublicationError(f"{folder} has no whole {MANIFEST}.\nRemove the folder and run again.")
    return run
