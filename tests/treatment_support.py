"""Small tables that the tests of blocks, reminders, actions and sums share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from features.ledger import Ledger, make_ledger
from models.policy_file import read_policy

DAY = date(2024, 6, 3)
"""A Monday, without a public holiday in the countries used."""

POLICY = read_policy(Path(__file__).resolve().parent.parent / "configs" / "policy.yaml")


def on(text: str) -> pd.Timestamp:
    """The day as a table holds it."""
    return pd.Timestamp(text)


def open_items(*rows: dict[str, object]) -> pd.DataFrame:
    """Open items with the columns of the books; by default 100.00 EUR of debtor X, due 29 May."""
    plain = {
        "invoice_id": "I1",
        "customer_id": "X",
        "due_on": on("2024-05-29"),
        "currency": "EUR",
        "kind": "invoice",
    }
    given = pd.DataFrame(
        [{**plain, "issued_on": on("2024-05-01"), "amount_minor": 10_000, **row} for row in rows]
    )
    items = make_ledger(
        invoices=given.drop(columns=["open_amount_minor", "dormant"], errors="ignore")
    ).invoices
    items["open_amount_minor"] = given.get("open_amount_minor", items["amount_minor"])
    items["days_past_due"] = (on(str(DAY)) - items["due_on"]).dt.days
    items["dormant"] = given.get("dormant", pd.Series(False, index=given.index)).fillna(False).astype(bool)
    return items


def ledger_of(items: pd.DataFrame, **tables: pd.DataFrame) -> Ledger:
    """A ledger with these items as its invoices."""
    return make_ledger(invoices=items, **tables)


def credit_of(**columns: object) -> pd.DataFrame:
    """Credit that stands against debtor X, or none."""
    row = {"customer_id": "X", "company_code": None, "currency": "EUR", "credit_minor": 0}
    rows = [{**row, "unapplied_minor": 0, "in_transit_minor": 0, **columns}]
    return pd.DataFrame(rows if columns else [], columns=list(rows[0]))


def segments_of(items: pd.DataFrame, segment: str = "B") -> pd.DataFrame:
    """Every debtor in one segment."""
    customers = sorted(items["customer_id"].unique())
    return pd.DataFrame({"customer_id": customers, "segment": segment})


def debtors_of(items: pd.DataFrame, segment: str = "B", **columns: object) -> pd.DataFrame:
    """Who the debtors of the items are: a German business of this segment, with the given columns changed."""
    plain = {"segment": segment, "risk": "average", "value_class": "middle", "legal_kind": "business"}
    place = {"country": "DE", "region": None, "language": None, "key_account": False}
    index = pd.Index(sorted(items["customer_id"].unique()), name="customer_id", dtype="str")
    found = pd.DataFrame({**plain, **place, **columns}, index=index)
    text = [*plain, *("country", "region", "language")]
    return found.astype({**dict.fromkeys(text, "str"), "key_account": bool})
