"""Forget one debtor: the only operation that rewrites what was published.

The debtor's rows leave every table of every run and backtest; totals, profiles and figures of models stay. A
run that held the debtor gets new hashes and an entry `erased` in its manifest, with the day and counts only.
Each folder is replaced as a whole, and whoever dies on the way is followed by one who does the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import PublicationError
from features.pseudonyms import DEBTOR, pseudonym
from pipelines.privacy.debtor_rows import (
    Debtor,
    among,
    debtor_of,
    its_rows,
    known_debtors,
    shape,
    with_known_keys,
    without_actions,
)
from pipelines.privacy.rewriting import BACKTESTS, mend, rewrite
from pipelines.privacy.traces import PAGES, erase_traces, names_it
from pipelines.receiving.erasure import erase_received, still_waiting
from pipelines.receiving.store import kept
from pipelines.runs.durable_files import remove
from pipelines.runs.one_writer import one_writer
from pipelines.runs.output_folder import HIDDEN, clean_up, json_bytes, point_at_latest
from pipelines.runs.published_runs import (
    MANIFEST,
    PublishedRun,
    all_runs,
    content_fingerprint,
    read_table,
    verify,
)

if TYPE_CHECKING:
    import pyarrow as pa

UNREACHED = (
    "your own source files: as long as the debtor is in them, the next run knows it again",
    "what was delivered: debtscape deliver hands the rewritten runs on again; and copies and backups",
    "what models learned from its invoices: train again without the debtor",
    "words that people typed about it elsewhere, such as the reason of an approval for another debtor",
    "lists of who would move, of models that are tracked elsewhere than in the output folder",
)
WITHDRAWN_WARNING = "a warning was withdrawn: it named a debtor that was erased"


@dataclass(frozen=True)
class Forgotten:
    """What was erased: rows per table over all runs, how many were rewritten, and the other traces."""

    runs: int
    rows: Mapping[str, int]
    backtests: int
    backtest_rows: int
    traces: Mapping[str, int]
    unreached: tuple[str, ...] = UNREACHED


def forget(
    output: Path,
    customer_id: str,
    *,
    day: date,
    received: Path | None = None,
    key: bytes | None = None,
    invoices: Set[str] = frozenset(),
    lock_wait_seconds: float = 10.0,
) -> Forgotten:
    """Erase a debtor from everything below `output`, and return what was erased and what is out of reach.

    `customer_id`: plain, or its pseudonym. `day`: of the erasure, for the manifests. `received`: the folder
    of what other tools reported. `key`: that of the pseudonyms, where runs have them. `invoices`: known to be
    the debtor's, beside those that runs and reports name as its own. Reports and pages of the runs that held
    the debtor are withdrawn. Nothing left to erase is no error, so after a death in the middle one calls it
    again.

    PublicationError when a run is damaged (nothing is changed then), another process is publishing or
    delivering, or the disk refuses. ConfigurationError when the key is too short.
    """
    if not customer_id:
        raise PublicationError("which debtor is to be forgotten? Give its customer_id.")
    if not output.is_dir():
        raise PublicationError(f"there is no folder {output}: nothing was published there")
    with one_writer(output, "publish", lock_wait_seconds):
        mend(output)
        clean_up(output)
        for left in sorted(
            each for held in (BACKTESTS, PAGES) for each in (output / held).glob(f"{HIDDEN}*")
        ):
            remove(left)
        runs = all_runs(output)
        for run in runs:
            verify(run)
        backtests = [folder for folder in sorted((output / BACKTESTS).glob("[!.]*")) if folder.is_dir()]
        ids = _ids(customer_id, _published_and_received(runs, received), key)
        own = invoices | _published_invoices(ids, (*(run.path for run in runs), *backtests))
        debtor = debtor_of(ids, own | _reported_invoices(ids, received), key)
        # first: what names an invoice only is found by the runs, as long as they hold it
        facts = erase_received(received, debtor.ids, debtor.invoices) if received else 0
        erased = [rows for run in runs if (rows := _forget_in_run(run, debtor, day, key))]
        backtest_rows = [count for folder in backtests if (count := _forget_in_backtest(folder, debtor))]
        traces = {**erase_traces(output, debtor), "received": facts}
        waiting = still_waiting(received) if received else ()
        if runs:
            point_at_latest(output)
    return Forgotten(
        runs=len(erased),
        rows=dict(sorted(sum(map(Counter, erased), Counter()).items())),
        backtests=len(backtest_rows),
        backtest_rows=sum(backtest_rows),
        traces=traces,
        unreached=(*UNREACHED, *waiting),
    )


def _ids(customer_id: str, known: Iterable[str], key: bytes | None) -> set[str]:
    """Return the debtor's id and its pseudonym; of a pseudonym also the id, where it is among those known."""
    if key is None:
        return {customer_id}
    ids = {customer_id, pseudonym(customer_id, key)}
    if customer_id.startswith(DEBTOR):
        ids |= {id_ for id_ in known if pseudonym(id_, key) == customer_id}
    return ids


