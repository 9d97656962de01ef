"""How late a debtor pays when nobody reminds."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.ledger import Ledger, make_ledger
from models.reminding.habits import payment_habits

DAY = date(2024, 6, 3)


def on(text: str) -> pd.Timestamp:
    """The day as a table holds it."""
    return pd.Timestamp(text)


def closings_of(rows: list[tuple[str, str, int]], **columns: object) -> pd.DataFrame:
    """Closings by payment: debtor, day it was settled and known, days late; ids I0, I1, …"""
    settled = [on(day) for _, day, _ in rows]
    frame = pd.DataFrame(
        {
            "invoice_id": [f"I{number}" for number in range(len(rows))],
            "customer_id": [debtor for debtor, *_ in rows],
            "settled_on": settled,
            "known_on": settled,
            "how": "paid",
            "reopened_known_on": pd.NaT,
        }
    )
    return frame.assign(**columns)


def ledger_of(
    rows: list[tuple[str, str, int]], contacts: list[dict[str, object]] | None = None, **invoice: object
) -> Ledger:
    """The ledger of those closings' invoices, due as long before as they were late."""
    due = [on(day) - timedelta(days=late) for _, day, late in rows]
    invoices = pd.DataFrame(
        {
            "invoice_id": [f"I{number}" for number in range(len(rows))],
            "customer_id": [debtor for debtor, *_ in rows],
            "issued_on": due,
            "due_on": due,
            "amount_minor": 100,
        }
    ).assign(**invoice)
    tables = {"contact_history": pd.DataFrame(contacts)} if contacts else {}
    return make_ledger(invoices=invoices, **tables)


def habit(*rows: tuple[str, int], day: date = DAY, **invoice: object) -> pd.DataFrame:
    """Habits of debtor X: each closing settled that day and so many days late."""
    full = [("X", settled, late) for settled, late in rows]
    return payment_habits(closings_of(full), ledger_of(full, **invoice), day)


def counted(contacts: list[dict[str, object]], **invoice: object) -> int:
    """How many of X's invoices count: I0, due 1 May 2024 and settled on the 11th; contacts are sent to X."""
    rows = [("X", "2024-05-11", 10)]
    made = [{"customer_id": "X", "status": "sent", "kind": "reminder", **contact} for contact in contacts]
    return len(payment_habits(closings_of(rows), ledger_of(rows, made, **invoice), DAY))


def test_habits_are_count_median_and_spread() -> None:
    """Of 0, 2, 4, 6, 8 days late: median 4, 10th percentile 0.8, 90th 7.2."""
    row = habit(*[("2024-05-01", late) for late in (8, 0, 4, 2, 6)]).loc["X"]
    assert row.tolist() == pytest.approx([5, 4.0, 6.4])


def test_habits_count_365_days_before_the_day() -> None:
    """3 June 2023 is 366 days before 3 June 2024; 4 June 2023 counts, the run day does not."""
    found = habit(("2023-06-03", 9), ("2023-06-04", 3), ("2024-06-02", 3), ("2024-06-03", 9))
    assert found.loc["X"].tolist() == [2, 3.0, 0.0]


def test_direct_debits_are_no_habit_and_extensions_do_not_hide_one() -> None:
    """The creditor chooses the day of a direct debit; days late count from the first due day."""
    assert habit(("2024-05-01", 3), payment_method="direct_debit").empty
    extended = habit(("2024-05-01", 0), original_due_on=on("2024-04-21")).loc["X"]
    assert extended["median_days_late"] == 10


@pytest.mark.parametrize(
    ("how", "reopened"), [("credited", None), ("written_off", None), ("paid", "2024-05-20")]
)
def test_only_payments_that_stay_are_a_habit(how: str, reopened: str | None) -> None:
    """Neither what a credit note or a write-off closed, nor a payment that was taken back."""
    rows = [("X", "2024-05-11", 10)]
    closings = closings_of(rows, how=how, reopened_known_on=pd.to_datetime(reopened))
    assert payment_habits(closings, ledger_of(rows), DAY).empty


def test_a_payment_counts_until_it_is_known_to_be_taken_back() -> None:
    """Taken back on 20 May: on that day nobody knew yet."""
    rows = [("X", "2024-05-11", 10)]
    closings = closings_of(rows, reopened_known_on=on("2024-05-20"))
    assert len(payment_habits(closings, ledger_of(rows), date(2024, 5, 20))) == 1


