"""Who may ask the API: tokens, their scopes and days, and how often."""

from datetime import date

import pytest
from serving_support import NOW, Api, tiny_api

from features.errors import ConfigurationError
from pipelines.serving.tokens import TokenFile

SEGMENTS = "/v1/segments"


@pytest.fixture
def api(tmp_path):
    """The API over the tiny run."""
    return tiny_api(tmp_path)


def test_a_token_that_may_read_reads(api):
    """The right token gets the three debtors of the tiny run."""
    assert api.get(SEGMENTS).json()["total"] == 3


@pytest.mark.parametrize("token", [None, "", "dsc_wrong", "é", "Bearer x", "0" * 5_000])
def test_no_token_or_a_wrong_one_is_refused_and_says_how(api, token):
    """Nothing but a known token opens a table, and the answer names the scheme."""
    answer = api.ask("GET", SEGMENTS, token)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["error"]["code"] == "unauthorized"


def test_a_token_without_the_scope_is_forbidden(api):
    """One that may only write does not read."""
    answer = api.get(SEGMENTS, api.write)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_a_token_ends_with_its_last_day(api):
    """It is good on the day that `expires` names, and not on the next."""
    token = api.tokens.new("short", ["read"], expires=date(2026, 3, 2), now=NOW)
    assert api.get(SEGMENTS, token).status_code == 200
    api.today = date(2026, 3, 3)
    assert api.get(SEGMENTS, token).status_code == 401


def test_a_revoked_token_is_refused_at_once(api):
    """The server reads the file again when it changes, so that nobody restarts it."""
    assert api.get(SEGMENTS).status_code == 200
    TokenFile(api.output).revoke("read", now=NOW)
    assert api.get(SEGMENTS).status_code == 401


def test_a_token_is_kept_as_a_hash_that_only_the_owner_reads(api):
    """The file holds no token, and its mode is 0600."""
    kept = api.tokens.path.read_text()
    assert api.read not in kept
    assert api.read.removeprefix("dsc_") not in kept
    assert api.tokens.path.stat().st_mode & 0o777 == 0o600


def test_two_tokens_are_never_alike_and_hold_256_bits(api):
    """Each is 32 random bytes in URL-safe base64: 43 characters after the prefix."""
    made = {api.tokens.new(f"t{n}", ["read"], expires=None, now=NOW) for n in range(20)}
    assert len(made) == 20
    assert {len(token.removeprefix("dsc_")) for token in made} == {43}


@pytest.mark.parametrize(
    ("name", "scopes", "expires", "words"),
    [
        ("read", ["read"], None, "already"),
        ("", ["read"], None, "letters"),
        ("a\nb", ["read"], None, "letters"),
        ("new", ["wite"], None, "did you mean `write`"),
        ("new", ["read"], date(2026, 3, 1), "has passed"),
    ],
)
def test_a_token_that_would_surprise_is_not_made(api, name, scopes, expires, words):
    """A name in use, a name that cannot be printed, an unknown scope or a day that has passed."""
    with pytest.raises(ConfigurationError, match=words):
        api.tokens.new(name, scopes, expires=expires, now=NOW)


def test_a_name_is_free_again_once_its_token_is_revoked(api):
    """A new token of that name works, the old one stays closed, and a second revocation has none to close."""
    api.tokens.revoke("read", now=NOW)
    with pytest.raises(ConfigurationError, match="no token 'read'"):
        api.tokens.revoke("read", now=NOW)
    again = api.tokens.new("read", ["read"], expires=None, now=NOW)
    assert api.get(SEGMENTS, again).status_code == 200
    assert api.get(SEGMENTS, api.read).status_code == 401


def test_a_damaged_file_of_tokens_opens_nothing_and_is_not_shown(api):
    """The answer is a failure without the file's path."""
    api.tokens.path.write_text("{")
    answer = api.get(SEGMENTS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "failure")
    assert "tokens.json" not in answer.text


def test_too_many_requests_of_one_token_wait_and_others_do_not(tmp_path):
    """With 3 per minute the fourth is 429 and says how long; another token still reads."""
    api = tiny_api(tmp_path, requests_per_minute=3)
    other = api.tokens.new("other", ["read"], expires=None, now=NOW)
    assert [api.get(SEGMENTS).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = api.get(SEGMENTS)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["code"] == "too_many_requests"
    assert api.get(SEGMENTS, other).status_code == 200


def test_an_address_that_tries_tokens_is_held_back_but_not_who_has_one(api):
    """The 31st wrong token in a minute is 429; the right one from the same address still opens."""
    tried = [api.get(SEGMENTS, f"dsc_{n}").status_code for n in range(31)]
    assert tried == [401] * 30 + [429]
    assert api.get(SEGMENTS).status_code == 200


def test_every_route_but_four_needs_a_token(api):
    """Only whether the process lives, is ready, and what it can do are open; no new route is by mistake."""
    document = api.app.openapi()
    answers = {}
    for path, operations in document["paths"].items():
        for method in operations:
            path_here = path.replace("{", "").replace("}", "")
            answers[path] = api.ask(method.upper(), path_here, None, json={}).status_code
            if answers[path] == 429:
                answers[path] = 401  # the address has tried often enough here
    open_ = {path for path, status in answers.items() if status != 401}
    assert open_ == {"/health", "/ready"}


def test_without_any_token_nothing_opens(tmp_path):
    """An output folder without a file of tokens answers 401, not 500."""
    api = Api(tmp_path)
    api.tokens.path.unlink()
    assert api.get(SEGMENTS).status_code == 401
