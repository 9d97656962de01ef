"""The README is true: its commands work in an empty folder and print what it shows."""

import re
from pathlib import Path

import pytest
from postgres_support import can_start_postgres
from readme_support import ANYTHING, README, Addition, a_database, add, output_of, steps

NUMBER = re.compile(r"\d[\d,]*\.?\d*")
RUN_ID = re.compile(r"\b[0-9a-f]{16}\b")
LARGEST_DIFFERENCE = 0.05
"""Another processor may round the last bit of a model otherwise; figures are compared this closely."""


def words(text: str) -> list[str]:
    """The text without its numbers and spacing."""
    return NUMBER.sub("#", RUN_ID.sub("", text)).split()


def numbers(text: str) -> list[float]:
    """The numbers in the text, in order."""
    return [float(found.replace(",", "")) for found in NUMBER.findall(RUN_ID.sub("", text))]


@pytest.mark.skipif(not can_start_postgres(), reason="no PostgreSQL on this machine")
def test_commands_print_what_the_readme_shows(tmp_path: Path) -> None:
    """Each console command succeeds, one after the other, with the words and nearly the figures shown."""
    found = steps(README.read_text(encoding="utf-8"))
    assert len(found) >= 5
    with a_database():
        for step in found:
            if isinstance(step, Addition):
                add(step, tmp_path)
                continue
            printed = output_of(step, tmp_path)
            if step.shown == ANYTHING:
                continue
            assert words(printed) == words(step.shown), f"$ {step.line}\n{printed}"
            shown = pytest.approx(numbers(step.shown), rel=LARGEST_DIFFERENCE, abs=2)
            assert numbers(printed) == shown, f"$ {step.line}\n{printed}"


def test_every_command_is_named() -> None:
    """The table of commands lists each command of the program, and no other."""
    from pipelines.cli import app

    listed = re.findall(r"^\| `(\w+)", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    known = [command.name or command.callback.__name__ for command in app.registered_commands]
    known += [group.typer_instance.info.name for group in app.registered_groups]
    assert sorted(listed) == sorted(known)


def test_it_stays_short() -> None:
    """A README of two hundred lines is read; a longer one is not."""
    assert len(README.read_text(encoding="utf-8").splitlines()) < 200


def test_its_links_lead_somewhere() -> None:
    """Every file that it links to exists."""
    for target in re.findall(r"\]\(([^)]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target
