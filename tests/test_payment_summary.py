"""From the share paid by each border to figures of one invoice: classes, lateness, dates, and pay days."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scorer import (
    CALENDAR,
    CLASS_BORDERS,
    CLASSES,
    HORIZON_DAYS,
    PAY_DAYS,
    PREDICTION,
    QUANTILES,
    axis_position,
    curve_from,
    day_weights,
    summarise_payment,
)

BORDERS = np.array([-5, 0, 30, 60, 90, 365, 730])


def summary_of(hazards: list[float], days_past_due: float, late_after_days: int = 0) -> pd.Series:
    """One row's summary."""
    table = summarise_payment(
        curve_from(np.array([hazards])), np.array([days_past_due]), BORDERS, late_after_days
    )
    return table.iloc[0]


def test_hazards_become_classes_and_lateness() -> None:
    """Half pay by -5, half of the rest by 0, half of that by 30, the others never."""
    row = summary_of([0.5, 0.5, 0.5, 0, 0, 0, 0], days_past_due=-14)
    assert row[list(CLASSES)].tolist() == [0.75, 0.125, 0.0, 0.0, 0.125]
    assert row["p_late"] == 0.25


def test_quantile_counts_days_from_the_rows_own_day() -> None:
    """All is paid evenly on the 10 days -14 … -5: 10 % on day 0, half by the fifth day, 90 % by the ninth."""
    row = summary_of([1, 0, 0, 0, 0, 0, 0], days_past_due=-14)
    assert row[list(QUANTILES)].tolist() == [0, 4, 8]


def test_a_bin_entered_half_way_holds_only_the_days_that_remain() -> None:
    """On day 21 ten days of the bin 1 … 30 remain, 21 among them; half is paid in them: 10 % after two."""
    row = summary_of([0, 0, 0.5, 0, 0, 0, 0], days_past_due=21)
    assert row["days_until_p10"] == 1
    assert row["days_until_p50"] == 9
    assert np.isnan(row["days_until_p90"])


@pytest.mark.parametrize(
    ("days_past_due", "passed"),
    [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (5000, 4)],
)
def test_passed_classes_have_probability_zero(days_past_due: float, passed: int) -> None:
    """An invoice still open on day 31 is neither on time nor 1-30 days late."""
    first = np.searchsorted(BORDERS, axis_position(np.array([days_past_due])))[0]
    hazards = [0.0 if bin_ < first else 0.5 for bin_ in range(len(BORDERS))]
    row = summary_of(hazards, days_past_due)
    assert (row[list(CLASSES[:passed])] == 0).all()
    assert row[CLASSES[passed]] > 0
    assert row["p_late"] == (1 if days_past_due > 0 else 0.5)


@pytest.mark.parametrize(("days_past_due", "paid_on_day"), [(-200, 365), (10, 375)])
def test_horizon_is_a_year_from_the_later_of_due_day_and_row_day(
    days_past_due: int, paid_on_day: int
) -> None:
    """A median on day 365 is given before due and 10 days after due; a median a day later only after due."""
    for last_day in (paid_on_day, paid_on_day + 1):
        borders = np.array([0, 30, 60, 90, last_day - 1, last_day, 730])
        hazards = np.array([[0, 0, 0, 0, 0, 1.0, 0]])
        curve = curve_from(hazards)
        median = summarise_payment(curve, np.array([days_past_due]), borders, 0)["days_until_p50"][0]
        if last_day == paid_on_day:
            assert median == paid_on_day - days_past_due
        else:
            assert np.isnan(median)


