"""The golden ledger, reading side: one test per trap that ledgers of real companies hold.

What follows from the rows (open amounts, closings, days late) is tested with settlement; here it is what a
row becomes. Each decision is in docs/ledger-decisions.md, which names the test.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
from ledger_support import cleaned, invoices, payments, table

from features.ledger import known_before

ITEM = "I1; C1; 2024-01-02; 2024-02-01; 100.00"


def paid(*rows: str, item: str = ITEM) -> list[list[object]]:
    """Return kind, amount and day of the accepted payments of one invoice."""
    ledger = cleaned(invoices=invoices(item), payments=payments(*rows)).ledger
    return [
        [kind, amount, str(day.date())]
        for kind, amount, day in ledger.payments[["kind", "amount_minor", "paid_on"]].values
    ]


def test_partial_payments_stay_separate_rows() -> None:
    """Two instalments of one invoice are two allocations, each with its own day."""
    assert paid("I1; 2024-02-01; 40.00; ; ", "I1; 2024-02-09; 60.00; ; ") == [
        ["payment", 4000, "2024-02-01"],
        ["payment", 6000, "2024-02-09"],
    ]


def test_an_overpayment_is_kept_as_it_was_paid() -> None:
    """More money than the invoice asked is not cut to size."""
    assert paid("I1; 2024-02-01; 140.00; ; ") == [["payment", 14000, "2024-02-01"]]


def test_a_negative_invoice_is_a_credit_note_and_so_is_one_by_kind() -> None:
    """Either way of writing gives kind credit_note and a negative amount; it needs no due day."""
    ledger = cleaned(
        invoices=invoices(
            "I1; C1; 2024-01-02; 2024-02-01; -30.00; ",
            "I2; C1; 2024-01-02; ; 30.00; Credit Note",
            "I3; C1; 2024-01-02; 2024-01-01; -30.00; invoice",
            header="invoice_id; customer_id; issued_on; due_on; amount; kind",
        )
    ).ledger
    assert ledger.invoices["kind"].tolist() == ["credit_note"] * 3
    assert ledger.invoices["amount_minor"].tolist() == [-3000] * 3
    assert ledger.invoices["due_on"].notna().all()


def test_money_on_a_credit_note_uses_it_up_whatever_its_sign() -> None:
    """A refund of -30.00 and an allocation of 30.00 are the same thing."""
    note = "I1; C1; 2024-01-02; 2024-02-01; -30.00"
    assert paid("I1; 2024-02-01; -10.00; ; ", "I1; 2024-02-01; 20.00; ; ", item=note) == [
        ["payment", 1000, "2024-02-01"],
        ["payment", 2000, "2024-02-01"],
    ]


def test_unapplied_cash_needs_only_a_debtor() -> None:
    """Money without an invoice stays with its debtor, in the home currency unless it says another."""
    ledger = cleaned(
        invoices=invoices(ITEM),
        payments=payments(
            "; 2024-02-01; 25.00; ; C1; ",
            "; 2024-02-01; 25; ; C1; JPY",
            header="invoice_id; paid_on; amount; kind; customer_id; currency",
        ),
    ).ledger
    assert ledger.payments["invoice_id"].isna().all()
    assert ledger.payments[["customer_id", "currency", "amount_minor"]].values.tolist() == [
        ["C1", "EUR", 2500],
        ["C1", "JPY", 25],
    ]


def test_an_instalment_and_a_retention_are_items_of_their_own() -> None:
    """Each part due has its own number and due day."""
    ledger = cleaned(
        invoices=invoices(
            "I1/1; C1; 2024-01-02; 2024-02-01; 50.00; instalment",
            "I1/2; C1; 2024-01-02; 2024-03-01; 45.00; Instalment",
            "I1/R; C1; 2024-01-02; 2025-01-02; 5.00; retention",
            header="invoice_id; customer_id; issued_on; due_on; amount; kind",
        )
    ).ledger
    assert ledger.invoices["kind"].tolist() == ["instalment", "instalment", "retention"]


def test_a_dispute_is_open_until_the_day_it_was_closed() -> None:
    """Neither the closing nor the outcome shows before its day."""
    ledger = cleaned(
        invoices=invoices(ITEM),
        disputes=table(
            "invoice_id; opened_on; closed_on; outcome; disputed_amount",
            "I1; 2024-02-03; 2024-03-01; won; 12.50",
        ),
    ).ledger
    assert known_before(ledger, date(2024, 2, 3)).disputes.empty
    assert known_before(ledger, date(2024, 3, 1)).disputes["outcome"].isna().all()
    assert known_before(ledger, date(2024, 3, 2)).disputes["outcome"].tolist() == ["won"]
    assert ledger.disputes["disputed_amount_minor"].tolist() == [1250]


def test_write_offs_discounts_deductions_and_charges_keep_their_kind() -> None:
    """What closed a part of an invoice without money is not a payment."""
    kinds = ["write_off", "discount", "deduction", "bank_charge", "withholding", "credit"]
    assert [row[0] for row in paid(*(f"I1; 2024-02-01; 2.00; {kind}; " for kind in kinds))] == kinds


def test_an_early_payment_discount_is_two_rows_of_one_day() -> None:
    """98 % paid and 2 % discount taken on day 10."""
    assert paid("I1; 2024-01-12; 98.00; ; ", "I1; 2024-01-12; 2.00; Discount; ") == [
        ["payment", 9800, "2024-01-12"],
        ["discount", 200, "2024-01-12"],
    ]


def test_a_negative_payment_is_a_reversal() -> None:
    """A bounced payment or a returned direct debit, by sign or by kind, is a positive reversal."""
    assert paid(
        "I1; 2024-02-01; 100.00; ; ",
        "I1; 2024-02-05; -100.00; payment; ",
        "I1; 2024-02-06; 1.00; reversal; ",
        "I1; 2024-02-07; -2.00; discount; ",
    )[1:] == [
        ["reversal", 10000, "2024-02-05"],
        ["reversal", 100, "2024-02-06"],
        ["reversal", 200, "2024-02-07"],
    ]


def test_a_payment_before_issue_is_accepted_with_its_own_day() -> None:
    """A pre-payment is no mistake; it counts when its invoice is known."""
    assert paid("I1; 2023-12-20; 100.00; ; ") == [["payment", 10000, "2023-12-20"]]


def test_due_before_issue_and_zero_amounts_are_rejected() -> None:
    """Neither can be late or early; both are named."""
    result = cleaned(
        invoices=invoices(
            ITEM,
            "I2; C1; 2024-01-02; 2024-01-01; 5.00",
            "I3; C1; 2024-01-02; 2024-01-02; 0",
            "I4; C1; 2024-01-02; 2024-01-02; 5.00",
        )
    )
    assert result.rejected["reason"].tolist() == ["due_on is before issued_on", "amount is zero"]


def test_each_currency_has_its_own_minor_units() -> None:
    """12 yen are 12, 12 euros 1200, 12 dinars 12000 minor units; a payment has its invoice's currency."""
    header = "invoice_id; customer_id; issued_on; due_on; amount; currency"
    rows = [f"{code or 'HOME'}; C1; 2024-01-02; 2024-02-01; 12; {code}" for code in ("JPY", "eur", "KWD", "")]
    result = cleaned(
        invoices=invoices(*rows, header=header),
        payments=payments(
            "JPY; 2024-02-01; 12; ; ; ",
            "KWD; 2024-02-01; 12.345; ; ; kwd",
            "JPY; 2024-02-01; 12; ; ; EUR",
            "JPY; 2024-02-01; 1.5; ; ; ",
            header="invoice_id; paid_on; amount; kind; customer_id; currency",
        ),
    )
    assert result.ledger.invoices["amount_minor"].tolist() == [12, 1200, 12000, 1200]
    assert result.ledger.payments["amount_minor"].tolist() == [12, 12345]
    assert result.rejected["reason"].tolist() == [
        "currency is not that of the invoice",
        "amount has more decimals than JPY",
    ]


