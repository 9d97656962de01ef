"""Conditions of rules: one readable expression over named columns, such as `settled_invoices < 3`.

Allowed are comparisons, `and`, `or`, `not`, `+ - * /`, `in` a list, numbers, text, True, False, None and the
names given. Anything else is refused when the text is read, as is a comparison that makes no sense.

An empty figure is neither small nor large: every comparison with it is false, so `not (x > 3)` holds where x
is empty and `x <= 3` does not. `x == None` and `x != None` ask for emptiness. A division by zero is empty. An
empty flag is not set.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import Feature
from features.errors import ConfigurationError
from models.segments.condition_columns import Evaluate, truth
from models.segments.condition_reader import Reader

Mask = npt.NDArray[np.bool_]

MOST_CHARACTERS = 2_000


@dataclass(frozen=True)
class Condition:
    """One condition that was read. `names`: the columns it speaks of, in the order of their first mention.

    `asks` is its text in one spelling: two conditions that ask the same have the same.
    """

    text: str
    names: tuple[str, ...]
    asks: str
    _evaluate: Evaluate = field(repr=False, compare=False)

    def holds(self, table: pd.DataFrame, constants: Mapping[str, float] = {}) -> Mask:
        """Return per row whether the condition holds; a column that is absent is empty throughout.

        `constants` needs a value for each constant that the text names, else KeyError.
        """
        with np.errstate(all="ignore"):
            found = truth(self._evaluate(table, constants))
        return np.broadcast_to(found, len(table)).copy()


def parse(text: str, known: Mapping[str, Feature], constants: Collection[str] = ()) -> Condition:
    """Return the condition in a text; `constants` are names of numbers that stand for themselves.

    Raises ConfigurationError saying the column, what is wrong and the nearest name of an unknown one.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigurationError(f"a condition has at most {MOST_CHARACTERS} characters, got {len(text)}")
    line = " ".join(text.splitlines()).strip()
    if not line:
        raise ConfigurationError("the condition is empty; `True` always holds")
    try:
        tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        column = error.offset or len(line)
        hint = "; equal is written ==" if line[column - 1 : column] == "=" else ""
        raise ConfigurationError(f"column {column}: {error.msg}{hint}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigurationError(f"not a condition: {error}") from None
    reader = Reader(line, known, constants)
    if "#" in line.encode()[tree.end_col_offset or 0 :].decode():
        raise ConfigurationError("no comment (#) inside a condition: what follows it would not count")
    found = reader.condition(tree)
    return Condition(text, tuple(reader.names), ast.unparse(tree), found)
