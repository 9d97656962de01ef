"""What was received as rows of the ledger, as a source would write them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from features.contracts import LEDGER_TABLES
from features.reported import NUMBER, REPORTED_AS
from pipelines.receiving.kinds import KINDS
from pipelines.receiving.store import Kept, kept


def received_tables(folder: Path, *, until: date) -> dict[str, pd.DataFrame]:
    """Return per table of the ledger the rows received up to and including `until`; no table without any.

    Columns are those of the contract, as text, and `known_on`, the day of receipt; NUMBER and REPORTED_AS say
    where a row came from. What closes a fact is known from its own receipt: the day of the closing is never
    earlier than that, so that nobody can change what was known.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for versions in _by_fact(kept(folder), until):
        rows.setdefault(KINDS[versions[0].kind].table.name, []).append(row_of(versions))
    return {
        name: pd.DataFrame(
            _sorted(found),
            columns=list(dict.fromkeys([*LEDGER_TABLES[name].names, "known_on", NUMBER, REPORTED_AS])),
        )
        for name, found in sorted(rows.items())
    }


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows in an order that does not depend on that of receipt within a day."""
    return sorted(rows, key=lambda row: (row["known_on"], row[REPORTED_AS]))


def _by_fact(facts: list[Kept], until: date) -> list[list[Kept]]:
    found: dict[tuple[str, str], list[Kept]] = {}
    for fact in facts:
        if fact.known_on <= until:
            found.setdefault((fact.kind, fact.external_id), []).append(fact)
    return list(found.values())


def row_of(versions: list[Kept]) -> dict[str, Any]:
    """Return the row of a fact from its versions, oldest first."""
    first, last = versions[0], versions[-1]
    kind = KINDS[first.kind]
    row = {name: _text(value) for name, value in last.content.items()}
    closed = kind.closing[0] if kind.closing else None
    if closed in row and closed not in first.content:
        since = next(each.known_on for each in versions if closed in each.content)
        row[closed] = max(row[closed], since.isoformat())
    whole = {**row, "external_id": first.external_id}
    for name, source in (kind.copied or {}).items():
        row.setdefault(name, whole[source])
    return {
        **row,
        **(kind.fixed or {}),
        "known_on": first.known_on.isoformat(),
        NUMBER: first.number,
        REPORTED_AS: f"{kind.name} {first.external_id}",
    }


def _text(value: Any) -> str:
    """Return a value as a file would hold it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.9f}" if isinstance(value, float) else str(value)
