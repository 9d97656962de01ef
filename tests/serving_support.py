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
from random_ledgers import day
from tiny_portfolio import monthly

from pipelines.running import run
from pipelines.serving.app import make_app
from pipelines.serving.tokens import TokenFile

TODAY = date(2026, 3, 2)
LEDGER_DAY = day(181).date()
"""The as-of day of the run of `api_with_a_ledger`."""
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


def api_with_a_ledger(folder: Path, **settings: Any) -> Api:
    """An API over the run, by the rule, of a ledger of two debtors, who pay 12 days late and 2 days early."""
    api = Api(folder, **settings)
    lines = ["id,debtor,issued,due,amount,paid"]
    for id_, debtor, issued, paid in [
        *monthly("late", 12),
        *monthly("prompt", -2),
        ("open", "late", 170, None),
    ]:
        days = [f"{day(n):%Y-%m-%d}" if n is not None else "" for n in (issued, issued + 30, paid)]
        lines.append(f"{id_},{debtor},{days[0]},{days[1]},100.00,{days[2]}")
    (folder / "invoices.csv").write_text("\n".join(lines))
    api.config.write_text(
        api.config.read_text().replace(
            "{path: invoices.csv}",
            "{path: invoices.csv, dates: iso, columns: {invoice_id: id, customer_id: debtor, "
            "issued_on: issued, due_on: due, amount: amount, paid_on: paid}}",
        )
        + "workers: 1\n"
    )
    run(api.config, as_of=LEDGER_DAY, today=TODAY, now=NOW)
    return api


@cache
def _published() -> Path:
    """The tiny run, published once: the same in every folder."""
    output = Path(mkdtemp()) / "out"
    atexit.register(shutil.rmtree, output.parent)
    publish_tiny(output)
    return output
