"""Publish a run whole or not at all.

Everything is written into a hidden folder, brought to disk, and given its name in one step; then
`latest.json` is switched in one step. A process that dies in between leaves the previous run as it
was. Only the manifest holds a moment in time: the same inputs give the same other files, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from features.contracts import OUTPUT_TABLES, SCHEMA_VERSION
from features.errors import PublicationError
from pipelines.privacy.rewriting import mend
from pipelines.runs.durable_files import make_folder, remove, rename, sync_folder, write_file
from pipelines.runs.one_writer import one_writer
from pipelines.runs.output_folder import HIDDEN, clean_up, json_bytes, point_at_latest
from pipelines.runs.published_runs import (
    MANIFEST,
    RUNS,
    content_fingerprint,
    find_run,
    verify,
)


@dataclass(frozen=True)
class RunInputs:
    """Everything that decides the bytes of a run."""

    as_of: date
    ledger: str
    configuration: str
    models: Mapping[str, str] = field(default_factory=dict)
    model_fingerprints: Mapping[str, str] = field(default_factory=dict)
    previous_run: str | None = None
    previous_fingerprint: str | None = None
    csv: bool = False

    @property
    def run_id(self) -> str:
        """16 hexadecimal digits: the hash of the inputs, the contract's and the product's version."""
        models = {"models": dict(self.models), "model_fingerprints": dict(self.model_fingerprints)}
        inputs = vars(self) | {"as_of": self.as_of.isoformat()} | models
        versions = {"schema_version": SCHEMA_VERSION, "product_version": version("debtscape")}
        return sha256(json.dumps(inputs | versions, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class RunFacts:
    """What the manifest says about a run beside its inputs, for those who look at it.

    `rows_in`: rows read per ledger table. `bank_known_until`: last day whose bank statement is in, None where
    nobody says. `quality`, `reliability`: how the champion was measured when it was trained (JSON-ready
    rows; None without a curve). `figures_per_collector`: whether figures may be shown per person.
    """

    rows_in: Mapping[str, int] = field(default_factory=dict)
    newest_fact: date | None = None
    warnings: tuple[str, ...] = ()
    bank_known_until: date | None = None
    home_currency: str | None = None
    quality: tuple[Mapping[str, Any], ...] = ()
    reliability: tuple[Mapping[str, Any], ...] | None = None
    figures_per_collector: bool = False


@dataclass(frozen=True)
class Published:
    """Where the run is, whether it was there already, and which run is the latest now."""

    run_id: str
    path: Path
    already: bool
    latest_run_id: str

    @property
    def is_latest(self) -> bool:
        """Whether `latest.json` names this run; not so for a back-dated one."""
        return self.run_id == self.latest_run_id


def publish(
    tables: Mapping[str, pd.DataFrame],
    *,
    inputs: RunInputs,
    facts: RunFacts,
    output: Path,
    now: datetime,
    extra_files: Mapping[str, bytes] | None = None,
    lock_wait_seconds: float = 10.0,
) -> Published:
    """Write one run and let `latest.json` name the run with the greatest as-of day.

    `tables` holds every table of the output contract with inside names (an empty frame where there
    are no rows). Of several runs on the greatest day the latest is the one published last. A run
    with the same inputs is not written again; a missing or stale `latest.json` is mended then.

    PublicationError when a table breaks its contract, another process is publishing, the run's
    folder is damaged, or the disk refuses. Nothing is published then.
    """
    run_id = inputs.run_id
    files: dict[str, bytes] | None = None
    rows_out: dict[str, int] = {}
    if not (output / RUNS / run_id).exists():
        # made before the lock is taken, so that others wait for the disk only
        files, rows_out = _contents(tables, inputs, extra_files or {})
    with one_writer(output, "publish", lock_wait_seconds):
        mend(output)
        clean_up(output)
        published = find_run(output, run_id)
        if published is not None:
            verify(published)
        elif files is None:
            raise PublicationError(f"run {run_id} was removed while it was being published; run again")
        else:
            manifest = _manifest(inputs, facts, files, rows_out, now)
            _write_run(output / RUNS / run_id, {**files, MANIFEST: json_bytes(manifest)})
        latest = point_at_latest(output)
    return Published(run_id, output / RUNS / run_id, published is not None, latest.run_id)


def _contents(
    tables: Mapping[str, pd.DataFrame], inputs: RunInputs, extra_files: Mapping[str, bytes]
) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return the files of the run, except the manifest, and the rows of each table."""
    from pipelines.runs.arrow_tables import to_arrow, to_csv, to_parquet
    from pipelines.runs.output_checks import check

    _compare_names(tables, extra_files)
    run = {"run_id": inputs.run_id, "as_of": inputs.as_of, "schema_version": SCHEMA_VERSION}
    files, rows = dict(extra_files), {}
    for name, contract in OUTPUT_TABLES.items():
        table = to_arrow(contract, tables[name], run)
        check(contract, table)
        files[f"{name}.parquet"] = to_parquet(table)
        if inputs.csv:
            files[f"{name}.csv"] = to_csv(contract, table)
        rows[name] = table.num_rows
    return files, rows


