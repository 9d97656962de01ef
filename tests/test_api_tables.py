"""The API's tables: filters, order, pages, and what is refused."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import Api, tiny_api
from thoroughness import examples

from features.contracts import OUTPUT_TABLES
from features.contracts.json_schema import output_schema
from pipelines.delivering.delivery import content
from pipelines.runs.published_runs import latest_run
from pipelines.serving.queries import AskedTable, Query, json_rows


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API over the tiny run."""
    return tiny_api(tmp_path_factory.mktemp("api"))


def ids(api: Api, path: str, key: str = "customer_id") -> list[str]:
    """The ids of a path's rows."""
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    return [row[key] for row in answer.json()["rows"]]


def test_every_answer_says_its_run_and_how_many_rows_there_are(api):
    """The tiny run is of 2 March 2026 and has four open invoices."""
    said = api.get("/v1/predictions?limit=1").json()
    assert said["run_id"] == latest_run(api.output).run_id
    assert (said["as_of"], said["total"], len(said["rows"])) == ("2026-03-02", 4, 1)
    assert said["schema_version"] == said["rows"][0]["schema_version"]


@pytest.mark.parametrize("name", list(OUTPUT_TABLES))
def test_every_table_is_there_as_the_published_schema_says(api, name):
    """Each row keeps docs/output-schema.json, and no row is missing that a delivery would hand on."""
    rows = api.get(f"/v1/{name.replace('_', '-')}?limit=1000").json()["rows"]
    for row in rows:
        jsonschema.validate(row, output_schema()["$defs"][name])
    assert len(rows) == content(latest_run(api.output)).rows[name]


def test_money_has_the_digits_of_its_currency(api):
    """300.10 EUR has two digits after the point and 900 JPY none."""
    rows = {row["customer_id"]: row for row in api.get("/v1/debtors").json()["rows"]}
    assert rows["c1"]["open_amount"] == "300.10"
    assert rows["c3"]["open_amount"] == "900"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["i1", "i2", "i3", "i4"]),
        ("currency=EUR", ["i1", "i2", "i3"]),
        ("currency=EUR&customer_id=c1", ["i1", "i2"]),
        ("due_on_from=2026-03-12", ["i2", "i3"]),
        ("due_on_until=2026-02-27", ["i1", "i4"]),
        ("due_on_from=2026-02-27&due_on_until=2026-03-12", ["i3", "i4"]),
        ("due_on=2026-02-27", ["i4"]),
        ("paid_on_p90_from=2026-01-01", ["i1", "i2", "i3"]),
        ("source=rule", ["i4"]),
        ("reasons=", ["i4"]),
        ("company_code=", ["i1", "i2", "i3", "i4"]),
        ("sort=-due_on", ["i2", "i3", "i4", "i1"]),
        ("sort=currency", ["i1", "i2", "i3", "i4"]),
        ("sort=-currency", ["i4", "i1", "i2", "i3"]),
        ("sort=paid_on_p90", ["i1", "i3", "i2", "i4"]),
        ("sort=-paid_on_p90", ["i2", "i3", "i1", "i4"]),
        ("sort=-days_past_due&limit=2&offset=1", ["i4", "i3"]),
        ("offset=4", []),
        ("customer_id=nobody", []),
    ],
)
def test_filters_order_and_pages_choose_the_rows_that_one_can_count(api, query, expected):
    """Each list is counted by hand in the tiny run; what is empty comes last either way."""
    assert ids(api, f"/v1/predictions?{query}", "invoice_id") == expected


