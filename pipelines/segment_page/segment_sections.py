"""What the page about segments says of the segments: how they differ, beside what, why so many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import pandas as pd

from models.segments.stability import FEWEST, SAME_GROUPS, SMALLEST_SHARE, STABLE_JACCARD, Evidence
from pipelines.reporting.sections import NOTHING, Cell, Section, Table, number, percent
from pipelines.reporting.summary import money, records

CLEARLY = "ordered, each clearly above the one before"

RATE_NOTE = (
    "Late rate: share paid late of the invoices issued from {cutoff} on and decided by {until}. Interval: "
    "95 %, by bootstrap over debtors. Classes are those of {cutoff}, by what was known before it; the "
    "segments were learned anew for that day, as many as now. Not judged are {left_out} invoices that are "
    "not decided yet, or were on their first day."
)


def best_first(segments: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return the segments that occur: those of the scheme, best first, then the ones of rules by alphabet."""
    occurring = set(segments)
    return [name for name in (*names, *sorted(occurring - set(names))) if name in occurring]


def how_they_differ(profiles: pd.DataFrame, rates: pd.DataFrame, names: Sequence[str]) -> Section:
    """Return size, payment, balances and words per segment, with the late rate that followed.

    `profiles`: table segment_profiles. `rates`: class, late_rate, low and high of the scheme that treats.
    """
    several = profiles["currency"].nunique() > 1
    rate_of = {row["class"]: row for row in records(rates)}
    order = best_first(profiles["segment"], names)
    ranked = profiles.assign(place=profiles["segment"].map(order.index))
    rows = records(ranked.sort_values(["place", "currency"], kind="stable"))
    header = (
        "segment", *(["currency"] if several else []), ">debtors", ">share of revenue", ">days late",
        ">paid late", ">open", ">overdue", ">contacts per 1,000", ">late rate afterwards", ">potential A",
    )  # fmt: skip
    cells = [
        (
            Cell(row["segment"]),
            *([Cell(row["currency"])] if several else []),
            Cell(number(row["debtors"]), percent(row["share_of_debtors"])),
            Cell(percent(known(row["share_of_revenue"]))),
            Cell(number(known(row["mean_days_late"]), 1)),
            Cell(percent(known(row["late_share"]))),
            Cell(money(row["open_amount_minor"], row["currency"])),
            Cell(money(row["overdue_amount_minor"], row["currency"])),
            Cell(number(known(row["contacts_per_1000_revenue"]), 2)),
            rate_cell(rate_of.get(row["segment"])),
            Cell(number(known(row["potential_a"])) if row["segment"] == "B" else NOTHING),
        )
        for row in rows
    ]
    said = {row["segment"]: row["words"] for row in rows if isinstance(row["words"], str)}
    words = Table(
        ("segment", "what sets it apart"), tuple((Cell(name), Cell(text)) for name, text in said.items())
    )
    return Section(
        "How the segments differ",
        "Named from the best payer on. Rules make their own segments, which stand after the letters.",
        tables=(words, Table(header, tuple(cells))),
        plot="differ",
        note="Days late and paid late: means over debtors, of the last 365 days. Contacts: made in the last "
        "365 days, per 1,000 of revenue in them. Late rate afterwards: see the next part. Potential A: "
        "debtors of B near the border to A.",
    )


def side_by_side(
    rates: pd.DataFrame,
    cross_tables: Mapping[str, pd.DataFrame],
    verdicts: Mapping[str, str],
    *,
    cutoff: date,
    until: date,
    left_out: int,
) -> Section:
    """Return each scheme's classes with who was late afterwards, and each scheme across the learned segments.

    `rates` and `cross_tables`: those of a `Comparison`. `verdicts`: in which order the schemes paid.
    """
    rows, last = [], None
    order = {scheme: place for place, scheme in enumerate(verdicts)}
    for row in sorted(records(rates), key=lambda row: order.get(row["scheme"], len(order))):
        rows.append(
            (
                Cell("" if row["scheme"] == last else row["scheme"]),
                Cell(row["class"]),
                Cell(number(row["debtors"])),
                Cell(number(row["invoices"])),
                Cell(percent(known(row["late_rate"]))),
                Cell(rate_cell(row).aside),
            )
        )
        last = row["scheme"]
    return Section(
        "Side by side with the published schemes",
        "One base, several ways to class it, and who was late afterwards. No class knew what would come.",
        points=tuple(f"{scheme}: {verdict}." for scheme, verdict in verdicts.items()),
        tables=(
            Table(("scheme", "class", ">debtors", ">invoices", ">late rate", ">interval"), tuple(rows)),
            *(_across(scheme, table) for scheme, table in cross_tables.items()),
        ),
        plot="late_rates",
        note=RATE_NOTE.format(cutoff=cutoff, until=until, left_out=number(left_out)),
    )


