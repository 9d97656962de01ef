"""A ledger of a few debtors with a fixed delay each, and the configuration and reading around it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from random_ledgers import START, day, frame

from features.ledger import Ledger, known_before, make_ledger
from pipelines.reading import Reading
from pipelines.settings import Settings
from pipelines.settings_file import parse_settings

Invoice = tuple[str, str, int, int | None]
"""Its id, its debtor, the day number of issue, and of payment; due 30 days after issue."""


def monthly(customer: str, days_late: int | None, count: int = 6) -> list[Invoice]:
    """Invoices issued on days 0, 30, 60 …, each paid so many days after due; None: never."""
    return [
        (f"{customer}{n}", customer, 30 * n, None if days_late is None else 30 * n + 30 + days_late)
        for n in range(count)
    ]


def ledger_of(invoices: Iterable[Invoice], **columns: Any) -> Ledger:
    """The ledger of these invoices of 100.00 each; `columns` are customers' columns by debtor."""
    issued = [
        (id_, debtor, day(on), day(on + 30), 10_000, "direct_debit" if debtor == "debit" else None)
        for id_, debtor, on, _ in invoices
    ]
    paid = [(id_, day(on), 10_000) for id_, _, _, on in invoices if on is not None]
    names = ["invoice_id", "customer_id", "issued_on", "due_on", "amount_minor", "payment_method"]
    tables = {"invoices": frame(names, issued)}
    if paid:
        tables["payments"] = frame(["invoice_id", "paid_on", "amount_minor"], paid)
    if columns:
        customers = pd.DataFrame(columns).rename_axis("customer_id").reset_index()
        tables["customers"] = customers
    return make_ledger(**tables)


def on(number: int) -> date:
    """The number-th day."""
    return START + timedelta(number)


def settings_with(**changed: Any) -> Settings:
    """A configuration for one worker, with something changed."""
    return parse_settings({"ledger": {"invoices": {"path": "x.csv"}}, "workers": 1, **changed}, base=Path())


def reading_of(ledger: Ledger, number: int, settings: Settings) -> Reading:
    """The reading of a ledger as of a day; without policy, rules and rejects, which nothing here asks for."""
    nothing: Any = None
    said = (nothing,) * 5
    return Reading(settings, *said, known_before(ledger, on(number)), on(number), on(number))
