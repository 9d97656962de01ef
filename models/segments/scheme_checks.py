"""Which schemes contradict themselves, said when the configuration is read."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from features.catalogue import DEBTOR_FEATURES, RULE_NAMES, names
from features.errors import ConfigurationError
from features.spelling import way_out
from models.segments.matrix import SEGMENT, Matrix, check_matrix, refuse_repeated
from models.segments.schemes import (
    CLOCKS,
    LEARNED,
    Pareto,
    Scheme,
    Speed,
    Thresholds,
    axes_over,
    segment_names,
)


def check_schemes(schemes: Mapping[str, Scheme], treats: str = LEARNED) -> None:
    """Raise ConfigurationError, saying where and the way out, where schemes contradict themselves.

    `treats`: the scheme whose classes are the segments, or LEARNED.
    """
    for name, scheme in schemes.items():
        if name in (LEARNED, SEGMENT, *RULE_NAMES):
            taken = "the learned segments" if name == LEARNED else "a fact or figure"
            raise ConfigurationError(f"scheme {name}: that is the name of {taken}; choose another")
        match scheme:
            case Thresholds():
                _check_thresholds(name, scheme)
            case Speed():
                _check_speed(name, scheme)
            case Pareto():
                if scheme.top >= scheme.middle:
                    raise ConfigurationError(
                        f"scheme {name}: shares must rise; top is {scheme.top}, middle is {scheme.middle}"
                    )
    for name in schemes:
        _refuse_circle(name, schemes)
    for name, scheme in schemes.items():
        if isinstance(scheme, Matrix):
            check_matrix(name, scheme, axes_over(schemes))
    if treats != LEARNED:
        _refuse_untreating(schemes, treats)


def _check_thresholds(name: str, scheme: Thresholds) -> None:
    known = names(DEBTOR_FEATURES)
    if scheme.figure not in known:
        raise ConfigurationError(f"scheme {name}: no figure `{scheme.figure}`{way_out(scheme.figure, known)}")
    for low, high in pairwise(scheme.borders):
        if low >= high:
            raise ConfigurationError(f"scheme {name}: borders must rise; {high:g} comes after {low:g}")
    if len(scheme.classes) != len(scheme.borders) + 1:
        raise ConfigurationError(
            f"scheme {name}: {len(scheme.borders)} borders part {len(scheme.borders) + 1} classes, "
            f"and {len(scheme.classes)} are named"
        )
    refuse_repeated(f"scheme {name}, classes", scheme.classes)


def _check_speed(name: str, scheme: Speed) -> None:
    figures = CLOCKS[scheme.clock].figures
    if scheme.figure is not None and scheme.figure not in figures:
        other = next((clock for clock, speeds in CLOCKS.items() if scheme.figure in speeds.figures), None)
        said = f"is counted from {other}" if other else f"is not counted from {scheme.clock}"
        raise ConfigurationError(
            f"scheme {name}: the clock is {scheme.clock}, and {scheme.figure} {said}; "
            f"there {'is' if len(figures) == 1 else 'are'}: {', '.join(figures)}"
        )


def _refuse_circle(start: str, schemes: Mapping[str, Scheme]) -> None:
    """Walk down all that a scheme refers to; refuse a way back to it."""

    def walk(way: tuple[str, ...]) -> None:
        for axis in _axes(schemes[way[-1]]):
            if axis == start:
                circle = " → ".join([*way, axis])
                raise ConfigurationError(f"scheme {start} refers to itself: {circle}; take one axis out")
            if axis in schemes and axis not in way:
                walk((*way, axis))

    walk((start,))


def _refuse_untreating(schemes: Mapping[str, Scheme], name: str) -> None:
    if name not in schemes:
        raise ConfigurationError(f"no scheme `{name}`{way_out(name, [LEARNED, *schemes])}")
    segment_names(schemes[name])
    for axis in _axes_below(name, schemes):
        if axis in (SEGMENT, "model_segment"):
            raise ConfigurationError(
                f"scheme {name}: it cannot make the segments and read `{axis}`, which is made of them"
            )


def _axes_below(name: str, schemes: Mapping[str, Scheme]) -> list[str]:
    axes = _axes(schemes[name])
    return [*axes, *(below for axis in axes if axis in schemes for below in _axes_below(axis, schemes))]


def _axes(scheme: Scheme) -> tuple[str, ...]:
    return (scheme.rows.by, scheme.columns.by) if isinstance(scheme, Matrix) else ()
