"""A run in the shape of other tools: what their files hold, what never leaves, what a mapping may say."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from publication_support import DAY, NOW, day, inputs, tiny_tables
from thoroughness import examples

from features.contracts import OUTPUT_TABLES
from features.errors import ConfigurationError, PublicationError
from pipelines.delivering.delivery import Content
from pipelines.delivering.shape_file import Shape, read_shape, shape_names, shape_path
from pipelines.delivering.shapes_out import deliver_in_shape, shaped_files
from pipelines.runs.arrow_tables import to_arrow
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import PublishedRun, find_run

SOURCES = [{"title": "t", "publisher": "p", "page": "a", "day": "d"}]
RUN = PublishedRun(Path(), {"run_id": "r1", "as_of": DAY.isoformat(), "created_at": NOW.isoformat()})


def a_run(output: Path, tables: dict[str, pd.DataFrame] | None = None, as_of: date = DAY) -> PublishedRun:
    """Publish the tables (the tiny run without any) and return the run."""
    made = publish(tables or tiny_tables(), inputs=inputs(as_of), facts=RunFacts(), output=output, now=NOW)
    run = find_run(output, made.run_id)
    assert run is not None
    return run


@cache
def plain() -> dict[str, pa.Table]:
    """The tiny run's tables as a delivery tells them."""
    return {name: arrow(name, frame) for name, frame in tiny_tables().items()}


def arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """A table as a delivery tells it."""
    return to_arrow(OUTPUT_TABLES[name], frame, {"run_id": "r1", "as_of": DAY, "schema_version": "1"})


def told(tables: Mapping[str, pd.DataFrame] | None = None) -> Content:
    """What is delivered, without a folder: the tiny run with these tables in the place of its own."""
    return Content(plain() | {name: arrow(name, frame) for name, frame in (tables or {}).items()}, {})


def a_shape(folder: Path, files: Mapping[str, object], **more: object) -> Path:
    """Write a mapping file."""
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"about": "mine", "documentation": SOURCES, "files": files, **more}))
    return path


def shape_of(files: Mapping[str, object], **more: object) -> Shape:
    """A shape without a file."""
    return Shape.model_validate({"about": "mine", "documentation": SOURCES, "files": files, **more})


def lines(content: bytes, separator: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
    """What a reader of CSV makes of the bytes."""
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline=""), delimiter=separator))


def entries(content: bytes) -> list[dict[str, object]]:
    """What a calendar makes of the bytes: the properties of each entry, decoded."""
    found = Calendar.from_ical(content).walk("VEVENT")
    return [{name: entry.decoded(name) for name in entry if name != "CATEGORIES"} for entry in found]


def delivered(run: PublishedRun, shape: str | Path, folder: Path, name: str) -> bytes:
    """Deliver and return one of the files that a reader finds."""
    deliver_in_shape(run, shape, folder)
    return (folder / "current" / name).read_bytes()


def actions(**columns: list[object]) -> pd.DataFrame:
    """The tiny run's action, once for each value of the columns, with an id of its own."""
    number = len(next(iter(columns.values())))
    many = pd.concat([tiny_tables()["actions"]] * number, ignore_index=True)
    ids = [f"a{place + 1}" for place in range(number)]
    return many.assign(action_id=ids, **columns)  # type: ignore[arg-type]


# --- the shapes that come along


def test_every_shape_that_comes_along_is_whole_and_cites_its_source() -> None:
    """Each is read strictly, against the contract's tables, and says what it was written from."""
    assert shape_names() == ["agenda", "generic_csv", "odoo_activities", "odoo_tags", "upflow"]
    for name in shape_names():
        assert all(source.publisher for source in read_shape(shape_path(name)).documentation)


def test_the_generic_csv_is_a_line_per_action_with_its_debtor(tmp_path: Path) -> None:
    """The one action, its own money, its debtor's balance and segment; lines end as RFC 4180 says."""
    content = delivered(a_run(tmp_path / "output"), "generic_csv", tmp_path / "out", "actions.csv")
    (row,) = lines(content)
    assert (row["action_id"], row["customer_id"], row["step"]) == ("a1", "c1", "friendly_email")
    assert (row["send_on"], row["valid_until"]) == ("2026-03-04", "2026-03-11")
    assert (row["overdue_amount"], row["net_overdue_amount"]) == ("100.10", "90.10")
    assert (row["debtor_open_amount"], row["oldest_days_past_due"]) == ("300.10", "10")
    assert (row["segment"], row["risk"], row["value_class"]) == ("A", "low", "top")
    assert row["collector"] == ""
    assert content.count(b"\r\n") == content.count(b"\n") == 2


