"""The published schemes: which class each debtor has, and which schemes are refused."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from features.contracts.output import CLASSES
from features.errors import ConfigurationError, ModelError
from models.segments.scheme_checks import check_schemes
from models.segments.schemes import (
    DEFAULT_SCHEMES,
    Scheme,
    as_proposal,
    classify,
    segment_names,
    value_classes,
)

THRESHOLDS = {
    "kind": "thresholds",
    "figure": "mean_days_late_365d",
    "borders": [7, 21],
    "classes": ["A", "B", "C"],
}
DOWN = THRESHOLDS | {"falling_revenue": "down"}
BY_SIZE = {
    "kind": "matrix",
    "rows": {"by": "size", "values": ["small", "other"]},
    "columns": {"by": "abc"},
    "cells": {
        "small": {"A": "B", "B": "C", "C": "D", "other": "C"},
        "other": {"A": "A", "B": "B", "C": "D", "other": "C"},
    },
    "classes": ["A", "B", "C", "D"],
}


def schemes(**content: Mapping[str, Any]) -> dict[str, Scheme]:
    """Schemes as they are read from a configuration."""
    return TypeAdapter(dict[str, Scheme]).validate_python(content)


def situation(**columns: list[Any]) -> pd.DataFrame:
    """Debtors d0, d1, … with these figures and facts; what is not named is 0 or empty."""
    count = len(next(iter(columns.values())))
    figures = dict.fromkeys(
        ("mean_days_late_365d", "issued_amount_trend", "mean_days_to_pay_365d", "issued_amount_365d"), 0.0
    )
    index = pd.Index([f"d{number}" for number in range(count)], name="customer_id", dtype="str")
    return pd.DataFrame({**figures, **columns}, index)


def found(scheme: Mapping[str, Any], debtors: pd.DataFrame) -> list[tuple[str | None, bool]]:
    """Class, and whether it fell through, of each debtor in one scheme."""
    table = classify(schemes(it=scheme), debtors, None)
    names = table["class"].astype(object).where(table["class"].notna(), None)
    return list(zip(names, table["fell_through"], strict=True))


FALLING, STABLE, GROWING, UNKNOWN = 0.89, 0.9, 1.5, np.nan


@pytest.mark.parametrize(
    ("days", "revenue", "expected"),
    [
        # A: within a week of due, stable or growing revenue
        (7.0, STABLE, ("A", False)),
        (-3.0, GROWING, ("A", False)),
        (0.0, UNKNOWN, ("A", False)),
        (7.0, FALLING, ("B", True)),
        # B: one to three weeks, stable
        (7.1, STABLE, ("B", False)),
        (21.0, GROWING, ("B", False)),
        (14.0, UNKNOWN, ("B", False)),
        (14.0, FALLING, ("C", True)),
        # C: structurally late and falling revenue
        (21.1, FALLING, ("C", False)),
        (21.1, STABLE, ("C", True)),
        (90.0, GROWING, ("C", True)),
        (90.0, UNKNOWN, ("C", True)),
        # nothing settled in 365 days
        (np.nan, STABLE, (None, False)),
        (np.nan, FALLING, (None, False)),
        (np.nan, UNKNOWN, (None, False)),
    ],
)
def test_payment_decides_and_falling_revenue_moves_one_class_down(
    days: float, revenue: float, expected: tuple[str | None, bool]
) -> None:
    """The truth table of the published words and of what they leave open."""
    assert found(DOWN, situation(mean_days_late_365d=[days], issued_amount_trend=[revenue])) == [expected]


def test_falling_is_below_the_configured_trend() -> None:
    """Under 0.7 of the year before, 0.7 itself is stable."""
    debtors = situation(mean_days_late_365d=[1.0, 1.0], issued_amount_trend=[0.7, 0.69])
    assert found(DOWN | {"falling_below": 0.7}, debtors) == [("A", False), ("B", True)]


def test_five_classes_by_payment_alone() -> None:
    """By due A, within a week B, to three weeks C, to sixty days D, E; revenue does not matter."""
    days = [0.0, 0.1, 7.0, 7.1, 21.0, 21.1, 60.0, 60.1, np.nan]
    debtors = situation(mean_days_late_365d=days, issued_amount_trend=[0.1] * 9)
    table = classify({"a_to_e": DEFAULT_SCHEMES["a_to_e"]}, debtors, None)
    assert table["class"].astype(object).fillna("").tolist() == [*"ABBCCDDE", ""]
    assert not table["fell_through"].any()


@pytest.mark.parametrize(
    ("speed", "column", "classes"),
    [
        ({}, "mean_days_late_365d", ["fast", "fast", "medium", "medium", "slow", "slow", None]),
        ({"clock": "due"}, "mean_days_late_365d", ["fast", "fast", "medium", "medium", "slow", "slow", None]),
        ({"clock": "issue"}, "mean_days_to_pay_365d", ["fast", "fast", "fast", "fast", "fast", "slow", None]),
    ],
)
def test_speed_counts_from_the_named_clock(
    speed: dict[str, str], column: str, classes: list[str | None]
) -> None:
    """A week and three weeks from due, 30 days from issue; nobody falls through."""
    debtors = situation(**{column: [-5.0, 7.0, 8.0, 21.0, 30.0, 31.0, np.nan]})
    assert found({"kind": "speed", **speed}, debtors) == [(name, False) for name in classes]


def test_a_debtor_on_long_terms_is_slow_only_from_issue() -> None:
    """Sixty days to pay, paid on day 45: fifteen days early."""
    debtors = situation(mean_days_late_365d=[-15.0], mean_days_to_pay_365d=[45.0])
    assert found({"kind": "speed"}, debtors) == [("fast", False)]
    assert found({"kind": "speed", "clock": "issue"}, debtors) == [("slow", False)]


def test_speed_can_use_another_figure_of_its_clock() -> None:
    """The median of the last ten says medium where the mean says slow."""
    debtors = situation(mean_days_late_365d=[40.0], median_days_late_last_10=[10.0])
    assert found({"kind": "speed", "figure": "median_days_late_last_10"}, debtors) == [("medium", False)]


def test_the_debtor_in_whom_the_share_is_reached_is_still_in_it() -> None:
    """Of 100: 50 and 30 make the first 80, 15 the next, 5 the rest; none and refunds are tail."""
    revenue = pd.Series([5.0, 50.0, np.nan, 15.0, 30.0, -9.0], [f"d{n}" for n in range(6)])
    assert value_classes(revenue).tolist() == ["tail", "top", "tail", "middle", "top", "tail"]


def test_equal_debtors_are_taken_by_their_id() -> None:
    """Of five equal ones the first four by id reach 80 %, whatever the order of the rows."""
    revenue = pd.Series(10.0, ["e", "c", "a", "d", "b"])
    named = dict(zip(revenue.index, value_classes(revenue), strict=True))
    assert named == {"a": "top", "b": "top", "c": "top", "d": "top", "e": "middle"}


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=12),
    st.sampled_from([(0.8, 0.95), (0.5, 0.7), (0.1, 0.3)]),
)
def test_value_classes_are_those_of_the_definition(amounts: list[int], shares: tuple[float, float]) -> None:
    """Walking down by revenue: a debtor before whom less than the share is reached is in it."""
    revenue = pd.Series(amounts, [f"d{number:02d}" for number in range(len(amounts))], dtype="float64")
    top, middle = (Fraction(str(share)) * sum(amounts) for share in shares)
    expected, before = dict.fromkeys(revenue.index, "tail"), 0
    for debtor in sorted(revenue.index, key=lambda name: (-revenue[name], name)):
        if revenue[debtor] > 0:
            expected[debtor] = "top" if before < top else "middle" if before < middle else "tail"
        before += int(revenue[debtor])
    assert dict(zip(revenue.index, value_classes(revenue, *shares), strict=True)) == expected


def test_pareto_takes_its_own_shares() -> None:
    """Half of the revenue is one debtor's: with top at 0.5 it is alone there."""
    debtors = situation(issued_amount_365d=[50.0, 30.0, 20.0])
    assert found({"kind": "pareto", "top": 0.5, "middle": 0.8}, debtors) == [
        *(("top", False), ("middle", False), ("tail", False))
    ]