def _published_and_received(runs: Iterable[PublishedRun], received: Path | None) -> Iterator[str]:
    """Yield the debtors' ids; nothing is read before the first is asked for."""
    for run in runs:
        yield from read_table(run, "segments")["customer_id"].unique()
    for fact in kept(received) if received else ():
        yield from filter(None, [fact.content.get("customer_id")])


def _published_invoices(ids: Set[str], folders: Iterable[Path]) -> set[str]:
    """Find the debtor's invoices in all that was published: a rejected row may name nothing else."""
    import pyarrow.compute as pc

    invoices: set[str] = set()
    for folder in folders:
        for _, table in _tables(folder):
            if {"customer_id", "invoice_id"} <= set(table.column_names):
                own = table.filter(among(table["customer_id"], ids))["invoice_id"]
                invoices.update(pc.drop_null(own).to_pylist())
    return invoices


def _reported_invoices(ids: Set[str], received: Path | None) -> set[str]:
    """Find those that were named when something about the debtor was reported."""
    facts = (fact.content for fact in (kept(received) if received else ()))
    return {said["invoice_id"] for said in facts if said.get("customer_id") in ids and "invoice_id" in said}


def _forget_in_run(run: PublishedRun, debtor: Debtor, day: date, key: bytes | None) -> dict[str, int]:
    """Rewrite the run without the debtor; return the rows erased per table, none where it is not in it."""
    import pyarrow.compute as pc

    tables = dict(_tables(run.path))
    kept = {name: table.filter(pc.invert(its_rows(name, table, debtor))) for name, table in tables.items()}
    rows = {name: tables[name].num_rows - kept[name].num_rows for name in tables}
    rows = {name: count for name, count in rows.items() if count}
    if not rows:
        return {}
    if "actions" in kept:
        left = set(tables["actions"]["action_id"].to_pylist()) - set(kept["actions"]["action_id"].to_pylist())
        kept = {name: without_actions(table, left) for name, table in kept.items()}
    if "rejected" in kept:
        kept["rejected"] = with_known_keys(kept["rejected"], known_debtors(kept.values(), key))
    files, withdrawn = _files(run, kept, day)
    manifest = _new_manifest(run, files, {name: table.num_rows for name, table in kept.items()}, debtor)
    entry = {
        "on": day.isoformat(),
        "debtors": 1,
        "rows": rows,
        "withdrawn": withdrawn,
        "fingerprint_before": run.fingerprint,
    }
    manifest["erased"] = [*run.manifest.get("erased", []), entry]
    rewrite(run.path, {**files, MANIFEST: json_bytes(manifest)})
    return rows


def _files(run: PublishedRun, kept: Mapping[str, pa.Table], day: date) -> tuple[dict[str, bytes], list[str]]:
    """Return the run's new files, and the names of those that were withdrawn: they might name the debtor."""
    from pipelines.runs.arrow_tables import to_csv, to_parquet

    files: dict[str, bytes] = {}
    withdrawn = []
    for name in sorted(run.manifest["files"]):
        table, kind = Path(name).stem, Path(name).suffix
        if kind == ".parquet":
            files[name] = to_parquet(kept[table])
        elif kind == ".csv" and table in kept:
            files[name] = to_csv(shape(kept[table]), kept[table])
        else:
            withdrawn.append(name)
            if kind == ".html":
                files[name] = _note(day)
    return files, withdrawn


def _new_manifest(
    run: PublishedRun, files: Mapping[str, bytes], rows_out: Mapping[str, int], debtor: Debtor
) -> dict[str, Any]:
    hashes = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    about = debtor.ids | debtor.invoices
    return {
        **run.manifest,
        "warnings": [
            WITHDRAWN_WARNING if names_it(warning, about) else warning for warning in run.manifest["warnings"]
        ],
        "fingerprint": content_fingerprint(hashes),
        "rows_out": {name: rows_out[name] for name in run.manifest["rows_out"]},
        "files": {name: {"sha256": hashes[name], "bytes": len(files[name])} for name in hashes},
    }


def _forget_in_backtest(folder: Path, debtor: Debtor) -> int:
    """Rewrite the backtest's tables without the debtor; return the rows erased. Its figures are totals."""
    import pyarrow.compute as pc

    from pipelines.runs.arrow_tables import to_parquet

    changed, rows = {}, 0
    for name, table in _tables(folder):
        kept = table.filter(pc.invert(its_rows(name, table, debtor)))
        if kept.num_rows < table.num_rows:
            changed[f"{name}.parquet"] = to_parquet(kept)
            rows += table.num_rows - kept.num_rows
    if changed:
        others = {file.name: file.read_bytes() for file in folder.iterdir() if file.name not in changed}
        rewrite(folder, {**others, **changed})
    return rows


def _tables(folder: Path) -> Iterator[tuple[str, pa.Table]]:
    from pipelines.runs.arrow_tables import from_parquet

    for file in sorted(folder.glob("*.parquet")):
        yield file.stem, from_parquet(file.read_bytes())


def _note(day: date) -> bytes:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Withdrawn</title></head>\n'
        f"<body><p>This report was withdrawn on {day}: a debtor was erased from the run. The other debtors' "
        "rows and the totals are in the run's tables; debtscape serve shows them.</p></body></html>\n"
    ).encode()
