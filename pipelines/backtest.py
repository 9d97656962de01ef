"""The flow that walks forward through the past, by hand."""

from datetime import date
from typing import Any

from prefect import flow

from pipelines.steps import read_for_backtest, shown, walk, without_trace_of_refusals, write_backtest


@flow(name="backtest", persist_result=False, on_running=[without_trace_of_refusals])
def backtest_flow(config: str, start: date, until: date, every: str = "1M") -> dict[str, Any]:
    """Train at each cutoff from `start` to before `until`, predict what follows, measure."""
    return shown(write_backtest(walk(read_for_backtest(config, start, until, every))))
