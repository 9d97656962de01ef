"""The flow that does the main job, nightly by default."""

from datetime import date
from typing import Any

from prefect import flow

from pipelines.steps import decide, handed_on, publish_run, read_for_run, shown, without_trace_of_refusals


@flow(name="resegment", persist_result=False, on_running=[without_trace_of_refusals])
def resegment_flow(config: str, as_of: date | None = None) -> dict[str, Any]:
    """Segment the debtors as of a day, predict payment, time the reminders, publish a run; hand it on."""
    return handed_on(config, as_of, shown(publish_run(decide(read_for_run(config, as_of)))))
