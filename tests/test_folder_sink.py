"""A run as files: whole, once, the newest day in front, and safe to open in Excel."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import openpyxl
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from publication_support import DAY, NOW, inputs, publish_tiny, tiny_tables

from features.contracts import OUTPUT_TABLES
from features.errors import PublicationError
from pipelines.delivering import folder_sink
from pipelines.delivering.delivery import Held
from pipelines.delivering.folder_sink import deliver_to_folder
from pipelines.delivering.kept_files import held_in_folder, keep
from pipelines.runs.one_writer import one_writer
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import PublishedRun, find_run


def a_run(output: Path, as_of: date = DAY, **others: object) -> PublishedRun:
    """Publish the tiny run and return it."""
    run = find_run(output, publish_tiny(output, as_of=as_of, **others).run_id)
    assert run is not None
    return run


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every delivered file: its bytes and when it was written."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


@pytest.mark.parametrize("file_format", ["csv", "parquet", "excel"])
def test_delivering_twice_changes_nothing(tmp_path: Path, file_format: folder_sink.Format) -> None:
    """The second time says so and no file is written again."""
    run, folder = a_run(tmp_path / "output"), tmp_path / "out"
    first = deliver_to_folder(run, folder, file_format)
    before = files(folder)
    second = deliver_to_folder(run, folder, file_format)
    assert (first.already, second.already) == (False, True)
    assert before == files(folder)
    assert first.rows == second.rows
    assert held_in_folder(folder).shown == run.run_id


def test_csv_holds_major_units_and_plain_days(tmp_path: Path) -> None:
    """An action is one line; its money has the currency's digits."""
    deliver_to_folder(a_run(tmp_path / "output"), tmp_path / "out")
    row = pc.read_csv(tmp_path / "out/current/actions.csv").to_pylist()[0]
    assert (row["action_id"], row["overdue_amount"], row["send_on"]) == ("a1", 100.1, date(2026, 3, 4))
    assert "JPY,900," in (tmp_path / "out/current/debtors.csv").read_text().replace('"', "")


def test_parquet_holds_exact_decimals(tmp_path: Path) -> None:
    """Every table of the contract is a file; money is decimal."""
    deliver_to_folder(a_run(tmp_path / "output"), tmp_path / "out", "parquet")
    current = tmp_path / "out/current"
    assert {path.stem for path in current.glob("*.parquet")} == set(OUTPUT_TABLES)
    assert pq.read_table(current / "actions.parquet")["overdue_amount"].to_pylist() == [Decimal("100.100")]


def test_excel_never_holds_a_formula(tmp_path: Path) -> None:
    """A debtor named like a formula, or with a character Excel forbids, stays a text; money is a number."""
    tables = tiny_tables()
    tables["actions"]["customer_id"] = "=cmd|' /C calc'!A0"
    tables["actions"]["reason"] = "bell \a"
    output = tmp_path / "output"
    made = publish(tables, inputs=inputs(), facts=RunFacts(), output=output, now=NOW)
    run = find_run(output, made.run_id)
    assert run is not None
    deliver_to_folder(run, tmp_path / "out", "excel")
    book = openpyxl.load_workbook(tmp_path / "out/current/debtscape.xlsx")
    assert book.sheetnames == list(OUTPUT_TABLES)
    heading, row = book["actions"].iter_rows()
    cells = dict(zip([cell.value for cell in heading], row, strict=True))
    assert (cells["customer_id"].value, cells["customer_id"].data_type) == ("=cmd|' /C calc'!A0", "s")
    assert cells["reason"].value == "bell \ufffd"
    assert (cells["overdue_amount"].value, cells["overdue_amount"].number_format) == (100.1, "#,##0.00")
    assert cells["send_on"].is_date


