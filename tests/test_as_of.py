"""What is open and owed as of a day: what is known on the day or later changes nothing."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_ledgers import START, day, frame, ledgers
from thoroughness import examples

from features.invoice_state import invoice_features
from features.ledger import Ledger, known_before, make_ledger
from features.open_items import closings, open_credit, open_items
from features.outcomes import landmarks, outcomes
from features.settlement import Tolerance, keep_books


def on(number: int) -> date:
    """The number-th day of 2023."""
    return START + timedelta(number)


@settings(max_examples=examples(40), deadline=None)
@given(ledger=ledgers(("EUR", "JPY")), number=st.integers(0, 1000))
def test_the_whole_ledger_says_what_the_ledger_known_before_the_day_says(ledger, number):
    """Open items, credit, closings, landmarks and outcomes are those of `known_before`."""
    whole, known = keep_books(ledger), keep_books(known_before(ledger, on(number)))
    for view in (open_items, open_credit):
        pd.testing.assert_frame_equal(view(whole, on(number)), view(known, on(number)))
    before = pd.Timestamp(day(number))
    later = closings(whole)
    later = later[later["known_on"] < before].reset_index(drop=True)
    later["reopened_known_on"] = later["reopened_known_on"].where(later["reopened_known_on"] < before)
    pd.testing.assert_frame_equal(later, closings(known))
    points = landmarks(whole, issued_from=None, before=on(number))
    pd.testing.assert_frame_equal(points, landmarks(known, issued_from=None, before=on(number)))
    for facts in (
        lambda books: outcomes(books, points, until=on(number)),
        lambda b: invoice_features(b, points),
    ):
        pd.testing.assert_frame_equal(facts(whole), facts(known), check_exact=True)


def ledger_of(*payments: dict, item: dict | None = None, **tables: pd.DataFrame) -> Ledger:
    """One item "a" of 100.00, issued on day 0 and due on day 30, and its payments; day numbers of 2023."""
    row = {"invoice_id": "a", "customer_id": "anna", "issued_on": 0, "due_on": 30, "amount_minor": 10_000}
    usual = {"invoice_id": "a", "amount_minor": 10_000}
    made = {"invoices": pd.DataFrame([row | (item or {})])}
    if payments:
        made["payments"] = pd.DataFrame([usual | payment for payment in payments])
    for table in made.values():
        for name in table.columns[table.columns.str.endswith("_on")]:
            table[name] = pd.Series(
                [day(None if pd.isna(n) else int(n)) for n in table[name]], dtype="datetime64[s]"
            )
    return make_ledger(**made, **tables)


def points_of(ledger: Ledger, before: int = 400) -> dict[str, int]:
    """Landmark -> day number of the item's points."""
    table = landmarks(keep_books(ledger), issued_from=None, before=on(before))
    numbers = (table["day"] - pd.Timestamp(START)).dt.days
    return dict(zip(table["landmark"], numbers, strict=True))


@pytest.mark.parametrize(
    ("payments", "is_point"),
    [
        pytest.param([{"paid_on": 2}], False, id="known the day before"),
        pytest.param([{"paid_on": 2, "known_on": 5}], True, id="known on the very day"),
        pytest.param([{"paid_on": 2, "known_on": 6}], True, id="known the day after"),
        pytest.param([{"paid_on": 2, "amount_minor": 9_899}], True, id="known before, a cent too little"),
        pytest.param([{"paid_on": 2}, {"paid_on": 3, "kind": "reversal"}], True, id="taken back before"),
    ],
)
def test_only_what_is_known_before_an_item_takes_away_its_first_point(payments, is_point):
    """Known on day 5: a payment takes away the point of day 5 when it was known on day 4 or earlier."""
    assert ("issue" in points_of(ledger_of(*payments, item={"known_on": 5}))) == is_point


