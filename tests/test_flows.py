"""The flows order the stages, retry what may go away by itself, and pass a refusal on as it is."""

import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from features.errors import DebtscapeError, LedgerError, PublicationError

pytest_plugins = ["flows_support"]
ROOT = Path(__file__).parent.parent
ENTRY_POINTS = {
    "train": "pipelines/train.py:train_flow",
    "resegment": "pipelines/resegment.py:resegment_flow",
    "backtest": "pipelines/backtest.py:backtest_flow",
}
CONFIGURATION = "ledger: {invoices: {path: invoices.csv}}\ntimezone: Europe/Amsterdam\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that can be read; its ledger is never touched."""
    path = tmp_path / "debtscape.yaml"
    path.write_text(CONFIGURATION)
    return path


@dataclass
class Stub:
    """A module with stages that note how they were called."""

    calls: list[tuple[str, Any]]
    failures: list[Exception]

    def stage(self, name: str, answer: Any) -> Callable[..., Any]:
        """Return a stage that fails as often as told and then answers."""

        def act(*args: Any, progress: Callable[..., None] | None = None, **named: Any) -> Any:
            self.calls.append((name, args or named))
            if self.failures:
                raise self.failures.pop(0)
            if progress:
                progress("half of it", 1, 2)
                progress("all of it", 2, 2)
            return answer

        return act


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """The three plain modules replaced by stages that only pass a word on; retries do not wait."""
    from pipelines import steps

    stub = Stub([], [])
    for module, names in {
        "learning.training": ("read_for_training", "fit", "register"),
        "running": ("read_for_run", "decide", "publish_run"),
        "backtesting.walk_forward": ("read_for_backtest", "walk", "write_backtest"),
    }.items():
        fake = types.ModuleType(f"pipelines.{module}")
        for name, answer in zip(names, ("inputs", "result", {"as_of": "2026-03-02"}), strict=True):
            setattr(fake, name, stub.stage(name, answer))
            monkeypatch.setattr(getattr(steps, name), "retry_delay_seconds", 0)
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
        room, _, last = fake.__name__.rpartition(".")
        monkeypatch.setattr(import_module(room), last, fake, raising=False)
    return stub