def test_the_agenda_is_an_entry_per_action_and_per_debtor_on_the_worklist(tmp_path: Path) -> None:
    """All of the day to send; of the worklist, today, and only those that capacity reaches."""
    run = a_run(tmp_path / "output")
    (action,) = entries(delivered(run, "agenda", tmp_path / "out", "actions.ics"))
    assert action == {
        "UID": "a1@debtscape",
        "DTSTAMP": NOW,
        "DTSTART": date(2026, 3, 4),
        "SEQUENCE": DAY.toordinal(),
        "STATUS": "CONFIRMED",
        "TRANSP": "TRANSPARENT",
        "SUMMARY": "E-mail c1: EUR 100.10 overdue",
        "DESCRIPTION": "friendly_email: structurally three days late.\n"
        "From 2026-03-04 until 2026-03-11. Segment A.",
    }
    (call,) = entries((tmp_path / "out/current/worklist.ics").read_bytes())
    assert (call["UID"], call["DTSTART"]) == ("worklist-c1--EUR@debtscape", DAY)
    assert call["SUMMARY"] == "1. c1: EUR 100.10 overdue"


def test_an_entry_keeps_its_uid_and_is_cancelled_when_the_action_is_off() -> None:
    """Withdrawn, or stopped after an earlier run may have shown it; one that was never shown stays away."""
    table = actions(
        change=["new", "moved", "withdrawn", "unchanged", "moved", "new"],
        status=["proposed", "proposed", "blocked", "blocked", "waiting_for_bank", "blocked"],
    )
    found = entries(shaped_files(told({"actions": table}), RUN, shipped("agenda"))["actions.ics"])
    assert {str(entry["UID"]).split("@")[0]: entry["STATUS"] for entry in found} == {
        "a1": "CONFIRMED",
        "a2": "CONFIRMED",
        "a3": "CANCELLED",
        "a4": "CANCELLED",
        "a5": "CANCELLED",
    }


def test_a_later_run_has_the_higher_sequence(tmp_path: Path) -> None:
    """A calendar that holds both keeps the newer one."""
    older, newer = (a_run(tmp_path / "output", as_of=DAY + timedelta(days=n)) for n in (0, 1))
    first, second = (
        entries(delivered(run, "agenda", tmp_path / "out", "actions.ics"))[0] for run in (older, newer)
    )
    assert first["UID"] == second["UID"]
    assert int(str(second["SEQUENCE"])) == int(str(first["SEQUENCE"])) + 1


def test_an_odoo_activity_stands_on_the_contact_with_that_database_id() -> None:
    """The External ID repeats from run to run; the kind of activity follows the channel."""
    table = actions(channel=["call", "email", "letter"]).assign(customer_id="42")
    rows = lines(shaped_files(told({"actions": table}), RUN, shipped("odoo_activities"))["mail.activity.csv"])
    assert [row["activity_type_id/id"] for row in rows] == [
        "mail.mail_activity_data_call",
        "mail.mail_activity_data_email",
        "mail.mail_activity_data_todo",
    ]
    assert rows[0]["id"] == "debtscape_a1"
    assert (rows[0]["res_model_id/id"], rows[0]["res_id"]) == ("base.model_res_partner", "42")
    assert rows[0]["date_deadline"] == "2026-03-04"


@pytest.mark.parametrize("customer_id", ["C042", "0", "__export__.res_partner_42", "42; drop"])
def test_odoo_activities_refuse_what_is_no_database_id(customer_id: str) -> None:
    """An activity never lands on another contact than the one that is meant."""
    table = tiny_tables()["actions"].assign(customer_id=customer_id)
    with pytest.raises(PublicationError, match=r"mail\.activity\.csv: res_id: the shape demands"):
        shaped_files(told({"actions": table}), RUN, shipped("odoo_activities"))


def test_upflow_gets_a_workflow_per_customer(tmp_path: Path) -> None:
    """Named like the strategy; c2's terms wait for approval, so c2 is left out."""
    content = delivered(a_run(tmp_path / "output"), "upflow", tmp_path / "out", "assign_customers.csv")
    assert [tuple(row.values()) for row in lines(content)] == [("c1", "gentle"), ("c3", "friendly_only")]


