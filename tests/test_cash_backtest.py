"""Forecasts of past Mondays against what came in, on a ledger of a few debtors."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from random_ledgers import START, day, frame
from tiny_portfolio import reading_of, settings_with

from features.ledger import known_before, make_ledger
from models.scorer import PREDICTION
from pipelines.backtesting.cash_backtest import cash_evaluation, forecast_errors
from pipelines.backtesting.cash_section import cash_forecast_section

FIRST_MONDAY = (7 - START.weekday()) % 7


class PaidOnDue:
    """A predictor that knows every item to be paid on its due day, or today where that is over."""

    def __init__(self):
        self.asked = 0

    def predict(self, rows):
        self.asked += len(rows)
        ahead = np.maximum(-rows["days_past_due"].to_numpy(float), 0)
        said = dict.fromkeys(PREDICTION, 0.0) | {"p_on_time": 1.0}
        waits = {name: ahead for name in PREDICTION if name.startswith("days_until")}
        return pd.DataFrame(said | waits, index=rows.index)


def ledger(invoices, payments, **tables):
    """Invoices (id, debtor, day issued, day due, minor units), payments (id, day, minor units, kind)."""
    names = ["invoice_id", "customer_id", "issued_on", "due_on", "amount_minor", "payment_method"]
    rows = [(id_, debtor, day(on), day(due), amount, how) for id_, debtor, on, due, amount, how in invoices]
    paid = [(id_, day(on), amount, kind) for id_, on, amount, kind in payments]
    return make_ledger(
        invoices=frame(names, rows),
        payments=frame(["invoice_id", "paid_on", "amount_minor", "kind"], paid),
        **tables,
    )


def errors_of(invoices, payments, *, start, end, as_of=400, most_rows=10_000, predictors=None, **tables):
    """The errors of forecasts from one day number to another."""
    known = ledger(invoices, payments, **tables)
    reading = reading_of(known_before(known, START + timedelta(as_of)), as_of, settings_with())
    predictors = predictors or {"payment_time": PaidOnDue(), "rule": PaidOnDue()}
    return forecast_errors(
        reading,
        predictors,
        start=START + timedelta(start),
        end=START + timedelta(end),
        most_rows=most_rows,
    )


M = FIRST_MONDAY + 70
"""Number of a Monday."""


def test_what_came_in_by_hand():
    """Open on Monday: 100, of which 60 came in week 1 and 40 in week 3; 50 paid before are no longer open.

    An invoice issued that Monday is outside although it is paid in week 1.
    """
    invoices = [
        ("a", "x", M - 20, M + 3, 150_00, None),
        ("new", "x", M, M + 2, 999_00, None),
    ]
    payments = [("a", M - 3, 50_00, None), ("a", M + 4, 60_00, None), ("a", M + 14, 40_00, None),
                ("new", M + 2, 999_00, None)]  # fmt: skip
    found = errors_of(invoices, payments, start=M, end=M + 1)
    assert list(found["actual"]) == [60_00, 0, 40_00, 0, 0, 0, 0, 0]
    assert list(found["horizon"]) == list(range(1, 9))
    assert found["expected"].iloc[0] == pytest.approx(100_00, rel=0.11)
    assert found["week"].iloc[0] == pd.Timestamp(START + timedelta(M))


def test_money_that_is_no_cash_or_too_much():
    """A discount is no money, a returned payment is taken off, and what is overpaid does not count."""
    invoices = [(name, "x", M - 20, M + 3, 100_00, None) for name in ("cut", "back", "over")]
    payments = [
        ("cut", M + 1, 97_00, "payment"), ("cut", M + 1, 3_00, "discount"),
        ("back", M + 1, 100_00, "payment"), ("back", M + 8, 100_00, "reversal"),
        ("over", M + 15, 130_00, "payment"),
    ]  # fmt: skip
    found = errors_of(invoices, payments, start=M, end=M + 1)
    assert list(found["actual"][:3]) == [197_00, -100_00, 100_00]


def test_weekend_money_counts_in_the_week_of_its_monday():
    """Paid on Saturday of week 1: money of week 2."""
    found = errors_of(
        [("a", "x", M - 20, M + 3, 100_00, None)], [("a", M + 5, 100_00, None)], start=M, end=M + 1
    )
    assert list(found["actual"][:2]) == [0, 100_00]


def test_weeks_that_are_not_over_are_left_out():
    """The ledger ends on a Sunday two weeks after the Monday: two weeks; a day less, one."""
    rows = ([("a", "x", M - 20, M + 3, 100_00, None)], [("a", M - 30, 1, None)])
    assert len(errors_of(*rows, start=M, end=M + 1, as_of=M + 14)) == 2
    assert len(errors_of(*rows, start=M, end=M + 1, as_of=M + 13)) == 1
    assert errors_of(*rows, start=M, end=M + 1, as_of=M + 6).empty


def test_only_mondays_inside_the_fold():
    """From Tuesday to the Monday after: none, as the end does not belong to it; a day more: that Monday."""
    rows = ([("a", "x", M - 20, M + 30, 100_00, None)], [("a", M + 30, 100_00, None)])
    assert errors_of(*rows, start=M + 1, end=M + 7).empty
    assert set(errors_of(*rows, start=M + 1, end=M + 8)["made_on"]) == {
        pd.Timestamp(START + timedelta(M + 7))
    }


def test_fewer_mondays_where_much_is_open():
    """Four Mondays with two items each are eight rows; with four allowed every second Monday is taken."""
    invoices = [(name, "x", M - 20, M + 60, 100_00, None) for name in ("a", "b")]
    paid = [("a", M + 60, 100_00, None)]
    found = errors_of(invoices, paid, start=M, end=M + 28, most_rows=4)
    assert sorted({(made - pd.Timestamp(START)).days - M for made in found["made_on"]}) == [0, 14]


def test_direct_debits_are_told_by_the_rule():
    """One item of each kind: the model and the rule are asked once."""
    invoices = [("a", "x", M - 20, M + 3, 100_00, None), ("b", "x", M - 20, M + 3, 100_00, "direct_debit")]
    predictors = {"payment_time": PaidOnDue(), "rule": PaidOnDue()}
    errors_of(invoices, [("a", M + 3, 100_00, None)], start=M, end=M + 1, predictors=predictors)
    assert [predictor.asked for predictor in predictors.values()] == [1, 1]


def test_insolvent_debtors_are_outside():
    """Insolvent since the day before: no money is counted on; on the day itself nobody knows yet."""
    rows = ([("a", "x", M - 20, M + 3, 100_00, None)], [("a", M + 3, 100_00, None)])
    for on, expected in ((M - 1, 0), (M, 8)):
        customers = pd.DataFrame({"customer_id": ["x"], "insolvent_on": pd.to_datetime([day(on)])})
        assert len(errors_of(*rows, start=M, end=M + 1, customers=customers)) == expected


def weekly_errors(count, first, off, seed=0):
    """One week ahead, expected 100 with arms of 5, came 100 + off · noise."""
    weeks = pd.date_range(first, periods=count, freq="W-MON")
    noise = np.random.default_rng(seed).standard_normal(count)
    rows = {"currency": "EUR", "made_on": weeks, "week": weeks, "horizon": 1, "expected": 100.0}
    return pd.DataFrame(rows | {"p10": 95.0, "p50": 100.0, "p90": 105.0, "actual": 100 + off * noise})


def test_a_fold_is_corrected_by_earlier_folds_only():
    """The first fold has nobody to learn from; the second one does, and a wild third changes neither."""
    first = (date(2025, 1, 6), weekly_errors(20, "2025-01-06", 10))
    second = (date(2025, 6, 2), weekly_errors(20, "2025-06-02", 10, seed=1))
    third = (date(2025, 12, 1), weekly_errors(20, "2025-12-01", 90, seed=2))
    two = cash_evaluation([first, second], seed=0)["currencies"]["EUR"]
    assert (two["plain"]["all"]["forecasts"], two["corrected"]["all"]["forecasts"]) == (40, 20)
    assert two["corrected"]["all"]["coverage"]["value"] > two["uncorrected"]["all"]["coverage"]["value"]
    mild = cash_evaluation([first, second, (third[0], third[1].iloc[:0])], seed=0)["currencies"]["EUR"]
    assert mild == two
    assert cash_evaluation([first], seed=0)["currencies"]["EUR"]["corrected"] == {}


def test_weeks_not_over_at_the_cutoff_teach_nothing():
    """Twenty weeks forecast before the cutoff, of which only seven were over by then: too few."""
    first = (date(2025, 1, 6), weekly_errors(20, "2025-01-06", 10))
    second = (date(2025, 2, 24), weekly_errors(5, "2025-06-02", 10))
    assert cash_evaluation([first, second], seed=0)["currencies"]["EUR"]["corrected"] == {}
    later = (date(2025, 3, 3), second[1])
    assert cash_evaluation([first, later], seed=0)["currencies"]["EUR"]["corrected"] != {}


def test_the_evaluation_fits_json_and_the_page():
    """Without forecasts there is neither; with them the page shows each horizon with and without."""
    assert cash_evaluation([], seed=0) == {}
    assert cash_forecast_section({}) is None
    assert cash_forecast_section({"cash": {}}) is None
    folds = [
        (date(2025, 1, 6), weekly_errors(20, "2025-01-06", 10)),
        (date(2025, 6, 2), weekly_errors(20, "2025-06-02", 10, seed=1)),
    ]
    found = json.loads(json.dumps(cash_evaluation(folds, seed=0)))
    table = cash_forecast_section({"cash": found}).tables[0]
    assert [(row[0].text, row[1].text) for row in table.rows] == [
        ("in the first week", "without correction"),
        ("in the first week", "corrected"),
        ("in all eight weeks", "without correction"),
        ("in all eight weeks", "corrected"),
    ]
