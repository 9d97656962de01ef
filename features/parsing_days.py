"""Text to days. Whether 1/2/2013 is January or February is never guessed per cell.

The evidence of whole columns decides, and without evidence the caller has to ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.parsing_text import EMPTY_WORDS, Mask, as_text, blank

EMPTY_DAYS = ("0000-00-00", "00.00.0000", "00/00/0000", "00000000", "0")
NAMED_MONTHS = (
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d/%b/%Y",
    "%d.%b.%Y",
)

_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}.*)$"
_YEAR_FIRST = r"^(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|(\d{2})(\d{2}))$"
_YEAR_LAST = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})$"


@dataclass(frozen=True)
class DateEvidence:
    """Examples of dates that only one order explains, and of dates that two orders explain.

    `year_last`: whether any date has its year last, also one such as 1/1/2013, the same in both orders.
    """

    day_first: tuple[str, ...] = ()
    month_first: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    year_last: bool = False


def date_evidence(columns: Iterable[pd.Series]) -> DateEvidence:
    """Return what the dates written with the year last say about their order, at most 3 examples each."""
    found: dict[str, list[str]] = {"day_first": [], "month_first": [], "either": []}
    year_last = False
    for column in columns:
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            continue
        unique = pd.Series(_without_time(as_text(column)).dropna().unique(), dtype="str")
        unique = unique[unique.str.match(_YEAR_LAST)]
        if unique.empty:
            continue
        year_last = True
        parts = unique.str.extract(_YEAR_LAST)[[0, 1]].astype("float64")
        first, second = parts[0], parts[1]
        masks = {
            "day_first": (first > 12) & (first <= 31) & (second <= 12),
            "month_first": (second > 12) & (second <= 31) & (first <= 12),
            "either": (first <= 12) & (second <= 12) & (first != second),
        }
        for name, mask in masks.items():
            found[name] += unique[mask].head(3).tolist()
    day_first, month_first, either = (tuple(examples[:3]) for examples in found.values())
    return DateEvidence(day_first, month_first, either, year_last)


def parse_days(values: pd.Series, dates: str | None = None) -> tuple[pd.Series, Mask]:
    """Return the days written in a column (datetime64[s] at midnight) and which cells are unreadable.

    A time of day or a time zone behind the date is ignored: the day counts as it is written.
    Years first (2013-01-31, 20130131) and named months are always understood; `dates` says how to
    read the others: "day_first", "month_first", "iso" (refuse them) or a strptime format.
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        naive = values.dt.tz_localize(None) if getattr(values.dt, "tz", None) is not None else values
        return naive.dt.normalize().astype("datetime64[s]"), np.zeros(len(values), dtype=bool)
    text = as_text(values)
    codes, unique = pd.factorize(text if dates and "%" in dates else _without_time(text))
    written = blank(pd.Series(unique, dtype="str"), EMPTY_WORDS + EMPTY_DAYS)
    days = _days_of(written, dates)
    unreadable = written.notna().to_numpy() & np.isnat(days)
    days = np.append(days, np.datetime64("NaT", "s"))
    return pd.Series(days[codes], index=values.index), np.append(unreadable, False)[codes]


def _without_time(text: pd.Series) -> pd.Series:
    array = pc.replace_substring_regex(pa.array(text, type=pa.large_string(), from_pandas=True), _TIME, "")
    return pd.Series(pc.utf8_trim_whitespace(array).to_pandas().array, index=text.index, dtype="str")


def _days_of(written: pd.Series, dates: str | None) -> npt.NDArray[np.datetime64]:
    if dates and "%" in dates:
        given = pd.to_datetime(written, format=dates, errors="coerce").dt.tz_localize(None)
        return given.dt.normalize().to_numpy().astype("datetime64[s]")
    iso = written.str.extract(_YEAR_FIRST)
    days = _day(iso[0], iso[1].fillna(iso[3]), iso[2].fillna(iso[4]))
    if dates in ("day_first", "month_first"):
        parts = written.str.extract(_YEAR_LAST)
        day, month = (parts[0], parts[1]) if dates == "day_first" else (parts[1], parts[0])
        year = parts[2].astype("float64")
        year += np.where(parts[2].str.len() == 2, np.where(year < 70, 2000, 1900), 0)
        days = np.where(np.isnat(days), _day(year, month, day), days)
    for named in NAMED_MONTHS:
        rest = np.isnat(days) & written.str.contains("[A-Za-z]", na=False).to_numpy()
        if not rest.any():
            break
        days[rest] = (
            pd.to_datetime(written[rest], format=named, errors="coerce").to_numpy().astype("datetime64[s]")
        )
    return days


def _day(year: pd.Series, month: pd.Series, day: pd.Series) -> npt.NDArray[np.datetime64]:
    """Return the calendar day, NaT where there is no such day or the year is not between 1900 and 2199."""
    parts = [part.astype("float64").fillna(-1).to_numpy().astype("int64") for part in (year, month, day)]
    y, m, d = parts
    possible = (y >= 1900) & (y < 2200) & (m >= 1) & (m <= 12) & (d >= 1) & (d <= 31)
    months = (np.where(possible, y - 1970, 0) * 12 + np.where(possible, m - 1, 0)).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(possible, d - 1, 0)
    possible &= days.astype("datetime64[M]") == months
    return np.where(possible, days, np.datetime64("NaT")).astype("datetime64[s]")
