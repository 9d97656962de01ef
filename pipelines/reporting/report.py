"""The report of a run for a credit manager: one HTML file that needs nothing else.

It depends on the run's tables and inputs only, holds no moment in time, and so repeats byte for
byte. Everything that comes from the ledger is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.contracts import OUTPUT_TABLES, SCHEMA_VERSION
from features.contracts.money import minor_digits
from pipelines.reporting.report_tables import (
    CLASSES,
    ageing,
    by_currency,
    key_figures,
    migration_matrix,
    most_overdue,
    next_actions,
    rejected_rows,
    segment_rows,
    share_by_model,
)
from pipelines.reporting.report_treatment import cash_weeks, task_rows, worklist_rows
from pipelines.runs.publication import RunInputs

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
AHEAD_DAYS = 7
CURRENCIES = 3
"""Amounts of several currencies are not added up; shown are the ones with most open items."""


@dataclass(frozen=True)
class QualityRow:
    """One line of the quality table: how well late payment was predicted on days not yet seen.

    auc: 0.5 = chance, 1 = perfect order · brier_skill: part of the error of the debtor's own late
    rate that is avoided · ece: mean distance between predicted and observed shares.
    """

    name: str
    auc: float | None
    brier_skill: float | None
    ece: float | None
    ours: bool = False


def render_report(
    tables: Mapping[str, pd.DataFrame],
    *,
    inputs: RunInputs,
    newest_fact: date | None = None,
    warnings: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    quality: Sequence[QualityRow] = (),
    previous_as_of: date | None = None,
    locale: str = "en_GB",
) -> str:
    """Return the report of a run as HTML.

    `tables` are those given to `publish` (inside names), `names` the debtors' names for people,
    `quality` the figures of the champion's evaluation, `locale` how numbers and days are written (the
    words are English). The report is a file of the run: what is given here must follow from the run's
    inputs, or the same inputs would give other bytes.
    """
    whole = {
        name: tables[name].reindex(columns=[column.inside for column in contract.columns])
        for name, contract in OUTPUT_TABLES.items()
    }
    names = names or {}
    end = inputs.as_of + timedelta(days=AHEAD_DAYS)
    currencies = by_currency(whole)
    sections = [
        {
            "currency": currency,
            "key": key_figures(own),
            "ageing": ageing(own),
            "actions": next_actions(own, inputs.as_of, end, names),
            "most_overdue": most_overdue(own, inputs.as_of, names),
            "worklist": worklist_rows(own, names),
            "cash": cash_weeks(own),
            "segments": segment_rows(own),
        }
        for currency, own in list(currencies.items())[:CURRENCIES]
    ]
    return (
        _environment(locale)
        .get_template("report.html")
        .render(
            inputs=inputs,
            newest_fact=newest_fact,
            warnings=warnings,
            schema_version=SCHEMA_VERSION,
            last_day_ahead=end - timedelta(days=1),
            classes=CLASSES,
            debtors=len(whole["segments"]),
            by_model=share_by_model(whole),
            sections=sections,
            further_currencies=list(currencies)[CURRENCIES:],
            tasks=task_rows(whole),
            migrations=migration_matrix(whole) if previous_as_of else None,
            previous_as_of=previous_as_of,
            rejected=rejected_rows(whole),
            rejected_total=len(whole["rejected"]),
            quality=quality,
        )
    )


def _environment(locale: str) -> Environment:
    """Return the template environment with the filters that write numbers and days."""
    from babel.dates import format_date
    from babel.numbers import format_decimal, format_percent
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    def money(minor: int, currency: str) -> str:
        major = Decimal(minor).scaleb(-minor_digits(currency))
        return str(format_decimal(major, format="#,##0", locale=locale))

    def number(value: float | None, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return "–" if value is None else str(format_decimal(value, format=pattern, locale=locale))

    def percent(share: float | None) -> str:
        if share is None:
            return "–"
        digits = ".0" if 0 < share < 0.1 else ""
        return str(format_percent(share, format=f"#,##0{digits}%", locale=locale))

    def day(value: date | None) -> str:
        return "–" if value is None else str(format_date(value, format="medium", locale=locale))

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "number": number, "percent": percent, "day": day}
    return environment
