"""Portfolio figures: each counted by hand on a few invoices, and against plain loops on random ledgers."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction

import pandas as pd
import pytest
from brute_force import Portfolio
from hypothesis import given, settings
from hypothesis import strategies as st
from random_ledgers import cut, ledgers
from thoroughness import examples

from features.errors import DebtscapeError
from features.ledger import Ledger, make_ledger
from features.open_items import open_items
from features.receivables import paid_invoices, receivables_journal
from features.settlement import keep_books
from models.portfolio_figures import REDUCTIONS, portfolio_figures

START = date(2024, 1, 1)
TODAY = 100
"""10 April 2024: the last 90 days begin on day 10, 11 January; March is days 60 to 90."""

AGES = [f"due_{age}_amount_minor" for age in ("1_30", "31_60", "61_90", "over_90")]
PERIOD = ["dso_days", "best_possible_dso_days", "average_days_delinquent"]
INDEX = "collection_effectiveness_index_percent"
DAYS = [f"weighted_{name}" for name in ("days_beyond_terms_signed", "days_beyond_terms_clamped")]
DAYS.append("weighted_average_days_to_pay")


def day(number: int | None) -> pd.Timestamp:
    """The number-th day of 2024; NaT for none."""
    return pd.NaT if number is None else pd.Timestamp(START + timedelta(number))


def table(rows: list[dict], days: list[str]) -> pd.DataFrame:
    """Rows as a table, day numbers as days."""
    frame = pd.DataFrame([{name: row.get(name) for name in {**dict.fromkeys(days), **row}} for row in rows])
    for name in days:
        numbers = [None if pd.isna(number) else int(number) for number in frame[name]]
        frame[name] = pd.Series([day(number) for number in numbers], dtype="datetime64[s]")
    return frame


def ledger(*invoices: dict, payments: list[dict] | None = None) -> Ledger:
    """The ledger of these invoices and payments."""
    tables = {"invoices": table(list(invoices), ["issued_on", "due_on", "original_due_on", "known_on"])}
    if payments:
        tables["payments"] = table(payments, ["paid_on", "known_on"])
    return make_ledger(**tables)


def invoice(name: str, issued_on: int, due_on: int, amount: int, **more: object) -> dict:
    """An invoice of anna, amount in cents."""
    base = {"invoice_id": name, "customer_id": "anna", "issued_on": issued_on, "due_on": due_on}
    return base | {"amount_minor": amount} | more


def pay(name: str, paid_on: int, amount: int, kind: str = "payment", **more: object) -> dict:
    """A movement of an invoice, amount in cents."""
    return {"invoice_id": name, "paid_on": paid_on, "amount_minor": amount, "kind": kind} | more


def figures(ledger: Ledger, today: int = TODAY, **periods: int) -> pd.DataFrame:
    """The figures of the ledger as of the day."""
    books, on = keep_books(ledger), START + timedelta(today)
    return portfolio_figures(receivables_journal(books, on), paid_invoices(books, on), on, **periods)


def only(ledger: Ledger, today: int = TODAY, **periods: int) -> pd.Series:
    """The figures of a ledger of one company and currency."""
    rows = figures(ledger, today, **periods)
    assert len(rows) == 1
    return rows.iloc[0]


OLD = invoice("old", 0, 30, 10_000)
"""Known before the 90 days, so that their sales are all told."""

PORTFOLIO = ledger(
    OLD,
    invoice("part", 20, 50, 30_000),
    invoice("new", 80, 110, 10_000),
    invoice("wrong", 60, 95, 20_000),
    payments=[
        pay("old", 40, 10_000),
        pay("part", 60, 10_000),
        pay("wrong", 70, 20_000, "credit"),
    ],
)
"""100 of before and 600 sold, 200 received and 200 credited: 300 open, 200 of it 50 days past due."""


def test_receivables_of_the_period_roll_forward() -> None:
    """What was open at the beginning and what happened since make what is open at the end."""
    row = only(PORTFOLIO)
    assert row["beginning_receivables_minor"] == 10_000
    assert row["sales_minor"] == 60_000
    assert list(row[list(REDUCTIONS)]) == [20_000, 20_000, 0, 0, 0]
    assert row["ending_receivables_minor"] == 30_000


def test_ages_by_days_past_due() -> None:
    """What is not due is current, the rest lies in its age, the unpaid part only."""
    row = only(PORTFOLIO)
    assert row["current_amount_minor"] == 10_000
    assert list(row[AGES]) == [0, 20_000, 0, 0]


@pytest.mark.parametrize(
    ("due_on", "column"),
    [
        (TODAY + 1, "current_amount_minor"),
        (TODAY, "current_amount_minor"),
        (TODAY - 1, AGES[0]),
        (TODAY - 30, AGES[0]),
        (TODAY - 31, AGES[1]),
        (TODAY - 60, AGES[1]),
        (TODAY - 61, AGES[2]),
        (TODAY - 90, AGES[2]),
        (TODAY - 91, AGES[3]),
    ],
)
def test_borders_of_the_ages(due_on: int, column: str) -> None:
    """The day it is due an invoice is not past due; day 30 belongs to the first age."""
    row = only(ledger(invoice("a", 0, due_on, 10_000)))
    assert {name: row[name] for name in ["current_amount_minor", *AGES] if row[name]} == {column: 10_000}


def test_dso_is_receivables_over_sales_times_days() -> None:
    """300 open of 600 sold in 90 days are 45 days, the 100 not overdue 15, the difference 30."""
    assert list(only(PORTFOLIO)[PERIOD]) == [45.0, 15.0, 30.0]


def test_dso_of_another_period() -> None:
    """In the last 50 days 300 were sold (new, wrong): 300 open are 50 days of sales."""
    row = only(PORTFOLIO, period_days=50)
    assert row["sales_minor"] == 30_000
    assert row["dso_days"] == 50.0


def test_collection_effectiveness_index() -> None:
    """Of 100 + 600 - 100 that could be collected, 100 + 600 - 300 were: two thirds."""
    assert only(PORTFOLIO)[INDEX] == pytest.approx(100 * 400 / 600)


def test_index_is_100_when_all_that_was_due_is_collected() -> None:
    """An open invoice that is not due takes nothing from the index."""
    row = only(ledger(OLD, invoice("new", 80, 110, 7_000), payments=[pay("old", 40, 10_000)]))
    assert row[INDEX] == 100.0
    assert row["average_days_delinquent"] == 0.0


def test_index_is_0_when_nothing_is_collected() -> None:
    """All open and overdue: nothing of what could be collected was."""
    assert only(ledger(OLD, invoice("b", 20, 50, 5_000)))[INDEX] == 0.0


def test_index_is_empty_with_nothing_to_collect() -> None:
    """Nothing at the beginning and all sales not due yet: there is no share of nothing."""
    paid_before = [pay("old", 5, 10_000)]
    assert math.isnan(only(ledger(OLD, invoice("b", 80, 110, 5_000), payments=paid_before))[INDEX])


def test_index_is_empty_with_less_than_nothing_to_collect() -> None:
    """A bounced payment that was never booked makes more current than was ever sold."""
    lent = ledger(invoice("old", 0, 110, 10_000), payments=[pay("old", 50, 10_000, "reversal")])
    assert math.isnan(only(lent)[INDEX])


def test_countback_takes_whole_months_and_the_last_pro_rata() -> None:
    """450 open: 100 of April (9 days), 200 of March (31), and 150 of February's 300 (half of 29 days)."""
    row = only(
        ledger(
            invoice("jan", 10, 40, 90_000),
            invoice("feb", 40, 110, 30_000),
            invoice("mar", 70, 110, 20_000),
            invoice("apr", 95, 110, 10_000),
            payments=[pay("jan", 50, 75_000), pay("feb", 80, 30_000)],
        )
    )
    assert row["ending_receivables_minor"] == 45_000
    assert row["countback_dso_days"] == 9 + 31 + 14.5


