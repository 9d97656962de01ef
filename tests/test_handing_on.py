"""`debtscape deliver`: each place gets the run, what one refuses stops no other, nothing secret shows."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from publication_support import DAY, NOW, inputs, publish_tiny, tiny_tables

from features.errors import ConfigurationError, PublicationError
from pipelines import cli
from pipelines.delivering import sinks
from pipelines.delivering.delivery import Delivery, Held
from pipelines.delivering.handing_on import hand_on, troubles
from pipelines.delivering.kept_files import held_in_folder
from pipelines.delivering.sinks import Sink
from pipelines.privacy.forgetting import forget
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import find_run
from pipelines.settings import CONFIGS, Settings
from pipelines.settings_file import parse_settings

Shell = Callable[..., tuple[int, str, str]]
FOLDER = {"folder": "delivered"}


def settings_of(base: Path, **deliver: Any) -> Settings:
    """A configuration that hands on to these places."""
    ledger = {"invoices": {"path": "x.csv"}}
    return parse_settings({"ledger": ledger, "output": "out", "deliver": deliver}, base=base)


@pytest.fixture
def run_id(tmp_path: Path) -> str:
    """The tiny run, published."""
    return publish_tiny(tmp_path / "out").run_id


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Calls the entry point as a shell would, with these places configured: exit code, output, errors."""

    def call(deliver: dict[str, Any], *arguments: str) -> tuple[int, str, str]:
        said = {"ledger": {"invoices": {"path": "x.csv"}}, "output": "out", "deliver": deliver}
        (tmp_path / "debtscape.yaml").write_text(yaml.safe_dump(said))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr("sys.argv", ["debtscape", "deliver", *arguments])
        capfd.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capfd.readouterr()

    return call


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below the folder and its bytes."""
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("run_id")
def test_nothing_configured_teaches_where_to_write_it(shell: Shell) -> None:
    """Exit code 1, and a line that can be copied."""
    code, out, err = shell({})
    assert (code, out) == (1, "")
    assert "nothing is configured under deliver" in err
    assert "deliver: {folder: delivered}" in err


def test_before_the_first_run_the_way_out_is_run(shell: Shell) -> None:
    """There is nothing to deliver yet."""
    code, _, err = shell(FOLDER)
    assert code == 1
    assert "no run is published" in err
    assert "debtscape run" in err


@pytest.mark.usefixtures("run_id")
def test_names_that_nothing_has_are_refused(shell: Shell) -> None:
    """A place that is not configured, and a run that is not there; the refusal names the nearest."""
    assert "did you mean `folder`?" in shell(FOLDER, "--to", "foldr")[2]
    assert "'postgres'; there are: folder" in shell(FOLDER, "--to", "postgres")[2]
    assert "there is no run nowhere" in shell(FOLDER, "--run", "nowhere")[2]
    assert shell(FOLDER, "--dead-letters", "--dry-run")[0] == 2


def test_a_dry_run_tells_the_difference_and_writes_nothing(shell: Shell, run_id: str, tmp_path: Path) -> None:
    """Against the run that the folder holds; the folder of output and of deliveries stay as they are."""
    code, out, _ = shell(FOLDER, "--dry-run", "--json")
    [sink] = json.loads(out)["sinks"]
    assert (code, sink["state"], sink["held_run_id"]) == (0, "dry run", None)
    assert sink["words"] == (
        "0 debtors change segment, 1 new action, 0 withdrawn, 3 new debtors, "
        "1 waiting for approval and left out"
    )
    assert not (tmp_path / "delivered").exists()
    assert shell(FOLDER)[0] == 0
    tables = tiny_tables()
    tables["segments"]["segment"] = ["C", "A", "NEW"]
    tables["actions"]["action_id"] = "a2"
    as_of = DAY + timedelta(days=1)
    publish(tables, inputs=inputs(as_of), facts=RunFacts(), output=tmp_path / "out", now=NOW)
    before = everything(tmp_path)
    code, out, _ = shell(FOLDER, "--dry-run", "--json")
    [sink] = json.loads(out)["sinks"]
    assert (sink["held_run_id"], sink["held_as_of"]) == (run_id, "2026-03-02")
    assert sink["changes"]["segments"]["changed"] == [{"customer_id": "c2", "from": "B", "to": "C"}]
    assert (sink["changes"]["actions"]["new"], sink["changes"]["actions"]["withdrawn"]) == (["a2"], ["a1"])
    assert everything(tmp_path) == before


@pytest.mark.usefixtures("run_id")
def test_delivering_says_what_it_did_and_again_that_it_was_there(shell: Shell, tmp_path: Path) -> None:
    """The second time no file changes."""
    code, out, err = shell(FOLDER)
    assert (code, err) == (0, "")
    assert "delivered, " in out
    before = everything(tmp_path)
    code, out, _ = shell(FOLDER)
    assert code == 0
    assert "was there already" in out
    assert "nothing: this run is what it holds" in out
    assert everything(tmp_path) == before


def test_a_back_dated_run_is_kept_beside(run_id: str, tmp_path: Path) -> None:
    """It is delivered, and what the folder shows stays the newer one; the words say so."""
    newer = publish_tiny(tmp_path / "out", as_of=DAY + timedelta(days=1)).run_id
    settings = settings_of(tmp_path, **FOLDER)
    hand_on(settings, now=NOW)
    result = hand_on(settings, run_id=run_id, now=NOW)
    [sink] = result["sinks"]
    assert sink["words"] == f"it goes on showing run {newer} of 2026-03-03, which comes after this one"
    held = held_in_folder(tmp_path / "delivered")
    assert (held.shown, set(held.fingerprints)) == (newer, {newer, run_id})


def test_after_an_erasure_every_delivered_run_is_delivered_again(run_id: str, tmp_path: Path) -> None:
    """Forgotten in two delivered runs and one that never left: two are delivered again, the third is not."""
    output, settings = tmp_path / "out", settings_of(tmp_path, **FOLDER)
    hand_on(settings, now=NOW)
    newer = publish_tiny(output, as_of=DAY + timedelta(days=1)).run_id
    hand_on(settings, now=NOW)
    never = publish_tiny(output, as_of=DAY - timedelta(days=1)).run_id
    forget(output, "c2", day=DAY)
    [planned] = hand_on(settings, dry_run=True, now=NOW)["sinks"]
    assert planned["delivered_again"] == [run_id]
    assert "a debtor was erased from it since" in planned["words"]
    [sink] = hand_on(settings, now=NOW)["sinks"]
    assert (sink["state"], sink["delivered_again"]) == ("delivered", [run_id])
    held = held_in_folder(tmp_path / "delivered")
    assert never not in held.fingerprints
    for one in (run_id, newer):
        found = find_run(output, one)
        assert found is not None
        assert held.fingerprints[one] == found.fingerprint
    assert not [name for name, content in everything(tmp_path / "delivered").items() if b'"c2"' in content]
    [sink] = hand_on(settings, now=NOW)["sinks"]
    assert (sink["state"], sink["delivered_again"]) == ("already", [])


def test_what_one_refuses_stops_no_other(run_id: str, tmp_path: Path, monkeypatch: Any) -> None:
    """The first cannot be asked, the second fails at delivery, the third gets the run: two lines."""

    def away() -> Held:
        raise PublicationError("nobody\nthere")

    def full(*_: object) -> Delivery:
        raise OSError(28, "No space left on device", "/mnt/there")

    took: list[str] = []

    def took_it(run: Any, _: object) -> Delivery:
        took.append(run.run_id)
        return Delivery(run.run_id, "there", False, {"segments": 3}, {})

    places = [
        Sink("one", "one", away, took_it),
        Sink("two", "two", lambda: Held({}, None), full),
        Sink("three", "three", lambda: Held({}, None), took_it),
    ]
    monkeypatch.setattr("pipelines.delivering.handing_on.configured_sinks", lambda *_: places)
    result = hand_on(settings_of(tmp_path), now=NOW)
    assert [sink["state"] for sink in result["sinks"]] == ["failed", "failed", "delivered"]
    assert troubles(result) == ["one: nobody there", "two: /mnt/there: No space left on device"]
    assert took == [run_id]


def test_a_run_that_a_place_holds_and_nobody_else_is_compared_with_nothing(tmp_path: Path) -> None:
    """The folder's run was removed from the output: all counts as new, and the words say why."""
    output, settings = tmp_path / "out", settings_of(tmp_path, **FOLDER)
    gone = publish_tiny(tmp_path / "elsewhere", ledger="other").run_id
    elsewhere = settings.model_copy(update={"output": Path("elsewhere")})
    hand_on(elsewhere, now=NOW)
    publish_tiny(output, as_of=DAY + timedelta(days=1))
    [sink] = hand_on(settings, now=NOW)["sinks"]
    assert sink["state"] == "delivered"
    assert f"(its run {gone} is not to be read here any more: all counts as new)" in sink["words"]


