"""The mapping of an unknown file, and what is said to be unsure."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from features.cleaning import read_ledger
from features.errors import LedgerError
from features.mapping import guess_mapping, init_configuration
from features.sources import Source


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    """Write a small file and return its path."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


FLAT = """Land,CustomerID,Sent,InvoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate,DaysLate
1,A-1,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,0
1,A-2,3/3/2012,790077,1/26/2013,2/25/2013,61.74,Yes,3/3/2013,6
"""


def test_a_flat_file_is_mapped_without_its_leaky_columns(tmp_path: Path) -> None:
    """Days late and disputes tell how it ended: they are left out, and that is said."""
    (guess,) = guess_mapping([write(tmp_path, "flat.csv", FLAT)])
    assert guess.columns == {
        "invoice_id": "InvoiceNumber",
        "customer_id": "CustomerID",
        "issued_on": "InvoiceDate",
        "due_on": "DueDate",
        "amount": "InvoiceAmount",
        "paid_on": "SettledDate",
    }
    assert (guess.table, guess.dates) == ("invoices", "month_first")
    assert guess.leaky == ("Disputed", "DaysLate")
    assert "Disputed, DaysLate left out" in guess.unsure[0]


def test_two_tables_are_told_apart_in_any_order(tmp_path: Path) -> None:
    """What has a due day is invoices, what has a day and an amount is payments."""
    bills = write(
        tmp_path,
        "a.csv",
        "invoice_id,vendor,created_at,invoice_date,due_date,amount\n"
        "I1,Ann,2024-01-03 10:00:00,2024-01-02,2024-02-01,10.50\n",
    )
    money = write(tmp_path, "b.csv", "invoice_id,paid_date,amount\nI1,2024-02-03,10.50\n")
    guesses = {guess.table: guess for guess in guess_mapping([money, bills])}
    assert guesses["invoices"].columns["known_on"] == "created_at"
    assert guesses["invoices"].columns["customer_id"] == "vendor"
    assert guesses["payments"].columns == {
        "invoice_id": "invoice_id",
        "paid_on": "paid_date",
        "amount": "amount",
    }
    assert "looks like a name" in guesses["invoices"].unsure[0]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (
            "Rechnungsnr.;Kundennr.;Rechnungsdatum;Fälligkeitsdatum;Bruttobetrag;Währung;Bezahlt am",
            "R1;10;31.01.2024;28.02.2024;1.234,50;EUR;01.03.2024",
            {
                "invoice_id": "Rechnungsnr.",
                "customer_id": "Kundennr.",
                "issued_on": "Rechnungsdatum",
                "due_on": "Fälligkeitsdatum",
                "amount": "Bruttobetrag",
                "currency": "Währung",
            },
        ),
        (
            "Factuurnummer;Debiteurnr;Factuurdatum;Vervaldatum;Bedrag;Betaaldatum",
            "F1;10;31-01-2024;28-02-2024;1234,50;01-03-2024",
            {
                "invoice_id": "Factuurnummer",
                "customer_id": "Debiteurnr",
                "issued_on": "Factuurdatum",
                "due_on": "Vervaldatum",
                "amount": "Bedrag",
                "paid_on": "Betaaldatum",
            },
        ),
        (
            "N° facture;Code client;Date facture;Date d'échéance;Montant TTC;Date paiement",
            "F1;10;31/01/2024;28/02/2024;1 234,50;01/03/2024",
            {
                "invoice_id": "N° facture",
                "customer_id": "Code client",
                "issued_on": "Date facture",
                "due_on": "Date d'échéance",
                "amount": "Montant TTC",
                "paid_on": "Date paiement",
            },
        ),
        (
            "ContactName,InvoiceNumber,InvoiceDate,DueDate,Total,AmountDue,CurrencyCode,FullyPaidOnDate",
            "Ann,INV-1,2024-01-31,2024-02-28,100.50,0.00,NZD,2024-03-01",
            {
                "customer_id": "ContactName",
                "invoice_id": "InvoiceNumber",
                "issued_on": "InvoiceDate",
                "due_on": "DueDate",
                "amount": "Total",
                "currency": "CurrencyCode",
                "paid_on": "FullyPaidOnDate",
            },
        ),
        (
            "name,partner_id,invoice_date,invoice_date_due,amount_total,currency_id,payment_state",
            "INV/1,7,2024-01-31,2024-02-28,100.50,EUR,paid",
            {
                "invoice_id": "name",
                "customer_id": "partner_id",
                "issued_on": "invoice_date",
                "due_on": "invoice_date_due",
                "amount": "amount_total",
                "currency": "currency_id",
            },
        ),
        (
            "Document No.,Customer No.,Document Date,Due Date,Amount (LCY),Closed at Date",
            "D1,10000,2024-01-31,2024-02-28,100.50,2024-03-01",
            {
                "invoice_id": "Document No.",
                "customer_id": "Customer No.",
                "issued_on": "Document Date",
                "due_on": "Due Date",
                "amount": "Amount (LCY)",
                "paid_on": "Closed at Date",
            },
        ),
        (
            "Num,Customer,Date,Due Date,Amount,Terms",
            "1001,Ann,01/31/2024,02/28/2024,100.50,30",
            {
                "invoice_id": "Num",
                "customer_id": "Customer",
                "issued_on": "Date",
                "due_on": "Due Date",
                "amount": "Amount",
                "payment_terms_days": "Terms",
            },
        ),
    ],
    ids=["German", "Exact", "French", "Xero", "Odoo", "Business Central", "QuickBooks"],
)
def test_exports_met_in_practice_are_mapped(
    tmp_path: Path, header: str, row: str, expected: dict[str, str]
) -> None:
    """Headers of common systems and four languages find their columns; cp1252 and commas do not matter."""
    path = write(tmp_path, "export.csv", f"{header}\n{row}\n", encoding="cp1252")
    (guess,) = guess_mapping([path])
    assert guess.table == "invoices"
    assert expected.items() <= guess.columns.items()
    source = Source(path="export.csv", columns=dict(guess.columns), dates=guess.dates, decimal=guess.decimal)
    result = read_ledger({"invoices": source}, tmp_path, today=date(2024, 6, 30), home_currency="EUR")
    assert len(result.ledger.invoices) == 1