def test_an_odoo_contact_is_tagged_with_its_segment() -> None:
    """By its External ID; an id that is none is refused."""
    table = tiny_tables()["segments"].assign(
        customer_id=["base.res_partner_2", "__export__.res_partner_7_a", "c"]
    )
    rows = lines(shaped_files(told({"segments": table}), RUN, shipped("odoo_tags"))["res.partner.csv"])
    assert {row["id"]: row["category_id"] for row in rows} == {
        "__export__.res_partner_7_a": "debtscape A",
        "base.res_partner_2": "debtscape B",
        "c": "debtscape NEW",
    }
    with pytest.raises(PublicationError, match="id: the shape demands"):
        shaped_files(told({"segments": table.assign(customer_id=["1", "2", "3"])}), RUN, shipped("odoo_tags"))


# --- delivering


def test_delivering_twice_changes_nothing_and_another_mapping_takes_the_place(tmp_path: Path) -> None:
    """The same bytes and moments; a mapping file that changed counts as something new."""
    run, mapping = a_run(tmp_path / "output"), a_shape(tmp_path, {"a.csv": csv_of({"x": "{action_id}"})})
    assert not deliver_in_shape(run, mapping, tmp_path / "out").already
    file = tmp_path / "out/current/a.csv"
    before = file.stat().st_mtime_ns, file.read_bytes()
    assert deliver_in_shape(run, mapping, tmp_path / "out").already
    assert before == (file.stat().st_mtime_ns, file.read_bytes())
    a_shape(tmp_path, {"a.csv": csv_of({"y": "{action_id}"})})
    assert not deliver_in_shape(run, mapping, tmp_path / "out").already
    assert file.read_bytes() == b"y\r\na1\r\n"


@pytest.mark.parametrize("shape", ["agenda", "generic_csv"])
def test_permuted_rows_give_the_same_bytes(tmp_path: Path, shape: str) -> None:
    """Two deliveries of the same rows are the same to the byte."""
    turned = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in tiny_tables().items()}
    for name, run in {"one": a_run(tmp_path / "1"), "two": a_run(tmp_path / "2", turned)}.items():
        deliver_in_shape(run, shape, tmp_path / name)
    files = [name.name for name in (tmp_path / "one/current").iterdir() if name.suffix != ".json"]
    assert files
    for file in files:
        assert (tmp_path / "one/current" / file).read_bytes() == (
            tmp_path / "two/current" / file
        ).read_bytes()


def test_nothing_that_waits_for_approval_ever_leaves(tmp_path: Path) -> None:
    """Every kind of action there is, through a shape that takes all rows and those that come along."""
    kinds = list(
        itertools.product(
            ["proposed", "needs_approval", "blocked", "waiting_for_bank"],
            [False, True],
            [None, "chief"],
            ["new", "unchanged", "moved", "withdrawn"],
        )
    )
    columns = dict(
        zip(["status", "adverse", "approved_by", "change"], map(list, zip(*kinds, strict=True)), strict=True)
    )
    table = actions(**columns).assign(customer_id="42")
    may = {
        name
        for name, (status, adverse, approved, _) in zip(table["action_id"], kinds, strict=True)
        if status != "needs_approval" and (approved or not adverse)
    }
    run = a_run(tmp_path / "output", tiny_tables() | {"actions": table})
    everything = a_shape(tmp_path, {"a.csv": csv_of({"action_id": "{action_id}"})})
    assert {row["action_id"] for row in lines(delivered(run, everything, tmp_path / "a", "a.csv"))} == may
    proposed = {
        name for name, kind in zip(table["action_id"], kinds, strict=True) if kind[0] == "proposed"
    } & may
    rows = lines(delivered(run, "generic_csv", tmp_path / "b", "actions.csv"))
    assert {row["action_id"] for row in rows} == proposed
    rows = lines(delivered(run, "odoo_activities", tmp_path / "c", "mail.activity.csv"))
    assert {row["id"].removeprefix("debtscape_") for row in rows} == proposed
    found = entries(delivered(run, "agenda", tmp_path / "d", "actions.ics"))
    assert {str(entry["UID"]).split("@")[0] for entry in found} <= may


