"""A run in a real PostgreSQL: whole, once, kept, and the newest day in the views."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from postgres_support import PASSWORD, can_start_postgres, postgres
from publication_support import DAY, NOW, inputs, publish_tiny, tiny_tables

from features.contracts import OUTPUT_TABLES, Kind
from features.contracts.output import RUN_COLUMNS
from features.errors import PublicationError
from pipelines.delivering import postgres_sink
from pipelines.delivering.handing_on import hand_on
from pipelines.delivering.postgres_sink import deliver_to_postgres, held_in_postgres
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import PublishedRun, find_run
from pipelines.settings_file import parse_settings

VARIABLE = "DELIVERY_DB"
needs_server = pytest.mark.skipif(not can_start_postgres(), reason="no PostgreSQL")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of one server for all tests of this file."""
    with postgres() as address:
        yield address


@pytest.fixture
def database(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address, with nothing delivered yet and named by the environment."""
    monkeypatch.setenv(VARIABLE, server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop schema if exists debtscape cascade")
    return server


def ask(address: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with psycopg.connect(address) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload]


def rows(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all delivered tables."""
    return {name: ask(address, f'select * from debtscape."{name}"') for name in ("runs", *OUTPUT_TABLES)}


def a_run(output: Path, as_of: date = DAY, **others: object) -> PublishedRun:
    """Publish the tiny run and return it."""
    run = find_run(output, publish_tiny(output, as_of=as_of, **others).run_id)
    assert run is not None
    return run


@needs_server
def test_every_table_arrives_with_exact_types(database: str, tmp_path: Path) -> None:
    """Rows as counted in the delivery; money numeric, days dates, flags booleans."""
    run = a_run(tmp_path)
    delivery = deliver_to_postgres(run, VARIABLE)
    assert {name: len(found) for name, found in rows(database).items()} == {"runs": 1, **delivery.rows}
    found = ask(
        database,
        "select run_id, as_of, overdue_amount, send_on, adverse, approved_by from debtscape.current_actions",
    )
    assert found == [(run.run_id, DAY, Decimal("100.100"), date(2026, 3, 4), False, None)]
    assert ask(database, "select p_late from debtscape.predictions where invoice_id = 'i3'") == [(0.2,)]
    assert delivery.withheld == {"actions": 0, "treatments": 1}
    assert ask(database, "select customer_id from debtscape.treatments order by 1") == [("c1",), ("c3",)]


@needs_server
def test_the_tables_are_those_of_the_contract(database: str, tmp_path: Path) -> None:
    """Columns, types and what may be empty: a column of the contract without a migration fails here."""
    types: dict[Kind, str] = {"id": "text", "text": "text", "day": "date", "money": "numeric"}
    types |= {"count": "bigint", "days": "bigint", "flag": "boolean"}
    types |= {"share": "double precision", "number": "double precision"}
    deliver_to_postgres(a_run(tmp_path), VARIABLE)
    for prefix in ("", "current_"):
        for name, contract in OUTPUT_TABLES.items():
            found = ask(
                database,
                "select column_name, data_type, is_nullable = 'NO' from information_schema.columns "
                f"where table_schema = 'debtscape' and table_name = '{prefix}{name}'",
            )
            told = {(c.name, types[c.kind], c.required) for c in (*RUN_COLUMNS, *contract.columns)}
            if prefix:  # a view says nothing about what may be empty
                found = [(column, kind, False) for column, kind, _ in found]
                told = {(column, kind, False) for column, kind, _ in told}
            assert set(found) == told, f"{prefix}{name}"


@needs_server
def test_delivering_twice_changes_nothing(database: str, tmp_path: Path) -> None:
    """The second time says so; not a row is written, not even the moment of delivery."""
    run = a_run(tmp_path)
    first = deliver_to_postgres(run, VARIABLE)
    before = rows(database)
    second = deliver_to_postgres(run, VARIABLE)
    assert (first.already, second.already) == (False, True)
    assert rows(database) == before


@needs_server
def test_history_is_kept_and_the_newest_day_is_current(database: str, tmp_path: Path) -> None:
    """Two days, delivered in the wrong order: both are there, the views show the later one."""
    older, newer = a_run(tmp_path), a_run(tmp_path, DAY + timedelta(days=1))
    assert held_in_postgres(VARIABLE).shown is None
    deliver_to_postgres(newer, VARIABLE)
    deliver_to_postgres(older, VARIABLE)
    assert held_in_postgres(VARIABLE).shown == newer.run_id
    assert ask(database, "select distinct run_id from debtscape.current_segments") == [(newer.run_id,)]
    assert ask(database, "select count(*) from debtscape.segments") == [(6,)]


@needs_server
def test_of_one_day_the_run_published_last_is_current(database: str, tmp_path: Path) -> None:
    """The same order as that of the runs themselves."""
    first = a_run(tmp_path, ledger="ledger-1")
    last = a_run(tmp_path, ledger="ledger-2", now=NOW + timedelta(hours=1))
    for run in (last, first):
        deliver_to_postgres(run, VARIABLE)
    assert held_in_postgres(VARIABLE).shown == last.run_id


@needs_server
def test_a_run_that_was_rewritten_replaces_its_rows(database: str, tmp_path: Path) -> None:
    """After an erasure the same run id has another fingerprint: no old row stays."""
    run = a_run(tmp_path)
    deliver_to_postgres(run, VARIABLE)
    with psycopg.connect(database) as connection:
        connection.execute("update debtscape.runs set fingerprint = 'older'")
        connection.execute("update debtscape.segments set customer_id = 'erased' where customer_id = 'c1'")
    assert not deliver_to_postgres(run, VARIABLE).already
    found = ask(database, "select customer_id from debtscape.segments order by 1")
    assert found == [("c1",), ("c2",), ("c3",)]


@needs_server
@pytest.mark.parametrize(
    "name", ["a\n\\.\nb", "\\.", 'say "x", y', "'; drop table runs; --", "\\N", "NULL", "=1+1", "a\r\nb\tc"]
)
def test_any_text_arrives_as_it_is(database: str, tmp_path: Path, name: str) -> None:
    """Quotes, line ends, what COPY reads as its own marks, SQL: all are only text."""
    tables = tiny_tables()
    tables["actions"]["reason"] = name
    made = publish(tables, inputs=inputs(), facts=RunFacts(), output=tmp_path, now=NOW)
    run = find_run(tmp_path, made.run_id)
    assert run is not None
    deliver_to_postgres(run, VARIABLE)
    assert ask(database, "select reason, approved_by from debtscape.actions") == [(name, None)]


def at_first_revision(address: str) -> None:
    """Make the tables as the first version of deliveries made them."""
    with (
        patch.object(command, "upgrade", partial(_upgrade_to, "1")),
        postgres_sink._transaction(VARIABLE, "no") as connection,
    ):
        postgres_sink._migrate(connection)
    assert ask(address, "select version_num from debtscape.alembic_version") == [("1",)]


def _upgrade_to(revision: str, config: Config, _: str, upgrade: Any = command.upgrade) -> None:
    upgrade(config, revision)


@needs_server
def test_tables_of_an_older_version_are_kept_and_new_ones_added(database: str, tmp_path: Path) -> None:
    """A row that an older version delivered stays; the newest tables are there after the next delivery."""
    at_first_revision(database)
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into debtscape.runs values ('old', '2026-01-01', now(), '1.2', 'f', now());"
            "insert into debtscape.migrations (run_id, as_of, schema_version, segment, debtors)"
            " values ('old', '2026-01-01', '1.2', 'A', 5)"
        )
    deliver_to_postgres(a_run(tmp_path), VARIABLE)
    assert ask(database, "select debtors from debtscape.migrations where run_id = 'old'") == [(5,)]
    assert ask(database, "select count(*) from debtscape.current_payment_events") is not None
    assert held_in_postgres(VARIABLE).fingerprints.keys() == {"old", a_run(tmp_path).run_id}


