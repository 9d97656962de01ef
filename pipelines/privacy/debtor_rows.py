"""Which rows of published tables are a debtor's, and the tables without them.

Tables are read as they were written, also those of an older contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.contracts import LEDGER_TABLES, Column, Table
from features.pseudonyms import pseudonym

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Debtor:
    """What tells that a row is the debtor's: its ids and its invoices.

    ids: plain and pseudonymous. invoice_keys: the invoices, and what pseudonyms make of them in the key of a
    rejected row.
    """

    ids: Set[str]
    invoices: Set[str]
    invoice_keys: Set[str]


def its_rows(name: str, table: pa.Table, debtor: Debtor) -> pa.ChunkedArray:
    """Return one flag per row of the table of that name: is it about the debtor?"""
    import pyarrow as pa

    if "customer_id" in table.column_names:
        return among(table["customer_id"], debtor.ids)
    if "invoice_id" in table.column_names:
        return among(table["invoice_id"], debtor.invoices)
    if name == "rejected":
        pairs = zip(table["table"].to_pylist(), table["key"].to_pylist(), strict=True)
        return pa.chunked_array([pa.array([_is_its_key(*pair, debtor) for pair in pairs], pa.bool_())])
    return pa.chunked_array([pa.repeat(False, table.num_rows)])


def _is_its_key(table: str, key: str | None, debtor: Debtor) -> bool:
    """Return whether the key of a rejected row of the ledger is the debtor's, or that of its invoice."""
    first = (key or "").partition("|")[0]
    about = LEDGER_TABLES[table].key if table in LEDGER_TABLES else ()
    match about[:1]:
        case ("customer_id",):
            return first in debtor.ids or key in debtor.ids
        case ("invoice_id",):
            return first in debtor.invoice_keys or key in debtor.invoice_keys
        case _:  # one or the other
            return not {first, key}.isdisjoint(debtor.ids | debtor.invoice_keys)


def known_debtors(tables: Iterable[pa.Table], key: bytes | None) -> Debtor:
    """Return all the debtors in tables of a run, as if they were one; `key`: of their pseudonyms."""
    import pyarrow.compute as pc

    found: dict[str, set[str]] = {"customer_id": set(), "invoice_id": set()}
    for table in tables:
        for column in found.keys() & set(table.column_names):
            found[column].update(pc.unique(pc.drop_null(table[column])).to_pylist())
    return debtor_of(found["customer_id"], found["invoice_id"], key)


def debtor_of(ids: Set[str], invoices: Set[str], key: bytes | None) -> Debtor:
    """Return the debtor of these ids and invoices; `key`: of the pseudonyms, where there are any."""
    hidden = {pseudonym(invoice, key) for invoice in invoices} if key is not None else set()
    return Debtor(ids, invoices, invoices | hidden)


def with_known_keys(rejected: pa.Table, known: Debtor) -> pa.Table:
    """Return the rejected rows with a key and a quoted value only where they are surely of `known` debtors.

    What was never accepted is in no other table, so nobody can tell whose it is. The place in the source and
    the rule stay.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    sure = its_rows("rejected", rejected, known)
    keys, reasons = rejected["key"], rejected["reason"]
    rules = pa.chunked_array(
        [[reason and reason.partition(": ")[0] for reason in reasons.to_pylist()]], reasons.type
    )
    for name, values in {
        "key": pc.if_else(sure, keys, pa.scalar(None, keys.type)),
        "reason": pc.if_else(sure, reasons, rules),
    }.items():
        at = rejected.column_names.index(name)
        rejected = rejected.set_column(at, rejected.schema.field(at), values)
    return rejected


def without_actions(table: pa.Table, actions: Set[str]) -> pa.Table:
    """Return the rows with no action where theirs is one of `actions`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not actions or "action_id" not in table.column_names:
        return table
    own = table["action_id"]
    kept = pc.if_else(among(own, actions), pa.scalar(None, own.type), own)
    at = table.column_names.index("action_id")
    return table.set_column(at, table.schema.field(at), kept)


def among(values: pa.ChunkedArray, wanted: Set[str]) -> pa.ChunkedArray:
    """Return one flag per value: is it one of those wanted?"""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(values.cast(pa.string()), value_set=pa.array(sorted(wanted), pa.string()))


def shape(table: pa.Table) -> Table:
    """Return what CSV must know of a table: its columns, and which of them are money."""
    import pyarrow as pa

    columns = (
        Column(field.name, "money" if pa.types.is_decimal(field.type) else "text", "")
        for field in table.schema
    )
    return Table("", "", (), tuple(columns))
