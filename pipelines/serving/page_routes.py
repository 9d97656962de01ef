"""The page and what it shows: the shell and its files, the figures, the lists, a debtor's card."""

# Annotations are not postponed here: FastAPI could not find the names of the enclosing function.
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from pipelines.serving.access import Access
from pipelines.serving.answers import answer, unchanged
from pipelines.serving.list_shapes import list_parameters, list_query, list_row, list_shapes
from pipelines.serving.operations import Note, answered, page_of
from pipelines.serving.page_shapes import CARD, CARD_EXAMPLE, VIEWS, VIEWS_EXAMPLE
from pipelines.serving.queries import json_rows
from pipelines.serving.refusals import refusals
from pipelines.serving.run_store import RunStore, ServedRun
from pipelines.serving.served_page import Shown
from pipelines.serving.tokens import Token


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

    def add(name: str) -> None:
        asked = list_parameters(name)

        async def rows(
            request: Request,
            token: Annotated[Token, Depends(reader)],
            served: Annotated[ServedRun, Depends(store.current)],
            query: Annotated[asked, Query()],  # type: ignore[valid-type]
        ) -> Response:
            if same := unchanged(request, served.etag):
                return same
            shown = await _shown(served)

            def answered_with_rows() -> Response:
                page, total = shown.lists[name].choose(list_query(name, query))
                note(token, f"list {name}", page["customer_id"].to_pylist())
                return answer(served, {"total": total, "rows": json_rows(page)})

            return await run_in_threadpool(answered_with_rows)

        row, example = list_row(name)
        router.add_api_route(
            f"/page/lists/{name}",
            rows,
            name=f"list {name}",
            summary=f"The list {name} of the page: the rows behind its figures.",
            description="Money is in minor units, in columns that end in `_minor`.",
            operation_id=f"list_{name}",
            responses={**page_of("Rows of the list.", row, example), **refused},
        )

    for name in list_shapes():
        add(name)

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
