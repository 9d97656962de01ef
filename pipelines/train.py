"""The flow that retrains, monthly by default."""

from datetime import date
from typing import Any

from prefect import flow

from pipelines.steps import fit, read_for_training, register, shown, without_trace_of_refusals


@flow(name="train", persist_result=False, on_running=[without_trace_of_refusals])
def train_flow(config: str, as_of: date | None = None) -> dict[str, Any]:
    """Fit the models as of a day, measure them, register them, and let the gate decide."""
    return shown(register(fit(read_for_training(config, as_of))))