def test_amounts_written_in_another_currency_than_they_are_read_in_are_warned_of() -> None:
    """A dollar sign in a ledger without currencies whose home is the euro is no dollar amount yet."""
    raw = invoices("I1; C1; 2024-01-02; 2024-02-01; $ 100.00")
    assert "amounts are written with $ but read as EUR" in cleaned(invoices=raw).warnings[0]
    assert cleaned(invoices=invoices("I1; C1; 2024-01-02; 2024-02-01; € 100.00")).warnings == ()


def test_duplicate_invoices_are_rejected_and_duplicate_payments_only_warned_of() -> None:
    """An invoice has one number; two equal payments on a day may both be real."""
    result = cleaned(
        invoices=invoices(ITEM, ITEM),
        payments=payments("I1; 2024-02-01; 10.00; ; ", "I1; 2024-02-01; 10.00; ; "),
    )
    assert result.rejected[["table", "row"]].values.tolist() == [["invoices", 2]]
    assert len(result.ledger.payments) == 2
    assert "1 rows repeat another" in result.warnings[0]


def test_a_fact_counts_from_the_day_it_was_known() -> None:
    """A late bank file and a late entry count late; a known day before the fact does not count early."""
    ledger = cleaned(
        invoices=invoices(
            "I1; C1; 2024-01-10; 2024-02-01; 1.00; 2024-01-04 09:00:00",
            "I2; C1; 2024-01-10; 2024-02-01; 1.00; 2024-02-15",
            header="invoice_id; customer_id; issued_on; due_on; amount; known_on",
        ),
        payments=payments(
            "I1; 2024-02-01; 1.00; ; ; 2024-02-05",
            header="invoice_id; paid_on; amount; kind; customer_id; known_on",
        ),
    ).ledger
    assert ledger.invoices["known_on"].tolist() == [pd.Timestamp("2024-01-10"), pd.Timestamp("2024-02-15")]
    assert ledger.payments[["paid_on", "known_on"]].values.tolist() == [
        [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-05")]
    ]


def test_an_item_cleared_after_the_key_date_is_still_open_on_it() -> None:
    """The paid_on column of a flat file is hidden until its day, and until it was known."""
    raw = invoices(
        f"{ITEM}; 2024-02-10; ",
        "I2; C1; 2024-01-02; 2024-02-01; 50.00; 2024-02-10; 2024-02-14",
        "I3; C1; 2024-01-02; 2024-02-01; 50.00; 2024-09-09; ",
        header="invoice_id; customer_id; issued_on; due_on; amount; paid_on; paid_known_on",
    )
    result = cleaned(invoices=raw)
    assert known_before(result.ledger, date(2024, 2, 10)).payments.empty
    assert known_before(result.ledger, date(2024, 2, 11)).payments["invoice_id"].tolist() == ["I1"]
    assert known_before(result.ledger, date(2024, 2, 15)).payments["amount_minor"].tolist() == [10000, 5000]
    assert result.ledger.invoices[["paid_on", "paid_known_on"]].isna().all(axis=None)
    assert "paid_on is after 2024-06-30 in 1 rows" in result.warnings[0]


def test_times_and_time_zones_do_not_move_a_day() -> None:
    """The day is the one written, in whatever zone the writer lived."""
    raw = invoices("I1; C1; 2024-01-02T23:59:59-11:00; 2024-02-01 00:00:01Z; 1.00")
    assert cleaned(invoices=raw).ledger.invoices[["issued_on", "due_on"]].values.tolist() == [
        [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-01")]
    ]


def test_facts_of_the_future_are_rejected_but_due_days_may_lie_ahead() -> None:
    """Nothing has happened after today; much is due then."""
    result = cleaned(
        invoices=invoices("I1; C1; 2024-06-30; 2024-07-30; 1.00", "I2; C1; 2024-07-01; 2024-07-30; 1.00")
    )
    assert result.ledger.invoices["invoice_id"].tolist() == ["I1"]
    assert result.rejected["reason"].tolist() == ["issued_on is after 2024-06-30"]


def test_a_renamed_debtor_has_several_dated_rows_and_the_last_valid_one_counts() -> None:
    """Master data with valid_from is history; without, it is today's snapshot."""
    ledger = cleaned(
        invoices=invoices(ITEM),
        customers=table(
            "customer_id; valid_from; name; parent_id",
            "C1; 2023-01-01; Old; ",
            "C1; 2024-03-01; New; C0",
            "C1; 2023-01-01; Twice; ",
        ),
    ).ledger
    assert known_before(ledger, date(2024, 3, 1)).customers["name"].tolist() == ["Old"]
    assert known_before(ledger, date(2024, 3, 2)).customers["name"].tolist() == ["Old", "New"]


def test_a_moved_due_day_keeps_the_one_given_at_issue() -> None:
    """due_on is what holds now, original_due_on what lateness is counted from; both are kept."""
    ledger = cleaned(
        invoices=invoices(
            f"{ITEM}; ",
            "I2; C1; 2024-01-02; 2024-05-01; 9.00; 2024-02-01",
            header="invoice_id; customer_id; issued_on; due_on; amount; original_due_on",
        )
    ).ledger
    assert ledger.invoices["original_due_on"].tolist() == [pd.NaT, pd.Timestamp("2024-02-01")]


def test_terms_in_days_make_the_due_day() -> None:
    """due_on counts where given; elsewhere issue day and terms."""
    header = "invoice_id; customer_id; issued_on; due_on; amount; payment_terms_days"
    ledger = cleaned(
        invoices=invoices(
            "I1; C1; 2024-01-31; ; 1.00; 30", "I2; C1; 2024-01-31; 2024-02-01; 1.00; 30", header=header
        )
    ).ledger
    assert ledger.invoices["due_on"].tolist() == [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-02-01")]


def test_one_time_and_intercompany_accounts_are_read_as_customer_types() -> None:
    """Many debtors under one number, and our own companies, are marked in `type`, not guessed."""
    ledger = cleaned(
        invoices=invoices(ITEM), customers=table("customer_id; type", "C1; one_time", "C2; intercompany")
    ).ledger
    assert ledger.customers["type"].tolist() == ["one_time", "intercompany"]


def test_head_office_may_pay_for_a_branch() -> None:
    """The payer of a payment may be another debtor than that of the invoice: both are kept."""
    ledger = cleaned(
        invoices=invoices(ITEM),
        payments=payments("I1; 2024-02-01; 100.00; ; HEAD"),
        customers=table("customer_id; payer_id", "C1; HEAD", "HEAD; "),
    ).ledger
    assert ledger.payments["customer_id"].tolist() == ["HEAD"]
    assert ledger.invoices["customer_id"].tolist() == ["C1"]


def test_a_debtor_that_master_data_does_not_know_yet_keeps_its_invoices() -> None:
    """Master data lags; money does not wait for it. A warning names the debtors."""
    result = cleaned(
        invoices=invoices(ITEM, "I2; C7; 2024-01-02; 2024-02-01; 1.00"), customers=table("customer_id", "C1")
    )
    assert len(result.ledger.invoices) == 2
    assert result.warnings == (
        "customers: 1 of 2 debtors with invoices are not there, e.g. C7; "
        "they are accepted without master data",
    )


def test_money_in_transit_is_read_as_such() -> None:
    """Announced or collected money is marked and is not on the bank account yet."""
    ledger = cleaned(
        invoices=invoices(ITEM),
        payments=table(
            "invoice_id; paid_on; amount; in_transit", "I1; 2024-02-01; 50.00; yes", "I1; 2024-02-01; 50.00; "
        ),
    ).ledger
    assert ledger.payments["in_transit"].tolist() == [True, False]


def test_every_trap_has_its_decision_written_down() -> None:
    """docs/ledger-decisions.md names every test of this file, and no test that does not exist."""
    here = Path(__file__)
    text = (here.parent.parent / "docs" / "ledger-decisions.md").read_text(encoding="utf-8")
    tests = [
        line.split("(")[0].removeprefix("def ")
        for line in here.read_text(encoding="utf-8").splitlines()
        if line.startswith("def test_")
    ]
    assert [name for name in tests if name not in text and "written_down" not in name] == []
    everywhere = "".join(file.read_text(encoding="utf-8") for file in here.parent.glob("test_*.py"))
    named = {word.strip("`.,;()") for word in text.split() if word.strip("`.,;()").startswith("test_")}
    assert [name for name in named if f"def {name}(" not in everywhere] == []
