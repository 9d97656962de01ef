"""Forgetting: one debtor leaves all that was published; the others and the totals stay, runs stay whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from filelock import FileLock
from publication_support import DAY, NOW, inputs, publish_small, publish_tiny, tiny_tables

from features.errors import ConfigurationError, PublicationError
from features.pseudonyms import pseudonym, pseudonymise
from pipelines.delivering.webhook_box import letter_of
from pipelines.privacy.forgetting import UNREACHED, WITHDRAWN_WARNING, Forgotten, forget
from pipelines.privacy.rewriting import mend
from pipelines.receiving.door import Fact
from pipelines.receiving.store import kept, receive
from pipelines.runs.one_writer import LOCK
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import PublishedRun, all_runs, find_run, latest_run, read_table, verify
from pipelines.serving.access_log import ACCESS, AccessLog

ON = date(2026, 5, 4)
KEY = b"k" * 32
NO_TRACES = {"pages": 0, "movers": 0, "dead_letters": 0, "looks": 0, "received": 0}
TOTALS = ("cash_forecast", "segment_profiles", "migrations", "portfolio", "rejected")


def publish_tables(output: Path, tables: dict[str, pd.DataFrame]) -> str:
    """Publish these tables; return the run's id."""
    return publish(tables, inputs=inputs(), facts=RunFacts(), output=output, now=NOW).run_id


def without_c1() -> dict[str, pd.DataFrame]:
    """The tiny run's tables, in which there never was a debtor c1."""
    return {
        name: table[table["customer_id"] != "c1"] if "customer_id" in table else table
        for name, table in tiny_tables().items()
    }


def the_run(output: Path, run_id: str) -> PublishedRun:
    """The run of that id, which is there."""
    run = find_run(output, run_id)
    assert run is not None
    return run


