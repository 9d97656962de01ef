"""What other tools may report: four kinds of facts, made of the columns of the ledger's own tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from features.contracts import LEDGER_TABLES, Column, Table

LONGEST_ID, LONGEST_TEXT, LONGEST_NOTE = 200, 500, 4_000
LARGEST_AMOUNT = 10**12

_CONTROL = r"\x00-\x1f\x7f-\x9f"
ID_PATTERN = rf"^[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?$"
TEXT_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+$"
EXTERNAL_ID = "the tool's own number of the fact: the same number is the same fact"


@dataclass(frozen=True)
class Kind:
    """One kind of fact: the table it lands in, the columns it may fill, and those it must.

    happened: the column of the day it counts from. closing: columns that may come later under the same
    external id; the first is the day of it. fixed: what a row of this kind also says. copied: column -> the
    one it takes its value from.
    """

    name: str
    table: Table
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    happened: str
    example: Mapping[str, Any]
    closing: tuple[str, ...] = ()
    fixed: Mapping[str, str] | None = None
    copied: Mapping[str, str] | None = None


def _of(table: str) -> tuple[str, ...]:
    return tuple(name for name in LEDGER_TABLES[table].names if name != "known_on")


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "contact-history",
            LEDGER_TABLES["contact_history"],
            _of("contact_history"),
            ("customer_id", "contacted_on"),
            "contacted_on",
            {
                "external_id": "call-20731",
                "customer_id": "C000065",
                "contacted_on": "2026-01-30",
                "channel": "phone",
                "kind": "call",
                "status": "reached",
                "outcome": "will pay on Friday",
            },
        ),
        Kind(
            "promises",
            LEDGER_TABLES["contact_history"],
            (
                "customer_id",
                "promise_made_on",
                "promised_for",
                "promised_amount",
                "invoice_id",
                "channel",
                "note",
            ),
            ("customer_id", "promise_made_on", "promised_for"),
            "promise_made_on",
            {
                "external_id": "promise-118",
                "customer_id": "C000065",
                "promise_made_on": "2026-01-30",
                "promised_for": "2026-02-06",
                "promised_amount": "1250.00",
            },
            fixed={"kind": "promise", "status": "reached"},
            copied={"contacted_on": "promise_made_on"},
        ),
        Kind(
            "disputes",
            LEDGER_TABLES["disputes"],
            _of("disputes"),
            ("invoice_id", "opened_on"),
            "opened_on",
            {
                "external_id": "ticket-9",
                "invoice_id": "INV0000016",
                "opened_on": "2026-01-30",
                "disputed_amount": "300.00",
                "reason": "quantity",
            },
            closing=("closed_on", "outcome"),
            copied={"dispute_id": "external_id"},
        ),
        Kind(
            "decisions",
            LEDGER_TABLES["decisions"],
            _of("decisions"),
            ("customer_id", "by", "decided_on"),
            "decided_on",
            {
                "external_id": "approval-52",
                "customer_id": "C000065",
                "action_id": "3f9c2b7a10d4e586",
                "approved": True,
                "reason": "agreed with sales",
                "by": "eva",
                "decided_on": "2026-01-30",
            },
        ),
    )
}
"""The kinds of facts, by the names they have in addresses and, with `_` for `-`, in names of files."""


def _matching(pattern: str, words: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(words)
        return text

    return AfterValidator(check)


def _text(longest: int, pattern: str, words: str) -> Any:
    return Annotated[
        str,
        Field(min_length=1, max_length=longest, json_schema_extra={"pattern": pattern}),
        _matching(pattern, words),
    ]


_NAME = "has spaces around it or characters that nobody can see"
_ID = _text(LONGEST_ID, ID_PATTERN, _NAME)
_NEEDED_TEXT = _text(LONGEST_TEXT, ID_PATTERN, _NAME)
_TEXT = _text(LONGEST_TEXT, TEXT_PATTERN, "has control characters such as NUL")
_NOTE = _text(LONGEST_NOTE, TEXT_PATTERN, "has control characters such as NUL")
_AMOUNT = Annotated[
    Decimal,
    Field(gt=0, le=LARGEST_AMOUNT, decimal_places=3),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0.001, "maximum": LARGEST_AMOUNT},
                {"type": "string", "pattern": r"^(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,3})?$"},
            ]
        }
    ),
]
_DAY = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
_SHARE = Annotated[float, Field(gt=0, le=1)]


class Reported(BaseModel):
    """A fact as a tool writes it; strict about keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@cache
def model_of(kind: str) -> type[Reported]:
    """Return the model of a kind of fact: its columns as the contract describes them, and external_id."""
    said = KINDS[kind]
    fields: dict[str, Any] = {"external_id": (_ID, Field(description=EXTERNAL_ID))}
    for name in said.columns:
        column = said.table[name]
        needed = name in said.needed
        own = _type(column, needed=needed)
        fields[name] = (
            (own, Field(description=column.meaning))
            if needed
            else (own | None, Field(None, description=column.meaning))
        )
    title = "".join(part.capitalize() for part in kind.removesuffix("s").split("-"))
    return create_model(title, __base__=Reported, **fields)


def _type(column: Column, *, needed: bool) -> Any:
    if column.choices:
        return Literal[column.choices]
    if column.kind == "text":
        return _NOTE if column.name == "note" else _NEEDED_TEXT if needed else _TEXT
    return {"id": _ID, "day": _DAY, "money": _AMOUNT, "share": _SHARE, "flag": bool}[column.kind]