GRANTS = """
create role {role} login password 'reader-secret';
grant usage on schema debtscape to {role};
grant select on all tables in schema debtscape to {role};
alter default privileges in schema debtscape grant select on tables to {role};
"""


@needs_server
def test_a_reader_may_read_all_now_and_later_and_write_nothing(database: str, tmp_path: Path) -> None:
    """The grants of docs/deliveries.md, given once before the newest tables came, reach these too."""
    at_first_revision(database)
    with psycopg.connect(database) as connection:
        connection.execute(GRANTS.format(role="analyst"))  # type: ignore[call-overload]
    deliver_to_postgres(a_run(tmp_path), VARIABLE)
    reader = database.replace(f"writer:{PASSWORD}", "analyst:reader-secret")
    for name in OUTPUT_TABLES:
        assert ask(reader, f"select count(*) from debtscape.current_{name}")
    for forbidden in ("delete from debtscape.runs", "create table debtscape.mine (a int)"):
        with psycopg.connect(reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(forbidden)  # type: ignore[call-overload]
    with psycopg.connect(database) as connection:
        connection.execute("drop owned by analyst; drop role analyst")


@needs_server
def test_a_reader_sees_only_whole_runs_while_they_are_delivered(database: str, tmp_path: Path) -> None:
    """Polled during five deliveries and a replacement: always one run, with all its rows, or none yet."""
    runs = [a_run(tmp_path, ledger=f"ledger-{n}", now=NOW + timedelta(hours=n)) for n in range(5)]
    deliver_to_postgres(runs[0], VARIABLE)
    with psycopg.connect(database) as connection:
        connection.execute(GRANTS.format(role="poller"))  # type: ignore[call-overload]
    reader = database.replace(f"writer:{PASSWORD}", "poller:reader-secret")
    seen, done = [], Event()

    def poll() -> None:
        with psycopg.connect(reader, autocommit=True) as connection:
            while not done.is_set():
                seen.append(connection.execute(ONE_LOOK).fetchone())

    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll)
        for run in runs[1:]:
            deliver_to_postgres(run, VARIABLE)
        with psycopg.connect(database) as connection:
            connection.execute("update debtscape.runs set fingerprint = 'older'")
        assert not deliver_to_postgres(runs[4], VARIABLE).already
        done.set()
        polling.result(timeout=30)
    assert {look[1:] for look in seen} == {(1, 3, 4, 2)}
    assert {look[0] for look in seen} <= {run.run_id for run in runs}
    assert seen[-1][0] == runs[4].run_id
    with psycopg.connect(database) as connection:
        connection.execute("drop owned by poller; drop role poller")


