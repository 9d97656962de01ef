"""The way back over HTTP: kept once, all or nothing, refused with reasons, and nothing private comes out."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import validate
from serving_support import NOW, TODAY, Api, tiny_api

from features.pseudonyms import pseudonym
from pipelines.receiving.kinds import KINDS
from pipelines.receiving.store import Kept, kept
from pipelines.serving.app import make_app

CONTACT = {"external_id": "k1", "customer_id": "c1", "contacted_on": "2026-03-01"}
DISPUTE = {"external_id": "d1", "invoice_id": "i1", "opened_on": "2026-02-25"}
DECISION = {
    "external_id": "e1",
    "customer_id": "c2",
    "action_id": "h2",
    "approved": True,
    "decided_on": "2026-03-02",
}
PLAIN = {
    "contact-history": CONTACT,
    "promises": {
        "external_id": "p1",
        "customer_id": "c1",
        "promise_made_on": "2026-03-01",
        "promised_for": "2026-03-09",
    },
    "disputes": DISPUTE,
    "decisions": DECISION,
}


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """An API where no run is published yet: tools may report all the same."""
    return Api(tmp_path)


def post(api: Api, kind: str, content: object, token: str | None = "") -> httpx.Response:
    """Report facts with the writer's token."""
    return api.ask("POST", f"/v1/{kind}", api.write if token == "" else token, json=content)


def received(api: Api) -> list[Kept]:
    """What is in the store."""
    return kept(api.output / "received")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fact_is_kept_once(api: Api, kind: str) -> None:
    """New is 201, the same again 200 and nothing more in the store; it is known from today."""
    told = post(api, kind, PLAIN[kind])
    external_id = PLAIN[kind]["external_id"]
    item = {"external_id": external_id, "status": "accepted", "warnings": []}
    assert (told.status_code, told.json()) == (201, {"known_on": str(TODAY), "items": [item]})
    told = post(api, kind, [PLAIN[kind]])
    assert (told.status_code, told.json()["items"]) == (200, [{**item, "status": "already"}])
    assert [(each.kind, each.external_id, each.who) for each in received(api)] == [
        (kind, external_id, "write")
    ]


def test_who_decides_and_when_is_the_token_and_today_unless_said(api: Api) -> None:
    """The name of the token stands for a person who is not named, the day of receipt for the day."""
    short = {name: value for name, value in DECISION.items() if name != "decided_on"}
    post(
        api,
        "decisions",
        [{**DECISION, "by": "eva", "decided_on": "2026-02-27"}, {**short, "external_id": "e2"}],
    )
    assert [(each.content["by"], each.content["decided_on"]) for each in received(api)] == [
        ("eva", "2026-02-27"),
        ("write", "2026-03-02"),
    ]


def test_other_content_is_a_conflict(api: Api) -> None:
    """409 says what differs from what was received before; nothing changes."""
    post(api, "disputes", DISPUTE)
    told = post(api, "disputes", {**DISPUTE, "invoice_id": "i2"})
    assert told.status_code == 409
    assert told.json()["error"]["code"] == "conflict"
    assert told.json()["error"]["message"].startswith("was received before with another invoice_id")
    assert [each.content["invoice_id"] for each in received(api)] == ["i1"]


def test_a_closing_may_come_later(api: Api) -> None:
    """A dispute is posted again with its closing."""
    post(api, "disputes", DISPUTE)
    told = post(api, "disputes", {**DISPUTE, "closed_on": "2026-03-01", "outcome": "upheld"})
    assert (told.status_code, told.json()["items"][0]["status"]) == (201, "accepted")


@pytest.mark.parametrize(
    ("facts", "status", "at"),
    [
        ([CONTACT, {**CONTACT, "external_id": "k2", "custmer": "c1"}], 422, [1]),
        ([{**CONTACT, "external_id": "k0", "contacted_on": "2026-03-04"}, 7, CONTACT], 422, [0, 1]),
        ([{**CONTACT, "external_id": "k2"}, {**CONTACT, "external_id": "k2", "channel": "phone"}], 409, [1]),
    ],
)
def test_a_request_is_kept_whole_or_not_at_all(
    api: Api, facts: list[Any], status: int, at: list[int]
) -> None:
    """One wrong fact and none is kept; the answer says of each wrong one where it is and why."""
    told = post(api, "contact-history", facts)
    assert told.status_code == status
    assert [item["index"] for item in told.json()["items"]] == at
    assert all(item["reason"] and item["status"] == "refused" for item in told.json()["items"])
    assert told.json()["error"]["message"].startswith(f"{len(at)} of {len(facts)} facts are refused")
    assert received(api) == []


def test_ids_that_the_run_does_not_know_are_kept_with_a_warning(tmp_path: Path) -> None:
    """Newer than the run, or misspelt: the tool is told. What waits for approval is known."""
    api = tiny_api(tmp_path)
    assert api.get("/v1/segments").status_code == 200  # the run is in memory then
    contact = {**CONTACT, "customer_id": "C1", "invoice_id": "i9", "action_id": "a9"}
    (item,) = post(api, "contact-history", contact).json()["items"]
    assert item["status"] == "accepted"
    assert item["warnings"] == [
        "customer_id is no debtor of the latest run",
        "invoice_id is no open invoice of the latest run",
        "action_id is no action of the latest run",
    ]
    assert post(api, "decisions", DECISION).json()["items"][0]["warnings"] == []


