"""A shape: how the export of one system is read as tables of the ledger; a file that people write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.contracts import LEDGER_TABLES
from features.contracts.line_items import LINE_ITEMS
from features.errors import ConfigurationError
from features.spelling import way_out

SHAPES = Path(__file__).resolve().parent.parent / "configs" / "shapes" / "in"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Documentation(_Strict):
    """What a shape was written from."""

    title: str
    publisher: str
    page: str
    read_on: date


class Part(_Strict):
    """Rows of an export that become rows of one table of the ledger.

    rows, without: own name to the words (whatever their case, "" is an empty cell) that a row must have
    and must not have. columns: contract name to own name, where the two differ. constants: contract name
    to what every row has. A part reads the files that have all it names; a file may suit several parts.
    """

    rows: dict[str, list[str]] = Field(default_factory=dict)
    without: dict[str, list[str]] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)


class TableShape(_Strict):
    """One table: names gives to each own name what the export may call it, the first that is there is read.

    An own name that is a name of the contract is read as that column where the export has it.
    words: contract name to what the export's codes mean.
    """

    names: dict[str, list[str]]
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    parts: list[Part] = Field(default_factory=lambda: [Part()], min_length=1)


class Amount(_Strict):
    """What the export may call an amount, and the currency that belongs to it."""

    amount: list[str]
    currency: list[str]


class LineItems(_Strict):
    """An account's lines, invoices and money alike, of which some were cleared against each other.

    amounts: the first whose amount is there is read. credit: how debit_credit says that a line is on the
    credit side; without that column the sign of the amount says so. money: which lines are money, by
    posting_key where it is filled and known, else by document_type. no_money: those that are not.
    discount_up_to: share of an item that clearing may leave unpaid as a discount; more is a write-off.
    """

    names: dict[str, list[str]]
    amounts: list[Amount] = Field(min_length=1)
    credit: list[str]
    money: dict[Literal["posting_key", "document_type"], list[str]]
    no_money: dict[Literal["posting_key", "document_type"], list[str]]
    discount_up_to: float = Field(0.05, ge=0, lt=1)

    @model_validator(mode="after")
    def _known_names(self) -> LineItems:
        for name in self.names:
            if name not in LINE_ITEMS.names or name in ("amount", "currency"):
                raise ValueError(f"no such name of a line item: {name}{way_out(name, LINE_ITEMS.names)}")
        return self


class Shape(_Strict):
    """How one system's export is read.

    about: one line for people. dates, decimal, separator, encoding: as of a source, where the format is
    always written so. days_with_points: the order of days such as 01.02.2025. no_leading_zeros: own names
    of numbers whose leading zeros do not count. open_items_only: the export has what is open when it is
    made, and no history.
    """

    about: str
    documentation: list[Documentation] = Field(min_length=1)
    dates: str | None = None
    days_with_points: Literal["day_first", "month_first"] | None = None
    decimal: Literal[".", ","] | None = None
    separator: str | None = None
    encoding: str | None = None
    no_leading_zeros: list[str] = Field(default_factory=list)
    open_items_only: bool = False
    tables: dict[str, TableShape] = Field(default_factory=dict)
    line_items: LineItems | None = None

    @property
    def readable(self) -> list[str]:
        """The ledger's tables that the export is read as."""
        made = ["invoices", "payments"] if self.line_items or self.open_items_only else []
        return [name for name in LEDGER_TABLES if name in (*made, *self.tables)]

    @model_validator(mode="after")
    def _known_words(self) -> Shape:
        for table, shaped in self.tables.items():
            if table not in LEDGER_TABLES:
                raise ValueError(f"no such table: {table}{way_out(table, LEDGER_TABLES)}")
            contract = LEDGER_TABLES[table].names
            for part in shaped.parts:
                _all_known([*part.columns, *part.constants], contract, f"column of {table}")
                own = [*part.rows, *part.without, *part.columns.values()]
                _all_known(own, list(shaped.names), f"name under tables.{table}.names")
            _all_known(shaped.words, contract, f"column of {table}")
        if not self.tables and not self.line_items:
            raise ValueError("neither tables nor line_items: nothing is read")
        return self


def _all_known(words: Sequence[str] | Mapping[str, Any], known: list[str], what: str) -> None:
    for word in words:
        if word not in known:
            raise ValueError(f"no such {what}: {word}{way_out(word, known)}")


def shape_names() -> list[str]:
    """Return the names of the shapes that come with the product."""
    return sorted(path.stem for path in SHAPES.glob("*.yaml"))


def read_shape(name: str, base: Path) -> Shape:
    """Return the shape of that name, or in the file (.yaml, relative to `base`) of one's own.

    Raises ConfigurationError naming what is wrong in it, with the nearest match of an unknown key.
    """
    own = name.endswith((".yaml", ".yml"))
    if not own and name not in shape_names():
        raise ConfigurationError(
            f"no such shape: {name}{way_out(name, shape_names())}; a file of your own ends in .yaml"
        )
    path = base / name if own else SHAPES / f"{name}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the shape {path}: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: not a shape; it needs about, documentation, tables or line_items")
    try:
        return Shape.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_in_words(error.errors())}") from None


def _in_words(errors: Sequence[Any]) -> str:
    """Return the first mistake; an unknown key explains a missing one better than the other way round."""
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    *above, last = [str(part) for part in first["loc"]] or [""]
    inside = f" in {'.'.join(above)}" if above else ""
    if first["type"] == "extra_forbidden":
        return f"unknown key `{last}`{inside}{way_out(last, _keys_at(first['loc'][:-1]))}"
    if first["type"] == "missing":
        return f"`{last}` is missing{inside}"
    said = first["msg"].removeprefix("Value error, ")
    return f"{'.'.join(str(part) for part in first['loc'])}: {said}" if first["loc"] else said


def _keys_at(place: Sequence[str | int]) -> list[str]:
    """Return the keys that are known at a place such as (tables, invoices, parts, 0)."""
    match place:
        case ("tables", _):
            model: type[BaseModel] = TableShape
        case ("tables", *_):
            model = Part
        case ("documentation", *_):
            model = Documentation
        case ("line_items",):
            model = LineItems
        case ("line_items", *_):
            model = Amount
        case _:
            model = Shape
    return list(model.model_fields)
