"""Exports of Xero, Odoo and Exact Online read by their shapes, each on a few written-out rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from shape_support import items, moved, read

from features.errors import LedgerError
from features.ledger import known_before
from features.open_items import open_items
from features.settlement import keep_books

XERO_INVOICES = """\
InvoiceID,InvoiceNumber,Type,Status,Contact.ContactID,Date,DueDate,Total,AmountPaid,AmountCredited,CurrencyCode,FullyPaidOnDate
a,INV-1,ACCREC,PAID,c-7,/Date(1735689600000+0000)/,/Date(1738281600000+0000)/,100.00,80.00,20.00,NZD,/Date(1739145600000+0000)/
b,INV-2,ACCREC,AUTHORISED,c-7,2025-01-05T00:00:00,2025-02-04T00:00:00,50.00,10.00,0.0,NZD,
c,INV-3,ACCREC,VOIDED,c-7,2025-01-05,2025-02-04,50.00,0.00,0.00,NZD,
d,INV-4,ACCREC,DRAFT,c-7,2025-01-05,2025-02-04,50.00,0.00,0.00,NZD,
e,BILL-1,ACCPAY,PAID,c-8,2025-01-05,2025-02-04,99.00,99.00,0.00,NZD,2025-02-01
"""
XERO_PAYMENTS = """\
PaymentID,Date,Amount,PaymentType,Status,Invoice.InvoiceNumber,Invoice.Type
p,/Date(1739145600000+0000)/,80.00,ACCRECPAYMENT,AUTHORISED,INV-1,ACCREC
q,2025-02-20T00:00:00,10.00,ACCRECPAYMENT,AUTHORISED,INV-2,ACCREC
r,2025-02-21,40.00,ACCRECPAYMENT,DELETED,INV-2,ACCREC
s,2025-02-01,99.00,ACCPAYPAYMENT,AUTHORISED,BILL-1,ACCPAY
"""


def test_xero_reads_receivables_and_the_money_and_credits_on_them(tmp_path: Path) -> None:
    """Drafts, voided ones and bills are no receivables; deleted payments are none; a credit is no money."""
    (tmp_path / "xero").mkdir()
    (tmp_path / "xero" / "invoices.csv").write_text(XERO_INVOICES)
    (tmp_path / "xero" / "payments.csv").write_text(XERO_PAYMENTS)
    result = read(
        tmp_path,
        invoices={"path": "xero/invoices.csv", "shape": "xero"},
        payments={"path": "xero", "shape": "xero"},
    )
    assert items(result) == {"INV-1": 10000, "INV-2": 5000}
    invoices = result.ledger.invoices
    assert [f"{day:%Y-%m-%d}" for day in invoices["due_on"]] == ["2025-01-31", "2025-02-04"]
    assert invoices["currency"].tolist() == ["NZD", "NZD"]
    assert moved(result) == [
        ("INV-1", "02-10", "02-10", 2000, "credit"),
        ("INV-1", "02-10", "02-10", 8000, "payment"),
        ("INV-2", "02-20", "02-20", 1000, "payment"),
    ]


ODOO_INVOICES = """\
name,move_type,state,partner_id,invoice_date,invoice_date_due,amount_total,currency_id,create_date
INV/2025/1,out_invoice,posted,7,2025-01-02,2025-02-01,100.0,EUR,2025-01-03 08:00:00
INV/2025/2,out_invoice,posted,7,2025-01-02,2025-02-01,60.0,EUR,2025-01-02 08:00:00
INV/2025/3,out_invoice,draft,7,2025-01-02,2025-02-01,60.0,EUR,2025-01-02 08:00:00
RINV/2025/1,out_refund,posted,7,2025-01-20,2025-01-20,60.0,EUR,2025-01-20 08:00:00
BILL/2025/1,in_invoice,posted,9,2025-01-02,2025-02-01,70.0,EUR,2025-01-02 08:00:00
"""
ODOO_MATCHES = """\
debit_move_id/move_id,debit_move_id/move_id/move_type,debit_move_id/date,debit_amount_currency,credit_move_id/move_id,credit_move_id/move_id/move_type,credit_move_id/date,credit_amount_currency,max_date,create_date
INV/2025/1,out_invoice,2025-01-02,30.0,BNK1/1,entry,2024-12-20,30.0,2025-01-02,2025-01-03 09:00:00
INV/2025/1,out_invoice,2025-01-02,70.0,BNK1/2,entry,2025-02-10,70.0,2025-02-10,2025-02-12 09:00:00
INV/2025/2,out_invoice,2025-01-02,60.0,RINV/2025/1,out_refund,2025-01-20,60.0,2025-01-20,2025-01-21 09:00:00
BNK1/3,entry,2025-02-10,70.0,BILL/2025/1,in_invoice,2025-01-02,70.0,2025-02-10,2025-02-10 09:00:00
"""


def test_odoo_pays_on_the_day_of_the_payments_own_entry(tmp_path: Path) -> None:
    """Not on max_date: money of December for an invoice of January was paid in December."""
    (tmp_path / "account.move.csv").write_text(ODOO_INVOICES)
    (tmp_path / "account.partial.reconcile.csv").write_text(ODOO_MATCHES)
    result = read(
        tmp_path,
        invoices={"path": "account.move.csv", "shape": "odoo"},
        payments={"path": "account.partial.reconcile.csv", "shape": "odoo"},
    )
    assert items(result) == {"INV/2025/1": 10000, "INV/2025/2": 6000, "RINV/2025/1": -6000}
    assert moved(result) == [
        ("INV/2025/1", "02-10", "02-12", 7000, "payment"),
        ("INV/2025/1", "12-20", "01-03", 3000, "payment"),
        ("INV/2025/2", "01-20", "01-21", 6000, "credit"),
        ("RINV/2025/1", "01-20", "01-21", 6000, "credit"),
    ]
    assert f"{result.ledger.invoices['known_on'][0]:%m-%d}" == "01-03"


EXACT = "HID,AccountCode,AccountName,Amount,AmountInTransit,CurrencyCode,DueDate,InvoiceDate,InvoiceNumber"


def exact(folder: Path, night: str, *rows: str) -> None:
    """Write a night's list; a row is `hid amount`."""
    (folder / "nights").mkdir(exist_ok=True)
    lines = [
        f"{hid},                 7,Bakery,{amount},0,EUR,2025-02-01T00:00:00,2025-01-02T00:00:00,1"
        for hid, amount in (row.split() for row in rows)
    ]
    (folder / "nights" / f"open-{night}.csv").write_text("\n".join([EXACT, *lines, ""]))