@pytest.mark.parametrize(
    ("contact", "count"),
    [
        ({"invoice_id": "I0", "contacted_on": on("2024-05-10")}, 0),
        ({"invoice_id": "I0", "contacted_on": on("2024-05-11")}, 0),
        ({"invoice_id": "I0", "contacted_on": on("2024-05-12")}, 1),
        ({"invoice_id": "I0", "contacted_on": on("2024-04-20")}, 0),
        ({"invoice_id": "I0", "contacted_on": on("2024-05-10"), "status": "reached"}, 0),
        ({"invoice_id": "I0", "contacted_on": on("2024-05-10"), "status": "bounced"}, 1),
        ({"invoice_id": "I9", "contacted_on": on("2024-05-10")}, 1),
        ({"contacted_on": on("2024-05-02")}, 0),
        ({"contacted_on": on("2024-05-01")}, 1),
        ({"contacted_on": on("2024-05-12")}, 1),
        ({"contacted_on": on("2024-05-02"), "customer_id": "Y"}, 1),
    ],
)
def test_what_a_reminder_brought_is_no_habit(contact: dict[str, object], count: int) -> None:
    """Named, or naming none while the invoice was open and past due, by the day it was settled."""
    assert counted([contact]) == count


def test_one_reminder_of_many_is_enough() -> None:
    """A contact too early for an invoice does not hide the one after it."""
    early, heard = {"contacted_on": on("2024-04-01")}, {"contacted_on": on("2024-05-05")}
    assert counted([heard, early]) == 0


@pytest.mark.parametrize(
    ("level", "dunned", "count"),
    [(1, "2024-05-05", 0), (1, "2024-05-11", 0), (1, "2024-05-12", 1), (1, None, 0), (0, None, 1)],
)
def test_a_dunning_level_of_the_ledger_is_a_reminder_too(level: int, dunned: str | None, count: int) -> None:
    """Where there is no contact history; without a day it is taken as reached before the payment."""
    assert counted([], dunning_level=level, last_dunned_on=pd.to_datetime(dunned)) == count


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-20, 60)), min_size=1, max_size=20))
def test_habits_equal_numpys_quantiles(rows: list[tuple[int, int]]) -> None:
    """The same figures as one quantile call per debtor."""
    full = [(f"C{number}", "2024-05-01", late) for number, late in rows]
    found = payment_habits(closings_of(full), ledger_of(full), DAY)
    for name in {debtor for debtor, *_ in full}:
        late = [days for who, _, days in full if who == name]
        p10, p50, p90 = np.quantile(late, [0.1, 0.5, 0.9])
        assert found.loc[name].tolist() == pytest.approx([len(late), p50, p90 - p10])


contact_rows = st.tuples(
    st.integers(0, 1), st.sampled_from([None, "", 0, 1, 2, 3]), st.integers(0, 60), st.booleans()
)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60), st.integers(-20, 30)), min_size=1, max_size=4),
    st.lists(contact_rows, max_size=4),
)
def test_reminded_invoices_equal_their_definition(
    paid: list[tuple[int, int, int]], contacts: list[tuple[int, object, int, bool]]
) -> None:
    """Counts as a loop over every payment and every contact says."""
    start = pd.Timestamp("2024-03-01")
    rows = [(f"C{who}", str((start + timedelta(days=at)).date()), late) for who, at, late in paid]
    made = [
        {
            "customer_id": f"C{who}",
            "invoice_id": f"I{about}" if isinstance(about, int) else about,
            "contacted_on": start + timedelta(days=at),
            "status": "sent" if sent else "bounced",
        }
        for who, about, at, sent in contacts
    ]
    expected: dict[str, int] = {}
    for number, (debtor, day, late) in enumerate(rows):
        settled = pd.Timestamp(day)
        due = settled - timedelta(days=late)
        heard = any(
            c["status"] == "sent"
            and c["contacted_on"] <= settled
            and (
                c["invoice_id"] == f"I{number}"
                or (not c["invoice_id"] and c["customer_id"] == debtor and c["contacted_on"] > due)
            )
            for c in made
        )
        expected[debtor] = expected.get(debtor, 0) + (not heard)
    found = payment_habits(closings_of(rows), ledger_of(rows, made), DAY)["settled_invoices_365d"]
    assert found.to_dict() == {debtor: count for debtor, count in sorted(expected.items()) if count}
