"""Every refusal of the API in one shape: {"error": {"code", "message"}}, and nothing of the machine in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from features.spelling import way_out

CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "too_many_requests",
    500: "failure",
    503: "not_ready",
}
_MEANINGS = {
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The token does not have the scope that this needs.",
    404: "There is no such thing in the latest run.",
    409: "It contradicts what was sent before.",
    413: "The body is larger than 1 MB.",
    422: "A parameter or the body is not as described; the message says which and why.",
    429: "Too many requests in a minute; `Retry-After` says how many seconds to wait.",
    503: "No run can be served yet; the message says why.",
}
ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "enum": list(CODES.values())},
                "message": {"type": "string", "minLength": 1},
            },
        }
    },
}
_MOST_NAMED = 3


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer of a refusal."""
    body = {"error": {"code": CODES.get(status, "failure"), "message": message}}
    return Response(
        json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace"),
        status,
        {**(headers or {}), "Cache-Control": "no-store"},
        "application/json",
    )


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the OpenAPI document describes these refusals of an operation."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {
                "application/json": {
                    "schema": ERROR_SCHEMA,
                    "example": {"error": {"code": CODES[status], "message": _MEANINGS[status]}},
                }
            },
        }
        for status in statuses
    }


def answer_in_one_shape(app: FastAPI) -> None:
    """Let the app answer what it refuses, and what no route knows, in the one shape."""

    async def refused(_: Request, error: Exception) -> Response:
        said = error if isinstance(error, HTTPException) else HTTPException(500)
        if said.status_code == 400:  # what FastAPI says of a body whose bytes are no text
            return refusal(422, "the body is not JSON")
        return refusal(said.status_code, str(said.detail), said.headers)

    async def invalid(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        return refusal(422, "; ".join(_in_words(each, request) for each in found[:_MOST_NAMED]))

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)


def _in_words(error: Mapping[str, Any], request: Request) -> str:
    """Say what is wrong where, with the nearest match; never what was sent, which may be anything."""
    place = [str(part) for part in error["loc"]]
    where, name = ".".join(place), place[-1]
    match error["type"]:
        case "extra_forbidden":
            return f"{where}: unknown{way_out(name, _known_beside(place, request))}"
        case "literal_error":
            choices = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
            return f"{where}: no such value{way_out(str(error['input']), choices)}"
        case "json_invalid":
            return f"the body is not JSON: {error['ctx']['error']}"
        case "missing":
            return f"{where} is missing"
        case _:
            return f"{where}: {str(error['msg']).removeprefix('Value error, ')}"


def _known_beside(place: Sequence[str], request: Request) -> Iterable[str]:
    """Return the names that could have been meant: parameters of the route, or keys of its body."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if dependant is None:
        return ()
    params = dependant.body_params if place[0] == "body" else dependant.query_params
    names: list[str] = []
    for param in params:
        fields = getattr(param.field_info.annotation, "model_fields", None)
        names += [field.alias or key for key, field in fields.items()] if fields else [param.alias]
    return names
