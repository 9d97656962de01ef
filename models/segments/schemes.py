"""The published ways of putting debtors in classes, besides the learned segments.

Each scheme is a few lines of configuration, and a debtor has one class in each. Those that judge
payment (thresholds, speed, matrix) can also be the one that treats, in place of the learned segments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from features.errors import ConfigurationError, ModelError
from models.segments.matrix import (
    OTHER,
    SEGMENT,
    Axis,
    Matrix,
    Name,
    matrix_classes,
    read_off,
)
from models.strict_yaml import Strict

LEARNED = "learned"
"""The name that stands for the learned segments where schemes are named."""

TREND = "issued_amount_trend"
VALUE_CLASSES = ("top", "middle", "tail")

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Classed = tuple[Ints, Flags]
"""Class of each debtor by its place among the scheme's, -1 where it says nothing, and who fell through."""


class Thresholds(Strict):
    """Classes by one figure, best first; a border belongs to the class below it.

    An empty figure (no closing in 365 days) has no class. With `falling_revenue: down` the published
    words (A: within a week and stable or growing revenue; B: one to three weeks, stable; C: structurally
    late and falling revenue) name no class for every debtor. Then payment decides and falling revenue
    moves one class down, never past the last; a trend that is not known yet counts as stable:

    | by payment      | revenue                  | class          | fell through |
    |-----------------|--------------------------|----------------|--------------|
    | any but last    | stable, growing, unknown | that           | no           |
    | any but last    | falling                  | one class down | yes          |
    | last            | falling                  | last           | no           |
    | last            | stable, growing, unknown | last           | yes          |

    Revenue falls when issued_amount_trend is under `falling_below`. With `ignore` only payment counts and
    nobody falls through.
    """

    kind: Literal["thresholds"] = "thresholds"
    figure: Name
    borders: Annotated[
        tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(min_length=1, strict=False)
    ]
    classes: Annotated[tuple[Name, ...], Field(strict=False)]
    falling_revenue: Literal["down", "ignore"] = "ignore"
    falling_below: float = Field(0.9, gt=0, allow_inf_nan=False)


class Speed(Strict):
    """Fast or slow on a named clock, by the mean of the last 365 days; empty without a closing in them.

    From due: a week, one to three weeks, more. From issue: 30 days, more. A debtor on terms of 60 days
    that pays on day 45 is slow only from issue. `figure`: another one, counted on the same clock.
    """

    kind: Literal["speed"] = "speed"
    clock: Literal["due", "issue"] = "due"
    figure: Name | None = None


class Pareto(Strict):
    """Classes by share of revenue: who makes the first `top` of it, up to `middle`, and the tail."""

    kind: Literal["pareto"] = "pareto"
    top: float = Field(0.80, gt=0, lt=1)
    middle: float = Field(0.95, gt=0, lt=1)


Scheme = Annotated[Thresholds | Speed | Matrix | Pareto, Field(discriminator="kind")]


class Clock(NamedTuple):
    """The published speeds on one clock: figures counted on it, the usual one first, borders and classes."""

    figures: tuple[str, ...]
    borders: tuple[float, ...]
    classes: tuple[str, ...]


CLOCKS: Mapping[str, Clock] = MappingProxyType(
    {
        "due": Clock(
            (
                "mean_days_late_365d",
                "mean_days_late",
                "mean_days_late_90d",
                "mean_days_late_last_5",
                "median_days_late_last_5",
                "mean_days_late_last_10",
                "median_days_late_last_10",
                "decayed_days_late",
                "weighted_days_late_365d",
            ),
            (7, 21),
            ("fast", "medium", "slow"),
        ),
        "issue": Clock(("mean_days_to_pay_365d",), (30,), ("fast", "slow")),
    }
)

DEFAULT_SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "abc": Thresholds(
            figure="mean_days_late_365d", borders=(7, 21), classes=("A", "B", "C"), falling_revenue="down"
        ),
        "a_to_e": Thresholds(
            figure="mean_days_late_365d", borders=(0, 7, 21, 60), classes=("A", "B", "C", "D", "E")
        ),
        "speed": Speed(),
        "value": Pareto(),
    }
)
"""The published three classes; five by payment alone (by due, within a week, one to three weeks, up to
sixty days, more), a partition for which no words about revenue are published; fast and slow; value."""


def classes_of(scheme: Scheme) -> tuple[str, ...]:
    """Return the classes that a scheme can give, best first."""
    match scheme:
        case Thresholds():
            return scheme.classes
        case Speed():
            return CLOCKS[scheme.clock].classes
        case Pareto():
            return VALUE_CLASSES
        case Matrix():
            return matrix_classes(scheme)


def segment_names(scheme: Scheme) -> tuple[str, ...]:
    """Return the segments of a scheme that treats, best payers first; ConfigurationError for pareto."""
    if isinstance(scheme, Pareto):
        raise ConfigurationError(
            "value classes say how much a debtor buys, not how it pays: they cannot be the segments that "
            "are treated. Choose a scheme of kind thresholds, speed or matrix"
        )
    return classes_of(scheme)


def axes_over(schemes: Mapping[str, Scheme]) -> dict[str, tuple[str, ...]]:
    """Return the values of a matrix axis over each scheme: its classes, OTHER where it may say nothing."""
    return {
        name: tuple(dict.fromkeys([*classes_of(scheme), *_silence(scheme)]))
        for name, scheme in schemes.items()
    }


def _silence(scheme: Scheme) -> tuple[str, ...]:
    return (OTHER,) if isinstance(scheme, Thresholds | Speed) else ()