def test_a_shape_is_a_place_of_its_own_name(run_id: str, shell: Shell, tmp_path: Path) -> None:
    """A shipped one by its name, one's own by its file beside the configuration."""
    shipped = (CONFIGS / "shapes/out/generic_csv.yaml").read_bytes()
    (tmp_path / "mine.yaml").write_bytes(shipped)
    asked = {"shapes": [{"shape": name, "folder": name[:4]} for name in ("generic_csv", "mine.yaml")]}
    assert shell(asked)[0] == 0
    assert [held_in_folder(tmp_path / name).shown for name in ("gene", "mine")] == [run_id, run_id]
    assert shell(asked, "--to", "mine", "--dry-run")[0] == 0
    wrong = {"shapes": [{"shape": "generic_cvs", "folder": "there"}]}
    code, _, err = shell(wrong, "--dry-run")
    assert code == 1
    assert "no shape `generic_cvs`; did you mean `generic_csv`?" in err


@pytest.mark.parametrize("folder", ["delivered", "./delivered/", "out", "out/webhook"])
def test_a_folder_that_is_in_use_is_refused(run_id: str, folder: str, shell: Shell) -> None:
    """Two deliveries in one folder would take each other's place; the output has files of the same names."""
    shapes = [{"shape": "agenda", "folder": folder}]
    code, _, err = shell({**FOLDER, "shapes": shapes})
    assert code == 1
    assert "needs a folder of its own" in err