def test_a_payment_known_on_the_first_day_is_an_event_of_that_day():
    """Paid on day 2, known with the item on day 5, due on day 30: 25 days early."""
    books = keep_books(ledger_of({"paid_on": 2, "known_on": 5}, item={"known_on": 5}))
    point = landmarks(books, issued_from=None, before=on(100))
    assert point["landmark"].tolist() == ["issue"]
    seen = outcomes(books, point, until=on(100)).iloc[0]
    assert (seen["event"], seen["days_late"]) == (True, -25.0)


def test_a_payment_before_issue_is_history_from_the_day_after_the_item_is_known():
    """Paid on day -5 for an item of day 0: no open item ever, a closing 35 days early from day 1 on."""
    ledger = ledger_of({"paid_on": -5})
    books = keep_books(ledger)
    points = frame(["invoice_id", "day_on"], [("a", day(0)), ("a", day(1))]).rename(columns={"day_on": "day"})
    figures = invoice_features(books, points)
    assert figures["settled_invoices"].tolist() == [0, 1]
    assert figures["last_days_late"].tolist()[1] == -35
    assert figures["open_invoices"].tolist() == [0, 0]
    assert [len(open_items(books, on(number))) for number in (0, 1, 2)] == [0, 0, 0]


def test_money_in_transit_waits_for_its_item():
    """Announced on day 3 for an item known on day 10: credit of its company from day 11 on."""
    announced = {"paid_on": 3, "in_transit": True}
    ledger = ledger_of(announced, item={"known_on": 10, "company_code": "NL01"})
    assert open_credit(keep_books(ledger), on(10)).empty
    credit = open_credit(keep_books(ledger), on(11))
    assert credit[["company_code", "in_transit_minor"]].to_numpy().tolist() == [["NL01", 10_000]]


def test_paid_and_taken_back_on_one_day_closes_nothing():
    """A payment and its reversal known on day 40: no closing, open before and after, no gap in the points."""
    books = keep_books(ledger_of({"paid_on": 40}, {"paid_on": 40, "kind": "reversal"}))
    assert closings(books).empty
    assert [len(open_items(books, on(number))) for number in (40, 41)] == [1, 1]


def test_taken_back_and_paid_again_on_one_day_reopens_nothing():
    """Paid on day 20; on day 35 taken back and paid again: one closing, never reopened."""
    books = keep_books(ledger_of({"paid_on": 20}, {"paid_on": 35, "kind": "reversal"}, {"paid_on": 35}))
    closing = closings(books)
    assert (closing["settled_on"].tolist(), closing["reopened_known_on"].isna().all()) == ([day(20)], True)


def test_a_rest_of_nothing_is_closed_without_any_tolerance():
    """With tolerance 0 the last cent closes the item and a cent more leaves nothing open."""
    nothing = Tolerance(share=0.0, amount=0.0)
    for paid, left in ((9_999, [1]), (10_000, []), (10_001, [])):
        books = keep_books(ledger_of({"paid_on": 5, "amount_minor": paid}), nothing)
        assert open_items(books, on(6))["open_amount_minor"].tolist() == left


def test_an_item_within_the_tolerance_is_open_only_after_money_was_taken_back():
    """0.90 is never open; after 0.90 was paid and 2.00 taken back on day 8, 2.00 is, until paid on day 12."""
    ledger = ledger_of(
        {"paid_on": 5, "amount_minor": 90},
        {"paid_on": 8, "amount_minor": 200, "kind": "reversal"},
        {"paid_on": 12, "amount_minor": 200},
        item={"amount_minor": 90},
    )
    books = keep_books(ledger)
    amounts = [open_items(books, on(number))["open_amount_minor"].tolist() for number in (1, 6, 8, 9, 12, 13)]
    assert amounts == [[], [], [], [200], [200], []]
    assert closings(books)["settled_on"].tolist() == [day(12)]
    assert "issue" not in points_of(ledger)


