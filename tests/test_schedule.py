"""A scheduled run really appears and completes, as of its scheduled day in the configured time zone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from features.errors import DebtscapeError
from features.simulate import simulate, write_portfolio
from pipelines import scheduling
from pipelines.settings import Settings
from pipelines.settings_file import load_settings

pytest_plugins = ["flows_support"]
ROOT = Path(__file__).parent.parent
SERVING = """\
import sys
from datetime import timedelta
from pathlib import Path

from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from pipelines import scheduling
from pipelines.resegment import resegment_flow
from pipelines.settings_file import load_settings

config = Path(sys.argv[1])
soon = RunnerDeployment.from_flow(
    resegment_flow,
    name="soon",
    interval=timedelta(seconds=5),
    parameters={"config": str(config)},
    entrypoint_type=EntrypointType.MODULE_PATH,
)
scheduling.serve_until_stopped([*scheduling.scheduled_deployments(load_settings(config), config), soon])
"""


def another_day() -> str:
    """A time zone in which it is now another day than in UTC, for at least an hour to come."""
    zone = "Pacific/Kiritimati" if datetime.now(UTC).hour >= 10 else "Etc/GMT+12"
    if datetime.now(ZoneInfo(zone)).date() == datetime.now(UTC).date():
        pytest.fail(f"{zone} is on the day of UTC")
    return zone


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A small ledger that ends today in a zone where it is another day than in UTC, and a schedule."""
    zone = another_day()
    end = datetime.now(ZoneInfo(zone)).date()
    config = write_portfolio(simulate(debtors=20, months=6, seed=1, end=end), tmp_path)
    schedule = 'schedule: {resegment: "0 5 * * *", train: "30 3 1 * *"}\n'
    schedule += "deliver: {folder: delivered}\n"
    config.write_text(config.read_text().replace("Europe/Amsterdam", zone) + schedule)
    return load_settings(config)


def eventually(found: Callable[[], Any], seconds: float) -> Any:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.3)
    return None


def test_each_flow_is_served_on_its_cron_in_the_zone_with_the_configuration(
    settings: Settings, tmp_path: Path
) -> None:
    """The configuration decides; the path of it is absolute, because a run starts wherever it likes."""
    config = tmp_path / "debtscape.yaml"
    served = {one.flow_name: one for one in scheduling.scheduled_deployments(settings, config)}
    assert set(served) == {"resegment", "train"}
    for name, cron in (("resegment", "0 5 * * *"), ("train", "30 3 1 * *")):
        (schedule,) = served[name].schedules
        assert (schedule.schedule.cron, schedule.schedule.timezone) == (cron, settings.timezone)
        assert served[name].parameters == {"config": str(config)}
        assert served[name].entrypoint == f"pipelines.{name}.{name}_flow"


@pytest.fixture
def serving(settings: Settings, tmp_path: Path, prefect_server: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that serves the configured schedules, and a run every few seconds."""
    script = tmp_path / "serving.py"
    script.write_text(SERVING)
    environment = os.environ | {
        "PREFECT_API_URL": prefect_server,
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    }
    command = [sys.executable, str(script), str(tmp_path / "debtscape.yaml")]
    with (tmp_path / "serving.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    yield process
    process.kill()
    process.wait()


def test_a_scheduled_run_appears_completes_publishes_and_is_handed_on(
    serving: subprocess.Popen[bytes], settings: Settings, tmp_path: Path
) -> None:
    """Nobody starts it: the scheduler makes it, the serving process runs it, as of its scheduled day.

    The nightly run is in the server too, at five o'clock of the configured zone.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.objects import FlowRun

    def runs(state: str) -> list[FlowRun]:
        with get_client(sync_client=True) as client:
            wanted = FlowRunFilter.model_validate({"state": {"type": {"any_": [state]}}})
            return [run for run in client.read_flow_runs(flow_run_filter=wanted) if run.auto_scheduled]

    completed = eventually(lambda: runs("COMPLETED") or runs("FAILED"), 120)
    assert completed, (tmp_path / "serving.log").read_text()
    assert completed[0].state_name == "Completed", (tmp_path / "serving.log").read_text()
    expected = completed[0].expected_start_time.astimezone(settings.zone).date()
    assert expected != datetime.now(UTC).date()
    assert expected.isoformat() in (tmp_path / "out" / "latest.json").read_text()
    assert (tmp_path / "delivered/current").resolve().name.startswith(expected.isoformat())

    local = [run.expected_start_time.astimezone(settings.zone) for run in runs("SCHEDULED")]
    assert any((at.hour, at.minute, at.second) == (5, 0, 0) for at in local)

    serving.send_signal(signal.SIGTERM)
    assert serving.wait(timeout=30) == 0


def test_a_server_that_does_not_start_is_a_refusal_that_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is in a file, and the message says in which."""
    monkeypatch.setattr(scheduling.sys, "executable", "/bin/false")
    with (
        pytest.raises(DebtscapeError, match=r"did not start.*server\.log"),
        scheduling.local_server(tmp_path),
    ):
        pass


def test_a_configured_server_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No server is started where one is configured, and the address is said."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings({PREFECT_API_URL: "http://prefect.example/api"}),
        scheduling.configured_or_local_server(tmp_path / "prefect") as url,
    ):
        assert url == "http://prefect.example/api"
    assert "http://prefect.example/api" in capsys.readouterr().out
    assert not (tmp_path / "prefect").exists()


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_command_starts_its_own_server_and_stops_it(
    settings: Settings, tmp_path: Path, sign: signal.Signals
) -> None:
    """Without a configured server the command says that it starts one, and leaves nothing behind."""
    from urllib.error import URLError
    from urllib.request import urlopen

    environment = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    environment |= {"PREFECT_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "schedule.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", "schedule", "-c", str(tmp_path / "debtscape.yaml")],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        assert eventually(lambda: "Serving" in log.read_text(), 120), log.read_text()
        time.sleep(8)  # the deployments are being registered
        (address,) = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1")]
        with urlopen(f"{address}/api/health", timeout=5) as answer:
            assert answer.status == 200
        process.send_signal(sign)
        assert process.wait(timeout=60) == 0, log.read_text()
    finally:
        process.kill()
    with pytest.raises(URLError):
        urlopen(f"{address}/api/health", timeout=5)
    assert (tmp_path / "out" / "prefect" / "prefect.db").exists()
