"""A run is published whole or not at all, is repeatable byte for byte, and can be read back."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from publication_support import DAY, NOW, day, inputs, publish_tiny, tiny_tables
from thoroughness import examples

from features.contracts import OUTPUT_TABLES, SCHEMA_VERSION
from features.errors import PublicationError
from pipelines.runs.arrow_tables import from_arrow, from_parquet, to_arrow, to_csv, to_parquet
from pipelines.runs.output_checks import check
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import all_runs, find_run, latest_run, previous_run, read_table, verify

RUN = {"run_id": "r", "as_of": DAY, "schema_version": SCHEMA_VERSION}


def published_file(output: Path, name: str) -> pa.Table:
    """A file of the latest run, as a reader outside opens it."""
    run = latest_run(output)
    assert run is not None
    return pq.read_table(run.path / name)


def hashes(folder: Path) -> dict[str, str]:
    """The hash of every file in a folder."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


# --- tables ---------------------------------------------------------------------------------------


def test_money_leaves_in_major_units_of_its_currency(tmp_path: Path) -> None:
    """10010 cents are 100.10 EUR, 900 yen are 900 JPY, exactly."""
    publish_tiny(tmp_path)
    table = published_file(tmp_path, "predictions.parquet")
    assert table.schema.field("open_amount").type == pa.decimal128(18, 3)
    amounts = dict(zip(table["invoice_id"].to_pylist(), table["open_amount"].to_pylist(), strict=True))
    assert amounts == {
        "i1": Decimal("100.100"),
        "i2": Decimal("200.000"),
        "i3": Decimal("50.000"),
        "i4": Decimal("900.000"),
    }


def test_each_table_starts_with_run_day_and_schema_version_and_follows_the_contract(tmp_path: Path) -> None:
    """Columns, their order, their types and what may be empty are the contract's."""
    run_id = publish_tiny(tmp_path).run_id
    for name, contract in OUTPUT_TABLES.items():
        table = published_file(tmp_path, f"{name}.parquet")
        assert table.column_names == ["run_id", "as_of", "schema_version", *contract.names]
        assert {row["run_id"] for row in table.to_pylist()} <= {run_id}
        optional = [c.name for c in contract.columns if not c.required]
        assert [field.name for field in table.schema if field.nullable] == optional
    days = published_file(tmp_path, "predictions.parquet")["paid_on_p90"]
    assert days.type == pa.date32()
    assert days.to_pylist() == [date(2026, 3, 11), date(2026, 4, 2), date(2026, 3, 14), None]


def test_rows_leave_sorted_by_key(tmp_path: Path) -> None:
    """The order in which rows were computed is not seen outside."""
    publish_tiny(tmp_path)
    assert published_file(tmp_path, "predictions.parquet")["invoice_id"].to_pylist() == [
        "i1",
        "i2",
        "i3",
        "i4",
    ]


