"""SAP line items read as invoices and payments: each trap of the export on a few written-out lines."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from shape_support import HEADER, items, line, moved, read, read_sap

from features.errors import LedgerError
from features.ledger import known_before
from features.open_items import open_credit, open_items
from features.settlement import keep_books

NO_HISTORY = "no predictor: an open-items list has no history; collect snapshots nightly"


def test_an_invoice_is_paid_on_the_day_of_the_money_and_known_on_the_day_of_the_clearing(
    tmp_path: Path,
) -> None:
    """Money booked on 10 February, cleared and entered on the 14th: paid on the 10th, known on the 14th."""
    result = read_sap(
        tmp_path,
        line("9001", "1.234,56", "02.01.2025", cleared="13.02.2025", by="1401", due="01.02.2025"),
        line(
            "1401",
            "1.234,56-",
            "10.02.2025",
            kind="DZ",
            cleared="13.02.2025",
            by="1401",
            entered="14.02.2025",
        ),
    )
    assert items(result) == {"9001": 123456}
    assert moved(result) == [("9001", "02-10", "02-14", 123456, "payment")]


def test_of_several_payments_the_latest_counts(tmp_path: Path) -> None:
    """60 on 3 March and 40 on 20 March, cleared on the 25th: the invoice was paid on 20 March."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="25.03.2025", by="1500"),
        line("1401", "60,00-", "03.03.2025", kind="DZ", cleared="25.03.2025", by="1500"),
        line("1402", "40,00-", "20.03.2025", kind="DZ", cleared="25.03.2025", by="1500"),
    )
    assert moved(result) == [("9001", "03-20", "03-25", 10000, "payment")]


def test_an_item_cleared_after_the_key_date_is_still_open_on_it(tmp_path: Path) -> None:
    """Paid on 10 February but cleared on the 13th: nobody knew on the 12th."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="13.02.2025", by="1401"),
        line("1401", "100,00-", "10.02.2025", kind="DZ", cleared="13.02.2025", by="1401"),
    )
    for day, still_open in ((date(2025, 2, 12), 1), (date(2025, 2, 13), 1), (date(2025, 2, 14), 0)):
        books = keep_books(known_before(result.ledger, day))
        assert len(open_items(books, day)) == still_open


def test_a_credit_memo_alone_pays_nothing(tmp_path: Path) -> None:
    """Cleared by a credit memo: a credit for the invoice, and the credit memo is used up."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="20.01.2025", by="7001"),
        line("7001", "100,00-", "20.01.2025", kind="DG", cleared="20.01.2025", by="7001"),
    )
    assert items(result) == {"9001": 10000, "7001": -10000}
    assert moved(result) == [
        ("7001", "01-20", "01-20", 10000, "credit"),
        ("9001", "01-20", "01-20", 10000, "credit"),
    ]


def test_a_reversed_invoice_is_neither_paid_nor_late(tmp_path: Path) -> None:
    """The reversal is a credit line of an invoice type: both are closed as credits."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="05.01.2025", by="9002"),
        line("9002", "100,00-", "05.01.2025", cleared="05.01.2025", by="9002"),
    )
    assert {kind for *_, kind in moved(result)} == {"credit"}


def test_a_credit_of_the_amount_of_an_item_belongs_to_that_item(tmp_path: Path) -> None:
    """30 of credit in a clearing of 100, 30 and a payment of 100: the item of 30 is the credited one."""
    together = {"cleared": "20.02.2025", "by": "1401"}
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", due="01.02.2025", **together),
        line("9002", "30,00", "03.01.2025", due="02.02.2025", **together),
        line("7001", "30,00-", "15.02.2025", kind="DG", **together),
        line("1401", "100,00-", "19.02.2025", kind="DZ", **together),
    )
    assert moved(result) == [
        ("7001", "02-20", "02-20", 3000, "credit"),
        ("9001", "02-19", "02-20", 10000, "payment"),
        ("9002", "02-15", "02-20", 3000, "credit"),
    ]


def test_a_credit_that_names_its_invoice_belongs_to_it(tmp_path: Path) -> None:
    """20 of credit naming the younger of two invoices: the older is paid in full."""
    together = {"cleared": "20.02.2025", "by": "1401"}
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", due="01.02.2025", **together),
        line("9002", "50,00", "03.01.2025", due="02.02.2025", **together),
        line("7001", "20,00-", "15.02.2025", kind="DG", reference="9002", **together),
        line("1401", "130,00-", "20.02.2025", kind="DZ", **together),
    )
    assert moved(result)[1:] == [
        ("9001", "02-20", "02-20", 10000, "payment"),
        ("9002", "02-15", "02-20", 2000, "credit"),
        ("9002", "02-20", "02-20", 3000, "payment"),
    ]


def test_a_discount_taken_is_little_and_a_write_off_is_more(tmp_path: Path) -> None:
    """98 of 100 in a clearing is a discount of 2; 60 of 100 leaves 40 written off on the clearing's day."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="15.01.2025", by="1401"),
        line("1401", "98,00-", "12.01.2025", kind="DZ", cleared="15.01.2025", by="1401"),
        line("9002", "100,00", "02.01.2025", cleared="16.01.2025", by="1402"),
        line("1402", "60,00-", "12.01.2025", kind="DZ", cleared="16.01.2025", by="1402"),
    )
    assert moved(result) == [
        ("9001", "01-12", "01-15", 200, "discount"),
        ("9001", "01-12", "01-15", 9800, "payment"),
        ("9002", "01-12", "01-16", 6000, "payment"),
        ("9002", "01-16", "01-16", 4000, "write_off"),
    ]


