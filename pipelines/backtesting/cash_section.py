"""The cash forecast of a backtest as a section for people: how far off, and what the correction does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pipelines.reporting.sections import Cell, Section, Table, figure, number, percent

WEEK = {"1": "in the first week", "2": "in the second", "4": "in the fourth", "8": "in the eighth",
        "all": "in all eight weeks"}  # fmt: skip
WAYS = {"plain": "as it was", "uncorrected": "without correction", "corrected": "corrected"}
HEADER = ("money", "forecast", ">forecasts", ">weeks", ">missed, of what came", ">too high or low by",
          ">inside the band")  # fmt: skip
share = partial(percent, digits=1)


def cash_forecast_section(evaluation: Mapping[str, Any]) -> Section | None:
    """Return how forecasts of past Mondays compare with what came in; None where none were made.

    Without and with correction on the same forecasts, where earlier folds taught one; else as they were.
    """
    currencies: Mapping[str, Any] = evaluation.get("cash", {}).get("currencies", {})
    tables = tuple(_table(currency, found) for currency, found in currencies.items())
    if not tables:
        return None
    return Section(
        "Cash forecast",
        "On Mondays inside each fold the coming eight weeks were forecast from the items open that day, and "
        "are compared with the money that then came in for these very items.",
        tables=tables,
        note="The band is meant to hold 80 % of the weeks. Corrected: by what was learned on earlier folds, "
        "on weeks that were over by then. Missed: what the forecast of each week was off by, added up, as a "
        "part of what came in (WAPE). Small figures: 95 % interval, by drawing weeks anew.",
    )


def _table(currency: str, found: Mapping[str, Any]) -> Table:
    ways = ("uncorrected", "corrected") if found["corrected"] else ("plain",)
    rows = [
        (
            Cell(words),
            Cell(WAYS[way]),
            Cell(number(told["forecasts"])),
            Cell(number(told["weeks"])),
            *(figure(told[name], share) for name in ("wape", "bias", "coverage")),
        )
        for horizon, words in WEEK.items()
        for way in ways
        for told in [found[way].get(horizon)]
        if told
    ]
    return Table(HEADER, tuple(rows), heading=currency)
