"""The ledgers that accuracy is measured on, each read through a configuration as a user's own would be.

The two public ones lie in the folder DEBTSCAPE_LEDGERS, by default `../shared/data`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from features.simulate import simulate, write_portfolio
from pipelines.reading import Reading, read

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "configs" / "demo.yaml"
TODAY = date(2020, 1, 1)
"""Any day after the last fact of both: they are judged as of the day after that fact."""

IBM = """
ledger:
  invoices:
    path: invoices.csv
    columns: {invoice_id: invoiceNumber, customer_id: customerID, issued_on: InvoiceDate, due_on: DueDate,
              amount: InvoiceAmount, paid_on: SettledDate}
    dates: month_first
  customers:
    path: customers.csv
    columns: {customer_id: customerID, country: countryCode}
"""
SME = """
ledger:
  invoices:
    path: invoices.csv
    columns: {invoice_id: invoice_id, customer_id: vendor, issued_on: invoice_date, due_on: due_date,
              amount: amount, paid_on: paid_on}
    dates: iso
"""


def read_public(name: str) -> Reading:
    """Return the ledger `IBM` or `SME`."""
    return {"IBM": read_ibm, "SME": read_sme}[name](ledgers_folder())


def ledgers_folder() -> Path:
    """Return the folder of the public ledgers; ends the program, saying the way out, without them."""
    folder = Path(os.environ.get("DEBTSCAPE_LEDGERS", ROOT.parent / "shared" / "data"))
    if not (folder / "ibm_receivables.csv").exists():
        sys.exit(f"no public ledgers in {folder}: set DEBTSCAPE_LEDGERS to the folder that holds them")
    return folder


def read_ibm(folder: Path) -> Reading:
    """IBM's sample: without `Disputed`, which nobody knows at issue; a debtor's country does not change."""
    invoices = pd.read_csv(folder / "ibm_receivables.csv", dtype="str").drop(columns="Disputed")
    customers = invoices[["customerID", "countryCode"]].drop_duplicates("customerID")
    return _read(IBM, invoices=invoices, customers=customers)


def read_sme(folder: Path) -> Reading:
    """The small company's: settled by the last payment whatever its amount, known from its own date."""
    invoices = pd.read_csv(folder / "sme_invoices.csv", dtype="str")
    last = pd.read_csv(folder / "sme_payments.csv", dtype="str").groupby("invoice_id")["paid_date"].max()
    return _read(SME, invoices=invoices.assign(paid_on=invoices["invoice_id"].map(last)))


def _read(config: str, **tables: pd.DataFrame) -> Reading:
    with tempfile.TemporaryDirectory() as scratch:
        for name, table in tables.items():
            table.to_csv(Path(scratch) / f"{name}.csv", index=False)
        file = Path(scratch) / "debtscape.yaml"
        file.write_text(config, encoding="utf-8")
        return read(file, as_of=None, today=TODAY)


def read_simulated(**other: Any) -> Reading:
    """Return a portfolio that is simulated like the demonstration's but for what is named."""
    asked = yaml.safe_load(DEMO.read_text(encoding="utf-8")) | other
    with tempfile.TemporaryDirectory() as scratch:
        file = write_portfolio(simulate(**asked), Path(scratch))
        return read(file, as_of=asked["end"], today=asked["end"])


def issue_day_at(reading: Reading, share: float) -> date:
    """Return the day by which that share of the invoices had been issued; credit notes do not count."""
    invoices = reading.ledger.invoices
    issued = invoices.loc[invoices["kind"] != "credit_note", "issued_on"].sort_values()
    return issued.iloc[int(len(issued) * share)].date()


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
