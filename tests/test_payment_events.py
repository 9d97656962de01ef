"""The time line of a debtor: what was known before the day, newest first where there is too much."""

from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.contracts.history_tables import EVENTS
from features.ledger import Ledger, known_before, make_ledger
from features.payment_events import MOST, WINDOW_DAYS, payment_events
from features.settlement import Tolerance, keep_books

DAY = date(2026, 3, 2)
NOBODY = pd.DataFrame(
    {"customer_id": [], "invoice_id": [], "on": [], "known_on": []},
).astype({"customer_id": "str", "invoice_id": "str", "on": "datetime64[s]", "known_on": "datetime64[s]"})


def days(*texts: str | None) -> pd.Series:
    """A column of days."""
    return pd.Series(texts, dtype="datetime64[s]")


def told(ledger: Ledger, day: date = DAY, broken: pd.DataFrame = NOBODY) -> pd.DataFrame:
    """The events of a ledger as of a day."""
    books = keep_books(known_before(ledger, day), Tolerance(0.01, 1.0))
    return payment_events(books, broken, day, home_currency="EUR")


def lines(events: pd.DataFrame) -> list[tuple[str, ...]]:
    """Day, event and invoice of each row."""
    on = events["happened_on"].dt.strftime("%Y-%m-%d")
    return list(zip(on, events["event"], events["invoice_id"].fillna(""), strict=True))


def invoices(*rows: tuple[str, str, str, str], amount: int = 10_000) -> pd.DataFrame:
    """Invoices of (id, debtor, issued, due)."""
    ids, debtors, issued, due = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "invoice_id": ids,
            "customer_id": debtors,
            "issued_on": days(*issued),
            "due_on": days(*due),
            "amount_minor": amount,
        }
    )


ONE = invoices(("i1", "c1", "2026-01-10", "2026-02-10"))


def test_an_invoice_is_issued_and_paid_late() -> None:
    """Paid on 14 February, four days after it was due."""
    payments = pd.DataFrame({"invoice_id": ["i1"], "paid_on": days("2026-02-14"), "amount_minor": [10_000]})
    events = told(make_ledger(invoices=ONE, payments=payments))
    assert lines(events) == [("2026-01-10", "invoice_issued", "i1"), ("2026-02-14", "invoice_paid", "i1")]
    assert events["days_late"].tolist() == [pd.NA, 4]
    assert events["amount_minor"].tolist() == [10_000, 10_000]
    assert events["currency"].tolist() == ["EUR", "EUR"]


def test_a_payment_of_a_part_is_no_event() -> None:
    """Half is paid: the invoice is open."""
    payments = pd.DataFrame({"invoice_id": ["i1"], "paid_on": days("2026-02-14"), "amount_minor": [5_000]})
    assert lines(told(make_ledger(invoices=ONE, payments=payments))) == [
        ("2026-01-10", "invoice_issued", "i1")
    ]


@pytest.mark.parametrize(("kind", "event"), [("credit", "credited"), ("write_off", "written_off")])
def test_what_closes_an_item_without_money_has_its_own_event(kind: str, event: str) -> None:
    """It was not paid, and neither late nor on time."""
    payments = pd.DataFrame(
        {"invoice_id": ["i1"], "paid_on": days("2026-02-14"), "amount_minor": [10_000], "kind": [kind]}
    )
    events = told(make_ledger(invoices=ONE, payments=payments))
    assert lines(events)[-1] == ("2026-02-14", event, "i1")
    assert events["days_late"].isna().all()


def test_a_payment_taken_back_stays_and_the_reversal_follows() -> None:
    """Both happened."""
    payments = pd.DataFrame(
        {
            "invoice_id": ["i1", "i1"],
            "paid_on": days("2026-02-14", "2026-02-20"),
            "amount_minor": [10_000, 10_000],
            "kind": ["payment", "reversal"],
        }
    )
    events = told(make_ledger(invoices=ONE, payments=payments))
    assert lines(events)[1:] == [("2026-02-14", "invoice_paid", "i1"), ("2026-02-20", "reversal", "i1")]
    assert events["amount_minor"].iloc[-1] == 10_000


def test_a_credit_note_is_no_invoice() -> None:
    """What it credits is told when it is set against an invoice."""
    note = invoices(("n1", "c1", "2026-01-10", "2026-01-10"), amount=-500).assign(kind="credit_note")
    assert told(make_ledger(invoices=note)).empty


