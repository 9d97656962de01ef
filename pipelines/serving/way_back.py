"""The way back: tools report contacts, promises, disputes, decisions, and the next day's run knows them."""

# Annotations are not postponed here: FastAPI could not find the names of the enclosing function.
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from features.errors import DebtscapeError
from pipelines.privacy.pseudonymous import pseudonym_key
from pipelines.receiving.door import Fact, Refusal, judge
from pipelines.receiving.kinds import KINDS, model_of
from pipelines.receiving.store import receive
from pipelines.serving.access import Access
from pipelines.serving.refusals import CODES, ERROR_SCHEMA, refusals
from pipelines.serving.run_store import NotReadyError, RunStore
from pipelines.serving.strangers import strangers
from pipelines.serving.tokens import Token
from pipelines.settings import Settings

MOST_FACTS = 1_000
_LOG = logging.getLogger("debtscape.serving")
_LATER = {"Retry-After": "5"}
_ABOUT = f"""One fact, or a list of at most {MOST_FACTS:,}: all of them are kept, or none.

The same `external_id` with the same content again changes nothing and is answered with `already`, so a
request may be repeated; with other content it is refused. What is received today is known from today: runs as
of a later day use it. A `customer_id` may be the debtor's pseudonym where runs speak of pseudonyms.
"""
_ITEM = {
    "type": "object",
    "required": ["external_id", "status", "warnings"],
    "additionalProperties": False,
    "properties": {
        "external_id": {"type": "string"},
        "status": {"enum": ["accepted", "already"]},
        "warnings": {
            "type": "array",
            "items": {"type": "string"},
            "description": "ids that the latest run does not know; the fact is kept all the same",
        },
    },
}
_ANSWER = {
    "type": "object",
    "required": ["known_on", "items"],
    "additionalProperties": False,
    "properties": {
        "known_on": {"type": "string", "format": "date", "description": "runs as of a later day use it"},
        "items": {"type": "array", "items": _ITEM, "description": "in the order of the request"},
    },
}
_REFUSED = {
    **ERROR_SCHEMA,
    "properties": {
        **ERROR_SCHEMA["properties"],
        "items": {
            "type": "array",
            "description": "the facts that are refused; nothing of the request was kept",
            "items": {
                "type": "object",
                "required": ["index", "external_id", "status", "reason"],
                "additionalProperties": False,
                "properties": {
                    "index": {"type": "integer", "minimum": 0, "description": "place in the request"},
                    "external_id": {"type": ["string", "null"]},
                    "status": {"const": "refused"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}


def way_back_routes(
    store: RunStore, access: Access, settings: Settings, now: Callable[[], datetime]
) -> APIRouter:
    """Return the routes that take facts in. They publish nothing and wait for no run.

    ConfigurationError when runs have pseudonyms and their key is not there.
    """
    key = pseudonym_key(settings)
    router = APIRouter(prefix="/v1", tags=["way back"])
    writer = access.allowed("write")

    def unknown_ids(facts: list[Fact]) -> list[list[str]]:
        try:
            return strangers(facts, store.at_once(), key)
        except NotReadyError:  # without a run nobody can tell
            return [[] for _ in facts]

    def add(kind: str) -> None:
        async def post(request: Request, token: Annotated[Token, Depends(writer)]) -> Response:
            said = _facts_in(await request.body())
            return await run_in_threadpool(_keep, kind, said, token.name, now(), settings, unknown_ids)

        router.add_api_route(
            f"/{kind}",
            post,
            methods=["POST"],
            name=kind,
            summary=f"Report {kind.replace('-', ' ')}.",
            description=_ABOUT,
            operation_id=f"report_{kind.replace('-', '_')}",
            openapi_extra={"requestBody": _request(kind)},
            status_code=201,
            responses=_responses(kind),
        )

    for kind in KINDS:
        add(kind)
    return router


def _facts_in(body: bytes) -> list[Any]:
    """Return the facts of a request; HTTPException for what is no JSON, and for too many."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(422, "the body is not JSON") from None
    facts = said if isinstance(said, list) else [said]
    if len(facts) > MOST_FACTS:
        raise HTTPException(422, f"{len(facts):,} facts in one request; send at most {MOST_FACTS:,} at once")
    return facts


def _keep(
    kind: str,
    said: list[Any],
    who: str,
    now: datetime,
    settings: Settings,
    unknown_ids: Callable[[list[Fact]], list[list[str]]],
) -> Response:
    """Keep all of the facts or none, and answer."""
    here = now.astimezone(settings.zone)
    if kind == "decisions":
        unsaid = {"by": who.strip(), "decided_on": here.date().isoformat()}
        said = [{**unsaid, **each} if isinstance(each, Mapping) else each for each in said]
    judged = [judge(kind, each, today=here.date(), home_currency=settings.home_currency) for each in said]
    refused = {at: each for at, each in enumerate(judged) if isinstance(each, Refusal)}
    if refused:
        return _refusal(422, len(said), refused)
    facts = [each for each in judged if isinstance(each, Fact)]
    try:
        receipts = receive(
            settings.received_folder, facts, who=who, now=now, zone=settings.zone, all_or_nothing=True
        )
    except DebtscapeError as error:
        _LOG.exception("facts cannot be kept")
        raise HTTPException(503, "facts cannot be kept now; send them again later", _LATER) from error
    conflicts = {
        at: Refusal(each.external_id, each.reason or "")
        for at, each in enumerate(receipts)
        if each.status == "refused"
    }
    if conflicts:
        return _refusal(409, len(said), conflicts)
    new = any(each.status == "accepted" for each in receipts)
    items = [
        {"external_id": receipt.external_id, "status": receipt.status, "warnings": unknown}
        for receipt, unknown in zip(receipts, unknown_ids(facts), strict=True)
    ]
    return _json(201 if new else 200, {"known_on": here.date().isoformat(), "items": items})


def _refusal(status: int, sent: int, refused: Mapping[int, Refusal]) -> Response:
    at, first = next(iter(refused.items()))
    which = f"{len(refused)} of {sent} facts are refused, so none is kept; fact {at}: " if sent > 1 else ""
    items = [
        {"index": index, "external_id": each.external_id, "status": "refused", "reason": each.reason}
        for index, each in refused.items()
    ]
    error = {"code": CODES[status], "message": which + first.reason}
    return _json(status, {"error": error, "items": items})


def _json(status: int, content: Mapping[str, Any]) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(body, status, {"Cache-Control": "no-store"}, "application/json")


def _request(kind: str) -> dict[str, Any]:
    """Return how the OpenAPI document describes the body."""
    fact = model_of(kind).model_json_schema()
    if kind == "decisions":
        for name, said in (("by", "the token's name"), ("decided_on", "today")):
            fact["required"].remove(name)
            fact["properties"][name]["description"] += f"; default: {said}"
    example = dict(KINDS[kind].example)
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [fact, {"type": "array", "items": fact, "maxItems": MOST_FACTS}]},
                "examples": {"one": {"value": example}, "several": {"value": [example]}},
            }
        },
    }


def _responses(kind: str) -> dict[int | str, dict[str, Any]]:
    external_id = KINDS[kind].example["external_id"]

    def kept(said: str, status: str) -> dict[str, Any]:
        item = {"external_id": external_id, "status": status, "warnings": []}
        example = {"known_on": "2026-01-30", "items": [item]}
        return {
            "description": said,
            "content": {"application/json": {"schema": _ANSWER, "example": example}},
        }

    documented = refusals(401, 403, 409, 413, 422, 429, 503)
    for status in (409, 422):
        documented[status]["content"]["application/json"]["schema"] = _REFUSED
    return {
        200: kept("Everything was received before; nothing changed.", "already"),
        201: kept("Everything is kept, at least one fact of it was new.", "accepted"),
        **documented,
    }
