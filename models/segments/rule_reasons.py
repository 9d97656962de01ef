"""The reason that a rule gives: text in which `{overdue_amount}` stands for the debtor's own figure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import Feature
from features.errors import ConfigurationError
from features.spelling import question
from models.segments.condition_columns import day_column, number_column, text_column

Strings = npt.NDArray[np.object_]

MOST_CHARACTERS = 500
UNKNOWN = "unknown"
"""What is written for an empty figure."""

_DECIMALS = {"days": 1, "ratio": 1}
_CONSTANT = "constant"


@dataclass(frozen=True)
class Reason:
    """A reason that was read: words, and between them the units of the figures named."""

    words: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The debtor's figures that it names, without constants."""
        return tuple(name for name, unit in self.figures if unit != _CONSTANT)

    def fill(self, table: pd.DataFrame, constants: Mapping[str, float] = {}) -> Strings:
        """Return the reason of each row, its figures by unit: 31 %, 4.2 (days), 1,234 (money), 2026-01-31.

        An absent column is empty, which is written as UNKNOWN. Each different reason is written once.
        """
        if not self.figures:
            return np.full(len(table), self.words[0], dtype=object)
        codes, texts = np.zeros(len(table), dtype=np.int64), np.array([self.words[0]], dtype=object)
        for (name, unit), after in zip(self.figures, self.words[1:], strict=True):
            if unit == _CONSTANT:
                texts = texts + f"{constants[name]:,.10g}{after}"
                continue
            code, said = _said(table, name, unit)
            codes, pairs = pd.factorize(codes * len(said) + code)
            texts = texts[pairs // len(said)] + said[pairs % len(said)] + after
        return texts[codes]


def read_reason(text: str, known: Mapping[str, Feature], constants: Collection[str] = ()) -> Reason:
    """Return the reason in a text. ConfigurationError for anything in braces that is no known name."""
    if not text.strip():
        raise ConfigurationError("the reason is empty; say why, for whoever reads the list of debtors")
    if len(text) > MOST_CHARACTERS:
        raise ConfigurationError(f"a reason has at most {MOST_CHARACTERS} characters, got {len(text)}")
    parts = re.split(r"\{([^{}]*)\}", " ".join(text.split()))
    words, names = tuple(parts[::2]), parts[1::2]
    for brace in "{}":
        if any(brace in part for part in words):
            raise ConfigurationError(f"a brace {brace} without its partner; braces hold one name each")
    units = {name: known[name].unit for name in known} | dict.fromkeys(constants, _CONSTANT)
    for name in names:
        if name not in units:
            raise ConfigurationError(f"no figure `{name}` to put in braces{question(name, units)}")
    return Reason(words, tuple((name, units[name]) for name in names))


def _said(table: pd.DataFrame, name: str, unit: str) -> tuple[npt.NDArray[np.int64], Strings]:
    """Return for each row the place of its figure among the different texts, and those texts."""
    texts: list[str]
    if unit == "text":
        codes, names = pd.factorize(text_column(table, name))
        texts = [str(value) for value in names]
    elif unit == "day":
        codes, days = pd.factorize(day_column(table, name))
        texts = [str(np.datetime64(int(day), "D")) for day in days]
    else:
        decimals = _DECIMALS.get(unit, 0)
        scale = 100 if unit == "share" else 10**decimals
        # figures that read alike are one
        codes, values = pd.factorize(np.rint(number_column(table, name) * scale) + 0.0)
        texts = [_number(value / scale, unit, decimals) for value in values]
    # -1, an empty figure, is the last place
    return codes.astype(np.int64) % (len(texts) + 1), np.array([*texts, UNKNOWN], dtype=object)


def _number(value: float, unit: str, decimals: int) -> str:
    if unit == "share":
        return f"{100 * value:.0f} %"
    if unit == "flag":
        return "yes" if value else "no"
    return f"{value:,.{decimals}f}"