def test_a_withheld_action_is_not_named_by_another_table(tmp_path: Path) -> None:
    """The worklist's row of it leaves without the action's id, and without its columns."""
    tables = tiny_tables()
    tables["actions"] = tables["actions"].assign(status="needs_approval", adverse=True)
    tables["worklist"] = tables["worklist"].assign(action_id=["a1", None])
    columns = {"who": "{customer_id}", "action": "{action_id}", "step": "{actions.step}"}
    mapping = a_shape(tmp_path, {"a.csv": {"rows_of": "worklist", "columns": columns}})
    rows = lines(delivered(a_run(tmp_path / "output", tables), mapping, tmp_path / "out", "a.csv"))
    assert rows == [{"who": "c1", "action": "", "step": ""}, {"who": "c3", "action": "", "step": ""}]


# --- how values are written


def test_money_has_the_digits_of_its_own_currency() -> None:
    """None for yen, three for dinars, a comma where the tool wants one; empty stays empty."""
    table = tiny_tables()["debtors"].assign(currency=["EUR", "KWD", "JPY"])
    file = {
        "rows_of": "debtors",
        "columns": {"open": "{open_amount}", "on time": "{expected_on_time_amount}"},
    }
    content = shaped_files(told({"debtors": table}), RUN, shape_of({"a.csv": file}, written={"decimal": ","}))
    assert content["a.csv"] == b'open,on time\r\n"300,10","100,00"\r\n"5,000","4,000"\r\n900,0\r\n'


def test_days_flags_separator_and_encoding_are_the_mappings() -> None:
    """Days day-first, flags in Dutch, a semicolon between, cp1252; a share keeps all its digits."""
    written = {
        "separator": ";",
        "decimal": ",",
        "days": "%d-%m-%Y",
        "flags": ["nee", "ja"],
        "encoding": "cp1252",
    }
    columns = {"dag": "{send_on}", "bezwarend": "{adverse}", "reden": "{reason}", "kans": "{propensity}"}
    table = tiny_tables()["actions"].assign(reason='café; "1,5"', propensity=0.25)
    content = shaped_files(
        told({"actions": table}), RUN, shape_of({"a.csv": csv_of(columns)}, written=written)
    )
    expected = 'dag;bezwarend;reden;kans\r\n04-03-2026;nee;"café; ""1,5""";0,25\r\n'
    assert content["a.csv"] == expected.encode("cp1252")


def test_a_letter_that_the_encoding_lacks_is_refused() -> None:
    """Nothing is replaced by a question mark in silence; the way out is named."""
    table = tiny_tables()["actions"].assign(reason="Łódź")
    shape = shape_of({"a.csv": csv_of({"x": "{reason}"})}, written={"encoding": "cp1252"})
    with pytest.raises(
        PublicationError, match=r"a\.csv: 'Ł' does not exist in cp1252; write `encoding: utf-8`"
    ):
        shaped_files(told({"actions": table}), RUN, shape)


def test_words_stand_for_codes() -> None:
    """The code itself where there is no word, `otherwise` for all others, nothing for nothing."""
    words = {"channel": {"call": "Bel"}, "tone": {"firm": "streng", "otherwise": "anders"}}
    columns = {"x": {"text": "{channel}/{tone}", "words": words}, "y": "always {{so}}"}
    table = actions(channel=["call", "email", "call"], tone=["firm", "formal", None])
    content = shaped_files(told({"actions": table}), RUN, shape_of({"a.csv": csv_of(columns)}))["a.csv"]
    assert [row["x"] for row in lines(content)] == ["Bel/streng", "email/anders", "Bel/"]
    assert {row["y"] for row in lines(content)} == {"always {so}"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_no_text_is_a_formula_for_a_spreadsheet(name: str) -> None:
    """An apostrophe is put in front, unless the mapping says that no spreadsheet opens the file."""
    table = tiny_tables()["actions"].assign(customer_id=name)
    file = csv_of({"x": "{customer_id}", "y": "c {customer_id}"})
    for formulas, expected in (("harmless", "'" + name), ("kept", name)):
        shape = shape_of({"a.csv": file}, written={"formulas": formulas})
        (row,) = lines(shaped_files(told({"actions": table}), RUN, shape)["a.csv"])
        assert (row["x"], row["y"]) == (expected, "c " + name)


def test_a_negative_figure_is_no_formula() -> None:
    """Not yet due, overpaid: the minus stays a minus."""
    table = tiny_tables()["debtors"].assign(
        oldest_days_past_due=-9, overdue_amount_minor=-150, currency="EUR"
    )
    columns = {
        "days": "{oldest_days_past_due}",
        "amount": "{overdue_amount}",
        "words": "{oldest_days_past_due} days",
    }
    shape = shape_of({"a.csv": {"rows_of": "debtors", "columns": columns}})
    row = lines(shaped_files(told({"debtors": table}), RUN, shape)["a.csv"])[0]
    assert row == {"days": "-9", "amount": "-1.50", "words": "'-9 days"}


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=90)


