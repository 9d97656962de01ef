"""Reading files, folders and databases, and what is said when they are not as told."""

from __future__ import annotations

import datetime
import sqlite3
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from ledger_support import TODAY
from postgres_support import can_start_postgres, postgres
from pydantic import ValidationError

from features.cleaning import Cleaned, read_ledger
from features.contracts import LEDGER_TABLES
from features.errors import ConfigurationError, LedgerError
from features.ledger import fingerprint
from features.sources import Source, read_raw
from features.typed import UNREADABLE

INVOICES = LEDGER_TABLES["invoices"]
HEADER = "invoice_id,customer_id,issued_on,due_on,amount\n"
ROWS = "I1,C1,2024-01-02,2024-02-01,100.50\nI2,Müller,2024-01-03,2024-02-02,20\n"


def read(folder: Path, **source: object) -> Cleaned:
    """Read a ledger of invoices only."""
    return read_ledger({"invoices": Source(**source)}, folder, today=TODAY, home_currency="EUR")  # type: ignore[arg-type]


def test_a_plain_csv_with_contract_names_needs_no_mapping(tmp_path: Path) -> None:
    """Without `columns` every column that bears a contract name is read."""
    (tmp_path / "invoices.csv").write_text(HEADER + ROWS, encoding="utf-8")
    ledger = read(tmp_path, path="invoices.csv").ledger
    assert ledger.invoices["amount_minor"].tolist() == [10050, 2000]
    assert ledger.invoices["customer_id"].tolist() == ["C1", "Müller"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encoding_and_separator_are_found_out(tmp_path: Path, encoding: str, separator: str) -> None:
    """UTF-8 with and without mark, cp1252 and UTF-16, with comma, semicolon or tab, read the same."""
    (tmp_path / "i.csv").write_bytes((HEADER + ROWS).replace(",", separator).encode(encoding))
    assert read(tmp_path, path="i.csv").ledger.invoices["customer_id"].tolist() == ["C1", "Müller"]


def test_every_kind_of_file_gives_the_same_ledger(tmp_path: Path) -> None:
    """CSV, Parquet and Excel of the same rows have one fingerprint, whatever their cell types."""
    (tmp_path / "i.csv").write_text(HEADER + ROWS, encoding="utf-8")
    frame = pd.read_csv(tmp_path / "i.csv", parse_dates=["issued_on", "due_on"])
    frame.to_parquet(tmp_path / "i.parquet")
    frame.to_excel(tmp_path / "i.xlsx", index=False)
    prints = {fingerprint(read(tmp_path, path=name).ledger) for name in ("i.csv", "i.parquet", "i.xlsx")}
    assert len(prints) == 1


def test_parquet_decimals_dates_and_whole_numbers_with_gaps_keep_their_meaning(tmp_path: Path) -> None:
    """An id that became 7.0 because of an empty neighbour is 7 again; decimals stay exact."""
    frame = pd.DataFrame(
        {
            "invoice_id": [7.0, None],
            "customer_id": ["C1", "C1"],
            "issued_on": [datetime.date(2024, 1, 2)] * 2,
            "due_on": pd.to_datetime(["2024-02-01 23:30"] * 2).tz_localize("Europe/Amsterdam"),
            "amount": [Decimal("0.10"), Decimal("0.20")],
        }
    )
    frame.to_parquet(tmp_path / "i.parquet")
    result = read(tmp_path, path="i.parquet")
    assert result.ledger.invoices["invoice_id"].tolist() == ["7"]
    assert result.ledger.invoices["amount_minor"].tolist() == [10]
    assert result.rejected["reason"].tolist() == ["invoice_id is empty"]


def test_a_folder_and_a_glob_are_read_together(tmp_path: Path) -> None:
    """A folder reads all its table files by name, a glob those that match."""
    for number in (1, 2):
        (tmp_path / f"open_{number}.csv").write_text(f"{HEADER}I{number},C1,2024-01-02,2024-02-01,5.00\n")
    (tmp_path / "readme.md").write_text("not a table")
    assert read(tmp_path, path=".").ledger.invoices["invoice_id"].tolist() == ["I1", "I2"]
    assert read(tmp_path, path="*_2.csv").ledger.invoices["invoice_id"].tolist() == ["I2"]


def test_an_id_may_be_made_of_several_columns(tmp_path: Path) -> None:
    """Parts are joined with |, and an id of which a part is missing is missing."""
    (tmp_path / "i.csv").write_text(
        "bukrs,belnr,k,d,f,a\n10,5,C,2024-01-02,2024-01-03,1.00\n10,,C,2024-01-02,2024-01-03,1.00\n"
    )
    columns = {
        "invoice_id": ["bukrs", "belnr"],
        "customer_id": "k",
        "issued_on": "d",
        "due_on": "f",
        "amount": "a",
    }
    result = read(tmp_path, path="i.csv", columns=columns)
    assert result.ledger.invoices["invoice_id"].tolist() == ["10|5"]
    assert result.rejected["reason"].tolist() == ["invoice_id is empty"]


def test_a_line_with_too_many_fields_is_a_rejected_row(tmp_path: Path) -> None:
    """A line that cannot be taken apart is counted and named; the others are read."""
    (tmp_path / "i.csv").write_text(
        HEADER + "I1,C,1,2024-01-02,2024-02-01,5.00\nI2,C1,2024-01-02,2024-02-01,5.00\n"
    )
    raw = read_raw(INVOICES, Source(path="i.csv"), tmp_path)
    assert raw[UNREADABLE].notna().sum() == 1
    result = read(tmp_path, path="i.csv")
    assert result.rows_in == {"invoices": 2}
    assert result.rejected["reason"].tolist() == ["the line does not have 5 fields: 6 in line 2"]


def test_quoted_cells_may_hold_separators_and_line_ends(tmp_path: Path) -> None:
    """Quotes protect commas, quotes and line ends inside a cell."""
    (tmp_path / "i.csv").write_text(HEADER + '"I,1","A ""B""\nC",2024-01-02,2024-02-01,"1,234.50"\n')
    invoice = read(tmp_path, path="i.csv").ledger.invoices.iloc[0]
    assert (invoice["invoice_id"], invoice["customer_id"], invoice["amount_minor"]) == (
        "I,1",
        'A "B"\nC',
        123450,
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": "invoice.csv"}, "invoice.csv: no such file for invoices .*did you mean 'invoices.csv'"),
        ({"path": "nowhere/i.csv"}, "there is no folder"),
        ({"path": "*.pq"}, "holds no .csv"),
        ({"path": "readme.md"}, "not a file of invoices that can be read"),
        ({"path": "empty.csv"}, "empty.csv: empty file"),
        ({"path": "headonly.csv"}, "headonly.csv: the table invoices has no rows"),
        ({"path": "broken.xlsx"}, "broken.xlsx: not a readable xlsx file"),
        ({"path": "broken.parquet"}, "broken.parquet: cannot be read as parquet"),
        ({"path": "twice.csv", "columns": {"invoice_id": "a"}}, "column 'a' is there more than once"),
        ({"path": "invoices.csv", "encoding": "ascii"}, "not text in ascii"),
        (
            {"path": "invoices.csv", "columns": {"invoice_id": "invoiceid"}},
            "no column 'invoiceid' for invoice_id of invoices; did you mean 'invoice_id'",
        ),
        (
            {"path": "invoices.csv", "columns": {"invoice_id": "invoice_id"}},
            "no column for customer_id, issued_on",
        ),
    ],
)
def test_an_unusable_file_is_refused_in_one_line(
    tmp_path: Path, source: dict[str, object], said: str
) -> None:
    """Each refusal names the file, what is wrong and, where there is one, the nearest match."""
    (tmp_path / "invoices.csv").write_text(HEADER + ROWS, encoding="utf-8")
    (tmp_path / "empty.csv").write_text("\n")
    (tmp_path / "headonly.csv").write_text(HEADER)
    (tmp_path / "readme.md").write_text("text")
    (tmp_path / "broken.xlsx").write_bytes(b"PK not really")
    (tmp_path / "broken.parquet").write_bytes(b"PAR0")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    with pytest.raises(LedgerError, match=said) as refusal:
        read(tmp_path, **source)
    assert len(str(refusal.value).splitlines()) <= 2


