"""What is handed on, what stays behind, and what a delivery changes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from publication_support import DAY, NOW, day, inputs, tiny_tables

from features.contracts import OUTPUT_TABLES
from features.errors import PublicationError
from pipelines.delivering.delivery import content, diff, leaving
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import PublishedRun, find_run, read_table


def published(output: Path, tables: dict[str, pd.DataFrame], as_of: date = DAY) -> PublishedRun:
    """Publish these tables and return the run."""
    made = publish(tables, inputs=inputs(as_of), facts=RunFacts(), output=output, now=NOW)
    run = find_run(output, made.run_id)
    assert run is not None
    return run


def with_actions(*changes: dict[str, object]) -> dict[str, pd.DataFrame]:
    """The tiny tables with the tiny action once for each set of changes."""
    tables = tiny_tables()
    action = tables["actions"].assign(approved_by=None, blocked_by=None)
    tables["actions"] = pd.concat([action.assign(**change) for change in changes], ignore_index=True)
    return tables


def test_every_table_leaves_with_exact_types(tmp_path: Path) -> None:
    """All tables of the contract leave; money is decimal, days are dates, flags are booleans."""
    told = content(published(tmp_path, tiny_tables()))
    assert list(told.tables) == list(OUTPUT_TABLES)
    row = told.tables["actions"].to_pylist()[0]
    assert (row["overdue_amount"], row["send_on"], row["adverse"]) == (
        Decimal("100.10"),
        date(2026, 3, 4),
        False,
    )
    assert row["as_of"] == DAY


def test_what_needs_approval_and_has_none_stays_behind(tmp_path: Path) -> None:
    """An undecided adverse action, a withdrawn one that nobody approved, and undecided terms do not leave."""
    tables = with_actions(
        {"action_id": "a1", "adverse": True, "status": "needs_approval"},
        {"action_id": "a2", "adverse": True, "status": "proposed", "approved_by": "eva"},
        {"action_id": "a3", "adverse": True, "status": "blocked", "change": "withdrawn"},
        {"action_id": "a4", "adverse": False, "status": "blocked", "blocked_by": "dispute"},
    )
    told = content(published(tmp_path, tables))
    assert told.tables["actions"]["action_id"].to_pylist() == ["a2", "a4"]
    assert told.tables["treatments"]["customer_id"].to_pylist() == ["c1", "c3"]
    assert told.withheld == {"actions": 2, "treatments": 1}
    reminder = next(r for r in told.tables["reminders"].to_pylist() if r["invoice_id"] == "i1")
    assert [reminder[name] for name in ("step", "send_on", "timing", "action_id")] == [None] * 4


def test_a_reminder_of_a_free_action_keeps_its_day(tmp_path: Path) -> None:
    """Nothing is emptied where nothing waits."""
    told = content(published(tmp_path, tiny_tables()))
    reminder = next(r for r in told.tables["reminders"].to_pylist() if r["invoice_id"] == "i1")
    assert (reminder["step"], reminder["send_on"]) == ("friendly_email", date(2026, 3, 4))


def test_what_leaves_is_found_without_a_change_to_what_was_read(tmp_path: Path) -> None:
    """Who has read the tables goes on with them; what leaves is the same as from the files."""
    run = published(tmp_path, with_actions({"action_id": "a1", "adverse": True, "status": "needs_approval"}))
    read, told = ({name: read_table(run, name) for name in run.manifest["rows_out"]} for _ in range(2))
    assert leaving(run, told).tables == content(run).tables
    for name, table in read.items():
        pd.testing.assert_frame_equal(told[name], table)


def test_a_damaged_run_is_not_delivered(tmp_path: Path) -> None:
    """A file that changed after publication is refused by name."""
    run = published(tmp_path, tiny_tables())
    file = run.path / "actions.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(PublicationError, match=r"damaged: actions\.parquet"):
        content(run)


def test_the_difference_counts_segments_and_actions(tmp_path: Path) -> None:
    """One debtor of two changes, one action is new, one moved, one released, one withdrawn, one the same."""
    one = with_actions(
        {"action_id": "moves"},
        {"action_id": "stays"},
        {"action_id": "goes"},
        {"action_id": "freed", "status": "blocked", "blocked_by": "dispute"},
    )
    two = with_actions(
        {"action_id": "moves", "send_on": day("2026-03-05")},
        {"action_id": "stays"},
        {"action_id": "goes", "change": "withdrawn", "status": "blocked", "blocked_by": "withdrawn"},
        {"action_id": "freed"},
        {"action_id": "comes"},
        {"action_id": "waits", "adverse": True, "status": "needs_approval"},
    )
    two["segments"].loc[two["segments"]["customer_id"] == "c2", "segment"] = "C"
    two["segments"].loc[two["segments"]["customer_id"] == "c3", "customer_id"] = "c9"
    found = diff(published(tmp_path, two, DAY + timedelta(days=1)), published(tmp_path, one))
    assert found["segments"] == {
        "changed": [{"customer_id": "c2", "from": "B", "to": "C"}],
        "new": ["c9"],
        "gone": ["c3"],
    }
    assert found["actions"] == {
        "new": ["comes"],
        "moved": ["moves"],
        "status_changed": ["freed"],
        "withdrawn": ["goes"],
        "unchanged": 1,
    }
    assert found["words"] == (
        "1 debtor changes segment, 1 new action, 1 withdrawn, 1 moved, 1 with another status, "
        "1 new debtor, 1 debtor gone, 2 waiting for approval and left out"
    )
    assert json.loads(json.dumps(found)) == found


def test_an_action_whose_approval_ended_is_withdrawn(tmp_path: Path) -> None:
    """A tool that holds an approved action learns that it may not be used any more."""
    approved = with_actions({"adverse": True, "approved_by": "eva"})
    ended = with_actions({"adverse": True, "status": "needs_approval"})
    found = diff(published(tmp_path, ended, DAY + timedelta(days=1)), published(tmp_path, approved))
    assert found["actions"]["withdrawn"] == ["a1"]


def test_the_first_delivery_and_the_same_again(tmp_path: Path) -> None:
    """Against nothing all is new; against itself nothing changes."""
    run = published(tmp_path, tiny_tables())
    first, again = diff(run, None), diff(run, run)
    assert (first["segments"]["new"], first["actions"]["new"]) == (["c1", "c2", "c3"], ["a1"])
    assert first["previous_run_id"] is None
    assert again["words"] == (
        "0 debtors change segment, 0 new actions, 0 withdrawn, 1 waiting for approval and left out"
    )


def test_a_run_without_any_rows_leaves_empty_tables(tmp_path: Path) -> None:
    """No action, no treatment, no segment: nothing breaks."""
    run = published(tmp_path, {name: pd.DataFrame() for name in OUTPUT_TABLES})
    assert set(content(run).rows.values()) == {0}
    assert diff(run, None)["words"] == "0 debtors change segment, 0 new actions, 0 withdrawn"


def test_the_published_run_itself_is_untouched(tmp_path: Path) -> None:
    """Reading what leaves changes no file of the run."""
    run = published(tmp_path, tiny_tables())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    content(run)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
