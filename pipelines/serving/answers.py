"""How an answer leaves: JSON with the run in it, and an ETag so that an unchanged one is not sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request, Response

from pipelines.serving.run_store import ServedRun

KEPT = {"Cache-Control": "private, no-cache"}
"""Only the reader's own cache may keep an answer, and asks each time whether it still holds."""


def answer(served: ServedRun, content: Mapping[str, Any], etag: str | None = None) -> Response:
    """Return the content with the run's facts in front; `etag` where the run alone does not decide it."""
    body = orjson.dumps({**served.facts, **content}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, 200, {"ETag": etag or served.etag, **KEPT}, "application/json")


def unchanged(request: Request, etag: str) -> Response | None:
    """Return 304 when the reader has this answer already."""
    said = request.headers.get("if-none-match", "")
    held = {each.strip().removeprefix("W/") for each in said.split(",")}
    if etag in held or "*" in held:
        return Response(status_code=304, headers={"ETag": etag, **KEPT})
    return None
