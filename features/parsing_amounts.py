"""Text to amounts and numbers. Whether 1.234 is more than a thousand is never guessed per cell.

The evidence of whole columns decides, and without evidence the caller has to ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.parsing_text import EMPTY_WORDS, Mask, as_text, blank

MILLION = 1_000_000
"""Amounts are read as whole millionths, exactly; currencies have fewer decimals."""

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
    text = blank(as_text(values), EMPTY_WORDS)
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
    text = blank(as_text(values), EMPTY_WORDS)
    plain, readable = _plain_numbers(text, decimal)
    numbers = pc.cast(pc.if_else(pa.array(readable), plain, pa.scalar(None, pa.large_string())), pa.float64())
    return pd.Series(
        numbers.to_pandas().array, index=values.index, dtype="float64"
    ), text.notna().to_numpy() & ~readable
