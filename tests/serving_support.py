"""An API over the tiny run, asked in this process."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
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

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=self.app), base_url="http://api"
            ) as client:
                return await client.request(method, path, headers=headers, **others)

        return asyncio.run(send())


def tiny_api(folder: Path, **settings: Any) -> Api:
    """An API over the tiny run, which is published into the folder."""
    api = Api(folder, **settings)
    publish_tiny(api.output)
    return api
