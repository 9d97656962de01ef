"""An evaluation as sections for people: how good, against whom, for whom, and how to read it.

What an evaluation does not hold (a model without dates, a ledger without segments) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from models.evaluation.evaluate import MODEL
from models.evaluation.gate import WORDS
from pipelines.reporting.sections import NOTHING, Cell, Section, Table, figure, number, percent, points

Evaluation = Mapping[str, Any]
Figures = Mapping[str, Any]

NAMES = {MODEL: "the model", **WORDS}
AGES = {
    "issue": "on the day of issue",
    "half_way": "half-way to due",
    "due": "on the due day",
    **{f"due+{days}": f"{days} days after due" for days in (7, 15, 30, 60, 90)},
}
"""What people call a landmark, in the order of an invoice's life."""

FAMILIES = {
    "landmark": "Age of the invoice",
    "settled_invoices_before": "Earlier settled invoices of the debtor",
    "debtor": "Debtors that it learned from, and others",
    "segment": "Segment of the debtor",
    "newest": "The newest days that can be judged",
    "folds": "Trained as of",
}

three_digits, days_text = partial(number, digits=3), partial(number, digits=1)
share_text = partial(percent, digits=1)

Measure = tuple[str, Callable[[Figures], Cell]]


def measure(header: str, group: str, name: str, show: Callable[[float | None], str]) -> Measure:
    """Return a column that shows one figure with its interval."""
    return header, lambda figures: figure(figures.get(group, {}).get(name), show)


def plain(header: str, group: str, name: str, show: Callable[[float | None], str]) -> Measure:
    """Return a column that shows one number without an interval."""
    return header, lambda figures: Cell(show(figures.get(group, {}).get(name)))


def _by_chance(figures: Figures) -> Cell:
    return Cell(points(figures.get("late", {}).get("ece_if_calibrated", {}).get("p95")))


LATE_OR_NOT: tuple[Measure, ...] = (
    measure(">order (AUC)", "late", "auc", three_digits),
    measure(">error avoided", "late", "brier_skill", share_text),
    measure(">off by, points", "late", "ece", points),
    (">by chance up to", _by_chance),
)
DAYS_OFF: tuple[Measure, ...] = (
    measure(">days off", "dates", "mae_days", days_text),
    measure(">within 3 days", "dates", "within_3_days", percent),
)
INTERVAL: tuple[Measure, ...] = (
    measure(">interval held", "dates", "coverage", share_text),
    plain(">claimed", "dates", "claimed_coverage", share_text),
)
WITHIN_A_MONTH = measure(">paid in 30 days (AUC)", "paid_within_30_days", "auc", three_digits)
COUNT: Measure = (">predictions", lambda figures: Cell(number(figures.get("points"))))

EXPLAINED = (
    "Order (AUC): how often a late invoice ranks above a punctual one; 0.5 is chance, 1 is perfect. "
    "Error avoided (Brier skill): part of the squared error of the debtor's own late rate that is avoided; "
    "above 0 is better. "
    "Off by (calibration error): distance between predicted and observed late share, in percentage points; "
    "beside it what a perfectly calibrated model would show by chance. "
    "Days off: from the median payment day to the real one, followed up to 90 days after due. "
    "Interval held: how often the payment came between the 10 % and the 90 % day, beside what is claimed; "
    "whole days and payment runs make an honest interval hold more than 80 %. "
    "Small figures: 95 % interval, by drawing debtors anew (which adds chance, so that of the calibration "
    "error lies high)."
)


def how_good(evaluation: Evaluation) -> Section:
    """Every predictor on the same predictions, best order first."""
    models = evaluation["models"]

    def rank(name: str) -> tuple[float, str]:
        found = models[name]["pooled"].get("late", {}).get("auc") or {"value": 0}
        return -found["value"], name

    rows = [(NAMES.get(name, name), models[name]["pooled"]) for name in sorted(models, key=rank)]
    table = measured("predicted by", rows, (*LATE_OR_NOT, *DAYS_OFF, *INTERVAL), marked=NAMES[MODEL])
    return Section("How good it is", headline(evaluation), tables=(table,), note=EXPLAINED)