def held(folder: Path) -> dict[str, bytes]:
    """Every file below the folder but the lock, by its path there."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def speaks_of(output: Path, customer: str) -> list[str]:
    """The tables, CSV copies and pages of whole runs that hold the debtor."""
    found = []
    for run in all_runs(output):
        verify(run)
        for file in sorted(run.path.iterdir()):
            if file.suffix == ".parquet":
                table = pd.read_parquet(file)
                if "customer_id" in table and (table["customer_id"] == customer).any():
                    found.append(file.name)
            elif file.suffix != ".json" and customer in file.read_text():  # hashes may hold the letters
                found.append(file.name)
    return found


def test_the_debtor_leaves_every_table_and_the_others_stay(tmp_path: Path) -> None:
    """c1 of the tiny run, counted by hand; nothing of c2 and c3 changes, and no total."""
    run_id = publish_tiny(tmp_path).run_id
    result = forget(tmp_path, "c1", day=ON)
    counted = {
        "actions": 1,
        "classes": 2,
        "debtors": 1,
        "predictions": 2,
        "reminder_shifts": 1,
        "reminders": 2,
        "risks": 1,
        "segments": 1,
        "treatments": 1,
        "worklist": 1,
    }
    assert {name: result.rows[name] for name in counted} == counted
    assert result == Forgotten(1, result.rows, 0, 0, NO_TRACES)
    assert speaks_of(tmp_path, "c1") == []
    publish_tiny(tmp_path / "before")
    after, before = the_run(tmp_path, run_id), the_run(tmp_path / "before", run_id)
    for name in tiny_tables():
        left, whole = read_table(after, name), read_table(before, name)
        if "customer_id" in whole:
            whole = whole[whole["customer_id"] != "c1"].reset_index(drop=True)
        if name == "rejected":  # nobody knows whose i9 is
            whole["key"] = left["key"].mask(left["key"].notna())
        pd.testing.assert_frame_equal(left, whole, check_dtype=False)
    assert {name for name in TOTALS if read_table(after, name).empty} == set()


def test_the_manifest_tells_that_rows_were_erased_and_not_whose(tmp_path: Path) -> None:
    """Day and counts, new hashes, and the fingerprint that a later run may have named."""
    run_id = publish_small(tmp_path).run_id
    before = the_run(tmp_path, run_id)
    forget(tmp_path, "c1", day=ON)
    after = the_run(tmp_path, run_id)
    assert after.manifest["erased"] == [
        {
            "on": "2026-05-04",
            "debtors": 1,
            "rows": {"predictions": 2, "segments": 1},
            "withdrawn": ["report.html"],
            "fingerprint_before": before.fingerprint,
        }
    ]
    assert after.fingerprint != before.fingerprint
    assert after.manifest["rows_out"] == {"segments": 2, "predictions": 2}
    unchanged = before.manifest.keys() - {"fingerprint", "files", "rows_out"}
    assert all(after.manifest[name] == before.manifest[name] for name in unchanged)


def test_csv_copies_follow_and_the_report_is_withdrawn(tmp_path: Path) -> None:
    """Money in CSV is written as before; the report might name the debtor, so a note takes its place."""
    run = publish_small(tmp_path)
    before = (run.path / "predictions.csv").read_text().splitlines()
    forget(tmp_path, "c1", day=ON)
    after = (run.path / "predictions.csv").read_text().splitlines()
    assert after == [line for line in before if '"c1"' not in line]
    assert len(before) - len(after) == 2
    assert "withdrawn on 2026-05-04" in (run.path / "report.html").read_text()


def test_all_runs_are_rewritten_and_the_latest_stays_the_latest(tmp_path: Path) -> None:
    """Two runs of two days; a run that never held the debtor keeps its bytes."""
    publish_tiny(tmp_path)
    newest = publish_small(tmp_path).run_id
    other = publish(
        without_c1(), inputs=inputs(ledger="another"), facts=RunFacts(), output=tmp_path, now=NOW
    ).path
    untouched, pointer = held(other), (tmp_path / "latest.json").read_bytes()
    assert forget(tmp_path, "c1", day=ON).runs == 2
    assert speaks_of(tmp_path, "c1") == []
    assert held(other) == untouched
    assert (tmp_path / "latest.json").read_bytes() == pointer
    latest = latest_run(tmp_path)
    assert latest is not None
    assert latest.run_id == newest


def test_forgetting_twice_changes_nothing(tmp_path: Path) -> None:
    """Nor does forgetting somebody who was never there."""
    publish_tiny(tmp_path)
    forget(tmp_path, "c1", day=ON)
    first = held(tmp_path)
    for customer in ("c1", "nobody"):
        again = forget(tmp_path, customer, day=date(2026, 6, 1))
        assert (again.runs, dict(again.rows)) == (0, {})
    assert held(tmp_path) == first


def test_a_second_debtor_gets_an_entry_of_its_own(tmp_path: Path) -> None:
    """Both erasures are told, in their order."""
    run_id = publish_tiny(tmp_path).run_id
    forget(tmp_path, "c1", day=ON)
    forget(tmp_path, "c2", day=date(2026, 6, 1))
    run = the_run(tmp_path, run_id)
    assert [entry["on"] for entry in run.manifest["erased"]] == ["2026-05-04", "2026-06-01"]
    assert read_table(run, "segments")["customer_id"].tolist() == ["c3"]
    verify(run)


def test_a_run_by_pseudonyms_forgets_with_the_key_only(tmp_path: Path) -> None:
    """Without the key nobody knows which debtor it was."""
    run_id = publish_tables(tmp_path, pseudonymise(tiny_tables(), KEY))
    assert forget(tmp_path, "c1", day=ON).runs == 0
    assert forget(tmp_path, "c1", day=ON, key=KEY).rows["predictions"] == 2
    run = the_run(tmp_path, run_id)
    expected = sorted([pseudonym("c2", KEY), pseudonym("c3", KEY)])
    assert read_table(run, "segments")["customer_id"].tolist() == expected


def test_a_pseudonym_forgets_what_was_published_before_pseudonyms(tmp_path: Path) -> None:
    """A run by plain ids and one by pseudonyms: either name reaches both."""
    for each in ("c1", pseudonym("c1", KEY)):
        output = tmp_path / each
        publish_small(output)
        publish_tables(output, pseudonymise(tiny_tables(), KEY))
        assert forget(output, each, day=ON, key=KEY).runs == 2
        assert speaks_of(output, "c1") == speaks_of(output, pseudonym("c1", KEY)) == []


def test_rejected_rows_of_the_debtor_and_its_invoices_go(tmp_path: Path) -> None:
    """By their key: the debtor, or an invoice that was published as the debtor's; others stay.

    Row 2 is of a debtor called i1, row 6 of an invoice that was never accepted: nobody knows whose, so only
    their place and rule stay. Row 4 is surely of c2.
    """
    tables = tiny_tables()
    tables["rejected"] = pd.DataFrame(
        [
            ("customers", 1, "c1|2026-01-01", "since is empty"),
            ("customers", 2, "i1|2026-01-01", "since is empty"),
            ("payments", 3, "i1", "amount is zero"),
            ("payments", 4, "i3", "amount is not an amount: 'a lot'"),
            ("contact_history", 5, "c1", "contacted_on is empty"),
            ("invoices", 6, "i77", "amount is not an amount: 'c1 says'"),
            ("invoices", 7, "i2", "invoice_id not unique: another row was known first"),
            ("payments", 8, None, "amount is zero"),
        ],
        columns=["table", "row", "key", "reason"],
    )
    run_id = publish_tables(tmp_path, tables)
    assert forget(tmp_path, "c1", day=ON).rows["rejected"] == 4
    left = read_table(the_run(tmp_path, run_id), "rejected").set_index("row").sort_index()
    assert left["key"].fillna("-").to_dict() == {2: "-", 4: "i3", 6: "-", 8: "-"}
    assert left["reason"].to_dict() == {
        2: "since is empty",
        4: "amount is not an amount: 'a lot'",
        6: "amount is not an amount",
        8: "amount is zero",
    }


def test_rejected_rows_under_pseudonyms_keep_the_keys_of_others(tmp_path: Path) -> None:
    """The key of a payment for i3, of c2, is the invoice's pseudonym."""
    tables = tiny_tables()
    tables["rejected"] = pd.DataFrame(
        {"table": ["payments"] * 3, "row": [1, 2, 3], "key": ["i1", "i3", "i77"], "reason": "amount is zero"}
    )
    run_id = publish_tables(tmp_path, pseudonymise(tables, KEY))
    forget(tmp_path, "c1", day=ON, key=KEY)
    left = read_table(the_run(tmp_path, run_id), "rejected").set_index("row")["key"]
    assert left.fillna("-").to_dict() == {2: pseudonym("i3", KEY), 3: "-"}


