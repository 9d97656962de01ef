"""Tiny ledgers as they are written in files, for the tests of the reading side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from features.cleaning import Cleaned, clean
from features.typed import Reading

TODAY = date(2024, 6, 30)


def table(header: str, *rows: str) -> pd.DataFrame:
    """Return a raw table of strings from `a, b` and `1, 2` lines; an empty field is an empty cell."""
    fields: Sequence[Sequence[str]] = [[cell.strip() for cell in row.split(";")] for row in rows]
    return pd.DataFrame(list(fields), columns=[name.strip() for name in header.split(";")], dtype="str")


def invoices(*rows: str, header: str = "invoice_id; customer_id; issued_on; due_on; amount") -> pd.DataFrame:
    """Return raw invoices, one string of fields each."""
    return table(header, *rows)


def payments(*rows: str, header: str = "invoice_id; paid_on; amount; kind; customer_id") -> pd.DataFrame:
    """Return raw payments, one string of fields each."""
    return table(header, *rows)


def cleaned(
    readings: Mapping[str, Reading] | None = None, today: date = TODAY, **raw: pd.DataFrame
) -> Cleaned:
    """Clean raw tables with EUR at home, and check that no row is lost on the way."""
    result = clean(raw, today=today, home_currency="EUR", readings=readings)
    for name, rows in result.rows_in.items():
        made = name == "payments" and "paid_on" in raw["invoices"]
        rejected = int((result.rejected["table"] == name).sum())
        assert made or rows == len(getattr(result.ledger, name)) + rejected
    return result


def reasons(result: Cleaned) -> list[tuple[Any, ...]]:
    """Return (table, row, key, reason) of the rejected rows."""
    return [tuple(row) for row in result.rejected.drop(columns="known_on").itertuples(index=False)]
