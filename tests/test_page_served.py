"""The page behind a server, in a real browser: signing in, paging, a newer run, approving. A stub answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from page_browser import chromium, window
from page_sample import BITING, CALLS, WAITING, page_cards, page_lists, page_views

from pipelines.page.page_file import LIBRARY, STATIC, shell
from pipelines.page.rows import rows_of
from pipelines.serving.guard import HEADERS

HOST = "http://debtscape.test"
TOKEN = "right"
KINDS = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}


class Api:
    """What the API answers: shell and files to anybody, the rest to whoever has the token."""

    def __init__(self) -> None:
        self.views, self.lists, self.cards = page_views(), page_lists(), page_cards()
        self.run_id: str = self.views["run"]["run_id"]
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.decided: list[dict[str, Any]] = []
        self.refuses = ""
        self.charts = False  # a megabyte that most of these tests never need

    def answer(self, route: Any) -> None:
        """Answer one request, with the headers of the real server."""
        address = urlsplit(route.request.url)
        path = unquote(address.path)
        headers = {name.decode(): said.decode() for name, said in HEADERS.items()}
        if path == "/" or path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            left_out = file.name == LIBRARY and not self.charts
            body = shell() if path == "/" else b"" if left_out else file.read_bytes()
            kind = "text/html" if path == "/" else KINDS[file.suffix]
            route.fulfill(body=body, headers={**headers, "content-type": f"{kind}; charset=utf-8"})
            return
        if route.request.headers.get("authorization") != f"Bearer {TOKEN}":
            status, said = 401, {"error": {"code": "unauthorized", "message": "no token"}}
        else:
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            self.asked.append((path, query))
            status, said = self._said(route.request, path, query)
        route.fulfill(
            status=status, body=json.dumps(said), headers={**headers, "content-type": "application/json"}
        )

    def _said(self, request: Any, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if self.refuses:
            return 503, {"error": {"code": "x", "message": self.refuses}}
        if path == "/v1/page":
            return 200, {**self.views, "run_id": self.run_id}
        if path == "/v1/decisions":
            self.decided.append(json.loads(request.post_data))
            return 200, {"results": []}
        if path.startswith("/v1/debtors/"):
            card = self.cards.get(path.removeprefix("/v1/debtors/"))
            return (
                (200, {**card, "as_of": "2026-03-02"})
                if card
                else (404, {"error": {"code": "x", "message": "x"}})
            )
        rows = rows_of(self.lists[path.removeprefix("/v1/page/lists/")])
        kept = [row for row in rows if "flag" not in query or row[query["flag"]] is True]
        first = int(query["offset"])
        return 200, {
            "run_id": self.run_id,
            "total": len(kept),
            "rows": kept[first : first + int(query["limit"])],
        }


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    with chromium() as started:
        yield started


@pytest.fixture
def api() -> Api:
    """A stub of its own for each test."""
    return Api()


@pytest.fixture
def page(browser: Any, api: Api) -> Iterator[Any]:
    """The page as the server gives it, before anybody signed in."""
    with window(browser) as opened:
        opened.route(f"{HOST}/**", api.answer)
        opened.goto(HOST)
        opened.wait_for_selector("dialog.sign-in")
        yield opened


def sign_in(page: Any, token: str = TOKEN) -> None:
    """Paste a token."""
    page.locator("dialog.sign-in input").fill(token)
    page.keyboard.press("Enter")
    if token == TOKEN:
        page.wait_for_selector("body[data-ready]")


def test_nothing_is_asked_before_somebody_signs_in(page: Any, api: Api) -> None:
    """The shell asks for a token and shows no figure; with the right one the page is there, without error."""
    assert api.asked == []
    assert page.locator("[data-figure]").count() == 0
    sign_in(page)
    assert page.locator("main [data-figure=calls]").count() == 1
    assert api.asked[0][0] == "/v1/page"
    assert page.heard == []


def test_who_closes_the_sign_in_can_open_it_again(page: Any) -> None:
    """Escape leaves a page with a button that signs in."""
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.get_by_role("button", name="Sign in").click()
    sign_in(page)


def test_a_wrong_token_is_asked_for_again(page: Any) -> None:
    """After 401 the page says so, forgets the token and asks anew."""
    sign_in(page, "wrong")
    page.wait_for_selector("dialog.sign-in .trouble")
    assert "does not accept this token" in page.locator("dialog.sign-in").inner_text()
    assert page.evaluate("sessionStorage.length") == 0
    sign_in(page)
    page.wait_for_selector("dialog", state="detached")


def test_a_token_that_ends_leads_back_to_signing_in(page: Any) -> None:
    """When a later answer is 401 the open list makes way for the sign-in."""
    sign_in(page)
    page.evaluate("sessionStorage.setItem('debtscape.token', 'expired')")
    page.locator("[data-figure=calls]").click()
    page.wait_for_selector("dialog.sign-in")
    page.wait_for_function("() => document.querySelectorAll('dialog').length === 1")


def test_the_token_is_kept_for_this_tab_only(page: Any) -> None:
    """A reload needs no sign-in; signing out forgets the token."""
    sign_in(page)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("localStorage.getItem('debtscape.token')") is None
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("dialog.sign-in")


def test_lists_are_paged_and_sorted_by_the_server(page: Any, api: Api) -> None:
    """A list asks for one page of rows at a time, with its filter, its currency and its order."""
    sign_in(page)
    page.locator("[data-figure=calls]").click()
    page.wait_for_selector("dialog tbody tr")
    wanted = {"currency": "EUR", "flag": "reached", "sort": "rank", "offset": "0", "limit": "25"}
    assert api.asked[-1] == ("/v1/page/lists/worklist", wanted)
    page.locator("dialog .pager button >> nth=1").click()
    page.wait_for_function("() => document.querySelectorAll('dialog tbody tr').length === 5")
    assert api.asked[-1] == ("/v1/page/lists/worklist", wanted | {"offset": "25"})
    page.locator("dialog thead button", has_text="Overdue").click()
    page.wait_for_selector("dialog th[aria-sort=descending]")
    assert api.asked[-1][1] == wanted | {"sort": "-overdue_minor"}


def test_what_is_typed_is_asked_once_and_as_it_was_typed(page: Any, api: Api) -> None:
    """The filter waits for a pause; signs that mean something in an address arrive unharmed."""
    sign_in(page)
    page.wait_for_selector("#worklist tbody tr")
    before = len(api.asked)
    page.clock.install()  # pauses are as long as the test says, however busy the machine is
    page.locator("#worklist input[type=search]").press_sequentially("50 %&q=x;")
    assert len(api.asked) == before
    with page.expect_response(lambda answer: "q=50" in answer.url):
        page.clock.run_for(1000)
    assert [query["q"] for _, query in api.asked[before:]] == ["50 %&q=x;"]


def test_a_debtor_is_asked_for_by_any_number_it_may_have(page: Any, api: Api) -> None:
    """A number with quotes, brackets and ampersands is one path of the address."""
    api.charts = True
    page.reload()
    page.wait_for_selector("dialog.sign-in")
    sign_in(page)
    page.locator(".top button.debtor >> nth=0").click()
    page.wait_for_selector("dialog.debtor-card svg")
    assert api.asked[-1][0] == f"/v1/debtors/{BITING}"
    assert page.heard == []


def test_an_unknown_debtor_and_a_failing_server_are_said(page: Any, api: Api) -> None:
    """What the server refuses is told in its own words, and the page goes on."""
    sign_in(page)
    page.locator("[data-figure=worsened]").click()
    page.locator("dialog tbody button.debtor >> nth=0").click()
    page.wait_for_selector("dialog.debtor-card .empty")
    assert "no such debtor" in page.locator("dialog.debtor-card").inner_text()
    for left in (1, 0):
        page.keyboard.press("Escape")
        page.wait_for_function("left => document.querySelectorAll('dialog').length === left", arg=left)
    api.refuses = "a run is being loaded"
    page.locator("[data-figure=calls]").click()
    page.wait_for_selector("dialog [role=alert]")
    assert "a run is being loaded" in page.locator("dialog").inner_text()


def test_a_newer_run_is_announced_and_shown_when_asked_for(page: Any, api: Api) -> None:
    """A list of a newer run brings a note; its button loads the new figures."""
    sign_in(page)
    api.run_id = "00000000000000cc"
    api.views["run"]["run_id"] = api.run_id
    api.views["portfolios"]["EUR"]["today"]["calls"]["count"] = 7
    page.locator("[data-figure=calls]").click()
    page.wait_for_selector("#newer button")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.locator("#newer button").click()
    page.wait_for_selector("[data-figure=calls][data-count='7']")
    assert page.locator("#newer").inner_text() == ""


@pytest.mark.parametrize("choice", ["Approve", "Refuse"])
def test_an_action_is_approved_or_refused_with_a_reason(page: Any, api: Api, choice: str) -> None:
    """Without a reason nothing is sent, with one it is sent once, and the row says what was decided."""
    sign_in(page)
    page.locator("[data-figure=approvals]").click()
    page.wait_for_selector("dialog tbody tr")
    buttons = page.locator("dialog tbody").get_by_role("button", name=choice)
    assert buttons.count() == WAITING
    buttons.first.click()
    send = page.locator("dialog.small").get_by_role("button", name=choice)
    send.click()
    assert api.decided == []
    page.locator("dialog.small textarea").fill("talked to them")
    send.click()
    page.wait_for_selector("dialog.small [role=status]")
    decision = api.decided[0]
    assert len(api.decided) == 1
    assert decision.pop("external_id").startswith("page-")
    assert decision == {
        "customer_id": "C11",
        "action_id": "a1",
        "approved": choice == "Approve",
        "reason": "talked to them",
    }
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelectorAll('dialog').length === 1")
    decided = page.locator("dialog .deciding", has_text={"Approve": "approved", "Refuse": "refused"}[choice])
    decided.wait_for()
    assert decided.count() == 1
    assert buttons.count() == WAITING - 1


def test_nobody_approves_what_does_not_wait(page: Any) -> None:
    """The actions to release have no buttons; the worklist has all its rows."""
    sign_in(page)
    page.locator("[data-figure=to_release]").click()
    page.wait_for_selector("dialog tbody tr")
    assert page.locator("dialog tbody").get_by_role("button", name="Approve").count() == 0
    assert f"of {CALLS}" in page.locator("#worklist .list-said").inner_text()
