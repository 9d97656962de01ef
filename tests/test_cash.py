"""The cash forecast: by hand, and what holds for any portfolio."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from cash_support import MONDAY, predicted_rows, some_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.contracts.output import CASH_FORECAST
from models.payment.cash import arrival_days, arrives_on, cash_forecast, week_starts

SURE = (0, 0, 0, 0, 1)


def item(wait, amount=100_00, past=120, **named):
    """An item paid by day `wait` with probability 0.9, and hardly before."""
    return (past, SURE, (wait, wait, wait), {"amount": amount, **named})


def told(rows, period="week", day=MONDAY, **how):
    """The rows of one period, by the first day."""
    table = cash_forecast(rows, day=day, seed=1, **how)
    return table[table["period"] == period].set_index("starts_on")


def test_money_by_hand():
    """100.00, of which 0.9 come by today evenly over one day, and the rest later."""
    by_day = told(predicted_rows(item(0)), "day")
    assert by_day.loc["2026-01-05", "expected_amount_minor"] == 90_00
    assert by_day["expected_amount_minor"].sum() <= 100_00
    assert by_day.loc["2026-01-05", "overdue_amount_minor"] == 90_00


def test_evenly_over_the_working_days_between_two_points():
    """P10 on Friday, the fifth working day from Monday on: a fiftieth on each of the five."""
    by_day = told(predicted_rows((120, SURE, (4, None, None))), "day")
    assert list(by_day["expected_amount_minor"][:5]) == [2_00] * 5


def test_weekend_money_comes_on_monday():
    """What is paid by Saturday or Sunday arrives on the Monday after it; no row is of a weekend."""
    for wait in (5, 6, 7):
        by_day = told(predicted_rows((120, SURE, (wait, None, None))), "day")
        assert list(by_day["expected_amount_minor"][:6]) == [1_67] * 6
        assert by_day.index[5] == pd.Timestamp("2026-01-12")
    assert (told(predicted_rows(item(9)), "day").index.weekday < 5).all()


def test_rows_of_the_periods():
    """From a Monday on: the 65 working days of 91 days, and 26 weeks of which the first is today's."""
    rows = predicted_rows(item(9))
    by_day, by_week = told(rows, "day"), told(rows)
    assert (len(by_day), by_day.index[0], by_day.index[-1]) == (
        65,
        pd.Timestamp("2026-01-05"),
        pd.Timestamp("2026-04-03"),
    )
    assert (len(by_week), by_week.index[0], by_week.index[-1]) == (
        26,
        pd.Timestamp("2026-01-05"),
        pd.Timestamp("2026-06-29"),
    )
    assert list(cash_forecast(rows, day=MONDAY, seed=1).columns) == [
        column.inside for column in CASH_FORECAST.columns
    ]


@pytest.mark.parametrize(
    ("day", "first_day", "first_week", "working"),
    [
        (date(2026, 1, 7), "2026-01-07", "2026-01-05", 3),
        (date(2026, 1, 9), "2026-01-09", "2026-01-05", 1),
        (date(2026, 1, 10), "2026-01-12", "2026-01-12", 5),
        (date(2026, 1, 11), "2026-01-12", "2026-01-12", 5),
    ],
)
def test_the_first_week_is_what_is_left_of_it(day, first_day, first_week, working):
    """On a Wednesday three days, on a Friday one; on a weekend the next week is the first."""
    days = arrival_days(day)
    weeks, places = week_starts(days)
    assert (str(days[0]), str(weeks[0]), places[1]) == (first_day, first_week, working)
    assert len(weeks) == 26


def test_numbers_of_arrival_days():
    """From a Friday: today is 0, Saturday to Monday 1; from a Saturday: up to Monday 0; the past is -1."""
    assert list(arrives_on(date(2026, 1, 9), [-5, -1, 0, 1, 2, 3, 4, 8])) == [-1, -1, 0, 1, 1, 1, 2, 6]
    assert list(arrives_on(date(2026, 1, 10), [-1, 0, 1, 2, 3])) == [-1, 0, 0, 0, 1]