def test_contacts_are_told_without_their_notes() -> None:
    """Kind, channel and status; what people wrote stays in the ledger, what was suppressed was not made."""
    contacts = pd.DataFrame(
        {
            "customer_id": ["c1", "c1", "c2"],
            "contacted_on": days("2026-02-12", "2026-02-13", "2026-02-14"),
            "kind": ["reminder", "call", None],
            "channel": ["email", "phone", None],
            "status": ["sent", "suppressed", "not_reached"],
            "note": ["SECRET", "SECRET", "SECRET"],
            "outcome": ["SECRET", "SECRET", "SECRET"],
            "invoice_id": ["i1", None, None],
        }
    )
    events = told(make_ledger(invoices=ONE, contact_history=contacts))
    assert lines(events)[1:] == [("2026-02-12", "contact", "i1"), ("2026-02-14", "contact", "")]
    assert events["words"].tolist()[1:] == ["reminder, email, sent", "contact, not reached"]
    assert events["customer_id"].tolist() == ["c1", "c1", "c2"]
    assert "SECRET" not in events.to_string()


def test_promises_are_told_with_their_day_and_amount_and_when_they_were_broken() -> None:
    """About no item the amount is in the home currency; nobody named one of the second."""
    contacts = pd.DataFrame(
        {
            "customer_id": ["c1", "c1"],
            "contacted_on": days("2026-02-12", "2026-02-13"),
            "promise_made_on": days("2026-02-12", "2026-02-13"),
            "promised_for": days("2026-02-20", "2026-03-20"),
            "promised_amount_minor": pd.array([10_000, None], dtype="Int64"),
        }
    )
    broken = pd.DataFrame(
        {"customer_id": ["c1"], "invoice_id": [""], "on": days("2026-02-20"), "known_on": days("2026-02-25")}
    )
    events = told(make_ledger(invoices=ONE, contact_history=contacts), broken=broken)
    promised = events[events["event"] == "promise"]
    assert promised["words"].tolist() == ["promised for 2026-02-20", "promised for 2026-03-20"]
    assert promised["amount_minor"].tolist() == [10_000, pd.NA]
    assert promised["currency"].fillna("").tolist() == ["EUR", ""]
    assert lines(events)[-1] == ("2026-02-25", "promise_broken", "")


def test_disputes_are_opened_and_closed() -> None:
    """With reason, outcome and the disputed amount."""
    disputes = pd.DataFrame(
        {
            "invoice_id": ["i1", "gone"],
            "opened_on": days("2026-02-12", "2026-02-12"),
            "closed_on": days("2026-02-18", None),
            "disputed_amount_minor": pd.array([3_000, None], dtype="Int64"),
            "reason": ["price", "price"],
            "outcome": ["accepted", None],
        }
    )
    events = told(make_ledger(invoices=ONE, disputes=disputes))
    assert lines(events)[1:] == [
        ("2026-02-12", "dispute_opened", "i1"),
        ("2026-02-18", "dispute_closed", "i1"),
    ]
    assert events["words"].tolist()[1:] == ["price", "accepted"]
    assert events["amount_minor"].tolist()[1:] == [3_000, 3_000]


def test_only_the_window_is_told() -> None:
    """The first day of the window is in it; the day itself and the day before the window are not."""
    first = DAY - timedelta(days=WINDOW_DAYS)
    known = [first - timedelta(days=1), first, DAY - timedelta(days=1), DAY]
    rows = [(f"i{place}", "c1", str(day), str(day)) for place, day in enumerate(known)]
    assert [invoice for *_, invoice in lines(told(make_ledger(invoices=invoices(*rows))))] == ["i1", "i2"]


def test_the_newest_events_of_each_debtor_are_kept() -> None:
    """Of 70 invoices the last 30; the other debtor keeps its one."""
    start = date(2025, 6, 1)
    rows = [(f"i{n:02}", "c1", str(start + timedelta(days=n)), "2026-12-01") for n in range(70)]
    events = told(make_ledger(invoices=invoices(*rows, ("x1", "c2", "2025-01-01", "2026-12-01"))))
    assert events[events["customer_id"] == "c1"]["invoice_id"].tolist() == [f"i{n:02}" for n in range(40, 70)]
    assert events[events["customer_id"] == "c2"]["invoice_id"].tolist() == ["x1"]


def test_many_contacts_push_no_payment_and_no_promise_out() -> None:
    """After invoice and promise there were 40 calls: the newest 15 are told beside them."""
    called = [DAY - timedelta(days=41 - n) for n in range(40)]
    contacts = pd.DataFrame(
        {
            "customer_id": "c1",
            "contacted_on": days("2026-01-11", *map(str, called)),
            "promised_for": days("2026-01-15", *[None] * 40),
        }
    )
    events = told(make_ledger(invoices=ONE, contact_history=contacts))
    assert [line[:2] for line in lines(events)] == [
        ("2026-01-10", "invoice_issued"),
        ("2026-01-11", "promise"),
        *((str(on), "contact") for on in called[25:]),
    ]


