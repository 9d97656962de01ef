"""One route for each table of the output contract: its filters, its answer and its description from there."""

# Annotations are not postponed here: FastAPI could not find the names of the enclosing function.
from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from features.contracts import OUTPUT_TABLES, Table
from features.contracts.json_schema import output_schema
from pipelines.delivering.delivery import APPROVED_TABLES
from pipelines.serving.access import Access
from pipelines.serving.answers import answer, unchanged
from pipelines.serving.examples import example_row
from pipelines.serving.operations import Note, page_of
from pipelines.serving.queries import AskedTable, json_rows
from pipelines.serving.refusals import refusals
from pipelines.serving.run_store import RunStore, ServedRun
from pipelines.serving.table_queries import parameters, query_of
from pipelines.serving.tokens import Token


def table_routes(store: RunStore, access: Access, note: Note) -> APIRouter:
    """Return the routes of every table, and of what waits for a person's approval."""
    router = APIRouter(prefix="/v1", tags=["tables"])
    reader = access.allowed("read")
    rows_of = output_schema()["$defs"]

    def add(
        path: str, table: Table, tables: Callable[[ServedRun], Mapping[str, AskedTable]], said: str
    ) -> None:
        asked = parameters(table)

        async def rows(
            request: Request,
            token: Annotated[Token, Depends(reader)],
            served: Annotated[ServedRun, Depends(store.current)],
            query: Annotated[asked, Query()],  # type: ignore[valid-type]
        ) -> Response:
            if same := unchanged(request, served.etag):
                return same

            def answered_with_rows() -> Response:
                page, total = tables(served)[table.name].choose(query_of(table, query))
                if "customer_id" in page.column_names:
                    note(token, path, page["customer_id"].to_pylist())
                return answer(served, {"total": total, "rows": json_rows(page)})

            # not between the requests of others: a large table takes milliseconds, the log may wait
            return await run_in_threadpool(answered_with_rows)

        router.add_api_route(
            f"/{path}",
            rows,
            name=path,
            summary=said,
            description=f"One row per {table.grain}. Money is in major units of the row's currency.",
            operation_id=path.replace("-", "_").replace("/", "_"),
            responses={
                **page_of(said, rows_of[table.name], example_row(table)),
                **refusals(401, 403, 422, 429, 503),
            },
        )

    for name, table in OUTPUT_TABLES.items():
        path = name.replace("_", "-")
        add(path, table, lambda served: served.tables, f"The table {name} of the latest run.")
    for name in APPROVED_TABLES:
        said = f"The rows of {name} that may harm a debtor and wait for a person: in no other answer."
        add(f"approvals/{name}", OUTPUT_TABLES[name], lambda served: served.waiting, said)
    return router
