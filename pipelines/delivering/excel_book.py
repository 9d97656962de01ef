"""The tables of a run as one Excel workbook: a sheet per table, text always as text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from features.contracts.money import minor_digits
from features.errors import PublicationError

MOST_ROWS = 1_048_575
"""Of a sheet, its heading aside."""


def excel_book(tables: Mapping[str, pa.Table], made_at: datetime) -> bytes:
    """Return the workbook's bytes; the same tables and moment give the same bytes.

    Money shows its currency's digits. A text is never a formula, whatever it begins with; characters that
    Excel forbids become U+FFFD. PublicationError when a table is longer than a sheet.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]

    moment = made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    book = Workbook(write_only=True)
    book.properties.created = moment
    for name, table in tables.items():
        if table.num_rows > MOST_ROWS:
            raise PublicationError(
                f"{name} has {table.num_rows:,} rows, an Excel sheet takes {MOST_ROWS:,}.\n"
                "Deliver CSV or Parquet instead."
            )
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append(table.column_names)
        for row in _rows(sheet, table):
            sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue(), moment)


def _rows(sheet: Any, table: pa.Table) -> Iterator[list[Any]]:
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # type: ignore[import-untyped]

    def text(value: str) -> Any:
        clean = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        if not clean.startswith("="):
            return clean
        cell = WriteOnlyCell(sheet, clean)
        cell.data_type = "s"
        return cell

    def money(value: Any, currency: str) -> Any:
        cell = WriteOnlyCell(sheet, value)
        digits = minor_digits(currency)
        cell.number_format = "#,##0" + ("." + "0" * digits if digits else "")
        return cell

    is_money = [pa.types.is_decimal(field.type) for field in table.schema]
    is_text = [pa.types.is_string(field.type) for field in table.schema]
    at = table.column_names.index("currency") if "currency" in table.column_names else 0
    for batch in table.to_batches(max_chunksize=10_000):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield [
                None
                if value is None
                else money(value, row[at])
                if is_money[place]
                else text(value)
                if is_text[place]
                else value
                for place, value in enumerate(row)
            ]


def _without_clock(book: bytes, moment: datetime) -> bytes:
    """Replace the moments of saving, in the archive and in its properties."""
    said = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = said.sub(rb"\g<1>" + moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), content)
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
