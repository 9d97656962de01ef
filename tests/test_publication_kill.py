"""A publisher that dies at any step on disk leaves the previous run, or the new one, latest and whole."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from publication_support import publish_small, publish_tiny

from pipelines.runs.durable_files import write_file
from pipelines.runs.published_runs import all_runs, latest_run, verify

KILLER = Path(__file__).with_name("publication_killer.py")


def left_behind(output: Path) -> str:
    """A writer that died: half a run and half a pointer, which the next one has to remove."""
    run_id = publish_tiny(output).run_id
    half = output / "runs" / ".tmp-0123456789abcdef"
    half.mkdir()
    (half / "segments.parquet").write_bytes(b"PAR1")
    (output / ".tmp-latest.json").write_bytes(b"{")
    return run_id


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "first", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["first run", "later run"]
)
def test_a_kill_at_each_step_leaves_a_whole_run_and_the_next_attempt_succeeds(
    tmp_path: Path, first: bool
) -> None:
    """Every open, write (also half of one), fsync, mkdir, rename and removal is tried."""
    template = tmp_path / "template"
    template.mkdir()
    previous = None if first else left_behind(template)
    work = tmp_path / "work"
    work.mkdir()
    killed = subprocess.run(
        [sys.executable, str(KILLER), str(template), str(work)],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(KILLER.parent), str(KILLER.parents[1])])},
    )
    deaths = [line.split() for line in killed.stdout.splitlines()]
    files = 7  # two tables as Parquet and CSV, report, manifest, latest.json
    steps = Counter(name for folder, name in deaths if not folder.endswith("half"))
    assert steps["write"] == files
    assert steps["fsync"] >= files
    assert steps["replace"] == 2
    assert steps["end"] == 1
    assert (steps["unlink"] > 0) == (not first)

    new, seen = set(), set()
    for folder, _ in deaths:
        output = work / folder
        latest = latest_run(output)
        for run in all_runs(output):
            verify(run)
        before = latest and latest.run_id
        published = publish_small(output)
        assert before in (previous, published.run_id)
        assert published.is_latest
        assert not list(output.rglob(".tmp-*"))
        after = latest_run(output)
        assert after is not None
        verify(after)
        assert len(all_runs(output)) == (1 if first else 2)
        new.add(published.run_id)
        seen.add(before == published.run_id)
    assert len(new) == 1
    assert seen == {True, False}


def test_everything_is_on_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill cannot show what a power cut would lose, so the order of the syncs is read from the calls."""
    names: dict[int, str] = {}
    unsynced: set[str] = set()
    renamed: list[str] = []
    real_open, real_write, real_fsync, real_replace = os.open, os.write, os.fsync, os.replace

    def opened(path, *arguments, **named):
        descriptor = real_open(path, *arguments, **named)
        names[descriptor] = str(path)
        return descriptor

    def wrote(descriptor, content):
        unsynced.update({names[descriptor], str(Path(names[descriptor]).parent)})
        return real_write(descriptor, content)

    def synced(descriptor):
        unsynced.discard(names[descriptor])
        real_fsync(descriptor)

    def replaced(old, new):
        inside = {path for path in unsynced if path == str(old) or Path(old) in Path(path).parents}
        assert not inside, "named before it was on disk"
        unsynced.add(str(Path(new).parent))
        renamed.append(Path(new).name)
        real_replace(old, new)

    for name, call in {"open": opened, "write": wrote, "fsync": synced, "replace": replaced}.items():
        monkeypatch.setattr(os, name, call)
    run_id = publish_tiny(tmp_path / "out").run_id
    monkeypatch.undo()
    assert renamed == [run_id, "latest.json"]
    assert not {path for path in unsynced if ".lock" not in path}


def test_a_write_that_takes_only_part_of_the_bytes_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`os.write` may take fewer bytes than it is given."""
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real_write(descriptor, content[:3]))
    write_file(tmp_path / "file", b"0123456789")
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == b"0123456789"
