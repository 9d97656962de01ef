"""The API and the page: one FastAPI app over the latest published run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from features.contracts.output import SCHEMA_VERSION
from pipelines.page.page_file import STATIC, shell
from pipelines.serving.access import Access
from pipelines.serving.access_log import AccessLog
from pipelines.serving.answers import KEPT
from pipelines.serving.guard import Guard
from pipelines.serving.page_routes import page_routes
from pipelines.serving.quote_routes import quote_routes
from pipelines.serving.quoting_desk import QuotingDesk
from pipelines.serving.refusals import answer_in_one_shape, refusal, refusals
from pipelines.serving.run_routes import run_routes
from pipelines.serving.run_store import NotReadyError, RunStore
from pipelines.serving.table_routes import table_routes
from pipelines.serving.tokens import ACCESS, Token, TokenFile
from pipelines.serving.way_back import way_back_routes
from pipelines.settings_file import load_settings

_ABOUT = f"""What the latest run concluded (output contract {SCHEMA_VERSION}), and the way back.

Every answer says the run it is from, and has an `ETag`: sent back as `If-None-Match` it is answered with 304
as long as nothing changed. Pages of one list are of one run while `run_id` is the same. Every refusal has the
same shape.
"""


def make_app(config: Path, *, today: Callable[[], date], now: Callable[[], datetime]) -> FastAPI:
    """Return the app over the output folder of a configuration; it has no other state than that folder.

    `today` and `now` are asked at each request: tokens expire by the day, and looks are noted with their
    moment. Raises ConfigurationError as `load_settings` does.
    """
    settings = load_settings(config)
    output = settings.output_folder
    store, looked = RunStore(output), AccessLog(output / ACCESS)
    access = Access(TokenFile(output), requests_per_minute=settings.serve.requests_per_minute, today=today)

    def note(token: Token, what: str, customer_ids: Iterable[str]) -> None:
        looked.note(now(), token.name, what, customer_ids)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with suppress(NotReadyError):  # loading begins before anybody asks
            store.at_once()
        yield
        looked.close()

    app = FastAPI(
        lifespan=lifespan,
        title="debtscape",
        version=version("debtscape"),
        description=_ABOUT,
        # their scripts come from elsewhere, and /openapi.json says the same
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Guard)
    answer_in_one_shape(app)

    async def not_ready(_: Request, error: Exception) -> Response:
        return refusal(503, str(error), {"Retry-After": "5"})

    app.add_exception_handler(NotReadyError, not_ready)

    @app.get("/health", summary="The process lives.", tags=["state"], operation_id="health")
    async def health() -> dict[str, str]:
        return {"status": "alive"}

    @app.get(
        "/ready",
        summary="A run is loaded and can be asked for.",
        tags=["state"],
        operation_id="ready",
        responses=refusals(503),
    )
    async def ready() -> dict[str, str]:
        store.at_once()
        return {"status": "ready"}

    app.include_router(table_routes(store, access, note))
    app.include_router(page_routes(store, access, note))
    app.include_router(run_routes(store, access))
    app.include_router(quote_routes(store, access, QuotingDesk(config, today), note))
    app.include_router(way_back_routes(store, access, settings, now))

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return Response(shell(), media_type="text/html", headers=KEPT)

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
