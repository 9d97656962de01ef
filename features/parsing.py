"""What a cell says: text to days, amounts, numbers, flags and choices.

Every `parse_*` returns the values and a mask of the filled cells that could not be read. Whether
1/2/2013 is January or February and whether 1.234 is more than a thousand is never guessed per
cell: the evidence of whole columns decides, and without evidence the caller has to ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

MILLION = 1_000_000
"""Amounts are read as whole millionths, exactly; currencies have fewer decimals."""

EMPTY_WORDS = ("-", "null", "none", "nan", "nat", "n/a", "#n/a", "#value!", "#ref!")
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
TRUE_WORDS = ("1", "true", "yes", "y", "t", "x", "ja", "j", "oui", "wahr", "waar", "vrai")
FALSE_WORDS = ("0", "false", "no", "n", "f", "nein", "nee", "non", "falsch", "onwaar", "faux")

_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}.*)$"
_YEAR_FIRST = r"^(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|(\d{2})(\d{2}))$"
_YEAR_LAST = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})$"


def as_text(values: pd.Series) -> pd.Series:
    """Return a column as trimmed text, missing where nothing is written.

    Whole numbers that a database or a spreadsheet turned into floats lose their ".0" again.
    """
    if pd.api.types.is_float_dtype(values.dtype):
        filled = values.dropna()
        if len(filled) and (filled == np.floor(filled)).all() and (filled.abs() < 2**53).all():
            values = values.astype("Int64")
    elif values.dtype == "object":
        values = values.map(_plain, na_action="ignore")
    text = pc.utf8_trim_whitespace(pa.array(values.astype("str"), type=pa.large_string(), from_pandas=True))
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)
    return pd.Series(text.to_pandas().array, index=values.index, dtype="str")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _blank(text: pd.Series, words: tuple[str, ...]) -> pd.Series:
    """Return the text without the words that stand for nothing."""
    lower = pc.utf8_lower(pa.array(text, type=pa.large_string(), from_pandas=True))
    nothing = pc.fill_null(pc.is_in(lower, value_set=pa.array(words, pa.large_string())), True)
    return text.mask(nothing.to_numpy(zero_copy_only=False))


# days ------------------------------------------------------------------------------------------------


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
    written = _blank(pd.Series(unique, dtype="str"), EMPTY_WORDS + EMPTY_DAYS)
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


# amounts ---------------------------------------------------------------------------------------------

_POINT = r"^-?(?:\d+|\d{1,3}(?:,\d{3})+)?\.\d*$|^-?\d{1,3}(?:,\d{3}){2,}$"
_COMMA = r"^-?(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d*$|^-?\d{1,3}(?:\.\d{3}){2,}$"
_EITHER = r"^-?[1-9]\d{0,2}[.,]\d{3}$"
_MARK = r"(?:[€$£¥₹]|[A-Z]{3})"


@dataclass(frozen=True)
class DecimalEvidence:
    """Examples of amounts that only a decimal point or comma explains, and of those that both explain."""

    point: tuple[str, ...] = ()
    comma: tuple[str, ...] = ()
    either: tuple[str, ...] = ()


def decimal_evidence(columns: Iterable[pd.Series]) -> DecimalEvidence:
    """Return what written amounts say about the decimal mark, at most 3 examples each.

    "1.234" and "1,234" can be read both ways; "12.5", "0.125", "1,234.56" and "1.234.567" cannot.
    """
    found: dict[str, list[str]] = {"point": [], "comma": [], "either": []}
    for column in columns:
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        amounts = normalise_amounts(as_text(column))
        either = pc.fill_null(pc.match_substring_regex(amounts, _EITHER), False)
        sure = pc.invert(either)
        masks = {
            "point": pc.and_(sure, pc.fill_null(pc.match_substring_regex(amounts, _POINT), False)),
            "comma": pc.and_(sure, pc.fill_null(pc.match_substring_regex(amounts, _COMMA), False)),
            "either": either,
        }
        for name, mask in masks.items():
            found[name] += pc.filter(amounts, mask).slice(0, 3).to_pylist()
    return DecimalEvidence(**{name: tuple(examples[:3]) for name, examples in found.items()})


def normalise_amounts(text: pd.Series) -> Any:
    """Return amounts as Arrow strings of sign, digits and separators only.

    Spaces and apostrophes between digits, a currency sign or code, a plus, brackets or a minus
    behind (both mean negative) are understood; anything else stays and is unreadable later.
    """
    array = pa.array(text, type=pa.large_string(), from_pandas=True)
    if pc.all(pc.match_substring_regex(array, r"^-?[\d.,]+$"), min_count=0).as_py() in (True, None):
        return array
    for pattern, replacement in (
        ("[\u00a0\u202f’']", " "),
        (r"(\d) (\d{3})\b", r"\1\2"),
        (r"(\d) (\d{3})\b", r"\1\2"),
        (rf"([-+(]|{_MARK}) +", r"\1"),
        (rf" +([-)]|{_MARK})", r"\1"),
        ("[−–]", "-"),
        (r"^\((.*)\)$", r"-\1"),
        (rf"^([-+]?){_MARK}([-+]?[\d.,])", r"\1\2"),
        (rf"(\d[.,]?-?){_MARK}(-?)$", r"\1\2"),
        (r"^([\d.,]+)-$", r"-\1"),
        (r"^\+", ""),
    ):
        array = pc.replace_substring_regex(array, pattern, replacement)
    return array


def parse_millionths(values: pd.Series, decimal: str = ".") -> tuple[pd.Series, Mask]:
    """Return amounts as whole millionths (Int64) and which cells are unreadable.

    `decimal` is the decimal mark of written amounts; the other mark may only group thousands.
    Exact up to six decimals; what is written behind them is rounded (noise of binary fractions).
    """
    if pd.api.types.is_float_dtype(values.dtype):
        return _float_millionths(values)
    text = _blank(as_text(values), EMPTY_WORDS)
    plain, readable = _plain_numbers(text, "." if pd.api.types.is_numeric_dtype(values.dtype) else decimal)
    parts = pc.extract_regex(plain, r"^(?P<sign>-?)(?P<whole>\d*)(?:\.(?P<fraction>\d*))?$")
    sign, whole, fraction = (pc.struct_field(parts, name) for name in ("sign", "whole", "fraction"))
    readable &= pc.fill_null(pc.less_equal(pc.utf8_length(whole), 12), False).to_numpy(zero_copy_only=False)
    micros = _integers(whole, readable) * MILLION
    fraction = pc.fill_null(fraction, "")
    micros += _integers(pc.utf8_rpad(pc.utf8_slice_codeunits(fraction, 0, 6), 6, "0"), readable)
    seventh = pc.utf8_slice_codeunits(fraction, 6, 7)
    micros += pc.fill_null(pc.greater_equal(seventh, "5"), False).to_numpy(zero_copy_only=False)
    micros *= np.where(pc.fill_null(pc.equal(sign, "-"), False).to_numpy(zero_copy_only=False), -1, 1)
    filled = text.notna().to_numpy()
    return pd.Series(micros, index=values.index, dtype="Int64").mask(~(filled & readable)), filled & ~readable


def _plain_numbers(text: pd.Series, decimal: str) -> tuple[Any, Mask]:
    """Return numbers with a decimal point and no grouping, and which of them are numbers."""
    array = normalise_amounts(text)
    mark, group = (r"\.", ",") if decimal == "." else (",", r"\.")
    pattern = rf"^-?(?:\d+|\d{{1,3}}(?:{group}\d{{3}})+)(?:{mark}\d*)?$|^-?{mark}\d+$"
    readable = pc.fill_null(pc.match_substring_regex(array, pattern), False)
    plain = pc.replace_substring(array, "," if decimal == "." else ".", "")
    return pc.replace_substring(plain, decimal, "."), readable.to_numpy(zero_copy_only=False).copy()


def _integers(digits: Any, readable: Mask) -> npt.NDArray[np.int64]:
    """Return strings of digits as integers; 0 where there are none or the cell is unreadable."""
    usable = pc.and_(pa.array(readable), pc.fill_null(pc.greater(pc.utf8_length(digits), 0), False))
    number = pc.cast(pc.if_else(usable, digits, "0"), pa.int64())
    integers: npt.NDArray[np.int64] = pc.fill_null(number, 0).to_numpy(zero_copy_only=False).astype("int64")
    return integers


def _float_millionths(values: pd.Series) -> tuple[pd.Series, Mask]:
    """Return binary fractions as millionths; large ones to as many decimals as they can hold."""
    given = values.astype("float64").to_numpy()
    filled = ~np.isnan(given)
    readable = filled & (np.abs(given) < 1e12)
    size = np.where(readable, np.abs(given), 0.0)
    whole = np.floor(size)
    decimals = np.where(size < 1e9, 1e6, np.where(size < 1e11, 1e4, 1e2))
    fraction = np.rint((size - whole) * decimals) * (MILLION / decimals)
    micros = (whole.astype("int64") * MILLION + fraction.astype("int64")) * np.where(given < 0, -1, 1)
    return pd.Series(micros, index=values.index, dtype="Int64").mask(~readable), filled & ~readable


def parse_numbers(values: pd.Series, decimal: str = ".") -> tuple[pd.Series, Mask]:
    """Return numbers that are not money (float64, NaN where empty) and which cells are unreadable."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("float64"), np.zeros(len(values), dtype=bool)
    text = _blank(as_text(values), EMPTY_WORDS)
    plain, readable = _plain_numbers(text, decimal)
    numbers = pc.cast(pc.if_else(pa.array(readable), plain, pa.scalar(None, pa.large_string())), pa.float64())
    return pd.Series(
        numbers.to_pandas().array, index=values.index, dtype="float64"
    ), text.notna().to_numpy() & ~readable


# words -----------------------------------------------------------------------------------------------


def parse_flags(values: pd.Series) -> tuple[pd.Series, Mask]:
    """Return yes and no as nullable booleans and which cells are unreadable."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean"), np.zeros(len(values), dtype=bool)
    text = _blank(as_text(values), EMPTY_WORDS)
    lower = text.str.lower()
    meaning = lower.map(dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False))
    flags = meaning.astype("boolean")
    return flags, (text.notna() & flags.isna()).to_numpy(dtype=bool)


def parse_choices(values: pd.Series, choices: tuple[str, ...]) -> tuple[pd.Series, Mask]:
    """Return words of a closed list and which cells hold another word.

    Case, spaces and hyphens do not matter: "Credit Note" is credit_note.
    """
    text = _blank(as_text(values), EMPTY_WORDS)
    codes, unique = pd.factorize(text)
    words = pd.Series(unique, dtype="str").str.lower().str.replace(r"[\s\-_]+", "_", regex=True)
    known = words.where(words.isin(choices)).to_numpy(dtype=object)
    chosen = pd.Series(np.append(known, [None])[codes], index=values.index, dtype="str")
    return chosen, (text.notna() & chosen.isna()).to_numpy(dtype=bool)