def test_nobody_else_points_at_an_action_that_went(tmp_path: Path) -> None:
    """c1 was written to for an invoice of c3 as well: that invoice has no action any more."""
    tables = tiny_tables()
    tables["reminders"]["action_id"] = ["a1", None, None, "a1"]
    run_id = publish_tables(tmp_path, tables)
    forget(tmp_path, "c1", day=ON)
    run = the_run(tmp_path, run_id)
    reminders = read_table(run, "reminders")
    assert reminders["customer_id"].tolist() == ["c2", "c3"]
    assert reminders["action_id"].isna().all()


def test_backtests_lose_its_predictions_and_outcomes(tmp_path: Path) -> None:
    """Outcomes without the debtor's id go by the invoice; figures and other files stay as they are."""
    folder = tmp_path / "backtests" / "b1"
    folder.mkdir(parents=True)
    said = pd.DataFrame({"invoice_id": ["i1", "i1", "i2"], "customer_id": ["c1", "c1", "c2"], "p": 0.5})
    said.to_parquet(folder / "predictions.parquet")
    pd.DataFrame({"invoice_id": ["i1", "i2"], "late": [True, False]}).to_parquet(folder / "outcomes.parquet")
    (folder / "metrics.json").write_text("{}")
    result = forget(tmp_path, "c1", day=ON)
    assert (result.backtests, result.backtest_rows) == (1, 3)
    assert pd.read_parquet(folder / "predictions.parquet")["invoice_id"].tolist() == ["i2"]
    assert pd.read_parquet(folder / "outcomes.parquet")["invoice_id"].tolist() == ["i2"]
    assert (folder / "metrics.json").read_text() == "{}"
    assert forget(tmp_path, "c1", day=ON).backtests == 0


