"""`init --shape`: a configuration for the export of a system that is known."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from shape_support import HEADER, line
from test_cli import Shell
from test_web_shapes import XERO_INVOICES, XERO_PAYMENTS, exact

from features.cleaning import read_ledger
from features.errors import ConfigurationError, LedgerError
from features.mapping import init_in_shape
from features.shape_file import SHAPES, shape_names
from features.sources import Source

PAID = (
    line("9001", "100,00", "13.02.2025", cleared="20.02.2025", by="1401", currency="CHF"),
    line("1401", "100,00-", "20.02.2025", kind="DZ", cleared="20.02.2025", by="1401", currency="CHF"),
    line("9002", "100,00", "13.02.2025"),
    line("9003", "50,00", "13.02.2025", currency="CHF"),
)


def sap(folder: Path, *lines: str, name: str = "fbl5n.csv") -> Path:
    """Write an FBL5N export."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return folder / name


def ledger_of(text: str, folder: Path) -> dict[str, int]:
    """Read the ledger of a written configuration; rows per table."""
    content = yaml.safe_load(text)
    sources = {name: Source(**source) for name, source in content["ledger"].items()}
    result = read_ledger(sources, folder, today=date(2025, 12, 31), home_currency=content["home_currency"])
    return dict(result.rows_in)


def test_invoices_and_payments_come_from_the_one_list(tmp_path: Path) -> None:
    """Paths start at the configuration, the most frequent currency is home, and doubts are comments."""
    text, unsure = init_in_shape("sap_fbl5n", [sap(tmp_path / "data", *PAID)], tmp_path)
    content = yaml.safe_load(text)
    assert content["ledger"] == {
        "invoices": {"path": "data/fbl5n.csv", "shape": "sap_fbl5n"},
        "payments": {"path": "data/fbl5n.csv", "shape": "sap_fbl5n"},
    }
    assert content["home_currency"] == "CHF"
    assert any("several currencies (CHF, EUR)" in each for each in unsure)
    assert any("no column says which debtors are businesses" in each for each in unsure)
    assert all(f"# CHECK: {each}" in text for each in unsure)
    assert ledger_of(text, tmp_path) == {"invoices": 3, "payments": 1}


def test_open_items_alone_get_no_payments_and_a_warning(tmp_path: Path) -> None:
    """There are none to read; the comment says what the list lacks."""
    text, unsure = init_in_shape("sap_fbl5n", [sap(tmp_path, line("9001", "9,00", "13.02.2025"))], tmp_path)
    assert list(yaml.safe_load(text)["ledger"]) == ["invoices"]
    assert any("no predictor: an open-items list has no history" in each for each in unsure)


def test_several_lists_are_read_as_their_folder(tmp_path: Path) -> None:
    """Two exports of one folder become its path; with a third file in it they are refused."""
    lists = [sap(tmp_path / "sap", *PAID[:2], name="a.csv"), sap(tmp_path / "sap", *PAID[2:], name="b.csv")]
    text, _ = init_in_shape("sap_fbl5n", lists, tmp_path)
    assert yaml.safe_load(text)["ledger"]["payments"]["path"] == "sap"
    assert ledger_of(text, tmp_path) == {"invoices": 3, "payments": 1}
    (tmp_path / "sap" / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LedgerError, match="put them into a folder of their own"):
        init_in_shape("sap_fbl5n", lists, tmp_path)


def test_files_are_told_apart_by_their_columns(tmp_path: Path) -> None:
    """Xero: credits come from the invoices too, so payments are read from the folder."""
    (tmp_path / "xero").mkdir()
    (tmp_path / "xero" / "i.csv").write_text(XERO_INVOICES)
    (tmp_path / "xero" / "p.csv").write_text(XERO_PAYMENTS)
    text, _ = init_in_shape("xero", [tmp_path / "xero" / "p.csv", tmp_path / "xero" / "i.csv"], tmp_path)
    paths = {name: source["path"] for name, source in yaml.safe_load(text)["ledger"].items()}
    assert paths == {"invoices": "xero/i.csv", "payments": "xero"}


