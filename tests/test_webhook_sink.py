"""A signed message to a real server on this machine: once, again after trouble, and kept when refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from publication_support import DAY, NOW, publish_tiny

from features.errors import PublicationError
from pipelines.delivering.delivery import Held
from pipelines.delivering.webhook_box import dead_letters, told_to_webhook
from pipelines.delivering.webhook_sink import deliver_to_webhook
from pipelines.privacy.forgetting import forget
from pipelines.runs.published_runs import PublishedRun, find_run

SECRET = "key-hunter2"


class Receiver(HTTPServer):
    """Answers with the statuses it is given, then with 204; keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Keep the request and answer."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers.items()), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A server, and the environment that names it."""
    server = Receiver()
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{server.server_port}/hidden-path")
    monkeypatch.setenv("HOOK_KEY", SECRET)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path) -> PublishedRun:
    """The tiny run."""
    found = find_run(tmp_path / "output", publish_tiny(tmp_path / "output").run_id)
    assert found is not None
    return found


def send(run: PublishedRun, tmp_path: Path, previous: PublishedRun | None = None) -> bool:
    """Deliver without waiting between the tries; whether something was sent."""
    return not deliver_to_webhook(
        run, previous, tmp_path / "box", address="HOOK", secret="HOOK_KEY", now=NOW, back_off_seconds=0
    ).already