def test_invoices_of_one_debtor_share_its_luck():
    """100 items of one debtor are one bet, those of 100 debtors are not: the band is much wider."""
    half = (120, SURE, (2, 7, 60))
    one = told(predicted_rows(*[(*half, {"customer_id": "a"}) for _ in range(100)]))
    many = told(predicted_rows(*[half] * 100))
    widths = [(table["p90_amount_minor"] - table["p10_amount_minor"]).iloc[0] for table in (one, many)]
    assert widths[0] > 5 * widths[1]
    assert one["expected_amount_minor"].equals(many["expected_amount_minor"])


def test_a_debtor_with_a_quarter_of_the_money_widens_the_band():
    """The same money in 300 debtors, or a quarter of it in one of them."""
    curve = (120, SURE, (1, 8, 60))
    even = predicted_rows(*[(*curve, {"amount": 400_00})] * 300)
    heavy = predicted_rows(*[(*curve, {"amount": 300_00})] * 299, (*curve, {"amount": 30_300_00}))
    widths = []
    for rows in (even, heavy):
        week = told(rows).iloc[0]
        widths.append((week["p90_amount_minor"] - week["p10_amount_minor"]) / week["expected_amount_minor"])
    assert widths[1] > 3 * widths[0]


def test_the_draws_have_the_mean_that_is_expected():
    """1000 debtors with one item each: the expected sum lies in the band of every week, days included."""
    rng = np.random.default_rng(3)
    rows = predicted_rows(
        *[(120, SURE, tuple(sorted(rng.integers(0, 80, 3)))) for _ in range(1000)],
    )
    for period in ("day", "week"):
        table = told(rows, period)
        table = table[table["expected_amount_minor"] > 500_00]
        assert len(table) >= 10
        assert (table["p10_amount_minor"] <= table["expected_amount_minor"]).all()
        assert (table["p90_amount_minor"] >= table["expected_amount_minor"]).all()


def test_overdue_is_what_is_past_due_on_the_run_day():
    """An item due today or later is not overdue, one due yesterday is."""
    rows = predicted_rows(
        (0, (0.5, 0.4, 0.1, 0, 0), (0, 1, 30)), (1, (0, 0.9, 0.1, 0, 0), (0, 1, 30), {"currency": "USD"})
    )
    table = told(rows)
    by_currency = table.groupby("currency")[["expected_amount_minor", "overdue_amount_minor"]].sum()
    assert by_currency.loc["EUR", "overdue_amount_minor"] == 0
    assert (
        by_currency.loc["USD", "overdue_amount_minor"] == by_currency.loc["USD", "expected_amount_minor"] > 0
    )


def test_money_of_debtors_outside_is_not_counted_on():
    """An insolvent debtor's items bring nothing; where all are outside there is no row."""
    rows = predicted_rows(item(0, customer_id="a"), item(0, customer_id="b"))
    half = told(rows, outside={"b"})["expected_amount_minor"].sum()
    assert told(rows)["expected_amount_minor"].sum() == pytest.approx(2 * half, abs=5)  # rounded day by day
    assert told(rows, outside={"a", "b"}).empty


def test_no_open_items_give_an_empty_table():
    """Nothing is open: no rows, but the columns of the contract, each of its kind."""
    table = cash_forecast(predicted_rows(item(0)).iloc[:0], day=MONDAY, seed=1)
    full = cash_forecast(predicted_rows(item(0)), day=MONDAY, seed=1)
    assert len(table) == 0
    assert table.dtypes.equals(full.dtypes)


