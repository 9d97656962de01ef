"""The page as one HTML file that opens offline, and as the shell that the server gives out.

Both are the same scripts and styles; the file also holds the run's views, its lists (long ones cut, saying
of how many) and the cards of some debtors. It loads nothing and runs no script but its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from pipelines.page.rows import values_of

STATIC = Path(__file__).parent / "static"
LANGUAGES = ("en", "nl", "de", "fr")
SCRIPTS = (
    "dom.js",
    "words.js",
    "source.js",
    "charts.js",
    "lists.js",
    "filters.js",
    "decisions.js",
    "status.js",
    "today.js",
    "figures.js",
    "segments.js",
    "concentration.js",
    "cash.js",
    "reliability.js",
    "sections.js",
    "time_line.js",
    "card_invoices.js",
    "card.js",
    "page.js",
)
"""The first is asked first, the last begins. The charts' library follows: the first screen has no chart."""

LIBRARY = "echarts.min.js"
STYLE = "page.css"

MOST_DEBTORS, MOST_OF_A_FLAG, MOST_ACTIONS, MOST_INVOICES = 500, 500, 2000, 2000
"""Rows in the file: debtors, debtors of one flag, actions, invoices past due and as many not yet due."""

FLAGS = ("worsened", "new_large_overdue", "broken_promise", "over_limit")


def shell() -> bytes:
    """Return the page without data: it signs in and asks the server for the rest, its files under static/."""
    head = f'<link rel="stylesheet" href="static/{STYLE}">'
    scripts = "\n".join(f'<script src="static/{name}" defer></script>' for name in (*SCRIPTS, LIBRARY))
    return _filled(head, scripts)


def page_file(
    views: Mapping[str, Any], lists: Mapping[str, pd.DataFrame], cards: Mapping[str, Mapping[str, Any]]
) -> bytes:
    """Return the page of a run as one HTML file: `page_views`, `page_lists` (whole) and `debtor_cards` of it.

    The same arguments give the same bytes. Of a long list the file holds the most overdue rows.
    """
    own = "\n".join(_text(name) for name in SCRIPTS)
    library, style = _text(LIBRARY), _text(STYLE)
    policy = (
        f"default-src 'none'; script-src {_source(own)} {_source(library)}; style-src {_source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>'
    data = {
        "views": views,
        "words": {language: json.loads(_text(f"words.{language}.json")) for language in LANGUAGES},
        "lists": _packed({name: _table(name, rows) for name, rows in lists.items()}),
        "cards": _packed(cards),
    }
    scripts = (
        f'<script type="application/json" id="debtscape-data">{_inert(_json(data))}</script>\n'
        f"<script>{own}</script>\n<script>{library}</script>"
    )
    return _filled(head, scripts)


def _filled(head: str, scripts: str) -> bytes:
    page = _text("page.html")
    before, _, after = page.partition("<!--head-->")
    middle, _, end = after.partition("<!--scripts-->")
    return "".join([before, head, middle, scripts, end]).encode()


def _text(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """What the content security policy calls this text: nothing else runs."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: object) -> str:
    """JSON; ValueError for a figure that is no number."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _inert(text: str) -> str:
    """JSON that holds no tag and no line end of JavaScript, whatever a debtor is called."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _packed(data: object) -> str:
    """JSON, deflated, in letters: reasons repeat themselves, so a tenth of the size remains."""
    return base64.b64encode(zlib.compress(orjson.dumps(data), 6)).decode()


def _table(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    parts = [part.index[:most] for part, most in _parts(name, rows)]
    held = rows[rows.index.isin(parts[0].append(parts[1:]))]
    columns = [values_of(held[column]) for column in held]
    return {
        "columns": list(held.columns),
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "total": len(rows),
    }


def _parts(name: str, rows: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, int]]:
    """What the file holds of a list: parts, most urgent row first, and how many of each."""
    if name == "debtors":
        rows = rows.sort_values("overdue_minor", ascending=False, kind="stable")
        yield rows, MOST_DEBTORS
        for flag in FLAGS:
            yield rows[rows[flag].fillna(False).astype(bool)], MOST_OF_A_FLAG
    elif name == "actions":
        rows = rows.sort_values("overdue_minor", ascending=False, kind="stable")
        yield rows[rows["to_release"] | rows["waiting"] | rows["cause"].notna()], MOST_ACTIONS
    elif name == "invoices":
        rows = rows.sort_values("days_past_due", ascending=False, kind="stable")
        yield rows[rows["days_past_due"] > 0], MOST_INVOICES
        yield rows[rows["days_past_due"] <= 0], MOST_INVOICES
    else:
        yield rows, len(rows)