@pytest.mark.parametrize("entry_point", ENTRY_POINTS.values())
def test_entry_point_loads_the_way_prefect_loads_it(
    entry_point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing import inside the file is not hidden behind a placeholder."""
    from prefect.flows import load_flow_from_entrypoint

    monkeypatch.chdir(ROOT)
    flow = load_flow_from_entrypoint(entry_point, use_placeholder_flow=False)
    assert flow.name == entry_point.split("/")[1].split(".")[0]
    assert "config" in flow.parameters.required


def test_work_pool_file_deploys_the_three_flows() -> None:
    """Every entry point is in prefect.yaml, with parameters of its flow and no address of a registry."""
    from prefect.flows import load_flow_from_entrypoint

    text = (ROOT / "prefect.yaml").read_text()
    deployments = yaml.safe_load(text)["deployments"]
    assert {deployment["entrypoint"] for deployment in deployments} == set(ENTRY_POINTS.values())
    assert "http" not in text
    for deployment in deployments:
        flow = load_flow_from_entrypoint(str(ROOT / deployment["entrypoint"]))
        assert set(deployment["parameters"]) <= set(flow.parameters.properties)


def test_the_plain_modules_do_not_import_prefect() -> None:
    """The command line and serving's own module answer without Prefect."""
    code = "import sys, pipelines.cli, pipelines.scheduling; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.usefixtures("prefect_server")
def test_training_reads_fits_and_registers(stub: Stub, config: Path) -> None:
    """Each stage gets what the one before it gave; the day is handed on as asked."""
    from pipelines.steps import run_as_flow
    from pipelines.train import train_flow

    assert run_as_flow(train_flow, config=str(config), as_of=date(2026, 3, 2)) == {"as_of": "2026-03-02"}
    (read, asked), *others = stub.calls
    assert (read, asked) == ("read_for_training", (config,))
    assert others == [("fit", ("inputs",)), ("register", ("result",))]


@pytest.mark.usefixtures("prefect_server")
def test_the_main_job_reads_decides_and_publishes(
    stub: Stub, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run by hand without a day leaves the choice of the day to the plain function."""
    from pipelines import running
    from pipelines.resegment import resegment_flow
    from pipelines.steps import run_as_flow

    asked = {}
    monkeypatch.setattr(running, "read_for_run", lambda path, **named: asked.update(named) or "inputs")
    assert run_as_flow(resegment_flow, config=str(config)) == {"as_of": "2026-03-02"}
    assert asked == {"as_of": None, "today": datetime.now(ZoneInfo("Europe/Amsterdam")).date()}
    assert stub.calls == [("decide", ("inputs",)), ("publish_run", ("result",))]


@pytest.mark.usefixtures("prefect_server")
def test_the_backtest_reads_walks_and_writes_and_shows_it(stub: Stub, config: Path) -> None:
    """The span is handed on; the server shows the progress at its end and a table of the result."""
    from prefect.client.orchestration import get_client

    from pipelines.backtest import backtest_flow
    from pipelines.steps import run_as_flow

    run_as_flow(backtest_flow, config=str(config), start=date(2025, 1, 1), until=date(2025, 7, 1), every="3M")
    assert [name for name, _ in stub.calls] == ["read_for_backtest", "walk", "write_backtest"]
    with get_client(sync_client=True) as client:
        shown = {artifact.key: artifact for artifact in client.read_artifacts()}
    assert shown["backtest-progress"].data == 100
    assert "| as_of | 2026-03-02 |" in shown["backtest"].data


@pytest.mark.usefixtures("prefect_server")
def test_a_file_share_that_is_away_is_tried_again(stub: Stub, config: Path) -> None:
    """Two failures of reading and the third try goes through."""
    from pipelines.resegment import resegment_flow
    from pipelines.steps import run_as_flow

    stub.failures += [OSError("share is away"), ConnectionError("still away")]
    assert run_as_flow(resegment_flow, config=str(config)) == {"as_of": "2026-03-02"}
    assert [name for name, _ in stub.calls].count("read_for_run") == 3


@pytest.mark.usefixtures("prefect_server")
def test_a_share_that_stays_away_fails_the_flow(stub: Stub, config: Path) -> None:
    """After two more tries the error itself comes out, and nothing is published."""
    from pipelines.resegment import resegment_flow
    from pipelines.steps import run_as_flow

    stub.failures += [OSError("share is away")] * 3
    with pytest.raises(OSError, match="share is away"):
        run_as_flow(resegment_flow, config=str(config))
    assert [name for name, _ in stub.calls] == ["read_for_run"] * 3


@pytest.mark.usefixtures("prefect_server")
def test_a_refusal_is_not_tried_again_and_comes_out_as_it_is(
    stub: Stub, config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bad ledger stays bad: one try, the error the command would show, and no trace in the log."""
    from pipelines.steps import run_as_flow
    from pipelines.train import train_flow

    stub.failures += [LedgerError("invoices.csv: no column due_on")]
    with pytest.raises(LedgerError, match="no column due_on"):
        run_as_flow(train_flow, config=str(config))
    assert [name for name, _ in stub.calls] == ["read_for_training"]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.usefixtures("prefect_server")
def test_a_missing_configuration_is_a_refusal_too(stub: Stub, tmp_path: Path) -> None:
    """The flow refuses a wrong path in the words of the command, without a retry."""
    from pipelines.resegment import resegment_flow
    from pipelines.steps import run_as_flow

    with pytest.raises(DebtscapeError, match="no such configuration"):
        run_as_flow(resegment_flow, config=str(tmp_path / "nowhere.yaml"))
    assert stub.calls == []


@pytest.mark.usefixtures("prefect_server")
def test_publishing_is_tried_again_but_computing_is_not(stub: Stub) -> None:
    """A pure stage would give the same again, so it gets one try."""
    from prefect import flow

    from pipelines.steps import decide, publish_run

    @flow
    def publish_then_decide() -> None:
        stub.failures.append(OSError("disk is busy"))
        assert publish_run("decided") == {"as_of": "2026-03-02"}
        stub.failures.append(OSError("not from a computation"))
        decide("inputs")

    with pytest.raises(OSError, match="not from a computation"):
        publish_then_decide()
    assert [name for name, _ in stub.calls] == ["publish_run", "publish_run", "decide"]


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("scheduled", "configured", "delivered"), [(True, True, 3), (True, False, 0), (False, True, 0)]
)
def test_only_a_scheduled_run_is_handed_on_and_stays_published_when_that_fails(
    scheduled: bool,
    configured: bool,
    delivered: int,
    stub: Stub,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A place that stays away is tried three times and fails the flow run, after the run was published."""
    from pipelines import running, steps
    from pipelines.delivering import handing_on
    from pipelines.resegment import resegment_flow

    if configured:
        config.write_text(CONFIGURATION + "deliver: {folder: delivered}\n")
    asked = []
    sink = {"place": "there", "sink": "folder", "state": "failed", "words": None, "troubles": ["away"]}

    def published(_: Any) -> dict[str, Any]:
        stub.calls.append(("published", ()))
        return {"run_id": "r1"}

    def refusing(_: Any, run_id: str, **__: Any) -> dict[str, Any]:
        asked.append(run_id)
        return {"sinks": [sink]}

    monkeypatch.setattr(handing_on, "hand_on", refusing)
    monkeypatch.setattr(running, "publish_run", published)
    monkeypatch.setattr("pipelines.reading.refuse_stale", lambda _: None)
    monkeypatch.setattr(running, "read_for_run", lambda *_, **__: types.SimpleNamespace(reading=None))
    monkeypatch.setattr(steps, "_is_scheduled", lambda _: scheduled)
    monkeypatch.setattr(steps, "_days", lambda *_: (None, date(2026, 3, 2)))
    monkeypatch.setattr(steps.hand_on, "retry_delay_seconds", 0)
    if delivered:
        with pytest.raises(PublicationError, match="folder: away"):
            steps.run_as_flow(resegment_flow, config=str(config))
    else:
        assert steps.run_as_flow(resegment_flow, config=str(config)) == {"run_id": "r1"}
    assert ("published", ()) in stub.calls
    assert asked == ["r1"] * delivered


@pytest.mark.parametrize("scheduled", [True, False])
def test_only_a_scheduled_run_refuses_an_old_bank_file(
    scheduled: bool, stub: Stub, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody watches a scheduled run, so it stops; a person who asks for a day gets it."""
    from pipelines import reading, running, steps

    def refuse(_: Any) -> None:
        raise LedgerError("the newest payment is old")

    monkeypatch.setattr(reading, "refuse_stale", refuse)
    monkeypatch.setattr(steps, "_is_scheduled", lambda as_of: scheduled)
    monkeypatch.setattr(running, "read_for_run", lambda path, **_: types.SimpleNamespace(reading="old"))
    if scheduled:
        with pytest.raises(LedgerError, match="newest payment is old"):
            steps.read_for_run.fn(str(config), None)
    else:
        assert steps.read_for_run.fn(str(config), None).reading == "old"


@pytest.mark.parametrize(
    ("scheduled", "timezone", "day"),
    [
        (datetime(2026, 3, 2, 4, 0, tzinfo=UTC), "Europe/Amsterdam", date(2026, 3, 2)),
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "Europe/Amsterdam", date(2026, 3, 2)),
        (datetime(2026, 3, 2, 4, 0, tzinfo=UTC), "America/New_York", date(2026, 3, 1)),
    ],
)
def test_a_scheduled_run_is_as_of_its_scheduled_day_in_the_configured_zone(
    scheduled: datetime, timezone: str, day: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run scheduled for half past midnight in Amsterdam belongs to the new day, however late it starts."""
    from pipelines import steps

    config = tmp_path / "debtscape.yaml"
    config.write_text(CONFIGURATION.replace("Europe/Amsterdam", timezone))
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "some-deployment")
    monkeypatch.setattr(steps.runtime.flow_run, "scheduled_start_time", scheduled, raising=False)
    assert steps._days(str(config), None)[0] == day
    assert steps._days(str(config), date(2020, 1, 1))[0] == date(2020, 1, 1)
