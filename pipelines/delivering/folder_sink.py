"""Hands a run on as files in a folder: CSV, Parquet, or one Excel workbook.

CSV holds every text as it is, for machines; a person who opens it in a spreadsheet may meet a text that is
taken for a formula, which the Excel workbook never holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from features.contracts import OUTPUT_TABLES
from pipelines.delivering.delivery import Content, Delivery
from pipelines.delivering.excel_book import excel_book
from pipelines.delivering.kept_files import keep
from pipelines.runs.arrow_tables import to_csv, to_parquet
from pipelines.runs.published_runs import PublishedRun

Format = Literal["csv", "parquet", "excel"]


def deliver_to_folder(run: PublishedRun, folder: Path, file_format: Format = "csv") -> Delivery:
    """Write the run's tables into `folder`, whole or not at all; a second time changes nothing.

    `kept_files.keep` says when what was delivered gives way, and when it refuses; PublicationError also
    when a table is too long for Excel.
    """
    return keep(run, folder, file_format, lambda told: _files(told, run, file_format))


def _files(told: Content, run: PublishedRun, file_format: Format) -> dict[str, bytes]:
    match file_format:
        case "csv":
            return {f"{name}.csv": to_csv(OUTPUT_TABLES[name], table) for name, table in told.tables.items()}
        case "parquet":
            return {f"{name}.parquet": to_parquet(table) for name, table in told.tables.items()}
        case "excel":
            return {"debtscape.xlsx": excel_book(told.tables, run.created_at)}
