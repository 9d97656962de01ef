"""What each member says of an invoice, and how it is fitted: counted by hand or added up one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from thoroughness import examples
from threadpoolctl import threadpool_limits

from features.errors import ModelError
from models.payment.members import (
    DEFAULT_ROUNDS,
    FEWEST,
    Boosting,
    class_borders,
    fit_classes,
    fit_hazard,
    fit_linear,
)
from models.payment.person_periods import Points, bin_borders
from models.scorer import (
    curve_of_classes,
    curve_of_hazards,
    curve_of_linear,
    linear_bin_columns,
    linear_columns,
    linear_phases,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of several test processes on few cores wait for each other at every tree."""
    with threadpool_limits(limits=1):
        yield


class Always:
    """The same class probabilities for everybody."""

    def __init__(self, shares: list[float]) -> None:
        self.shares = np.array(shares)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.tile(self.shares, (len(X), 1))


# ---- classes ----

BORDERS = np.array([-5, 0, 15, 30, 60, 90, 365, 730])
CLASSES = {"borders": [0, 30, 90], "present": [0, 1, 2, 3]}
INSIDE = [0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9, 1.0]


def classes_curve(
    shares: list[float],
    position: int = -10,
    inside: list[float] = INSIDE,
    present: tuple[int, ...] = (0, 1, 2, 3),
) -> np.ndarray:
    """The class member's share paid by each border, for one row."""
    classes = {**CLASSES, "present": list(present)}
    at = np.array([position])
    return curve_of_classes(Always(shares), classes, np.zeros((1, 1)), at, BORDERS, np.array([inside]))[0]


def test_a_class_is_paid_by_its_border() -> None:
    """20 % by day 0, 50 % by 30, 60 % by 90, whatever the other curve says."""
    curve = classes_curve([0.2, 0.3, 0.1, 0.4])
    assert curve[[1, 3, 5]] == pytest.approx([0.2, 0.5, 0.6], abs=1e-5)
    flat = classes_curve([0.2, 0.3, 0.1, 0.4], inside=[0.5] * 8)
    assert flat[[1, 3, 5]] == pytest.approx([0.2, 0.5, 0.6], abs=1e-5)


def test_inside_a_class_it_follows_the_other_curve() -> None:
    """There half of what is paid by day 0 is paid by -5, a quarter of 1 … 30 by 15, half of 31 … 90 by 60."""
    curve = classes_curve([0.2, 0.4, 0.1, 0.3])
    assert curve[[0, 2, 4]] == pytest.approx([0.1, 0.3, 0.65], abs=1e-5)


def test_after_the_last_border_it_follows_the_other_curves_tail() -> None:
    """Of the 20 % that are open there on day 90, half are paid by 365 and all by 730; of its own 40 % too."""
    assert classes_curve([0.2, 0.3, 0.1, 0.4])[6:] == pytest.approx([0.8, 1.0], abs=1e-5)
    never = [*INSIDE[:5], 0.8, 0.8, 0.85]  # a quarter of the tail by 730
    assert classes_curve([0.2, 0.3, 0.1, 0.4], inside=never)[6:] == pytest.approx([0.6, 0.7], abs=1e-5)


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (0, [0.2, 0.5, 0.6]),  # the due day itself may still bring the payment
        (1, [0, 0.3 / 0.8, 0.4 / 0.8]),
        (30, [0, 0.3 / 0.8, 0.4 / 0.8]),
        (31, [0, 0, 0.1 / 0.5]),
        (91, [0, 0, 0]),
        (365, [0, 0, 0]),
    ],
)
def test_passed_classes_are_ruled_out(position: int, expected: list[float]) -> None:
    """On day 1 on time is no more: the others share what is left in their proportion."""
    inside = [share if border >= position else 0.0 for share, border in zip(INSIDE, BORDERS, strict=True)]
    curve = classes_curve([0.2, 0.3, 0.1, 0.4], position, inside)
    assert curve[[1, 3, 5]] == pytest.approx(expected, abs=1e-5)
    assert (np.diff(curve) >= 0).all()
    assert (curve[position > BORDERS] == 0).all()


def test_a_class_never_seen_is_nearly_impossible() -> None:
    """Nobody paid on days 31 … 90 in training: one in a million, not nothing."""
    curve = classes_curve([0.3, 0.3, 0.4], present=(0, 1, 3))
    assert 0 < curve[5] - curve[3] < 2e-6
    assert curve[3] == pytest.approx(0.6, abs=1e-5)


def test_only_the_open_class_is_left_late() -> None:
    """Beyond the last border the member adds nothing of its own: it says what the other curve says."""
    inside = [0.0] * 6 + [0.7, 0.9]
    assert classes_curve([0.5, 0.3, 0.2, 0.0], position=120, inside=inside) == pytest.approx(inside)