def test_partial_payments_that_name_their_invoice_keep_their_own_days(tmp_path: Path) -> None:
    """30 in February and 70 in March, cleared in March: two payments, each known when it was entered."""
    together = {"cleared": "20.03.2025", "by": "1402"}
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", **together),
        line("1401", "30,00-", "10.02.2025", kind="DZ", reference="9001", entered="11.02.2025", **together),
        line("1402", "70,00-", "18.03.2025", kind="DZ", **together),
        line("9002", "80,00", "02.01.2025"),
        line("1403", "50,00-", "10.04.2025", kind="DZ", reference="9002"),
    )
    assert moved(result) == [
        ("9001", "02-10", "02-11", 3000, "payment"),
        ("9001", "03-18", "03-20", 7000, "payment"),
        ("9002", "04-10", "04-10", 5000, "payment"),
    ]


def test_a_residual_item_is_the_rest_of_its_invoice(tmp_path: Path) -> None:
    """100 cleared by 90 and a residual item of 10 in February, which is paid in April: 90, then 10."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="10.02.2025", by="1401"),
        line("1401", "90,00-", "10.02.2025", kind="DZ", cleared="10.02.2025", by="1401"),
        line(
            "1401",
            "10,00",
            "10.02.2025",
            kind="DZ",
            position="2",
            reference="9001",
            cleared="05.04.2025",
            by="1402",
        ),
        line("1402", "10,00-", "04.04.2025", kind="DZ", cleared="05.04.2025", by="1402"),
    )
    assert items(result) == {"9001": 10000}
    assert moved(result) == [
        ("9001", "02-10", "02-10", 9000, "payment"),
        ("9001", "04-04", "04-05", 1000, "payment"),
    ]


def test_an_open_residual_item_keeps_its_invoice_open(tmp_path: Path) -> None:
    """Of 100, 60 were paid and 40 left behind under the invoice's name: 40 are open."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="10.02.2025", by="1401"),
        line("1401", "60,00-", "10.02.2025", kind="DZ", cleared="10.02.2025", by="1401"),
        line("1401", "40,00", "10.02.2025", kind="DZ", position="2", reference="9001"),
    )
    still_open = open_items(keep_books(result.ledger), date(2025, 6, 1))
    assert still_open["open_amount_minor"].tolist() == [4000]
    assert items(result) == {"9001": 10000}


