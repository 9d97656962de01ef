"""What the page about segments says of debtors to watch: near the best segment, delaying, or a risk."""

from __future__ import annotations

import pandas as pd

from features.contracts.output import RISKS
from pipelines.reporting.debtor_lists import LISTED, SHOWN, Names, debtor_cell, debtors, heading, rest, text
from pipelines.reporting.sections import Cell, Section, Table, number, percent
from pipelines.reporting.summary import money, records
from pipelines.segment_page.segment_sections import count_cell, known

UNKNOWN = "unknown"


def potential_a(segments: pd.DataFrame, figures: pd.DataFrame, called: Names) -> Section:
    """Return the debtors of B that are near the border to A, the nearest first.

    `figures`: their features of the segments' day, indexed by customer_id.
    """
    title = "Potential A"
    near = segments[segments["potential_a"].fillna(False).astype(bool)]
    if near.empty:
        return Section(title, "No debtor of B is near the border to A.")
    days = figures["decayed_days_late"]
    rows = tuple(
        (
            debtor_cell(row["customer_id"], called),
            Cell(percent(known(row["confidence"]))),
            Cell(number(known(days.get(row["customer_id"])), 1)),
            Cell(text(row["value_class"])),
        )
        for row in records(near.sort_values(["confidence", "customer_id"], kind="stable").head(LISTED))
    )
    return Section(
        title,
        f"{debtors(len(near))} of B near the border to A: a friendly word may carry them over it.",
        tables=(Table(("debtor", ">nearer to B than to A by", ">days late", "value"), rows),),
        note="Days late: mean with weights that halve every 90 days. "
        + rest(len(near), len(rows), "segments"),
    )


def delay_tactics(tactics: pd.DataFrame) -> Section:
    """Return how many debtors use each tactic, and how many of them by habit."""
    title = "Delay tactics"
    if tactics.empty:
        return Section(title, "None was found in disputes and contacts of the last 365 days.")
    counted = tactics.assign(chronic=tactics["chronic"].astype(int)).groupby("tactic")
    table = counted.agg(
        debtors=("customer_id", "nunique"), times=("times", "sum"), chronic=("chronic", "sum"),
        last_on=("last_on", "max"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(str(row["tactic"]).replace("_", " ")),
            Cell(number(row["debtors"])),
            Cell(number(row["times"])),
            Cell(number(row["chronic"])),
            Cell(f"{row['last_on']:%Y-%m-%d}"),
        )
        for row in records(table.sort_values("debtors", ascending=False, kind="stable").reset_index())
    )
    return Section(
        title,
        f"{debtors(tactics['customer_id'].nunique())} used one in the last 365 days, "
        f"{number(tactics.loc[tactics['chronic'].astype(bool), 'customer_id'].nunique())} of them by habit.",
        tables=(Table(("tactic", ">debtors", ">times", ">chronic", "last on"), rows),),
    )


def risk(risks: pd.DataFrame, called: Names) -> Section:
    """Return own risk across external risk, and the debtors about whom the two disagree."""
    title = "Risk: own payments beside external scores"
    if risks.empty:
        return Section(title, "No debtor is known.")
    own, external = (risks[name].fillna(UNKNOWN) for name in ("own_risk", "external_risk"))
    pairs = pd.crosstab(own, external)
    by_own, by_external = (
        [name for name in (*RISKS, UNKNOWN) if name in set(risk)] for risk in (own, external)
    )
    across = pairs.reindex(index=by_own, columns=by_external)
    rows = tuple(
        (Cell(name), *(count_cell(int(count)) for count in row))
        for name, row in zip(by_own, across.to_numpy(), strict=True)
    )
    combined = risks["risk"].value_counts()
    disagree = risks[risks["disagreement"].astype(bool)]
    said = [", ".join(f"{number(int(combined.get(name, 0)))} {name}" for name in RISKS)]
    said += [
        f"{debtors(len(disagree))} of whom one says high, the other low"
        if len(disagree)
        else "nowhere does one say high and the other low"
    ]
    over = int(risks["over_credit_limit"].fillna(False).astype(bool).sum())
    uninsured = int((risks["uninsured_amount_minor"] > 0).sum())
    said += [f"{number(over)} over their credit limit"] if over else []
    said += [f"{number(uninsured)} with more open than is insured"] if uninsured else []
    found = (
        Table(
            ("own payments", *(f">external {name}" for name in by_external)), rows, heading="Debtors by both"
        ),
        _disagreements(disagree, called),
    )
    return Section(title, "; ".join(said) + ".", tables=tuple(table for table in found if table is not None))


def _disagreements(disagree: pd.DataFrame, called: Names) -> Table | None:
    if disagree.empty:
        return None
    by = ["exposure_minor", "customer_id"]
    first = disagree.sort_values(by, ascending=[False, True], kind="stable").head(SHOWN)
    rows = tuple(
        (
            debtor_cell(row["customer_id"], called),
            Cell(text(row["own_risk"]), f"score {number(known(row['own_score']))}"),
            Cell(text(row["external_risk"]), text(row["external_scores"])),
            Cell(row["risk"]),
            Cell("" if pd.isna(row["exposure_minor"]) else money(row["exposure_minor"], row["currency"])),
        )
        for row in records(first)
    )
    header = ("debtor", "own payments", "external", "together", ">exposure")
    return Table(header, rows, heading=heading("disagreements", len(rows), disagree))