def test_countback_passes_over_a_month_without_sales() -> None:
    """300 open, nothing sold in April: its 9 days and the whole of March."""
    assert only(PORTFOLIO)["countback_dso_days"] == 40.0


def test_countback_on_the_first_of_a_month_has_no_running_month() -> None:
    """As of 1 April (day 91) half of March's sales are half of March's 31 days."""
    row = only(ledger(OLD, invoice("mar", 70, 110, 20_000), payments=[pay("old", 90, 10_000)]), 91)
    assert row["countback_dso_days"] == 31.0
    half = [pay("old", 80, 10_000), pay("mar", 80, 10_000)]
    assert only(ledger(OLD, invoice("mar", 70, 110, 20_000), payments=half), 91)["countback_dso_days"] == 15.5


def test_countback_is_0_with_nothing_open() -> None:
    """All paid: no day of sales is outstanding, also without sales this month."""
    assert only(ledger(OLD, payments=[pay("old", 20, 10_000)]))["countback_dso_days"] == 0.0


def test_countback_is_empty_beyond_all_sales() -> None:
    """A bounced payment that was never booked leaves 200 open of 100 ever sold."""
    row = only(ledger(OLD, payments=[pay("old", 20, 10_000, "reversal")]))
    assert row["ending_receivables_minor"] == 20_000
    assert math.isnan(row["countback_dso_days"])


