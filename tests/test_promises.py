"""Which promises to pay were broken."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from treatment_support import on

from features.ledger import Ledger, known_before, make_ledger
from models import promises

DAY = date(2024, 6, 3)
PROMISE = {
    "customer_id": "X",
    "invoice_id": "I1",
    "contacted_on": on("2024-05-01"),
    "promised_for": on("2024-05-10"),
}
"""Made on Wednesday 1 May for Friday 10 May: money may come until Tuesday 14 May."""


def ledger(*payments: dict[str, Any], promises: list[dict[str, Any]] | None = None, **invoice: Any) -> Ledger:
    """A ledger of I1 of 100.00 EUR (X, due 1 April), I2 of 50.00 (X, due 1 July), a promise and payments."""
    item = {"invoice_id": "I1", "customer_id": "X", "issued_on": on("2024-03-01"), "due_on": on("2024-04-01")}
    other = {**item, "invoice_id": "I2", "due_on": on("2024-07-01"), "amount_minor": 5_000}
    plain = {"invoice_id": "I1", "paid_on": on("2024-05-10"), "kind": "payment"}
    tables = {"payments": pd.DataFrame([{**plain, **row} for row in payments])} if payments else {}
    return make_ledger(
        invoices=pd.DataFrame([{**item, "amount_minor": 10_000, **invoice}, other]),
        contact_history=pd.DataFrame(promises or [PROMISE]),
        **tables,
    )


def broken_promises(book: Ledger, day: date, window_days: int = 365) -> pd.DataFrame:
    """The promises broken in the window before the day."""
    return promises.broken_promises(book, day, window_days=window_days)


def broken(book: Ledger, day: date = DAY) -> int:
    """How many promises were broken before the day."""
    return len(broken_promises(book, day))


def test_a_promise_without_money_is_broken() -> None:
    """On the promised day, known after two working days."""
    rows = broken_promises(ledger(), DAY)
    assert rows.to_dict("records") == [
        {
            "customer_id": "X",
            "invoice_id": "I1",
            "on": on("2024-05-10"),
            "known_on": on("2024-05-14"),
        }
    ]


@pytest.mark.parametrize(("day", "count"), [("2024-05-14", 0), ("2024-05-15", 1)])
def test_a_promise_is_open_until_its_second_working_day_is_over(day: str, count: int) -> None:
    """Friday 10 May + 2 working days = Tuesday 14 May, over on the 15th."""
    assert broken(ledger(), date.fromisoformat(day)) == count


@pytest.mark.parametrize(("window_days", "count"), [(19, 0), (20, 1)])
def test_a_promise_counts_from_the_day_it_was_known_to_be_broken(window_days: int, count: int) -> None:
    """14 May is 20 days before 3 June."""
    assert len(broken_promises(ledger(), DAY, window_days)) == count


@pytest.mark.parametrize(
    ("payment", "count"),
    [
        ({"amount_minor": 10_000}, 0),
        ({"amount_minor": 9_900}, 0),
        ({"amount_minor": 9_899}, 1),
        ({"amount_minor": 10_000, "paid_on": on("2024-05-14")}, 0),
        ({"amount_minor": 10_000, "paid_on": on("2024-05-15")}, 1),
        ({"amount_minor": 10_000, "paid_on": on("2024-05-01")}, 0),
        ({"amount_minor": 10_000, "known_on": on("2024-06-02")}, 0),
        ({"amount_minor": 10_000, "known_on": on("2024-06-03")}, 1),
        ({"amount_minor": 10_000, "in_transit": True}, 1),
        ({"amount_minor": 10_000, "kind": "write_off"}, 1),
        ({"amount_minor": 10_000, "kind": "deduction"}, 1),
        ({"amount_minor": 10_000, "kind": "credit"}, 0),
        ({"amount_minor": 10_000, "invoice_id": None, "customer_id": "X"}, 0),
        ({"amount_minor": 10_000, "invoice_id": None, "customer_id": "Y"}, 1),
        ({"amount_minor": 10_000, "invoice_id": None, "customer_id": "X", "currency": "USD"}, 1),
        ({"amount_minor": 10_000, "invoice_id": "I2"}, 1),
    ],
)
def test_what_keeps_a_promise_of_everything(payment: dict[str, Any], count: int) -> None:
    """100.00 less 1 %, in time, known before the day, real money, for the item or not applied yet."""
    assert broken(ledger(payment)) == count


def test_money_from_before_the_promise_does_not_keep_it() -> None:
    """60.00 came in April: 40.00 were open and promised."""
    before = {"amount_minor": 6_000, "paid_on": on("2024-04-30")}
    assert broken(ledger(before)) == 1
    assert broken(ledger(before, {"amount_minor": 4_000})) == 0


def test_a_named_amount_is_enough_and_never_more_than_was_open() -> None:
    """50.00 promised: 50.00 keep it. 500.00 promised: the 100.00 that were open keep it."""
    half, much = ([{**PROMISE, "promised_amount_minor": minor}] for minor in (5_000, 50_000))
    assert broken(ledger({"amount_minor": 5_000}, promises=half)) == 0
    assert broken(ledger({"amount_minor": 4_000}, promises=half)) == 1
    assert broken(ledger({"amount_minor": 10_000}, promises=much)) == 0


def test_money_that_was_taken_back_kept_nothing() -> None:
    """Paid in time and bounced two weeks later; a payment of another day that bounced does not matter."""
    bounced = {"amount_minor": 10_000, "kind": "reversal", "paid_on": on("2024-05-24")}
    again = {"amount_minor": 10_000, "paid_on": on("2024-05-20")}
    assert broken(ledger({"amount_minor": 10_000}, bounced)) == 1
    assert broken(ledger({"amount_minor": 10_000}, again, bounced)) == 0


def test_a_promise_about_no_item_is_about_what_was_due() -> None:
    """100.00 were due on 1 May and 50.00 are not until July: 100.00 keep it, for whichever item."""
    general = [{**PROMISE, "invoice_id": None}]
    assert broken(ledger(promises=general)) == 1
    assert broken(ledger({"amount_minor": 10_000}, promises=general)) == 0
    split = ({"amount_minor": 5_000}, {"amount_minor": 5_000, "invoice_id": "I2"})
    assert broken(ledger(*split, promises=general)) == 0
    loose = {"amount_minor": 10_000, "invoice_id": None, "customer_id": "X"}
    assert broken(ledger(loose, promises=general)) == 0


def test_what_cannot_be_judged_is_not_held_against_the_debtor() -> None:
    """Items in two currencies, an item nobody knows, and nothing open at all."""
    assert broken(ledger(promises=[{**PROMISE, "invoice_id": None}], currency="USD")) == 0
    assert broken(ledger(promises=[{**PROMISE, "invoice_id": "I9"}])) == 0
    assert broken(ledger({"amount_minor": 10_000, "paid_on": on("2024-04-30")})) == 0


def test_the_same_promise_told_twice_is_one() -> None:
    """Noted in May and repeated a week later; a new day is a new promise."""
    twice = [PROMISE, {**PROMISE, "contacted_on": on("2024-05-08")}]
    assert broken(ledger(promises=twice)) == 1
    put_off = [PROMISE, {**PROMISE, "promised_for": on("2024-05-20")}]
    assert broken(ledger(promises=put_off)) == 2


def test_a_promise_may_be_about_the_item_of_a_branch() -> None:
    """The head office promises what a branch owes: it is the head office that breaks it."""
    rows = broken_promises(ledger(promises=[{**PROMISE, "customer_id": "HQ"}]), DAY)
    assert rows["customer_id"].tolist() == ["HQ"]


def test_the_smallest_tolerance_is_one_unit_of_the_currency() -> None:
    """100 yen less 1 yen is kept, less 2 is not."""
    for minor, count in ((99, 0), (98, 1)):
        payment = {"amount_minor": minor, "currency": "JPY"}
        assert broken(ledger(payment, currency="JPY", amount_minor=100)) == count


def test_a_suppressed_contact_promised_nothing() -> None:
    """It was never made."""
    assert broken(ledger(promises=[{**PROMISE, "status": "suppressed"}])) == 0


def test_facts_of_the_day_and_after_change_nothing() -> None:
    """A promise made on the day, and a payment known on it: as if they were not in the ledger."""
    late = {"amount_minor": 10_000, "known_on": on(str(DAY))}
    promises = [PROMISE, {**PROMISE, "invoice_id": "I2", "promise_made_on": on(str(DAY))}]
    book = ledger(late, promises=promises)
    pd.testing.assert_frame_equal(broken_promises(book, DAY), broken_promises(known_before(book, DAY), DAY))
    assert broken(book) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_broken_is_what_a_plain_reading_of_the_rule_says(seed: int) -> None:
    """Random promises, payments and reversals of five items, added up one by one."""
    rng = np.random.default_rng(seed)

    def some_day() -> pd.Timestamp:
        return on("2024-03-01") + pd.Timedelta(days=int(rng.integers(0, 100)))

    items = pd.DataFrame({"invoice_id": list("abcde"), "customer_id": list("XXYYZ"), "amount_minor": 10_000})
    items = items.assign(issued_on=on("2024-01-01"), due_on=on("2024-01-31"))
    owner = items.set_index("invoice_id")["customer_id"]
    payments = pd.DataFrame(
        {
            "invoice_id": [[*"abcde", None][rng.integers(6)] for _ in range(40)],
            "customer_id": [[*"XYZ"][rng.integers(3)] for _ in range(40)],
            "paid_on": [some_day() for _ in range(40)],
            "amount_minor": rng.integers(1, 8, 40) * 1_000,
            "kind": ["reversal" if rng.random() < 0.2 else "payment" for _ in range(40)],
        }
    )
    payments["known_on"] = payments["paid_on"] + pd.to_timedelta(rng.integers(0, 9, 40), unit="D")
    promises = pd.DataFrame(
        {
            "invoice_id": [[*"abcde"][rng.integers(5)] for _ in range(60)],
            "contacted_on": [some_day() for _ in range(60)],
            "promised_amount_minor": pd.array(
                [[None, 2_000, 9_000][rng.integers(3)] for _ in range(60)], "Int64"
            ),
        }
    )
    promises["promised_for"] = promises["contacted_on"] + pd.to_timedelta(rng.integers(0, 20, 60), unit="D")
    promises["customer_id"] = promises["invoice_id"].map(owner)
    promises = promises.drop_duplicates(["invoice_id", "promised_for"])

    def received(item: str, first: Any, last: Any, *, loose: bool) -> int:
        total = 0
        for row in payments.itertuples():
            own = row.invoice_id == item
            beside = loose and pd.isna(row.invoice_id) and row.customer_id == owner[item]
            if (own or beside) and first <= row.paid_on <= last and row.known_on < on(str(DAY)):
                total += -row.amount_minor if row.kind == "reversal" else row.amount_minor
        return total

    expected = set()
    for row in promises.itertuples():
        last_day = on(str(np.busday_offset(row.promised_for.date(), 2, roll="backward")))
        if max(last_day, row.contacted_on) >= on(str(DAY)):
            continue
        opened = row.contacted_on
        was_open = 10_000 - received(
            row.invoice_id, on("2000-01-01"), opened - pd.Timedelta(days=1), loose=False
        )
        due = was_open if pd.isna(row.promised_amount_minor) else min(row.promised_amount_minor, was_open)
        brought = min(
            received(row.invoice_id, opened, until, loose=True) for until in (last_day, on(str(DAY)))
        )
        if brought < due - max(0.01 * due, 100):
            expected.add((row.invoice_id, row.promised_for))
    rows = broken_promises(make_ledger(invoices=items, payments=payments, contact_history=promises), DAY)
    assert set(zip(rows["invoice_id"], rows["on"], strict=True)) == expected
    assert 0 < len(expected) < len(promises)


def test_nothing_promised_is_nothing_broken() -> None:
    """An empty table with its columns."""
    rows = broken_promises(make_ledger(), DAY)
    assert rows.empty
    assert list(rows) == ["customer_id", "invoice_id", "on", "known_on"]
