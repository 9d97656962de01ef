"""Lists of debtors on a page: what they are called, which come first, and how many are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipelines.reporting.sections import NOTHING, Cell, number
from pipelines.reporting.summary import money, records

Names = Mapping[str, str]
"""Name of a debtor by its id, where known."""

SHOWN = 10
"""Debtors in a list of the largest ones."""
LISTED = 25
"""Debtors in a list that is worked through; the run's table has all of them."""


def debtor_cell(customer: str, called: Names) -> Cell:
    """Return the debtor's name with its id beside it, or the id alone."""
    return Cell(called[customer], customer) if customer in called else Cell(customer)


def debtors(count: int) -> str:
    """Return so many debtors in words."""
    return f"{number(count)} {'debtor' if count == 1 else 'debtors'}"


def main_currency(currencies: pd.Series) -> str:
    """Return the most frequent currency, the first by alphabet of equal ones; empty without any."""
    return str(min(currencies.mode(), default=""))


def largest(rows: pd.DataFrame, owing: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the first `count` of the rows by open amount, which column `open` says in words.

    `owing`: the table debtors. Amounts of several currencies are not added up: what counts is the one that
    most debtors owe.
    """
    sums = owing.groupby(["customer_id", "currency"])["open_amount_minor"].sum()
    main = main_currency(owing["currency"])
    in_main = sums[sums.index.get_level_values("currency") == main].droplevel("currency")
    ranked = rows.assign(rank=rows["customer_id"].map(in_main).fillna(0))
    largest = ranked.sort_values(["rank", "customer_id"], ascending=[False, True], kind="stable").head(count)
    owed = sums[sums.index.get_level_values("customer_id").isin(largest["customer_id"])]
    texts: dict[str, list[str]] = {}
    for row in records(owed.reset_index()):
        texts.setdefault(row["customer_id"], []).append(money(row["open_amount_minor"], row["currency"]))
    return largest.assign(
        open=["\n".join(texts.get(debtor, [])) or NOTHING for debtor in largest["customer_id"]]
    )


def heading(what: str, shown: int, of: pd.DataFrame) -> str:
    """Say how many of the debtors a list shows."""
    return f"The {shown} largest of {number(len(of))} {what}" if shown < len(of) else f"The {what}"


def rest(there: int, shown: int, table: str) -> str:
    """Say how many a list leaves out, and the table that has them all."""
    return f"{number(there - shown)} more in the table {table}." if there > shown else ""


def text(value: Any) -> str:
    """Return the text, an empty one where there is none."""
    return value if isinstance(value, str) else ""