def test_weighted_days() -> None:
    """300 paid 10 days late and 100 paid 6 days early: (3000 - 600) / 400 = 6 days, clamped 7.5."""
    row = only(
        ledger(
            invoice("late", 0, 30, 30_000),
            invoice("early", 10, 24, 10_000),
            payments=[pay("late", 40, 30_000), pay("early", 18, 10_000)],
        )
    )
    assert list(row[DAYS]) == [6.0, 7.5, (300 * 40 + 100 * 8) / 400]


def test_weighted_days_take_the_original_amount_and_the_last_part() -> None:
    """Paid in two parts, an invoice counts in full with the day that closed it."""
    parts = [pay("old", 20, 9_000), pay("old", 50, 1_000)]
    assert list(only(ledger(OLD, payments=parts))[DAYS]) == [20.0, 20.0, 50.0]


def test_weighted_days_count_from_the_due_day_at_issue() -> None:
    """An extension from day 30 to day 60 does not make a payment on day 40 early."""
    extended = invoice("a", 0, 60, 10_000, original_due_on=30)
    assert list(only(ledger(extended, payments=[pay("a", 40, 10_000)]))[DAYS]) == [10.0, 10.0, 40.0]


def test_overdue_counts_from_the_due_day_that_holds_now() -> None:
    """An invoice extended to a day ahead is current."""
    row = only(ledger(invoice("a", 0, 110, 10_000, original_due_on=30)))
    assert row["current_amount_minor"] == 10_000


@pytest.mark.parametrize("paid_within_days", [60, 61])
def test_weighted_days_of_the_last_days_only(paid_within_days: int) -> None:
    """A payment known 61 days ago is outside the last 60 and inside the last 61."""
    row = only(ledger(OLD, payments=[pay("old", 39, 10_000)]), paid_within_days=paid_within_days)
    assert math.isnan(row["weighted_average_days_to_pay"]) == (paid_within_days == 60)


@pytest.mark.parametrize("kind", ["credit", "write_off"])
def test_what_was_not_paid_has_no_days(kind: str) -> None:
    """An invoice closed by a credit or a write-off is neither late nor on time."""
    row = only(ledger(OLD, payments=[pay("old", 40, 10_000, kind)]))
    assert row[DAYS].isna().all()
    assert row["receipts_minor"] == 0
    assert row[f"{kind}s_minor"] == 10_000


def test_a_credit_note_counts_when_it_is_set_against_an_invoice() -> None:
    """An unapplied credit note is neither a sale nor a receivable; applied, it takes off the invoice."""
    note = invoice("note", 50, 50, -4_000, kind="credit_note")
    assert list(figures(ledger(OLD, note))["ending_receivables_minor"]) == [10_000]
    applied = [pay("old", 60, 4_000, "credit"), pay("note", 60, 4_000, "credit")]
    row = only(ledger(OLD, note, payments=applied))
    assert (row["credits_minor"], row["sales_minor"], row["ending_receivables_minor"]) == (4_000, 0, 6_000)


def test_credit_notes_alone_are_no_row() -> None:
    """A company that only issued credit notes has no receivables to tell of."""
    assert figures(ledger(invoice("note", 50, 50, -4_000, kind="credit_note"))).empty


