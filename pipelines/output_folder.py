"""The folder that runs are published into: who may write there, what is left over, which is the latest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from features.errors import PublicationError
from pipelines.durable_files import OWNER_WRITES, make_folder, remove, rename, write_file
from pipelines.published_runs import LATEST, RUNS, PublishedRun, all_runs

LOCK = ".lock"
HIDDEN = ".tmp-"
"""Begins the name of what is being written; what is left of it belongs to a writer that died."""


def point_at_latest(output: Path) -> PublishedRun:
    """Let `latest.json` name the run with the greatest as-of day; return that run."""
    latest = all_runs(output)[-1]
    content = json_bytes(
        {
            "schema_version": latest.manifest["schema_version"],
            "run_id": latest.run_id,
            "as_of": latest.as_of.isoformat(),
            "path": f"{RUNS}/{latest.run_id}",
        }
    )
    pointer = output / LATEST
    if not pointer.is_file() or pointer.read_bytes() != content:
        hidden = output / f"{HIDDEN}{LATEST}"
        write_file(hidden, content, OWNER_WRITES)
        rename(hidden, pointer)
    return latest


def clean_up(output: Path) -> None:
    """Remove what writers that died have left; only the holder of the lock may."""
    for folder in (output, output / RUNS):
        for left in sorted(folder.glob(f"{HIDDEN}*")):
            remove(left)


@contextmanager
def only_writer(output: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the folder's lock; PublicationError when another process has it for so long."""
    make_folder(output / RUNS)
    lock = FileLock(output / LOCK, timeout=wait_seconds)
    try:
        lock.acquire()
    except Timeout as error:
        raise PublicationError(
            f"another process is publishing into {output} (it holds {output / LOCK}).\n"
            f"Waited {wait_seconds:g} seconds; try again when it is done."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def disk_trouble(output: Path) -> Iterator[None]:
    """Turn what the disk refuses into a PublicationError that says where."""
    try:
        yield
    except OSError as error:
        where = error.filename or os.fspath(output)
        raise PublicationError(f"cannot publish into {output}: {error.strerror} ({where})") from error


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Return the content as a file that people can read too."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
