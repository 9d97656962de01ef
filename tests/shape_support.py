"""Small exports of other systems, written out, for the tests of the shapes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from features.cleaning import Cleaned, read_ledger
from features.sources import Source

TODAY = date(2025, 12, 31)
HEADER = (
    "Company Code;Document Number;Fiscal Year;Line item;Customer;Document Type;Posting Key;Document Date;"
    "Posting Date;Entry Date;Net due date;Amount in doc. curr.;Document currency;Clearing date;"
    "Clearing Document;Special G/L ind.;Invoice reference"
)


def line(
    document: str,
    amount: str,
    posted: str,
    *,
    kind: str = "RV",
    key: str = "",
    cleared: str = "",
    by: str = "",
    due: str = "",
    entered: str = "",
    reference: str = "",
    special: str = "",
    customer: str = "100042",
    currency: str = "EUR",
    position: str = "1",
    issued: str = "",
) -> str:
    """Return one line of an FBL5N export; days as 31.12.2025, amounts as 1.234,56 or 1.234,56-."""
    fields = (
        "1000", document, "2025", position, customer, kind, key, issued or posted, posted, entered or posted,
        due or posted, amount, currency, cleared, by, special, reference,
    )  # fmt: skip
    return ";".join(fields)


def read_sap(folder: Path, *lines: str, header: str = HEADER, **source: Any) -> Cleaned:
    """Write an FBL5N export and read it in its shape, as of TODAY, EUR at home."""
    (folder / "fbl5n.csv").write_bytes("\r\n".join([header, *lines, ""]).encode("cp1252"))
    given = {"path": "fbl5n.csv", "shape": "sap_fbl5n", **source}
    return read(folder, invoices=given, payments=given)


def read(folder: Path, **sources: dict[str, Any]) -> Cleaned:
    """Read sources of a folder as of TODAY, and check that no row is lost on the way."""
    result = read_ledger(
        {name: Source(**source) for name, source in sources.items()},
        folder,
        today=TODAY,
        home_currency="EUR",
    )
    for name, rows in result.rows_in.items():
        rejected = int((result.rejected["table"] == name).sum())
        assert rows == len(getattr(result.ledger, name)) + rejected
    return result


def moved(result: Cleaned) -> list[tuple[str, str, str, int, str]]:
    """Return (document, paid on, known on, minor units, kind) of each payment, by document and day."""
    payments = result.ledger.payments
    rows = [
        (_document(item), f"{paid:%m-%d}", f"{known:%m-%d}", int(amount), str(kind))
        for item, paid, known, amount, kind in zip(
            payments["invoice_id"],
            payments["paid_on"],
            payments["known_on"],
            payments["amount_minor"],
            payments["kind"],
            strict=True,
        )
    ]
    return sorted(rows)


def items(result: Cleaned) -> dict[str, int]:
    """Return the amount of each invoice and credit note by document, minor units."""
    invoices = result.ledger.invoices
    return {
        _document(item): int(amount)
        for item, amount in zip(invoices["invoice_id"], invoices["amount_minor"], strict=True)
    }


def _document(item: object) -> str:
    return (
        item.split("|")[1] if isinstance(item, str) and "|" in item else ("" if item != item else str(item))
    )