def test_every_kind_of_event_has_a_limit() -> None:
    """One, and no more."""
    assert sorted(event for kinds in MOST for event in kinds) == sorted(EVENTS)


def test_the_same_contact_many_times_a_day_is_told_once() -> None:
    """Three mails about one invoice, two of which one is about none; a call is not a mail, nor is c2 c1."""
    mail, call = ("reminder", "email", "sent"), ("call", "phone", "reached")
    made = [
        *[("c1", "2026-02-12", "i1", *mail)] * 3,
        ("c1", "2026-02-12", "i1", *call),
        ("c1", "2026-02-13", "i1", *mail),
        ("c1", "2026-02-14", "i1", *mail),
        ("c1", "2026-02-14", None, *mail),
        ("c2", "2026-02-12", None, *mail),
    ]
    contacts = pd.DataFrame(
        made, columns=["customer_id", "contacted_on", "invoice_id", "kind", "channel", "status"]
    )
    contacts["contacted_on"] = days(*contacts["contacted_on"])
    events = told(make_ledger(invoices=ONE, contact_history=contacts.sample(frac=1, random_state=1)))
    found = events[events["event"] == "contact"]
    assert list(zip(found["customer_id"], lines(found), found["words"], strict=True)) == [
        ("c1", ("2026-02-12", "contact", "i1"), "call, phone, reached"),
        ("c1", ("2026-02-12", "contact", "i1"), "reminder, email, sent, 3 times"),
        ("c1", ("2026-02-13", "contact", "i1"), "reminder, email, sent"),
        ("c1", ("2026-02-14", "contact", ""), "reminder, email, sent, 2 times"),
        ("c2", ("2026-02-12", "contact", ""), "reminder, email, sent"),
    ]


def test_an_empty_ledger_has_no_events() -> None:
    """And its table has the columns."""
    events = told(make_ledger())
    assert events.empty
    assert "happened_on" in events


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["c1", "c2", "c3"]),
            st.integers(0, 90),
            st.integers(0, 60),
            st.one_of(st.none(), st.integers(0, 90)),
        ),
        max_size=15,
    ),
    st.integers(0, 120),
    st.randoms(use_true_random=False),
)
def test_events_as_counted_one_by_one(
    rows: list[tuple[str, int, int, int | None]], ahead: int, lot: Random
) -> None:
    """Issue and payment of each invoice before the day, in order; what is later says nothing."""
    start = date(2026, 1, 1)
    day = start + timedelta(days=ahead)
    names = [f"i{place:02}" for place in range(len(rows))]
    issued = [start + timedelta(days=row[1]) for row in rows]
    due = [begin + timedelta(days=row[2]) for begin, row in zip(issued, rows, strict=True)]
    paid = [
        None if row[3] is None else begin + timedelta(days=row[3])
        for begin, row in zip(issued, rows, strict=True)
    ]
    table = pd.DataFrame(
        {
            "invoice_id": pd.Series(names, dtype="str"),
            "customer_id": pd.Series([row[0] for row in rows], dtype="str"),
            "issued_on": days(*map(str, issued)),
            "due_on": days(*map(str, due)),
            "amount_minor": pd.Series(10_000, range(len(rows)), dtype="int64"),
        }
    )
    settled = [(name, on) for name, on in zip(names, paid, strict=True) if on is not None]
    payments = pd.DataFrame(
        {
            "invoice_id": pd.Series([name for name, _ in settled], dtype="str"),
            "paid_on": days(*(str(on) for _, on in settled)),
            "amount_minor": pd.Series(10_000, range(len(settled)), dtype="int64"),
        }
    )
    expected = []
    for place, (debtor, *_) in enumerate(rows):
        if issued[place] < day:
            expected.append((debtor, str(issued[place]), "invoice_issued", names[place]))
        if paid[place] is not None and paid[place] < day:
            expected.append((debtor, str(paid[place]), "invoice_paid", names[place]))
    order = list(range(len(rows)))
    lot.shuffle(order)
    events = told(make_ledger(invoices=table.iloc[order], payments=payments.iloc[::-1]), day)
    found = [(who, *line) for who, line in zip(events["customer_id"], lines(events), strict=True)]
    assert sorted(found) == sorted(expected)
    assert [line[:2] for line in found] == sorted(line[:2] for line in expected)
    pd.testing.assert_frame_equal(events, told(make_ledger(invoices=table, payments=payments), day))
