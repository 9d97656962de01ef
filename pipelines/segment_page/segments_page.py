"""The page about segments: how they differ, beside which schemes, why so many, who moves, whom to watch.

It follows from what was known before the day, the configuration, the champion and the runs published up to
then; it holds no moment in time, and so repeats byte for byte.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from models.segments.schemes import LEARNED
from pipelines.reading import read
from pipelines.reporting.debtor_lists import debtors
from pipelines.reporting.pages import Card, html_page
from pipelines.reporting.sections import NOTHING, Cell, Section, markdown, number, percent
from pipelines.reporting.summary import records
from pipelines.runs.durable_files import replace_folder
from pipelines.segment_page.movement_sections import for_sales, who_moves
from pipelines.segment_page.segment_material import Material, gather
from pipelines.segment_page.segment_plots import (
    plot_differences,
    plot_evidence,
    plot_late_rates,
    plot_over_time,
)
from pipelines.segment_page.segment_sections import (
    best_first,
    how_they_differ,
    known,
    order_in_words,
    side_by_side,
    why_so_many,
)
from pipelines.segment_page.watch_sections import delay_tactics, potential_a, risk

NO_RATES = pd.DataFrame(columns=["scheme", "class", "debtors", "invoices", "late_rate", "low", "high"])
NOT_YET = "Nobody had paid before the cutoff, or no invoice issued after it is decided yet: try --cutoff."


def make_segments_page(
    config: Path, *, as_of: date | None, cutoff: date | None, today: date
) -> dict[str, Any]:
    """Write the page as of the day under output/segments/; return where it is and its main figures as JSON.

    The tables are those of the latest run up to the day; without one they are computed for the day. Late
    rates are of invoices issued from `cutoff` on, by default in the last quarter of the history, at most 180
    days.
    Raises DebtscapeError for a cutoff that is not inside of the history.
    """
    reading = read(config, as_of=as_of, today=today)
    found = gather(reading, cutoff)
    folder = reading.settings.output_folder / "segments" / found.as_of.isoformat()
    replace_folder(folder, page_files(found))
    return {
        "page": str(folder / "segments.html"),
        "markdown": str(folder / "segments.md"),
        **main_figures(found),
    }


def page_files(found: Material) -> dict[str, bytes]:
    """Return segments.html, segments.md and the pictures that it links, file name -> content."""
    rates = _rates(found)
    drawn = {
        "differ": plot_differences(
            found.tables["segment_profiles"], _of_scheme(rates, found.scheme), found.names
        ),
        "late_rates": plot_late_rates(_judged(found, rates), list(found.judged)),
        "evidence": plot_evidence(found.evidence, found.chosen) or None,
        "over_time": plot_over_time(found.history, found.names),
    }
    pictures = {name: picture for name, picture in drawn.items() if picture is not None}
    shown = sections(found)
    footer = _footer(found)
    html = html_page(
        title=f"Segments {found.as_of}",
        eyebrow="Segments of the debtors",
        heading=f"As of {found.as_of}",
        status=[
            ("Latest run", Cell(str(found.run.as_of), found.run.run_id) if found.run else Cell("none")),
            ("Segments by", Cell(found.scheme, found.model if found.scheme == LEARNED else "")),
        ],
        cards=_cards(found),
        sections=shown,
        pictures=pictures,
        footer=footer,
    )
    return {
        "segments.html": html.encode(),
        "segments.md": markdown(f"Segments as of {found.as_of}", shown, footer).encode(),
        **{f"{name}.png": picture for name, picture in pictures.items()},
    }


def sections(found: Material) -> list[Section]:
    """Return the parts of the page, in order."""
    tables, compared, rates = found.tables, found.comparison, _rates(found)
    side = (
        side_by_side(
            rates,
            compared.cross_tables,
            _verdicts(found),
            cutoff=compared.cutoff,
            until=compared.until,
            left_out=compared.left_out,
        )
        if compared
        else Section("Side by side with the published schemes", NOT_YET)
    )
    return [
        how_they_differ(tables["segment_profiles"], _of_scheme(rates, found.scheme), found.names),
        side,
        why_so_many(found.evidence, found.chosen, found.learned_on, _notes(found)),
        who_moves(tables, found.history, found.names, found.called),
        for_sales(tables, found.called),
        potential_a(tables["segments"], found.near_a, found.called),
        delay_tactics(tables["delay_tactics"]),
        risk(tables["risks"], found.called),
    ]


def main_figures(found: Material) -> dict[str, Any]:
    """Return the page's main figures as plain JSON."""
    segments, last = found.tables["segments"], found.history[-1] if found.history else None
    sizes = segments["segment"].value_counts()
    rate_of = _of_scheme(_rates(found), found.scheme).set_index("class")
    reviews = found.tables.get("account_reviews")
    return {
        "as_of": found.as_of.isoformat(),
        "run_id": found.run.run_id if found.run else None,
        "scheme": found.scheme,
        "cutoff": found.comparison.cutoff.isoformat() if found.comparison else None,
        "segments": [
            {
                "segment": name,
                "debtors": int(sizes[name]),
                **{
                    part: known(rate_of.loc[name, part]) if name in rate_of.index else None
                    for part in ("late_rate", "low", "high")
                },
            }
            for name in best_first(sizes.index, found.names)
        ],
        "schemes": _verdicts(found),
        "moved": last.moved if last else None,
        "share_moved": last.share if last else None,
        "kept": last.kept if last else None,
        "account_reviews": None if reviews is None else len(reviews),
        "warnings": list(found.warnings),
        "potential_a": int(segments["potential_a"].fillna(False).astype(bool).sum()),
    }


