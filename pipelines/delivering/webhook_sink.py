"""Tells another system by a signed POST what a run changes; what cannot be delivered is kept and listed.

The signature follows Standard Webhooks (https://www.standardwebhooks.com): `webhook-signature` is "v1," and
the base64 of HMAC-SHA256 over "id.timestamp.body". `webhook-id` stays the same when a message is sent again,
so that a receiver that saw it drops it. `BOX/sent` and `BOX/dead` hold one JSON file per run.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from features.errors import PublicationError
from pipelines.delivering.delivery import diff
from pipelines.durable_files import make_folder, remove, rename, write_file
from pipelines.published_runs import PublishedRun

SENT, DEAD = "sent", "dead"
TRIES, BACK_OFF_SECONDS, MOST_SECONDS = 5, 1.0, 30.0
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which another try makes sense."""


def deliver_to_webhook(
    run: PublishedRun,
    previous: PublishedRun | None,
    box: Path,
    *,
    address: str,
    secret: str,
    now: datetime,
    back_off_seconds: float = BACK_OFF_SECONDS,
) -> bool:
    """POST the difference between `run` and `previous`; return False when it was delivered before.

    `address` and `secret` name environment variables. Tried again with growing pauses, or those that the
    receiver asks for. PublicationError when it is not accepted; the message then is in `BOX/dead`, and
    delivering again sends it once more. It names the variables, never what is in them.
    """
    url, key = _address(address), _variable(secret, "it holds the key that signs")
    message_id = f"{run.run_id}-{run.fingerprint[:16]}"
    sent, dead = (box / kind / f"{message_id}.json" for kind in (SENT, DEAD))
    if sent.is_file():
        return False
    body = json.dumps({"type": "run.published", "data": diff(run, previous)}, ensure_ascii=False).encode()
    moment = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(key, message_id, moment, body),
    }
    trouble = _post(url, headers, body, back_off_seconds)
    letter = {"message_id": message_id, "run_id": run.run_id, "as_of": run.as_of.isoformat()}
    if trouble:
        _keep(dead, letter | {"trouble": trouble, "message": json.loads(body)})
        raise PublicationError(
            f"run {run.run_id} was not delivered to the webhook in {address}: {trouble}.\n"
            f"It is kept in {dead}; deliver again to send it once more."
        )
    _keep(sent, letter)
    if dead.is_file():
        remove(dead)
    return True


def dead_letters(box: Path) -> list[dict[str, Any]]:
    """Return what was not delivered, the oldest day first: message_id, run_id, as_of, trouble, message."""
    letters = [json.loads(file.read_bytes()) for file in (box / DEAD).glob("[!.]*.json")]
    return sorted(letters, key=lambda letter: (letter["as_of"], letter["message_id"]))


def signature(key: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header's value: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body"."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key.encode(), signed, "sha256")).decode()


def _variable(name: str, what: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise PublicationError(f"environment variable {name} is not set; {what}")
    return value


def _address(variable: str) -> str:
    url = _variable(variable, "it holds the webhook's address")
    try:
        parts = urlsplit(url)
        own_machine = parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        parts, own_machine = urlsplit(""), False
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise PublicationError(f"{variable} holds no address of a webhook, like https://host/path") from None
    if parts.scheme == "http" and not own_machine:
        raise PublicationError(
            f"the webhook in {variable} is not https; who owes what would travel in the open"
        )
    return url


def _post(url: str, headers: Mapping[str, str], body: bytes, back_off_seconds: float) -> str | None:
    """Return None when accepted, else what went wrong, in words that hold nothing of the address."""
    import urllib3

    tries = urllib3.Retry(
        total=TRIES - 1,
        redirect=0,  # what is signed for one place is not carried to another
        allowed_methods={"POST"},
        status_forcelist=PASSING,
        backoff_factor=back_off_seconds,
        backoff_max=MOST_SECONDS,
        retry_after_max=int(MOST_SECONDS),
        raise_on_status=False,
        raise_on_redirect=False,
    )
    try:
        with _library_silent(), urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30)) as pool:
            answer = pool.request("POST", url, body=body, headers=headers, retries=tries)
    except urllib3.exceptions.HTTPError as error:
        reason = getattr(error, "reason", None) or error
        return f"no answer ({type(reason).__name__})"
    return None if 200 <= answer.status < 300 else f"it answered {answer.status}"


@contextmanager
def _library_silent() -> Iterator[None]:
    """Keep the library from logging the path, which for many webhooks is the secret."""
    names = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.poolmanager")
    loggers = [logging.getLogger(name) for name in names]

    def nothing(_: logging.LogRecord) -> bool:
        return False

    for logger in loggers:
        logger.addFilter(nothing)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(nothing)


def _keep(file: Path, letter: Mapping[str, Any]) -> None:
    make_folder(file.parent)
    hidden = file.with_name(f".tmp-{file.name}")
    if hidden.exists():
        remove(hidden)
    write_file(hidden, json.dumps(letter, indent=2, ensure_ascii=False).encode() + b"\n", 0o600)
    rename(hidden, file)
