"""How the OpenAPI document describes an answer of the API; and what every operation is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipelines.serving.examples import FACTS
from pipelines.serving.tokens import Token

Note = Callable[[Token, str, Iterable[str]], None]
"""Keeps who looked at whom: the reader's token, what was shown, the debtors' ids."""

Responses = dict[int | str, dict[str, Any]]

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_FACTS: dict[str, Any] = {
    "run_id": {**_TEXT, "description": "the run that this is from"},
    "as_of": {"type": "string", "format": "date", "description": "it knows nothing of this day or later"},
    "schema_version": {**_TEXT, "description": "version of the output contract of that run"},
}


def answered(
    meaning: str, properties: Mapping[str, Any], example: Mapping[str, Any], *, kept: bool = True
) -> Responses:
    """Return the description of an answer with these keys beside the run's facts.

    `kept`: it has an ETag and can be 304.
    """
    keys = {**_FACTS, **properties}
    schema = {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}
    content = {"application/json": {"schema": schema, "example": {**FACTS, **example}}}
    said: Responses = {200: {"description": meaning, "content": content}}
    if kept:
        said[304] = {"description": "Nothing has changed since the answer whose ETag was sent."}
    return said


def page_of(meaning: str, row: Mapping[str, Any], example: Mapping[str, Any]) -> Responses:
    """Return the description of a page of rows."""
    total = {"type": "integer", "minimum": 0, "description": "rows that fit, on all pages"}
    rows = {"type": "array", "items": row}
    return answered(meaning, {"total": total, "rows": rows}, {"total": 1, "rows": [example]})
