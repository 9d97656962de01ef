"""The features of debtors and invoices against their definition in plain loops, and against leaks."""

from __future__ import annotations

import dataclasses
from datetime import date

import brute_force
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_ledgers import CUSTOMERS, START, cut, day, frame, ledgers
from thoroughness import examples

from features.catalogue import (
    CATALOGUE,
    DEBTOR_FEATURES,
    INVOICE_COLUMNS,
    INVOICE_FEATURES,
    LASTING,
    PAY_RUN,
    names,
)
from features.errors import LedgerError
from features.invoice_state import invoice_features
from features.ledger import Ledger, make_ledger
from features.partitions import compute_in_parts
from features.pay_runs import days_to_month_end
from features.payment_history import debtor_features, debtor_figures, empty_matrix
from features.settlement import keep_books
from features.timeline import Points

RELAXED = settings(max_examples=examples(25), deadline=None)


def debtor_points(days: list[int]) -> pd.DataFrame:
    """Every debtor, and one that has no items, on each of the days."""
    pairs = [(customer, day(number)) for number in days for customer in (*CUSTOMERS, "nobody")]
    return frame(["customer_id", "day_on"], pairs).rename(columns={"day_on": "day"})


def invoice_points(ledger: Ledger, days: list[int]) -> pd.DataFrame:
    """Every item at its first point and at each of the days from then on."""
    pairs = []
    for row in ledger.invoices.itertuples():
        pairs.append((row.invoice_id, row.known_on))
        pairs += [(row.invoice_id, day(number)) for number in days if day(number) >= row.known_on]
    return frame(["invoice_id", "day_on"], pairs).rename(columns={"day_on": "day"})


DAYS = st.lists(st.integers(0, 1200), min_size=1, max_size=4)
BORDERS = st.lists(
    st.tuples(st.integers(0, 999), st.sampled_from([0, 1, 1, 31, 32, 90, 91, 365, 366, 731])),
    min_size=4,
    max_size=8,
)


def border_days(ledger: Ledger, picks: list[tuple[int, int]]) -> list[int]:
    """Days where something may change: so many days after one of the ledger's facts."""
    facts = [
        (moment.date() - START).days
        for table in (ledger.invoices, ledger.payments, ledger.disputes, ledger.customers)
        for name in table
        if table[name].dtype.kind == "M"
        for moment in table[name].dropna()
    ]
    return [facts[pick % len(facts)] + offset for pick, offset in picks]


@RELAXED
@given(ledger=ledgers(("EUR", "EUR", "JPY")), picks=BORDERS, late_after=st.sampled_from([0, 5]))
def test_debtor_features_are_what_their_definition_says(ledger, picks, late_after):
    """Every figure of every (debtor, day) point equals the one counted by plain loops."""
    points = debtor_points(border_days(ledger, picks))
    computed = debtor_features(keep_books(ledger), points, late_after_days=late_after)
    portfolio = brute_force.Portfolio(ledger)
    expected = pd.DataFrame(
        [
            brute_force.debtor_features(portfolio, p.customer_id, p.day.date(), late_after)
            for p in points.itertuples()
        ]
    )[names(DEBTOR_FEATURES)].astype(float)
    pd.testing.assert_frame_equal(computed, expected, check_exact=False, rtol=1e-9, atol=1e-7)


@RELAXED
@given(ledger=ledgers(("EUR", "EUR", "JPY")), picks=BORDERS, late_after=st.sampled_from([0, 5]))
def test_invoice_features_are_what_their_definition_says(ledger, picks, late_after):
    """Every figure of every (invoice, day) point, the first included, equals the one counted by loops."""
    points = invoice_points(ledger, border_days(ledger, picks))
    computed = invoice_features(keep_books(ledger), points, late_after_days=late_after)
    portfolio = brute_force.Portfolio(ledger)
    expected = pd.DataFrame(
        [
            brute_force.invoice_features(portfolio, p.invoice_id, p.day.date(), late_after)
            for p in points.itertuples()
        ]
    )[names(INVOICE_COLUMNS)].astype(float)
    pd.testing.assert_frame_equal(computed, expected, check_exact=False, rtol=1e-9, atol=1e-7)