def test_pages_that_show_it_are_removed_and_lists_of_movers_lose_its_line(tmp_path: Path) -> None:
    """A page of segments is made anew by its command; the list is a document of a model."""
    for page, text in (("2026-03-02", "<td>c&amp;1</td>"), ("2026-03-03", "<td>c2</td>")):
        (tmp_path / "segments" / page).mkdir(parents=True)
        (tmp_path / "segments" / page / "segments.html").write_text(text)
    movers = tmp_path / "mlartifacts" / "debtor-segments" / "r1" / "artifacts" / "who_would_move.md"
    movers.parent.mkdir(parents=True)
    movers.write_text("# What\n\n- c&1: A → B; slower\n- c&12: B → A; faster\n")
    result = forget(tmp_path, "c&1", day=ON)
    assert result.traces == NO_TRACES | {"pages": 1, "movers": 1}
    assert [page.name for page in (tmp_path / "segments").iterdir()] == ["2026-03-03"]
    assert movers.read_text() == "# What\n\n- c&12: B → A; faster\n"


def test_warnings_that_name_it_are_withdrawn_and_others_stay(tmp_path: Path) -> None:
    """An id that is only part of another word is none."""
    warnings = (
        "customers: 2 of 3 are not there, e.g. c1, c12; and so on",
        "i1 repeats",
        "c12 is late",
        "abc1",
    )
    published = publish(
        tiny_tables(), inputs=inputs(), facts=RunFacts(warnings=warnings), output=tmp_path, now=NOW
    )
    forget(tmp_path, "c1", day=ON)
    after = the_run(tmp_path, published.run_id)
    assert after.manifest["warnings"] == [WITHDRAWN_WARNING, WITHDRAWN_WARNING, "c12 is late", "abc1"]


def test_dead_letters_that_tell_of_it_or_of_a_rewritten_run_are_removed(tmp_path: Path) -> None:
    """The webhook hears of the rewritten run by the next delivery; what it was told before names nobody."""
    publish_tiny(tmp_path)
    newer = publish_small(tmp_path).run_id
    dead, sent = (tmp_path / "webhook" / kind for kind in ("dead", "sent"))
    dead.mkdir(parents=True)
    sent.mkdir()
    for run in all_runs(tmp_path):
        letter = letter_of(run)
        said = {"data": {"segments": {"new": ["c2"]}, "actions": {"new": ["a1"]}}}
        (dead / f"{run.run_id}.json").write_text(json.dumps(letter | {"trouble": "500", "message": said}))
        (sent / f"{run.run_id}.json").write_text(json.dumps(letter))
    other = publish(without_c1(), inputs=inputs(ledger="other"), facts=RunFacts(), output=tmp_path, now=NOW)
    kept = letter_of(the_run(tmp_path, other.run_id))
    (dead / f"{other.run_id}.json").write_text(json.dumps(kept | {"message": {"new": ["c2"]}}))
    (dead / "named.json").write_text(json.dumps(kept | {"message": {"changed": [{"customer_id": "c1"}]}}))
    assert forget(tmp_path, "c1", day=ON).traces["dead_letters"] == 3
    assert [file.name for file in dead.glob("*.json")] == [f"{other.run_id}.json"]
    assert {file.stem for file in sent.glob("*.json")} >= {newer}