@given(
    st.lists(st.floats(0.01, 1), min_size=4, max_size=4),
    st.lists(st.floats(0, 1), min_size=8, max_size=8),
    st.integers(-30, 365),
)
def test_classes_make_a_curve(shares: list[float], hazards: list[float], position: int) -> None:
    """Whatever is put in, the share paid rises from nothing before the row's own day to at most all."""
    open_bins = np.where(position <= BORDERS, hazards, 0.0)
    inside = (1 - np.cumprod(1 - open_bins)).tolist()
    curve = classes_curve((np.array(shares) / sum(shares)).tolist(), position, inside)
    assert (np.diff(curve) >= -1e-12).all()
    assert (curve[position > BORDERS] == 0).all()
    assert curve.max() <= 1 + 1e-12


# ---- linear ----


def test_linear_columns_by_hand() -> None:
    """Logs keep their sign, are clipped and scaled; what is missing is the centre, and may be said."""
    linear = {
        "low": [0.0, -1.0],
        "high": [2.0, 1.0],
        "center": [1.0, 0.0],
        "scale": [0.5, 2.0],
        "missing": [1],
    }
    features = np.expm1([[1.5, 0.5], [9.0, 0.0], [0.0, 0.0]])
    features[1, 1], features[2] = -np.expm1(0.8), np.nan
    assert linear_columns(linear, features) == pytest.approx(
        np.array([[1.0, 0.25, 0], [2.0, -0.4, 0], [0.0, 0.0, 1]])
    )
    assert linear_columns({**linear, "missing": []}, features).shape == (3, 2)


def test_phases_of_bins() -> None:
    """To the third day before due all is the first phase, on day 7 the second, from day 54 on the third."""
    borders = np.array([-60, -3, 2, 7, 14, 34, 54, 730])
    before, soon, long = linear_phases(borders)
    assert before.tolist() == pytest.approx([1, 1, 0.5, 0, 0, 0, 0, 0])
    assert soon.tolist() == pytest.approx([0, 0, 0.5, 1, 1, 0.5, 0, 0])
    assert long.tolist() == pytest.approx([0, 0, 0, 0, 0, 0.5, 1, 1])


def test_what_the_linear_member_knows_of_a_bin() -> None:
    """Days ahead and days at risk as logs, and the days ahead once more after due."""
    borders = np.array([0, 30])
    columns = linear_bin_columns(borders, np.array([-9, -9]), np.array([0, 1]), np.array([-9, 1]))
    assert columns == pytest.approx(np.array([[0, np.log(10), 0], [np.log(11), np.log(30), np.log(11)]]))


@settings(max_examples=examples(50))
@given(st.integers(0, 10_000))
def test_linear_curve_is_a_sum_one_by_one(seed: int) -> None:
    """Log-odds added up phase by phase and feature by feature; unpaid so far times the hazard is paid."""
    random = np.random.default_rng(seed)
    borders = np.array([-14, 0, 7, 30, 90, 365, 730])
    width, count = 3, 4
    linear = {
        "low": [-2.0] * width,
        "high": [2.0] * width,
        "center": random.normal(size=width).tolist(),
        "scale": random.uniform(0.5, 2, width).tolist(),
        "missing": [0, 2],
        "phases": linear_phases(borders).tolist(),
        "bias": random.normal(size=len(borders)).tolist(),
        "of_bin": random.normal(size=3).tolist(),
        "of_phase": random.normal(size=(3, width + 2)).tolist(),
    }
    features = random.normal(0, 5, (count, width))
    features[random.random((count, width)) < 0.3] = np.nan
    position = random.integers(-30, 366, count)
    last = np.minimum(np.searchsorted(borders, position) + random.integers(0, 4, count), len(borders) - 1)
    found = curve_of_linear(linear, features, position, borders, last)

    known = linear_columns(linear, features)
    for row in range(count):
        unpaid = 1.0
        for bin_, border in enumerate(borders):
            first = max(position[row], borders[bin_ - 1] + 1) if bin_ else position[row]
            if position[row] <= border and bin_ <= last[row]:
                ahead = np.log1p(first - position[row])
                odds = linear["bias"][bin_] + ahead * linear["of_bin"][0]
                odds += np.log(border - first + 1) * linear["of_bin"][1]
                odds += ahead * linear["of_bin"][2] if border > 0 else 0
                for phase in range(3):
                    for column in range(width + 2):
                        effect = linear["of_phase"][phase][column] * linear["phases"][phase][bin_]
                        odds += effect * known[row, column]
                unpaid *= 1 - 1 / (1 + np.exp(-odds))
            assert found[row, bin_] == pytest.approx(1 - unpaid, abs=1e-9)