def test_a_bounced_payment_never_happened() -> None:
    """Paid on day 40 and taken back on day 45: open again, nothing received, no days late."""
    row = only(ledger(OLD, payments=[pay("old", 40, 10_000), pay("old", 45, 10_000, "reversal")]))
    assert (row["receipts_minor"], row["ending_receivables_minor"]) == (0, 10_000)
    assert row[DAYS].isna().all()


def test_a_bounced_payment_counts_until_it_is_known() -> None:
    """As of the day it was taken back the invoice is still paid."""
    bounced = ledger(OLD, payments=[pay("old", 40, 10_000), pay("old", 45, 10_000, "reversal")])
    row = only(bounced, 45)
    assert (row["ending_receivables_minor"], row["weighted_average_days_to_pay"]) == (0, 40.0)


def test_a_payment_after_a_bounced_one_counts_once() -> None:
    """Only the last closing speaks: paid for good on day 70."""
    moves = [pay("old", 40, 10_000), pay("old", 45, 10_000, "reversal"), pay("old", 70, 10_000)]
    row = only(ledger(OLD, payments=moves))
    assert row["receipts_minor"] == 10_000
    assert list(row[DAYS]) == [40.0, 40.0, 70.0]


def test_a_pre_payment_counts_with_its_invoice() -> None:
    """Paid on day 5, invoiced on day 20: sale and receipt inside the period, 15 days before issue."""
    pre = invoice("pre", 20, 50, 8_000)
    row = only(ledger(OLD, pre, payments=[pay("pre", 5, 8_000)]))
    assert (row["beginning_receivables_minor"], row["sales_minor"]) == (10_000, 8_000)
    assert (row["receipts_minor"], row["ending_receivables_minor"]) == (8_000, 10_000)
    assert list(row[DAYS]) == [-45.0, 0.0, -15.0]


def test_money_in_transit_and_deductions_receive_nothing() -> None:
    """Announced money is not money yet, and a deduction is a dispute about the rest."""
    moves = [pay("old", 40, 10_000, in_transit=True), pay("old", 41, 2_000, "deduction", in_transit=False)]
    assert only(ledger(OLD, payments=moves))["ending_receivables_minor"] == 10_000


def test_a_discount_is_an_allowance() -> None:
    """98 received and 2 discount close the invoice: no rest is given up."""
    row = only(ledger(OLD, payments=[pay("old", 40, 9_800), pay("old", 40, 200, "discount")]))
    assert list(row[list(REDUCTIONS)]) == [9_800, 0, 0, 200, 0]


@pytest.mark.parametrize(("paid", "difference"), [(9_950, 50), (10_300, -300)])
def test_rests_given_up_and_overpayments_are_told_apart(paid: int, difference: int) -> None:
    """Closed within the tolerance 50 cents are given up; 3.00 too much is no receivable below zero."""
    row = only(ledger(OLD, payments=[pay("old", 40, paid)]))
    assert (row["receipts_minor"], row["settlement_differences_minor"]) == (paid, difference)
    assert row["ending_receivables_minor"] == 0


def test_figures_are_empty_without_sales() -> None:
    """Open without a sale in the period: the receivables are no number of days, and not infinite."""
    row = only(ledger(OLD))
    assert row["sales_minor"] == 0
    assert row[PERIOD].isna().all()
    assert row["ending_receivables_minor"] == 10_000


@pytest.mark.parametrize("first", [10, 11])
def test_dso_is_empty_where_the_books_begin_inside_the_period(first: int) -> None:
    """Sales of 89 days are not those of 90: the three figures and the index need the whole period."""
    row = only(ledger(invoice("a", first, 50, 10_000)))
    assert row[[*PERIOD, INDEX]].isna().all() == (first == 11)
    assert row["countback_dso_days"] > 0


def test_a_fact_counts_from_the_day_it_was_known() -> None:
    """An invoice of day 0 known on day 15 is a sale of the period; a payment known today is not known."""
    late = invoice("late", 0, 30, 6_000, known_on=15)
    row = only(ledger(OLD, late, payments=[pay("old", 40, 10_000, known_on=TODAY)]))
    assert (row["beginning_receivables_minor"], row["sales_minor"]) == (10_000, 6_000)
    assert (row["receipts_minor"], row["ending_receivables_minor"]) == (0, 16_000)