SECRETS = ("hunter2", "hidden-host", "hidden-path", "signing-key")


@pytest.mark.usefixtures("run_id")
@pytest.mark.parametrize(
    ("database", "hook"),
    [
        ("postgresql://eve:hunter2@hidden-host.invalid:5432/x", "https://hidden-host.invalid/hidden-path"),
        ("postgresql://eve:hunter2@127.0.0.1:1/hidden-path", "http://eve:hunter2@127.0.0.1:1/hidden-path"),
        ("mysql://eve:hunter2@hidden-host/x", "ftp://hidden-host/hidden-path"),
        ("hunter2 hidden-host", "https://[hidden-host/hidden-path"),
    ],
)
def test_no_secret_is_written_or_printed(
    database: str,
    hook: str,
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Hosts that nobody knows, closed ports, other addresses: every file, log and line is searched."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(sinks, "deliver_to_webhook", _without_waiting(sinks.deliver_to_webhook))
    for name, value in (("DB", database), ("HOOK", hook), ("HOOK_KEY", "signing-key")):
        monkeypatch.setenv(name, value)
    asked = {
        "folder": "delivered",
        "postgres": "sql:DB",
        "webhook": {"address": "HOOK", "secret": "HOOK_KEY"},
    }
    code, out, err = shell(asked)
    assert code == 1
    assert "postgres: cannot connect to the PostgreSQL in DB" in err
    assert "webhook: " in err
    assert held_in_folder(tmp_path / "delivered").shown
    letters = shell(asked, "--dead-letters", "--json")[1]
    told = [out, err, letters, caplog.text, *(str(content) for content in everything(tmp_path).values())]
    assert not [secret for secret in SECRETS for text in told if secret in text]


def _without_waiting(deliver: Callable[..., Delivery]) -> Callable[..., Delivery]:
    return lambda *arguments, **named: deliver(*arguments, **named, back_off_seconds=0)


def test_dead_letters_are_listed_with_the_way_out(
    shell: Shell, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens: the letter is listed, with the command that sends it again; before, nothing is."""
    monkeypatch.setattr(sinks, "deliver_to_webhook", _without_waiting(sinks.deliver_to_webhook))
    asked = {"webhook": {"address": "HOOK", "secret": "HOOK_KEY"}}
    monkeypatch.setenv("HOOK", "http://127.0.0.1:1/x")
    monkeypatch.setenv("HOOK_KEY", "signing-key")
    assert "accepted everything" in shell(asked, "--dead-letters")[1]
    code, _, err = shell(asked)
    assert code == 1
    assert "no answer" in err
    code, out, _ = shell(asked, "--dead-letters")
    assert code == 0
    assert f"debtscape deliver --to webhook --run {run_id}" in out


def test_a_configuration_of_nothing_is_a_refusal_of_the_function_too(tmp_path: Path) -> None:
    """Whoever calls it without a command gets the same error."""
    with pytest.raises(ConfigurationError, match="nothing is configured"):
        hand_on(settings_of(tmp_path), now=NOW)
