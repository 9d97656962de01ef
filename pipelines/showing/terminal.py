"""How anything is printed on the terminal: lines, facts, tables, warnings."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

PIPED_WIDTH = 100
"""Columns of the tables where there is no terminal that says how wide it is."""


def show_table(title: str, header: list[str], rows: list[list[Any]]) -> None:
    """Print a table; a column whose name begins with > is right-aligned."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in header:
        table.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left")
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    say()
    say(table)
    say()


def show_facts(facts: dict[str, Any]) -> None:
    """Print names and values, one a line."""
    for name, value in facts.items():
        say(f"  {name}: {escape(str(value))}")


def show_warnings(warnings: list[str]) -> None:
    """Print each warning on a line of its own."""
    for warning in warnings:
        say(f"[yellow]warning[/yellow] {escape(warning)}")


def say(*what: Any, style: str | None = None) -> None:
    """Print to standard output, with rich markup."""
    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen.width = PIPED_WIDTH
    screen.print(*what, style=style)