def classify(
    schemes: Mapping[str, Scheme], situation: pd.DataFrame, segment: pd.Series | None
) -> pd.DataFrame:
    """Return the table `classes`: customer_id, scheme, class, fell_through, one row per debtor and scheme.

    `situation`: indexed by customer_id, with the features and facts of RULE_NAMES; a fact without a column
    is empty. `segment`: the final one, same ids, for a matrix over it. Sorted by debtor and scheme; scheme
    and class are categoricals, class empty where the scheme says nothing. Expects schemes that
    `check_schemes` lets pass. Raises ModelError when a debtor stands there twice.
    """
    if not situation.index.is_unique:
        raise ModelError("schemes need one row per debtor; customer_id repeats")
    facts = _with_segment(situation, segment)
    found: dict[str, Classed] = {}
    for name in schemes:
        _classed(name, schemes, facts, found)
    ordered = sorted(schemes)
    every = list(dict.fromkeys(name for scheme in schemes.values() for name in classes_of(scheme)))
    by_id = situation.index.argsort()
    codes = np.empty((len(situation), len(ordered)), dtype=np.int32)
    fell = np.empty(codes.shape, dtype=bool)
    for column, name in enumerate(ordered):
        place, fell_through = found[name]
        codes[:, column] = np.array([*map(every.index, classes_of(schemes[name])), -1])[place[by_id]]
        fell[:, column] = fell_through[by_id]
    return pd.DataFrame(
        {
            "customer_id": situation.index[by_id].repeat(len(ordered)).astype("str"),
            "scheme": pd.Categorical.from_codes(
                np.tile(np.arange(len(ordered)), len(situation)), categories=pd.Index(ordered)
            ),
            "class": pd.Categorical.from_codes(codes.ravel(), categories=pd.Index(every)),
            "fell_through": fell.ravel(),
        }
    )


def as_proposal(schemes: Mapping[str, Scheme], name: str, situation: pd.DataFrame) -> pd.Series:
    """Return the class of each debtor as the segment that a scheme proposes, indexed like `situation`.

    Empty where the scheme says nothing. Raises ConfigurationError for pareto, see `segment_names`.
    """
    names = np.array([*segment_names(schemes[name]), None], dtype=object)
    place, _ = _classed(name, schemes, situation, {})
    return pd.Series(names[place], situation.index, dtype="str")


def value_classes(revenue: pd.Series, top: float = 0.80, middle: float = 0.95) -> npt.NDArray[np.object_]:
    """Return per debtor top (makes the first 80 % of the revenue), middle (the next 15 %) or tail.

    Debtors by falling revenue, equal ones by customer_id; the one in whom 80 % is reached is still top.
    """
    # whole thousandths, so that the sums do not depend on rounding
    amount = np.rint(np.clip(revenue.fillna(0).to_numpy(dtype=np.float64), 0, None) * 1000).astype(np.int64)
    by_id = np.asarray(revenue.index.argsort())
    order = by_id[np.argsort(-amount[by_id], kind="stable")]
    before = np.empty(len(amount), dtype=np.int64)
    before[order] = np.cumsum(amount[order]) - amount[order]
    until = [before < math.ceil(Fraction(str(share)) * int(amount.sum())) for share in (top, middle)]
    return np.where(amount > 0, np.select(until, ["top", "middle"], "tail"), "tail").astype(object)


def _classed(
    name: str, schemes: Mapping[str, Scheme], facts: pd.DataFrame, found: dict[str, Classed]
) -> Classed:
    """Classes by one scheme, after those that it refers to; `found` remembers both."""
    if name not in found:
        scheme = schemes[name]
        match scheme:
            case Thresholds():
                found[name] = _by_thresholds(scheme, facts)
            case Speed():
                clock = CLOCKS[scheme.clock]
                figure = scheme.figure or clock.figures[0]
                same = Thresholds(figure=figure, borders=clock.borders, classes=clock.classes)
                found[name] = _by_thresholds(same, facts)
            case Pareto():
                value = value_classes(facts["issued_amount_365d"], scheme.top, scheme.middle)
                place = pd.Categorical(value, categories=list(VALUE_CLASSES)).codes.astype(np.int64)
                found[name] = place, np.zeros(len(facts), bool)
            case Matrix():
                rows, columns = (
                    _category(axis, schemes, facts, found) for axis in (scheme.rows, scheme.columns)
                )
                found[name] = read_off(scheme, rows, columns, axes_over(schemes)), np.zeros(len(facts), bool)
    return found[name]


def _by_thresholds(scheme: Thresholds, facts: pd.DataFrame) -> Classed:
    figure = facts[scheme.figure].to_numpy(dtype=np.float64)
    known, last = ~np.isnan(figure), len(scheme.borders)
    place = np.searchsorted(scheme.borders, figure, side="left")
    fell = np.zeros(len(figure), dtype=bool)
    if scheme.falling_revenue == "down":
        falling = facts[TREND].to_numpy(dtype=np.float64) < scheme.falling_below
        fell = known & (falling != (place == last))
        place = np.minimum(place + falling, last)
    return np.where(known, place, -1), fell


def _category(
    axis: Axis, schemes: Mapping[str, Scheme], facts: pd.DataFrame, found: dict[str, Classed]
) -> pd.Series:
    if axis.by in schemes:
        place, _ = _classed(axis.by, schemes, facts, found)
        classes = pd.Index(classes_of(schemes[axis.by]))
        return pd.Series(pd.Categorical.from_codes(place, categories=classes), facts.index)
    return facts[axis.by] if axis.by in facts else pd.Series(None, facts.index, dtype="str")


def _with_segment(situation: pd.DataFrame, segment: pd.Series | None) -> pd.DataFrame:
    if segment is None:
        return situation
    return situation.assign(**{SEGMENT: segment.reindex(situation.index)})