@settings(max_examples=examples(40), deadline=None)
@given(TEXTS)
def test_csv_gives_every_text_back(text: str) -> None:
    """Separators, quotes, ends of line and formulas: a reader finds one row and the very text."""
    table = tiny_tables()["actions"].assign(reason=text)
    for formulas in ("kept", "harmless"):
        shape = shape_of({"a.csv": csv_of({"x": "{reason}", "y": "end"})}, written={"formulas": formulas})
        (row,) = lines(shaped_files(told({"actions": table}), RUN, shape)["a.csv"])
        assert row["y"] == "end"
        assert row["x"] == text or (formulas == "harmless" and row["x"] == "'" + text)


@settings(max_examples=examples(40), deadline=None)
@given(TEXTS)
def test_no_text_breaks_out_of_its_line_of_an_agenda(text: str) -> None:
    """Whatever a debtor is called: one entry, the same properties, lines of at most 75 octets."""
    table = tiny_tables()["actions"].assign(customer_id=text, collector=text)
    content = shaped_files(told({"actions": table}), RUN, shipped("agenda"))["actions.ics"]
    (entry,) = entries(content)
    (tiny,) = entries(shaped_files(Content(plain(), {}), RUN, shipped("agenda"))["actions.ics"])
    assert entry.keys() == tiny.keys()
    assert entry["UID"] == "a1@debtscape"
    shown = "".join(letter for letter in text if letter == "\n" or (letter >= " " and letter != "\x7f"))
    assert entry["SUMMARY"] == f"E-mail {shown}: EUR 100.10 overdue"
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_an_empty_run_gives_files_without_rows() -> None:
    """The heading of a CSV, an agenda without an entry."""
    empty = Content({name: table.slice(0, 0) for name, table in told().tables.items()}, {})
    assert lines(shaped_files(empty, RUN, shipped("generic_csv"))["actions.csv"]) == []
    assert entries(shaped_files(empty, RUN, shipped("agenda"))["actions.ics"]) == []


def test_an_entry_without_a_day_or_with_a_uid_twice(tmp_path: Path) -> None:
    """What has no day is not in the agenda; two entries that would replace each other are refused."""
    file = {
        "rows_of": "worklist",
        "event": {"uid": "{collector}@x", "day": "promised_for", "summary": "{why}"},
    }
    (entry,) = entries(shaped_files(told(), RUN, shape_of({"a.ics": file}))["a.ics"])
    assert entry["DTSTART"] == date(2026, 2, 27)
    table = tiny_tables()["worklist"].assign(promised_for=day("2026-03-01"), collector="anna")
    with pytest.raises(PublicationError, match="two entries have the uid `anna@x`"):
        shaped_files(told({"worklist": table}), RUN, shape_of({"a.ics": file}))


def test_rows_are_chosen_by_flags_and_by_columns_of_other_tables() -> None:
    """All conditions hold at once; a row without the other table's row fits none."""
    where = {"risks.over_credit_limit": [False], "segment": ["A", "NEW"]}
    file = {"rows_of": "segments", "where": where, "columns": {"x": "{customer_id}"}}
    assert shaped_files(told(), RUN, shape_of({"a.csv": file}))["a.csv"] == b"x\r\nc1\r\n"


# --- what a mapping file may not say


def csv_of(columns: Mapping[str, object], **more: object) -> dict[str, object]:
    """A file of the actions."""
    return {"rows_of": "actions", "columns": dict(columns), **more}


def shipped(name: str) -> Shape:
    """A shape that comes along."""
    return read_shape(shape_path(name))


