"""Put new files in the place of a published folder, so that whoever dies on the way loses nothing.

Unlike a folder that is written for the first time, the rewritten one is of value while the old one is away:
it waits under a name of its own, and whoever publishes or forgets next gives it its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipelines.runs.durable_files import make_folder, remove, rename, sync_folder, write_file
from pipelines.runs.output_folder import HIDDEN
from pipelines.runs.published_runs import RUNS

BACKTESTS = "backtests"
COMPLETE = ".erased-"
"""Begins the name of a rewritten folder that only waits for its place."""


def rewrite(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the files in the place of all that is in the folder; `mend` ends it where the writer died."""
    new, old = (folder.with_name(f"{HIDDEN}{folder.name}{part}") for part in ("", "-old"))
    complete = folder.with_name(f"{COMPLETE}{folder.name}")
    make_folder(new)
    for name, content in files.items():
        write_file(new / name, content)
    sync_folder(new)
    rename(new, complete)
    rename(folder, old)
    rename(complete, folder)
    remove(old)


def mend(output: Path) -> None:
    """Give rewritten folders their place whose writer died; only the holder of the output's lock may."""
    for parent in (output / RUNS, output / BACKTESTS):
        for complete in sorted(parent.glob(f"{COMPLETE}*")):
            place = parent / complete.name.removeprefix(COMPLETE)
            if place.exists():
                remove(complete)
            else:
                rename(complete, place)
