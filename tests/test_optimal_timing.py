"""The day of a reminder that costs least."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from models.payment.payment_sketch import PaymentSketch, waiting_after
from models.reminding.optimal_timing import Optimum, expected_contacts, optimal_days
from models.treatment.policy import Optimal

WEIGHTS = Optimal(
    contact_cost={"email": 0.5},
    carrying_cost_per_year=0.08,
    annoyance_cost=1.0,
    responds_share=0.3,
    response_days=5,
    earliest_days_after_due=1,
    latest_days_after_due=30,
)


def curve(*points: tuple[float, float]) -> PaymentSketch:
    """One item: the share paid by the end of each of these days, from nothing on day -1."""
    days, share = zip((-1.0, 0.0), *points, strict=True)
    return PaymentSketch(np.array([days]), np.array([share]))


def one(
    drawn: PaymentSketch,
    earliest: int,
    latest: int,
    *,
    amount: float = 10_000,
    cost: float = 0.5,
    **weights: float,
) -> tuple[int, float]:
    """Day and saving of that item."""
    changed = WEIGHTS.model_copy(update=weights)
    found = optimal_days(drawn, amount, cost, changed, earliest, latest)
    return int(found.days[0]), float(found.saving[0])


def test_the_saving_can_be_counted_by_hand() -> None:
    """Half pay on day 20, the others on day 50; reminded on day 0 of 36,500.00 at 8 % a year: 8.00 a day.

    All are open then: contact 0.50. Nobody would pay by day 5. 30 % of the wait after day 5, which is 14.5
    days for all (until the middle of the day after 19) and 30 more for half of them.
    """
    drawn = curve((19, 0.0), (20, 0.5), (49, 0.5), (50, 1.0))
    day, saving = one(drawn, 0, 0, amount=36_500)
    assert day == 0
    assert saving == pytest.approx(8 * 0.3 * (14 + 0.75 + 0.5 * 29 + 0.25) - 0.5)


def test_who_pays_anyway_is_waited_for() -> None:
    """Nine in ten pay on day 3, the rest in a year: the day after costs a tenth of the contacts."""
    drawn = curve((2, 0.0), (3, 0.9), (364, 0.9), (365, 1.0))
    assert one(drawn, 0, 20)[0] == 4
    assert one(drawn, 0, 20, amount=1_000_000)[0] == 0  # so much money does not wait
    assert one(drawn, 0, 3)[0] == 0  # by the morning of day 3 nobody has paid: waiting brings nothing


def test_who_does_not_pay_by_himself_is_reminded_at_once() -> None:
    """Nothing is gained by waiting when nobody pays meanwhile."""
    assert one(curve((100, 0.0), (365, 0.2)), 2, 30)[0] == 2


def test_no_reminder_is_worth_it_for_a_small_amount() -> None:
    """5.00 for a month are worth 0.03: the last day, and a saving that is none."""
    day, saving = one(curve((60, 1.0)), 1, 30, amount=5)
    assert day == 30
    assert saving < 0


@pytest.mark.parametrize("weights", [{"responds_share": 0.0}, {"carrying_cost_per_year": 0.0}])
def test_a_reminder_that_does_nothing_saves_nothing(weights: dict[str, float]) -> None:
    """Nobody responds, or money costs nothing: the last day, at a loss."""
    day, saving = one(curve((60, 1.0)), 1, 30, **weights)
    assert day == 30
    assert saving < 0


def test_annoyance_moves_the_day_back() -> None:
    """Reminding somebody who is about to pay costs; without that cost it is earlier."""
    drawn = curve((0, 0.0), (10, 0.8), (200, 1.0))
    assert one(drawn, 0, 30, amount=2_000, annoyance_cost=0.0)[0] < one(drawn, 0, 30, amount=2_000)[0]


def test_each_item_has_its_own_range_and_a_latest_before_the_earliest_counts_as_it() -> None:
    """Days 3 to 3, 0 to 9, and 7 to 2, which is day 7."""
    drawn = curve((100, 0.0), (365, 0.2))
    three = PaymentSketch(np.repeat(drawn.days, 3, axis=0), np.repeat(drawn.share, 3, axis=0))
    found = optimal_days(three, [1e4, 1e4, 1e4], [0.5, 0.5, 0.5], WEIGHTS, [3, 0, 7], [3, 9, 2])
    assert found.days.tolist() == [3, 0, 7]


def test_the_next_run_chooses_the_same_day() -> None:
    """Three days later, still open: the curve that knows it has the same best day, three days nearer."""
    points = [(2.0, 0.2), (6.0, 0.7), (40.0, 0.8), (365.0, 0.9)]
    later = [(day - 3, (share - 0.2) / 0.8) for day, share in points if day > 2]
    day, saving = one(curve(*points), 0, 20, amount=3_000)
    again, next_saving = one(curve(*later), 0, 17, amount=3_000)
    assert 3 < day < 20
    assert again == day - 3
    assert next_saving == pytest.approx(saving / 0.8)


def test_nothing_to_plan() -> None:
    """No items, no days."""
    nothing = PaymentSketch(np.empty((0, 4)), np.empty((0, 4)))
    assert optimal_days(nothing, [], [], WEIGHTS, [], []).days.tolist() == []


def test_contacts_are_made_while_the_item_is_open() -> None:
    """A tenth each day 0 … 9: on the morning of day 0 all are open, of day 3 seven in ten, of day 20 none."""
    drawn = curve((9, 1.0))
    many = PaymentSketch(np.repeat(drawn.days, 3, axis=0), np.repeat(drawn.share, 3, axis=0))
    assert expected_contacts(many, [0, 3, 20]).tolist() == pytest.approx([1.0, 0.7, 0.0])


rises = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 10)), min_size=2, max_size=6)


@settings(max_examples=examples(80), deadline=None)
@given(
    st.lists(rises, min_size=1, max_size=4),
    st.integers(0, 8),
    st.integers(0, 15),
    st.integers(0, 9),
    st.integers(1, 20_000),
)
def test_the_day_is_the_best_of_all_days_tried_in_turn(
    items: list[list[tuple[int, int]]], earliest: int, span: int, response: int, amount: int
) -> None:
    """The definition with `waiting_after` and a line through the points, day by day."""
    width = max(map(len, items))
    steps = np.array([[(0, 0)] * (width - len(rise)) + rise for rise in items], dtype=float)
    steps[:, -1, 0] += 30  # the curve goes on beyond every day asked for
    days = np.concatenate([np.full((len(items), 1), -1.0), -1 + steps[:, :, 0].cumsum(axis=1)], axis=1)
    total = np.maximum(steps[:, :, 1].sum(axis=1), 1) * 1.25
    share = np.concatenate(
        [np.zeros((len(items), 1)), steps[:, :, 1].cumsum(axis=1) / total[:, None]], axis=1
    )
    drawn = PaymentSketch(days, share)
    weights = WEIGHTS.model_copy(update={"response_days": response})

    def paid(row: int, day: int) -> float:
        known = days[row] <= day
        if not known.any():
            return 0.0
        last = int(np.flatnonzero(known)[-1])
        if last == width:
            return float(share[row, -1])
        part = (day - days[row, last]) / (days[row, last + 1] - days[row, last])
        return float(share[row, last] + part * (share[row, last + 1] - share[row, last]))

    found: Optimum = optimal_days(drawn, amount, 0.5, weights, earliest, earliest + span)
    for row in range(len(items)):
        savings = [
            amount * 0.08 / 365 * 0.3 * waiting_after(drawn, s + response)[row]
            - 0.5 * (1 - paid(row, s - 1))
            - 1.0 * (paid(row, s + response) - paid(row, s - 1))
            for s in range(earliest, earliest + span + 1)
        ]
        best = max(savings) if max(savings) > 0 else savings[-1]
        assert found.saving[row] == pytest.approx(best, abs=1e-6)
        assert savings[found.days[row] - earliest] == pytest.approx(best, abs=1e-6)