def test_a_matrix_classes_the_whole_base() -> None:
    """Size by abc: who has no history, or no known size, is in the cells of other."""
    debtors = situation(
        mean_days_late_365d=[1.0, 1.0, 10.0, 30.0, np.nan, np.nan],
        issued_amount_trend=[1.0] * 6,
        size=["small", None, "large", "small", "small", None],
    )
    table = classify(schemes(abc=DOWN, by_size=BY_SIZE), debtors, None)
    of_matrix = table[table["scheme"] == "by_size"]
    assert of_matrix["class"].tolist() == ["B", "A", "B", "D", "C", "C"]
    assert not of_matrix["fell_through"].any()


def test_a_matrix_can_read_another_matrix_whichever_comes_first() -> None:
    """Twice by size: small and A is B by the first, and B becomes C by the second."""
    twice = BY_SIZE | {"columns": {"by": "by_size"}, "cells": {
        "small": {"A": "B", "B": "C", "C": "D", "D": "D"}, "other": {"A": "A", "B": "B", "C": "C", "D": "D"},
    }}  # fmt: skip
    both = schemes(twice=twice, by_size=BY_SIZE, abc=DOWN)
    check_schemes(both, "twice")
    debtors = situation(mean_days_late_365d=[1.0, 1.0], issued_amount_trend=[1.0, 1.0], size=["small", "big"])
    assert as_proposal(both, "twice", debtors).tolist() == ["C", "A"]


