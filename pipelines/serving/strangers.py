"""Which ids of a reported fact the latest run does not know: told to the tool, and no reason to refuse."""

from __future__ import annotations

from collections.abc import Iterable, Set

import pyarrow as pa
import pyarrow.compute as pc

from features.pseudonyms import pseudonym
from pipelines.receiving.door import Fact
from pipelines.serving.run_store import ServedRun

_WORDS = {
    "customer_id": "is no debtor of the latest run",
    "invoice_id": "is no open invoice of the latest run",
    "action_id": "is no action of the latest run",
}


def strangers(facts: Iterable[Fact], served: ServedRun, key: bytes | None) -> list[list[str]]:
    """Return for each fact a sentence per id that the run does not know.

    `key`: that of the pseudonyms, where runs have them; a debtor may be called by either id.
    """
    facts = list(facts)
    named = {name: [fact.content.get(name) for fact in facts] for name in _WORDS}
    asked = {name: {id_ for id_ in ids if id_ is not None} for name, ids in named.items()}
    hidden = {id_: pseudonym(id_, key) for id_ in asked["customer_id"]} if key is not None else {}
    tables = [served.tables, served.waiting]
    columns = {
        "customer_id": [served.tables["segments"].rows["customer_id"]],
        "invoice_id": [served.tables["predictions"].rows["invoice_id"]],
        "action_id": [of[name].rows["action_id"] for of in tables for name in ("actions", "treatments")],
    }
    known = {name: _among(asked[name] | set(hidden.values()), columns[name]) for name in _WORDS}
    return [
        [
            f"{name} {words}"
            for name, words in _WORDS.items()
            if (id_ := fact.content.get(name)) is not None and known[name].isdisjoint({id_, hidden.get(id_)})
        ]
        for fact in facts
    ]


def _among(ids: Set[str], columns: Iterable[pa.ChunkedArray]) -> set[str]:
    """Return those of the ids that are in one of the columns."""
    wanted = pa.array(sorted(ids), pa.string())
    found: set[str] = set()
    for column in columns:
        held = pc.is_in(wanted, value_set=pc.unique(column.cast(pa.string())))
        found.update(wanted.filter(held).to_pylist())
    return found
