"""Words about many rows: each distinct text is made once, then handed out in Arrow, which is fast at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]


def texts(known: Sequence[str], code: npt.NDArray[Any]) -> pa.Array:
    """Return the known text of each code, null for -1."""
    return pa.array(known, pa.large_string()).take(pa.array(code, mask=code < 0))


def distinct(values: npt.NDArray[Any], text: str) -> pa.Array:
    """Return each value formatted as `text` says; null for an empty one."""
    code, known = pd.factorize(values)
    return texts([text.format(value) for value in pd.Series(known)], code)


def each_once(key: Ints, words: Callable[[int], str]) -> pa.Array:
    """Return the words about the first position of each key, for all that have it; null for a key below 0."""
    code, known = pd.factorize(key)
    first = np.empty(len(known), dtype=np.int64)
    first[code[::-1]] = np.arange(len(key))[::-1]
    made = [None if key[at] < 0 else words(int(at)) for at in first]
    return pa.array(made, pa.large_string()).take(pa.array(code))


def joined(*parts: pa.Array | str, between: str = "") -> pa.Array:
    """Return the parts of each row as one text, null where one of them is."""
    plain = [
        pa.scalar(each, pa.large_string()) if isinstance(each, str) else each for each in (*parts, between)
    ]
    return pc.binary_join_element_wise(*plain)


def listed(first: pa.Array, *others: pa.Array) -> pa.Array:
    """Return those parts of each row that there are, a comma between them; null where there is none."""
    for other in others:
        first = pc.coalesce(joined(first, other, between=", "), first, other)
    return first


def column(made: pa.Array) -> pd.Series:
    """Return the texts as a column of a table, numbered from 0."""
    series: pd.Series = made.to_pandas()
    return series.astype("str")