def test_excel_repeats_its_bytes(tmp_path: Path) -> None:
    """Two deliveries into two folders are the same to the byte, and hold no moment but the run's."""
    run = a_run(tmp_path / "output")
    deliver_to_folder(run, tmp_path / "one", "excel")
    deliver_to_folder(run, tmp_path / "two", "excel")
    one, two = (tmp_path / name / "current/debtscape.xlsx" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    said = openpyxl.load_workbook(one).properties
    assert (said.created, said.modified) == (NOW.replace(tzinfo=None), NOW.replace(tzinfo=None))
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_table_too_long_for_a_sheet_is_refused(tmp_path: Path) -> None:
    """Nothing is cut off in silence, and nothing is left behind."""
    with (
        patch("pipelines.delivering.excel_book.MOST_ROWS", 2),
        pytest.raises(PublicationError, match=r"segments has 3 rows.*\n.*CSV or Parquet"),
    ):
        deliver_to_folder(a_run(tmp_path / "output"), tmp_path / "out", "excel")
    assert files(tmp_path / "out") == {}


def test_the_newest_day_stays_in_front(tmp_path: Path) -> None:
    """A back-dated run is kept beside, and `current` goes on showing the newest day."""
    folder, output = tmp_path / "out", tmp_path / "output"
    newer, older = a_run(output, DAY + timedelta(days=1)), a_run(output)
    deliver_to_folder(newer, folder)
    deliver_to_folder(older, folder)
    assert held_in_folder(folder).shown == newer.run_id
    assert len(list((folder / "deliveries").iterdir())) == 2


def test_another_format_takes_the_place(tmp_path: Path) -> None:
    """The run's folder holds one format at a time."""
    run = a_run(tmp_path / "output")
    deliver_to_folder(run, tmp_path / "out")
    assert not deliver_to_folder(run, tmp_path / "out", "parquet").already
    assert not list((tmp_path / "out").rglob("*.csv"))


def test_a_run_that_was_rewritten_replaces_what_was_delivered(tmp_path: Path) -> None:
    """After an erasure the same run id has another fingerprint: the old rows do not stay."""
    run = a_run(tmp_path / "output")
    deliver_to_folder(run, tmp_path / "out")
    place = tmp_path / "out" / "deliveries" / f"{DAY}_{run.run_id}" / "delivery.json"
    place.chmod(0o644)
    place.write_text(json.dumps(json.loads(place.read_text()) | {"fingerprint": "older"}))
    assert not deliver_to_folder(run, tmp_path / "out").already
    assert deliver_to_folder(run, tmp_path / "out").already


@pytest.mark.parametrize("change", ["changed", "missing"])
def test_a_file_that_changed_is_delivered_again(tmp_path: Path, change: str) -> None:
    """Somebody edited or removed a delivered file: it is not "already" there; the run's own comes back."""
    run = a_run(tmp_path / "output")
    deliver_to_folder(run, tmp_path / "out")
    file = tmp_path / "out/current/segments.csv"
    before = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(b"mine") if change == "changed" else file.unlink()
    assert not deliver_to_folder(run, tmp_path / "out").already
    assert file.read_bytes() == before
    assert deliver_to_folder(run, tmp_path / "out").already


def test_two_deliverers_at_once_take_turns(tmp_path: Path) -> None:
    """Four deliver two days at the same time: each day is written once, and the newer is in front."""
    runs, folder = [a_run(tmp_path / "output", DAY + timedelta(days=n)) for n in (0, 1)], tmp_path / "out"
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda run: deliver_to_folder(run, folder), [*runs, *runs]))
    assert sorted((delivery.run_id, delivery.already) for delivery in made) == sorted(
        (run.run_id, already) for run in runs for already in (False, True)
    )
    assert held_in_folder(folder) == Held({run.run_id: run.fingerprint for run in runs}, runs[1].run_id)


def test_who_waits_too_long_for_another_deliverer_is_told(tmp_path: Path) -> None:
    """The lock is held by somebody who does not end: a refusal, and nothing is written."""
    with (
        one_writer(tmp_path / "out", "deliver", 0),
        pytest.raises(PublicationError, match=r"another process"),
    ):
        keep(a_run(tmp_path / "output"), tmp_path / "out", "csv", lambda _: {}, lock_wait_seconds=0)
    assert files(tmp_path / "out") == {}


KILLER = """
import os, signal, sys
from pathlib import Path
from pipelines.runs import durable_files
from pipelines.delivering import folder_sink
from pipelines.runs.published_runs import find_run
write, left = durable_files.write_file, [int(sys.argv[4])]
def dying(*arguments):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    write(*arguments)
durable_files.write_file = dying
folder_sink.deliver_to_folder(find_run(Path(sys.argv[1]), sys.argv[2]), Path(sys.argv[3]))
"""


def test_a_death_in_the_middle_leaves_the_delivery_before(tmp_path: Path) -> None:
    """Killed while writing the fifth file: `current` is the old run; the next try finishes and cleans up."""
    folder, output = tmp_path / "out", tmp_path / "output"
    older, newer = a_run(output), a_run(output, DAY + timedelta(days=1))
    deliver_to_folder(older, folder)
    before = files(folder)
    command = [sys.executable, "-c", KILLER, str(output), newer.run_id, str(folder), "4"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert before == {name: file for name, file in files(folder).items() if ".tmp-" not in name}
    assert before != files(folder)
    deliver_to_folder(newer, folder)
    assert held_in_folder(folder).shown == newer.run_id
    assert not [name for name in files(folder) if ".tmp-" in name]


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A `current` that is no link is not touched."""
    (tmp_path / "out/current").mkdir(parents=True)
    with pytest.raises(PublicationError, match=r"current is not a link"):
        deliver_to_folder(a_run(tmp_path / "output"), tmp_path / "out")


def test_what_is_not_of_a_delivery_stays(tmp_path: Path) -> None:
    """Other files in the folder, hidden ones too, are left alone; a link half switched is not."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / ".tmp-mine").write_text("mine")
    (folder / ".tmp-current").symlink_to("nowhere")
    deliver_to_folder(a_run(tmp_path / "output"), folder)
    assert sorted(path.name for path in folder.iterdir() if path.name != ".lock") == [
        ".tmp-mine",
        "current",
        "deliveries",
    ]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """The refusal names the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PublicationError, match=r"cannot deliver into .*file/out"):
        deliver_to_folder(a_run(tmp_path / "output"), tmp_path / "file/out")


def test_nothing_was_delivered_into_an_empty_folder(tmp_path: Path) -> None:
    """Before the first delivery there is no run."""
    assert held_in_folder(tmp_path).shown is None