def test_the_message_is_signed_as_the_standard_says(
    receiver: Receiver, run: PublishedRun, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The receiver counts the signature anew from id, timestamp and body, with the key it shares."""
    caplog.set_level(logging.DEBUG)
    assert send(run, tmp_path)
    assert "hidden-path" not in caplog.text
    [(headers, body)] = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    own = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{own}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert json.loads(body)["data"]["actions"]["new"] == ["a1"]


def test_delivering_twice_sends_once(receiver: Receiver, run: PublishedRun, tmp_path: Path) -> None:
    """The second time says so and sends nothing."""
    assert [send(run, tmp_path), send(run, tmp_path)] == [True, False]
    assert len(receiver.got) == 1


def test_a_passing_trouble_is_tried_again(receiver: Receiver, run: PublishedRun, tmp_path: Path) -> None:
    """Busy, then broken, then fine: three requests with one id, and no dead letter."""
    receiver.answers = [429, 503]
    assert send(run, tmp_path)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 3
    assert dead_letters(tmp_path / "box") == []


@pytest.mark.parametrize(("answers", "tries"), [([400], 1), ([401], 1), ([307], 1), ([503] * 9, 5)])
def test_what_is_refused_is_kept_and_sent_again_later(
    receiver: Receiver, run: PublishedRun, tmp_path: Path, answers: list[int], tries: int
) -> None:
    """A refusal, a redirect, or trouble that does not pass: kept, listed, and gone once delivered."""
    receiver.answers = list(answers)
    with pytest.raises(PublicationError, match=rf"it answered {answers[0]}\.\nIt is kept in") as refusal:
        send(run, tmp_path)
    assert len(receiver.got) == tries
    [letter] = dead_letters(tmp_path / "box")
    assert (letter["run_id"], letter["trouble"]) == (run.run_id, f"it answered {answers[0]}")
    assert "hidden-path" not in str(refusal.value) + json.dumps(letter)
    receiver.answers = []
    assert send(run, tmp_path)
    assert dead_letters(tmp_path / "box") == []
    assert receiver.got[0][1] == receiver.got[-1][1]


def later(tmp_path: Path, days: int = 1) -> PublishedRun:
    """The tiny run of another day, in the same output folder."""
    output = tmp_path / "output"
    found = find_run(output, publish_tiny(output, as_of=DAY + timedelta(days=days)).run_id)
    assert found is not None
    return found


def test_a_run_before_the_one_told_last_is_not_sent(
    receiver: Receiver, run: PublishedRun, tmp_path: Path
) -> None:
    """Back-dated, or rewritten since it was told: it would take the receiver back, and is no dead letter."""
    older, newer = later(tmp_path, -1), later(tmp_path)
    assert [send(older, tmp_path), send(newer, tmp_path)] == [True, True]
    forget(tmp_path / "output", "c2", day=DAY)
    rewritten = find_run(tmp_path / "output", older.run_id)
    assert rewritten is not None
    for one in (run, rewritten):
        with pytest.raises(PublicationError, match=rf"has heard of run {newer.run_id} of 2026-03-03"):
            send(one, tmp_path)
    assert len(receiver.got) == 2
    assert dead_letters(tmp_path / "box") == []


def test_a_later_message_overtakes_a_dead_letter(
    receiver: Receiver, run: PublishedRun, tmp_path: Path
) -> None:
    """The second day is refused; the third says what changed since the first, so the second may rest."""
    first, second, third = later(tmp_path, -1), run, later(tmp_path)
    assert send(first, tmp_path)
    receiver.answers = [400]
    with pytest.raises(PublicationError, match=r"it answered 400"):
        send(second, tmp_path, first)
    assert [letter["overtaken_by"] for letter in dead_letters(tmp_path / "box")] == [None]
    assert send(third, tmp_path, first)
    assert [letter["overtaken_by"] for letter in dead_letters(tmp_path / "box")] == [third.run_id]
    assert json.loads(receiver.got[-1][1])["data"]["previous_run_id"] == first.run_id
    assert told_to_webhook(tmp_path / "box") == Held({third.run_id: third.fingerprint}, third.run_id)


def test_a_rewritten_run_is_told_as_all_there_is(
    receiver: Receiver, run: PublishedRun, tmp_path: Path
) -> None:
    """After an erasure: all that is left, as new, under another id, and without the name of who left."""
    assert send(run, tmp_path)
    forget(tmp_path / "output", "c2", day=DAY)
    rewritten = find_run(tmp_path / "output", run.run_id)
    assert rewritten is not None
    assert [send(rewritten, tmp_path, run), send(rewritten, tmp_path)] == [True, False]
    (first, _), (again, body) = receiver.got
    told = json.loads(body)
    assert told["data"]["previous_run_id"] is None
    assert told["data"]["segments"]["new"] == ["c1", "c3"]
    assert b"c2" not in body
    assert first["webhook-id"] != again["webhook-id"]


def test_an_erasure_that_could_not_be_told_is_in_the_next_message(
    receiver: Receiver, run: PublishedRun, tmp_path: Path
) -> None:
    """The rewritten run is refused; that of the next day then lists all there is, not only what changed."""
    assert send(run, tmp_path)
    forget(tmp_path / "output", "c2", day=DAY)
    rewritten, newer = find_run(tmp_path / "output", run.run_id), later(tmp_path)
    assert rewritten is not None
    receiver.answers = [400]
    with pytest.raises(PublicationError, match=r"it answered 400"):
        send(rewritten, tmp_path, run)
    assert send(newer, tmp_path, rewritten)
    told = json.loads(receiver.got[-1][1])["data"]
    assert (told["run_id"], told["previous_run_id"]) == (newer.run_id, None)
    assert told["segments"]["new"] == ["c1", "c2", "c3"]  # the tiny ledger knows it again


def test_a_damaged_run_is_not_told(receiver: Receiver, run: PublishedRun, tmp_path: Path) -> None:
    """A file that changed after publication: refused, nothing sent."""
    (run.path / "actions.parquet").unlink()
    with pytest.raises(PublicationError, match=r"damaged"):
        send(run, tmp_path)
    assert receiver.got == []


def test_a_key_in_the_standards_own_form_signs_with_its_bytes(
    receiver: Receiver, run: PublishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows whsec_ is base64, as the receiver's library reads it; anything else is refused."""
    key = b"twenty-four bytes of key"
    monkeypatch.setenv("HOOK_KEY", "whsec_hidden!")
    with pytest.raises(PublicationError, match=r"HOOK_KEY begins with whsec_") as refusal:
        send(run, tmp_path)
    assert "hidden" not in str(refusal.value)
    monkeypatch.setenv("HOOK_KEY", f"whsec_{base64.b64encode(key).decode()}")
    assert send(run, tmp_path)
    [(headers, body)] = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    own = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{own}"


def test_a_letter_that_cannot_be_read_is_named(receiver: Receiver, run: PublishedRun, tmp_path: Path) -> None:
    """Half a file: the refusal says which, and what to do."""
    assert send(run, tmp_path)
    file = tmp_path / "box/sent" / f"{run.run_id}.json"
    file.write_text("{")
    with pytest.raises(PublicationError, match=r"sent/.*json cannot be read"):
        send(run, tmp_path)


def test_nobody_there_keeps_address_and_key_secret(
    run: PublishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A closed port: kept, and neither the refusal, the letter nor a log holds address or key."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOOK", "http://eve:hunter2@127.0.0.1:1/hidden-path")
    monkeypatch.setenv("HOOK_KEY", SECRET)
    with pytest.raises(
        PublicationError, match=r"webhook in HOOK: no answer \(NewConnectionError\)"
    ) as refusal:
        send(run, tmp_path)
    told = str(refusal.value) + json.dumps(dead_letters(tmp_path / "box")) + caplog.text
    assert "hunter2" not in told
    assert "hidden-path" not in told


@pytest.mark.parametrize(
    ("address", "key", "said"),
    [
        (None, SECRET, "environment variable HOOK is not set"),
        ("https://host/hidden", None, "environment variable HOOK_KEY is not set"),
        ("http://example.org/hidden", SECRET, "HOOK is not https"),
        ("file:///hidden", SECRET, "HOOK holds no address"),
        ("https://[hidden", SECRET, "HOOK holds no address"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    run: PublishedRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str | None,
    key: str | None,
    said: str,
) -> None:
    """The refusal names the variable, never what is in it; nothing is kept."""
    for name, value in (("HOOK", address), ("HOOK_KEY", key)):
        monkeypatch.setenv(name, value or "")
    with pytest.raises(PublicationError, match=said) as refusal:
        send(run, tmp_path)
    assert "hidden" not in str(refusal.value)
    assert not (tmp_path / "box").exists()