@pytest.mark.parametrize("name", OUTPUT_TABLES)
def test_what_was_published_reads_back_as_it_was(tmp_path: Path, name: str) -> None:
    """Inside names, minor units, days and empty values survive the way out and in."""
    publish_tiny(tmp_path)
    run = latest_run(tmp_path)
    assert run is not None
    read = read_table(run, name)
    contract = OUTPUT_TABLES[name]
    assert list(read.columns) == [column.inside for column in contract.columns]
    given = tiny_tables()[name]
    given = given.sort_values([key for key in contract.key if key in given])
    for column in given.columns:
        back, there = read[column].tolist(), given[column].tolist()
        assert [None if pd.isna(v) else v for v in back] == [None if pd.isna(v) else v for v in there]


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**14), 10**14), st.sampled_from(["EUR", "JPY", "KWD", "USD"]), st.booleans()
        ),
        min_size=1,
        max_size=30,
    )
)
def test_money_is_exact_for_every_currency_and_sign(rows: list[tuple[int, str, bool]]) -> None:
    """The decimal is the integer divided by the currency's power of ten, and comes back the same."""
    digits = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{n:03}" for n in range(len(rows))],
            "currency": [currency for _, currency, _ in rows],
            **{
                f"{column.name}_minor": [amount for amount, _, _ in rows]
                for column in OUTPUT_TABLES["debtors"].columns
                if column.kind == "money"
            },
        }
    )
    table = to_arrow(OUTPUT_TABLES["debtors"], frame, RUN)
    expected = [Decimal(amount).scaleb(-digits[currency]) for amount, currency, _ in rows]
    assert table["open_amount"].to_pylist() == expected
    assert from_arrow(OUTPUT_TABLES["debtors"], table)["open_amount_minor"].tolist() == [
        a for a, _, _ in rows
    ]
    assert from_parquet(to_parquet(table)).equals(table)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("open_amount_minor", [10**18, 1, 1], "do not fit decimal"),
        ("open_amount_minor", [-(10**17), 1, 1], "do not fit decimal"),
        ("open_amount_minor", [1.5, 2.0, 3.0], "must be whole numbers"),
        ("currency", ["EUR", "CLF", "EUR"], "CLF has more than 3 digits"),
        ("currency", ["EUR", None, "EUR"], "an amount without a currency"),
        ("oldest_days_past_due", [1.5, 2.0, 3.0], "is not days"),
        ("customer_id", [1, 2, 3], "is not id"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused(column: str, values: list, message: str) -> None:
    """Nothing is rounded, cut or turned into text on its way out."""
    frame = tiny_tables()["debtors"].assign(**{column: values})
    with pytest.raises(PublicationError, match=f"debtors.*{message}"):
        to_arrow(OUTPUT_TABLES["debtors"], frame, RUN)


def test_a_day_with_an_hour_is_refused() -> None:
    """A moment is not a day: which day it means depends on a time zone."""
    frame = tiny_tables()["predictions"]
    frame["due_on"] = pd.Timestamp("2026-03-12 10:00")
    with pytest.raises(PublicationError, match=r"predictions\.due_on is not day: 2026-03-12T10:00"):
        to_arrow(OUTPUT_TABLES["predictions"], frame, RUN)


@pytest.mark.parametrize(
    ("table", "column", "values", "message"),
    [
        (
            "segments",
            "reason",
            ["x", "", "y"],
            r"segments\.reason must be filled: 1 of 3 rows.*customer_id c1",
        ),
        ("segments", "source", ["model", "me", "new"], r"segments\.source must be one of model, rule.*'me'"),
        ("segments", "risk", ["low", "low", "some"], r"segments\.risk must be one of high, average, low"),
        ("segments", "confidence", [0.5, 1.01, None], r"segments\.confidence must lie within 0 and 1.*1\.01"),
        ("segments", "confidence", [0.5, np.inf, None], r"segments\.confidence must be a finite number"),
        (
            "segments",
            "customer_id",
            ["c1", "c1", "c3"],
            r"segments\.customer_id repeats the key.*customer_id c1",
        ),
        ("predictions", "p_1_30", [0.2, 1.0, 0.4, 0.5], r"must sum to 1: 1 of 4 rows.*invoice_id i2"),
        ("predictions", "paid_on_p10", [day("2026-03-01")] * 4, "paid_on_p10 must not be before as_of"),
        ("predictions", "paid_on_p90", [day("2026-03-05")] * 4, "paid_on_p90 must not be before paid_on_p50"),
        ("actions", "dunning_level_after", [-1], r"actions\.dunning_level_after must not be negative"),
    ],
)
def test_a_table_that_breaks_its_contract_is_not_published(
    tmp_path: Path, table: str, column: str, values: list, message: str
) -> None:
    """The refusal names table, column, rule and example; nothing appears on disk."""
    tables = tiny_tables()
    tables[table][column] = values
    with pytest.raises(PublicationError, match=message):
        publish(tables, inputs=inputs(), facts=RunFacts(), output=tmp_path / "out", now=NOW)
    assert not (tmp_path / "out").exists()


def test_rows_without_a_company_code_still_have_a_unique_key() -> None:
    """None equals none in a key: twice the same debtor and currency is refused."""
    debtors = tiny_tables()["debtors"]
    table = to_arrow(OUTPUT_TABLES["debtors"], pd.concat([debtors, debtors.tail(1)]), RUN)
    with pytest.raises(
        PublicationError, match=r"repeats the key.*1 of 4 rows.*customer_id c3, company_code None"
    ):
        check(OUTPUT_TABLES["debtors"], table)


def test_an_unknown_or_missing_column_or_table_is_refused(tmp_path: Path) -> None:
    """What the contract does not know cannot slip out, what it promises cannot be left out."""
    segments = OUTPUT_TABLES["segments"]
    with pytest.raises(PublicationError, match="segments has columns unknown to its contract: name"):
        to_arrow(segments, tiny_tables()["segments"].assign(name="x"), RUN)
    with pytest.raises(PublicationError, match="segments lacks the columns reason"):
        to_arrow(segments, tiny_tables()["segments"].drop(columns="reason"), RUN)
    tables = tiny_tables()
    actions = tables.pop("actions")
    with pytest.raises(PublicationError, match="missing: actions"):
        publish(tables, inputs=inputs(), facts=RunFacts(), output=tmp_path, now=NOW)
    with pytest.raises(PublicationError, match="does not know: notes"):
        publish(
            tables | {"actions": actions, "notes": actions},
            inputs=inputs(),
            facts=RunFacts(),
            output=tmp_path,
            now=NOW,
        )


def test_csv_has_the_currencys_digits_and_empty_for_none() -> None:
    """100.10 EUR and 900 JPY; no day and no text are empty fields; text is quoted where needed."""
    tables = tiny_tables()
    tables["predictions"]["reasons"] = ['late, "again"', "x", "x", None]
    contract = OUTPUT_TABLES["predictions"]
    content = to_csv(contract, to_arrow(contract, tables["predictions"], RUN)).decode()
    assert content.splitlines()[0].startswith("run_id,as_of,schema_version,invoice_id,customer_id")
    assert '"late, ""again"""' in content
    read = pd.read_csv(BytesIO(content.encode()), dtype="str", keep_default_na=False).set_index("invoice_id")
    assert read["open_amount"].to_dict() == {"i1": "100.10", "i2": "200.00", "i3": "50.00", "i4": "900"}
    assert read["paid_on_p90"].to_dict()["i4"] == ""
    assert read["due_on"].to_dict()["i4"] == "2026-02-27"


# --- publication ----------------------------------------------------------------------------------


def test_a_run_lies_in_its_folder_and_latest_points_at_it(tmp_path: Path) -> None:
    """Parquet files, further files and the manifest, read-only; CSV only on request."""
    published = publish_tiny(tmp_path, extra_files={"report.html": b"<html></html>"})
    assert published.path == tmp_path / "runs" / published.run_id
    assert not published.already
    assert published.is_latest
    names = {path.name for path in published.path.iterdir()}
    assert names == {f"{name}.parquet" for name in OUTPUT_TABLES} | {"manifest.json", "report.html"}
    assert {path.stat().st_mode & 0o222 for path in published.path.iterdir()} == {0}
    assert json.loads((tmp_path / "latest.json").read_text()) == {
        "schema_version": SCHEMA_VERSION,
        "run_id": published.run_id,
        "as_of": "2026-03-02",
        "path": f"runs/{published.run_id}",
    }
    assert {path.name for path in tmp_path.iterdir()} <= {"runs", "latest.json", ".lock"}


def test_the_manifest_says_what_went_in_and_what_came_out(tmp_path: Path) -> None:
    """Fingerprints, models, rows, warnings, and the hash of each file."""
    published = publish(
        tiny_tables(),
        inputs=inputs(models={"payment-time": "3"}, previous_run="p", previous_fingerprint="f"),
        facts=RunFacts(rows_in={"invoices": 4}, newest_fact=date(2026, 3, 1), warnings=("stale",)),
        output=tmp_path,
        now=NOW,
    )
    manifest = json.loads((published.path / "manifest.json").read_text())
    assert manifest["run_id"] == published.run_id
    assert manifest["ledger"] == "ledger-1"
    assert manifest["configuration"] == "configuration-1"
    assert manifest["previous_run"] == {"run_id": "p", "fingerprint": "f"}
    assert manifest["models"] == {"payment-time": "3"}
    assert manifest["rows_in"] == {"invoices": 4}
    assert manifest["rows_out"]["predictions"] == 4
    assert manifest["rows_out"]["rejected"] == 1
    assert manifest["newest_fact"] == "2026-03-01"
    assert manifest["warnings"] == ["stale"]
    assert manifest["created_at"] == "2026-03-02T04:30:00+00:00"
    on_disk = hashes(published.path)
    del on_disk["manifest.json"]
    assert {name: file["sha256"] for name, file in manifest["files"].items()} == on_disk


def test_the_same_inputs_give_the_same_bytes_in_any_order_of_rows(tmp_path: Path) -> None:
    """Two machines publish identical files; only the manifest holds the moment."""
    one = publish_tiny(tmp_path / "one")
    shuffled = {name: table.iloc[::-1] for name, table in tiny_tables().items()}
    two = publish(
        shuffled,
        inputs=inputs(),
        facts=RunFacts({"invoices": 4, "payments": 8}, date(2026, 3, 1)),
        output=tmp_path / "two",
        now=NOW + timedelta(hours=5),
    )
    assert one.run_id == two.run_id
    first, second = hashes(one.path), hashes(two.path)
    assert first.pop("manifest.json") != second.pop("manifest.json")
    assert first == second
    manifests = [json.loads((run.path / "manifest.json").read_text()) for run in (one, two)]
    assert manifests[0] | {"created_at": None} == manifests[1] | {"created_at": None}


@pytest.mark.parametrize(
    "other",
    [
        {"as_of": date(2026, 3, 3)},
        {"ledger": "ledger-2"},
        {"configuration": "configuration-2"},
        {"models": {"payment-time": "4"}},
        {"previous_run": "p"},
        {"previous_fingerprint": "f"},
        {"csv": True},
    ],
)
def test_every_input_is_part_of_the_run_id(other: dict) -> None:
    """Whatever decides the bytes of a run decides its name."""
    assert replace(inputs(), **other).run_id != inputs().run_id


def test_a_repeat_is_answered_already_published_and_changes_nothing(tmp_path: Path) -> None:
    """Not one byte or moment of the first publication is touched."""
    first = publish_tiny(tmp_path)
    before = hashes(first.path)
    again = publish_tiny(tmp_path, now=NOW + timedelta(days=1))
    assert again.already
    assert again.is_latest
    assert again.path == first.path
    assert hashes(first.path) == before


@pytest.mark.parametrize("pointer", [None, b"{", b'{"run_id": "gone"}'])
def test_a_repeat_mends_a_lost_or_broken_latest(tmp_path: Path, pointer: bytes | None) -> None:
    """The pointer can always be derived from the runs."""
    run_id = publish_tiny(tmp_path).run_id
    latest = tmp_path / "latest.json"
    latest.unlink()
    if pointer is not None:
        latest.write_bytes(pointer)
        with pytest.raises(PublicationError, match="the next publication mends it"):
            latest_run(tmp_path)
    assert publish_tiny(tmp_path).already
    run = latest_run(tmp_path)
    assert run is not None
    assert run.run_id == run_id


def test_latest_never_moves_to_an_earlier_day(tmp_path: Path) -> None:
    """A back-dated run is published and readable, but not the latest."""
    newest = publish_tiny(tmp_path)
    dated_back = publish_tiny(tmp_path, as_of=DAY - timedelta(days=30), now=NOW + timedelta(hours=1))
    assert not dated_back.is_latest
    assert dated_back.latest_run_id == newest.run_id
    assert find_run(tmp_path, dated_back.run_id) is not None
    run = latest_run(tmp_path)
    assert run is not None
    assert run.run_id == newest.run_id
    assert publish_tiny(tmp_path, as_of=DAY + timedelta(days=1)).is_latest


def test_on_the_same_day_the_run_published_last_is_the_latest(tmp_path: Path) -> None:
    """A newer ledger replaces the morning's run; repeating the morning's run does not bring it back."""
    morning = publish_tiny(tmp_path)
    noon = publish_tiny(tmp_path, ledger="ledger-2", now=NOW + timedelta(hours=7))
    assert noon.is_latest
    repeat = publish_tiny(tmp_path, now=NOW + timedelta(hours=9))
    assert repeat.already
    assert repeat.run_id == morning.run_id
    assert repeat.latest_run_id == noon.run_id


def test_the_previous_run_is_the_one_of_the_greatest_day_before(tmp_path: Path) -> None:
    """Not the latest, not the one published last, and never one of the day itself."""
    assert previous_run(tmp_path, DAY) is None
    early = publish_tiny(tmp_path, as_of=DAY - timedelta(days=2), now=NOW + timedelta(hours=3))
    publish_tiny(tmp_path, as_of=DAY - timedelta(days=1))
    evening = publish_tiny(
        tmp_path, as_of=DAY - timedelta(days=1), ledger="ledger-2", now=NOW + timedelta(hours=1)
    )
    publish_tiny(tmp_path)
    found = [previous_run(tmp_path, DAY - timedelta(days=back)) for back in (0, 1, 2)]
    assert [run and run.run_id for run in found] == [evening.run_id, early.run_id, None]
    assert len(all_runs(tmp_path)) == 4


def test_the_fingerprint_of_a_run_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    """So that the next run, whose inputs hold it, stays repeatable."""
    publish_tiny(tmp_path / "one")
    publish_tiny(tmp_path / "two", now=NOW + timedelta(days=3))
    one, two = latest_run(tmp_path / "one"), latest_run(tmp_path / "two")
    assert one is not None
    assert two is not None
    assert one.fingerprint == two.fingerprint


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    """It waits briefly, publishes nothing, and names the lock."""
    with FileLock(tmp_path / ".lock"), pytest.raises(PublicationError, match=r"another process.*\.lock"):
        publish_tiny(tmp_path, lock_wait_seconds=0.05)
    assert latest_run(tmp_path) is None
    assert publish_tiny(tmp_path).is_latest


def test_what_a_dead_writer_left_is_removed(tmp_path: Path) -> None:
    """Half a run and half a pointer vanish with the next publication."""
    half = tmp_path / "runs" / ".tmp-0123456789abcdef"
    half.mkdir(parents=True)
    (half / "segments.parquet").write_bytes(b"PAR1")
    (tmp_path / ".tmp-latest.json").write_bytes(b"{")
    run_id = publish_tiny(tmp_path).run_id
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [run_id]
    assert {path.name for path in tmp_path.iterdir()} <= {"runs", "latest.json", ".lock"}


@pytest.mark.parametrize("damage", ["changed", "missing", "not of the run"])
def test_a_damaged_run_is_found_and_not_answered_as_published(tmp_path: Path, damage: str) -> None:
    """Every file is compared with the manifest; the way out is named."""
    path = publish_tiny(tmp_path).path
    run = latest_run(tmp_path)
    assert run is not None
    verify(run)
    if damage == "changed":
        (path / "predictions.parquet").chmod(0o644)
        (path / "predictions.parquet").write_bytes(b"PAR1")
    elif damage == "missing":
        (path / "predictions.parquet").unlink()
    else:
        (path / "predictions.txt").write_bytes(b"")
    with pytest.raises(PublicationError, match=rf"damaged: predictions\.\w+ \({damage}\)"):
        verify(run)
    with pytest.raises(PublicationError, match=r"Remove .* and run again"):
        publish_tiny(tmp_path)


def test_a_run_without_its_manifest_is_no_run(tmp_path: Path) -> None:
    """It is never the latest or the previous one, and is not overwritten in silence."""
    published = publish_tiny(tmp_path)
    (published.path / "manifest.json").unlink()
    assert all_runs(tmp_path) == []
    assert previous_run(tmp_path, DAY + timedelta(days=1)) is None
    with pytest.raises(PublicationError, match=r"no whole manifest\.json"):
        publish_tiny(tmp_path)


def test_a_full_disk_is_said_in_words_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The previous run stays the latest; the half run is removed at once."""
    first = publish_tiny(tmp_path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        with pytest.raises(PublicationError, match=r"cannot publish.*No space left on device"):
            publish_tiny(tmp_path, ledger="ledger-2")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [first.run_id]
    assert publish_tiny(tmp_path, ledger="ledger-2").already is False


@pytest.mark.parametrize("name", ["../report.html", "manifest.json", "segments.csv", ".hidden"])
def test_a_further_file_cannot_take_a_name_of_the_run(tmp_path: Path, name: str) -> None:
    """Nor leave the run's folder."""
    with pytest.raises(PublicationError, match="cannot be the name"):
        publish_tiny(tmp_path, extra_files={name: b""})


def test_a_moment_without_time_zone_is_refused(tmp_path: Path) -> None:
    """Moments of two machines could not be compared."""
    with pytest.raises(PublicationError, match="needs a time zone"):
        publish_tiny(tmp_path, now=NOW.replace(tzinfo=None))


def test_a_table_of_another_major_contract_is_not_read(tmp_path: Path) -> None:
    """Its columns could mean something else."""
    publish_tiny(tmp_path)
    run = latest_run(tmp_path)
    assert run is not None
    newer = replace(run, manifest={**run.manifest, "schema_version": "99.0"})
    with pytest.raises(PublicationError, match=r"follows contract 99\.0"):
        read_table(newer, "segments")
    with pytest.raises(PublicationError, match="no output table 'notes'"):
        read_table(run, "notes")
