"""Which rows of published tables are a debtor's, and the tables without them.

Tables are read as they were written, also those of an older contract.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.contracts import LEDGER_TABLES, Column, Table

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
