"""Forget one debtor: the only operation that rewrites what was published.

The debtor's rows leave every table of every run and backtest; totals, profiles and figures of models stay. A
run that held the debtor gets new hashes and an entry `erased` in its manifest, with the day and counts only.
Each folder is replaced as a whole, and whoever dies on the way is followed by one who does the rest.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import PublicationError
from features.pseudonyms import pseudonym
from pipelines.debtor_rows import Debtor, among, its_rows, shape, without_actions
from pipelines.durable_files import OWNER_WRITES, make_folder, remove, rename, sync_folder, write_file
from pipelines.output_folder import HIDDEN, clean_up, disk_trouble, json_bytes, only_writer, point_at_latest
from pipelines.published_runs import MANIFEST, RUNS, PublishedRun, all_runs, content_fingerprint, verify

if TYPE_CHECKING:
    import pyarrow as pa

BACKTESTS, PAGES = "backtests", "segments"
MOVERS = "mlartifacts/debtor-segments/*/artifacts/who_would_move.md"
COMPLETE = ".erased-"
"""Begins the name of a rewritten folder that only waits for its place: of value, unlike HIDDEN ones."""

UNREACHED = (
    "your own source files: as long as the debtor is in them, the next run knows it again",
    "whatever was delivered or copied from the runs, and backups",
    "words that people typed about it, such as the reason of an approval for another debtor",
    "models: they learned from its invoices and keep a few example rows of figures without an id; "
    "train again without the debtor",
    "who_would_move.md of models that are tracked elsewhere than in the output folder",
)


@dataclass(frozen=True)
class Forgotten:
    """What was erased: rows per table over all runs, and how many of each were rewritten or removed."""

    runs: int
    rows: Mapping[str, int]
    backtests: int
    backtest_rows: int
    pages: int
    movers: int
    unreached: tuple[str, ...] = UNREACHED


def forget(
    output: Path, customer_id: str, *, day: date, key: bytes | None = None, lock_wait_seconds: float = 10.0
) -> Forgotten:
    """Erase a debtor from everything below `output`, and return what was erased and what is out of reach.

    `day`: of the erasure, for the manifests. `key`: that of the pseudonyms, where runs have them. Reports of
    the runs that held the debtor are withdrawn, and pages of segments that show it are removed: the command
    makes them anew. Nothing left to erase is no error, so after a death in the middle one calls it again.

    PublicationError when a run is damaged (nothing is changed then), another process is publishing, or the
    disk refuses. ConfigurationError when the key is too short.
    """
    if not customer_id:
        raise PublicationError("which debtor is to be forgotten? Give its customer_id.")
    if not output.is_dir():
        raise PublicationError(f"there is no folder {output}: nothing was published there")
    ids = {customer_id} | ({pseudonym(customer_id, key)} if key is not None else set())
    with disk_trouble(output), only_writer(output, lock_wait_seconds):
        mend(output)
        clean_up(output)
        runs = all_runs(output)
        for run in runs:
            verify(run)
        backtests = [folder for folder in sorted((output / BACKTESTS).glob("[!.]*")) if folder.is_dir()]
        debtor = _debtor(ids, (*(run.path for run in runs), *backtests), key)
        erased = [rows for run in runs if (rows := _forget_in_run(run, debtor, day))]
        backtest_rows = [count for folder in backtests if (count := _forget_in_backtest(folder, debtor))]
        pages = sum(_remove_page(page, ids) for page in sorted((output / PAGES).glob("[!.]*")))
        movers = sum(_forget_mover(file, ids) for file in sorted(output.glob(MOVERS)))
        if runs:
            point_at_latest(output)
    return Forgotten(
        runs=len(erased),
        rows=dict(sorted(sum(map(Counter, erased), Counter()).items())),
        backtests=len(backtest_rows),
        backtest_rows=sum(backtest_rows),
        pages=pages,
        movers=movers,
    )


def mend(output: Path) -> None:
    """Give rewritten folders their place whose writer died; only the holder of the lock may."""
    for parent in (output / RUNS, output / BACKTESTS):
        for complete in sorted(parent.glob(f"{COMPLETE}*")):
            place = parent / complete.name.removeprefix(COMPLETE)
            if place.exists():
                remove(complete)
            else:
                rename(complete, place)
        for left in sorted(parent.glob(f"{HIDDEN}*")):
            remove(left)


def _debtor(ids: Set[str], folders: Iterable[Path], key: bytes | None) -> Debtor:
    """Find the debtor's invoices in all that was published: a rejected row may name nothing else."""
    import pyarrow.compute as pc

    invoices: set[str] = set()
    for folder in folders:
        for _, table in _tables(folder):
            if {"customer_id", "invoice_id"} <= set(table.column_names):
                own = table.filter(among(table["customer_id"], ids))["invoice_id"]
                invoices.update(pc.drop_null(own).to_pylist())
    hidden = {pseudonym(invoice, key) for invoice in invoices} if key is not None else set()
    return Debtor(ids, invoices, invoices | hidden)