def test_a_matrix_over_the_final_segment() -> None:
    """The segment is given beside the facts, by id; one that the values do not name is other."""
    over = {
        "kind": "matrix",
        "rows": {"by": "segment", "values": ["A", "other"]},
        "columns": {"by": "value"},
        "cells": {"A": {"top": "key", "middle": "key", "tail": "plain"},
                  "other": dict.fromkeys(("top", "middle", "tail"), "plain")},
    }  # fmt: skip
    debtors = situation(issued_amount_365d=[90.0, 6.0, 4.0, 0.0])
    segment = pd.Series(["NEW", "A", "A", "A"], ["d3", "d2", "d1", "d0"], dtype="str")
    table = classify(schemes(value={"kind": "pareto"}, over=over), debtors, segment)
    assert table.loc[table["scheme"] == "over", "class"].tolist() == ["key", "key", "plain", "plain"]


def test_a_fact_without_a_column_is_empty() -> None:
    """A ledger without sizes: everybody is in the line of other."""
    debtors = situation(mean_days_late_365d=[1.0, 30.0], issued_amount_trend=[1.0, 1.0])
    assert as_proposal(schemes(abc=DOWN, by_size=BY_SIZE), "by_size", debtors).tolist() == ["A", "D"]


def test_one_row_per_debtor_and_scheme_in_their_order_whatever_the_order_of_the_rows() -> None:
    """Sorted by debtor, then scheme; permuted debtors give the same table; columns as in the contract."""
    rng = np.random.default_rng(4)
    debtors = situation(
        mean_days_late_365d=rng.normal(10, 15, 50).tolist(),
        issued_amount_trend=rng.lognormal(0, 1, 50).tolist(),
        issued_amount_365d=rng.integers(0, 3, 50).astype(float).tolist(),
    )
    table = classify(DEFAULT_SCHEMES, debtors, None)
    pd.testing.assert_frame_equal(
        table, classify(DEFAULT_SCHEMES, debtors.sample(frac=1, random_state=1), None)
    )
    key = list(zip(table["customer_id"], table["scheme"], strict=True))
    assert key == sorted((debtor, name) for debtor in debtors.index for name in DEFAULT_SCHEMES)
    assert list(table) == [column.name for column in CLASSES.columns]