NIGHTS = {
    "invoices": {"path": "nights", "shape": "exact_receivables_list"},
    "payments": {"path": "nights", "shape": "exact_receivables_list"},
}


def test_one_list_of_open_items_teaches_nothing(tmp_path: Path) -> None:
    """The open items stand; there are no payments, and the warning says what to do."""
    exact(tmp_path, "2025-03-01", "11 100.0", "12 -40.0", "13 0.0")
    result = read(tmp_path, **NIGHTS)
    assert items(result) == {"11": 10000, "12": -4000}
    assert result.ledger.payments.empty
    assert any(
        "no predictor: an open-items list has no history; collect snapshots nightly" in each
        for each in result.warnings
    )


def test_what_vanishes_from_one_night_to_the_next_was_paid(tmp_path: Path) -> None:
    """11 falls by 30 and vanishes; 12 appears in the second list and comes back in the fourth; 13 stays."""
    exact(tmp_path, "2025-03-01", "11 100.0", "13 5.0")
    exact(tmp_path, "2025-03-02", "11 70.0", "12 20.0", "13 5.0")
    exact(tmp_path, "2025-03-04", "13 5.0")
    exact(tmp_path, "20250305", "12 20.0", "13 5.0")
    result = read(tmp_path, **NIGHTS)
    assert items(result) == {"11": 10000, "12": 2000, "13": 500}
    assert moved(result) == [
        ("11", "03-02", "03-02", 3000, "payment"),
        ("11", "03-04", "03-04", 7000, "payment"),
        ("12", "03-04", "03-04", 2000, "payment"),
        ("12", "03-05", "03-05", 2000, "reversal"),
    ]
    known = result.ledger.invoices.set_index("invoice_id")["known_on"]
    assert [f"{known[each]:%m-%d}" for each in ("11", "12", "13")] == ["01-02", "03-02", "01-02"]


def test_each_night_shows_what_was_open_in_its_list(tmp_path: Path) -> None:
    """The history made of the lists gives each list back, the day after it."""
    lists = {
        "2025-03-01": {"11": 100, "13": 5},
        "2025-03-03": {"11": 70, "12": 20},
        "2025-03-04": {"12": 20, "13": 5},
    }
    for night, rows in lists.items():
        exact(tmp_path, night, *(f"{hid} {amount}" for hid, amount in rows.items()))
    ledger = read(tmp_path, **NIGHTS).ledger
    for night, rows in lists.items():
        day = date.fromisoformat(night).replace(day=int(night[-2:]) + 1)
        shown = open_items(keep_books(known_before(ledger, day)), day).set_index("invoice_id")[
            "open_amount_minor"
        ]
        assert {hid: amount // 100 for hid, amount in shown.items()} == rows


@pytest.mark.parametrize("names", [("2025-03-01", "last"), ("2025-03-01", "20250301")])
def test_lists_without_a_day_of_their_own_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    """Two lists need two days in their names: without them there is no order."""
    for name in names:
        exact(tmp_path, name, "11 100.0")
    with pytest.raises(LedgerError, match="not each has a day of its own in its name"):
        read(tmp_path, **NIGHTS)


def test_odoo_is_read_by_a_query_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query on the database whose columns are named as in the shape is read like the file."""
    with closing(sqlite3.connect(tmp_path / "odoo.db")) as database:
        for name, text in (("move", ODOO_INVOICES), ("partial", ODOO_MATCHES)):
            pd.read_csv(StringIO(text)).to_sql(name, database, index=False)
    monkeypatch.setenv("ODOO", f"sqlite:///{tmp_path / 'odoo.db'}")
    odoo = {"path": "sql:ODOO", "shape": "odoo"}
    result = read(
        tmp_path,
        invoices=odoo | {"query": "select * from move"},
        payments=odoo | {"query": "select * from partial"},
    )
    assert items(result) == {"INV/2025/1": 10000, "INV/2025/2": 6000, "RINV/2025/1": -6000}
    assert len(moved(result)) == 4
