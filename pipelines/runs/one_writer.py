"""One process at a time writes into a folder, and it is said plainly when that cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from features.errors import PublicationError
from pipelines.runs.durable_files import make_folder

LOCK = ".lock"


@contextmanager
def one_writer(folder: Path, verb: str, wait_seconds: float) -> Iterator[None]:
    """Hold the folder's lock, having made the folder where it is missing; `verb`: such as publish.

    PublicationError when another process has it for so long, or when the disk refuses anything meanwhile.
    """
    try:
        make_folder(folder)
        lock = FileLock(folder / LOCK, timeout=wait_seconds)
        try:
            lock.acquire()
        except Timeout as error:
            raise PublicationError(
                f"another process is {verb}ing into {folder} (it holds {folder / LOCK}).\n"
                f"Waited {wait_seconds:g} seconds; try again when it is done."
            ) from error
        try:
            yield
        finally:
            lock.release()
    except OSError as error:
        where = error.filename or os.fspath(folder)
        raise PublicationError(f"cannot {verb} into {folder}: {error.strerror} ({where})") from error
