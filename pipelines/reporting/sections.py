"""A page as sections with tables: made once, shown as HTML by a template and as Markdown here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

NOTHING = "–"


class Cell(NamedTuple):
    """What stands in a table, and what stands small beside it."""

    text: str
    aside: str = ""


@dataclass(frozen=True)
class Table:
    """Header and rows; a header that starts with ">" is of numbers. `marked`: first cell of the row meant."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heading: str = ""
    marked: str = ""


@dataclass(frozen=True)
class Section:
    """One part of a page. `plot` names a picture, `note` explains the words of the tables."""

    title: str
    lead: str = ""
    points: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plot: str = ""
    note: str = ""


def markdown(title: str, sections: Sequence[Section], footer: str = "") -> str:
    """Return the page as Markdown; a plot is linked as the file <plot>.png beside it."""
    parts = [f"# {title}"]
    for section in sections:
        parts.append(f"## {section.title}")
        parts.append(section.lead)
        parts.append("\n".join(f"- {point}" for point in section.points))
        parts.append(f"![{section.title}]({section.plot}.png)" if section.plot else "")
        for table in section.tables:
            parts.append(f"**{table.heading}**" if table.heading else "")
            parts.append("\n".join(_table_lines(table)))
        parts.append(section.note)
    return "\n\n".join(part for part in [*parts, footer] if part) + "\n"


def _table_lines(table: Table) -> Iterator[str]:
    numbers = [name.startswith(">") for name in table.header]
    yield _line([name.removeprefix(">") for name in table.header])
    yield _line(["--:" if number else ":--" for number in numbers])
    for row in table.rows:
        cells = [f"{cell.text} ({cell.aside})" if cell.aside else cell.text for cell in row]
        marked = bool(table.marked) and row[0].text == table.marked
        yield _line([f"**{text}**" if marked else text for text in map(_plain, cells)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


_MEANS_SOMETHING = re.compile(r"[\\|\[\]`*~]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=\bwww)\.")
"""An underscore within a word means nothing, nor does a parenthesis once the brackets before it do not."""


def _plain(text: str) -> str:
    """Return the text so that Markdown shows it as it is: no column, no link and no emphasis comes of it."""
    return " ".join(_MEANS_SOMETHING.sub(r"\\\g<0>", text).replace("<", "&lt;").split())


def number(value: float | None, digits: int = 0) -> str:
    """Return 1,234.5; a dash where there is no value."""
    return NOTHING if value is None else _signed(f"{value:,.{digits}f}")


def percent(share: float | None, digits: int = 0) -> str:
    """Return 0.183 as 18 %; a dash where there is no value."""
    return NOTHING if share is None else f"{number(100 * share, digits)} %"


def points(share: float | None) -> str:
    """Return 0.0183 as 1.8, in percentage points; a dash where there is no value."""
    return number(None if share is None else 100 * share, 1)


def figure(found: Mapping[str, Any] | None, show: Callable[[float | None], str]) -> Cell:
    """Return a figure of an evaluation with its 95 % interval; a dash where it is not given."""
    if not found:
        return Cell(NOTHING)
    value, low, high = (show(found[part]) for part in ("value", "low", "high"))
    return Cell(value, "" if NOTHING in (low, high) else f"{low.removesuffix(' %')} to {high}")


def _signed(text: str) -> str:
    """Return the number with a real minus sign, and none before a zero."""
    if not text.startswith("-"):
        return text
    return f"−{text[1:]}" if text.strip("-0.,") else text[1:]