def _across(scheme: str, table: pd.DataFrame) -> Table:
    return Table(
        (scheme, *(f">{segment}" for segment in table.columns)),
        tuple(
            (Cell(str(name)), *(count_cell(int(count)) for count in row))
            for name, row in zip(table.index, table.to_numpy(), strict=True)
        ),
        heading=f"{scheme} against the learned segments",
    )


def order_in_words(rates: pd.DataFrame) -> str:
    """Say whether classes, best first, were late in that order, and which intervals overlap.

    `rates`: class, late_rate, low, high. A class whose interval is not known is clearly above none.
    """
    rows = [row for row in records(rates) if known(row["late_rate"]) is not None]
    if len(rows) < 2:
        return "not judged, fewer than two classes have decided invoices"
    wrong = [
        f"{worse['class']} ({percent(worse['late_rate'], 1)}) was late less often than {better['class']} "
        f"({percent(better['late_rate'], 1)})"
        + ("" if worse["high"] < better["low"] else ", though their intervals overlap")
        for better, worse in pairwise(rows)
        if worse["late_rate"] < better["late_rate"]
    ]
    if wrong:
        return f"not ordered: {'; '.join(wrong)}"
    overlapping = [
        f"{better['class']} and {worse['class']}"
        for better, worse in pairwise(rows)
        if not worse["low"] > better["high"]
    ]
    return f"ordered, but {', '.join(overlapping)} overlap" if overlapping else CLEARLY


def why_so_many(evidence: Sequence[Evidence], chosen: int, day: date, notes: Sequence[str]) -> Section:
    """Return what speaks for and against each number of segments that was looked at on the day."""
    title = "Why so many segments"
    if not evidence:
        return Section(title, f"{chosen} segments; no other number was tried.", tuple(notes))
    verdicts = tuple(
        (Cell(str(found.clusters)), Cell("; ".join(found.objections) or "stable")) for found in evidence
    )
    figures = tuple(
        (
            Cell(str(found.clusters)),
            Cell(f"{found.jaccard[0]:.2f}", ", ".join(f"{group:.2f}" for group in found.jaccard[1:])),
            Cell(percent(found.smallest_share, 1)),
            Cell(f"{found.seed_ari:.2f}"),
            Cell(f"{found.silhouette:.2f}"),
            Cell(f"{found.gap:.2f}", f"± {found.gap_error:.2f}"),
        )
        for found in evidence
    )
    header = (
        "segments", ">least stable group", ">smallest group", ">other seeds", ">silhouette", ">gap",
    )  # fmt: skip
    return Section(
        title,
        f"{chosen} are in use. Looked for is the largest number such that it and every smaller one from "
        f"{FEWEST} up is stable. As of {day}.",
        tuple(notes),
        (
            Table(("segments", "verdict"), verdicts, marked=str(chosen)),
            Table(header, figures, marked=str(chosen)),
        ),
        "evidence",
        "Least stable group: how well it comes back in bootstrap samples (Jaccard, at least "
        f"{STABLE_JACCARD}; small: the other groups). Smallest group: share of the debtors, at least "
        f"{SMALLEST_SHARE:.0%}. Other seeds: agreement of their groups (adjusted Rand index, at least "
        f"{SAME_GROUPS}). Silhouette and gap are shown and decide nothing.",
    )


def rate_cell(row: Mapping[str, Any] | None) -> Cell:
    """Return a late rate with its interval; a dash where none is known."""
    if row is None or known(row["late_rate"]) is None:
        return Cell(NOTHING)
    low, high = known(row["low"]), known(row["high"])
    aside = "" if low is None or high is None else f"{number(100 * low)} to {percent(high)}"
    return Cell(percent(row["late_rate"]), aside)


def count_cell(count: int) -> Cell:
    """Return a count; a dash for none, so that a matrix shows where somebody is."""
    return Cell(number(count) if count else NOTHING)


def known(value: Any) -> float | None:
    """Return the number, None where it is empty."""
    return None if pd.isna(value) else float(value)
