"""Files and folders that are still there, whole, after the power fails.

Everything that publication changes on disk goes through these functions, so that a test can stop
the process at each single step.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

READ_ONLY, OWNER_WRITES = 0o444, 0o644


def make_folder(path: Path) -> None:
    """Make the folder and its parents, where missing, and make their names last."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):  # another process was quicker
        os.mkdir(path)  # noqa: PTH102  one call of `os` for each step on disk
    sync_folder(path.parent)


def write_file(path: Path, content: bytes, mode: int = READ_ONLY) -> None:
    """Write a new file and bring its content to disk; its name lasts once the folder is synced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(old: Path, new: Path) -> None:
    """Give `old` its new name in one step, replacing a file of that name, and make it last."""
    os.replace(old, new)  # noqa: PTH105
    sync_folder(new.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        for inner in sorted(path.iterdir()):
            remove(inner)
        os.rmdir(path)  # noqa: PTH106
    else:
        os.unlink(path)  # noqa: PTH108


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the files, name -> content, in the place of all that is in the folder.

    Whoever dies on the way leaves the old files, none, or the new ones, and never some of each.
    """
    new, old = (folder.with_name(f".tmp-{folder.name}{part}") for part in ("", "-old"))
    for left in (new, old):
        if left.exists():
            remove(left)
    make_folder(new)
    for name, content in files.items():
        write_file(new / name, content)
    sync_folder(new)
    if folder.exists():
        rename(folder, old)
    rename(new, folder)
    if old.exists():
        remove(old)


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