@st.composite
def distributions(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    """Borders, hazards in eighths, and the row's day."""
    extra = draw(st.sets(st.integers(-40, 200), max_size=4))
    borders = sorted({*CLASS_BORDERS, 730} | extra)
    hazards = draw(st.lists(st.integers(0, 8), min_size=len(borders), max_size=len(borders)))
    return borders, hazards, draw(st.integers(-60, 800))


def walk(
    distribution: tuple[list[int], list[int], int], weights: list[int] | None
) -> tuple[dict[int, Fraction], dict[int, Fraction]]:
    """What is paid on each day from the row's own, and by each of them, as exact fractions.

    The days of a bin share its payments by weights that come round every so many days, but alike in a bin
    of which more than 31 days remain.
    """
    borders, eighths, days_past_due = distribution
    position = min(days_past_due, HORIZON_DAYS)
    paid_on, unpaid, low = {}, Fraction(1), min(position, borders[0]) - 1
    for border, eighth in zip(borders, eighths, strict=True):
        days = range(max(low + 1, position), border + 1)
        weight = {day: weights[day % len(weights)] if weights and len(days) <= 31 else 1 for day in days}
        per_weight = unpaid * Fraction(eighth, 8) / max(sum(weight.values()), 1)
        paid_on |= {day: per_weight * weight[day] for day in days}
        unpaid -= per_weight * sum(weight.values())
        low = border
    return paid_on, dict(zip(paid_on, accumulate(paid_on.values()), strict=True))


def summary_of_walk(
    distribution: tuple[list[int], list[int], int],
    late_after_days: int,
    weights: list[int] | None,
) -> pd.Series:
    """The summary of a walk's distribution."""
    borders, eighths, days_past_due = distribution
    position = min(days_past_due, HORIZON_DAYS)
    hazards = [h / 8 if b >= position else 0.0 for b, h in zip(borders, eighths, strict=True)]
    return summarise_payment(
        curve_from(np.array([hazards])),
        np.array([float(days_past_due)]),
        np.array(borders),
        late_after_days,
        HORIZON_DAYS,
        None if weights is None else lambda _, day: np.array(weights, dtype=float)[day % len(weights)],
    ).iloc[0]


WEIGHTS = st.none() | st.lists(st.integers(1, 50), min_size=2, max_size=7)


@given(distributions(), st.sampled_from(CLASS_BORDERS), WEIGHTS)
def test_summary_is_that_of_a_walk_day_by_day(
    distribution: tuple[list[int], list[int], int], late_after_days: int, weights: list[int] | None
) -> None:
    """Classes, lateness and quantiles agree with exact fractions added up one day after the other."""
    position = min(distribution[2], HORIZON_DAYS)
    _, paid_by = walk(distribution, weights)
    row = summary_of_walk(distribution, late_after_days, weights)

    ends = [Fraction(0), *(paid_by.get(border, Fraction(0)) for border in CLASS_BORDERS), Fraction(1)]
    expected = [float(b - a) for a, b in pairwise(ends)]
    assert row[list(CLASSES)].tolist() == pytest.approx(expected, abs=1e-12)
    assert row["p_late"] == pytest.approx(float(1 - paid_by.get(late_after_days, Fraction(0))), abs=1e-12)
    for name, share in QUANTILES.items():
        reached = [
            day - position
            for day, so_far in paid_by.items()
            if so_far >= Fraction(str(share)) and day <= max(position, 0) + HORIZON_DAYS
        ]
        assert row[name] == min(reached) if reached else np.isnan(row[name])


@given(distributions(), WEIGHTS)
def test_claims_are_what_the_walk_leaves_outside(
    distribution: tuple[list[int], list[int], int], weights: list[int] | None
) -> None:
    """Before P10, from P10 to P90 and after P90 is everything; what is never paid comes after every day."""
    paid_on, paid_by = walk(distribution, weights)

    def reached(share: Fraction) -> int:
        return min((day for day, so_far in paid_by.items() if so_far >= share), default=10_000)

    p10, p90 = reached(Fraction(1, 10)), reached(Fraction(9, 10))
    row = summary_of_walk(distribution, 0, weights)
    before = sum(share for day, share in paid_on.items() if day < p10)
    between = sum(share for day, share in paid_on.items() if p10 <= day <= p90)
    assert row["p_before_p10"] == pytest.approx(float(before), abs=1e-12)
    assert row["p_before_p10"] + float(between) + row["p_after_p90"] == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("horizon_days", [120, 300, 365])
def test_horizon_may_be_another(horizon_days: int) -> None:
    """All is paid on day 299 after due: seen on the due day it has a date where the horizon is 300 days."""
    borders = np.array([0, 30, 60, 90, 120, 298, 299, 300, 365, 730])
    curve = curve_from((borders == 299)[None].astype(float))
    row = summarise_payment(curve, np.array([0.0]), borders, 0, horizon_days).iloc[0]
    assert row["p_over_90"] == 1
    if horizon_days < 299:
        assert row[list(QUANTILES)].isna().all()
    else:
        assert row[list(QUANTILES)].tolist() == [299] * 3


@given(distributions())
def test_summary_is_a_distribution(distribution: tuple[list[int], list[int], int]) -> None:
    """Classes sum to one, lateness is the rest of on time, quantiles are whole, ordered, not in the past."""
    borders, eighths, days_past_due = distribution
    row = summarise_payment(
        curve_from(np.array([eighths]) / 8), np.array([float(days_past_due)]), np.array(borders), 0
    ).iloc[0]
    assert list(row.index) == list(PREDICTION)
    assert row[list(CLASSES)].sum() == pytest.approx(1)
    assert row["p_late"] == pytest.approx(1 - row["p_on_time"])
    quantiles = row[list(QUANTILES)].dropna().tolist()
    assert quantiles == sorted(quantiles)
    assert all(days >= 0 and days == int(days) for days in quantiles)


# ---- on which day of a bin ----

ALL_DAYS = np.arange(1, 8)[None]


def pay_days(weekday: list[float], month_end: float = (24 + 24 / 7) / 365) -> dict[str, object]:
    """What all payments together do; by default month ends are days like others."""
    return {"pay_days": {"weekday": weekday, "month_end": month_end}}


EVEN = pay_days([0.19] * 5 + [0.05])


def debtor(paid_on: list[float], at_month_end: float = 0, **calendar: float) -> pd.DataFrame:
    """A row of a debtor with payments on Monday … Friday and weekends; due on Monday 6 May by default."""
    values = [
        calendar.get("due_weekday", 0),
        calendar.get("due_day_of_month", 6),
        calendar.get("due_month", 5),
    ]
    return pd.DataFrame([[*values, *paid_on, at_month_end]], columns=[*CALENDAR, *PAY_DAYS], dtype="float64")


def weights_of(parameters: dict[str, object], row: pd.DataFrame, days_late: list[int]) -> np.ndarray:
    """How likely each day is, for the row's debtor."""
    return day_weights(parameters, row)(np.array([0]), np.array([days_late]))[0]


def median_of(row: pd.DataFrame, first: int, last: int, parameters: dict[str, object] = EVEN) -> float:
    """The median, in days late, of payments that all come on first … last."""
    borders = np.array(sorted({*CLASS_BORDERS, first - 1, last, 365, 730}))
    paid_by = (borders >= last)[None].astype(float)
    spread = day_weights(parameters, row)
    return first + summarise_payment(paid_by, np.array([first]), borders, 0, 365, spread)["days_until_p50"][0]


@pytest.mark.parametrize("due_weekday", range(7))
def test_who_always_pays_on_thursdays_is_expected_on_a_thursday(due_weekday: int) -> None:
    """Whatever weekday was due, the median of the week after it is its Thursday (3)."""
    row = debtor([0, 0, 0, 20, 0, 0], due_weekday=due_weekday)
    assert (due_weekday + median_of(row, 1, 7)) % 7 == 3


def test_one_payment_is_no_habit() -> None:
    """Of the days after a Friday the middle one is Tuesday; it is Monday for who paid on twenty of them."""
    assert median_of(debtor([1, 0, 0, 0, 0, 0], due_weekday=4), 1, 7) == 4
    assert median_of(debtor([20, 0, 0, 0, 0, 0], due_weekday=4), 1, 7) == 3


def test_who_pays_at_month_ends_is_expected_there() -> None:
    """Of 21 April … 20 May the 30th of April, day 10; who does not is expected half-way."""
    calendar = {"due_weekday": 5, "due_day_of_month": 20, "due_month": 4}
    assert median_of(debtor([4, 4, 4, 4, 4, 0], at_month_end=20, **calendar), 1, 30) == 10
    assert median_of(debtor([4, 4, 4, 4, 4, 0], at_month_end=2, **calendar), 1, 30) in (15, 16)


@pytest.mark.parametrize("unknown", [0.0, np.nan])
def test_a_debtor_without_payments_follows_the_usual_shares(unknown: float) -> None:
    """Tuesday … Monday after a Monday: as all payments, of which a weekend's two days halve theirs."""
    row = debtor([unknown] * 6, at_month_end=unknown)
    usual = pay_days([0.1, 0.2, 0.3, 0.2, 0.1, 0.1])
    assert weights_of(usual, row, list(range(1, 8))) == pytest.approx(
        [0.2, 0.3, 0.2, 0.1, 0.05, 0.05, 0.1], rel=1e-4
    )


def test_own_weekdays_are_mixed_with_five_usual_payments() -> None:
    """Five payments, all on Thursdays: (5 + 1) / 10 there, (0 + 1) / 10 on each other working day."""
    usual = pay_days([0.2] * 5 + [0.0])
    weights = weights_of(usual, debtor([0, 0, 0, 5, 0, 0]), [1, 2, 3, 4, 5])
    assert weights[:4] == pytest.approx([0.1, 0.1, 0.6, 0.1], rel=1e-4)
    assert 0 < weights[4] < 1e-5  # a Saturday is unlikely, never impossible


def test_own_month_ends_are_mixed_with_five_usual_payments() -> None:
    """Five payments, three at month ends, usually 20 %: (3 + 1) / 10, against 24 + 24 / 7 days of 365."""
    usual = pay_days([1 / 7] * 5 + [2 / 7], month_end=0.2)
    row = debtor([5 / 7] * 5 + [10 / 7], at_month_end=3, due_day_of_month=20, due_month=4)
    weights = weights_of(usual, row, [8, 9, 10, 11])  # 28 April … 1 May
    assert weights / weights[0] == pytest.approx([1, *[(4 / 6) / (192 / 2363)] * 2, 1], rel=1e-4)


@pytest.mark.parametrize(
    ("due", "days_late", "is_end"),
    [
        ("2023-02-28", 0, True),
        ("2023-02-27", 0, True),
        ("2023-02-26", 0, False),
        ("2024-12-31", 0, True),
        ("2024-12-31", 1, False),
        ("2025-01-03", -3, True),  # 31 December
        ("2025-01-03", -5, False),
        ("2023-06-30", 30, True),  # 30 July
        ("2023-06-30", 365, True),
        ("2023-04-29", 2, True),  # Monday 1 May: the month ended on a weekend
        ("2023-04-29", 3, False),  # Tuesday 2 May
        ("2024-08-31", 2, True),  # Monday 2 September, the first working day after Saturday the 31st
        ("2024-05-31", 3, False),  # Monday 3 June: Friday was the last day
        ("2024-02-29", -1, True),
        ("2024-02-29", 0, False),  # counts as the 1st of March
    ],
)
def test_month_ends(due: str, days_late: int, is_end: bool) -> None:
    """The last two days of a month and the Monday to which they are put off, without 29 February."""
    alike, day = pay_days([1 / 7] * 5 + [2 / 7], month_end=0.5), pd.Timestamp(due)
    row = debtor([0] * 6, due_weekday=day.weekday(), due_day_of_month=day.day, due_month=day.month)
    assert (weights_of(alike, row, [days_late])[0] > 1) == is_end


def test_each_row_has_its_own_pay_days() -> None:
    """A Tuesday and a Thursday payer in one table, asked for in any order."""
    rows = pd.concat([debtor([0, 50, 0, 0, 0, 0]), debtor([0, 0, 0, 50, 0, 0])], ignore_index=True)
    both = day_weights(EVEN, rows)(np.array([1, 0, 1]), np.repeat(ALL_DAYS, 3, axis=0))
    assert both.argmax(axis=1).tolist() == [2, 0, 2]
    assert (both[0] == both[2]).all()


@pytest.mark.parametrize(("days", "median"), [(31, 31), (32, 16)])
def test_a_bin_of_more_than_a_month_is_spread_evenly(days: int, median: int) -> None:
    """Payments that all come on the last day of such a bin are found half-way, of a shorter one there."""
    borders = np.array([*CLASS_BORDERS, 200, 200 + days, 365, 730])
    paid_by = (borders >= 200 + days)[None].astype(float)
    found = summarise_payment(
        paid_by, np.array([0]), borders, 0, 365, lambda _, day: np.where(day == 200 + days, 1.0, 1e-9)
    )
    assert found["days_until_p50"][0] == 200 + median


def test_pay_days_change_days_and_nothing_else() -> None:
    """Classes and lateness do not ask on which day of its bin a payment comes."""
    curve, borders = (
        curve_from(np.array([[0.2, 0.3, 0.4, 0.5, 0.6, 0.7]])),
        np.array([0, 30, 60, 90, 365, 730]),
    )
    by_day = day_weights(EVEN, debtor([0, 0, 0, 9, 0, 0]))
    with_days = summarise_payment(curve, np.array([-20.0]), borders, 0, 365, by_day)
    without = summarise_payment(curve, np.array([-20.0]), borders, 0)
    assert with_days[["p_late", *CLASSES]].equals(without[["p_late", *CLASSES]])
    assert not with_days[list(QUANTILES)].equals(without[list(QUANTILES)])