def test_who_looked_stays_and_at_whom_goes(tmp_path: Path) -> None:
    """Under its id and its pseudonym."""
    publish_tiny(tmp_path)
    log = AccessLog(tmp_path / ACCESS)
    log.note(NOW, "anna", "card", ["c1"])
    log.note(NOW, "anna", "debtors", ["c2", pseudonym("c1", KEY)])
    assert forget(tmp_path, "c1", day=ON, key=KEY).traces["looks"] == 2
    assert [look.customer_ids for look in log.read()] == [("c2",), ()]


def test_what_tools_reported_is_erased_by_debtor_and_invoice(tmp_path: Path) -> None:
    """Reported under the plain id, forgotten by the pseudonym; i1 is an invoice of c1 in the run."""
    publish_tables(tmp_path, pseudonymise(tiny_tables(), KEY))
    received = tmp_path / "received"
    reported = [
        Fact(
            "contact-history",
            f"x{number}",
            {"customer_id": id_, "contacted_on": "2026-02-01", "note": "secret"},
        )
        for number, id_ in enumerate(("c1", "c2"))
    ]
    disputes = [Fact("disputes", id_, {"invoice_id": id_, "opened_on": "2026-02-01"}) for id_ in ("i1", "i3")]
    receive(received, [*reported, *disputes], who="tool", now=NOW, zone=ZoneInfo("UTC"))
    result = forget(tmp_path, pseudonym("c1", KEY), day=ON, received=received, key=KEY)
    assert result.traces["received"] == 2
    assert [fact.external_id for fact in kept(received)] == ["x1", "i3"]


def test_an_invoice_is_its_own_by_the_runs_a_report_or_the_callers_word(tmp_path: Path) -> None:
    """Disputes name no debtor: i1 is c1's in the run, x1 in a promise, y1 by the caller; z1 is nobody's."""
    publish_tiny(tmp_path)
    received = tmp_path / "received"
    promise = Fact(
        "promises",
        "p1",
        {
            "customer_id": "c1",
            "invoice_id": "x1",
            "promise_made_on": "2026-02-01",
            "promised_for": "2026-02-02",
        },
    )
    disputes = [
        Fact("disputes", id_, {"invoice_id": id_, "opened_on": "2026-02-01"})
        for id_ in ("i1", "x1", "y1", "z1")
    ]
    receive(received, [promise, *disputes], who="tool", now=NOW, zone=ZoneInfo("UTC"))
    result = forget(tmp_path, "c1", day=ON, received=received, invoices={"y1"})
    assert result.traces["received"] == 4
    assert [fact.external_id for fact in kept(received)] == ["z1"]


def test_what_was_reported_goes_first_for_who_dies_after_it_finds_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the run knows whose i1 is: a dispute on it must not outlive the run's rows."""
    publish_tiny(tmp_path)
    received = tmp_path / "received"
    dispute = Fact("disputes", "d1", {"invoice_id": "i1", "opened_on": "2026-02-01"})
    receive(received, [dispute], who="tool", now=NOW, zone=ZoneInfo("UTC"))

    def dies(*_: Any) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.privacy.forgetting.rewrite", dies)
        with pytest.raises(PowerCutError):
            forget(tmp_path, "c1", day=ON, received=received)
    assert kept(received) == []
    assert forget(tmp_path, "c1", day=ON, received=received).runs == 1


def test_files_that_still_wait_are_named(tmp_path: Path) -> None:
    """Nobody knows what is in a file that is still being written."""
    publish_tiny(tmp_path)
    drop = tmp_path / "received" / "drop"
    drop.mkdir(parents=True)
    (drop / "disputes.csv.part").write_text("external_id,")
    (waiting,) = forget(tmp_path, "c1", day=ON, received=tmp_path / "received").unreached[len(UNREACHED) :]
    assert waiting.startswith(f"what waits in {drop} (1)")


