"""A folder of files is replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.runs import durable_files
from pipelines.runs.durable_files import replace_folder

OLD, NEW = {"page.html": b"old", "plot.png": b"old"}, {"page.html": b"new", "page.md": b"new"}
STEPS = ("mkdir", "open", "write", "fsync", "replace", "unlink", "rmdir")


class PowerCutError(Exception):
    """The process ends here."""


def held(folder: Path) -> dict[str, bytes]:
    """What is in a folder; nothing where there is none."""
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.is_dir() else {}


def test_a_folder_and_its_parents_are_made(tmp_path: Path) -> None:
    """What was never written before; nothing hidden stays beside it."""
    replace_folder(tmp_path / "pages" / "today", NEW)
    assert held(tmp_path / "pages" / "today") == NEW
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["today"]


def test_nothing_of_what_was_there_stays(tmp_path: Path) -> None:
    """A file that the new ones do not have goes too, and a folder's neighbour is left alone."""
    replace_folder(tmp_path / "today", OLD)
    replace_folder(tmp_path / "other", OLD)
    replace_folder(tmp_path / "today", NEW)
    assert held(tmp_path / "today") == NEW
    assert held(tmp_path / "other") == OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "today"]


def test_whoever_dies_leaves_no_mixture_and_the_next_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power fails before each step on disk in turn, until one attempt lives to the end."""
    seen = []
    for at in range(1, 100):
        folder = tmp_path / str(at) / "today"
        replace_folder(folder, OLD)
        with monkeypatch.context() as power:
            _fail_before(power, at)
            try:
                replace_folder(folder, NEW)
                break
            except PowerCutError:
                pass
        seen.append(held(folder))
        replace_folder(folder, NEW)
        assert held(folder) == NEW
        assert [path.name for path in folder.parent.iterdir()] == ["today"]
    assert at > 10
    assert all(content in (OLD, {}, NEW) for content in seen)
    assert OLD in seen
    assert NEW in seen


def _fail_before(power: pytest.MonkeyPatch, at: int) -> None:
    """Let the step number `at` on disk raise instead."""
    done = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == at:
                raise PowerCutError
            return call(*arguments, **named)

        return step

    for name in STEPS:
        power.setattr(durable_files.os, name, counted(getattr(durable_files.os, name)))