def test_sap_line_items_are_mapped_and_clearing_is_named(tmp_path: Path) -> None:
    """BELNR, KUNNR, BLDAT, DMBTR, CPUDT, AUGDT; the clearing day is used, with a warning of what it is."""
    text = (
        "BUKRS;BELNR;KUNNR;BLDAT;CPUDT;NETDUEDATE;DMBTR;WAERS;AUGDT\n"
        "1000;18;77;31.01.2024;02.02.2024;28.02.2024;1.234,50;EUR;00.00.0000\n"
        "1000;19;77;31.01.2024;02.02.2024;28.02.2024;10,00;EUR;15.03.2024\n"
    )
    (guess,) = guess_mapping([write(tmp_path, "fbl5n.csv", text)])
    assert guess.columns["known_on"] == "CPUDT"
    assert guess.columns["company_code"] == "BUKRS"
    assert guess.columns["paid_on"] == "AUGDT"
    assert any("AUGDT is the day of clearing" in each for each in guess.unsure)


def test_dates_that_prove_nothing_are_settled_by_the_order_of_events_and_called_unsure(
    tmp_path: Path,
) -> None:
    """Read day-first the due day follows the issue; read month-first it would come before it."""
    text = (
        "invoice,customer,invoice date,due date,amount\n"
        "1,A,05/01/2024,04/02/2024,1.50\n"
        "2,A,06/03/2024,05/04/2024,2.50\n"
    )
    (guess,) = guess_mapping([write(tmp_path, "i.csv", text)])
    assert guess.dates == "day_first"
    assert "can be read in two ways: day_first was taken because then 100%" in guess.unsure[0]


def test_amounts_that_prove_nothing_are_called_unsure(tmp_path: Path) -> None:
    """1.234 is taken as a thousand and some, and that is said."""
    text = "invoice;customer;invoice date;due date;amount\n1;A;2024-01-05;2024-02-04;1.234\n"
    (guess,) = guess_mapping([write(tmp_path, "i.csv", text)])
    assert guess.decimal == ","
    assert "1.234 can be read in two ways" in guess.unsure[0]


def test_silent_names_are_found_by_content(tmp_path: Path) -> None:
    """Two days that follow each other at few distances are issue and due; decimals are the amount."""
    rows = "".join(
        f"{n},C{n % 2},2024-01-{n:02d},2024-02-{n:02d},2024-03-{(n * 7) % 28 + 1:02d},{n}.50\n"
        for n in range(1, 9)
    )
    (guess,) = guess_mapping([write(tmp_path, "x.csv", "invoice,customer,d1,d2,d3,a1\n" + rows)])
    assert (guess.columns["issued_on"], guess.columns["due_on"], guess.columns["amount"]) == (
        "d1",
        "d2",
        "a1",
    )
    assert len(guess.unsure) >= 2


