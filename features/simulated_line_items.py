"""A simulated portfolio as SAP would export it: line items of customer accounts, open and cleared.

How it is booked
- A payment that closes its invoice clears it, with what was paid in part before; what is missing is discount.
- A payment in part names its invoice and stays open until the invoice is cleared.
- A credit memo that leaves a rest clears the invoice with a residual item that names the invoice.
- A write-off clears the invoice by a document that is on no customer's account.
- A payment that came back and its return are cleared against each other: that the invoice was cleared for
  some days is not in the export, as in SAP, where such a clearing is reset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

SAP = "sap_fbl5n"
IN_LINE_ITEMS = ("invoices", "payments")
COMPANY = "1000"
HEADINGS = {
    "company": "Company Code",
    "document": "Document Number",
    "year": "Fiscal Year",
    "line": "Line item",
    "customer": "Customer",
    "type": "Document Type",
    "key": "Posting Key",
    "issued": "Document Date",
    "posted": "Posting Date",
    "entered": "Entry Date",
    "due": "Net due date",
    "cents": "Amount in doc. curr.",
    "currency": "Document currency",
    "cleared": "Clearing date",
    "by": "Clearing Document",
    "special": "Special G/L ind.",
    "reference": "Invoice reference",
}


@dataclass
class _Line:
    document: int
    line: int
    customer: str
    type: str
    key: str
    issued: date
    posted: date
    entered: date
    due: date
    cents: int
    reference: int | None = None
    cleared: date | None = None
    by: int | None = None

    @property
    def id(self) -> str:
        return f"{COMPANY}|{self.document}|{self.posted.year}|{self.line}"

    def clear(self, day: date, by: int) -> None:
        self.cleared, self.by = day, by


@dataclass
class _Account:
    """One invoice: the debit that is open, and the payments that wait for its clearing."""

    debit: _Line
    first: _Line
    waiting: list[_Line] = field(default_factory=list)

    @property
    def rest(self) -> int:
        return self.debit.cents + sum(line.cents for line in self.waiting)

    def clear(self, day: date, by: int) -> None:
        for line in (self.debit, *self.waiting):
            line.clear(day, by)
        self.waiting = []


def as_line_items(tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the line items of simulated invoices and payments, and the id of each invoice among them.

    Grain line; headings and contents as text, as FBL5N exports them in a German locale: days 31.12.2025,
    amounts 1.234,56 with the minus behind.
    """
    lines: list[_Line] = []
    numbers = iter(range(1_400_000_001, 2_000_000_000))
    accounts: dict[str, _Account] = {}
    notes: dict[str, _Line] = {}
    invoices = tables["invoices"]
    for number, row in enumerate(_rows(invoices), start=90_000_001):
        credit = row["kind"] == "credit_note"
        cents = round(row["amount"] * 100) * (-1 if credit else 1)
        day = row["issued_on"]
        kind, key = ("DG", "11") if credit else ("RV", "01")
        line = _Line(number, 1, row["customer_id"], kind, key, day, day, day, row["due_on"], cents)
        lines.append(line)
        if credit:
            notes[row["invoice_id"]] = line
        else:
            accounts[row["invoice_id"]] = _Account(line, line)
    ids = {name: account.debit.id for name, account in accounts.items()}
    ids |= {name: note.id for name, note in notes.items()}
    movements = tables["payments"]
    movements = movements[~movements["invoice_id"].isin(list(notes))]
    movements = movements.sort_values(
        ["invoice_id", "known_on", "paid_on", "kind"], ascending=[True, True, True, False]
    )
    for invoice, events in groupby(_rows(movements), key=itemgetter("invoice_id")):
        _book(accounts[invoice], list(events), notes.get(invoice.replace("INV", "CRN")), lines, numbers)
    return _export(lines), ids