def test_a_flag_and_a_choice_filter(api):
    """One of the worklist's two lines is within capacity; one class fell through."""
    assert ids(api, "/v1/worklist?reached=true") == ["c1"]
    assert ids(api, "/v1/worklist?collector=") == ["c3"]
    assert ids(api, "/v1/classes?fell_through=true&scheme=abc") == ["c1"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("segments?sgment=A", "did you mean `segment`"),
        ("predictions?source=modell", "did you mean `model`"),
        ("predictions?sort=duo_on", "did you mean `due_on`"),
        ("predictions?due_on=2026-02-30", "no such day"),
        ("predictions?due_on=1772000000", "write a day as"),
        ("predictions?due_on=20260227", "write a day as"),
        ("segments?limit=0", "query.limit"),
        ("segments?limit=1001", "query.limit"),
        ("segments?limit=ten", "query.limit"),
        ("segments?offset=-1", "query.offset"),
        ("segments?offset=9999999999999999999999", "query.offset"),
        ("worklist?reached=yes", "query.reached"),
        ("segments?customer_id=" + "x" * 201, "query.customer_id"),
        ("segments?p_late=0.5", "unknown"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_a_way_out(api, path, words):
    """422 names the parameter and what was meant, and never sends back what was asked."""
    answer = api.get(f"/v1/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "text",
    ["c1' OR '1'='1", "c1; DROP TABLE segments;--", "<script>alert(1)</script>", "%00", "../../etc", "�"],
)
def test_sql_and_scripts_in_a_filter_are_words_that_nothing_is_called(api, text):
    """Such a filter finds nothing and changes nothing."""
    answer = api.get("/v1/segments", params={"customer_id": text})
    assert (answer.status_code, answer.json()["total"]) == (200, 0)
    assert api.get("/v1/segments").json()["total"] == 3


def test_pages_walk_a_table_exactly_once(api):
    """Row by row, in any order, each of the four invoices comes once."""
    for sort in ("", "&sort=currency", "&sort=-customer_id", "&sort=paid_on_p90"):
        pages = [f"/v1/predictions?limit=1&offset={n}{sort}" for n in range(4)]
        assert sorted(id_ for page in pages for id_ in ids(api, page, "invoice_id")) == [
            "i1",
            "i2",
            "i3",
            "i4",
        ]


def test_what_waits_for_approval_is_only_listed_as_such(api):
    """The hold of c2 may harm it: it is no treatment that leaves, and stands among the approvals."""
    assert ids(api, "/v1/treatments") == ["c1", "c3"]
    assert ids(api, "/v1/approvals/treatments") == ["c2"]
    assert ids(api, "/v1/approvals/actions") == []


def test_an_answer_that_has_not_changed_is_not_sent_again(api):
    """The ETag begins with the run; sent back, also among others, it is answered 304 without a body."""
    first = api.get("/v1/segments")
    tag = first.headers["etag"]
    assert tag.startswith(f'"{first.json()["run_id"]}-')
    assert first.headers["cache-control"] == "private, no-cache"
    for said in (tag, f'W/{tag}, "other"', "*"):
        again = api.get("/v1/segments", headers={"If-None-Match": said})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert api.get("/v1/segments", headers={"If-None-Match": '"other"'}).status_code == 200


def test_nobody_without_a_token_learns_whether_something_changed(api):
    """A known ETag without a token is 401."""
    tag = api.get("/v1/segments").headers["etag"]
    assert api.get("/v1/segments", None, headers={"If-None-Match": tag}).status_code == 401


def rows_of(table: pa.Table, query: Query) -> list[dict[str, Any]]:
    """The definition: every row in turn, Python's stable sort with what is empty last."""
    rows = [
        row
        for row in table.to_pylist()
        if all(
            (row[name] is None) if value == "" else row[name] == value for name, value in query.equal.items()
        )
        and all(
            row[name] is not None
            and (first is None or row[name] >= first)
            and (last is None or row[name] <= last)
            for name, (first, last) in query.ranges.items()
        )
        and (query.contains is None or query.contains.lower() in (row["name"] or "").lower())
    ]
    if query.sort:
        name, down = query.sort.removeprefix("-"), query.sort.startswith("-")
        filled = sorted(
            (row for row in rows if row[name] is not None), key=lambda row: row[name], reverse=down
        )
        rows = filled + [row for row in rows if row[name] is None]
    return rows[query.offset : query.offset + query.limit]


SORTS = st.sampled_from([None, "name", "-name", "number", "-number"])
NAMES, NUMBERS = st.sampled_from(["a", "B", "ab", None]), st.sampled_from([1, 2, 3, None])


@settings(max_examples=examples(60), deadline=None)
@given(
    rows=st.lists(st.tuples(NAMES, NUMBERS), max_size=12),
    equal=st.dictionaries(st.just("name"), st.sampled_from(["a", "B", ""]), max_size=1),
    borders=st.tuples(NUMBERS, NUMBERS),
    text=st.sampled_from([None, "A", "b", ""]),
    sort=SORTS,
    other=SORTS,
    offset=st.integers(0, 5),
    limit=st.integers(1, 5),
)
def test_rows_are_chosen_as_one_by_one(rows, equal, borders, text, sort, other, offset, limit):
    """Whatever is asked, now and before, the answer is that of looking at each row in turn."""
    table = pa.table(
        {
            "name": pa.array([name for name, _ in rows], pa.string()),
            "number": pa.array([number for _, number in rows], pa.int64()),
            "place": pa.array(range(len(rows)), pa.int64()),
        }
    )
    query = Query(
        equal=equal,
        ranges={} if borders == (None, None) else {"number": borders},
        contains=text,
        sort=sort,
        offset=offset,
        limit=limit,
    )
    asked = AskedTable(table, ["name"])
    if other is not None:
        asked.choose(Query(sort=other))
    expected = rows_of(table, Query(**{**vars(query), "offset": 0, "limit": 100}))
    for start in (offset, 0, offset):
        chosen, total = asked.choose(Query(**{**vars(query), "offset": start}))
        assert chosen.to_pylist() == expected[start : start + limit]
        assert total == len(expected)


def test_few_rows_of_many_are_sorted_alike(monkeypatch):
    """Whether they are sorted by themselves or looked for in the order of all."""
    numbers = [n * 7919 % 100 for n in range(200)]
    table = pa.table({"name": [f"{n % 40}" for n in range(200)], "number": numbers})
    query = Query(equal={"name": "3"}, sort="-number")
    few = AskedTable(table).choose(query)[0].to_pylist()
    monkeypatch.setattr("pipelines.serving.queries._FEW", 0)
    assert few == AskedTable(table).choose(query)[0].to_pylist() == rows_of(table, query)


def test_amounts_are_written_with_two_three_or_no_digits():
    """Two for the euro, none for the yen, three for the dinar; what is empty stays so."""
    money = pa.array([Decimal("-1234.500"), Decimal("7.000"), Decimal("0.001"), None], pa.decimal128(18, 3))
    rows = json_rows(pa.table({"currency": ["EUR", "JPY", "KWD", None], "amount": money}))
    assert [row["amount"] for row in rows] == ["-1234.50", "7", "0.001", None]


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, api: Api):
    """Another server over another folder with the same run answers byte for byte alike."""
    other = tiny_api(tmp_path)
    for path in ("/v1/segments", "/v1/predictions?sort=-p_late", "/v1/approvals/treatments"):
        assert api.get(path).content == other.get(path).content
