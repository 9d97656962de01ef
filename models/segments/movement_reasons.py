"""Why a debtor moved: the figures that carried it over the border, or what rule began or ended.

Figures are compared with those of the day of the previous run. Where none of them changed it is the model
that did, or the time a debtor was across the border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import RULE_NAMES
from models.scorer import segment_axes

Floats = npt.NDArray[np.float64]

MOST_FIGURES = 2

_WORDS = {
    "lasting_late_share": "paid late",
    "lasting_late_over_7_share": "paid over 7 days late",
    "lasting_early_over_7_share": "paid over 7 days early",
    "matured_invoices": "invoices matured",
    "months_since_last_invoice": "months since the last invoice",
}
"""What sales reads instead of the name of a figure that moves many."""


def moved_because(
    moved: pd.DataFrame,
    now: pd.DataFrame,
    before: pd.DataFrame,
    *,
    parameters: Mapping[str, Any] | None,
    rule_figures: Mapping[str, Sequence[str]],
    previous_rule: pd.Series,
    words: pd.Series,
) -> pd.Series:
    """Return a text per row of `moved`, rows of the table of segments; all are indexed by customer_id.

    `now` and `before`: the debtors' figures on the day and on the day of the previous run. `parameters`: the
    segments' (None without a model). `rule_figures`: the names that each rule's condition speaks of.
    `previous_rule`: the rule that decided in the previous run, if any. `words`: what `settle` said.
    """
    figures = _figures_of_moves(moved, now, before, parameters)
    today, then = (table.loc[moved.index].to_dict("index") for table in (now, before))
    texts = [
        _text(
            _Move(
                rule=_known(rule),
                rule_before=_known(rule_before),
                reason=str(reason),
                said=_known(said),
                figures=figures.get(debtor, _Figures((), ())),
            ),
            today[debtor],
            then[debtor],
            rule_figures,
        )
        for debtor, rule, rule_before, reason, said in zip(
            moved.index,
            moved["rule"],
            previous_rule.reindex(moved.index),
            moved["reason"],
            words.reindex(moved.index),
            strict=True,
        )
    ]
    return pd.Series(texts, index=moved.index, dtype="str")


class _Figures(NamedTuple):
    """Figures that changed in favour of the new segment, most first, and those that speak for it today."""

    carrying: Sequence[str]
    standing: Sequence[str]


class _Move(NamedTuple):
    rule: str | None
    rule_before: str | None
    reason: str
    said: str | None
    figures: _Figures


def _known(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _text(
    move: _Move, now: Mapping[Any, Any], before: Mapping[Any, Any], rule_figures: Mapping[str, Sequence[str]]
) -> str:
    if move.rule:
        names, said = rule_figures.get(move.rule, ()), f"rule {move.rule}: {move.reason}"
        figures = _Figures(names, ())
    elif move.rule_before:
        names, said = rule_figures.get(move.rule_before, ()), f"rule {move.rule_before} no longer holds"
        figures = _Figures(names, names)
    else:
        figures, said = move.figures, move.said or ""
    changed = [change for name in figures.carrying if (change := _change(name, now, before))][:MOST_FIGURES]
    if not changed:
        changed = [f"{figure_name(name)} is {figure_text(name, now[name])}" for name in figures.standing[:1]]
    return "; ".join(part for part in (*changed, said) if part)


def _figures_of_moves(
    moved: pd.DataFrame, now: pd.DataFrame, before: pd.DataFrame, parameters: Mapping[str, Any] | None
) -> dict[str, _Figures]:
    """Return per debtor the model's figures that speak for the new segment.

    An axis speaks for the new segment by how much nearer, squared, the debtor is to its centre on that axis.
    """
    if parameters is None or moved.empty:
        of_schemes = ["mean_days_late_365d", "issued_amount_trend"]
        return {debtor: _Figures(of_schemes, of_schemes) for debtor in moved.index}
    names = parameters["names"]
    known = moved["segment"].isin(names) & moved["previous_segment"].isin(names)
    rows = moved[known]
    if rows.empty:
        return {}
    centres = np.asarray(parameters["centroids"], dtype=np.float64)
    new, old = (
        centres[[names.index(name) for name in rows[column]]] for column in ("segment", "previous_segment")
    )

    def in_favour(figures: pd.DataFrame) -> Floats:
        axes = segment_axes(parameters, figures.loc[rows.index])
        return np.asarray((axes - old) ** 2 - (axes - new) ** 2)

    today, change = in_favour(now), in_favour(now) - in_favour(before)
    # one that went the other way since the previous run did not carry anybody: it only stands there
    most, strongest = (np.argsort(-speaks, axis=1, kind="stable") for speaks in (change, today))
    features = np.asarray(parameters["features"], dtype=object)
    return {
        debtor: _Figures(features[most[row][change[row, most[row]] > 0]], features[strongest[row]])
        for row, debtor in enumerate(rows.index)
    }


def _change(name: str, now: Mapping[Any, Any], before: Mapping[Any, Any]) -> str:
    if name not in before or name not in now:
        return ""
    was, now_is = (figure_text(name, figures[name]) for figures in (before, now))
    return "" if was == now_is else f"{figure_name(name)} {was} → {now_is}"


def figure_name(name: str) -> str:
    """Return what the figure is called for people, and its name in brackets; the name alone without words."""
    return f"{_WORDS[name]} ({name})" if name in _WORDS else name


def figure_text(name: str, value: Any) -> str:
    """Return a figure for people, by its unit: 31 %, −4.2 days, 1,234, 2024-05-01; "nothing" where empty."""
    unit = RULE_NAMES[name].unit if name in RULE_NAMES else ""
    if pd.isna(value):
        return "nothing"
    if unit in ("text", "flag"):
        return str(value)
    if unit == "day":
        return f"{value:%Y-%m-%d}"
    if unit == "share":
        return f"{_number(100 * value, 0)} %"
    if unit == "days":
        return f"{_number(value, 1)} days"
    return _number(value, 1 if unit == "ratio" else 0)


def _number(value: float, decimals: int) -> str:
    """Return the number with a real minus sign, and none before a zero."""
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−") if text.strip("-0.,") else text.removeprefix("-")