def renamed(table: pd.DataFrame, ids: dict[str, str]) -> pd.DataFrame:
    """Return a table with the ids that its invoices have among the line items."""
    if "invoice_id" not in table:
        return table
    return table.assign(invoice_id=table["invoice_id"].map(ids).fillna(table["invoice_id"]))


def _rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    columns = {str(name): _plain(table[name]) for name in table}
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _plain(column: pd.Series) -> list[Any]:
    return list(column.dt.date) if pd.api.types.is_datetime64_any_dtype(column.dtype) else column.tolist()


def _book(
    account: _Account,
    events: list[dict[str, Any]],
    note: _Line | None,
    lines: list[_Line],
    numbers: Iterator[int],
) -> None:
    """Add the lines of what happened to one invoice, in the order in which it was known."""
    for place, event in enumerate(events):
        cents, day, known = round(event["amount"] * 100), event["paid_on"], event["known_on"]
        if event["kind"] == "payment":
            back = next((e for e in events[place + 1 :] if e["kind"] == "reversal"), None)
            again = any(e["kind"] == "payment" for e in events[place + 1 :])
            paid = _money(account, next(numbers), -cents, day, known)
            lines.append(paid)
            if back is not None:
                returned = _money(account, next(numbers), cents, back["paid_on"], back["known_on"])
                lines.append(returned)
                for line in (paid, returned):
                    line.clear(back["paid_on"], returned.document)
                continue
            account.waiting.append(paid)
            rest = account.rest - sum(round(e["amount"] * 100) for e in events if e["kind"] == "discount")
            if rest <= 0 and not again:
                account.clear(max(day, account.first.posted), paid.document)
            else:
                paid.reference = account.first.document
        elif event["kind"] == "write_off":
            account.clear(day, next(numbers))
        elif event["kind"] == "credit" and note is not None:
            document, rest = next(numbers), account.rest - cents
            note.reference = account.first.document
            note.clear(day, document)
            account.clear(day, document)
            if rest > 0:
                first = account.first
                account.debit = _Line(
                    document,
                    1,
                    first.customer,
                    "AB",
                    "06",
                    first.issued,
                    day,
                    known,
                    first.due,
                    rest,
                    first.document,
                )
                lines.append(account.debit)


def _money(account: _Account, document: int, cents: int, day: date, known: date) -> _Line:
    key = "15" if cents < 0 else "05"
    return _Line(document, 1, account.first.customer, "DZ", key, day, day, known, day, cents)


def _export(lines: list[_Line]) -> pd.DataFrame:
    lines = sorted(lines, key=lambda line: (line.customer, line.posted, line.document, line.line))
    text: dict[str, list[str]] = {
        "company": [COMPANY] * len(lines),
        "document": [f"{line.document:010d}" for line in lines],
        "year": [str(line.posted.year) for line in lines],
        "line": [f"{line.line:03d}" for line in lines],
        "customer": [line.customer for line in lines],
        "type": [line.type for line in lines],
        "key": [line.key for line in lines],
        "issued": [_day(line.issued) for line in lines],
        "posted": [_day(line.posted) for line in lines],
        "entered": [_day(line.entered) for line in lines],
        "due": [_day(line.due) for line in lines],
        "cents": [_amount(line.cents) for line in lines],
        "currency": ["EUR"] * len(lines),
        "cleared": [_day(line.cleared) if line.cleared else "" for line in lines],
        "by": [f"{line.by:010d}" if line.by else "" for line in lines],
        "special": [""] * len(lines),
        "reference": [f"{line.reference:010d}" if line.reference else "" for line in lines],
    }
    return pd.DataFrame({heading: text[name] for name, heading in HEADINGS.items()}, dtype="str")


def _day(day: date) -> str:
    return f"{day.day:02d}.{day.month:02d}.{day.year}"


def _amount(cents: int) -> str:
    whole = f"{abs(cents) // 100:,}".replace(",", ".")
    return f"{whole},{abs(cents) % 100:02d}{'-' if cents < 0 else ''}"