def _rates(found: Material) -> pd.DataFrame:
    return found.comparison.late_rates if found.comparison else NO_RATES


def _of_scheme(rates: pd.DataFrame, scheme: str) -> pd.DataFrame:
    return rates[rates["scheme"] == scheme]


def _judged(found: Material, rates: pd.DataFrame) -> pd.DataFrame:
    """The rows of classes that say how a debtor pays, not of NEW or of none."""
    mine = [row["class"] in found.judged.get(row["scheme"], ()) for row in records(rates)]
    return rates[pd.Series(mine, rates.index, dtype=bool)]


def _verdicts(found: Material) -> dict[str, str]:
    """Say of each scheme about payment in which order its classes were late."""
    rates = _judged(found, _rates(found))
    return {scheme: order_in_words(_of_scheme(rates, scheme)) for scheme in found.judged}


def _cards(found: Material) -> list[Card]:
    figures = main_figures(found)
    names = found.names
    judged = [row for row in figures["segments"] if row["late_rate"] is not None and row["segment"] in names]
    late, whose = Cell(NOTHING), "not known yet"
    if judged:
        best, worst = judged[0], judged[-1]
        late = Cell(f"{number(100 * best['late_rate'])} → {percent(worst['late_rate'])}")
        whose = f"{best['segment']} to {worst['segment']}, out of time"
    share = figures["share_moved"]
    moved = "no run before" if share is None else f"{debtors(figures['moved'])} in all"
    return [
        ("Segments", Cell(str(len(names))), debtors(len(found.tables["segments"]))),
        ("Paid late afterwards", late, whose),
        ("Moved since the run before", Cell(percent(share, 1)), moved),
        (
            "Accounts for sales to review",
            Cell(number(figures["account_reviews"])),
            f"{debtors(figures['potential_a'])} of B near A",
        ),
    ]


def _notes(found: Material) -> list[str]:
    """What the learning said, and why a run would not use the champion."""
    return [*found.notes, *(f"A run of {found.as_of} says: {warning}." for warning in found.warnings)]


def _footer(found: Material) -> str:
    ledger, settings = found.fingerprints
    return (
        f"Segments: {found.scheme}, {found.model} · ledger {ledger[:16]} · configuration "
        f"{settings[:16]}. The same inputs give the same page."
    )
