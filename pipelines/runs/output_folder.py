"""The folder that runs are published into: what is left over there, and which is the latest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.runs.durable_files import OWNER_WRITES, remove, rename, write_file
from pipelines.runs.published_runs import LATEST, RUNS, PublishedRun, all_runs

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


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Return the content as a file that people can read too."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