def test_numbers_that_repeat_are_said_to_need_more_columns(tmp_path: Path) -> None:
    """A document number that is unique only within a company is not unique."""
    text = (
        "company,invoice,customer,invoice date,due date,amount\n"
        "1,7,A,2024-01-05,2024-02-04,1.50\n"
        "2,7,A,2024-01-05,2024-02-04,2.50\n"
    )
    (guess,) = guess_mapping([write(tmp_path, "i.csv", text)])
    assert "invoice repeats in 1 rows" in guess.unsure[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("first,second\n1,2\n", "no column was recognised as"),
        ("customer,name\nA,Ann\n", "no file looks like invoices"),
        ("invoice,customer,invoice date,due date,amount\n", "has no rows"),
        ("PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file; what can be read is CSV"),
    ],
)
def test_files_that_are_no_ledger_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """Without invoices there is nothing to configure, and the message says what is missing."""
    with pytest.raises(LedgerError, match=said):
        init_configuration([write(tmp_path, "f.csv", text)], tmp_path)
    with pytest.raises(LedgerError, match="no such file"):
        init_configuration([tmp_path / "nothing.csv"], tmp_path)
    with pytest.raises(LedgerError, match="a folder; name the files in it"):
        init_configuration([tmp_path], tmp_path)


def test_the_configuration_is_valid_yaml_that_reads_the_file(tmp_path: Path) -> None:
    """Paths start at the configuration's folder, odd names are quoted, comments say what to check."""
    (tmp_path / "data").mkdir()
    (tmp_path / "conf").mkdir()
    path = write(
        tmp_path / "data",
        "my ledger.csv",
        FLAT.replace("InvoiceNumber", "Invoice Number: #").replace("CustomerID", "customer no"),
    )
    text, unsure = init_configuration([path], tmp_path / "conf")
    content = yaml.safe_load(text)
    assert content["ledger"]["invoices"]["path"] == "../data/my ledger.csv"
    assert content["ledger"]["invoices"]["columns"]["customer_id"] == "customer no"
    assert set(content) == {
        "ledger",
        "late_after_days",
        "home_currency",
        "default_legal_kind",
        "output",
        "timezone",
    }
    assert all(f"# CHECK: {each}" in text for each in unsure)
    sources = {name: Source(**source) for name, source in content["ledger"].items()}
    result = read_ledger(
        sources, tmp_path / "conf", today=date(2024, 6, 30), home_currency=content["home_currency"]
    )
    assert result.ledger.payments["paid_on"].tolist() == [
        pd.Timestamp("2013-01-15"),
        pd.Timestamp("2013-03-03"),
    ]


def test_payments_win_over_a_paid_day_in_the_invoices(tmp_path: Path) -> None:
    """Money must not count twice: the flat paid day is left out when there is a table of payments."""
    money = write(tmp_path, "payments.csv", "InvoiceNumber,payment date,amount\n611365,2013-01-15,55.94\n")
    text, unsure = init_configuration([write(tmp_path, "flat.csv", FLAT), money], tmp_path)
    assert "paid_on" not in yaml.safe_load(text)["ledger"]["invoices"]["columns"]
    assert any("SettledDate of flat.csv is left out" in each for each in unsure)


def test_a_second_file_of_one_kind_is_named(tmp_path: Path) -> None:
    """Two files of invoices need a glob; init says so and takes one."""
    _, unsure = init_configuration([write(tmp_path, "a.csv", FLAT), write(tmp_path, "b.csv", FLAT)], tmp_path)
    assert any("b.csv also looks like invoices" in each for each in unsure)


def test_the_public_ledgers_are_mapped_and_read(public_ledgers: Path, tmp_path: Path) -> None:
    """Both real files are configured by themselves, and every row is accepted."""
    for names, rows in ((("ibm_receivables.csv",), 2466), (("sme_payments.csv", "sme_invoices.csv"), 8753)):
        text, _ = init_configuration([public_ledgers / name for name in names], tmp_path)
        content = yaml.safe_load(text)
        sources = {name: Source(**source) for name, source in content["ledger"].items()}
        result = read_ledger(sources, tmp_path, today=date(2024, 6, 30), home_currency="EUR")
        assert (len(result.ledger.invoices), len(result.ledger.payments), len(result.rejected)) == (
            rows,
            rows,
            0,
        )
