"""What the page asks the API for: its files, figures, lists, cards; and who looked is noted."""

import re
from unittest.mock import patch

import publication_support
import pytest
from publication_support import publish_small, publish_tiny, tiny_tables
from serving_support import NOW, Api, tiny_api

from pipelines.page.lists import page_lists
from pipelines.page.rows import rows_of
from pipelines.page.whole import tables_of
from pipelines.runs.published_runs import latest_run
from pipelines.serving.access_log import AccessLog


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The API over the tiny run."""
    return tiny_api(tmp_path_factory.mktemp("api"))


def rows(api, query):
    """The rows of a list."""
    answer = api.get(f"/v1/page/lists/{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["rows"])
    return answer.json()["rows"]


def test_the_shell_needs_no_token_and_names_only_files_that_are_there(api):
    """Everything it loads is below static/, from this server, without a token; it holds nothing of a run."""
    shell = api.get("/", None)
    assert shell.headers["content-type"].startswith("text/html")
    files = re.findall(r'(?:src|href)="(static/[^"]+)"', shell.text)
    assert files
    for file in files:
        assert api.get(f"/{file}", None).status_code == 200
    assert latest_run(api.output).run_id not in shell.text


def test_the_figures_are_those_of_the_run(api):
    """Two currencies, the euro first as it has more open items; one debtor of Anna's is reached."""
    said = api.get("/v1/page").json()
    assert said["currencies"] == ["EUR", "JPY"]
    assert said["rows"]["open_invoices"] == 4
    assert said["portfolios"]["EUR"]["today"]["calls"] == {"count": 1, "amount_minor": 10_010}
    assert said["run_id"] == said["run"]["run_id"] == latest_run(api.output).run_id


@pytest.mark.parametrize("name", ["debtors", "worklist", "actions", "invoices"])
def test_a_list_is_whole_and_as_the_page_makes_it(api, name):
    """Without a filter the rows are those of page_lists, in its order."""
    run = latest_run(api.output)
    frame = page_lists(tables_of(run), None, run.as_of)[name]
    assert rows(api, name) == rows_of(frame)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("debtors?currency=EUR", ["c1", "c2"]),
        ("debtors?q=C1", ["c1"]),
        ("debtors?q=(", []),
        ("debtors?segment=NEW", ["c3"]),
        ("debtors?sort=open_minor", ["c3", "c2", "c1"]),
        ("debtors?sort=-customer_id&currency=EUR", ["c2", "c1"]),
        ("debtors?past_due_from=4", ["c1"]),
        ("debtors?past_due_until=4", ["c3"]),
        ("worklist?flag=reached", ["c1"]),
        ("worklist?cause=broken_promise", ["c1"]),
        ("worklist?collector=", ["c3"]),
        ("invoices?past_due_from=1&past_due_until=5", ["c3"]),
        ("invoices?due_from=2026-03-02&due_until=2026-03-12", ["c2"]),
        ("invoices?source=rule", ["c3"]),
        ("actions?status=proposed", ["c1"]),
        ("actions?flag=to_release", []),
    ],
)
def test_a_list_is_filtered_as_the_page_asks(api, query, expected):
    """Each answer is counted by hand in the tiny run: c1 is 10 days past due, c3 three."""
    assert [row["customer_id"] for row in rows(api, query)] == expected


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("debtors?flag=worse", "did you mean `worsened`"),
        ("debtors?flag=customer_id", "query.flag: no such value"),
        ("debtors?sort=overdue", "did you mean `overdue_minor`"),
        ("debtors?collector=anna", "query.collector: unknown"),
        ("worklist?due_from=2026-01-01", "query.due_from: unknown"),
        ("worklist?promised_for=2026-01-01", "query.promised_for: unknown"),
        ("debtors?limit=501", "query.limit"),
        ("debtors?past_due_from=x", "query.past_due_from"),
        ("debtors?querry=x", "unknown"),
    ],
)
def test_a_filter_that_a_list_does_not_have_is_refused(api, query, words):
    """422 in words, whatever the list."""
    answer = api.get(f"/v1/page/lists/{query}")
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]


def test_a_card_is_of_one_debtor_and_says_its_run(api):
    """c1 owes 300.10 EUR on two invoices."""
    card = api.get("/v1/debtors/c1").json()
    assert card["customer_id"] == "c1"
    assert card["balances"][0]["open_minor"] == 30_010
    assert [invoice["invoice_id"] for invoice in card["invoices"]] == ["i1", "i2"]
    assert card["run_id"] == latest_run(api.output).run_id


def test_a_list_that_there_is_not_is_404(api):
    """The page has four lists."""
    assert api.get("/v1/page/lists/debtor").status_code == 404


def test_a_run_of_an_older_contract_has_a_page_too(tmp_path):
    """Only two tables were published: the lists that need others are empty, and text is still text."""
    api = Api(tmp_path)
    publish_small(api.output)
    assert [row["name"] for row in rows(api, "invoices?sort=name")] == [None] * 4
    assert rows(api, "invoices?q=c1&sort=invoice_id")[0]["invoice_id"] == "i1"
    assert rows(api, "worklist?flag=reached") == []


@pytest.mark.parametrize("customer", ["nobody", "C1", "c1 ", "c1/x", "%27", "x" * 200])
def test_a_debtor_that_is_not_there_is_404(api, customer):
    """Also what only looks like one; the answer does not repeat it."""
    answer = api.get(f"/v1/debtors/{customer}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_script_in_a_debtors_id_is_harmless(tmp_path):
    """It leaves as JSON that no browser takes for a page, and the card is found under its own address."""
    script = "<script>alert(1)</script>/2"
    tables = {
        name: frame.replace({"customer_id": {"c1": script}}) if "customer_id" in frame else frame
        for name, frame in tiny_tables().items()
    }
    api = Api(tmp_path)
    with patch.object(publication_support, "tiny_tables", lambda: tables):
        publish_tiny(api.output)
    for path in (
        "/v1/segments",
        "/v1/page/lists/debtors",
        "/v1/debtors/%3Cscript%3Ealert(1)%3C%2Fscript%3E%2F2",
    ):
        answer = api.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert script in str(answer.json())


def test_who_looked_at_whom_is_noted(tmp_path):
    """A table, a list and a card leave looks with the token's name; a refusal or a 304 of a table none."""
    api = tiny_api(tmp_path)
    tag = api.get("/v1/segments?limit=2").headers["etag"]
    api.get("/v1/page/lists/debtors?q=c3")
    api.get("/v1/debtors/c2")
    api.get("/v1/segments", headers={"If-None-Match": tag})
    api.get("/v1/debtors/c2", None)
    api.get("/v1/debtors/nobody")
    api.get("/v1/cash-forecast")
    looks = AccessLog(api.output / "access").read()
    assert {look.who for look in looks} == {"read"}
    assert {look.at for look in looks} == {NOW}
    assert [(look.what, look.customer_ids) for look in reversed(looks)] == [
        ("segments", ("c1", "c2")),
        ("list debtors", ("c3",)),
        ("card", ("c2",)),
    ]


def test_a_card_that_is_still_in_the_browser_is_a_look_too(tmp_path):
    """The browser asks whether it still holds, is answered 304, and shows it again."""
    api = tiny_api(tmp_path)
    tag = api.get("/v1/debtors/c2").headers["etag"]
    assert api.get("/v1/debtors/c2", headers={"If-None-Match": tag}).status_code == 304
    assert len(AccessLog(api.output / "access").read("c2")) == 2