def test_a_residual_item_without_a_name_is_an_item_of_its_own(tmp_path: Path) -> None:
    """What the clearing left behind without a name is due by itself; the invoice's rest moved to it."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="10.02.2025", by="1401"),
        line("1401", "60,00-", "10.02.2025", kind="DZ", cleared="10.02.2025", by="1401"),
        line("1401", "40,00", "10.02.2025", kind="DZ", position="2"),
    )
    assert items(result) == {"9001": 10000, "1401": 4000}
    assert moved(result) == [
        ("9001", "02-10", "02-10", 4000, "credit"),
        ("9001", "02-10", "02-10", 6000, "payment"),
    ]


def test_money_on_account_is_unapplied_cash(tmp_path: Path) -> None:
    """An open payment that names no invoice lowers what is owed net, and money taken back raises it."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025"),
        line("1401", "70,00-", "10.02.2025", kind="DZ"),
        line("1402", "20,00", "20.02.2025", kind="DZ"),
    )
    credit = open_credit(keep_books(result.ledger), date(2025, 6, 1))
    assert credit["unapplied_minor"].tolist() == [5000]


def test_head_office_pays_for_a_branch(tmp_path: Path) -> None:
    """The payment stands on another customer's account; the clearing document brings them together."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.01.2025", cleared="10.02.2025", by="1401"),
        line("1401", "100,00-", "09.02.2025", kind="DZ", customer="1", cleared="10.02.2025", by="1401"),
    )
    assert moved(result) == [("9001", "02-09", "02-10", 10000, "payment")]
    assert result.ledger.payments["customer_id"].tolist() == ["100042"]


def test_special_general_ledger_items_are_no_receivables_but_a_down_payment_is_money(tmp_path: Path) -> None:
    """A down payment pays the invoice when it is cleared; a request and an open one are left out."""
    together = {"cleared": "10.03.2025", "by": "1409"}
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "02.02.2025", **together),
        line("1401", "100,00-", "15.01.2025", kind="DZ", key="19", special="A", **together),
        line("1402", "500,00", "15.01.2025", kind="DZ", key="09", special="F"),
        line("1403", "70,00-", "15.01.2025", kind="DZ", key="19", special="A"),
    )
    assert items(result) == {"9001": 10000}
    assert moved(result) == [("9001", "01-15", "03-10", 10000, "payment")]


def test_a_one_time_customer_is_told_by_the_customer_master(tmp_path: Path) -> None:
    """KNA1 says which account is a one-time account; numbers with and without zeros are one."""
    (tmp_path / "kna1.csv").write_text(
        "KUNNR,NAME1,LAND1,SPRAS,XCPDK\n0000100042,Walk-in,DE,D,X\n77,Other,NL,N,\n"
    )
    (tmp_path / "fbl5n.csv").write_text(
        "\n".join([HEADER, line("9001", "1,50", "13.02.2025", customer="0000100042")])
    )
    sap = {"path": "fbl5n.csv", "shape": "sap_fbl5n"}
    result = read(tmp_path, invoices=sap, customers={"path": "kna1.csv", "shape": "sap_fbl5n"})
    people = result.ledger.customers.set_index("customer_id")
    assert (people.loc["100042", "type"], people.loc["100042", "language"]) == ("one_time", "de")
    assert pd.isna(people.loc["77", "type"])
    assert result.ledger.invoices["customer_id"].tolist() == ["100042"]


def test_lines_of_one_document_are_items_of_their_own(tmp_path: Path) -> None:
    """Two lines of a document (instalments) have ids by company, document, year and line."""
    result = read_sap(
        tmp_path,
        line("0090000001", "50,00", "15.01.2025", position="001", due="15.02.2025"),
        line("0090000001", "50,00", "15.01.2025", position="002", due="15.03.2025"),
    )
    assert result.ledger.invoices["invoice_id"].tolist() == ["1000|90000001|2025|1", "1000|90000001|2025|2"]


def test_totals_and_blank_lines_of_the_list_are_left_out_and_counted(tmp_path: Path) -> None:
    """Lines without a document number, with stars or with nothing, are no rows, and are said."""
    blank = ";" * 16
    total = "*" + ";" * 11 + "150,00;EUR" + ";" * 4
    result = read_sap(tmp_path, line("9001", "150,00", "15.01.2025"), blank, total)
    assert items(result) == {"9001": 15000}
    assert any("2 lines without a document number are left out" in each for each in result.warnings)


def test_a_line_that_cannot_be_read_is_rejected_with_its_reason(tmp_path: Path) -> None:
    """One amount of three is no amount: that line is a rejected invoice, the others are read."""
    result = read_sap(
        tmp_path,
        line("9001", "150,00", "15.01.2025"),
        line("9002", "n.v.", "15.01.2025"),
        line("9003", "20,00", "15.01.2025"),
    )
    assert items(result) == {"9001": 15000, "9003": 2000}
    assert result.rejected[["table", "key", "reason"]].values.tolist() == [
        ["invoices", "9002", "amount is not an amount: 'n.v.'"]
    ]


def test_german_headings_and_technical_names_are_read_alike(tmp_path: Path) -> None:
    """The same two lines under German headings, and as tables BSID and BSAD with debit and credit."""
    german = (
        "Buchungskreis;Belegnummer;Geschäftsjahr;Debitor;Belegart;Belegdatum;Buchungsdatum;Nettofälligkeit;"
        "Betrag in Belegwährung;Belegwährung;Ausgleichsdatum;Ausgleichsbeleg"
    )
    rows = (
        "1000;9001;2025;100042;DR;02.01.2025;02.01.2025;31.01.2025;1.234,50;EUR;10.02.2025;1401",
        "1000;1401;2025;100042;DZ;09.02.2025;09.02.2025;09.02.2025;1.234,50-;EUR;10.02.2025;1401",
    )
    first = read_sap(tmp_path, *rows, header=german)
    tables = "BUKRS;BELNR;GJAHR;KUNNR;BLART;BLDAT;BUDAT;ZFBDT;ZBD1T;ZBD2T;ZBD3T;SHKZG;WRBTR;WAERS;AUGDT;AUGBL"
    rows = (
        "1000;0000009001;2025;0000100042;DR;20250102;20250102;20250102;14;29;0;S;1234.50;EUR;20250210;0000001401",
        "1000;0000001401;2025;0000100042;DZ;20250209;20250209;00000000;0;0;0;H;1234.50;EUR;20250210;0000001401",
    )
    second = read_sap(tmp_path, *rows, header=tables)
    assert moved(first) == moved(second) == [("9001", "02-09", "02-10", 123450, "payment")]
    pd.testing.assert_frame_equal(first.ledger.invoices, second.ledger.invoices)


def test_the_amount_in_local_currency_is_read_with_its_own_currency(tmp_path: Path) -> None:
    """Without an amount in document currency, USD of the document is not the currency of the amount."""
    header = (
        "Document Number;Customer;Document Type;Document Date;Posting Date;Net due date;Document currency;"
        "Amount in local currency;Local Currency"
    )
    result = read_sap(tmp_path, "9001;7;RV;15.01.2025;15.01.2025;15.02.2025;USD;92,00;EUR", header=header)
    assert result.ledger.invoices[["currency", "amount_minor"]].values.tolist() == [["EUR", 9200]]


def test_open_items_alone_are_read_and_said_to_teach_nothing(tmp_path: Path) -> None:
    """No clearing at all: the invoices stand, no payments, and the warning says what to do."""
    result = read_sap(tmp_path, line("9001", "100,00", "15.01.2025"))
    assert result.ledger.payments.empty
    assert any(NO_HISTORY in each for each in result.warnings)


def test_an_export_without_payments_is_refused(tmp_path: Path) -> None:
    """Cleared items and no payment line: exported with a filter, everything would look written off."""
    with pytest.raises(LedgerError, match="1 items are cleared but no line is a payment"):
        read_sap(tmp_path, line("9001", "100,00", "15.01.2025", cleared="10.02.2025", by="1401"))


def test_document_types_of_ones_own_are_named_in_a_warning(tmp_path: Path) -> None:
    """A type that the shape does not know is no money unless the posting key says so."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "15.01.2025", cleared="10.02.2025", by="1401"),
        line("1401", "100,00-", "10.02.2025", kind="ZR", key="15", cleared="10.02.2025", by="1401"),
        line("9002", "50,00", "15.01.2025", cleared="11.02.2025", by="1402"),
        line("1402", "50,00-", "11.02.2025", kind="ZR", cleared="11.02.2025", by="1402"),
    )
    assert any(
        "1 lines are of document types that the shape does not know: ZR (1)" in each
        for each in result.warnings
    )
    kinds = {document: kind for document, *_, kind in moved(result) if document.startswith("9")}
    assert kinds == {"9001": "payment", "9002": "credit"}