@pytest.mark.parametrize("order", ["C", "F"])
def test_linear_curve_of_a_row_does_not_depend_on_its_table(order: str) -> None:
    """Alone, or among 36 others, however the table lies in memory: the same to the last bit."""
    random, axis = np.random.default_rng(0), np.array([0, 30, 60, 90, 365, 730])
    features = np.array(random.normal(size=(37, 130)), order=order)
    linear = {
        "low": [-1.0] * 130,
        "high": [1.0] * 130,
        "center": [0.1] * 130,
        "scale": [0.5] * 130,
        "missing": [],
        "phases": linear_phases(axis).tolist(),
        "bias": [-1.0] * 6,
        "of_bin": [0.1, 0.2, 0.3],
        "of_phase": random.normal(0, 0.1, (3, 130)).tolist(),
    }
    position, last = random.integers(-20, 60, 37), np.full(37, 5)
    whole = curve_of_linear(linear, features, position, axis, last)
    for row in range(37):
        some = slice(row, row + 1)
        alone = curve_of_linear(linear, features[some], position[some], axis, last[some])
        assert (alone == whole[some]).all()


# ---- fitting ----

BOOSTING = Boosting(
    iterations=30, learning_rate=0.2, max_leaf_nodes=7, min_samples_leaf=20, l2_regularization=1.0, seed=0
)
AXIS = bin_borders(0, 365)


def followed(count: int, seed: int, decided: int = 400) -> Points:
    """Points 10 days before due: half of the debtors (feature 1) pay in 20 to 39 days late, half on time."""
    random = np.random.default_rng(seed)
    late = random.random(count) < 0.5
    end = np.where(late, random.integers(20, 40, count), random.integers(-10, 1, count))
    features = np.column_stack([late.astype(float), random.normal(size=count)])
    whole = np.zeros(count, dtype=np.int64)
    event = end <= decided
    return Points(features, whole - 10, np.minimum(end, decided), whole + decided, event, whole)


@pytest.fixture(scope="module")
def many() -> Points:
    """Enough for every member."""
    return followed(1500, seed=0)


