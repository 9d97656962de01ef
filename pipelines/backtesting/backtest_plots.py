"""The pictures of a backtest as PNG: the same evaluation gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from models.evaluation.evaluate import MODEL, REFERENCE
from models.evaluation.lift import CURVE
from pipelines.backtesting.evaluation_tables import AGES, NAMES, in_order
from pipelines.reporting.pictures import OTHERS, OURS, SOFT, in_percent, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Evaluation = Mapping[str, Any]


def plots(evaluation: Evaluation) -> dict[str, bytes]:
    """Return the pictures that the evaluation has figures for, name -> PNG.

    reliability: late shares predicted and observed. coverage: how often the interval held per age of the
    invoice, beside what it claims. error_by_age: days off per age. lift: late invoices found by looking
    at the riskiest first.
    """
    drawn = {
        draw.__name__: picture(partial(draw, evaluation=evaluation))
        for draw in (reliability, coverage, error_by_age, lift)
    }
    return {name: content for name, content in drawn.items() if content is not None}


def reliability(axes: Axes, evaluation: Evaluation) -> bool:
    """Draw predicted against observed late share; the size of a dot is that of its group."""
    for name, colour in ((REFERENCE, OTHERS[0]), (MODEL, OURS)):
        bins = _pooled(evaluation, name).get("late", {}).get("reliability", [])
        if bins:
            x, y = ([row[part] for row in bins] for part in ("predicted", "observed"))
            most = max(row["points"] for row in bins)
            axes.plot(x, y, color=colour, linewidth=1.4, label=NAMES[name])
            axes.scatter(x, y, s=[10 + 90 * row["points"] / most for row in bins], color=colour, alpha=0.8)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle="--", label="what it says, happens")
    _shares(axes, "predicted late share", "observed late share")
    return bool(_pooled(evaluation, MODEL).get("late", {}).get("reliability"))


def coverage(axes: Axes, evaluation: Evaluation) -> bool:
    """Draw the observed share of payments inside the interval per age, and the share claimed."""
    from matplotlib.ticker import MaxNLocator

    ages = evaluation["models"].get(MODEL, {}).get("landmark", {})
    held = {age: ages[age].get("dates", {}) for age in in_order(ages)}
    held = {age: dates for age, dates in held.items() if dates.get("coverage")}
    for place, dates in enumerate(held.values()):
        found = dates["coverage"]
        if found["low"] is not None:
            axes.plot([place, place], [found["low"], found["high"]], color=OURS, linewidth=2, alpha=0.5)
        last = place == len(held) - 1
        axes.plot(place, found["value"], "o", color=OURS, markersize=8, label="held" if last else None)
        axes.plot(
            [place - 0.25, place + 0.25],
            [dates["claimed_coverage"]] * 2,
            color=OTHERS[1],
            linewidth=2.5,
            label="claimed" if last else None,
        )
    axes.set_xticks(range(len(held)), [AGES.get(age, age) for age in held])
    axes.set_xlim(-0.6, len(held) - 0.4)
    axes.set_ylabel("payments between the 10 % and the 90 % day")
    axes.set_ylim(top=1)
    axes.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
    in_percent(axes.yaxis)
    return bool(held)


def error_by_age(axes: Axes, evaluation: Evaluation) -> bool:
    """Draw the days by which the median payment day is off, per age, of everyone who names a day."""
    off = {
        name: {
            age: figures["dates"]["mae_days"]
            for age, figures in groups.get("landmark", {}).items()
            if figures.get("dates", {}).get("mae_days")
        }
        for name, groups in evaluation["models"].items()
    }
    ages = [age for age in in_order(AGES) if any(age in found for found in off.values())]
    for name, colour in _coloured(name for name, found in off.items() if found):
        there = [(place, off[name][age]) for place, age in enumerate(ages) if age in off[name]]
        axes.plot(
            [place for place, _ in there],
            [found["value"] for _, found in there],
            "o-",
            color=colour,
            linewidth=2.4 if name == MODEL else 1.2,
            zorder=3 if name == MODEL else 2,
            label=NAMES.get(name, name),
        )
        if name == MODEL and all(found["low"] is not None for _, found in there):
            axes.fill_between(
                [place for place, _ in there],
                [found["low"] for _, found in there],
                [found["high"] for _, found in there],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
    axes.set_xticks(range(len(ages)), [AGES[age] for age in ages])
    axes.set_ylabel("days off, on average")
    axes.set_ylim(bottom=0)
    return bool(off.get(MODEL))


def lift(axes: Axes, evaluation: Evaluation) -> bool:
    """Draw the share of the late invoices among those with the highest late probability."""
    models = evaluation.get("lift", {}).get("models", {})
    for name, colour in _coloured(models):
        width = 2.4 if name == MODEL else 1.2
        axes.plot(CURVE, models[name]["curve"], color=colour, linewidth=width, label=NAMES.get(name, name))
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle="--", label="in no order")
    _shares(axes, "looked at, riskiest first", "late invoices found")
    return MODEL in models


def _pooled(evaluation: Evaluation, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = evaluation["models"].get(name, {}).get("pooled", {})
    return found


def _coloured(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names with a colour each, ours first and always in the same one."""
    there = set(names)
    others = [(name, OTHERS[place % len(OTHERS)]) for place, name in enumerate(sorted(there - {MODEL}))]
    return [(MODEL, OURS), *others] if MODEL in there else others


def _shares(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for axis in (axes.xaxis, axes.yaxis):
        in_percent(axis)
