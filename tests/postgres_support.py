"""A PostgreSQL of its own for a test, in a temporary folder, with a password."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "hunter2-secret"


def postgres_tools() -> Path | None:
    """Where the newest server's programs are, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1] if found else None


def can_start_postgres() -> bool:
    """Whether there is a server, and, for root, a way to start it as somebody else."""
    return postgres_tools() is not None and (os.geteuid() != 0 or shutil.which("runuser") is not None)


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server and give the address of its empty database; stop and remove it at the end."""
    tools = postgres_tools()
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="debtscape_pg_"))
    password = folder / "password"
    password.write_text(PASSWORD)
    if as_other:
        shutil.chown(folder, "postgres")
        shutil.chown(password, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = [*as_other, f"{tools}/{program}", "-D", f"{folder}/data", *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)

    try:
        run(
            "initdb", "-A", "scram-sha-256", "-U", "writer", f"--pwfile={password}", "-E", "UTF8", "--no-sync"
        )
        options = f"-p {port} -k {folder} -h 127.0.0.1 -F"
        run("pg_ctl", "-l", f"{folder}/log", "-w", "-o", options, "start")
        try:
            yield f"postgresql://writer:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)
