"""A simulated portfolio exported as SAP does it, and read back: the same items, amounts and days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from features.books import HOW, PAID, Books
from features.cleaning import clean, read_ledger
from features.errors import ConfigurationError
from features.ledger import Ledger, known_before
from features.open_items import open_items
from features.settlement import keep_books
from features.simulate import Portfolio, simulate, write_portfolio
from features.simulated_line_items import as_line_items
from features.sources import Source

END = date(2026, 1, 1)


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """150 debtors of 18 months: every way in which an invoice may end is in it."""
    return simulate(debtors=150, months=18, seed=3, end=END)


@pytest.fixture(scope="module")
def folder(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portfolio written as an FBL5N export with its configuration."""
    place = tmp_path_factory.mktemp("sap")
    write_portfolio(portfolio, place, "sap_fbl5n")
    return place


@pytest.fixture(scope="module")
def exported(folder: Path) -> Ledger:
    """The ledger read from the export by the configuration that was written with it."""
    content = yaml.safe_load((folder / "debtscape.yaml").read_text(encoding="utf-8"))
    sources = {name: Source(**source) for name, source in content["ledger"].items()}
    result = read_ledger(sources, folder, today=END, home_currency="EUR")
    assert result.rejected.empty
    return result.ledger


@pytest.fixture(scope="module")
def plain(portfolio: Portfolio) -> Ledger:
    """The ledger of the portfolio itself, its invoices under the ids that they have in the export."""
    _, ids = as_line_items(portfolio.tables)
    tables = {name: portfolio.tables[name] for name in ("invoices", "payments")}
    renamed = {name: table.assign(invoice_id=table["invoice_id"].map(ids)) for name, table in tables.items()}
    return clean(renamed, today=END, home_currency="EUR").ledger


def _facts(books: Books) -> pd.DataFrame:
    """Return per item its days, amount, and how, when and since when known it was last closed."""
    every = np.arange(len(books.items.amount))
    last = pd.DataFrame(
        {
            "at": books.spells.item,
            "ended": books.spells.ended,
            "settled": books.spells.settled,
            "how": books.spells.how,
        }
    ).drop_duplicates("at", keep="last")
    items = pd.DataFrame(
        {"invoice_id": books.invoice_ids(every), "issued": books.items.issued, "due": books.items.due,
         "amount": books.items.amount, "credit_note": books.items.credit_note}
    )  # fmt: skip
    return items.join(last.set_index("at")).set_index("invoice_id").sort_index()


def test_the_export_gives_the_same_items_due_days_and_payment_days(exported: Ledger, plain: Ledger) -> None:
    """Each invoice and credit note once, closed as early as in the ledger itself, paid on the same day.

    Credited invoices apart: a credit memo counts from its own posting day, not from the day it was used.
    """
    ours, theirs = _facts(keep_books(exported)), _facts(keep_books(plain))
    same = ["issued", "due", "amount", "credit_note", "ended"]
    pd.testing.assert_frame_equal(ours[same], theirs[same])
    credited = plain.payments.loc[plain.payments["kind"] == "credit", "invoice_id"]
    paid = (theirs["how"] == PAID) & ~theirs.index.isin(credited)
    assert paid.mean() > 0.8
    assert (ours.loc[paid, "how"] == PAID).all()
    pd.testing.assert_series_equal(ours.loc[paid, "settled"], theirs.loc[paid, "settled"])
    assert set(theirs["how"].dropna()) == set(range(len(HOW)))
    assert (ours["how"] == theirs["how"]).mean() > 0.995


@pytest.mark.parametrize("day", [date(2025, 3, 1), date(2025, 9, 15), END])
def test_the_export_gives_the_same_open_amounts_on_a_day(exported: Ledger, plain: Ledger, day: date) -> None:
    """On any day, but for invoices whose payment bounced later: SAP resets that clearing."""
    ours, theirs = (
        open_items(keep_books(known_before(ledger, day)), day).set_index("invoice_id")["open_amount_minor"]
        for ledger in (exported, plain)
    )
    bounced = set(plain.payments.loc[plain.payments["kind"] == "reversal", "invoice_id"])
    differ = (set(ours.index) ^ set(theirs.index)) | set(ours.index[ours != theirs.reindex(ours.index)])
    assert len(theirs) > 20
    assert differ <= (bounced if day < END else set())


def test_the_other_tables_speak_of_the_same_invoices(folder: Path, exported: Ledger) -> None:
    """Disputes and contacts name the items of the export."""
    disputes = pd.read_csv(folder / "disputes.csv")
    assert len(disputes) > 10
    assert disputes["invoice_id"].isin(exported.invoices["invoice_id"]).all()


def test_the_export_is_written_as_a_german_sap_writes_it(folder: Path) -> None:
    """Semicolons, days with points, decimal commas, minus behind, numbers with leading zeros, cp1252."""
    lines = (folder / "fbl5n.csv").read_bytes().decode("cp1252").split("\r\n")
    paid = next(line for line in lines if ";DZ;" in line and "." in line.split(";")[11])
    cells = paid.split(";")
    assert cells[1].startswith("00") or cells[1].startswith("14")
    assert cells[11].endswith("-")
    assert cells[11][-4] == ","
    assert any(line.split(";")[13] == "" for line in lines[1:-1]), "open lines are in it too"


def test_the_same_seed_gives_the_same_export(portfolio: Portfolio) -> None:
    """Line for line."""
    again = simulate(debtors=150, months=18, seed=3, end=END)
    pd.testing.assert_frame_equal(as_line_items(portfolio.tables)[0], as_line_items(again.tables)[0])


def test_a_portfolio_is_written_in_no_other_shape(portfolio: Portfolio, tmp_path: Path) -> None:
    """Shapes are for reading; only one of them is written."""
    with pytest.raises(ConfigurationError, match="cannot be written as xero; it can as sap_fbl5n"):
        write_portfolio(portfolio, tmp_path, "xero")
    assert not list(tmp_path.iterdir())