@pytest.mark.parametrize(("known_on", "sales"), [(9, 0), (10, 6_000)])
def test_the_first_day_of_the_period_belongs_to_it(known_on: int, sales: int) -> None:
    """90 days before day 100 is day 10: known then is a sale, known the day before is in the beginning."""
    row = only(ledger(OLD, invoice("b", 0, 30, 6_000, known_on=known_on)))
    assert row["sales_minor"] == sales
    assert row["beginning_receivables_minor"] == 16_000 - sales


def test_a_payment_known_on_the_day_has_no_days_yet() -> None:
    """Paid on day 40 but known on day 100: as of day 100 nothing was paid, as of day 101 it was."""
    told_late = ledger(OLD, payments=[pay("old", 40, 10_000, known_on=TODAY)])
    assert only(told_late)[DAYS].isna().all()
    assert list(only(told_late, TODAY + 1)[DAYS]) == [10.0, 10.0, 40.0]


def test_one_row_per_company_and_currency() -> None:
    """Companies and currencies are never added up; rows without a company come last."""
    rows = figures(
        ledger(
            invoice("a", 0, 30, 1_000, company_code="NL", currency="USD"),
            invoice("b", 0, 30, 2_000, company_code="NL", currency="EUR"),
            invoice("c", 0, 30, 4_000, company_code="BE", currency="EUR"),
            invoice("d", 20, 30, 8_000, company_code=None, currency="EUR"),
            payments=[pay("d", 40, 8_000), pay("c", 35, 4_000)],
        )
    )
    assert list(rows["company_code"].fillna("none")) == ["BE", "NL", "NL", "none"]
    assert list(rows["currency"]) == ["EUR", "EUR", "USD", "EUR"]
    assert list(rows["ending_receivables_minor"]) == [0, 2_000, 1_000, 0]
    assert list(rows["weighted_average_days_to_pay"].fillna(-1)) == [35.0, -1.0, -1.0, 20.0]
    assert list(rows["countback_dso_days"]) == [0.0, 100.0, 100.0, 0.0]


def test_nothing_known_is_no_row() -> None:
    """Before the first invoice there is no row, with all columns."""
    rows = figures(PORTFOLIO, 0)
    assert rows.empty
    assert list(rows.columns) == list(figures(PORTFOLIO).columns)


@pytest.mark.parametrize("wrong", [{"period_days": 0}, {"paid_within_days": -1}])
def test_a_period_without_a_day_is_refused(wrong: dict[str, int]) -> None:
    """A period has at least one day."""
    with pytest.raises(DebtscapeError, match="at least one day"):
        figures(PORTFOLIO, **wrong)


# Against plain loops

days = st.integers(1, 900)
two_currencies = ledgers(currencies=("EUR", "JPY"))


def at(number: int) -> date:
    """A day of the random ledgers, which begin with 2023."""
    return date(2023, 1, 1) + timedelta(number)


def of(ledger: Ledger, on: date) -> pd.DataFrame:
    """The usual figures as of a day."""
    books = keep_books(ledger)
    return portfolio_figures(receivables_journal(books, on), paid_invoices(books, on), on)


@settings(deadline=None, max_examples=examples(20))
@given(two_currencies, days)
def test_figures_are_what_plain_loops_say(ledger: Ledger, number: int) -> None:
    """Balances, days of sales and weighted days as their definitions, item by item and month by month."""
    on, since = at(number), at(number - 90)
    rows = of(ledger, on)
    invoices = [item for item in Portfolio(ledger).items if not item.credit_note and item.known < on]
    assert list(rows["currency"]) == sorted({item.currency for item in invoices})
    for _, row in rows.iterrows():
        items = [item for item in invoices if item.currency == row["currency"]]
        ending = sum(item.open_before(on) for item in items)
        current = sum(item.open_before(on) for item in items if item.due >= on)
        beginning = sum(item.open_before(since) for item in items if item.known < since)
        sales = sum(item.amount for item in items if item.known >= since)
        assert row["ending_receivables_minor"] == ending
        assert row["current_amount_minor"] == current
        assert row["beginning_receivables_minor"] == beginning
        assert row["sales_minor"] == sales
        covered = min(item.known for item in items) <= since
        same(row["dso_days"], Fraction(ending * 90, sales) if sales and covered else None)
        same(row["best_possible_dso_days"], Fraction(current * 90, sales) if sales and covered else None)
        collectable = beginning + sales - current
        index = Fraction(100 * (beginning + sales - ending), collectable) if collectable > 0 else None
        same(row[INDEX], index if covered else None)
        same(row["countback_dso_days"], counted_back(items, ending, on))
        paid = [
            found
            for item in items
            if (found := last_payment(item, on)) and found["ended"] >= at(number - 365)
        ]
        weight = sum(spell["item"].amount for spell in paid)
        for name, length in zip(DAYS, (signed, clamped, from_issue), strict=True):
            total = sum(spell["item"].amount * length(spell) for spell in paid)
            same(row[name], Fraction(total, weight) if weight else None)


