"""What stands around every answer: no body above a limit, headers for browsers, and no traceback outside."""

from __future__ import annotations

import logging

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.serving.refusals import refusal

MOST_BODY_BYTES = 1_000_000
_TOO_LARGE = f"a body has at most {MOST_BODY_BYTES:,} bytes; send it in parts"
_LOG = logging.getLogger("debtscape.serving")

HEADERS = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-cache",
}
"""Where an answer says nothing else itself. The page needs scripts, styles and data of its own server only;
an answer is shown inside nobody's page; a cache asks whether it still holds."""


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with HEADERS."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in HEADERS.items() if name not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        if _announced(scope) > MOST_BODY_BYTES:
            await refusal(413, _TOO_LARGE, {"Connection": "close"})(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, _counted(receive), send_with_headers)
        except Exception:
            _LOG.exception("%s failed", scope["method"])
            if not started:
                await refusal(500, "the server failed; its log says why")(scope, receive, send_with_headers)


def _announced(scope: Scope) -> int:
    """Return the bytes that the body is said to have."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value) for value in lengths if value.isdigit()), default=0)


def _counted(receive: Receive) -> Receive:
    """Return a `receive` that refuses what goes on beyond the limit, whatever was announced."""
    bytes_so_far = 0

    async def counted() -> Message:
        nonlocal bytes_so_far
        message = await receive()
        bytes_so_far += len(message.get("body", b""))
        if bytes_so_far > MOST_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE, {"Connection": "close"})
        return message

    return counted
