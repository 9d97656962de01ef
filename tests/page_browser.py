"""A real headless Chromium for the tests of the page; without one they are skipped, and say why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield the machine's own Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("the page is tested in a real browser, and no Chromium was found on the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def window(browser: Any, **wanted: Any) -> Iterator[Any]:
    """Yield an empty page in a window of its own; `heard` on it lists errors, `asked` what it asked for."""
    wanted = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **wanted}
    context = browser.new_context(**wanted)
    page = context.new_page()
    page.heard, page.asked = [], []
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("console", lambda said: page.heard.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    context.close()
