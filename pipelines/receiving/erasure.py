"""A debtor is taken out of what was received: out of the store, and out of the files it came in."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from features.errors import LedgerError
from features.parsing_text import as_text
from features.sources import read_file
from pipelines.receiving.drop import DONE, DROP, REFUSED
from pipelines.receiving.store import drop_facts, kept
from pipelines.runs.durable_files import remove


def erase_received(folder: Path, customers: Set[str], invoices: Set[str] = frozenset()) -> int:
    """Erase the facts about these debtors or invoices, and return how many there were.

    Files in drop/done and drop/refused that hold one of them are removed whole: what was accepted of other
    debtors is in the store. So are files that cannot be read, as nobody can tell. What still waits in the
    drop folder stays: `still_waiting`. Nothing left to erase is no error. DebtscapeError when the store
    cannot be written.
    """
    mine = [
        fact
        for fact in kept(folder)
        if fact.content.get("customer_id") in customers or fact.content.get("invoice_id") in invoices
    ]
    drop_facts(folder, [fact.number for fact in mine])
    for place in (DONE, REFUSED):
        files = sorted((folder / DROP / place).glob("[!.]*"))
        reasons = {_reasons_of(file) for file in files} & set(files)
        for file in files:
            if file not in reasons and _holds(file, customers | invoices):
                remove(file)
                if _reasons_of(file) in reasons:
                    remove(_reasons_of(file))
    return len({(fact.kind, fact.external_id) for fact in mine})


def still_waiting(folder: Path) -> list[str]:
    """Say how many files are in the drop folder that nobody took in, such as those being written."""
    files = [path for path in (folder / DROP).glob("*") if path.is_file()]
    if not files:
        return []
    return [f"what waits in {folder / DROP} ({len(files)}): take it in, or out, and forget once more"]


def _reasons_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.txt")


def _holds(file: Path, ids: Set[str]) -> bool:
    try:
        cells = read_file(file)
    except LedgerError:
        return True
    return any(as_text(cells[column]).isin(ids).any() for column in cells)
