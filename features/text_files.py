"""Text files with separated values: which encoding, which separator, which lines are broken."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from features.errors import LedgerError
from features.typed import UNREADABLE

LONGEST_HEADER = 100_000


def read_text(
    path: Path, wanted: Sequence[str] = (), separator: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    """Return the wanted columns of a text file (all when one is not there) as strings, as written.

    Separator and encoding are found out when they are not stated. Lines with a wrong number of
    fields come last, empty but for the column `unreadable`. Raises LedgerError for an empty file, a
    first line that is no header, a wanted column that is there twice, and bytes that are no text.
    """
    data = _utf8(path, encoding)
    if not data.strip():
        raise LedgerError(f"{path.name}: empty file")
    header = data[: _header_end(data)].decode("utf-8").strip("\r\n")
    if len(header) > LONGEST_HEADER:
        raise LedgerError(f"{path.name}: the first line has {len(header):,} characters, so it is no header")
    separator = separator or sniff_separator(header)
    names = [name.strip() for name in next(csv.reader([header], delimiter=separator))]
    twice = sorted({name for name in names if names.count(name) > 1} & set(wanted))
    if twice:
        raise LedgerError(f"{path.name}: column {twice[0]!r} is there more than once; rename one of them")
    names = [name if names.index(name) == at else f"{name}.{at}" for at, name in enumerate(names)]
    head, body = data[: _header_end(data)], data[_header_end(data) :]
    if not body.strip():
        return pd.DataFrame(columns=names, dtype="str")
    broken: list[str] = []

    def note(row: Any) -> str:
        line = head.count(b"\n") + row.number
        broken.append(f"the line does not have {len(names)} fields: {row.actual_columns} in line {line}")
        return "skip"

    used = [name for name in names if name in wanted] if wanted and set(wanted) <= set(names) else names
    try:
        read = pyarrow.csv.read_csv(
            io.BytesIO(body),
            read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=separator, newlines_in_values=b'"' in body, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                include_columns=used,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise LedgerError(
            f"{path.name}: cannot be read as CSV with separator {separator!r} ({str(error).splitlines()[0]})"
        ) from None
    frame = pd.DataFrame({name: read.column(name).to_pandas() for name in read.column_names}, dtype="str")
    if broken:
        frame[UNREADABLE] = pd.Series(None, index=frame.index, dtype="str")
        frame = pd.concat([frame, pd.DataFrame({UNREADABLE: broken}, dtype="str")], ignore_index=True)
    return frame


def _utf8(path: Path, encoding: str | None) -> bytes:
    """Return a file's bytes in UTF-8: as declared, by its byte order mark, UTF-8, or else cp1252."""
    data = path.read_bytes()
    if encoding is None and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    if encoding is None and b"\0" in data[:8192]:
        raise LedgerError(
            f"{path.name}: not a text file; what can be read is CSV, Parquet (.parquet) and Excel (.xlsx)"
        )
    if encoding is None:
        try:
            data.decode("utf-8")
            return data.removeprefix(b"\xef\xbb\xbf")
        except UnicodeDecodeError:
            encoding = "cp1252"
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except (UnicodeDecodeError, LookupError):
        raise LedgerError(
            f"{path.name}: not text in {encoding}; state its encoding, such as utf-8 or cp1252"
        ) from None


def _header_end(data: bytes) -> int:
    """Return where the first line that is not empty ends."""
    start = len(data) - len(data.lstrip())
    end = data.find(b"\n", start)
    return len(data) if end < 0 else end + 1


def sniff_separator(header: str) -> str:
    """Return the one of ; , tab and | that divides a header line into the most fields."""
    return max(";,\t|", key=lambda mark: len(next(csv.reader([header], delimiter=mark))))