def same(value: float, expected: Fraction | float | None) -> None:
    """Equal but for rounding, or both empty."""
    assert math.isnan(value) if expected is None else value == pytest.approx(float(expected), abs=1e-9)


def counted_back(items: list, receivables: int, on: date) -> float | None:
    """The countback by its words: month after month, until nothing is left."""
    end, counted, left = on, 0.0, receivables
    first = min(item.known for item in items)
    while left > 0:
        start = (end - timedelta(1)).replace(day=1)
        sales = sum(item.amount for item in items if start <= item.known < end)
        if left <= sales:
            return counted + left / sales * (end - start).days
        counted, left, end = counted + (end - start).days, left - sales, start
        if end <= first:
            return None
    return counted


def last_payment(item, on: date) -> dict | None:
    """The closing by payment that holds as known before the day."""
    known = [spell for spell in item.spells if spell["started"] < on]
    if known and known[-1]["ended"] and known[-1]["ended"] < on and known[-1]["how"] == "paid":
        return known[-1] | {"item": item}
    return None


def signed(spell: dict) -> int:
    """Days late of a closing."""
    return (spell["settled"] - spell["item"].first_due).days


def clamped(spell: dict) -> int:
    """Days late of a closing, early as 0."""
    return max(signed(spell), 0)


def from_issue(spell: dict) -> int:
    """Days from issue to the closing."""
    return (spell["settled"] - spell["item"].issued).days


@settings(deadline=None, max_examples=examples(20))
@given(two_currencies, days)
def test_the_accounts_add_up(ledger: Ledger, number: int) -> None:
    """Beginning + sales - reductions = ending = current + ages = open items; dso - best = delinquent."""
    on = at(number)
    rows = of(ledger, on)
    begun = rows["beginning_receivables_minor"] + rows["sales_minor"]
    assert list(begun - rows[list(REDUCTIONS)].sum(axis=1)) == list(rows["ending_receivables_minor"])
    aged = rows[["current_amount_minor", *AGES]].sum(axis=1)
    assert list(aged) == list(rows["ending_receivables_minor"])
    opened = open_items(keep_books(ledger), on).groupby("currency")["open_amount_minor"].sum()
    assert dict(opened) == {
        currency: amount
        for currency, amount in zip(rows["currency"], rows["ending_receivables_minor"], strict=True)
        if amount
    }
    late = rows["dso_days"] - rows["best_possible_dso_days"]
    pd.testing.assert_series_equal(rows["average_days_delinquent"], late, check_names=False)


@settings(deadline=None, max_examples=examples(20))
@given(two_currencies, days)
def test_what_becomes_known_on_the_day_or_later_changes_nothing(ledger: Ledger, number: int) -> None:
    """The ledger cut at the day gives the same figures to the bit."""
    on = at(number)
    pd.testing.assert_frame_equal(of(cut(ledger, pd.Timestamp(on)), on), of(ledger, on), check_exact=True)


@settings(deadline=None, max_examples=examples(20))
@given(two_currencies, days)
def test_the_order_of_the_rows_does_not_matter(ledger: Ledger, number: int) -> None:
    """The same rows upside down give the same figures to the bit."""
    turned = make_ledger(invoices=ledger.invoices[::-1], payments=ledger.payments[::-1])
    pd.testing.assert_frame_equal(of(turned, at(number)), of(ledger, at(number)), check_exact=True)
