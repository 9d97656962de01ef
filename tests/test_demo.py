"""The demonstration leads from nothing to a run."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines import demo


def test_it_simulates_trains_and_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a portfolio too small to learn from, the run speaks by the rule, and its page is there."""
    small = tmp_path / "small.yaml"
    small.write_text("{debtors: 20, months: 4, seed: 1, end: 2026-01-01}")
    monkeypatch.setattr(demo, "DEMO", small)
    now = datetime(2026, 1, 1, 6, tzinfo=UTC)
    shown = demo.demonstrate(tmp_path / "demo", today=date(2026, 1, 1), now=now)
    assert shown["train"]["models"]["payment-time"]["accepted"] is False
    assert shown["run"]["as_of"] == "2026-01-01"
    assert Path(shown["run"]["page"]).is_file()


@pytest.mark.slow
def test_the_command_ends_with_a_model_and_where_the_page_is(tmp_path: Path) -> None:
    """`make demo` as a user sees it: a champion, and a run predicted by it."""
    command = Path(sys.executable).with_name("debtscape")
    done = subprocess.run([command, "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "Proven better than the debtor's own late rate" in done.stdout
    assert (tmp_path / done.stdout.splitlines()[-1].removeprefix("Page: ")).is_file()