def _compare_names(tables: Mapping[str, pd.DataFrame], extra_files: Mapping[str, bytes]) -> None:
    if missing := OUTPUT_TABLES.keys() - tables.keys():
        raise PublicationError(
            f"a run holds all tables of the contract; missing: {', '.join(sorted(missing))}"
        )
    if unknown := tables.keys() - OUTPUT_TABLES.keys():
        raise PublicationError(f"tables that the contract does not know: {', '.join(sorted(unknown))}")
    for name in extra_files:
        taken = name == MANIFEST or Path(name).stem in OUTPUT_TABLES
        if taken or Path(name).name != name or name.startswith("."):
            raise PublicationError(f"{name!r} cannot be the name of a further file of a run")


def _manifest(
    inputs: RunInputs, facts: RunFacts, files: Mapping[str, bytes], rows_out: Mapping[str, int], now: datetime
) -> dict[str, Any]:
    if now.tzinfo is None:
        raise PublicationError(f"the moment of publication needs a time zone: {now}")
    hashes = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    previous = {"run_id": inputs.previous_run, "fingerprint": inputs.previous_fingerprint}
    return {
        "schema_version": SCHEMA_VERSION,
        "product_version": version("debtscape"),
        "run_id": inputs.run_id,
        "as_of": inputs.as_of.isoformat(),
        "created_at": now.astimezone(UTC).isoformat(),
        "fingerprint": content_fingerprint(hashes),
        "ledger": inputs.ledger,
        "configuration": inputs.configuration,
        "previous_run": previous if inputs.previous_run else None,
        "models": dict(sorted(inputs.models.items())),
        "model_fingerprints": dict(sorted(inputs.model_fingerprints.items())),
        "newest_fact": facts.newest_fact.isoformat() if facts.newest_fact else None,
        "bank_known_until": facts.bank_known_until.isoformat() if facts.bank_known_until else None,
        "home_currency": facts.home_currency,
        "quality": [dict(row) for row in facts.quality],
        "reliability": None if facts.reliability is None else [dict(row) for row in facts.reliability],
        "figures_per_collector": facts.figures_per_collector,
        "rows_in": dict(facts.rows_in),
        "rows_out": dict(rows_out),
        "warnings": list(facts.warnings),
        "files": {name: {"sha256": hashes[name], "bytes": len(files[name])} for name in hashes},
    }


def _write_run(folder: Path, files: Mapping[str, bytes]) -> None:
    hidden = folder.parent / f"{HIDDEN}{folder.name}"
    make_folder(hidden)
    try:
        for name, content in files.items():
            write_file(hidden / name, content)
        sync_folder(hidden)
    except BaseException:
        with suppress(OSError):
            remove(hidden)
        raise
    rename(hidden, folder)
