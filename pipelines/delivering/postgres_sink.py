"""Hands a run on into PostgreSQL: schema `debtscape`, every run kept, a view per table for the newest day.

A run is one transaction, together with the changes of the tables that it needs: other sessions see all of
it or nothing. Who reads several views at once and wants them of one run does so in one transaction of
isolation REPEATABLE READ.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from features.contracts import OUTPUT_TABLES
from features.errors import PublicationError
from pipelines.delivering.delivery import Delivery, Held, content
from pipelines.runs.published_runs import PublishedRun, verify

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCHEMA = "debtscape"
MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_SECONDS = 10
"""Until a server that does not answer counts as away; an address may name its own connect_timeout."""
LOCK_SECONDS = 600
"""Until another deliverer counts as hanging."""
UNREACHABLE = {
    "authentication failed": "the server refuses this user and password",
    "Connection refused": "nothing answers at this host and port; is the server running?",
    "resolve host": "the host has no such name; look at it in the address",
    "timeout expired": "the server does not answer in time; is it behind a firewall?",
    "does not exist": "the server has no such user or database; create it, or look at the address",
    "too many": "the server has no connection left; try again later",
}
"""What the driver says of a server that cannot be reached (in English: libpq's), and what that means."""


def deliver_to_postgres(run: PublishedRun, variable: str) -> Delivery:
    """Write the run's tables into the database whose address is in the environment variable.

    Delivering a run again changes nothing, unless its content has changed since (a debtor was
    erased): then its rows are replaced. PublicationError when the run is damaged, the database is not to be
    reached or refuses; it names the variable, never the address. Nothing of the run is delivered then.
    """
    verify(run)
    with _transaction(variable, f"run {run.run_id} was not delivered") as connection:
        _one_at_a_time(connection)
        _migrate(connection)
        if _fingerprint(connection, run.run_id) == run.fingerprint:
            return Delivery(run.run_id, variable, True, {}, {})
        told = content(run)
        _announce(connection, run)
        for name, table in told.tables.items():
            _copy(connection, name, table)
    return Delivery(run.run_id, variable, False, told.rows, told.withheld)


def held_in_postgres(variable: str) -> Held:
    """Return the runs that the database keeps, and the one that the `current_` views show."""
    with _transaction(variable, "the delivered runs cannot be read") as connection:
        if connection.exec_driver_sql(f"select to_regclass('{SCHEMA}.current_run')").scalar() is None:
            return Held({}, None)
        kept = connection.exec_driver_sql(f"select run_id, fingerprint from {SCHEMA}.runs").all()
        shown = connection.exec_driver_sql(f"select run_id from {SCHEMA}.current_run").scalar()
    return Held({row.run_id: row.fingerprint for row in kept}, shown)


@contextmanager
def _transaction(variable: str, failed: str) -> Iterator[Connection]:
    """One transaction, given back whole when anything goes wrong. The address is a secret.

    No message repeats it, nor what the driver says while it connects.
    """
    from alembic.util import CommandError
    from psycopg import Error
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import SQLAlchemyError

    address = os.environ.get(variable)
    if not address:
        raise PublicationError(f"environment variable {variable} is not set; it holds the database's address")
    try:
        url = make_url(address)
        if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise ValueError
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
        engine = create_engine(url.set(drivername="postgresql+psycopg"), hide_parameters=True)
        connection = engine.connect()
    except Exception as error:  # drivers are free in what they raise, and in what they tell
        raise PublicationError(f"cannot connect to the PostgreSQL in {variable}: {_why(error)}") from None
    try:
        with connection, connection.begin():
            yield connection
    except (SQLAlchemyError, Error, CommandError) as error:
        said = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
        raise PublicationError(f"{failed}: the database in {variable} refused ({said[0][:200]})") from None
    finally:
        engine.dispose()


def _why(error: Exception) -> str:
    """Return what a failed connection means, in words of our own: the driver's hold the address.

    It gives no code for an error before a login, so its words are looked for, never repeated.
    """
    said = str(error)
    for words, meaning in UNREACHABLE.items():
        if words in said:
            return meaning
    return f"{type(error).__name__}; its address is like postgresql://user:password@host/database"


def _one_at_a_time(connection: Connection) -> None:
    """Wait for whoever delivers into this database; the end of the transaction lets the next one in."""
    milliseconds = int(1000 * LOCK_SECONDS)
    connection.exec_driver_sql(f"set local lock_timeout = {milliseconds}")
    connection.exec_driver_sql(f"select pg_advisory_xact_lock(hashtext('{SCHEMA}'))")


def _migrate(connection: Connection) -> None:
    """Bring the tables to the newest version."""
    from alembic import command
    from alembic.config import Config

    # asked first: who may write into the schema need not have the right to make one
    if connection.exec_driver_sql(f"select to_regnamespace('{SCHEMA}')").scalar() is None:
        connection.exec_driver_sql(f"create schema {SCHEMA}")
    connection.exec_driver_sql(f"set local search_path to {SCHEMA}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, schema=SCHEMA)
    command.upgrade(config, "head")


def _fingerprint(connection: Connection, run_id: str) -> Any:
    return connection.exec_driver_sql("select fingerprint from runs where run_id = %s", (run_id,)).scalar()


def _announce(connection: Connection, run: PublishedRun) -> None:
    """Write the run's own line; an older one of that id goes, with all its rows."""
    for name in ("runs", *OUTPUT_TABLES):
        connection.exec_driver_sql(f"delete from {name} where run_id = %s", (run.run_id,))
    connection.exec_driver_sql(
        "insert into runs (run_id, as_of, created_at, schema_version, fingerprint) "
        "values (%s, %s, %s, %s, %s)",
        (run.run_id, run.as_of, run.created_at, run.manifest["schema_version"], run.fingerprint),
    )


def _copy(connection: Connection, name: str, table: pa.Table) -> None:
    """Load the rows through COPY, in pieces, so that memory does not grow with the table."""
    import pyarrow.csv

    columns = ", ".join(f'"{column}"' for column in table.column_names)
    plain = pyarrow.csv.WriteOptions(include_header=False)
    driver: Any = connection.connection.driver_connection
    with driver.cursor().copy(f"copy {name} ({columns}) from stdin (format csv, encoding 'UTF8')") as copy:
        for piece in table.to_batches(max_chunksize=20_000):
            written = io.BytesIO()
            pyarrow.csv.write_csv(piece, written, plain)
            copy.write(written.getvalue())
