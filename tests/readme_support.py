"""Run the README's commands. `python tests/readme_support.py` writes their present output into it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
ANYTHING = "…"


@dataclass(frozen=True)
class Command:
    """One command of a console block, and the output the README shows for it."""

    line: str
    shown: str


def commands(text: str) -> list[Command]:
    """The commands of all console blocks, in order."""
    found = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(line, shown.strip("\n")))
    return found


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
    with tempfile.TemporaryDirectory() as folder:
        for command in commands(text):
            printed = output_of(command, Path(folder))
            if command.shown != ANYTHING:
                before = f"$ {command.line}\n{command.shown}" if command.shown else f"$ {command.line}"
                text = text.replace(before, f"$ {command.line}\n{printed}", 1)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_outputs()
