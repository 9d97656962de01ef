"""The commands about privacy: forgetting asks first and tells what is left; looks are told newest first."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from publication_support import NOW, publish_tiny
from typer.testing import CliRunner

from features.errors import ConfigurationError, DebtscapeError
from features.pseudonyms import pseudonym
from pipelines.cli import app
from pipelines.commands import privacy as cli_privacy
from pipelines.privacy.looking import note_look
from pipelines.runs.published_runs import all_runs, read_table
from pipelines.serving.access_log import ACCESS, AccessLog, person_here
from pipelines.settings_file import load_settings
from pipelines.showing.privacy_console import TRACES

KEY = "k" * 64
SEGMENTED = ["c1", "c2", "c3"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose output folder holds the tiny run."""
    publish_tiny(tmp_path / "out")
    file = tmp_path / "debtscape.yaml"
    file.write_text("ledger: {invoices: {path: invoices.csv}}\n")
    return file


def command(*arguments: str, answer: str | None = None) -> str:
    """What the command printed; its refusal is raised."""
    result = CliRunner().invoke(app, [*arguments], input=answer)
    if result.exception is not None:
        raise result.exception
    return result.output


def debtors(config: Path) -> list[str]:
    """The debtors of the one run."""
    (run,) = all_runs(config.parent / "out")
    return sorted(read_table(run, "segments")["customer_id"])


def said_json(*arguments: str) -> Any:
    """What the command said to machines."""
    return json.loads(command(*arguments, "--json"))


def test_forget_erases_and_tells_what_and_what_is_out_of_reach(config: Path) -> None:
    """c1 has rows in the tiny run; a second time there is nothing."""
    told = command("forget", "c1", "-c", str(config), "--yes")
    assert "runs rewritten: 1" in told
    assert "your own source files" in told
    assert debtors(config) == ["c2", "c3"]
    (run,) = all_runs(config.parent / "out")
    assert run.manifest["erased"][0]["on"] == date.today().isoformat()
    again = command("forget", "c1", "-c", str(config), "--yes")
    assert "Nothing of this debtor was found" in again
    assert "Out of reach" not in again


def test_forget_answers_machines(config: Path) -> None:
    """Counts per table, and every trace has words for people."""
    told = said_json("forget", "c1", "-c", str(config), "--yes")
    assert (told["runs"], told["rows"]["predictions"]) == (1, 2)
    assert told["traces"].keys() == TRACES.keys()


def test_nothing_is_erased_where_nobody_can_be_asked(config: Path) -> None:
    """A script says --yes."""
    with pytest.raises(DebtscapeError, match="add --yes"):
        command("forget", "c1", "-c", str(config))
    assert debtors(config) == SEGMENTED


@pytest.mark.parametrize(("answer", "left"), [("y\n", ["c2", "c3"]), ("n\n", SEGMENTED), ("\n", SEGMENTED)])
def test_on_a_terminal_a_person_is_asked(
    config: Path, monkeypatch: pytest.MonkeyPatch, answer: str, left: list[str]
) -> None:
    """Only a yes erases."""

    class Terminal:
        stdin = type("Stdin", (), {"isatty": staticmethod(lambda: True)})

    monkeypatch.setattr(cli_privacy, "sys", Terminal)
    if left == SEGMENTED:
        with pytest.raises(DebtscapeError, match="nothing was erased"):
            command("forget", "c1", "-c", str(config), answer=answer)
    else:
        command("forget", "c1", "-c", str(config), answer=answer)
    assert debtors(config) == left


def test_looks_are_shown_by_debtor_and_reader(config: Path) -> None:
    """Newest first; many debtors are shortened for people and whole for machines."""
    log = AccessLog(config.parent / "out" / ACCESS)
    log.note(NOW, "tool", "predictions", [f"c{n}" for n in range(8)])
    log.note(NOW + timedelta(minutes=1), "anna", "explain", ["c1"])
    told = command("looked", "-c", str(config))
    assert told.index("anna") < told.index("tool")
    assert "c0, c1, c2, c3, c4 and 3 more" in told
    assert [look["who"] for look in said_json("looked", "-c", str(config), "--customer", "c1")["looks"]] == [
        "anna",
        "tool",
    ]
    (by_tool,) = said_json("looked", "-c", str(config), "--who", "tool")["looks"]
    assert by_tool == {
        "at": "2026-03-02T04:30:00+00:00",
        "who": "tool",
        "what": "predictions",
        "customer_ids": [f"c{n}" for n in range(8)],
    }
    assert "Nobody looked" in command("looked", "-c", str(config), "--customer", "c99")


def test_a_debtor_is_found_by_its_id_and_its_pseudonym(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks of before and after pseudonyms were switched on; without the key the command says so."""
    hidden = pseudonym("c1", KEY.encode())
    log = AccessLog(config.parent / "out" / ACCESS)
    log.note(NOW, "anna", "explain", ["c1"])
    log.note(NOW, "anna", "card", [hidden])
    config.write_text(config.read_text() + "privacy: {pseudonym_key: THE_KEY}\n")
    with pytest.raises(ConfigurationError, match="THE_KEY"):
        command("looked", "-c", str(config), "--customer", "c1")
    assert len(said_json("looked", "-c", str(config))["looks"]) == 2
    monkeypatch.setenv("THE_KEY", KEY)
    assert len(said_json("looked", "-c", str(config), "--customer", "c1")["looks"]) == 2
    assert len(said_json("looked", "-c", str(config), "--customer", hidden)["looks"]) == 1


def test_a_command_notes_its_user_and_says_when_it_cannot(config: Path) -> None:
    """A reader of the folder without the right to write there is answered all the same."""
    settings = load_settings(config)
    assert note_look(settings, "explain", ["c1"], NOW) == []
    (look,) = AccessLog(settings.output_folder / ACCESS).read()
    assert (look.who, look.what, look.customer_ids) == (person_here(), "explain", ("c1",))
    (settings.output_folder / ACCESS / "looked.sqlite").write_bytes(b"broken, and not by a little" * 99)
    (warning,) = note_look(settings, "explain", ["c1"], NOW)
    assert warning.startswith("this look was not noted: ")