def headline(evaluation: Evaluation) -> str:
    """Say in one sentence how the model stands against the others."""
    said = [
        (NAMES.get(name, name), in_words(comparison.get(measure)))
        for name, comparison in evaluation["comparisons"].items()
        for measure in ("brier", "mae_days")
        if comparison.get(measure)
    ]
    if not said:
        return "The model was not compared with simpler ways."
    words = [word for _, word in said]
    worse = sorted({name for name, word in said if word == "worse"})
    return (
        f"Of {len(words)} comparisons with simpler ways the model is better in {words.count('better')}, "
        f"not shown better in {words.count('not shown better')} and worse in {words.count('worse')}"
        f"{': ' + ', '.join(worse) if worse else ''}."
    )


def in_words(difference: Mapping[str, Any] | None) -> str:
    """Return better, worse, or not shown better where the interval of the difference holds 0."""
    if not difference:
        return NOTHING
    if difference["high"] is not None and difference["high"] < 0:
        return "better"
    return "worse" if difference["low"] is not None and difference["low"] > 0 else "not shown better"


def against_simpler(evaluation: Evaluation) -> Section:
    """The model beside each other way, in words, with the difference that they stand for."""
    rows = [
        (Cell(NAMES.get(name, name)), *_compared(comparison))
        for name, comparison in evaluation["comparisons"].items()
    ]
    header = ("the model against", "late probability", "median payment day")
    return Section(
        "Against simpler ways",
        tables=(Table(header, tuple(rows)),) if rows else (),
        note="Better and worse are said only where the 95 % interval leaves out 0. Small figures: squared "
        "error of the late probability, or days off, of the model less the other's.",
    )


def by_segment(evaluation: Evaluation) -> Section | None:
    """The model beside the rule and the debtor's own rate in each segment; None without segments."""
    segments = evaluation.get("segments") or {}
    rows = [
        (Cell(str(segment)), Cell(NAMES.get(name, name)), *_compared(comparison))
        for segment, rivals in segments.items()
        for name, comparison in rivals.items()
    ]
    if not rows:
        return None
    header = ("segment", "the model against", "late probability", "median payment day")
    return Section("In each segment", tables=(Table(header, tuple(rows)),))


def _compared(comparison: Mapping[str, Any]) -> Iterator[Cell]:
    for measure, digits in (("brier", 4), ("mae_days", 2)):
        found = comparison.get(measure)
        difference = figure(found, partial(number, digits=digits))
        aside = f"{difference.text}; {difference.aside or 'no interval'}" if found else ""
        yield Cell(in_words(found), aside)


def for_whom(evaluation: Evaluation) -> Section | None:
    """The model's figures on parts of the predictions; None where there are none."""
    groups = evaluation["models"].get(MODEL, {})
    tables = [
        measured(
            title.lower(),
            _parts(family, groups[family]),
            (COUNT, *LATE_OR_NOT, DAYS_OFF[0], *INTERVAL, WITHIN_A_MONTH),
        )
        for family, title in FAMILIES.items()
        if groups.get(family)
    ]
    if not tables:
        return None
    return Section("For whom it is good", tables=tuple(tables), note="A dash: not judged here, or too few.")


def _parts(family: str, parts: Mapping[str, Figures]) -> list[tuple[str, Figures]]:
    if family == "landmark":
        return [(AGES.get(part, part), parts[part]) for part in in_order(parts)]
    if family == "settled_invoices_before":
        return [
            (part, parts[part]) for part in sorted(parts, key=lambda part: int(part.split("-")[0].strip("+")))
        ]
    return [(str(part), parts[part]) for part in sorted(parts)]


def in_order(ages: Mapping[str, Any]) -> list[str]:
    """Return the landmarks that there are, in the order of an invoice's life."""
    return [age for age in AGES if age in ages] + sorted(set(ages) - set(AGES))


def measured(
    first: str, rows: Sequence[tuple[str, Figures]], measures: Sequence[Measure], marked: str = ""
) -> Table:
    """Return a table of the measures that at least one row gives."""
    columns = [(header, [cell(figures) for _, figures in rows]) for header, cell in measures]
    shown = [(header, cells) for header, cells in columns if any(cell.text != NOTHING for cell in cells)]
    return Table(
        header=(first, *(header for header, _ in shown)),
        rows=tuple((Cell(name), *(cells[row] for _, cells in shown)) for row, (name, _) in enumerate(rows)),
        marked=marked,
    )
