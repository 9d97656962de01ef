"""What a cell says: trimmed text, words that stand for nothing, flags and choices.

Here and in `parsing_days` and `parsing_amounts` every `parse_*` returns the values and a mask of the filled
cells that could not be read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

EMPTY_WORDS = ("-", "null", "none", "nan", "nat", "n/a", "#n/a", "#value!", "#ref!")
TRUE_WORDS = ("1", "true", "yes", "y", "t", "x", "ja", "j", "oui", "wahr", "waar", "vrai")
FALSE_WORDS = ("0", "false", "no", "n", "f", "nein", "nee", "non", "falsch", "onwaar", "faux")


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


def blank(text: pd.Series, words: tuple[str, ...]) -> pd.Series:
    """Return the text without the words that stand for nothing."""
    lower = pc.utf8_lower(pa.array(text, type=pa.large_string(), from_pandas=True))
    nothing = pc.fill_null(pc.is_in(lower, value_set=pa.array(words, pa.large_string())), True)
    return text.mask(nothing.to_numpy(zero_copy_only=False))


def parse_flags(values: pd.Series) -> tuple[pd.Series, Mask]:
    """Return yes and no as nullable booleans and which cells are unreadable."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean"), np.zeros(len(values), dtype=bool)
    text = blank(as_text(values), EMPTY_WORDS)
    lower = text.str.lower()
    meaning = lower.map(dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False))
    flags = meaning.astype("boolean")
    return flags, (text.notna() & flags.isna()).to_numpy(dtype=bool)


def parse_choices(values: pd.Series, choices: tuple[str, ...]) -> tuple[pd.Series, Mask]:
    """Return words of a closed list and which cells hold another word.

    Case, spaces and hyphens do not matter: "Credit Note" is credit_note.
    """
    text = blank(as_text(values), EMPTY_WORDS)
    codes, unique = pd.factorize(text)
    words = pd.Series(unique, dtype="str").str.lower().str.replace(r"[\s\-_]+", "_", regex=True)
    known = words.where(words.isin(choices)).to_numpy(dtype=object)
    chosen = pd.Series(np.append(known, [None])[codes], index=values.index, dtype="str")
    return chosen, (text.notna() & chosen.isna()).to_numpy(dtype=bool)
