"""A page of sections as HTML: one file that opens offline, needs nothing else and may load nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from pipelines.reporting.report import TEMPLATES
from pipelines.reporting.sections import Cell, Section

Card = tuple[str, Cell, str]
"""Label, figure and remark of what people look at first."""


def html_page(
    *,
    title: str,
    eyebrow: str,
    heading: str,
    status: Sequence[tuple[str, Cell]],
    cards: Sequence[Card],
    sections: Sequence[Section],
    pictures: Mapping[str, bytes],
    footer: str,
) -> str:
    """Return the page; `pictures` are PNG by the name that a section's `plot` says.

    A picture stands beside its section's first table. Everything given is escaped.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        title=title,
        eyebrow=eyebrow,
        heading=heading,
        status=status,
        cards=cards,
        sections=sections,
        pictures={name: base64.b64encode(picture).decode() for name, picture in pictures.items()},
        footer=footer,
    )