@RELAXED
@given(
    ledger=ledgers(("EUR", "JPY")), last=st.integers(0, 900), back=st.lists(st.integers(0, 400), max_size=3)
)
def test_facts_from_the_day_on_change_nothing(ledger, last, back):
    """The full ledger says of every day up to D, bit for bit, what the ledger cut at D says."""
    known, days = cut(ledger, day(last)), [last, *(last - some for some in back)]
    points = debtor_points(days)
    pd.testing.assert_frame_equal(
        debtor_features(keep_books(ledger), points),
        debtor_features(keep_books(known), points),
        check_exact=True,
    )
    points = invoice_points(known, days)
    points = points[points["day"] <= day(last)]
    pd.testing.assert_frame_equal(
        invoice_features(keep_books(ledger), points),
        invoice_features(keep_books(known), points),
        check_exact=True,
    )


@RELAXED
@given(ledger=ledgers(("EUR", "JPY")), days=DAYS, seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(ledger, days, seed):
    """Shuffled tables give the same bytes, and shuffled points the same rows."""
    shuffled = dataclasses.replace(
        ledger,
        **{
            name: getattr(ledger, name).sample(frac=1, random_state=seed).reset_index(drop=True)
            for name in ("invoices", "payments", "disputes", "customers")
        },
    )
    points = invoice_points(ledger, days)
    mixed = points.sample(frac=1, random_state=seed)
    straight = invoice_features(keep_books(ledger), points)
    pd.testing.assert_frame_equal(
        straight, invoice_features(keep_books(shuffled), mixed).sort_index(), check_exact=True
    )


@RELAXED
@given(ledger=ledgers(), days=DAYS, rows_per_part=st.integers(1, 30), workers=st.sampled_from([1, 2]))
def test_any_partition_gives_the_same_bytes(ledger, days, rows_per_part, workers):
    """Parts of any size and any number of workers change nothing."""
    books, points = keep_books(ledger), debtor_points(days)
    debtor = books.customers.get_indexer(points["customer_id"])
    debtor = np.where(debtor < 0, len(books.customers), debtor)
    at = points["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    matrix, out = empty_matrix(names(DEBTOR_FEATURES), len(points))

    def compute(part, _, rows):
        return debtor_figures(part, part.items.debtor, Points(debtor[rows], at[rows]), 0)

    compute_in_parts(books, debtor, debtor, at, compute, out, workers=workers, rows_per_part=rows_per_part)
    np.testing.assert_array_equal(matrix.T, debtor_features(books, points).to_numpy())


def one_debtor(invoices: list[tuple], payments: list[tuple]) -> Ledger:
    """A ledger of one debtor: (id, issued, due, amount) and (id, paid, amount), days of 2023 as numbers."""
    return make_ledger(
        invoices=frame(
            ["invoice_id", "customer_id", "issued_on", "due_on", "amount_minor", "currency"],
            [(name, "anna", day(issued), day(due), amount, "EUR") for name, issued, due, amount in invoices],
        ),
        payments=frame(
            ["invoice_id", "paid_on", "amount_minor"],
            [(name, day(paid), amount) for name, paid, amount in payments],
        ),
    )


def at(invoice_id: str, number: int) -> pd.DataFrame:
    """One (invoice, day) point."""
    return frame(["invoice_id", "day_on"], [(invoice_id, day(number))]).rename(columns={"day_on": "day"})


def test_an_invoice_knows_itself_on_its_first_day_and_nothing_else_of_that_day():
    """On the day of issue the own amount is known, the other invoice and the payment of that day are not."""
    ledger = one_debtor(
        [("a", 0, 30, 10_000), ("b", 40, 70, 5_000), ("c", 40, 54, 9_000)], [("a", 40, 10_000)]
    )
    row = invoice_features(keep_books(ledger), at("b", 40)).iloc[0]
    assert row["invoice_amount"] == 50
    assert row["payment_terms_days"] == 30
    assert row["invoices_issued"] == 1
    assert row["settled_invoices"] == 0
    assert row["open_amount"] == 100
    assert row["overdue_amount"] == 100
    assert row["weighted_days_past_due"] == 10
    next_day = invoice_features(keep_books(ledger), at("b", 41)).iloc[0]
    assert next_day["invoices_issued"] == 3
    assert next_day["last_days_late"] == 10
    assert next_day["open_amount"] == 140


def test_sums_of_huge_amounts_are_exact():
    """A cent is not lost beside ten thousand million euros."""
    huge = 10**12
    ledger = one_debtor([("a", 0, 30, huge), ("b", 0, 30, huge + 1), ("c", 1, 31, 201)], [("a", 5, huge)])
    row = invoice_features(keep_books(ledger), at("c", 10)).iloc[0]
    assert row["open_amount"] == (huge + 202) / 100
    assert row["issued_amount_365d"] == (2 * huge + 202) / 100


def test_a_window_holds_the_days_before_the_day():
    """A closing of day 100 is in the 90 days before day 190 and no longer in those before day 191."""
    ledger = one_debtor([("a", 0, 90, 10_000), ("b", 150, 180, 10_000)], [("a", 100, 10_000)])
    books = keep_books(ledger)
    assert invoice_features(books, at("b", 190))["mean_days_late_90d"].item() == 10
    assert np.isnan(invoice_features(books, at("b", 191))["mean_days_late_90d"].item())


def test_weights_halve_every_90_days():
    """A closing 90 days older counts half: (1 x 0 + 0.5 x 30) / 1.5 = 10."""
    ledger = one_debtor(
        [("a", 0, 10, 10_000), ("b", 100, 130, 10_000), ("c", 200, 230, 10_000)],
        [("a", 40, 10_000), ("b", 130, 10_000)],
    )
    assert invoice_features(keep_books(ledger), at("c", 200))["decayed_days_late"].item() == pytest.approx(10)


def test_the_shape_of_the_delays_is_told():
    """Delays -10, 0, 8, 20, 70: each border is passed by the closings beyond it, and not by one on it."""
    delays = {"a": -10, "b": 0, "c": 8, "d": 20, "e": 70}
    ledger = one_debtor(
        [(name, 0, 30, 10_000) for name in delays] + [("x", 100, 130, 10_000)],
        [(name, 30 + late, 10_000) for name, late in delays.items()],
    )
    row = invoice_features(keep_books(ledger), at("x", 110)).iloc[0]
    assert row["early_over_7_share_365d"] == 0.2
    assert [row[f"late_over_{days}_share_365d"] for days in (7, 14, 30, 60)] == [0.6, 0.4, 0.2, 0.2]


@pytest.mark.parametrize(("late", "shares"), [(7, [0, 0]), (8, [0, 1]), (-7, [0, 0]), (-8, [1, 0])])
def test_seven_days_are_not_yet_over_seven(late, shares):
    """Exactly 7 days early or late is on neither side."""
    ledger = one_debtor([("a", 0, 30, 10_000), ("x", 90, 120, 10_000)], [("a", 30 + late, 10_000)])
    row = invoice_features(keep_books(ledger), at("x", 90)).iloc[0]
    assert [row["early_over_7_share_365d"], row["late_over_7_share_365d"]] == shares


def test_the_last_ten_are_ten():
    """Twelve closings, 0 to 11 days late: the last ten are 2 to 11, their mean and median 6.5."""
    numbers = range(12)
    ledger = one_debtor(
        [(f"i{n:02}", 0, 30 + n, 10_000) for n in numbers] + [("x", 90, 120, 10_000)],
        [(f"i{n:02}", 30 + 2 * n, 10_000) for n in numbers],
    )
    row = invoice_features(keep_books(ledger), at("x", 90), late_after_days=3).iloc[0]
    assert (row["mean_days_late_last_10"], row["median_days_late_last_10"]) == (6.5, 6.5)
    assert row["std_days_late_last_10"] == pytest.approx(np.std(range(2, 12)))
    assert row["late_share_last_10"] == 0.8


def test_the_oldest_open_item_is_the_one_due_first_until_its_closing_is_known():
    """Due on days 20, 30 and 40; the first is paid on day 50, the second never, the third on day 45."""
    ledger = one_debtor(
        [("a", 0, 20, 10_000), ("b", 5, 30, 5_000), ("c", 5, 40, 9_000)],
        [("a", 50, 10_000), ("c", 45, 9_000)],
    )
    books = keep_books(ledger)
    rows = [invoice_features(books, at("a", number)).iloc[0] for number in (0, 1, 50, 51, 60, 61)]
    ages = [row["oldest_days_past_due"] for row in rows]
    assert np.isnan(ages[0])
    assert ages[1:] == [-19, 30, 21, 30, 31]
    assert [row["overdue_over_30_amount"] for row in rows] == [0, 0, 0, 0, 0, 50]


def test_two_currencies_are_two_histories_and_no_sum():
    """An invoice sees its own currency; the whole debtor has counts but no amounts once both are known."""
    ledger = one_debtor([("a", 0, 30, 10_000), ("b", 5, 35, 700)], [])
    ledger.invoices["currency"] = ["EUR", "JPY"]
    books = keep_books(ledger)
    assert invoice_features(books, at("b", 10))["open_amount"].item() == 700
    assert invoice_features(books, at("a", 10))["open_amount"].item() == 100
    points = frame(["customer_id", "day_on"], [("anna", day(5)), ("anna", day(6))]).rename(
        columns={"day_on": "day"}
    )
    whole = debtor_features(books, points)
    assert whole["open_amount"].tolist()[0] == 100
    assert np.isnan(whole["open_amount"].tolist()[1])
    assert whole["open_invoices"].tolist() == [1, 2]


def test_sector_is_a_feature_only_when_declared_static():
    """Without `static` the columns of customers say nothing about the past."""
    ledger = one_debtor([("a", 0, 30, 10_000), ("b", 50, 80, 10_000)], [("a", 40, 10_000)])
    ledger = dataclasses.replace(
        ledger,
        customers=make_ledger(customers=frame(["customer_id", "sector"], [("anna", "food")])).customers,
    )
    books = keep_books(ledger)
    assert invoice_features(books, at("b", 50))["sector_mean_days_late_365d"].item() == 10
    assert invoice_features(books, at("b", 50), static=())["sector_mean_days_late_365d"].isna().all()


def test_an_item_is_overdue_on_the_day_after_its_due_day():
    """Due on day 30: not yet past due on day 30, one day past due on day 31."""
    books = keep_books(one_debtor([("a", 0, 30, 10_000)], []))
    assert invoice_features(books, at("a", 30))["overdue_invoices"].item() == 0
    row = invoice_features(books, at("a", 31)).iloc[0]
    assert (row["overdue_invoices"], row["days_past_due"], row["weighted_days_past_due"]) == (1, 1, 1)


def test_a_dispute_is_open_until_its_closing_is_known():
    """Opened on day 10 and closed on day 20: known from day 11 on, still open on day 20, closed on day 21."""
    ledger = one_debtor([("a", 0, 30, 10_000)], [])
    dispute = frame(["invoice_id", "opened_on", "closed_on"], [("a", day(10), day(20))])
    books = keep_books(dataclasses.replace(ledger, disputes=make_ledger(disputes=dispute).disputes))
    flags = [invoice_features(books, at("a", number))["disputed_now"].item() for number in (10, 11, 20, 21)]
    assert flags == [0, 1, 1, 0]


def test_a_closing_belongs_to_the_sector_of_its_own_day():
    """The debtor moved to steel on day 40, the day its payment became known: steel has that closing."""
    ledger = one_debtor([("a", 0, 30, 10_000), ("b", 50, 80, 10_000)], [("a", 40, 10_000)])
    rows = frame(
        ["customer_id", "valid_from", "sector"], [("anna", day(0), "food"), ("anna", day(40), "steel")]
    )
    books = keep_books(dataclasses.replace(ledger, customers=make_ledger(customers=rows).customers))
    assert invoice_features(books, at("b", 50))["sector_mean_days_late_365d"].item() == 10


def test_paying_days_are_counted_by_the_day_of_the_payment():
    """Paid on Monday 2, Saturday 28, Monday 30 and Tuesday 31 January 2023: three are month ends."""
    paid = [("a", 1), ("b", 27), ("c", 29), ("d", 30)]
    ledger = one_debtor(
        [(name, 0, 14, 10_000) for name, _ in paid] + [("x", 0, 45, 10_000)],
        [(name, on, 10_000) for name, on in paid],
    )
    rows = invoice_features(keep_books(ledger), at("x", 31)).iloc[0]
    counts = rows[[name for name in rows.index if name.startswith("paid_")]]
    assert counts[counts > 0].to_dict() == {
        "paid_on_monday_365d": 2,
        "paid_on_tuesday_365d": 1,
        "paid_on_weekend_365d": 1,
        "paid_at_month_end_365d": 3,  # Monday 2 was put off from the weekend
    }
    assert (rows["due_day_of_month"], rows["days_due_to_month_end"]) == (15, 13)
    assert (rows["pay_weekday_share_365d"], rows["month_end_share_365d"]) == (0.5, 0.75)
    assert rows["days_due_to_pay_weekday"] == 5  # from Wednesday 15 February to Monday 20
    # 7.75 days late on average, so ready 7 days before due, on the 8th; the month ends on the 28th
    assert rows["mean_days_late_365d"] == (-13 + 13 + 15 + 16) / 4
    assert (rows["days_late_at_next_run"], rows["days_waiting_for_run"]) == (13, 20)


def test_paying_days_leave_the_window_by_the_day_they_became_known():
    """Paid on Monday 2 January and told on day 10: unknown on day 10, counted up to day 375."""
    ledger = one_debtor([("a", 0, 14, 10_000), ("x", 0, 45, 10_000)], [("a", 1, 10_000)])
    ledger.payments["known_on"] = day(10)
    books = keep_books(ledger)
    days = (10, 11, 375, 376)
    counts = [invoice_features(books, at("x", number))["paid_on_monday_365d"].item() for number in days]
    assert counts == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("month", "days"), [((2023, 2), 28), ((2024, 2), 29), ((2023, 12), 31), ((1969, 11), 30)]
)
def test_the_last_day_of_every_kind_of_month_is_found(month, days):
    """Leap years, the turn of the year and days before 1970."""
    first = date(*month, 1).toordinal() - date(1970, 1, 1).toordinal()
    left = days_to_month_end(np.arange(first, first + days))
    assert left.tolist() == list(range(days - 1, -1, -1))


def test_paying_days_are_not_offered_to_learners():
    """Nor is what segments go by: they come with every row, after the features to learn from."""
    assert names(INVOICE_COLUMNS) == names(INVOICE_FEATURES) + names(PAY_RUN) + names(LASTING)
    assert not set(names(INVOICE_FEATURES)) & set(names(PAY_RUN) + names(LASTING))
    assert list(CATALOGUE) == names(INVOICE_COLUMNS)


@pytest.mark.parametrize(
    ("invoice_id", "number", "why"), [("z", 10, "not in the ledger"), ("b", 39, "not yet known")]
)
def test_a_point_without_its_invoice_is_refused(invoice_id, number, why):
    """A point about an unknown invoice, or before the invoice was known, is an error that says so."""
    books = keep_books(one_debtor([("b", 40, 70, 5_000)], []))
    with pytest.raises(LedgerError, match=why):
        invoice_features(books, at(invoice_id, number))
