"""An evaluation up close, as sections for people: probabilities, payment days, whom to look at, money.

What an evaluation does not hold gives no section.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.evaluation.evaluate import MODEL
from pipelines.backtesting.evaluation_tables import (
    AGES,
    COUNT,
    INTERVAL,
    NAMES,
    WITHIN_A_MONTH,
    Evaluation,
    Figures,
    Measure,
    days_text,
    in_order,
    measure,
    measured,
    plain,
    share_text,
    three_digits,
)
from pipelines.reporting.sections import Cell, Section, Table, figure, number, percent, points


def reliability(evaluation: Evaluation) -> Section | None:
    """Predicted beside observed late shares of the model; None where lateness was not judged."""
    late = evaluation["models"].get(MODEL, {}).get("pooled", {}).get("late", {})
    bins = late.get("reliability")
    if not bins:
        return None
    rows = tuple(
        (
            Cell(f"{percent(row['from'])} to {percent(row['to'])}"),
            Cell(number(row["points"])),
            Cell(percent(row["predicted"])),
            Cell(percent(row["observed"])),
        )
        for row in bins
    )
    error, chance = late["ece"]["value"], late["ece_if_calibrated"]["p95"]
    verdict = "which chance alone explains" if error <= chance else "more than chance alone explains"
    return Section(
        "Do its probabilities mean what they say",
        f"On average they are off by {points(error)} points, {verdict} (up to {points(chance)}).",
        tables=(Table(("it said late with", ">predictions", ">predicted", ">were late"), rows),),
        plot="reliability",
    )


def payment_days(evaluation: Evaluation) -> Section | None:
    """Whether the interval holds what it claims, per age of the invoice; None where no dates were judged."""
    ages = evaluation["models"].get(MODEL, {}).get("landmark", {})
    rows = [
        (AGES.get(age, age), ages[age])
        for age in in_order(ages)
        if ages[age].get("dates", {}).get("coverage")
    ]
    if not rows:
        return None
    pooled = evaluation["models"][MODEL]["pooled"]["dates"]
    held, claimed = share_text(pooled["coverage"]["value"]), share_text(pooled["claimed_coverage"])
    agreed = ""
    if "coverage_agrees" in pooled:
        agreed = ", and the two agree" if pooled["coverage_agrees"] else ", and the two do not agree"
    return Section(
        "Does its payment interval hold",
        f"{held} of the payments came between its 10 % and its 90 % day; it claims {claimed}{agreed}.",
        tables=(measured("asked", rows, (COUNT, *INTERVAL)),),
        plot="coverage",
        note=_even(pooled["pit"]) if "pit" in pooled else "",
    )


def _even(pit: Mapping[str, Any]) -> str:
    return (
        "Each tenth of its distribution should hold 10 % of the payments (PIT). The one furthest from it is "
        f"off by {points(pit['largest_deviation'])} points; by chance up to {points(pit['chance_p95'])}."
    )


def error_by_age(evaluation: Evaluation) -> Section | None:
    """Days off per age, the model beside the others that name a day; None where nobody does."""
    models = evaluation["models"]
    ages = [age for age in in_order(AGES) if any(_days_off(groups, age) for groups in models.values())]
    rows = [
        (Cell(NAMES.get(name, name)), *(figure(_days_off(groups, age), days_text) for age in ages))
        for name, groups in models.items()
        if any(_days_off(groups, age) for age in ages)
    ]
    if not rows:
        return None
    table = Table(("days off", *(f">{AGES[age]}" for age in ages)), tuple(rows), marked=NAMES[MODEL])
    return Section("How far off, by age", tables=(table,), plot="error_by_age")


def _days_off(groups: Mapping[str, Any], age: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = groups.get("landmark", {}).get(age, {}).get("dates", {}).get("mae_days")
    return found


def first_in_line(evaluation: Evaluation) -> Section | None:
    """Which late invoices are found by looking at the riskiest first; None where nothing was late."""
    lift = evaluation.get("lift")
    if not lift:
        return None
    models = lift["models"]
    rows = tuple(
        (
            Cell(NAMES.get(name, name)),
            *(figure(models[name][top], percent) for top in ("top_10", "top_20")),
        )
        for name in sorted(models, key=lambda name: (-models[name]["top_20"]["value"], name))
    )
    return Section(
        "Whom to look at first",
        f"{number(lift['late'])} of {number(lift['invoices'])} invoices were late. Looking on the day of "
        "issue at those with the highest late probability finds this share of them:",
        tables=(Table(("ranked by", ">riskiest tenth", ">riskiest fifth"), rows, marked=NAMES[MODEL]),),
        plot="lift",
    )


def weekly_cash(evaluation: Evaluation) -> Section | None:
    """Forecast against received money per week; None where amounts were not given."""
    rows = _pooled_with("cash", evaluation)
    if not rows:
        return None
    measures: tuple[Measure, ...] = (
        plain(">weeks", "cash", "weeks", number),
        measure(">missed, of what came", "cash", "wape", percent),
        measure(">too high or low by", "cash", "bias", percent),
        plain(">weeks inside the band", "cash", "coverage", percent),
        plain(">claimed", "cash", "claimed_coverage", percent),
    )
    return Section(
        "Money per week",
        "What the invoices predicted on their day of issue brought in each week, against the forecast.",
        tables=(measured("forecast by", rows, measures, marked=NAMES[MODEL]),),
        note="Missed: what the forecast of each week was off by, added up, as a part of what came in (WAPE). "
        "The band lies between the 10 % and the 90 % sum; in it a debtor pays its invoices together.",
    )


def lateness_classes(evaluation: Evaluation) -> Section | None:
    """How well the class of lateness and the order of payment are told; None where no classes are given."""
    rows = _pooled_with("classes", evaluation)
    if not rows:
        return None
    measures: tuple[Measure, ...] = (
        measure(">classes (macro-F1)", "classes", "macro_f1", three_digits),
        measure(">log loss", "classes", "log_loss", three_digits),
        WITHIN_A_MONTH,
        (">order of payment (C-index)", lambda figures: figure(figures.get("c_index"), three_digits)),
    )
    return Section(
        "Which class of lateness",
        "On time, 1 to 30, 31 to 60, 61 to 90 or over 90 days late, also of what is overdue already.",
        tables=(measured("predicted by", rows, measures, marked=NAMES[MODEL]),),
        note="Macro-F1: 1 is every class right, each counted alike. Log loss: smaller is better, surprise at "
        "what happened. Order of payment: of two invoices, how often the one paid first was expected first.",
    )


def _pooled_with(group: str, evaluation: Evaluation) -> list[tuple[str, Figures]]:
    """Return the models whose pooled figures have the group, ours first."""
    return [
        (NAMES.get(name, name), groups["pooled"])
        for name, groups in sorted(evaluation["models"].items(), key=lambda item: item[0] != MODEL)
        if groups["pooled"].get(group)
    ]