def test_pseudonyms_are_known_debtors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key, a run of pseudonyms knows the plain id as well as the pseudonym."""
    key = "k" * 32
    monkeypatch.setenv("OUR_KEY", key)
    api = tiny_api(tmp_path)
    api.config.write_text(api.config.read_text() + "privacy: {pseudonym_key: OUR_KEY}\n")
    api.app = make_app(api.config, today=lambda: TODAY, now=lambda: NOW)
    assert api.get("/v1/segments").status_code == 200
    # the tiny run has plain ids: what is posted under a key is looked for plain and as a pseudonym
    hidden = pseudonym("c1", key.encode())
    for customer_id, known in (("c1", True), ("c7", False), (hidden, False)):
        fact = {**CONTACT, "external_id": customer_id, "customer_id": customer_id}
        (item,) = post(api, "contact-history", fact).json()["items"]
        assert (item["warnings"] == []) is known


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_only_a_token_that_may_write_is_heard(api: Api, kind: str) -> None:
    """No token, a wrong one and one that may only read are refused; nothing is kept."""
    statuses = [post(api, kind, PLAIN[kind], token).status_code for token in (None, "wrong", api.read)]
    assert statuses == [401, 401, 403]
    assert received(api) == []


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 422, "the body is not JSON"),
        (b"{", 422, "the body is not JSON"),
        (b"\xff\xfe", 422, "the body is not JSON"),
        (b"[" * 100_000, 422, "the body is not JSON"),
        (b"null", 422, "a fact is an object"),
        (b'"x"', 422, "a fact is an object"),
        (json.dumps([CONTACT] * 1001).encode(), 422, "1,001 facts in one request; send at most 1,000"),
        (json.dumps({**CONTACT, "note": "x" * 4001}).encode(), 422, "note: string should have at most"),
        (json.dumps({**CONTACT, "customer_id": "c\x001"}).encode(), 422, "customer_id has spaces around"),
        (b'{"external_id": "\\ud800", "customer_id": "c1", "contacted_on": "2026-03-01"}', 422, ""),
        (b"x" * 1_100_000, 413, "a body has at most"),
    ],
)
def test_bodies_that_are_no_facts_are_refused(api: Api, body: bytes, status: int, words: str) -> None:
    """Each is answered in the one shape of refusals, and nothing is kept."""
    told = api.ask("POST", "/v1/contact-history", api.write, content=body)
    assert told.status_code == status
    assert words in told.json()["error"]["message"]
    assert received(api) == []


def test_an_empty_list_is_nothing(api: Api) -> None:
    """A tool with nothing to report may say so."""
    assert (post(api, "promises", []).status_code, received(api)) == (200, [])


def test_a_thousand_facts_come_in_one_request(api: Api) -> None:
    """All are kept, and the whole request may be repeated."""
    facts = [{**CONTACT, "external_id": f"k{n}"} for n in range(1000)]
    assert post(api, "contact-history", facts).status_code == 201
    assert post(api, "contact-history", facts).status_code == 200
    assert len(received(api)) == 1000


def test_notes_do_not_come_back(api: Api) -> None:
    """What was noted is in no answer, whether kept, there already, in conflict or refused."""
    noted = {**CONTACT, "note": "a private word"}
    cases = [noted, noted, {**noted, "note": "another private word"}, {**noted, "note": "a private word\x00"}]
    told = [post(api, "contact-history", fact) for fact in cases]
    assert [answer.status_code for answer in told] == [201, 200, 409, 422]
    assert not any("private" in answer.text for answer in told)


def test_a_store_that_cannot_be_written_is_said(api: Api) -> None:
    """503 with the way out, and nothing of the machine in it."""
    (api.output / "received").write_text("a file where the folder should be")
    told = post(api, "promises", PLAIN["promises"])
    assert told.status_code == 503
    assert told.json()["error"]["message"] == "facts cannot be kept now; send them again later"


def test_requests_at_once_are_each_kept_once(api: Api) -> None:
    """Eight clients send the same five facts: each is accepted by exactly one of them."""
    facts = [{**CONTACT, "external_id": f"k{n}"} for n in range(5)]
    told: list[str] = []

    def send() -> None:
        for fact in facts:
            told.append(post(api, "contact-history", fact).json()["items"][0]["status"])

    clients = [threading.Thread(target=send) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert sorted(told) == ["accepted"] * 5 + ["already"] * 35
    assert len(received(api)) == 5


def test_the_document_describes_what_is_answered(api: Api) -> None:
    """Examples fit the request's schema, and real answers of each status fit theirs."""
    paths = api.app.openapi()["paths"]
    for kind, plain in PLAIN.items():
        operation = paths[f"/v1/{kind}"]["post"]
        asked = operation["requestBody"]["content"]["application/json"]
        for example in asked["examples"].values():
            validate(example["value"], asked["schema"])
        wrong = {**plain, "external_id": "w", "customer": 1}
        other = {**plain, "invoice_id": "i2"} if kind == "disputes" else {**plain, "customer_id": "c3"}
        for fact, status in ((plain, 201), (plain, 200), (wrong, 422), (other, 409)):
            told = post(api, kind, fact)
            assert told.status_code == status
            answer = operation["responses"][str(status)]["content"]["application/json"]
            validate(told.json(), answer["schema"])
            validate(answer["example"], answer["schema"])
