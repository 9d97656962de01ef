"""Which runs were published: what each was made from and holds."""

# Annotations are not postponed here: FastAPI could not find the names of the enclosing function.
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from pipelines.runs.published_runs import PublishedRun
from pipelines.serving.access import Access
from pipelines.serving.answers import answer, unchanged
from pipelines.serving.examples import FACTS
from pipelines.serving.operations import page_of
from pipelines.serving.refusals import refusals
from pipelines.serving.run_store import RunStore, ServedRun
from pipelines.serving.table_queries import DEFAULT_LIMIT, STRICT, Limit, Offset

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_RUN: dict[str, Any] = {
    "run_id": _TEXT,
    "as_of": {"type": "string", "format": "date"},
    "schema_version": _TEXT,
    "created_at": {"type": "string", "format": "date-time"},
    "fingerprint": {**_TEXT, "description": "changes with any content, as when a debtor is erased"},
    "previous_run_id": {"type": ["string", "null"], "description": "the run it was compared with"},
    "models": {"type": "object", "additionalProperties": _TEXT, "description": "name -> version"},
    "rows": {"type": "object", "additionalProperties": {"type": "integer"}, "description": "table -> rows"},
    "warnings": {"type": "array", "items": _TEXT},
    "erased": {"type": "integer", "minimum": 0, "description": "debtors erased from it since"},
    "latest": {"type": "boolean", "description": "the one that everything else answers from"},
}
_EXAMPLE: dict[str, Any] = {
    **FACTS,
    "created_at": "2026-03-02T04:30:00+00:00",
    "fingerprint": "2bd57c79afd194af",
    "previous_run_id": "4c1f0a6be2d95a37",
    "models": {"payment-time": "3"},
    "rows": {"segments": 1500},
    "warnings": [],
    "erased": 0,
    "latest": True,
}
_SCHEMA = {"type": "object", "properties": _RUN, "required": list(_RUN), "additionalProperties": False}


class RunParameters(BaseModel):
    """Which of the runs."""

    model_config = STRICT

    limit: Limit = DEFAULT_LIMIT
    offset: Offset = 0


def run_routes(store: RunStore, access: Access) -> APIRouter:
    """Return the route that lists the published runs."""
    router = APIRouter(prefix="/v1", tags=["runs"])

    @router.get(
        "/runs",
        summary="The published runs, the latest first.",
        operation_id="runs",
        dependencies=[Depends(access.allowed("read"))],
        responses={**page_of("Published runs.", _SCHEMA, _EXAMPLE), **refusals(401, 403, 422, 429, 503)},
    )
    async def runs(
        request: Request,
        served: Annotated[ServedRun, Depends(store.current)],
        query: Annotated[RunParameters, Query()],
    ) -> Response:
        etag = _etag(served.runs)
        if same := unchanged(request, etag):
            return same
        page = served.runs[::-1][query.offset : query.offset + query.limit]
        rows = [_row(run, served) for run in page]
        return answer(served, {"total": len(served.runs), "rows": rows}, etag)

    return router


def _etag(runs: Sequence[PublishedRun]) -> str:
    prints = "".join(f"{run.run_id}{run.fingerprint}" for run in runs)
    return f'"{runs[-1].run_id}-{sha256(prints.encode()).hexdigest()[:12]}"'


def _row(run: PublishedRun, served: ServedRun) -> dict[str, Any]:
    said = run.manifest
    return {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "schema_version": said["schema_version"],
        "created_at": said["created_at"],
        "fingerprint": run.fingerprint,
        "previous_run_id": said["previous_run"]["run_id"] if said["previous_run"] else None,
        "models": said["models"],
        "rows": said["rows_out"],
        "warnings": said["warnings"],
        "erased": sum(entry["debtors"] for entry in said.get("erased", ())),
        "latest": run.run_id == served.run.run_id,
    }
