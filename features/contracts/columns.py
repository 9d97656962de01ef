"""What a column and a table of a contract are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "day", "money", "count", "days", "share", "number", "flag"]
"""id and text: string · day: date · money: integer minor units inside (column `<name>_minor`),
decimal major units outside · count, days: whole numbers · share: 0 to 1 · number: float · flag: bool"""


@dataclass(frozen=True)
class Column:
    """One column: its name outside, its kind, what it means, and what it may hold."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def inside(self) -> str:
        """The column's name in the cleaned tables: money carries its unit."""
        return f"{self.name}_minor" if self.kind == "money" else self.name


@dataclass(frozen=True)
class Table:
    """One table: its grain in words, the key that is unique, and its columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names as written outside."""
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        """Columns that must be present and filled."""
        return [column.name for column in self.columns if column.required]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)