def test_a_line_in_an_old_and_a_new_export_counts_once_as_cleared(tmp_path: Path) -> None:
    """Open in the list of January, cleared in that of February: cleared."""
    (tmp_path / "lists").mkdir()
    new = [
        line("9001", "100,00", "15.01.2025", cleared="10.02.2025", by="1401"),
        line("1401", "100,00-", "09.02.2025", kind="DZ", cleared="10.02.2025", by="1401"),
    ]
    (tmp_path / "lists" / "a.csv").write_text("\n".join([HEADER, line("9001", "100,00", "15.01.2025")]))
    (tmp_path / "lists" / "b.csv").write_text("\n".join([HEADER, *new]))
    sap = {"path": "lists", "shape": "sap_fbl5n"}
    result = read(tmp_path, invoices=sap, payments=sap)
    assert moved(result) == [("9001", "02-09", "02-10", 10000, "payment")]
    assert any("1 lines are there more than once" in each for each in result.warnings)


def test_days_with_slashes_that_can_be_read_in_two_ways_are_asked_for(tmp_path: Path) -> None:
    """01/02/2025 may be either day: refused with the way out, and read when the source says it."""
    row = line("9001", "100,00", "01/02/2025")
    with pytest.raises(LedgerError, match="state dates: month_first or day_first"):
        read_sap(tmp_path, row)
    result = read_sap(tmp_path, row, dates="month_first")
    assert result.ledger.invoices["issued_on"].tolist() == [pd.Timestamp("2025-01-02")]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            HEADER.replace("Document Number", "Doc"),
            "no column for document of invoices and payments; it is called BELNR or",
        ),
        (HEADER.replace("Amount in doc. curr.", "Amt"), "no column for amount"),
        (HEADER.replace("Clearing Document", "Clr"), "no column for clearing_document"),
    ],
)
def test_an_export_that_lacks_what_is_needed_is_refused_with_the_headings(
    tmp_path: Path, header: str, said: str
) -> None:
    """The refusal names the file, what is missing, how it may be called and what the file has."""
    with pytest.raises(LedgerError, match=said):
        read_sap(tmp_path, line("9001", "100,00", "15.01.2025"), header=header)


