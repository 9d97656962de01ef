"""The page and what it shows: the shell and its files, the figures, the lists, a debtor's card."""

# Annotations are not postponed here: FastAPI could not find the names of the enclosing function.
from typing import Annotated, Any, Literal

import pyarrow as pa
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, Field, create_model
from starlette.concurrency import run_in_threadpool

from features.spelling import way_out
from pipelines.serving.access import Access
from pipelines.serving.answers import answer, unchanged
from pipelines.serving.operations import Note, answered, page_of
from pipelines.serving.page_shapes import CARD, CARD_EXAMPLE, VIEWS, VIEWS_EXAMPLE
from pipelines.serving.queries import Query as Rows
from pipelines.serving.queries import choose, json_rows
from pipelines.serving.refusals import refusals
from pipelines.serving.run_store import RunStore, ServedRun
from pipelines.serving.served_page import Shown
from pipelines.serving.table_queries import DEFAULT_LIMIT, EMPTY, STRICT, Day, Offset, Text, optional
from pipelines.serving.tokens import Token

ListName = Literal["debtors", "worklist", "actions", "invoices"]
MOST_LISTED = 500
_PAST_DUE = ("days_past_due", "oldest_days_past_due")
_EQUAL = ("currency", "company_code", "segment", "collector", "cause", "status", "source")
_ROW: dict[str, Any] = {"type": "object", "description": "money in minor units; days ISO"}
_ROW_EXAMPLE = {"customer_id": "C00042", "currency": "EUR", "overdue_minor": 10010}

_Days = Annotated[int, Field(ge=-100_000, le=100_000)]
_FIELDS: dict[str, Any] = {
    **{name: optional(Text, f"only rows with this value{EMPTY}") for name in _EQUAL},
    "flag": optional(Text, "only rows where this column is true, such as to_release or worsened"),
    "q": optional(Text, "part of the debtor's id or name, whatever the case"),
    "past_due_from": optional(_Days, "so many days past due or more"),
    "past_due_until": optional(_Days, "so many days past due or less"),
    "due_from": optional(Day, "due on this day or later"),
    "due_until": optional(Day, "due on this day or earlier"),
    "sort": optional(Text, "a column, with - in front for descending; empty values come last"),
    "limit": (Annotated[int, Field(ge=1, le=MOST_LISTED, description="rows of one answer")], DEFAULT_LIMIT),
    "offset": (Offset, 0),
}
ListParameters: type[BaseModel] = create_model("ListParameters", __config__=STRICT, **_FIELDS)
"""Which rows of a list; a filter that the list has no column for is refused."""


def page_routes(store: RunStore, access: Access, note: Note) -> APIRouter:
    """Return the routes of what the page asks for."""
    router = APIRouter(prefix="/v1", tags=["page"])
    reader = access.allowed("read")
    refused = refusals(401, 403, 422, 429, 503)

    @router.get(
        "/page",
        summary="Every figure of the page.",
        description="Money is in minor units, in fields that end in `_minor`; shares are 0 to 1.",
        operation_id="page",
        dependencies=[Depends(reader)],
        responses={
            **answered("The figures, per currency.", VIEWS, VIEWS_EXAMPLE),
            **refusals(401, 403, 429, 503),
        },
    )
    async def page(request: Request, served: Annotated[ServedRun, Depends(store.current)]) -> Response:
        if same := unchanged(request, served.etag):
            return same
        return answer(served, (await _shown(served)).views)

    @router.get(
        "/page/lists/{name}",
        summary="The rows behind a figure of the page.",
        operation_id="page_list",
        responses={
            **page_of("Rows of the list.", _ROW, _ROW_EXAMPLE),
            **refused,
        },
    )
    async def page_list(
        request: Request,
        token: Annotated[Token, Depends(reader)],
        served: Annotated[ServedRun, Depends(store.current)],
        name: ListName,
        query: Annotated[ListParameters, Query()],
    ) -> Response:
        rows = (await _shown(served)).lists[name]
        wanted = _wanted(rows, query)
        if same := unchanged(request, served.etag):
            return same
        chosen, total = await run_in_threadpool(choose, rows, wanted)
        note(token, f"list {name}", chosen["customer_id"].to_pylist())
        return answer(served, {"total": total, "rows": json_rows(chosen)})

    @router.get(
        "/debtors/{customer_id:path}",
        summary="One debtor: history, open invoices, reasons, next steps.",
        operation_id="debtor",
        responses={
            **answered("The debtor's card.", CARD, CARD_EXAMPLE),
            **refusals(404),
            **refused,
        },
    )
    async def debtor(
        request: Request,
        token: Annotated[Token, Depends(reader)],
        served: Annotated[ServedRun, Depends(store.current)],
        customer_id: Annotated[str, Path(max_length=200, description="the debtor, as in the tables")],
    ) -> Response:
        cards = (await _shown(served)).cards
        card = (await run_in_threadpool(cards.of, [customer_id])).get(customer_id)
        if card is None:
            raise HTTPException(404, "the latest run has no such debtor")
        note(token, "card", [customer_id])
        return unchanged(request, served.etag) or answer(served, card)

    return router


async def _shown(served: ServedRun) -> Shown:
    made = served.page.made
    return await run_in_threadpool(served.page.make) if made is None else made


def _wanted(rows: pa.Table, asked: BaseModel) -> Rows:
    """Return the rows that were asked for; 422 where the list has no such column."""
    said = asked.model_dump(exclude_none=True)
    equal: dict[str, Any] = {name: said[name] for name in _EQUAL if name in said}
    for name in equal:
        _refuse_unknown(name, name, rows.column_names)
    flags = [field.name for field in rows.schema if pa.types.is_boolean(field.type)]
    if flag := said.get("flag"):
        _refuse_unknown("flag", flag, flags)
        equal[flag] = True
    if sort := said.get("sort"):
        _refuse_unknown("sort", sort.removeprefix("-"), rows.column_names)
    ranges = {}
    for name, columns in (("past_due", _PAST_DUE), ("due", ("due_on",))):
        borders = said.get(f"{name}_from"), said.get(f"{name}_until")
        if borders != (None, None):
            column = next((each for each in columns if each in rows.column_names), None)
            if column is None:
                raise HTTPException(422, f"this list knows no {columns[0]}")
            ranges[column] = borders
    return Rows(
        equal=equal,
        ranges=ranges,
        contains=(("customer_id", "name"), said["q"]) if said.get("q") else None,
        sort=sort,
        offset=said["offset"],
        limit=said["limit"],
    )


def _refuse_unknown(parameter: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise HTTPException(422, f"query.{parameter}: this list has no such column{way_out(name, known)}")
