"""An API over the tiny run, asked in this process."""

from __future__ import annotations

import asyncio
import atexit
import shutil
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx
from fastapi import FastAPI
from publication_support import publish_tiny

from pipelines.serving.app import make_app
from pipelines.serving.tokens import TokenFile

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Api:
    """The app of a configuration, and a token for each scope."""

    def __init__(self, folder: Path, requests_per_minute: int = 100_000) -> None:
        self.output = folder / "out"
        self.config = folder / "debtscape.yaml"
        self.today = TODAY
        self.config.write_text(
            "ledger: {invoices: {path: invoices.csv}}\n"
            f"serve: {{requests_per_minute: {requests_per_minute}}}\n"
        )
        self.tokens = TokenFile(self.output)
        self.read, self.write = (
            self.tokens.new(scope, [scope], expires=None, now=NOW) for scope in ("read", "write")
        )
        self.app: FastAPI = make_app(self.config, today=lambda: self.today, now=lambda: NOW)

    def get(self, path: str, token: str | None = "", **others: Any) -> httpx.Response:
        """Ask for a path with the reader's token, with another one, or with none (None)."""
        return self.ask("GET", path, self.read if token == "" else token, **others)

    def ask(self, method: str, path: str, token: str | None, **others: Any) -> httpx.Response:
        """Send one request to the app."""
        headers = {**others.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}".encode()

        request = httpx.Request(method, f"http://api{path}", headers=headers, **others)

        async def send() -> httpx.Response:
            response = await httpx.ASGITransport(app=self.app).handle_async_request(request)
            await response.aread()
            return response

        return asyncio.run(send())


def tiny_api(folder: Path, **settings: Any) -> Api:
    """An API over the tiny run, in the folder."""
    api = Api(folder, **settings)
    shutil.copytree(_published(), api.output, dirs_exist_ok=True)
    return api


@cache
def _published() -> Path:
    """The tiny run, published once: the same in every folder."""
    output = Path(mkdtemp()) / "out"
    atexit.register(shutil.rmtree, output.parent)
    publish_tiny(output)
    return output