def test_nightly_lists_become_both_tables(tmp_path: Path) -> None:
    """Lists of open items with their days: the folder is read as invoices and as payments."""
    exact(tmp_path, "2025-03-01", "11 100.0")
    exact(tmp_path, "2025-03-02", "12 9.0")
    text, unsure = init_in_shape("exact_receivables_list", sorted((tmp_path / "nights").iterdir()), tmp_path)
    assert ledger_of(text, tmp_path) == {"invoices": 2, "payments": 1}
    assert any("2 lists of open items from 2025-03-01 to 2025-03-02" in each for each in unsure)


def test_files_of_other_tables_are_guessed_beside_it(tmp_path: Path) -> None:
    """A file of customers needs no shape; a second file of invoices in no shape is refused."""
    people = tmp_path / "customers.csv"
    people.write_text("customer_id,name,legal_kind\n100042,Bakery,business\n")
    text, unsure = init_in_shape("sap_fbl5n", [sap(tmp_path, *PAID), people], tmp_path)
    assert yaml.safe_load(text)["ledger"]["customers"]["columns"]["legal_kind"] == "legal_kind"
    assert not any("businesses" in each for each in unsure)
    people.write_text("invoice,customer,invoice date,due date,amount\nI1,A,2025-01-02,2025-02-01,9.50\n")
    with pytest.raises(LedgerError, match=r"customers.csv: looks like invoices, but not as sap_fbl5n has it"):
        init_in_shape("sap_fbl5n", [sap(tmp_path, *PAID), people], tmp_path)


def test_a_shape_of_ones_own_is_named_from_the_configuration(tmp_path: Path) -> None:
    """The path of the shape is written relative to where the configuration will live."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "our.yaml").write_text(
        (SHAPES / "sap_fbl5n.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    text, _ = init_in_shape(str(tmp_path / "our.yaml"), [sap(tmp_path, *PAID)], tmp_path / "conf")
    assert yaml.safe_load(text)["ledger"]["invoices"] == {"path": "../fbl5n.csv", "shape": "../our.yaml"}


def test_what_cannot_be_configured_is_refused(tmp_path: Path) -> None:
    """A wrong name, a file that is not there, a shape that is not that of the file."""
    path = sap(tmp_path, *PAID)
    with pytest.raises(
        ConfigurationError, match="no such shape: sap; there are: exact_receivables_list, odoo"
    ):
        init_in_shape("sap", [path], tmp_path)
    with pytest.raises(LedgerError, match=r"gone.csv: no such file"):
        init_in_shape("sap_fbl5n", [tmp_path / "gone.csv"], tmp_path)
    with pytest.raises(LedgerError):
        init_in_shape("odoo", [path], tmp_path)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """The command line in an empty folder."""
    return Shell(tmp_path, monkeypatch, capfd)


def test_from_a_simulated_sap_export_to_a_judged_ledger_in_three_commands(shell: Shell) -> None:
    """simulate, init and check: what is written is found, read and judged without a reject."""
    assert (
        shell("simulate", "--shape", "sap_fbl5n", "--debtors", "12", "--months", "6", "--out", "sap")[0] == 0
    )
    code, out, _ = shell("init", "--shape", "sap_fbl5n", "sap/fbl5n.csv", "sap/customers.csv")
    assert code == 0
    assert "Wrote debtscape.yaml" in out
    code, out, _ = shell("check", "-c", "debtscape.yaml", "--json")
    tables = {table["table"]: table for table in json.loads(out)["tables"]}
    assert list(tables) == ["invoices", "payments", "customers"]
    assert all(table["accepted"] > 10 and table["rejected"] == 0 for table in tables.values())


def test_the_help_names_the_shapes_and_a_wrong_one_is_refused(shell: Shell) -> None:
    """In the help all of them; after a slip of the pen the nearest."""
    code, out, _ = shell("init", "--help")
    assert code == 0
    assert all(name in out for name in shape_names())
    assert "did you mean `sap_fbl5n`?" in shell.refuses("init", "--shape", "sap_fbl5", "x.csv")
    assert "it can as sap_fbl5n" in shell.refuses(
        "simulate", "--shape", "xero", "--debtors", "10", "--out", "x"
    )
