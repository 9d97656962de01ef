"""Serving the scheduled flows, with a Prefect server of their own where none is configured."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import typer

from features.errors import DebtscapeError
from pipelines.settings import Settings

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

STARTUP_SECONDS = 120


def serve_schedules(settings: Settings, config: Path) -> None:
    """Serve the flows `resegment` and `train` on their cron in the configured time zone, until stopped.

    One run at a time, so that a nightly run waits for the training that is going on.
    Raises DebtscapeError when a local server is needed and does not start.
    """
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    with configured_or_local_server(settings.output_folder / "prefect"):
        serve_until_stopped(scheduled_deployments(settings, config))


def scheduled_deployments(settings: Settings, config: Path) -> list[RunnerDeployment]:
    """Return what is served: each flow with its cron, its time zone and the configuration file."""
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from pipelines.resegment import resegment_flow
    from pipelines.train import train_flow

    asked = ((resegment_flow, settings.schedule.resegment), (train_flow, settings.schedule.train))
    return [
        RunnerDeployment.from_flow(
            flow,
            name="debtscape",
            schedule=Cron(cron, timezone=settings.timezone),
            parameters={"config": str(config.resolve())},
            paused=False,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for flow, cron in asked
    ]


def serve_until_stopped(deployments: list[RunnerDeployment]) -> None:
    """Register the deployments and carry out their runs, one at a time, until Ctrl-C or SIGTERM."""
    from prefect import serve

    for deployment in deployments:
        for schedule in deployment.schedules or []:
            typer.echo(f"{deployment.flow_name}: {_words(schedule.schedule)}")
    typer.echo("Serving; stop with Ctrl-C.")
    serve(*deployments, limit=1, print_starting_message=False)


def _words(schedule: object) -> str:
    cron, zone = getattr(schedule, "cron", None), getattr(schedule, "timezone", None)
    return f"{cron} ({zone})" if cron else f"every {getattr(schedule, 'interval', '?')}"


@contextmanager
def configured_or_local_server(home: Path) -> Iterator[str]:
    """Hold the address of the configured Prefect server or else of a local one that lives in `home`."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    configured = PREFECT_API_URL.value()
    if configured:
        typer.echo(f"Prefect server: {configured}")
        yield configured
        return
    with local_server(home) as url:
        typer.echo(
            f"No PREFECT_API_URL is set: started a Prefect server of its own, {url.removesuffix('/api')}"
        )
        with temporary_settings({PREFECT_API_URL: url}):
            yield url


@contextmanager
def local_server(home: Path) -> Iterator[str]:
    """Run `prefect server start` on a free port of 127.0.0.1 and stop it at the end; hold its API address.

    Its database and its log, `server.log`, are in `home`.
    Raises DebtscapeError naming the log when it does not answer within two minutes.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment |= {"PREFECT_HOME": str(home.resolve()), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    log = home / "server.log"
    with log.open("wb") as output:
        # In a session of its own Ctrl-C does not reach it: this process still has to say goodbye to it.
        server = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}/api"
    try:
        _wait_until_healthy(server, url, log)
        try:
            yield url
        finally:
            _hand_over_what_is_queued()
    finally:
        _stop(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"{url}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise DebtscapeError(f"the local Prefect server did not start; what it said is in {log}.")


def _hand_over_what_is_queued() -> None:
    """Send the logs and events that wait in this process: without a server they are tried for minutes."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=10)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server and what it started: first asked, then forced."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if server.poll() is None:
            os.killpg(server.pid, sign)
            try:
                server.wait(timeout=15)
            except subprocess.TimeoutExpired:
                continue
