"""How good a ledger is: the judgement behind `debtscape check`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from features.cleaning import Cleaned
from features.ledger import FACT_DAY, newest_fact


@dataclass(frozen=True)
class TableHealth:
    """Rows of one table (read = accepted + rejected) and the days they span."""

    table: str
    rows_in: int
    accepted: int
    rejected: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class RejectGroup:
    """Rejected rows of one table with one reason; examples as "row N (key): value"."""

    table: str
    reason: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Health:
    """A ledger judged.

    newest_fact: last day on which anything became known. newest_payment: None without payments;
    days_since_newest_payment counts to `today`. settled_share: share of invoices (credit notes left
    out) with any payment or credit. largest_debtor_share: share of the invoiced amount, per currency
    of most invoices. known_late_share: share of invoices that became known after the day of issue.
    """

    tables: tuple[TableHealth, ...]
    rejects: tuple[RejectGroup, ...]
    newest_fact: date
    newest_payment: date | None
    days_since_newest_payment: int | None
    currencies: dict[str, int]
    invoices: int
    credit_notes: int
    settled_share: float
    debtors: int
    debtors_with_one_invoice: int
    largest_debtor: str
    largest_debtor_share: float
    known_late_share: float
    warnings: tuple[str, ...]


def judge(cleaned: Cleaned, *, today: date) -> Health:
    """Return what a credit manager should know about a ledger before believing what follows from it."""
    ledger = cleaned.ledger
    items = ledger.invoices[ledger.invoices["kind"] != "credit_note"]
    payments = ledger.payments
    paid = payments["paid_on"].max()
    newest_payment = None if pd.isna(paid) else paid.date()
    per_debtor = items["customer_id"].value_counts()
    currencies = ledger.invoices["currency"].value_counts()
    main = items[items["currency"] == currencies.index[0]].groupby("customer_id")["amount_minor"].sum()
    touched = items["invoice_id"].isin(payments["invoice_id"].dropna().unique())
    return Health(
        tables=tuple(_table(name, cleaned) for name in cleaned.rows_in),
        rejects=_rejects(cleaned.rejected),
        newest_fact=newest_fact(ledger),
        newest_payment=newest_payment,
        days_since_newest_payment=None if newest_payment is None else (today - newest_payment).days,
        currencies={str(code): int(rows) for code, rows in currencies.items()},
        invoices=len(items),
        credit_notes=len(ledger.invoices) - len(items),
        settled_share=float(touched.mean()) if len(items) else 0.0,
        debtors=len(per_debtor),
        debtors_with_one_invoice=int((per_debtor == 1).sum()),
        largest_debtor=str(main.idxmax()) if len(main) else "",
        largest_debtor_share=float(main.max() / main.sum()) if len(main) else 0.0,
        known_late_share=float((items["known_on"] > items["issued_on"]).mean()) if len(items) else 0.0,
        warnings=cleaned.warnings,
    )


def _table(name: str, cleaned: Cleaned) -> TableHealth:
    rejected = int((cleaned.rejected["table"] == name).sum())
    first = last = None
    if name in FACT_DAY:
        days = getattr(cleaned.ledger, name)[FACT_DAY[name]].dropna()
        first, last = (days.min().date(), days.max().date()) if len(days) else (None, None)
    rows = cleaned.rows_in[name]
    return TableHealth(name, rows, rows - rejected, rejected, first, last)


def _rejects(rejected: pd.DataFrame) -> tuple[RejectGroup, ...]:
    """Return the reasons, the most frequent first; what follows ": " in a reason is the row's value."""
    parts = rejected.assign(rule=rejected["reason"].str.split(": ", n=1).str[0])
    groups = []
    for (table, rule), rows in parts.groupby(["table", "rule"], sort=True):
        examples = tuple(
            f"row {row} ({'' if pd.isna(key) else key})" + reason[len(str(rule)) :]
            for row, key, reason in rows[["row", "key", "reason"]].head(3).itertuples(index=False)
        )
        groups.append(RejectGroup(str(table), str(rule), len(rows), examples))
    return tuple(sorted(groups, key=lambda group: -group.rows))
