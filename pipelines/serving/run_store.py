"""The latest published run in memory, whole: a new one is loaded beside it and takes its place in one step.

Readers take no lock of the publisher. A run is taken only when its manifest was the same before and after
its files were read, so that no answer holds rows of two runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from starlette.concurrency import run_in_threadpool

from features.contracts import OUTPUT_TABLES
from features.errors import DebtscapeError, PublicationError
from pipelines.delivering.delivery import APPROVED_TABLES, leaving, waits
from pipelines.page.facts import facts_of
from pipelines.page.whole import tables_of
from pipelines.runs.arrow_tables import to_arrow
from pipelines.runs.published_runs import (
    LATEST,
    RUNS,
    PublishedRun,
    all_runs,
    find_run,
    latest_run,
    verify,
)
from pipelines.serving.queries import AskedTable
from pipelines.serving.served_page import ServedPage

_TRIES, _BETWEEN_TRIES_SECONDS, _REST_SECONDS = 6, 0.25, 5.0
_LOG = logging.getLogger("debtscape.serving")

State = tuple[tuple[int, int] | None, ...]


class NotReadyError(DebtscapeError):
    """No run can be served yet."""


@dataclass(frozen=True)
class ServedRun:
    """One run as it is served.

    `tables`: what may leave, as the contract says it. `waiting`: of the tables that need approval, the
    standing rows that wait for it. `page`: what people see, made when it is first asked for. `runs`: all
    that are published, the latest last.
    """

    run: PublishedRun
    before: PublishedRun | None
    runs: tuple[PublishedRun, ...]
    tables: Mapping[str, AskedTable]
    waiting: Mapping[str, AskedTable]
    page: ServedPage

    @property
    def facts(self) -> dict[str, str]:
        """What every answer carries."""
        return {
            "run_id": self.run.run_id,
            "as_of": self.run.as_of.isoformat(),
            "schema_version": str(self.run.manifest["schema_version"]),
        }

    @property
    def etag(self) -> str:
        """Changes with the run and with its content, which erasing a debtor changes."""
        return f'"{self.run.run_id}-{self.run.fingerprint[:12]}"'


class RunStore:
    """Holds the latest run of an output folder; one for each server."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._served: ServedRun | None = None
        self._why = "the run is being loaded"
        self._seen: State | None = None
        self._failed: State | None = None
        self._rest_until = 0.0
        self._loading = threading.Lock()

    async def current(self) -> ServedRun:
        """Return the run to answer from; a newer one is loaded beside it.

        The first one is waited for, and one that was rewritten: nobody may see any more who was erased from
        it. NotReadyError, saying why, when there is none.
        """
        if self._served is None or (self._is_stale() and self._is_rewritten(self._served)):
            await run_in_threadpool(self.load)
        return self.at_once()

    def at_once(self) -> ServedRun:
        """Return the run in memory without waiting; a newer one begins to be loaded. NotReadyError."""
        if self._is_stale() and not self._loading.locked():
            threading.Thread(target=self.refresh, name="load-run", daemon=True).start()
        if self._served is None:
            raise NotReadyError(self._why)
        return self._served

    def refresh(self) -> None:
        """Load the latest run as `load` does, and make its page before somebody asks for it."""
        self.load()
        if self._served is not None:
            self._served.page.make()

    def load(self) -> None:
        """Load the latest run unless it is in memory; on trouble the one in memory stays."""
        with self._loading:
            for left in reversed(range(_TRIES)):
                if not self._is_stale():
                    return
                state = _state(self._output)
                try:
                    self._served, self._seen = self._load(), state
                except NotReadyError as error:
                    self._give_up(state, str(error))
                except Exception:
                    # a run that is being rewritten is away for a moment; whatever else it is, readers go on
                    if left:
                        time.sleep(_BETWEEN_TRIES_SECONDS)
                    else:
                        _LOG.exception("the latest run cannot be loaded")
                        self._give_up(state, "the latest run cannot be read; the server's log says why")

    def _give_up(self, state: State, why: str) -> None:
        self._failed, self._why, self._rest_until = state, why, time.monotonic() + _REST_SECONDS

    def _is_stale(self) -> bool:
        state = _state(self._output)
        resting = state == self._failed and time.monotonic() < self._rest_until
        return state != self._seen and not resting

    def _is_rewritten(self, served: ServedRun) -> bool:
        held = (run for run in (served.run, served.before) if run)
        return any(_print(_found(self._output, run.run_id)) != _print(run) for run in held)

    def _load(self) -> ServedRun:
        run = latest_run(self._output)
        if run is None:
            raise NotReadyError("no run is published yet; `debtscape run` publishes one")
        before, runs, old = _before(self._output, run), tuple(all_runs(self._output)), self._served
        if old is not None and (_print(old.run), _print(old.before)) == (_print(run), _print(before)):
            return ServedRun(run, before, runs, old.tables, old.waiting, old.page)
        for read in filter(None, (run, before)):
            verify(read)
        inside = tables_of(run)
        tables = {name: AskedTable(table) for name, table in leaving(run, inside).tables.items()}
        waiting = {name: AskedTable(table) for name, table in _waiting(run, inside).items()}
        page = ServedPage(facts_of(run, before), inside, tables_of(before) if before else None)
        for read in filter(None, (run, before)):
            if _print(find_run(self._output, read.run_id)) != _print(read):
                raise PublicationError(f"run {read.run_id} was rewritten while it was read")
        return ServedRun(run, before, runs, tables, waiting, page)


def _state(output: Path) -> State:
    """Return what changes on disk with every publication and every erasure; two calls of the system."""

    def of(path: Path) -> tuple[int, int] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    return of(output / LATEST), of(output / RUNS)


def _found(output: Path, run_id: str) -> PublishedRun | None:
    """Return the run as it is on disk; None also where its folder is being changed."""
    try:
        return find_run(output, run_id)
    except PublicationError:
        return None


def _print(run: PublishedRun | None) -> tuple[str, str] | None:
    return (run.run_id, run.fingerprint) if run else None


def _before(output: Path, run: PublishedRun) -> PublishedRun | None:
    """Return the run that this one was compared with, where it is still there."""
    named = run.manifest["previous_run"]
    return find_run(output, named["run_id"]) if named else None


def _waiting(run: PublishedRun, inside: Mapping[str, pd.DataFrame]) -> dict[str, pa.Table]:
    """Return the standing rows that wait for a person's approval and so do not leave."""
    facts: dict[str, object] = {
        "run_id": run.run_id,
        "as_of": run.as_of,
        "schema_version": run.manifest["schema_version"],
    }
    waiting = {}
    for name in APPROVED_TABLES:
        rows = inside.get(name, pd.DataFrame())
        rows = rows[waits(rows)]
        standing = rows[rows["change"] != "withdrawn"] if "change" in rows else rows
        waiting[name] = to_arrow(OUTPUT_TABLES[name], standing, facts)
    return waiting