def test_a_credit_note_applied_closes_the_item_and_uses_up_the_credit():
    """A note of 40.00 applied on day 10 and 60.00 paid on day 20: nothing open, nothing left of the note."""
    ledger = ledger_of(
        {"paid_on": 10, "amount_minor": 4_000, "kind": "credit"}, {"paid_on": 20, "amount_minor": 6_000}
    )
    note = ledger_of(
        {"paid_on": 10, "amount_minor": 4_000}, item={"kind": "credit_note", "amount_minor": -4_000}
    )
    both = make_ledger(
        invoices=pd.concat([ledger.invoices, note.invoices.assign(invoice_id="n")]),
        payments=pd.concat([ledger.payments, note.payments.assign(invoice_id="n")]),
    )
    books = keep_books(both)
    assert open_items(books, on(11))["open_amount_minor"].tolist() == [6_000]
    assert open_credit(books, on(10))["credit_minor"].tolist() == [4_000]
    assert open_credit(books, on(11)).empty
    assert closings(books)[["invoice_id", "how"]].to_numpy().tolist() == [["a", "paid"]]


def test_money_after_a_write_off_does_not_make_it_paid():
    """Written off on day 90, money on day 120: censored on day 90, no payment behaviour."""
    books = keep_books(ledger_of({"paid_on": 90, "kind": "write_off"}, {"paid_on": 120}))
    point = frame(["invoice_id", "day_on"], [("a", day(200))]).rename(columns={"day_on": "day"})
    assert invoice_features(books, point)["settled_invoices"].item() == 0
    first = landmarks(books, issued_from=None, before=on(1))
    seen = outcomes(books, first, until=on(200)).iloc[0]
    assert (seen["event"], seen["ended"], seen["days_late"]) == (False, "written_off", 60.0)


def test_a_returned_direct_debit_is_no_behaviour_but_counts_as_taken_back():
    """Collected on day 30, returned on day 33: no closing of the debtor's, one reversal, open again."""
    ledger = ledger_of(
        {"paid_on": 30}, {"paid_on": 33, "kind": "reversal"}, item={"payment_method": "direct_debit"}
    )
    books = keep_books(ledger)
    point = frame(["invoice_id", "day_on"], [("a", day(34))]).rename(columns={"day_on": "day"})
    row = invoice_features(books, point).iloc[0]
    assert (row["settled_invoices"], row["reversals_365d"], row["overdue_invoices"]) == (0, 1, 1)
    assert points_of(ledger) == {}


def test_a_dated_row_of_one_debtor_does_not_hide_those_of_another():
    """Bert is in food since day 0, anna since day 60: on day 50 bert's sector has his closing, 10 days late.

    What of anna became known on day 60 changes nothing on day 50.
    """
    mine = ledger_of({"paid_on": 40}, item={"customer_id": "bert"})
    other = ledger_of(item={"customer_id": "anna", "invoice_id": "b"})
    since = frame(
        ["customer_id", "valid_from", "sector"], [("anna", day(60), "food"), ("bert", day(0), "food")]
    )
    for customers in (since, since.iloc[1:]):
        books = keep_books(
            make_ledger(
                invoices=pd.concat([mine.invoices, other.invoices]),
                payments=mine.payments,
                customers=customers,
            )
        )
        point = frame(["invoice_id", "day_on"], [("a", day(50))]).rename(columns={"day_on": "day"})
        assert invoice_features(books, point)["sector_mean_days_late_365d"].item() == 10


def test_a_debtor_keeps_its_sector_of_then_when_a_later_row_is_known():
    """Food since day 0, steel since day 60: as of day 100 its point of day 50 still lies in food."""
    ledger = ledger_of({"paid_on": 40})
    rows = frame(
        ["customer_id", "valid_from", "sector"], [("anna", day(0), "food"), ("anna", day(60), "steel")]
    )
    ledger = dataclasses.replace(ledger, customers=make_ledger(customers=rows).customers)
    point = frame(["invoice_id", "day_on"], [("a", day(50)), ("a", day(70))]).rename(
        columns={"day_on": "day"}
    )
    for number in (55, 100):
        books = keep_books(known_before(ledger, on(number)))
        assert invoice_features(books, point)["sector_mean_days_late_365d"].tolist()[0] == 10
    assert pd.isna(invoice_features(books, point)["sector_mean_days_late_365d"].tolist()[1])
