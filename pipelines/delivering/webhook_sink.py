"""Tells another system by a signed POST what a run changes; what cannot be delivered is kept and listed.

The signature follows Standard Webhooks (https://www.standardwebhooks.com): `webhook-signature` is "v1," and
the base64 of HMAC-SHA256 over "id.timestamp.body". `webhook-id` stays the same when a message is sent again,
so that a receiver that saw it drops it.

A message is a difference (`delivery.diff`) to `previous_run_id`, the run told last. Where that is null it
lists all that the run holds as new, and what is not in it is to be dropped: the first message, and the first
after a debtor was erased from the run told last, which so leaves without being named.
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
from urllib.parse import urlsplit

from features.errors import PublicationError
from pipelines.delivering.delivery import Delivery, diff
from pipelines.delivering.webhook_box import keep_dead, keep_sent, last_told, letter_of, order, told_of
from pipelines.runs.one_writer import one_writer
from pipelines.runs.published_runs import PublishedRun, verify

LOCK_SECONDS = 10.0
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
) -> Delivery:
    """POST the difference between `run` and `previous`, the run told last (None: it cannot be read any more).

    `address` and `secret` name environment variables. Tried again with growing pauses, or those that the
    receiver asks for. PublicationError when it is not accepted; the message then is in `BOX/dead`, and
    delivering again sends it once more. It names the variables, never what is in them. Refused too is a run
    that is damaged, or comes before the one told last: its difference would take the receiver back.
    """
    url, key = _address(address), _key(secret)
    with one_writer(box, "deliver", LOCK_SECONDS):
        told, last = told_of(box, run.run_id), last_told(box)
        if told and told["fingerprint"] == run.fingerprint:
            return Delivery(run.run_id, address, True, {}, {})
        letter = letter_of(run)
        if last and order(last) > order(letter):
            raise PublicationError(
                f"run {run.run_id} of {run.as_of} was not sent: the webhook in {address} has heard of "
                f"run {last['run_id']} of {last['as_of']}, which comes after it"
            )
        verify(run)
        as_told = not told and previous and last and last["fingerprint"] == previous.fingerprint
        message = {"type": "run.published", "data": diff(run, previous if as_told else None)}
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = _headers(letter["message_id"], int(now.timestamp()), body, key)
        trouble = _post(url, headers, body, back_off_seconds)
        if trouble:
            dead = keep_dead(box, letter, trouble, message)
            raise PublicationError(
                f"run {run.run_id} was not delivered to the webhook in {address}: {trouble}.\n"
                f"It is kept in {dead}; deliver again to send it once more."
            )
        keep_sent(box, letter)
    return Delivery(run.run_id, address, False, {}, {})


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header's value: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body"."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _headers(message_id: str, moment: int, body: bytes, key: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(key, message_id, moment, body),
    }


def _variable(name: str, what: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise PublicationError(f"environment variable {name} is not set; {what}")
    return value


def _key(variable: str) -> bytes:
    """Return the key's bytes: base64 behind "whsec_", as the standard writes it, else the text itself."""
    text = _variable(variable, "it holds the key that signs")
    if not text.startswith("whsec_"):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise PublicationError(f"{variable} begins with whsec_, but what follows is not base64") from None


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