def late_curve(points: Points, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share paid by the due day, of those that pay late and of those that pay on time."""
    due, late = curve[:, AXIS.searchsorted(0)], points.features[:, 0] == 1
    return due[late], due[~late]


def asked(points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What a curve asks for, to the end of the axis."""
    return points.features, points.position, AXIS, np.full(len(points.end), len(AXIS) - 1)


@pytest.mark.parametrize("name", ["hazard", "classes", "linear"])
def test_each_member_learns_who_pays_late(many: Points, name: str) -> None:
    """Of late payers hardly anybody pays by the due day, of the others nearly all."""
    hazard = fit_hazard(many, AXIS, BOOSTING)
    curve = curve_of_hazards(hazard, *asked(many))
    if name == "linear":
        curve = curve_of_linear(fit_linear(many, AXIS, 0), *asked(many))
    elif name == "classes":
        ends = class_borders(0)
        fitted = fit_classes(many, ends, BOOSTING)
        classes = {"borders": ends, "present": fitted.classes_.tolist()}
        curve = curve_of_classes(fitted, classes, many.features, many.position, AXIS, curve)
    late, on_time = late_curve(many, curve)
    assert late.max() < 0.25
    assert on_time.min() > 0.75


def test_class_borders_hold_the_outputs_and_lateness() -> None:
    """Lateness has a border of its own; every border is one of the axis."""
    assert {0, 5, 30, 60, 90} <= set(class_borders(5))
    assert set(class_borders(5)) <= set(bin_borders(5, 120).tolist())
    assert class_borders(0) == sorted(set(class_borders(0)))


def test_too_few_decided_classes_leave_the_member_out() -> None:
    """199 decided points are too few, 200 are enough; those followed for 89 days are not decided at all."""
    ends = class_borders(0)
    assert fit_classes(followed(FEWEST - 1, 0), ends, BOOSTING) is None
    assert fit_classes(followed(FEWEST, 0), ends, BOOSTING) is not None
    assert fit_classes(followed(1500, 0, decided=89), ends, BOOSTING) is None


def test_one_class_alone_leaves_the_member_out(many: Points) -> None:
    """All paid on the same day teaches no difference."""
    ends = class_borders(0)
    assert fit_classes(replace(many, end=np.zeros_like(many.end)), ends, BOOSTING) is None


def test_undecided_points_do_not_teach_classes(many: Points) -> None:
    """Points whose class is open change nothing: the early payments among them would be counted too often."""
    ends = class_borders(0)
    undecided = replace(many, decided=np.full_like(many.decided, 30), end=np.minimum(many.end, 0))
    both = Points(*(np.concatenate([getattr(many, n), getattr(undecided, n)]) for n in vars(many)))
    alone, joined = (fit_classes(points, ends, BOOSTING) for points in (many, both))
    assert (alone.predict_proba(many.features) == joined.predict_proba(many.features)).all()


def test_rounds_stop_when_newer_points_gain_nothing(many: Points) -> None:
    """Newer points of which nothing can be told stop the boosting early; without them it uses every round."""
    noise = followed(600, seed=1)
    noise = replace(noise, features=noise.features[::-1].copy())
    ends, longer = class_borders(0), replace(BOOSTING, iterations=200)
    assert fit_hazard(many, AXIS, longer, newer=noise).n_iter_ < 40
    assert fit_classes(many, ends, longer, newer=noise).n_iter_ < 40
    assert fit_hazard(many, AXIS, BOOSTING).n_iter_ == 30


def test_too_few_newer_classes_give_the_usual_rounds(many: Points) -> None:
    """Where they cannot be searched, the class member's rounds are the default, and never above the most."""
    ends, few = class_borders(0), followed(FEWEST - 1, seed=1)
    longer = replace(BOOSTING, iterations=200)
    assert fit_classes(many, ends, longer, newer=few).n_iter_ == DEFAULT_ROUNDS["classes"]
    assert fit_classes(many, ends, BOOSTING, newer=few).n_iter_ == 30


def test_a_class_that_only_newer_points_have_is_no_obstacle(many: Points) -> None:
    """Nobody paid between 61 and 90 days late so far."""
    newer = followed(600, seed=1)
    newer = replace(newer, end=np.where(newer.end > 35, 75, newer.end))
    fitted = fit_classes(many, class_borders(0), BOOSTING, newer=newer)
    assert class_borders(0).index(90) not in fitted.classes_


@pytest.mark.parametrize("name", ["hazard", "classes", "linear"])
def test_a_column_empty_in_the_older_part_alone(many: Points, name: str) -> None:
    """A figure that is only known lately teaches nothing, and does not stop anybody."""
    empty = np.column_stack([many.features, np.full(len(many.end), np.nan)])
    older, newer = replace(many, features=empty), followed(600, seed=1)
    newer = replace(newer, features=np.column_stack([newer.features, newer.features[:, 1]]))
    if name == "linear":
        curve = curve_of_linear(fit_linear(older, AXIS, 0), *asked(newer))
        other = replace(newer, features=np.column_stack([newer.features[:, :2], newer.features[::-1, 1]]))
        assert (curve == curve_of_linear(fit_linear(older, AXIS, 0), *asked(other))).all()
    elif name == "hazard":
        curve = curve_of_hazards(fit_hazard(older, AXIS, BOOSTING, newer=newer), *asked(newer))
    else:
        curve = fit_classes(older, class_borders(0), BOOSTING, newer=newer).predict_proba(newer.features)
    assert np.isfinite(curve).all()


def test_linear_phases_have_their_own_weights(many: Points) -> None:
    """Who pays late has lower odds before due; noise says little; every bin has its own level."""
    linear = fit_linear(many, AXIS, 0)
    who, noise = np.array(linear["of_phase"])[0]
    assert who < -10 * abs(noise)
    assert linear["missing"] == []
    assert len(linear["bias"]) == len(AXIS)


def test_linear_says_what_is_often_missing(many: Points) -> None:
    """More than one in a thousand: then that it is missing is a figure of its own."""
    features = many.features.copy()
    features[0, 0] = np.nan  # one in 1500
    features[:2, 1] = np.nan  # two in 1500
    assert fit_linear(replace(many, features=features), AXIS, 0)["missing"] == [1]


def test_another_estimator_takes_the_hazards_place(many: Points) -> None:
    """Whatever answers `predict_proba`: here the share of paid bins, alike for all."""
    fitted = fit_hazard(many, AXIS, BOOSTING, make=DummyClassifier)
    assert isinstance(fitted, DummyClassifier)
    late, on_time = late_curve(many, curve_of_hazards(fitted, *asked(many)))
    assert np.unique(late) == np.unique(on_time)


@pytest.mark.parametrize("paid", [True, False])
def test_refuses_hazards_without_difference(many: Points, paid: bool) -> None:
    """All paid in the first bin, or nobody: nothing to learn from, and the way out is said."""
    same = replace(many, end=np.full_like(many.end, -8), event=np.full_like(many.event, paid))
    axis = np.array([-7, 730]) if paid else AXIS
    with pytest.raises(ModelError, match="train on a longer history"):
        fit_hazard(same, axis, BOOSTING)
    with pytest.raises(ModelError, match="train on a longer history"):
        fit_linear(same, axis, 0)
