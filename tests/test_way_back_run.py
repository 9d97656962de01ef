"""What tools reported changes the runs after the day of its receipt, and none before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.receiving.command import receive_files
from pipelines.running import run
from pipelines.runs.published_runs import find_run, read_table
from pipelines.settings_file import load_settings

DAY = date(2026, 3, 10)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A ledger of four debtors, each with an invoice that is 9 days past due, and no other table."""
    rows = [f"i{n},C{n},2026-01-30,2026-03-01,1000.00" for n in range(1, 5)]
    header = "invoice_id,customer_id,issued_on,due_on,amount\n"
    (tmp_path / "invoices.csv").write_text(header + "\n".join(rows) + "\n")
    config = tmp_path / "debtscape.yaml"
    config.write_text("ledger: {invoices: {path: invoices.csv}}\noutput: out\nworkers: 1\n")
    return config


def ran(config: Path, day: date) -> tuple[dict[str, object], dict[str, object]]:
    """Run as of a day; return its summary and what is said of each debtor's invoice."""
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    told = run(config, as_of=day, today=day, now=now)
    published = find_run(load_settings(config).output_folder, str(told["run_id"]))
    assert published is not None
    reminders = read_table(published, "reminders").set_index("customer_id")
    return told, reminders["reason"].to_dict()


def test_a_report_counts_in_the_run_of_the_next_day_and_in_none_before(config: Path) -> None:
    """What was received on the 10th leaves the run of the 10th as it is; that of the 11th knows it."""
    first, before = ran(config, DAY)
    assert len(set(before.values())) == 1
    drop = load_settings(config).received_folder / "drop"
    drop.mkdir(parents=True)
    (drop / "disputes.csv").write_text(
        "external_id,invoice_id,opened_on\nd1,i1,2026-02-02\nd2,i9,2026-02-02\n"
    )
    (config.parent / "decisions.csv").write_text(
        "external_id,customer_id,hold,by,decided_on\ne1,C2,yes,eva,2026-02-02\n"
    )
    (config.parent / "promises.csv").write_text(
        "external_id,customer_id,invoice_id,promise_made_on,promised_for\np1,C3,i3,2026-03-09,2026-03-16\n"
    )
    now = datetime(2026, 3, 10, 15, tzinfo=UTC)
    files = [config.parent / name for name in ("decisions.csv", "promises.csv")]
    told = receive_files(load_settings(config), files, table=None, now=now)
    assert [each["accepted"] for each in told["files"]] == [1, 1]

    again, unchanged = ran(config, DAY)  # which takes the dropped file in
    assert (again["run_id"], again["already_published"]) == (first["run_id"], True)
    assert unchanged == before
    later, after = ran(config, DAY + timedelta(days=1))
    assert after["C1"] == "blocked by dispute: open since 2026-02-02"
    assert after["C2"] == "blocked by hold: by eva"
    assert after["C3"] == "blocked by promise: promised for 2026-03-16"
    assert after["C4"] == before["C4"]
    assert later["rejected_rows"] == 1


def test_warnings_about_reports_are_of_the_moment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused file, and plain ids beside a run by pseudonyms, are told and stand in no file of the run."""
    monkeypatch.setenv("THE_KEY", "k" * 64)
    config.write_text(config.read_text() + "privacy: {pseudonym_key: THE_KEY}\n")
    settings = load_settings(config)
    drop = settings.received_folder / "drop"
    drop.mkdir(parents=True)
    (drop / "disputes.csv").write_text("nonsense\n1\n")
    told, _ = ran(config, DAY)
    refused, plain = list(told["warnings"])[-2:]  # type: ignore[call-overload]
    assert refused.startswith("disputes.csv: refused, ")
    assert plain.startswith(f"{settings.received_folder} holds ids and notes as tools reported them")
    published = find_run(settings.output_folder, str(told["run_id"]))
    assert published is not None
    assert not {refused, plain}.intersection(published.manifest["warnings"])
