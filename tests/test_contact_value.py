"""What a call is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples
from worklist_support import DAY, POLICY, Row, evenly_paid, on, with_rules

from models.calling.contact_value import contact_values, home_value
from models.treatment.policy import Policy

NO_RATES = pd.DataFrame({"currency": [], "day": pd.to_datetime([]), "rate": []})

EXACT = 169 / 40
"""Days that an item paid evenly within 20 days is open after the 7th: half of 13 x 13 / 20."""


def open_items(*rows: Row) -> pd.DataFrame:
    """What is asked of items, by default 100,000.00 EUR, ten days past due."""
    plain = {"invoice_id": "I1", "currency": "EUR", "amount_minor": 10_000_000, "days_past_due": 10}
    items = pd.DataFrame([{**plain, **row} for row in rows])
    items["due_on"] = on(str(DAY)) - pd.to_timedelta(items["days_past_due"], unit="D")
    return items.rename(columns={"amount_minor": "open_amount_minor"})


def valued(
    *items: Row,
    within: Any = 20,
    net_minor: int | None = None,
    policy: Policy = POLICY,
    rates: pd.DataFrame = NO_RATES,
) -> pd.Series:
    """The value of the only account, of which by default all is dunnable and nothing is credited."""
    opened = open_items(*(items or [{}]))
    overdue = int(opened.loc[opened["days_past_due"] > 0, "open_amount_minor"].sum())
    account = {
        "currency": opened["currency"].iloc[0],
        "overdue_amount_minor": overdue,
        "net_overdue_amount_minor": overdue if net_minor is None else net_minor,
    }
    found = contact_values(
        pd.DataFrame([account]),
        np.zeros(len(opened), dtype=np.int64),
        opened,
        opened["open_amount_minor"].to_numpy(),
        evenly_paid(opened, within),
        rates,
        policy,
        day=DAY,
        home_currency="EUR",
    )
    return found.iloc[0]


def test_a_value_counted_by_hand() -> None:
    """100,000 euros, of whom 40 % respond, forward by 4.225 days, at 8 % a year, less 10 euros."""
    found = valued()
    assert found["value"] == pytest.approx(100_000 * 0.4 * EXACT * 0.08 / 365 - 10, abs=0.001)
    assert found["expected_share"] == pytest.approx(7 / 20)
    assert not found["pays_anyway"]


def test_who_pays_within_the_response_days_pays_anyway() -> None:
    """Nothing is left to bring forward: the call only costs."""
    found = valued({"days_past_due": 24}, within=6)
    assert found["value"] == pytest.approx(-10)
    assert found["expected_share"] == pytest.approx(1)
    assert found["pays_anyway"]


def test_a_small_amount_that_is_not_expected_is_not_paid_anyway() -> None:
    """Its call costs more than it brings, but that is another thing."""
    found = valued({"amount_minor": 10_000})
    assert found["value"] < 0
    assert not found["pays_anyway"]


def test_a_large_amount_that_is_likely_paid_may_be_worth_a_call() -> None:
    """What decides is the value: 3 of 10 days are left of ten million."""
    found = valued({"amount_minor": 1_000_000_000, "days_past_due": 20}, within=10)
    assert found["expected_share"] == pytest.approx(0.7)
    assert found["value"] == pytest.approx(10_000_000 * 0.4 * (9 / 20) * 0.08 / 365 - 10, abs=0.001)
    assert not found["pays_anyway"]


@pytest.mark.parametrize(("due_in", "counts"), [(7, True), (8, False)])
def test_items_due_within_the_response_days_count(due_in: int, counts: bool) -> None:
    """A call about the overdue ones is about them too; later ones are not mentioned."""
    alone, both = valued(), valued({}, {"invoice_id": "I2", "days_past_due": -due_in})
    assert bool(both["value"] > alone["value"]) is counts


def test_credit_counts_against_all_items_alike() -> None:
    """Half of the overdue amount is owed net, so half as much is brought forward."""
    assert valued(net_minor=5_000_000)["value"] + 10 == pytest.approx((valued()["value"] + 10) / 2)
    assert valued(net_minor=-1)["value"] == pytest.approx(-10)


def test_items_without_a_prediction_are_worth_nothing() -> None:
    """Dormant residuals have none."""
    opened = open_items({})
    account = pd.DataFrame([{"currency": "EUR", "overdue_amount_minor": 1, "net_overdue_amount_minor": 1}])
    nothing = evenly_paid(opened).iloc[:0]
    zero, whole = np.zeros(1, dtype=np.int64), opened["open_amount_minor"].to_numpy()
    found = contact_values(
        account, zero, opened, whole, nothing, NO_RATES, POLICY, day=DAY, home_currency="EUR"
    )
    assert found.loc[0, "value"] == -10


def test_money_is_counted_at_home() -> None:
    """A yen has no minor unit; the newest rate known before the day holds; without one nothing is said."""
    rates = pd.DataFrame(
        [("JPY", on("2024-05-01"), 0.5), ("JPY", on("2024-06-02"), 0.01), ("JPY", on("2024-06-03"), 9.0)],
        columns=["currency", "day", "rate"],
    )
    yen = {"currency": "JPY", "amount_minor": 10_000_000}
    assert valued(yen, rates=rates)["value"] == pytest.approx(valued()["value"], abs=0.001)
    assert np.isnan(valued(yen)["value"])
    found = home_value(pd.Series(["EUR", "JPY", "USD"]), rates, day=DAY, home_currency="EUR")
    np.testing.assert_array_equal(found, [1, 0.01, np.nan])


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(1, 10**11), st.integers(1, 80), st.integers(0, 30), st.floats(0, 1), st.floats(0, 50))
def test_what_moves_the_value(amount: int, within: int, response: int, share: float, cost: float) -> None:
    """No less with more money, a later payment, more who respond, a sooner response; never below the cost."""

    def value(
        minor: int = amount, days: int = within, wait: int = response, responds: float = share
    ) -> float:
        rules = with_rules(response_days=wait, responds_share=responds, contact_cost=cost)
        return float(valued({"amount_minor": minor}, within=days, policy=rules)["value"])

    tiny = 1e-3 + amount * 1e-9
    assert value() >= -cost
    assert value(minor=amount * 2) >= value() - tiny
    assert value(days=within * 2) >= value() - tiny
    assert value(responds=share / 2) <= value() + tiny
    assert value(wait=response + 1) <= value() + tiny


def test_the_order_of_the_rows_does_not_matter() -> None:
    """The same bytes for any order of the items."""
    rng = np.random.default_rng(3)
    rows = [{"invoice_id": f"I{n}", "amount_minor": int(rng.integers(1, 10**8))} for n in range(200)]
    within = rng.integers(1, 60, len(rows))
    order = rng.permutation(len(rows))
    first = valued(*rows, within=within)
    again = valued(*[rows[at] for at in order], within=within[order])
    assert first["value"] == again["value"]
    assert first["expected_share"] == again["expected_share"]