def test_without_debtors_or_without_schemes_the_table_is_empty() -> None:
    """No rows, the same columns."""
    debtors = situation(mean_days_late_365d=[1.0])
    for table in (classify({}, debtors, None), classify(DEFAULT_SCHEMES, debtors.iloc[:0], None)):
        assert (len(table), list(table)) == (0, ["customer_id", "scheme", "class", "fell_through"])


def test_a_debtor_that_stands_there_twice_is_refused() -> None:
    """One row per debtor, or none of the classes would be right."""
    debtors = situation(mean_days_late_365d=[1.0])
    with pytest.raises(ModelError, match="customer_id repeats"):
        classify(DEFAULT_SCHEMES, pd.concat([debtors, debtors]), None)


def test_a_scheme_that_treats_proposes_its_class_as_the_segment() -> None:
    """Same rows as asked for, empty where it says nothing."""
    debtors = situation(mean_days_late_365d=[30.0, np.nan, 1.0], issued_amount_trend=[1.0] * 3).iloc[::-1]
    proposal = as_proposal(DEFAULT_SCHEMES, "abc", debtors)
    assert proposal.index.tolist() == ["d2", "d1", "d0"]
    assert proposal.astype(object).where(proposal.notna(), None).tolist() == ["A", None, "C"]


def test_segments_of_a_scheme_are_named_best_first() -> None:
    """In the order of its borders, its clock or its own list."""
    assert segment_names(DEFAULT_SCHEMES["a_to_e"]) == tuple("ABCDE")
    assert segment_names(DEFAULT_SCHEMES["speed"]) == ("fast", "medium", "slow")
    assert segment_names(schemes(it=BY_SIZE)["it"]) == tuple("ABCD")


def test_value_classes_cannot_treat_and_the_refusal_says_why() -> None:
    """How much a debtor buys is not how it pays."""
    for refused in (
        lambda: segment_names(DEFAULT_SCHEMES["value"]),
        lambda: as_proposal(DEFAULT_SCHEMES, "value", situation(issued_amount_365d=[1.0])),
        lambda: check_schemes(DEFAULT_SCHEMES, "value"),
    ):
        with pytest.raises(ConfigurationError, match="how much a debtor buys, not how it pays"):
            refused()


@pytest.mark.parametrize("treats", ["learned", "abc", "a_to_e", "speed"])
def test_the_shipped_schemes_are_in_order(treats: str) -> None:
    """Each of them but value may treat."""
    check_schemes(DEFAULT_SCHEMES, treats)