def test_a_spreadsheet_with_typed_cells_is_read_like_the_text(tmp_path: Path) -> None:
    """Numbers as numbers, days as days, a total below: posting key 1 is 01, document 9001 has no decimals."""
    due, paid, cleared = "2025-02-12", "2025-02-19", "2025-02-20"
    rows = [
        [1000, 9001, 2025, 100042, "XX", 1, "2025-01-13", "2025-01-13", due, 1234.5, "EUR", cleared, 1401],
        [1000, 1401, 2025, 100042, "XX", 15, paid, paid, paid, -1234.5, "EUR", cleared, 1401],
        [1000, 9002, 2025, 100042, "XX", 1, "2025-01-13", "2025-01-13", due, 0.1, "EUR", None, None],
        [None, None, None, None, None, None, None, None, None, 0.1, "EUR", None, None],
    ]
    headings = [
        "Company Code", "Document Number", "Fiscal Year", "Account", "Document Type", "Posting Key",
        "Document Date", "Posting Date", "Net due date", "Amount in local currency", "Local Currency",
        "Clearing date", "Clearing Document",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=headings)
    for name in ("Document Date", "Posting Date", "Net due date", "Clearing date"):
        frame[name] = pd.to_datetime(frame[name])
    frame.to_excel(tmp_path / "fbl5n.xlsx", index=False)
    sap = {"path": "fbl5n.xlsx", "shape": "sap_fbl5n"}
    result = read(tmp_path, invoices=sap, payments=sap)
    assert items(result) == {"9001": 123450, "9002": 10}
    assert moved(result) == [("9001", "02-19", "02-20", 123450, "payment")]
    assert any("1 lines without a document number" in each for each in result.warnings)


def test_a_clearing_in_several_currencies_pays_its_items_in_full(tmp_path: Path) -> None:
    """100 USD cleared with 92 EUR of money: their amounts do not add up, the clearing says it is paid."""
    result = read_sap(
        tmp_path,
        line("9001", "100,00", "13.01.2025", currency="USD", cleared="20.02.2025", by="1401"),
        line("1401", "92,00-", "19.02.2025", kind="DZ", cleared="20.02.2025", by="1401"),
    )
    assert moved(result) == [("9001", "02-19", "02-20", 10000, "payment")]
