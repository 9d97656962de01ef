"""Quotes over the API: as `debtscape quote` answers, from memory."""

import asyncio
import json
import shutil
from unittest.mock import patch

import httpx
import pytest
from serving_support import LEDGER_DAY, Api, api_with_a_ledger

from pipelines import reading
from pipelines.questions import quote_scores, quoting
from pipelines.questions.quoting import quote_invoice
from pipelines.serving import quote_routes


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """An API over a run of a small ledger."""
    return api_with_a_ledger(tmp_path_factory.mktemp("quotes"))


def ask(api, body, token=None):
    """Post a quote with the reader's token."""
    return api.ask("POST", "/v1/quotes", token or api.read, json=body)


def test_a_quote_is_that_of_the_command(api):
    """Same debtor, amount, terms and day: the same prediction, and it names its run."""
    answer = ask(api, {"customer_id": "late", "amount": 250, "payment_terms_days": 30})
    assert answer.status_code == 200, answer.text
    expected = quote_invoice(api.config, "late", amount=250, terms=30, as_of=LEDGER_DAY, today=api.today)
    assert answer.json()["quote"] == json.loads(json.dumps(expected["quotes"][0]))
    assert answer.json()["warnings"] == expected["warnings"]
    assert answer.json()["as_of"] == LEDGER_DAY.isoformat()


def test_the_ledger_is_read_once_for_all_quotes_of_a_run(api):
    """The second quote, and three at once, read nothing."""
    ask(api, {"customer_id": "late", "amount": 1})
    with patch.object(reading, "read_cleaned", side_effect=AssertionError("read again")):
        for debtor in ("late", "prompt", "somebody new"):
            assert ask(api, {"customer_id": debtor, "amount": 10}).status_code == 200


def test_only_somebody_new_is_judged_anew(api):
    """Who the debtors of the ledger are no quote changes: that is found once for all quotes of a run."""
    ask(api, {"customer_id": "late", "amount": 1})
    with patch.object(quote_scores, "assign_debtors", wraps=quote_scores.assign_debtors) as judging:
        for debtor, judged in (("late", 0), ("prompt", 0), ("somebody new", 1)):
            assert ask(api, {"customer_id": debtor, "amount": 10}).status_code == 200
            assert judging.call_count == judged


def test_somebody_new_is_asked_whether_he_is_meant(api):
    """`lates` has no invoice; `late` has."""
    warnings = ask(api, {"customer_id": "lates", "amount": 10}).json()["warnings"]
    assert any("did you mean late?" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"amount": 1}, "body.customer_id is missing"),
        ({"customer_id": " ", "amount": 1}, "body.customer_id"),
        ({"customer_id": "late"}, "body.amount is missing"),
        ({"customer_id": "late", "amount": 0}, "body.amount"),
        ({"customer_id": "late", "amount": -5}, "body.amount"),
        ({"customer_id": "late", "amount": 1e12}, "body.amount"),
        ({"customer_id": "late", "amount": "12"}, "body.amount"),
        ({"customer_id": "late", "amount": 0.001}, "smallest coin"),
        ({"customer_id": "late", "amount": 1, "currency": "EURO"}, "body.currency"),
        ({"customer_id": "late", "amount": 1, "currency": "XQX"}, "no such currency"),
        ({"customer_id": "late", "amount": 1, "payment_terms_days": 366}, "body.payment_terms_days"),
        ({"customer_id": "late", "amount": 1, "payment_terms_days": 1.5}, "body.payment_terms_days"),
        ({"customer_id": "late", "amount": 1, "term": 3}, "body.term: unknown"),
        ([], "body"),
    ],
)
def test_a_quote_that_makes_no_sense_is_refused(api, body, words):
    """422 says what and where."""
    answer = ask(api, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
    assert words in answer.json()["error"]["message"]


def test_no_number_in_a_body_breaks_it(api):
    """NaN and infinity are no amounts, and what is no JSON is said to be none."""
    for body in (
        b'{"customer_id": "late", "amount": NaN}',
        b'{"customer_id": "late", "amount": 1e999}',
        b"{",
    ):
        headers = {"Content-Type": "application/json"}
        answer = api.ask("POST", "/v1/quotes", api.read, content=body, headers=headers)
        assert answer.status_code == 422


def test_only_who_may_read_gets_a_quote(api):
    """It tells what is known of a debtor, and keeps nothing: the scope is read."""
    assert ask(api, {"customer_id": "late", "amount": 1}, token=api.write).status_code == 403


def test_a_ledger_that_is_away_stops_quotes_and_nothing_else(api, tmp_path):
    """503 without the file's name; the tables still answer."""
    other = Api(tmp_path)
    other.config.write_text(api.config.read_text().replace("invoices.csv", str(tmp_path / "gone.csv")))
    shutil.copytree(api.output / "runs", other.output / "runs")
    shutil.copy(api.output / "latest.json", other.output)
    refused = ask(other, {"customer_id": "late", "amount": 1}, token=other.read)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
    assert "gone.csv" not in refused.text
    assert other.get("/v1/segments", other.read).status_code == 200


def test_the_limits_are_those_of_the_command():
    """The same most terms and the same most amount."""
    assert quote_routes.MOST_TERMS_DAYS == quoting.MOST_TERMS_DAYS
    assert quote_routes.MOST_AMOUNT == quoting._MOST_AMOUNT


def test_quotes_wait_for_each_other(api):
    """Five at once are answered, one after the other, while health is answered at once."""

    async def all_at_once():
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=api.app),
            base_url="http://api",
            headers={"Authorization": f"Bearer {api.read}"},
        )
        async with client:
            quotes = [
                asyncio.create_task(client.post("/v1/quotes", json={"customer_id": "late", "amount": n}))
                for n in range(1, 6)
            ]
            await asyncio.sleep(0)
            health = await client.get("/health")
            waiting = sum(not quote.done() for quote in quotes)
            return health, waiting, await asyncio.gather(*quotes)

    health, waiting, quotes = asyncio.run(all_at_once())
    assert health.status_code == 200
    assert waiting > 0
    assert [quote.json()["quote"]["amount"] for quote in quotes] == [1, 2, 3, 4, 5]
