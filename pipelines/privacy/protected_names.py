"""Protected attributes in a configuration: refused wherever a name there becomes what debtors are judged by.

That is what is learned from, what puts debtors in classes, and the source columns of what debtors are:
`sector: geslacht` would teach the model a sex under another name. Rules and lines of the policy speak only of
names of the catalogue, in which there is no such attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from features.contracts import LEDGER_TABLES
from features.protected_attributes import refuse_protected

JUDGED = {
    "customers": [
        column.name
        for column in LEDGER_TABLES["customers"].columns
        if column.kind != "id" and column.name != "name"  # which is only shown
    ],
    "credit_scores": ["score"],
}
"""Columns of the ledger that features, rules or treatment are made of."""


def refuse_protected_names(configuration: Mapping[str, Any]) -> None:
    """Raise ConfigurationError, saying which and what they tell of a person, for such names.

    `configuration`: as it was parsed; what has another shape than it should is left to others to refuse.
    """
    refuse_protected(dict.fromkeys(_names(configuration)))


def _names(configuration: Mapping[str, Any]) -> Iterator[str]:
    predictor = _inner(configuration, "predictor")
    for key in ("features", "static"):
        yield from _texts(predictor.get(key))
    schemes = _inner(configuration, "schemes")
    for name in schemes:
        scheme = _inner(schemes, name)
        axes = [_inner(scheme, side).get("by") for side in ("rows", "columns")]
        yield from _texts([scheme.get("figure"), *axes])
    for table, judged in JUDGED.items():
        columns = _inner(_inner(_inner(configuration, "ledger"), table), "columns")
        yield from _texts(columns.get(column) for column in judged)


def _inner(content: Mapping[Any, Any], key: object) -> Mapping[Any, Any]:
    inner = content.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _texts(said: object) -> Iterator[str]:
    if isinstance(said, Iterable) and not isinstance(said, str):
        yield from (text for text in said if isinstance(text, str))