ONE_LOOK = """
select (select run_id from debtscape.current_run),
    (select count(distinct run_id) from (
        select run_id from debtscape.current_segments
        union all select run_id from debtscape.current_predictions
    ) as both_tables),
    (select count(*) from debtscape.current_segments),
    (select count(*) from debtscape.current_predictions),
    (select count(*) from debtscape.current_treatments)
"""


@needs_server
def test_two_deliverers_at_once_take_turns(database: str, tmp_path: Path) -> None:
    """Four deliver two runs at the same time into an empty database: each is there once."""
    runs = [a_run(tmp_path, DAY + timedelta(days=n)) for n in (0, 1)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda run: deliver_to_postgres(run, VARIABLE), [*runs, *runs]))
    assert sorted((delivery.run_id, delivery.already) for delivery in made) == sorted(
        (run.run_id, already) for run in runs for already in (False, True)
    )
    counts = ask(database, "select run_id, count(*) from debtscape.segments group by run_id order by run_id")
    assert counts == sorted((run.run_id, 3) for run in runs)


@needs_server
def test_a_deliverer_that_hangs_is_not_waited_for_without_end(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds the lock and does nothing: a refusal that says so, after a time."""
    monkeypatch.setattr(postgres_sink, "LOCK_SECONDS", 0.1)
    with psycopg.connect(database) as hanging:
        hanging.execute("select pg_advisory_xact_lock(hashtext('debtscape'))")
        with pytest.raises(PublicationError, match=r"was not delivered.*lock timeout"):
            deliver_to_postgres(a_run(tmp_path), VARIABLE)


KILLER = """
import os, signal, sys
from pathlib import Path
from pipelines.delivering import postgres_sink
from pipelines.runs.published_runs import find_run
copy, left = postgres_sink._copy, [int(sys.argv[3])]
def dying(*arguments):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    copy(*arguments)
postgres_sink._copy = dying
postgres_sink.deliver_to_postgres(find_run(Path(sys.argv[1]), sys.argv[2]), "DELIVERY_DB")
"""


@needs_server
def test_a_death_in_the_middle_leaves_nothing(database: str, tmp_path: Path) -> None:
    """Killed before the sixth table: not even the schema is there; the next try delivers all, once."""
    run = a_run(tmp_path)
    command = [sys.executable, "-c", KILLER, str(tmp_path), run.run_id, "5"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert ask(database, "select to_regnamespace('debtscape')") == [(None,)]
    deliver_to_postgres(run, VARIABLE)
    assert ask(database, "select count(*) from debtscape.segments") == [(3,)]


@needs_server
def test_a_failure_in_the_middle_leaves_the_delivery_before(database: str, tmp_path: Path) -> None:
    """Whatever breaks between two tables, the day before stays as it was."""
    deliver_to_postgres(a_run(tmp_path), VARIABLE)
    before, copy = rows(database), postgres_sink._copy

    def breaking(connection: Any, name: str, table: Any) -> None:
        if name == "actions":
            raise KeyboardInterrupt
        copy(connection, name, table)

    later = a_run(tmp_path, DAY + timedelta(days=1))
    with patch.object(postgres_sink, "_copy", breaking), pytest.raises(KeyboardInterrupt):
        deliver_to_postgres(later, VARIABLE)
    assert rows(database) == before


@needs_server
def test_a_refusal_of_the_database_is_told_without_the_address(
    database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The tables of somebody else, or of a newer version: two lines, no password in them or in a log."""
    caplog.set_level(logging.DEBUG)
    run = a_run(tmp_path)
    deliver_to_postgres(run, VARIABLE)
    with psycopg.connect(database) as connection:
        connection.execute("update debtscape.alembic_version set version_num = 'newer'")
    with pytest.raises(
        PublicationError, match=r"was not delivered: the database in DELIVERY_DB refused"
    ) as no:
        deliver_to_postgres(run, VARIABLE)
    assert "newer" in str(no.value)
    out, err = capfd.readouterr()
    assert PASSWORD not in str(no.value) + caplog.text + out + err


@needs_server
def test_a_role_without_rights_is_refused(database: str, tmp_path: Path, monkeypatch: Any) -> None:
    """A login that may not make a schema learns what the database says, without its own address."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute("create role reader login password 'reader-secret'")
    monkeypatch.setenv(VARIABLE, database.replace(f"writer:{PASSWORD}", "reader:reader-secret"))
    with pytest.raises(PublicationError, match=r"permission denied for database postgres") as refusal:
        deliver_to_postgres(a_run(tmp_path), VARIABLE)
    assert "reader-secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (None, r"environment variable DELIVERY_DB is not set"),
        ("postgresql://eve:hunter2@127.0.0.1:1/hidden", r"cannot connect .* in DELIVERY_DB: nothing answers"),
        ("postgresql://eve:hunter2@hidden.invalid/x", r"DELIVERY_DB: the host has no such name"),
        ("sqlite:///hunter2-hidden", r"cannot connect to the PostgreSQL in DELIVERY_DB"),
        ("hunter2 hidden", r"cannot connect to the PostgreSQL in DELIVERY_DB"),
    ],
)
def test_an_address_that_fails_stays_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str | None, said: str
) -> None:
    """The refusal names the variable, never what is in it."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if address:
        monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(PublicationError, match=said) as refusal:
        deliver_to_postgres(a_run(tmp_path), VARIABLE)
    assert "hunter2" not in str(refusal.value)
    assert "hidden" not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@needs_server
def test_a_wrong_password_stays_secret(database: str, tmp_path: Path, monkeypatch: Any) -> None:
    """What the server says about a login is not repeated, but that it was the login is said."""
    monkeypatch.setenv(VARIABLE, database.replace(PASSWORD, "wrong-secret"))
    with pytest.raises(PublicationError, match=r"the server refuses this user and password") as refusal:
        deliver_to_postgres(a_run(tmp_path), VARIABLE)
    assert "secret" not in str(refusal.value)


@needs_server
def test_a_login_that_fails_is_nowhere_to_be_read(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Wrong password, unknown database: files, logs and lines are searched for what is in the address."""
    caplog.set_level(logging.DEBUG)
    a_run(tmp_path / "out")
    said = {"ledger": {"invoices": {"path": "x.csv"}}, "deliver": {"postgres": f"sql:{VARIABLE}"}}
    settings = parse_settings(said, base=tmp_path)
    secret = database.replace(PASSWORD, "wrong-secret")
    for address in (secret, database.replace("/postgres", "/secret-base")):
        monkeypatch.setenv(VARIABLE, address)
        told = hand_on(settings, now=NOW)
        assert told["sinks"][0]["state"] == "failed"
        written = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
        everything = f"{told} {caplog.text} {capfd.readouterr()} {written}"
        port = address.rpartition(":")[2].partition("/")[0]
        for hidden in ("wrong-secret", "secret-base", PASSWORD, f"127.0.0.1:{port}", "writer"):
            assert hidden not in everything


def test_a_damaged_run_never_reaches_the_database(tmp_path: Path) -> None:
    """It is refused before anything is connected to."""
    run = a_run(tmp_path)
    damaged = replace(run, manifest={**run.manifest, "fingerprint": "other"})
    with pytest.raises(PublicationError, match=r"damaged"):
        deliver_to_postgres(damaged, VARIABLE)
