"""What stands around the API: large bodies, headers, failures, and what they must not say."""

import asyncio
from unittest.mock import patch

import pytest
from serving_support import tiny_api

from pipelines.serving import page_routes
from pipelines.serving.guard import MOST_BODY_BYTES, Guard


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The API over the tiny run."""
    return tiny_api(tmp_path_factory.mktemp("api"))


def sent(app, chunks, headers=()):
    """Send a POST of these chunks to an ASGI app; return the status and how many chunks it took."""
    taken, started = [], []

    async def receive():
        for chunk in chunks:
            taken.append(len(chunk))
            return {"type": "http.request", "body": chunk, "more_body": True}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            started.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/quotes",
        "raw_path": b"/v1/quotes",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("api", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(b"content-type", b"application/json"), *headers],
    }
    asyncio.run(app(scope, receive, send))
    return started[0]["status"], len(taken)


def test_a_body_of_100_mb_is_refused_before_it_is_read(api):
    """It is said to have 100 MB: 413, and not a byte is taken."""
    chunks = (b"x" * 65_536 for _ in range(1_600))
    assert sent(api.app, chunks, [(b"content-length", b"104857600")]) == (413, 0)


def test_a_stream_of_100_mb_is_refused_at_the_limit(api):
    """Nothing says how long it is: after 1 MB it ends, 16 chunks of 64 kB."""
    chunks = (b"x" * 65_536 for _ in range(1_600))
    status, taken = sent(api.app, chunks, [(b"transfer-encoding", b"chunked")])
    assert status == 413
    assert taken == MOST_BODY_BYTES // 65_536 + 1


def test_a_body_that_lies_about_its_length_is_counted(api):
    """It is said to have 10 bytes and goes on."""
    chunks = (b"x" * 65_536 for _ in range(1_600))
    assert sent(api.app, chunks, [(b"content-length", b"10")])[0] == 413


def test_a_body_at_the_limit_is_read(api):
    """1,000,000 bytes are not too large; they are just no quote."""
    answer = api.ask("POST", "/v1/quotes", api.read, content=b'"' + b"x" * (MOST_BODY_BYTES - 2) + b'"')
    assert answer.status_code == 422
    assert len(answer.content) < 1_000


@pytest.mark.parametrize("path", ["/health", "/v1/segments", "/v1/none", "/v1/segments?x=1", "/openapi.json"])
@pytest.mark.parametrize("token", ["", None])
def test_every_answer_tells_browsers_to_be_careful(api, path, token):
    """No sniffing, no frames, scripts of its own server only, no referrer, and no other site may read it."""
    headers = api.get(path, token, headers={"Origin": "https://elsewhere.example"}).headers
    policy = headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


def test_a_failure_says_nothing_of_the_machine(api, caplog):
    """The log has the trace, the answer one sentence in the shape of every refusal."""
    with patch.object(page_routes, "answer", side_effect=RuntimeError("/secret/path of c1")):
        answer = api.get("/v1/page")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "failure")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "/secret/path" in caplog.text


def test_the_log_has_no_token(api, caplog):
    """Not even when something fails."""
    with patch.object(page_routes, "answer", side_effect=RuntimeError("broken")):
        api.get("/v1/page")
    api.get("/v1/segments", "dsc_wrong")
    assert api.read not in caplog.text
    assert "dsc_" not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/none", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
        ("POST", "/v1/segments", 405, "method_not_allowed"),
        ("DELETE", "/v1/debtors/c1", 405, "method_not_allowed"),
        ("GET", "/static/../serving/tokens.py", 404, "not_found"),
    ],
)
def test_what_there_is_not_is_refused_in_the_same_shape(api, method, path, status, code):
    """A path or a method that no route has; and nothing outside of the page's files is given out."""
    answer = api.ask(method, path, api.read)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_other_than_http_goes_through_untouched():
    """The server's start and end are no requests."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Guard(app)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