def test_a_dead_writers_rests_are_removed_everywhere(tmp_path: Path) -> None:
    """They may hold the debtor: of runs, backtests and pages; a publisher leaves backtests at work alone."""
    publish_tiny(tmp_path)
    rests = [tmp_path / parent / ".tmp-x-old" for parent in ("runs", "backtests", "segments")]
    for rest in rests:
        rest.mkdir(parents=True)
    publish_small(tmp_path)
    assert [rest.exists() for rest in rests] == [False, True, True]
    forget(tmp_path, "c1", day=ON)
    assert [rest.exists() for rest in rests] == [False, False, False]


def test_what_is_out_of_reach_is_named(tmp_path: Path) -> None:
    """First of all the user's own files: the next run would read the debtor again."""
    assert "your own source files" in forget(tmp_path, "c1", day=ON).unreached[0]


def test_nothing_changes_when_a_run_is_damaged(tmp_path: Path) -> None:
    """New hashes would hide the damage."""
    publish_tiny(tmp_path)
    damaged = publish_small(tmp_path).path / "segments.parquet"
    damaged.chmod(0o644)
    damaged.write_bytes(b"PAR1")
    before = held(tmp_path)
    with pytest.raises(PublicationError, match=r"segments\.parquet \(changed\)"):
        forget(tmp_path, "c1", day=ON)
    assert held(tmp_path) == before


def test_refusals(tmp_path: Path) -> None:
    """Nobody named, nothing there, a short key, and a publisher at work."""
    with pytest.raises(PublicationError, match="which debtor"):
        forget(tmp_path, "", day=ON)
    with pytest.raises(PublicationError, match="nothing was published"):
        forget(tmp_path / "other", "c1", day=ON)
    with pytest.raises(ConfigurationError, match="fewer than 32"):
        forget(tmp_path, "c1", day=ON, key=b"short")
    with FileLock(tmp_path / LOCK), pytest.raises(PublicationError, match="another process"):
        forget(tmp_path, "c1", day=ON, lock_wait_seconds=0.01)


class PowerCutError(Exception):
    """The process ends here."""


def cut_before(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die before that step on disk."""
    done = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                raise PowerCutError
            return call(*arguments, **named)

        return stepping

    for name in ("mkdir", "open", "write", "fsync", "replace", "unlink", "rmdir"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


def test_who_dies_at_any_step_loses_no_run_and_the_next_attempt_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when somebody publishes in between, who clears away what dead writers left."""
    template = tmp_path / "template"
    run_id = publish_small(template).run_id
    step, died = 0, True
    while died:
        step += 1
        output = tmp_path / str(step)
        shutil.copytree(template, output)
        with monkeypatch.context() as patched:
            cut_before(step, patched)
            try:
                forget(output, "c1", day=ON)
                died = False
            except PowerCutError:
                died = True
        for run in all_runs(output):
            verify(run)
        if step % 2:
            publish_tiny(output)
        forget(output, "c1", day=ON)
        assert speaks_of(output, "c1") == []
        assert len(the_run(output, run_id).manifest["erased"]) == 1
        assert json.loads((output / "latest.json").read_bytes())["run_id"] == run_id
        assert [path.name for path in (output / "runs").glob(".*")] == []
        shutil.rmtree(output)
    assert step > 20


def test_mending_keeps_a_run_that_was_published_anew(tmp_path: Path) -> None:
    """The rewritten folder of a dead writer has no place to go then."""
    run = publish_tiny(tmp_path)
    shutil.copytree(run.path, run.path.with_name(f".erased-{run.run_id}"))
    before = held(run.path)
    mend(tmp_path)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [run.run_id]
    assert held(run.path) == before
    assert run.run_id == inputs(DAY).run_id
