"""The demonstration: simulate a portfolio, train, run."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from pipelines.progress import Progress, silent

DEMO = Path(__file__).resolve().parent.parent / "configs" / "demo.yaml"


def demonstrate(out: Path, *, today: date, now: datetime, progress: Progress = silent) -> dict[str, Any]:
    """Write the portfolio of `configs/demo.yaml` to `out`, train and run on it; return both results.

    The ledger ends on a fixed day, and that is the day of the run, so that a repeat shows the same.
    """
    from features.simulate import simulate, write_portfolio
    from pipelines.learning.training import train
    from pipelines.running import run

    difficulty = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    progress("simulating a portfolio", 0, 1)
    config = write_portfolio(simulate(**difficulty), out)
    as_of = difficulty["end"]
    trained = train(config, as_of=as_of, today=max(today, as_of), progress=progress)
    ran = run(config, as_of=as_of, today=max(today, as_of), now=now, progress=progress)
    return {"train": trained, "run": ran}
