"""What was known before a day, and that nothing else of a ledger changes with it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_support import TODAY, cleaned, invoices, table
from thoroughness import examples

from features.cleaning import clean
from features.contracts import LEDGER_TABLES
from features.errors import LedgerError
from features.ledger import Ledger, fingerprint, known_before, make_ledger, newest_fact
from features.sources import Source, read_raw


def days(*written: str | None) -> pd.Series:
    """Return a typed column of days."""
    return pd.Series(pd.to_datetime(list(written)).astype("datetime64[s]"))


def test_a_ledger_can_be_made_of_any_subset_of_columns() -> None:
    """Missing tables and columns are filled; a fact counts from the later of its day and its known day."""
    ledger = make_ledger(
        invoices=pd.DataFrame(
            {
                "invoice_id": ["I1", "I2"],
                "customer_id": ["C1", "C1"],
                "issued_on": days("2024-01-02", "2024-01-05"),
                "due_on": days("2024-02-01", "2024-02-01"),
                "amount_minor": [100, 200],
                "currency": ["USD", None],
                "known_on": days("2024-01-04", "2024-01-01"),
            }
        ),
        payments=pd.DataFrame({"invoice_id": ["I1"], "paid_on": days("2024-01-09"), "amount_minor": [100]}),
    )
    assert ledger.invoices["known_on"].tolist() == [pd.Timestamp("2024-01-04"), pd.Timestamp("2024-01-05")]
    assert ledger.invoices["currency"].tolist() == ["USD", "EUR"]
    payment = ledger.payments.iloc[0]
    assert (payment["kind"], payment["currency"], payment["known_on"]) == (
        "payment",
        "USD",
        pd.Timestamp("2024-01-09"),
    )
    assert list(ledger.rates.columns) == ["currency", "day", "rate", "known_on"]
    with pytest.raises(LedgerError, match="no such table: bills"):
        make_ledger(bills=pd.DataFrame())
    with pytest.raises(LedgerError, match="invoices has rows but no column amount_minor"):
        make_ledger(invoices=pd.DataFrame({"invoice_id": ["I1"]}))


def golden() -> dict[str, pd.DataFrame]:
    """A ledger with something later in every table that has later columns."""
    return {
        "invoices": invoices(
            "I1; C1; 2024-01-02; 2024-02-01; 100.00; 2024-01-10; 2; 2024-03-05",
            "I2; C2; 2024-03-10; 2024-04-01; 50.00; ; ; ",
            header="invoice_id; customer_id; issued_on; due_on; amount; known_on; "
            "dunning_level; last_dunned_on",
        ),
        "payments": table(
            "invoice_id; customer_id; paid_on; amount; known_on",
            "I1; ; 2024-02-10; 40.00; 2024-02-20",
            "I2; ; 2024-03-01; 50.00; ",
            "; C1; 2024-02-11; 5.00; ",
        ),
        "customers": table(
            "customer_id; valid_from; sector; insolvent_on",
            "C1; 2023-01-01; food; ",
            "C1; 2024-03-01; wood; 2024-03-05",
            "C2; ; steel; 2024-03-20",
        ),
        "disputes": table("invoice_id; opened_on; closed_on; outcome", "I1; 2024-02-02; 2024-03-05; won"),
        "contact_history": table(
            "customer_id; contacted_on; promise_made_on; promised_for; promised_amount",
            "C1; 2024-02-03; 2024-03-05; 2024-03-15; 60.00",
            "C1; 2024-03-05; ; ; ",
        ),
        "credit_scores": table(
            "customer_id; provider; scored_on; score; known_on",
            "C1; bureau; 2024-02-01; 70; 2024-03-05",
            "C1; bureau; 2024-01-01; 80; ",
        ),
        "orders": table("customer_id; ordered_on; amount", "C1; 2024-03-05; 9.00", "C1; 2024-03-04; 8.00"),
        "payment_plans": table(
            "plan_id; customer_id; due_on; amount; agreed_on; cancelled_on",
            "P; C1; 2024-05-01; 10.00; 2024-02-05; 2024-03-05",
            "Q; C1; 2024-05-01; 10.00; ; ",
        ),
        "rates": table("currency; day; rate", "USD; 2024-02-01; 0.91234", "USD; 2024-03-05; 0.92345"),
        "decisions": table("customer_id; hold; by; decided_on", "C1; yes; Eva; 2024-03-05"),
        "collectors": table("collector", "Eva"),
    }


@cache
def golden_ledger() -> Ledger:
    """Return that ledger as read; nobody changes it."""
    return cleaned(**golden()).ledger


def test_before_a_day_only_earlier_facts_are_there() -> None:
    """On 5 March: no I2 nor its pre-payment, nothing of that day, the customer rows valid by then."""
    before = known_before(golden_ledger(), date(2024, 3, 5))
    assert before.invoices["invoice_id"].tolist() == ["I1"]
    assert before.invoices[["dunning_level", "last_dunned_on"]].isna().all(axis=None)
    assert before.payments["amount_minor"].tolist() == [4000, 500]
    assert before.customers["sector"].tolist() == ["steel", "food", "wood"]
    assert before.customers["insolvent_on"].isna().all()
    assert before.disputes[["closed_on", "outcome"]].isna().all(axis=None)
    assert (
        before.contact_history[["promise_made_on", "promised_for", "promised_amount_minor"]]
        .isna()
        .all(axis=None)
    )
    assert before.payment_plans["cancelled_on"].isna().all()
    assert before.payment_plans["plan_id"].tolist() == ["P", "Q"]
    assert before.rates["rate"].tolist() == [0.91234]
    assert before.decisions.empty
    assert len(before.contact_history) == 1
    assert before.credit_scores["score"].tolist() == [80]
    assert before.orders["amount_minor"].tolist() == [800]
    assert before.collectors["collector"].tolist() == ["Eva"]


def test_a_day_later_the_facts_of_the_day_are_there() -> None:
    """Strictly before: what became known on 5 March counts from 6 March on."""
    after = known_before(golden_ledger(), date(2024, 3, 6))
    assert after.invoices["dunning_level"].tolist() == [2]
    assert after.disputes["outcome"].tolist() == ["won"]
    assert after.customers["insolvent_on"].notna().tolist() == [False, False, True]
    assert len(after.rates) == 2
    assert len(after.decisions) == 1
    assert (len(after.contact_history), len(after.credit_scores), len(after.orders)) == (2, 2, 2)


def test_a_payment_waits_for_its_invoice() -> None:
    """The pre-payment of 1 March counts when its invoice of 10 March is known."""
    ledger = golden_ledger()
    assert "I2" not in known_before(ledger, date(2024, 3, 10)).payments["invoice_id"].tolist()
    assert "I2" in known_before(ledger, date(2024, 3, 11)).payments["invoice_id"].tolist()


def test_the_newest_fact_is_the_last_day_anything_was_heard() -> None:
    """Rates and master data do not make a ledger newer than its last event."""
    tables = golden() | {"rates": table("currency; day; rate", "USD; 2024-06-01; 0.9")}
    assert newest_fact(cleaned(**tables).ledger) == date(2024, 3, 10)
    with pytest.raises(LedgerError, match="no dated fact"):
        newest_fact(make_ledger())


def test_the_fingerprint_depends_on_every_value_and_on_no_order() -> None:
    """Shuffled rows keep it; one changed cell, one row more or the same row twice changes it."""
    ledger = golden_ledger()
    shuffled = make_ledger(**{name: getattr(ledger, name).iloc[::-1] for name in LEDGER_TABLES})
    assert fingerprint(shuffled) == fingerprint(ledger)
    prints = {fingerprint(ledger)}
    changes: list[tuple[str, str, object]] = [
        ("invoices", "amount_minor", 10001),
        ("invoices", "purchase_order_no", "X"),
        ("payments", "known_on", pd.Timestamp("2024-02-21")),
        ("customers", "sector", "glass"),
        ("payments", "in_transit", True),
        ("collectors", "collector", "Ada"),
    ]
    for name, column, value in changes:
        frame = getattr(ledger, name).copy()
        frame.loc[0, column] = value
        prints.add(
            fingerprint(
                make_ledger(**{each: getattr(ledger, each) for each in LEDGER_TABLES} | {name: frame})
            )
        )
    twice = pd.concat([ledger.payments, ledger.payments.iloc[:1]])
    prints.add(
        fingerprint(
            make_ledger(**{each: getattr(ledger, each) for each in LEDGER_TABLES} | {"payments": twice})
        )
    )
    assert len(prints) == len(changes) + 2


# a ledger cut at a day is the whole ledger as of that day --------------------------------------------

OWN_DAY = {
    "invoices": "issued_on",
    "payments": "paid_on",
    "disputes": "opened_on",
    "contact_history": "contacted_on",
    "credit_scores": "scored_on",
    "orders": "ordered_on",
    "payment_plans": "agreed_on",
    "rates": "day",
    "decisions": "decided_on",
    "customers": "valid_from",
}
LATER = {
    "invoices": [("last_dunned_on", "dunning_level"), ("paid_on", "paid_known_on")],
    "disputes": [("closed_on", "outcome")],
    "contact_history": [("promise_made_on", "promised_for", "promised_amount")],
    "payment_plans": [("cancelled_on",)],
    "customers": [("insolvent_on",), ("legal_on",)],
}


def cut(raw: dict[str, pd.DataFrame], day: date) -> dict[str, pd.DataFrame]:
    """Return the raw ISO-dated tables as an export of the evening before `day` would have been."""
    kept = {}
    for name, frame in raw.items():
        filled = frame.fillna("")
        known = filled[OWN_DAY[name]] if name in OWN_DAY else pd.Series("", index=filled.index)
        if "known_on" in filled:
            known = known.where(known >= filled["known_on"].str[:10], filled["known_on"].str[:10])
        rows = filled[(known < day.isoformat()) | (known == "")].copy()
        for own, *others in LATER.get(name, []):
            if own in rows:
                when = rows[own]
                if own == "paid_on" and "paid_known_on" in rows:
                    when = when.where(when >= rows["paid_known_on"], rows["paid_known_on"])
                rows.loc[when >= day.isoformat(), [each for each in (own, *others) if each in rows]] = ""
        kept[name] = rows
    return {
        name: frame for name, frame in kept.items() if len(frame) or name not in ("payments", "customers")
    }


def assert_cut_reads_like_whole(raw: dict[str, pd.DataFrame], read: Ledger, day: date) -> None:
    """Compare the cut and the whole ledger, read before, as of `day`.

    The cut may be refused, but never differ.
    """
    whole = known_before(read, day)
    if whole.invoices.empty:
        return
    try:
        part = known_before(clean(cut(raw, day), today=TODAY, home_currency="EUR").ledger, day)
    except LedgerError:
        return
    for name in LEDGER_TABLES:
        pd.testing.assert_frame_equal(getattr(part, name), getattr(whole, name), obj=f"{name} before {day}")
    assert fingerprint(part) == fingerprint(whole)


def test_a_ledger_with_everything_reads_the_same_cut_or_whole() -> None:
    """Every table, also with its later columns, is the same as of a day whether cut there or not."""
    raw, read = golden(), golden_ledger()
    for day in (date(2024, 2, 6), date(2024, 3, 1), date(2024, 3, 5), date(2024, 3, 6), date(2024, 3, 11)):
        assert_cut_reads_like_whole(raw, read, day)


@given(st.integers(0, 2**32 - 1), st.integers(30, 120))
@settings(max_examples=examples(8), deadline=None)
def test_an_untidy_ledger_reads_the_same_cut_or_whole(seed: int, offset: int) -> None:
    """Duplicates, bad rows, pre-payments, late known days and credit notes in any mix."""
    raw = untidy(seed)
    read = clean(raw, today=TODAY, home_currency="EUR").ledger
    assert_cut_reads_like_whole(raw, read, date(2024, 1, 1) + timedelta(days=offset))


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.integers(20, 140))
@settings(max_examples=examples(300), deadline=None)
def test_many_untidy_ledgers_read_the_same_cut_or_whole(seed: int, offset: int) -> None:
    """The same over hundreds of ledgers."""
    raw = untidy(seed)
    read = clean(raw, today=TODAY, home_currency="EUR").ledger
    assert_cut_reads_like_whole(raw, read, date(2024, 1, 1) + timedelta(days=offset))


def untidy(seed: int) -> dict[str, pd.DataFrame]:
    """Return raw tables with much that is wrong in them."""
    rng = np.random.default_rng(seed)
    n = 25

    def day(low: int, high: int) -> list[str]:
        return [str(date(2024, 1, 1) + timedelta(days=int(each))) for each in rng.integers(low, high, n)]

    issued = day(0, 100)
    return {
        "invoices": pd.DataFrame(
            {
                "invoice_id": [f"I{each}" for each in rng.integers(0, 20, n)],
                "customer_id": [f"C{each}" for each in rng.integers(0, 4, n)],
                "issued_on": issued,
                "due_on": day(20, 140),
                "amount": rng.choice(
                    ["10.00", "-3.50", "0", "ten", "12.345", "99.99"], n, p=[0.4, 0.1, 0.05, 0.05, 0.05, 0.35]
                ),
                "known_on": rng.choice([*day(0, 120)[:10], ""], n),
                "kind": rng.choice(["invoice", "credit note", "instalment", ""], n),
            },
            dtype="str",
        ),
        "payments": pd.DataFrame(
            {
                "invoice_id": rng.choice([*(f"I{each}" for each in range(22)), ""], n),
                "customer_id": rng.choice(["C1", ""], n),
                "paid_on": day(0, 130),
                "amount": rng.choice(["10.00", "-4.00", "3.50", "0"], n),
                "known_on": rng.choice([*day(20, 140)[:5], ""], n),
            },
            dtype="str",
        ),
        "disputes": pd.DataFrame(
            {
                "invoice_id": [f"I{each}" for each in rng.integers(0, 22, n)],
                "opened_on": day(0, 100),
                "closed_on": day(50, 160),
            },
            dtype="str",
        ),
    }


IBM = Source(
    path="ibm_receivables.csv",
    columns={
        "invoice_id": "invoiceNumber",
        "customer_id": "customerID",
        "issued_on": "InvoiceDate",
        "due_on": "DueDate",
        "amount": "InvoiceAmount",
        "paid_on": "SettledDate",
    },
    dates="month_first",
)
SME = {
    "invoices": Source(
        path="sme_invoices.csv",
        columns={
            "invoice_id": "invoice_id",
            "customer_id": "vendor",
            "issued_on": "invoice_date",
            "due_on": "due_date",
            "amount": "amount",
            "known_on": "created_at",
        },
    ),
    "payments": Source(
        path="sme_payments.csv",
        columns={"invoice_id": "invoice_id", "paid_on": "paid_date", "amount": "amount"},
    ),
}


def test_the_ibm_ledger_is_read_whole_and_reads_the_same_cut(public_ledgers: Path) -> None:
    """2,466 flat rows with month-first dates: none rejected, a payment each, equal at any cut."""
    raw = read_raw(LEDGER_TABLES["invoices"], IBM, public_ledgers)
    for column in ("issued_on", "due_on", "paid_on"):
        raw[column] = pd.to_datetime(raw[column], format="%m/%d/%Y").dt.strftime("%Y-%m-%d")
    result = clean({"invoices": raw}, today=TODAY, home_currency="EUR")
    assert (len(result.ledger.invoices), len(result.ledger.payments), len(result.rejected)) == (2466, 2466, 0)
    assert newest_fact(result.ledger) == date(2014, 1, 9)
    for day in (date(2012, 6, 1), date(2013, 12, 3)):
        assert_cut_reads_like_whole({"invoices": raw}, result.ledger, day)
    before = known_before(result.ledger, date(2013, 12, 3))
    assert (~before.invoices["invoice_id"].isin(before.payments["invoice_id"])).sum() == 83


def test_the_sme_ledger_is_read_whole_and_reads_the_same_cut(public_ledgers: Path) -> None:
    """8,753 invoices and payments with `created_at` as known day: none rejected, equal at any cut."""
    raw = {name: read_raw(LEDGER_TABLES[name], source, public_ledgers) for name, source in SME.items()}
    result = clean(raw, today=TODAY, home_currency="EUR")
    assert (len(result.ledger.invoices), len(result.ledger.payments), len(result.rejected)) == (8753, 8753, 0)
    assert (result.ledger.invoices["known_on"] >= result.ledger.invoices["issued_on"]).all()
    assert result.ledger.invoices["amount_minor"].max() > 10_000_000_00
    for day in (date(2014, 1, 1), date(2016, 2, 29)):
        assert_cut_reads_like_whole(raw, result.ledger, day)