def test_a_correction_moves_the_expectation_and_stretches_the_band():
    """Bias 0.8 takes a fifth; width 2 doubles both arms around the middle; the other currency stays."""
    rows = predicted_rows(
        *[(120, SURE, (0, 8, 60), {"currency": name}) for name in ("EUR", "USD") for _ in range(200)]
    )
    plain = told(rows)
    better = told(rows, corrections={"EUR": {"bias": 0.8, "width": 2.0, "weeks": 30}})
    (was, other), (is_, same) = (
        (table[table["currency"] == "EUR"], table[table["currency"] == "USD"]) for table in (plain, better)
    )
    expected = was["expected_amount_minor"]
    np.testing.assert_allclose(is_["expected_amount_minor"], 0.8 * expected, atol=5)
    widths = [(table["p90_amount_minor"] - table["p10_amount_minor"]).iloc[0] for table in (was, is_)]
    assert widths[1] == pytest.approx(1.6 * widths[0], abs=2)
    assert is_["corrected"].all()
    assert not plain["corrected"].any()
    assert same.equals(other)


def test_invoices_not_issued_yet_stand_apart():
    """Their money is in its own column and in no other, also of a currency in which nothing is open."""
    rows = predicted_rows(item(0))
    days = arrival_days(MONDAY)[:10]
    later = pd.concat(
        pd.DataFrame({"currency": name, "day": days, "amount_minor": 10.0}) for name in ("EUR", "USD")
    )
    with_them, without = told(rows, not_issued=later), told(rows)
    euros = with_them[with_them["currency"] == "EUR"]
    assert list(euros["not_issued_amount_minor"][:3]) == [50, 50, 0]
    theirs = "not_issued_amount_minor"
    assert euros.drop(columns=theirs).equals(without.drop(columns=theirs))
    dollars = with_them[with_them["currency"] == "USD"]
    assert dollars["not_issued_amount_minor"].sum() == 100
    assert (dollars[["expected_amount_minor", "p10_amount_minor", "p90_amount_minor"]] == 0).all(axis=None)


@settings(max_examples=examples(25), deadline=None)
@given(some_rows(), st.randoms(use_true_random=False))
def test_the_same_rows_in_any_order_give_the_same_table(rows, lots):
    """The order of the rows of predictions changes no figure."""
    order = list(range(len(rows)))
    lots.shuffle(order)
    first = cash_forecast(rows, day=MONDAY, seed=5)
    assert first.equals(cash_forecast(rows.iloc[order].reset_index(drop=True), day=MONDAY, seed=5))


@settings(max_examples=examples(25), deadline=None)
@given(some_rows(), st.integers(0, 6))
def test_no_more_money_than_is_open(rows, weekday):
    """Whatever was published: nothing negative, P10 to P90 in order, at most what is open per currency."""
    day = date(2026, 1, 5 + weekday)
    rows = rows.assign(paid_on_p10=rows["paid_on_p10"] + pd.Timedelta(days=7))  # never before the day
    table = cash_forecast(rows, day=day, seed=2)
    amounts = [column for column in table if column.endswith("_minor")]
    assert (table[amounts] >= 0).all(axis=None)
    assert (table["p10_amount_minor"] <= table["p90_amount_minor"]).all()
    assert (table["overdue_amount_minor"] <= table["expected_amount_minor"]).all()
    weeks = table[table["period"] == "week"].groupby("currency")["expected_amount_minor"].sum()
    open_amount = rows.groupby("currency")["open_amount_minor"].sum()
    assert (weeks <= open_amount + 130).all()  # each working day is rounded


@settings(max_examples=examples(25), deadline=None)
@given(some_rows())
def test_weeks_are_the_sums_of_their_days(rows):
    """The days of the first 12 weeks are all told, and add up to them."""
    table = cash_forecast(rows, day=MONDAY, seed=2)
    for _, mine in table.groupby("currency"):
        days = mine[mine["period"] == "day"].set_index("starts_on")["expected_amount_minor"]
        weeks = mine[mine["period"] == "week"].set_index("starts_on")["expected_amount_minor"]
        monday = days.index - pd.to_timedelta(days.index.weekday, unit="D")
        assert days.groupby(monday).sum().iloc[:12].tolist() == weeks.iloc[:12].tolist()