def test_a_column_the_contract_does_not_have_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    """A mapping key that is no column of the contract is refused with the nearest one."""
    with pytest.raises(ConfigurationError, match="no column 'due_date'"):
        read_raw(INVOICES, Source(path="i.csv", columns={"due_date": "x"}), tmp_path)
    with pytest.raises(ConfigurationError, match="only an id can be joined"):
        read_raw(INVOICES, Source(path="i.csv", columns={"amount": ["a", "b"]}), tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        {"path": "i.csv", "dates": "us"},
        {"path": "i.csv", "decimal": "'"},
        {"path": "i.csv", "separator": "::"},
        {"path": "sql:LEDGER_DB"},
        {"path": "i.csv", "query": "select 1"},
        {"path": "i.csv", "colums": {}},
    ],
)
def test_a_source_that_makes_no_sense_is_refused(source: dict[str, object]) -> None:
    """Unknown keys, formats and a query without a database are refused at once."""
    with pytest.raises(ValidationError):
        Source(**source)  # type: ignore[arg-type]


# databases -------------------------------------------------------------------------------------------

QUERY = """select number as invoice_id, debtor as customer_id, issued as issued_on, due as due_on, amount
from items"""


def test_a_query_is_read_through_an_environment_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sql:` takes the address from the environment and the rows from the query."""
    with sqlite3.connect(tmp_path / "l.db") as database:
        database.execute(
            "create table items (number integer, debtor text, issued text, due text, amount real)"
        )
        database.execute("insert into items values (7, 'C1', '2024-01-02', '2024-02-01', 12.34)")
    monkeypatch.setenv("LEDGER_DB", f"sqlite:///{tmp_path}/l.db")
    invoices = read(tmp_path, path="sql:LEDGER_DB", query=QUERY).ledger.invoices
    assert invoices[["invoice_id", "amount_minor"]].values.tolist() == [["7", 1234]]


@pytest.mark.parametrize(
    ("address", "query", "said"),
    [
        (None, "select 1", "environment variable LEDGER_DB is not set"),
        (
            "postgresql://eve:hunter2@127.0.0.1:1/hidden",
            "select 1",
            "cannot connect to the database in LEDGER_DB",
        ),
        ("hunter2 hidden", "select 1", "cannot connect to the database in LEDGER_DB"),
        ("sqlite:////tmp/../tmp?mode=hunter2", "select 1", "cannot connect|failed"),
        (
            "sqlite://",
            "select * from hidden_table",
            "the query on LEDGER_DB failed .no such table: hidden_table.",
        ),
    ],
)
def test_a_database_that_fails_keeps_its_address_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str | None, query: str, said: str
) -> None:
    """The refusal names the variable, never what is in it."""
    monkeypatch.delenv("LEDGER_DB", raising=False)
    if address:
        monkeypatch.setenv("LEDGER_DB", address)
    with pytest.raises(LedgerError, match=said) as refusal:
        read(tmp_path, path="sql:LEDGER_DB", query=query)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.skipif(not can_start_postgres(), reason="no PostgreSQL")
def test_a_real_postgresql_is_read_with_exact_decimals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NUMERIC, DATE and TIMESTAMPTZ of a real server become minor units and days as written."""
    with postgres() as address:
        monkeypatch.setenv("LEDGER_DB", address)
        query = (
            "select 7 as invoice_id, 'C1' as customer_id, date '2024-01-02' as issued_on, "
            "timestamp '2024-02-01 23:59' as due_on, 1234567.89::numeric as amount"
        )
        invoice = read(tmp_path, path="sql:LEDGER_DB", query=query).ledger.invoices.iloc[0]
        assert (invoice["invoice_id"], invoice["amount_minor"], invoice["due_on"]) == (
            "7",
            123456789,
            pd.Timestamp("2024-02-01"),
        )
        with pytest.raises(LedgerError, match=r'query on LEDGER_DB failed .*"nothing" does not exist'):
            read(tmp_path, path="sql:LEDGER_DB", query="select * from nothing")