EVENT = {"uid": "{action_id}", "day": "send_on", "summary": "x"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.csv": csv_of({"x": "{acton_id}"})}, "no column of actions `acton_id`; did you mean `action_id`"),
        ({"a.csv": csv_of({"x": "{segmets.risk}"})}, "no table `segmets`; did you mean `segments`"),
        ({"a.csv": csv_of({"x": "y"}) | {"rows_of": "action"}}, "no table `action`; did you mean `actions`"),
        ({"a.csv": csv_of({"x": "{classes.class}"})}, "which row of classes is meant: without scheme"),
        ({"a.csv": csv_of({"x": "{rejected.key}"})}, "which row of rejected is meant: it has no key"),
        ({"a.csv": csv_of({"x": "{step"})}, "a brace itself is written twice"),
        ({"a.csv": csv_of({"x": "{send_on:%d}"})}, "only the name of a column may stand in braces"),
        ({"a.csv": csv_of({"x": "{step.__class__.y}"})}, "only the name of a column may stand in braces"),
        ({"a.csv": csv_of({"x": 3})}, "3 is not a text; put it in quotes"),
        (
            {"a.csv": csv_of({"x": {"text": "{step}", "word": {}}})},
            "unknown key `word`.*did you mean `words`",
        ),
        ({"a.csv": csv_of({"x": {"text": "{step}", "words": {"tone": {}}}})}, "no column in `{step}` `tone`"),
        ({"a.csv": csv_of({"x": {"text": "{step}", "pattern": "["}})}, r"pattern `\[` cannot be read"),
        ({"a.csv": csv_of({"x": "y"}, colums={})}, "unknown key `colums`.*did you mean `columns`"),
        (
            {"a.csv": csv_of({"x": "y"}, where={"status": ["propose"]})},
            "no status `propose`; did you mean `proposed`",
        ),
        ({"a.csv": csv_of({"x": "y"}, where={"adverse": ["no"]})}, "'no' is not true or false"),
        ({"a.csv": csv_of({"x": "y"}, where={"step": [True]})}, "True is not a text"),
        ({"a.csv": csv_of({"x": "y"}, where={"send_on": ["x"]})}, "rows cannot be chosen by `send_on`"),
        ({"../a.csv": csv_of({"x": "y"})}, "a file is called NAME.csv"),
        ({"delivery.json": csv_of({"x": "y"})}, "a file is called NAME.csv"),
        ({"a.ics": csv_of({"x": "y"})}, "it has `event`, and nothing else"),
        ({"a.csv": csv_of({"x": "y"}, event=EVENT)}, "it has `columns`, and nothing else"),
        ({"a.ics": {"rows_of": "actions", "event": EVENT | {"day": "step"}}}, "`step` is not a day"),
        ({}, "at least 1 item"),
    ],
)
def test_a_mapping_that_no_run_can_fill_is_refused(
    tmp_path: Path, files: dict[str, object], words: str
) -> None:
    """Before anything is written, with the place and the nearest name that there is."""
    with pytest.raises(ConfigurationError, match=words):
        read_shape(a_shape(tmp_path, files))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"days": "%d/%m"}, "does not name day, month and year"),
        ({"days": "%Q"}, "does not name day, month and year"),
        ({"encoding": "latin"}, "utf-8"),
        ({"separator": "--"}, "separator"),
        ({"flags": ["no"]}, "at least 2"),
    ],
)
def test_a_way_of_writing_that_loses_something_is_refused(
    tmp_path: Path, written: dict[str, object], words: str
) -> None:
    """A day without its year, an encoding nobody knows."""
    with pytest.raises(ConfigurationError, match=words):
        read_shape(a_shape(tmp_path, {"a.csv": csv_of({"x": "y"})}, written=written))


def test_a_shape_without_a_source_is_refused(tmp_path: Path) -> None:
    """What was it written from?"""
    with pytest.raises(ConfigurationError, match="documentation"):
        read_shape(a_shape(tmp_path, {"a.csv": csv_of({"x": "y"})}, documentation=[]))


def test_an_unknown_shape_is_answered_with_those_there_are(tmp_path: Path) -> None:
    """A name nearly right, a name of nothing, a path of nothing; nothing is written."""
    run = replace(RUN, path=tmp_path)
    for shape, words in {
        "agnda": "did you mean `agenda`",
        "salesforce": "there are: agenda, generic_csv",
        str(tmp_path / "none.yaml"): "cannot read the shape",
    }.items():
        with pytest.raises(ConfigurationError, match=words):
            deliver_in_shape(run, shape, tmp_path / "out")
    assert not (tmp_path / "out").exists()
