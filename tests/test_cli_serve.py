"""`debtscape serve` and `debtscape token` as one types them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from serving_support import tiny_api
from typer.testing import CliRunner

from features.errors import DebtscapeError
from pipelines.cli import app

DEBTSCAPE = Path(sys.executable).with_name("debtscape")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a configuration and the published tiny run."""
    folder = tmp_path_factory.mktemp("serve")
    tiny_api(folder)
    return folder


def debtscape(folder, *arguments):
    """Run a command in this process, as the command line would."""
    return CliRunner().invoke(app, [*arguments, "-c", str(folder / "debtscape.yaml")])


def test_a_token_is_made_listed_and_revoked(folder):
    """It is printed once; the list has its name and never the token; a revoked one says so."""
    made = debtscape(folder, "token", "new", "anna", "--scope", "read", "--scope", "write")
    assert made.exit_code == 0, made.output
    assert re.fullmatch(r"dsc_[\w-]{43}\n", made.stdout)
    listed = debtscape(folder, "token", "list", "--json")
    assert made.stdout.strip() not in listed.stdout
    [anna] = [token for token in json.loads(listed.stdout)["tokens"] if token["name"] == "anna"]
    assert (anna["scopes"], anna["valid"]) == (["read", "write"], True)
    assert debtscape(folder, "token", "revoke", "anna").exit_code == 0
    assert "revoked" in debtscape(folder, "token", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("token", "new", "read"), "already"),
        (("token", "new", "x", "--scope", "all"), "no scope 'all'"),
        (("token", "revoke", "nobody"), "no token 'nobody'"),
    ],
)
def test_what_cannot_be_done_with_a_token_is_refused(folder, arguments, words):
    """Each with a clear refusal, which the command line ends with code 1."""
    refused = debtscape(folder, *arguments).exception
    assert isinstance(refused, DebtscapeError)
    assert words in str(refused)


def test_it_serves_until_it_is_told_to_stop(folder):
    """It prints its address, answers there, and ends with code 0 on SIGTERM, having said nothing else."""
    with subprocess.Popen(
        [DEBTSCAPE, "serve", "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as server:
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())[0]
            status(address + "health")
            assert status(address + "v1/segments") == 401
            assert status(address + "v1/segments?" + "x" * 100_000) in (400, 401, 414, 431)
            taken = debtscape(folder, "serve", "--port", address.split(":")[2].strip("/"))
            assert "cannot listen on 127.0.0.1 port" in str(taken.exception)
            assert half_a_body(int(address.split(":")[2].strip("/"))).startswith(b"HTTP/1.1 413")
        finally:
            server.send_signal(signal.SIGTERM)
            _, errors = server.communicate(timeout=60)
    assert server.returncode == 0, errors
    assert "Traceback" not in errors


def status(address):
    """The status of an address, once somebody answers there."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError("nobody answers")


def half_a_body(port):
    """What the server says to a request of 100 MB, of which it gets the first kilobytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(
            b"POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n" + b"x" * 4_096
        )
        return line.recv(4_096)


def test_without_a_token_and_beyond_this_machine_it_says_what_to_know(tmp_path):
    """It says how to make a token, and that tokens would cross the network in clear."""
    api = tiny_api(tmp_path)
    api.tokens.path.unlink()
    with subprocess.Popen(
        [DEBTSCAPE, "serve", "--host", "0.0.0.0", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        said = [server.stdout.readline() for _ in range(3)]
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    assert "debtscape token new NAME" in said[1]
    assert "HTTPS" in said[2]
