"""The one definition of scoring: from hazards to figures, from centres to segments, from habits to shifts."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from models.scorer import (
    CLASS_BORDERS,
    CLASSES,
    HORIZON_DAYS,
    PREDICTION,
    QUANTILES,
    assign_segments,
    axis_position,
    bin_columns,
    curve_from,
    expand,
    first_day,
    load,
    reminder_shift,
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


@given(distributions(), st.sampled_from(CLASS_BORDERS))
def test_summary_is_that_of_a_walk_day_by_day(
    distribution: tuple[list[int], list[int], int], late_after_days: int
) -> None:
    """Classes, lateness and quantiles agree with exact fractions added up one day after the other."""
    borders, eighths, days_past_due = distribution
    position = min(days_past_due, HORIZON_DAYS)
    paid, paid_by, low = Fraction(0), {}, min(position, borders[0]) - 1
    for border, eighth in zip(borders, eighths, strict=True):
        days = range(max(low + 1, position), border + 1)
        step = (1 - paid) * Fraction(eighth, 8) / max(len(days), 1)
        for day in days:
            paid += step
            paid_by[day] = paid
        low = border
    hazards = [h / 8 if b >= position else 0.0 for b, h in zip(borders, eighths, strict=True)]
    row = summarise_payment(
        curve_from(np.array([hazards])), np.array([float(days_past_due)]), np.array(borders), late_after_days
    ).iloc[0]

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


def test_bins_at_risk_of_a_row() -> None:
    """On day 10 a row is 20 days short of the end of its bin; the bin after it lies 21 days ahead."""
    borders, position, bins = np.array([0, 30, 60]), np.array([10, 10]), np.array([1, 2])
    columns = bin_columns(borders, position, bins, first_day(borders, position, bins))
    assert columns.tolist() == [[1, 0, 21], [2, 21, 30]]


def test_expand_lists_each_rows_bins() -> None:
    """Bins 1 … 3 of the first row, none of the second, bin 0 of the third."""
    rows, bins = expand(np.array([1, 2, 0]), np.array([3, 1, 0]))
    assert rows.tolist() == [0, 0, 0, 2]
    assert bins.tolist() == [1, 2, 3, 0]


SEGMENTS = {
    "model": "debtor-segments",
    "features": ["late", "spread"],
    "fill": [10, 0],
    "low": [0, 0],
    "high": [100, 10],
    "center": [0, 0],
    "scale": [10, 1],
    "centroids": [[0, 0], [4, 0]],
    "names": ["A", "B"],
}


@pytest.mark.parametrize(
    ("late", "spread", "segment", "confidence"),
    [
        (0, 0, "A", 1.0),  # on the centre
        (10, 0, "A", 1 - 1 / 3),
        (20, 0, "A", 0.0),  # half-way
        (30, 0, "B", 1 - 1 / 3),
        (None, 0, "A", 1 - 1 / 3),  # missing counts as 10
        (-50, 0, "A", 1.0),  # clipped to 0
        (1000, 0, "B", 0.4),  # clipped to 100: 6 from B, 10 from A
        (0, 3, "A", 1 - 3 / 5),
    ],
)
def test_a_debtor_belongs_to_the_nearest_centre(
    late: float | None, spread: float, segment: str, confidence: float
) -> None:
    """Figures are filled, clipped and scaled before distances are compared."""
    rows = pd.DataFrame({"spread": [spread], "late": [late]}, index=["debtor"], dtype="float64")
    found = assign_segments(SEGMENTS, rows).loc["debtor"]
    assert found["model_segment"] == segment
    assert found["confidence"] == pytest.approx(confidence)


def test_a_single_segment_is_certain() -> None:
    """With one centre there is no next one to be near to."""
    one = {**SEGMENTS, "centroids": [[0, 0]], "names": ["A"]}
    found = assign_segments(one, pd.DataFrame({"late": [70.0], "spread": [1.0]}))
    assert found["confidence"].tolist() == [1.0]


TIMING = {"model": "reminder-timing", "min_settled": 6, "max_spread_days": 5, "max_shift_days": 7}


@pytest.mark.parametrize(
    ("settled", "median", "spread", "shift"),
    [
        (6, 3, 5, 3),
        (5, 3, 5, 0),  # too few invoices
        (6, 3, 5.1, 0),  # too wide a spread
        (6, 0.9, 0, 0),  # as good as on time
        (6, 1, 0, 1),
        (6, 2.5, 0, 3),  # half days up
        (6, 7, 0, 7),
        (6, 7.5, 0, 0),  # the worst payers do not earn the longest wait
        (6, 40, 0, 0),
        (6, -3, 0, 0),  # pays early
        (6, None, None, 0),
    ],
)
def test_reminder_shift(settled: float, median: float | None, spread: float | None, shift: int) -> None:
    """Only a steady, slight and proven lateness moves the first reminder."""
    rows = pd.DataFrame(
        {"settled_invoices_365d": [settled], "median_days_late": [median], "spread_days_late": [spread]},
        index=["debtor"],
        dtype="float64",
    )
    found = reminder_shift(TIMING, rows)
    assert found.loc["debtor"] == shift
    assert found.dtype == "int64"


def test_load_refuses_types_nobody_listed(tmp_path: Path) -> None:
    """An artefact whose estimator is of another kind is not built."""
    X, y = np.arange(20).reshape(-1, 1), np.arange(20) > 9
    (tmp_path / "parameters.json").write_text(json.dumps({"model": "payment-time"}))
    skops.io.dump(RandomForestClassifier(n_estimators=2).fit(X, y), tmp_path / "hazard.skops")
    with pytest.raises(Exception, match="Untrusted types"):
        load(tmp_path)
    skops.io.dump(HistGradientBoostingClassifier(max_iter=2).fit(X, y), tmp_path / "hazard.skops")
    assert callable(load(tmp_path))


def test_import_is_cheap_and_without_effect() -> None:
    """Whoever needs a segment assigned does not wait for MLflow or scikit-learn."""
    code = (
        "import models.scorer, sys; sys.exit(any(m in sys.modules for m in ('mlflow', 'sklearn', 'skops')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
