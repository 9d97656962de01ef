"""The one definition of scoring: from members to a curve, from centres to segments, from habits to shifts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from models.scorer import (
    MOST_LOG_ODDS,
    assign_segments,
    bin_columns,
    expand,
    first_day,
    late_log_odds,
    load,
    member_curves,
    paid_by_border,
    predict_payment_time,
    reminder_shift,
    sharpened,
)


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


# ---- several curves become one ----

SHARES = st.lists(st.floats(0.001, 0.999), min_size=2, max_size=8)
FACTORS = st.floats(0.5, 2)


@given(SHARES, FACTORS)
def test_sharpening_multiplies_the_log_odds(shares: list[float], factor: float) -> None:
    """Odds are raised to the factor: what is likely becomes likelier, and the order stays."""
    share = np.sort(shares)
    sharp = sharpened(share, factor)
    assert np.log(sharp / (1 - sharp)) == pytest.approx(factor * np.log(share / (1 - share)), abs=1e-9)
    assert (np.diff(sharp) >= 0).all()
    assert sharpened(share, 1.0) == pytest.approx(share)


@given(FACTORS)
def test_sharpening_leaves_the_certain_and_the_even(factor: float) -> None:
    """0, 1/2 and 1 stay, and so does what rounding put a hair outside."""
    assert sharpened(np.array([0.0, 0.5, 1.0]), factor).tolist() == [0, 0.5, 1]
    assert sharpened(np.array([-1e-17, 1 + 1e-15]), factor).tolist() == [0, 1]


class ByBin:
    """A hazard that depends on the bin alone."""

    def __init__(self, hazards: list[float]) -> None:
        self.hazards = np.array(hazards)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        paid = self.hazards[X[:, -3].astype(int)]
        return np.column_stack([1 - paid, paid])


class Always:
    """The same class probabilities for everybody."""

    def __init__(self, shares: list[float]) -> None:
        self.shares = np.array(shares)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.tile(self.shares, (len(X), 1))


def only_biases(hazards: list[float]) -> dict[str, object]:
    """A linear member that knows one column and makes nothing of it."""
    odds = np.array(hazards) / (1 - np.array(hazards))
    one_column = {"low": [0.0], "high": [1.0], "center": [0.0], "scale": [1.0], "missing": []}
    phases = {"phases": np.ones((3, len(hazards))).tolist(), "of_phase": [[0.0]] * 3}
    return one_column | phases | {"bias": np.log(odds).tolist(), "of_bin": [0.0] * 3}


THREE = {
    "borders": [0, 30, 60],
    "classes": {"borders": [0, 30, 60], "present": [0, 1, 2, 3]},
    "linear": only_biases([0.75, 0.5, 0.5]),
    "weights": {"hazard": 0.5, "classes": 0.3, "linear": 0.2},
    "sharpness": 1.0,
}
THREE_ESTIMATORS = {"hazard": ByBin([0.5, 0.5, 0.0]), "classes": Always([0.2, 0.4, 0.4, 0.0])}


def test_members_are_weighed() -> None:
    """By day 0, 30 and 60: one says .5 .75 .75, one .2 .6 1, one .75 .875 .9375; they count .5 .3 .2."""
    paid_by = paid_by_border(THREE, THREE_ESTIMATORS, np.zeros((1, 1)), np.array([-9]), np.array([2]))
    expected = [0.25 + 0.06 + 0.15, 0.375 + 0.18 + 0.175, 0.375 + 0.3 + 0.1875]
    assert paid_by[0] == pytest.approx(expected, abs=1e-5)


def test_their_mean_is_sharpened() -> None:
    """Odds of 46 to 54 become those of their squares."""
    squared = {**THREE, "sharpness": 2.0}
    paid_by = paid_by_border(squared, THREE_ESTIMATORS, np.zeros((1, 1)), np.array([-9]), np.array([2]))
    assert paid_by[0, 0] == pytest.approx(46**2 / (46**2 + 54**2), abs=1e-5)


@pytest.mark.parametrize("absent", ["classes", "linear"])
def test_a_member_may_be_absent(absent: str) -> None:
    """What the parameters do not hold says nothing; the others are untouched."""
    parameters = {key: value for key, value in THREE.items() if key != absent}
    asked = (THREE_ESTIMATORS, np.zeros((1, 1)), np.array([-9]), np.array(THREE["borders"]), np.array([2]))
    all_of_them, others = member_curves(THREE, *asked), member_curves(parameters, *asked)
    assert set(all_of_them) - set(others) == {absent}
    for name, curve in others.items():
        assert (curve == all_of_them[name]).all()


# ---- what reasons add up to ----


def by_hazard(hazards: list[float], late_after_days: int = 0) -> tuple[dict[str, object], dict[str, ByBin]]:
    """Parameters and estimators of a predictor with one member and a few borders."""
    parameters = {
        "borders": [0, 10, 30, 60, 90, 365, 730],
        "learned": [],
        "weights": {"hazard": 1.0},
        "sharpness": 1.0,
        "late_after_days": late_after_days,
        "horizon_days": 365,
    }
    return parameters, {"hazard": ByBin(hazards)}


HAZARDS = [0.2, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9]


@pytest.mark.parametrize(
    ("days_past_due", "late_after_days", "staying_unpaid"),
    [
        (-30, 0, 0.8),
        (0, 0, 0.8),  # the due day itself may still bring the payment
        (1, 0, 0.5 * 0.4),  # to day 30
        (10, 0, 0.5 * 0.4),
        (11, 0, 0.4),
        (30, 0, 0.4),
        (31, 0, 0.3),  # to day 60
        (61, 0, 0.25),
        (90, 0, 0.25),
        (91, 0, 0.2),  # to the horizon
        (5000, 0, 0.2),
        (-30, 10, 0.8 * 0.5),  # to the tenth day, after which it is late
        (5, 10, 0.5),
        (11, 10, 0.4),
        (-30, 90, 0.8 * 0.5 * 0.4 * 0.3 * 0.25),
        (91, 90, 0.2),
    ],
)
def test_log_odds_of_what_is_next(days_past_due: int, late_after_days: int, staying_unpaid: float) -> None:
    """Of being late while that is open, then of staying unpaid to the end of the class or to the horizon."""
    model = by_hazard(HAZARDS, late_after_days)
    found = late_log_odds(*model, pd.DataFrame({"days_past_due": [days_past_due]}))
    assert found[0] == pytest.approx(np.log(staying_unpaid / (1 - staying_unpaid)))


def test_log_odds_are_those_of_the_prediction() -> None:
    """Before due those of p_late; on day 45 those of not being paid in the class it is in."""
    model, rows = by_hazard(HAZARDS), pd.DataFrame({"days_past_due": [-20.0, 0.0, 45.0]}, index=list("abc"))
    predicted, found = predict_payment_time(*model, rows), late_log_odds(*model, rows)
    later = np.array([*predicted["p_late"][:2], 1 - predicted.loc["c", "p_31_60"]])
    assert found == pytest.approx(np.log(later / (1 - later)))


def test_log_odds_have_an_end() -> None:
    """Certainty, either way, is 12."""
    rows = pd.DataFrame({"days_past_due": [-5.0]})
    assert late_log_odds(*by_hazard([1.0] * 7), rows).tolist() == [-MOST_LOG_ODDS]
    assert late_log_odds(*by_hazard([0.0] * 7), rows).tolist() == [MOST_LOG_ODDS]
    assert MOST_LOG_ODDS == 12


# ---- nearest centre, and shift ----

SEGMENTS = {
    "model": "debtor-segments",
    "features": ["late", "spread"],
    "fill": [10, 0],
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
        (100, 0, "B", 0.4),  # 6 from B, 10 from A
        (0, 3, "A", 1 - 3 / 5),
    ],
)
def test_a_debtor_belongs_to_the_nearest_centre(
    late: float | None, spread: float, segment: str, confidence: float
) -> None:
    """Figures are filled and scaled before distances are compared."""
    rows = pd.DataFrame({"spread": [spread], "late": [late]}, index=["debtor"], dtype="float64")
    found = assign_segments(SEGMENTS, rows).loc["debtor"]
    assert found["model_segment"] == segment
    assert found["confidence"] == pytest.approx(confidence)


def test_the_next_segment_is_named() -> None:
    """The one to which a debtor would go: what it nearly is."""
    found = assign_segments(SEGMENTS, pd.DataFrame({"late": [10.0, 30.0], "spread": 0.0}))
    assert found["next_segment"].tolist() == ["B", "A"]


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
