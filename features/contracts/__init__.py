"""The tables that come in and go out: columns, grain, units, ranges."""

from features.contracts.columns import Column, Kind, Table
from features.contracts.ledger import LEDGER_TABLES
from features.contracts.output import OUTPUT_TABLES, SCHEMA_VERSION

__all__ = ["LEDGER_TABLES", "OUTPUT_TABLES", "SCHEMA_VERSION", "Column", "Kind", "Table"]
