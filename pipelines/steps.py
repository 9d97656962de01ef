"""The stages of the jobs as Prefect tasks: reading and writing is retried, a clear refusal is not.

Each task calls the plain function that the command calls too; nothing is decided here but the day
of a scheduled run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from prefect import Flow, Task, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.settings import PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS, temporary_settings

from features.errors import DebtscapeError, PublicationError
from pipelines.progress import Progress
from pipelines.settings_file import load_settings

P = ParamSpec("P")
R = TypeVar("R")

RETRY_DELAYS_SECONDS = [10.0, 60.0]
"""A file share or a database that is away for a moment is back after one of these."""
SERVER_STARTUP_SECONDS = 120
"""A server that Prefect starts for one run needs more than its usual 20 seconds on a busy machine."""


def worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failure may go away by itself; a refusal stays until somebody acts."""
    return not isinstance(state.result(raise_on_failure=False), DebtscapeError)


def _io(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a task of a function that reads or writes."""
    return task(
        name=name,
        retries=len(RETRY_DELAYS_SECONDS),
        retry_delay_seconds=RETRY_DELAYS_SECONDS,
        retry_condition_fn=worth_retrying,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


def _pure(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a task of a function that only computes: a second try would give the same."""
    return task(name=name, cache_policy=NO_CACHE, persist_result=False)


@_io("read for training")
def read_for_training(config: str, as_of: date | None) -> Any:
    """Read the ledger known before the day, and the champion to beat."""
    from pipelines.learning import training

    day, today = _days(config, as_of)
    return training.read_for_training(Path(config), as_of=day, today=today)


@_pure("fit and evaluate")
def fit(inputs: Any) -> Any:
    """Fit the models, measure them, and let the gate decide."""
    from pipelines.learning import training

    with _progress() as progress:
        return training.fit(inputs, progress=progress)


@_io("register")
def register(outcome: Any) -> dict[str, Any]:
    """Log and register the models, and move the alias when the gate let them pass."""
    from pipelines.learning import training

    told: dict[str, Any] = training.register(outcome)
    return told


@_io("read for the run")
def read_for_run(config: str, as_of: date | None) -> Any:
    """Read the ledger known before the day, the previous run and the champions.

    A scheduled run refuses a ledger whose bank file is old: it would remind people who have paid.
    """
    from pipelines import running
    from pipelines.reading import refuse_stale

    day, today = _days(config, as_of)
    inputs = running.read_for_run(Path(config), as_of=day, today=today)
    if _is_scheduled(as_of):
        refuse_stale(inputs.reading)
    return inputs


@_pure("segment, predict, remind")
def decide(inputs: Any) -> Any:
    """Compute every table of the run."""
    from pipelines import running

    with _progress() as progress:
        return running.decide(inputs, progress=progress)


@_io("publish")
def publish_run(decided: Any) -> dict[str, Any]:
    """Publish the run, whole or not at all."""
    from pipelines import running

    told: dict[str, Any] = running.publish_run(decided)
    return told


@task(
    name="hand on",
    retries=len(RETRY_DELAYS_SECONDS),
    retry_delay_seconds=RETRY_DELAYS_SECONDS,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def hand_on(config: str, run_id: str) -> None:
    """Deliver a published run to every place that is configured; whoever has it already is left alone.

    Tried again whatever the refusal: a place that is away is told in a refusal's words. What stays refused
    fails the task, and so the flow run; the run is published all the same.
    """
    from pipelines.delivering import handing_on

    told = handing_on.hand_on(load_settings(Path(config)), run_id=run_id, now=datetime.now(UTC))
    log = get_run_logger()
    for sink in told["sinks"]:
        log.info("%s: %s (%s)", sink["place"], sink["state"], sink["words"])
    if wrong := handing_on.troubles(told):
        raise PublicationError("\n".join(wrong))


@_io("read for the backtest")
def read_for_backtest(config: str, start: date, until: date, every: str) -> Any:
    """Read the whole ledger; the folds cut it."""
    from pipelines.backtesting import walk_forward

    _, today = _days(config, None)
    return walk_forward.read_for_backtest(Path(config), start=start, until=until, every=every, today=today)


@_pure("walk forward")
def walk(inputs: Any) -> Any:
    """Train at each cutoff and predict what follows."""
    from pipelines.backtesting import walk_forward

    with _progress() as progress:
        return walk_forward.walk(inputs, progress=progress)


@_io("write the backtest")
def write_backtest(result: Any) -> dict[str, Any]:
    """Write predictions, outcomes and metrics."""
    from pipelines.backtesting import walk_forward

    told: dict[str, Any] = walk_forward.write_backtest(result)
    return told


def shown(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a flow after leaving it in the server as a table for people."""
    rows = "".join(f"| {name} | {value} |\n" for name, value in _flat(result))
    create_markdown_artifact(f"| | |\n|:--|:--|\n{rows}", key=runtime.flow_run.flow_name)
    return result


def handed_on(config: str, as_of: date | None, result: dict[str, Any]) -> dict[str, Any]:
    """Return a run's result after delivering it where `deliver` says, which only a scheduled run does."""
    from pipelines.delivering.sinks import configured_sinks

    if _is_scheduled(as_of) and configured_sinks(load_settings(Path(config)), datetime.now(UTC)):
        hand_on(config, result["run_id"])
    return result


def run_as_flow(flow: Flow[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
    """Run a flow here and now, recorded by the Prefect server that is configured, if any.

    Raises what the flow raised, without Prefect's trace of it when it is a DebtscapeError.
    """
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    patient = {PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: SERVER_STARTUP_SECONDS}
    with temporary_settings(set_defaults=patient):
        state = cast("State[dict[str, Any]]", flow(**parameters, return_state=True))
        return state.result()


def without_trace_of_refusals(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Let the log of a flow run say a refusal in its own words; made to be a hook of a flow."""
    logging.getLogger("prefect.flow_runs").addFilter(_shorten_refusal)


def _shorten_refusal(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, DebtscapeError):
        record.exc_info, record.msg, record.args = None, str(error), ()
    return True


def _is_scheduled(as_of: date | None) -> bool:
    """Return whether a deployment started the flow run and nobody named a day."""
    return as_of is None and bool(runtime.deployment.id)


def _days(config: str, as_of: date | None) -> tuple[date | None, date]:
    """Return the as-of day and today, both in the configured time zone.

    A scheduled run is as of its scheduled day, however late it is carried out.
    """
    zone = load_settings(Path(config)).zone
    if _is_scheduled(as_of):
        as_of = runtime.flow_run.scheduled_start_time.astimezone(zone).date()
    return as_of, datetime.now(zone).date()


@contextmanager
def _progress() -> Iterator[Progress]:
    """Hold a callback that moves a bar in the server and writes a line to the run's log."""
    bar = cast("UUID", create_progress_artifact(0.0, key=f"{runtime.flow_run.flow_name}-progress"))
    log = get_run_logger()

    def say(what: str, done: int, steps: int) -> None:
        log.info("%s (%d of %d)", what, done, steps)
        update_progress_artifact(bar, progress=100 * done / max(steps, 1))

    yield say
    update_progress_artifact(bar, progress=100.0)


def _flat(result: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in result.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} · ")
        elif isinstance(value, list):
            yield f"{prefix}{name}", "; ".join(map(str, value[:5])) or "none"
        else:
            yield f"{prefix}{name}", str(value)