def _forget_in_run(run: PublishedRun, debtor: Debtor, day: date) -> dict[str, int]:
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
    files, withdrawn = _files(run, kept, day)
    manifest = _new_manifest(run, files, {name: table.num_rows for name, table in kept.items()})
    entry = {
        "on": day.isoformat(),
        "debtors": 1,
        "rows": rows,
        "withdrawn": withdrawn,
        "fingerprint_before": run.fingerprint,
    }
    manifest["erased"] = [*run.manifest.get("erased", []), entry]
    _replace(run.path, {**files, MANIFEST: json_bytes(manifest)})
    return rows


def _files(run: PublishedRun, kept: Mapping[str, pa.Table], day: date) -> tuple[dict[str, bytes], list[str]]:
    """Return the run's new files, and the names of those that were withdrawn: they might name the debtor."""
    from pipelines.arrow_tables import to_csv, to_parquet

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
    run: PublishedRun, files: Mapping[str, bytes], rows_out: Mapping[str, int]
) -> dict[str, Any]:
    hashes = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    return {
        **run.manifest,
        "fingerprint": content_fingerprint(hashes),
        "rows_out": {name: rows_out[name] for name in run.manifest["rows_out"]},
        "files": {name: {"sha256": hashes[name], "bytes": len(files[name])} for name in hashes},
    }


def _forget_in_backtest(folder: Path, debtor: Debtor) -> int:
    """Rewrite the backtest's tables without the debtor; return the rows erased. Its figures are totals."""
    import pyarrow.compute as pc

    from pipelines.arrow_tables import to_parquet

    changed, rows = {}, 0
    for name, table in _tables(folder):
        kept = table.filter(pc.invert(its_rows(name, table, debtor)))
        if kept.num_rows < table.num_rows:
            changed[f"{name}.parquet"] = to_parquet(kept)
            rows += table.num_rows - kept.num_rows
    if changed:
        others = {file.name: file.read_bytes() for file in folder.iterdir() if file.name not in changed}
        _replace(folder, {**others, **changed})
    return rows


def _remove_page(page: Path, ids: Set[str]) -> bool:
    """Remove a page that shows the debtor, or seems to; return whether it did."""
    shown = {form for id_ in ids for form in (id_, html.escape(id_))}
    texts = [file.read_text(encoding="utf-8") for file in page.glob("*") if file.suffix in (".html", ".md")]
    if not any(form in text for form in shown for text in texts):
        return False
    remove(page)
    return True


def _forget_mover(file: Path, ids: Set[str]) -> bool:
    """Take the debtor's line out of a list of who would move; return whether there was one."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not any(line.startswith(f"- {id_}: ") for id_ in ids)]
    if kept == lines:
        return False
    new = file.with_name(f"{HIDDEN}{file.name}")
    new.unlink(missing_ok=True)
    write_file(new, "".join(kept).encode(), OWNER_WRITES)
    rename(new, file)
    return True


def _tables(folder: Path) -> Iterator[tuple[str, pa.Table]]:
    from pipelines.arrow_tables import from_parquet

    for file in sorted(folder.glob("*.parquet")):
        yield file.stem, from_parquet(file.read_bytes())


def _note(day: date) -> bytes:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Withdrawn</title></head>\n'
        f"<body><p>This report was withdrawn on {day}: a debtor was erased from the run. The other debtors' "
        "rows and the totals are in the run's tables.</p></body></html>\n"
    ).encode()


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the files in the place of all that is in the folder; `mend` ends it where the writer died.

    The rewritten folder is not called HIDDEN while the old one is away: a publisher removes those.
    """
    new, old = (folder.with_name(f"{HIDDEN}{folder.name}{part}") for part in ("", "-old"))
    complete = folder.with_name(f"{COMPLETE}{folder.name}")
    make_folder(new)
    for name, content in files.items():
        write_file(new / name, content)
    sync_folder(new)
    rename(new, complete)
    rename(folder, old)
    rename(complete, folder)
    remove(old)