OVER_SEGMENT = {
    "kind": "matrix",
    "rows": {"by": "segment", "values": ["other"]},
    "columns": {"by": "value"},
    "cells": {"other": dict.fromkeys(("top", "middle", "tail"), "x")},
}
ITSELF = {"kind": "matrix", "rows": {"by": "it"}, "columns": {"by": "it"}, "cells": {"x": {"x": "x"}}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"it": THRESHOLDS | {"borders": [21, 7]}}, "scheme it: borders must rise; 7 comes after 21"),
        ({"it": THRESHOLDS | {"borders": [7, 7]}}, "scheme it: borders must rise; 7 comes after 7"),
        ({"it": THRESHOLDS | {"classes": ["A", "B"]}},
         "scheme it: 2 borders part 3 classes, and 2 are named"),
        ({"it": THRESHOLDS | {"classes": ["A", "B", "C", "D"]}}, "2 borders part 3 classes, and 4 are named"),
        ({"it": THRESHOLDS | {"classes": ["A", "B", "A"]}}, "scheme it, classes: `A` is named twice"),
        ({"it": THRESHOLDS | {"figure": "mean_day_late_365d"}},
         "scheme it: no figure `mean_day_late_365d`; did you mean `mean_days_late_365d`?"),
        ({"it": THRESHOLDS | {"figure": "sector"}}, "scheme it: no figure `sector`; "),
        ({"it": {"kind": "speed", "clock": "issue", "figure": "mean_days_late_365d"}},
         "scheme it: the clock is issue, and mean_days_late_365d is counted from due; "
         "there is: mean_days_to_pay_365d"),
        ({"it": {"kind": "speed", "figure": "mean_days_to_pay_365d"}},
         "the clock is due, and mean_days_to_pay_365d is counted from issue; there are: mean_days_"),
        ({"it": {"kind": "speed", "figure": "open_amount"}},
         "the clock is due, and open_amount is not counted from due"),
        ({"it": {"kind": "pareto", "top": 0.9, "middle": 0.8}},
         "scheme it: shares must rise; top is 0.9, middle is 0.8"),
        ({"it": {"kind": "pareto", "top": 0.9, "middle": 0.9}}, "scheme it: shares must rise"),
        ({"learned": THRESHOLDS}, "scheme learned: that is the name of the learned segments; choose another"),
        ({"segment": THRESHOLDS}, "scheme segment: that is the name of a fact or figure; choose another"),
        ({"size": THRESHOLDS}, "scheme size: that is the name of a fact or figure"),
        ({"it": ITSELF}, "scheme it refers to itself: it → it; take one axis out"),
        ({"it": ITSELF | {"rows": {"by": "size", "values": ["other"]}, "columns": {"by": "that"}},
          "that": ITSELF | {"rows": {"by": "size", "values": ["other"]}}},
         "scheme it refers to itself: it → that → it"),
        ({"first": ITSELF, "it": ITSELF}, "scheme it refers to itself: it → it"),
        ({"abc": DOWN, "it": BY_SIZE | {"columns": {"by": "abd"}}},
         "scheme it, columns: `abd` is unknown; did you mean `abc`?"),
        ({"it": BY_SIZE}, "scheme it, columns: `abc` is unknown"),
        ({"abc": DOWN, "it": BY_SIZE | {"cells": {"small": {"A": "A"}}}},
         "scheme it: the cell for row small, column B is missing"),
    ],
)  # fmt: skip
def test_schemes_that_contradict_themselves_are_refused(
    content: dict[str, dict[str, Any]], message: str
) -> None:
    """What is wrong, in which scheme, and the way out."""
    with pytest.raises(ConfigurationError) as refusal:
        check_schemes(schemes(**content))
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("treats", "message"),
    [
        ("abd", "no scheme `abd`; did you mean `abc`?"),
        ("over", "scheme over: it cannot make the segments and read `segment`, which is made of them"),
        ("above", "scheme above: it cannot make the segments and read `segment`"),
    ],
)
def test_a_scheme_that_cannot_make_the_segments_is_refused(treats: str, message: str) -> None:
    """An unknown one; one over the segment, directly or by another; over it without treating is fine."""
    above = {
        "kind": "matrix",
        "rows": {"by": "over"},
        "columns": {"by": "size", "values": ["other"]},
        "cells": {"x": {"other": "A"}},
    }
    every = schemes(abc=DOWN, value={"kind": "pareto"}, over=OVER_SEGMENT, above=above)
    check_schemes(every)
    with pytest.raises(ConfigurationError) as refusal:
        check_schemes(every, treats)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "scheme",
    [
        {},
        {"kind": "kmeans"},
        THRESHOLDS | {"clock": "due"},
        THRESHOLDS | {"borders": ["7", "21"]},
        THRESHOLDS | {"borders": [True, 21]},
        THRESHOLDS | {"borders": [7, float("nan")]},
        THRESHOLDS | {"borders": []},
        THRESHOLDS | {"falling_revenue": "up"},
        THRESHOLDS | {"falling_below": 0},
        THRESHOLDS | {"classes": ["A", "", "C"]},
        {"kind": "speed", "clock": "payment"},
        {"kind": "pareto", "top": 80},
        {"kind": "pareto", "top": 0},
        {"kind": "pareto", "middle": 1},
    ],
)
def test_what_is_no_scheme_at_all_is_refused(scheme: dict[str, Any]) -> None:
    """Kinds and keys that do not exist, text for numbers, shares in percent."""
    with pytest.raises(ValidationError):
        schemes(it=scheme)
