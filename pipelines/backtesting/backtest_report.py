"""The summary of a backtest for people: one HTML page that needs nothing else, and the same as Markdown.

Both follow from the backtest's inputs and figures only, hold no moment in time, and so repeat byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.evaluation.evaluate import MODEL
from pipelines.backtesting.cash_section import cash_forecast_section
from pipelines.backtesting.evaluation_details import (
    error_by_age,
    first_in_line,
    lateness_classes,
    payment_days,
    reliability,
    weekly_cash,
)
from pipelines.backtesting.evaluation_tables import against_simpler, by_segment, for_whom, how_good
from pipelines.reporting.pages import Card, html_page
from pipelines.reporting.sections import Cell, Section, figure, markdown, number, percent, points


@dataclass(frozen=True)
class LeftOut:
    """A fold that could not be measured."""

    cutoff: date
    why: str


@dataclass(frozen=True)
class BacktestInputs:
    """What was backtested. `newest_fact`: the last day of which anything is known; both fingerprints hex."""

    backtest_id: str
    cutoffs: Sequence[date]
    until: date
    newest_fact: date
    ledger_fingerprint: str
    settings_fingerprint: str
    left_out: Sequence[LeftOut] = ()


def summary_files(inputs: BacktestInputs, evaluation: Mapping[str, Any]) -> dict[str, bytes]:
    """Return summary.html, summary.md and the pictures it links, file name -> content."""
    from pipelines.backtesting.backtest_plots import plots

    pictures = plots(evaluation)
    sections = [*_sections(inputs, evaluation)]
    return {
        "summary.html": _html(inputs, evaluation, sections, pictures).encode(),
        "summary.md": markdown(_title(inputs), sections, _footer(inputs, evaluation)).encode(),
        **{f"{name}.png": picture for name, picture in pictures.items()},
    }


def _sections(inputs: BacktestInputs, evaluation: Mapping[str, Any]) -> list[Section]:
    """Return the parts of the summary that there are figures for."""
    parts = (
        _what(inputs, evaluation),
        how_good(evaluation),
        against_simpler(evaluation),
        by_segment(evaluation),
        reliability(evaluation),
        payment_days(evaluation),
        error_by_age(evaluation),
        first_in_line(evaluation),
        lateness_classes(evaluation),
        weekly_cash(evaluation),
        cash_forecast_section(evaluation),
        for_whom(evaluation),
    )
    return [part for part in parts if part is not None]


def _what(inputs: BacktestInputs, evaluation: Mapping[str, Any]) -> Section:
    """What was measured: days, folds, invoices, and what could not be."""
    folds = len(inputs.cutoffs) - len(inputs.left_out)
    predictions, invoices, debtors = (
        _count(evaluation[f"{what}s"], what) for what in ("point", "invoice", "debtor")
    )
    limit = evaluation["late_after_days"]
    late = f"more than {_count(limit, 'day')} after due" if limit else "any day after due"
    facts = [
        f"Days: {inputs.cutoffs[0]} to before {inputs.until}, in {_count(folds, 'fold')}; judged by what is "
        f"known up to {inputs.newest_fact}.",
        f"{predictions} in time: {invoices} of {debtors}, each on the day of issue, half-way to due, on the "
        "due day, and 7 to 90 days after it while still open.",
        f"{number(evaluation['late_invoices'])} of the invoices were late, "
        f"{number(evaluation['on_time_invoices'])} on time; late is {late}.",
    ]
    waiting = _ours(evaluation).get("late", {}).get("not_yet_measurable", 0)
    if waiting:
        facts.append(
            f"{_count(waiting, 'point')} in time not yet measurable: who pays late is not known yet."
        )
    facts += [f"The fold of {fold.cutoff} is left out: {fold.why}" for fold in inputs.left_out]
    return Section(
        "What was measured",
        "As of each cutoff the model learned from what was known before it, and predicted the open invoices "
        "of the days up to the next one. No prediction knew anything of its own day or later.",
        tuple(facts),
    )


def _ours(evaluation: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = evaluation["models"].get(MODEL, {}).get("pooled", {})
    return found


def _count(count: int, what: str) -> str:
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def _cards(evaluation: Mapping[str, Any]) -> list[Card]:
    """Return label, figure and remark of the figures that people look at first."""
    pooled = _ours(evaluation)
    late, dates = pooled.get("late", {}), pooled.get("dates", {})
    cards = [
        ("Ranks late above punctual", figure(late.get("auc"), percent), "50 % is chance"),
        (
            "Late probability off by",
            figure(late.get("ece"), lambda share: f"{points(share)} points"),
            f"by chance up to {points(late.get('ece_if_calibrated', {}).get('p95'))}",
        ),
        (
            "Payment day off by",
            figure(dates.get("mae_days"), lambda days: f"{number(days, 1)} days"),
            "on average, from the median day",
        ),
        (
            "Paid inside the interval",
            figure(dates.get("coverage"), percent),
            f"claimed {percent(dates.get('claimed_coverage'))}",
        ),
    ]
    given = (late.get("auc"), late.get("ece"), dates.get("mae_days"), dates.get("coverage"))
    return [card for card, found in zip(cards, given, strict=True) if found]


def _html(
    inputs: BacktestInputs,
    evaluation: Mapping[str, Any],
    sections: Sequence[Section],
    pictures: Mapping[str, bytes],
) -> str:
    folds = len(inputs.cutoffs)
    return html_page(
        title=_title(inputs),
        eyebrow="Backtest of the payment predictions",
        heading=f"{inputs.cutoffs[0]} to {inputs.until}",
        status=[
            ("Folds", Cell(str(folds - len(inputs.left_out)), f"of {folds}" if inputs.left_out else "")),
            ("Newest fact", Cell(str(inputs.newest_fact))),
        ],
        cards=_cards(evaluation),
        sections=sections,
        pictures=pictures,
        footer=_footer(inputs, evaluation),
    )


def _title(inputs: BacktestInputs) -> str:
    return f"Backtest {inputs.cutoffs[0]} to {inputs.until}"


def _footer(inputs: BacktestInputs, evaluation: Mapping[str, Any]) -> str:
    return (
        f"Backtest {inputs.backtest_id} · ledger {inputs.ledger_fingerprint[:16]} · configuration "
        f"{inputs.settings_fingerprint[:16]} · seed {evaluation['seed']} · {evaluation['resamples']} draws. "
        "The same inputs give the same page."
    )
