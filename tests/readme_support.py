"""Run the README's commands. `python tests/readme_support.py` writes their present output into it.

A block of YAML that begins with the name of a file is added to that file where it stands among the commands.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postgres_support import postgres

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"```(console|yaml)\n(.*?)```", re.DOTALL)
ANYTHING = "…"
DATABASE = "COLLECTION_DB"
"""The variable that the README delivers to."""


@dataclass(frozen=True)
class Command:
    """One command of a console block, and the output the README shows for it."""

    line: str
    shown: str


@dataclass(frozen=True)
class Addition:
    """What the README says to add to a file."""

    file: str
    text: str


def steps(text: str) -> list[Command | Addition]:
    """The commands of all console blocks, and the additions between them, in order."""
    found: list[Command | Addition] = []
    for kind, block in BLOCK.findall(text):
        if kind == "yaml":
            found.append(Addition(block.partition("\n")[0].removeprefix("# "), block))
        else:
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                line, _, shown = part.partition("\n")
                found.append(Command(line, shown.strip("\n")))
    return found


@contextmanager
def a_database() -> Iterator[None]:
    """A PostgreSQL of its own in the variable that the README names."""
    with postgres() as address:
        os.environ[DATABASE] = address
        try:
            yield
        finally:
            del os.environ[DATABASE]


def add(addition: Addition, folder: Path) -> None:
    """Do what the README says to do by hand."""
    with (folder / addition.file).open("a", encoding="utf-8") as file:
        file.write(addition.text)


def output_of(command: Command, folder: Path) -> str:
    """Run a command in the folder as a user would, and return what it prints on standard output."""
    program, *arguments = shlex.split(command.line)
    binary = Path(sys.executable).with_name(program)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [binary, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        raise AssertionError(f"$ {command.line}\nexit code {done.returncode}\n{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


def write_outputs() -> None:
    """Put the present output of every command that shows one into the README."""
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, a_database():
        for step in steps(text):
            if isinstance(step, Addition):
                add(step, Path(folder))
                continue
            printed = output_of(step, Path(folder))
            if step.shown != ANYTHING:
                shown = f"{step.shown}\n" if step.shown else ""
                text = text.replace(f"$ {step.line}\n{shown}", f"$ {step.line}\n{printed}\n", 1)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_outputs()
