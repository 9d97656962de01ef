"""Publishes, and dies at one chosen step on disk: python publication_killer.py OUTPUT_TEMPLATE WORK.

For each step n on disk a child process publishes into a copy of OUTPUT_TEMPLATE at WORK/<n> and is
killed (SIGKILL) just before the step; for a write, a further child at WORK/<n>-half is killed when
half of the bytes are written. Prints one line per child: the name of its folder and of the step.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet  # noqa: F401  imported here once, not in each child
from publication_support import publish_small

import pipelines.runs.arrow_tables
import pipelines.runs.output_checks  # noqa: F401

STEPS = ("open", "write", "fsync", "mkdir", "replace", "unlink", "rmdir")


def die() -> None:
    """End this process as a power cut would: no clean-up runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def publish_and_die(output: Path, at: int, half: bool, say: int) -> None:
    """Publish; before step `at`, tell its name and die."""
    step = 0

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **named: Any) -> Any:
            nonlocal step
            step += 1
            if step == at:
                os_write(say, name.encode())
                if half:
                    os_write(arguments[0], arguments[1][: len(arguments[1]) // 2])
                die()
            return call(*arguments, **named)

        return stepping

    os_write = os.write
    for name in STEPS:
        setattr(os, name, counted(name, getattr(os, name)))
    publish_small(output)


def run_child(template: Path, output: Path, at: int, half: bool) -> str | None:
    """Return the step at which the child died, or None when it lived to the end."""
    shutil.copytree(template, output)
    listen, say = os.pipe()
    child = os.fork()
    if child == 0:
        publish_and_die(output, at, half, say)
        os._exit(0)
    os.close(say)
    _, status = os.waitpid(child, 0)
    with os.fdopen(listen, "rb") as pipe:
        name = pipe.read().decode()
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and name:
        return name
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0 and not name:
        return None
    raise RuntimeError(f"the child at step {at} ended with status {status} at {name!r}")


def main(template: Path, work: Path) -> None:
    """Kill a child at each step, until one publishes to the end."""
    step = 0
    while True:
        step += 1
        name = run_child(template, work / str(step), step, half=False)
        print(step, name or "end", flush=True)
        if name is None:
            break
        if name == "write":
            run_child(template, work / f"{step}-half", step, half=True)
            print(f"{step}-half", name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
