"""What a cell says, which rows are accepted, and why the others are not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_support import TODAY, cleaned, invoices, payments, reasons, table
from thoroughness import examples

from features.cleaning import Cleaned, clean
from features.errors import LedgerError
from features.health import judge
from features.parsing_amounts import decimal_evidence, parse_millionths, parse_numbers
from features.parsing_days import date_evidence, parse_days
from features.parsing_text import parse_choices, parse_flags
from features.typed import Reading


def text(*cells: str | None) -> pd.Series:
    """Return a column of written cells."""
    return pd.Series(cells, dtype="str")


def reading(**how: str) -> dict[str, Reading]:
    """Return how the invoices are written."""
    return {"invoices": Reading("i.csv", **how)}  # type: ignore[arg-type]


# cells -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "dates", "day"),
    [
        ("2024-01-31", None, "2024-01-31"),
        ("2024/1/5", None, "2024-01-05"),
        ("20240131", None, "2024-01-31"),
        ("2024-01-31 23:59:59", None, "2024-01-31"),
        ("2024-01-31T23:59:59+02:00", None, "2024-01-31"),
        ("31 Jan 2024", None, "2024-01-31"),
        ("31-jan-24", None, "2024-01-31"),
        ("January 31, 2024", None, "2024-01-31"),
        ("1/2/2024", "month_first", "2024-01-02"),
        ("1/2/2024", "day_first", "2024-02-01"),
        ("01.02.24", "day_first", "2024-02-01"),
        ("1/2/2024 11:50 AM", "month_first", "2024-01-02"),
        ("2024-01-31", "day_first", "2024-01-31"),
        ("310124", "%d%m%y", "2024-01-31"),
        ("00.00.0000", "day_first", None),
        ("n/a", None, None),
        ("", None, None),
    ],
)
def test_days_are_read_as_written(cell: str, dates: str | None, day: str | None) -> None:
    """ISO needs no telling, other orders do; times and zones are ignored; empty words are no day."""
    days, unreadable = parse_days(text(cell), dates)
    assert not unreadable.any()
    assert days[0] == pd.Timestamp(day) if day else pd.isna(days[0])


@pytest.mark.parametrize(
    ("cell", "dates"),
    [
        ("30/02/2024", "day_first"),
        ("1/2/2024", "iso"),
        ("13/13/2024", "day_first"),
        ("soon", None),
        ("0202-01-01", None),
    ],
)
def test_what_is_no_day_is_unreadable(cell: str, dates: str | None) -> None:
    """A day that no calendar has, or that the stated order does not allow, is not turned into another."""
    days, unreadable = parse_days(text(cell), dates)
    assert unreadable.all()
    assert days.isna().all()


def test_typed_days_lose_their_time_but_not_their_own_calendar_day() -> None:
    """A timestamp with a zone counts on the day it shows there, not on the day it was in Greenwich."""
    stamps = pd.Series(pd.to_datetime(["2024-01-31 23:30", None]).tz_localize("America/New_York"))
    assert parse_days(stamps)[0].tolist() == [pd.Timestamp("2024-01-31"), pd.NaT]


@given(
    st.lists(st.dates(date(1950, 1, 1), date(2100, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["day_first", "month_first"]),
)
@settings(max_examples=examples(50), deadline=None)
def test_written_days_come_back(days: list[date], order: str) -> None:
    """Any list of days written in a stated order is read back as it was."""
    pattern = "%d/%m/%Y" if order == "day_first" else "%m/%d/%Y"
    read, unreadable = parse_days(text(*(day.strftime(pattern) for day in days)), order)
    assert [each.date() for each in read] == days
    assert not unreadable.any()


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1234.56", ".", "1234.56"),
        ("1,234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("1 234 567,89 €", ",", "1234567.89"),
        ("1'234.50", ".", "1234.50"),
        ("€ 1.234,56", ",", "1234.56"),
        ("EUR -12,5", ",", "-12.5"),
        ("(12.50)", ".", "-12.50"),
        ("12.50-", ".", "-12.50"),
        ("−3", ".", "-3"),
        ("+4", ".", "4"),
        (".5", ".", "0.5"),
        ("0.30000000000000004", ".", "0.3"),
        ("-", ".", None),
        (None, ".", None),
    ],
)
def test_amounts_are_read_exactly(cell: str | None, decimal: str, value: str | None) -> None:
    """Grouping, signs, brackets and currency marks are understood; nothing goes through a float."""
    micros, unreadable = parse_millionths(text(cell), decimal)
    assert not unreadable.any()
    assert pd.isna(micros[0]) if value is None else micros[0] == int(Decimal(value) * 1_000_000)


@pytest.mark.parametrize(
    ("cell", "decimal"),
    [("twelve", "."), ("12,5", "."), ("1.23.4", "."), ("12 34", "."), ("--3", "."), ("9" * 13, ".")],
)
def test_what_is_no_amount_is_unreadable(cell: str, decimal: str) -> None:
    """Words, badly grouped digits and numbers beyond twelve digits are not guessed at."""
    assert parse_millionths(text(cell), decimal)[1].all()


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20), st.sampled_from([".", ","]))
@settings(max_examples=examples(50), deadline=None)
def test_written_amounts_come_back(amounts: list[Decimal], decimal: str) -> None:
    """Any amounts, grouped and with either mark, are read back to the last digit; so are floats."""
    swap = str.maketrans(",.", ".,") if decimal == "," else {}
    micros, _ = parse_millionths(text(*(f"{amount:,.2f}".translate(swap) for amount in amounts)), decimal)
    expected = [int(amount * 1_000_000) for amount in amounts]
    assert micros.tolist() == expected
    assert parse_millionths(pd.Series([float(amount) for amount in amounts]))[0].tolist() == expected


def test_evidence_is_what_only_one_reading_explains() -> None:
    """1/2/2024 and 1.234 prove nothing; 13/2/2024, 1.5 and 1.234,5 prove."""
    days = date_evidence([text("1/2/2024", "13/2/2024", "2/14/2024", "3/3/2024")])
    assert (days.day_first, days.month_first, days.either) == (("13/2/2024",), ("2/14/2024",), ("1/2/2024",))
    amounts = decimal_evidence([text("1.234", "12", "0.125", "1.234,5", "1.234.567", "1,5")])
    assert (amounts.point, amounts.comma, amounts.either) == (
        ("0.125",),
        ("1.234,5", "1.234.567", "1,5"),
        ("1.234",),
    )


def test_flags_and_choices_are_read_in_many_spellings() -> None:
    """Yes and no in four languages; choices without regard to case, spaces and hyphens."""
    flags, unreadable = parse_flags(text("Ja", "0", None, "perhaps"))
    assert flags.tolist() == [True, False, pd.NA, pd.NA]
    assert unreadable.tolist() == [False, False, False, True]
    chosen, unreadable = parse_choices(text("Credit-Note", "CREDIT NOTE", "memo"), ("credit_note",))
    assert chosen.tolist()[:2] == ["credit_note", "credit_note"]
    assert unreadable.tolist() == [False, False, True]


def test_numbers_that_are_not_money_keep_all_their_decimals() -> None:
    """Scores and rates are floats and may be finer than a millionth."""
    assert parse_numbers(text("0,00000012", None), ",")[0].tolist()[0] == 0.00000012


# whole files -----------------------------------------------------------------------------------------

GOOD = "I1; C1; 2024-01-02; 2024-02-01; 100.00"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            ["I1; C1; 1/2/2024; 2/1/2024; 10.00"],
            "dates of invoices such as 1/2/2024, 2/1/2024 can be read in two ways; state dates",
        ),
        (["I1; C1; 13/1/2024; 1/14/2024; 10.00"], "dates of invoices are written both ways"),
        (
            ["I1; C1; 2024-01-02; 2024-02-01; 1.234"],
            "amounts of invoices such as 1.234 can be read in two ways; state decimal",
        ),
        (
            ["I1; C1; 2024-01-02; 2024-02-01; 1.5", "I2; C1; 2024-01-02; 2024-02-01; 1,5"],
            "decimal points and decimal commas",
        ),
        (
            ["I1; C1; x; 2024-02-01; 1", "I2; C1; y; 2024-02-01; 1"],
            "issued_on is not a date in 2 of 2 rows, e.g. 'x', 'y'",
        ),
        (
            ["I1; C1; 2024-01-02; 2024-02-01; a", "I2; C1; 2024-01-02; 2024-02-01; b"],
            "amount is not an amount in 2 of 2 rows",
        ),
        (["; C1; 2024-01-02; 2024-02-01; 1"], "invoice_id is empty in every row"),
        (
            ["I1; C1; 2024-03-02; 2024-02-01; 1"],
            "every row of invoices is rejected, 1 of 1 because due_on is before issued_on",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_examples_and_a_remedy(rows: list[str], said: str) -> None:
    """What is wrong from end to end, or can be read in two ways, stops the whole file."""
    with pytest.raises(LedgerError, match=said):
        cleaned(invoices=invoices(*rows))


def test_a_stated_format_settles_what_two_ways_could_explain() -> None:
    """With `dates` and `decimal` the same cells are read; what contradicts them is rejected."""
    raw = invoices(
        "I1; C1; 1/2/2024; 3/2/2024; 1.234", "I2; C1; 1/2/2024; 1/14/2024; 1", "I3; C1; 1/2/2024; 3/2/2024; 5"
    )
    result = cleaned(reading(dates="day_first", decimal=","), invoices=raw)
    assert result.ledger.invoices["amount_minor"].tolist() == [123400, 500]
    assert result.ledger.invoices["due_on"].tolist() == [pd.Timestamp("2024-02-03")] * 2
    assert reasons(result) == [("invoices", 2, "I2", "due_on is not a date: '1/14/2024'")]


def test_one_value_above_twelve_decides_the_order_of_the_whole_file() -> None:
    """A single date that only one order explains is proof for the ambiguous ones, in every column."""
    raw = invoices("I1; C1; 1/2/2024; 3/2/2024; 1", "I2; C1; 1/2/2024; 28/2/2024; 1")
    assert cleaned(invoices=raw).ledger.invoices["issued_on"].tolist() == [pd.Timestamp("2024-02-01")] * 2


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({}, "no invoices"),
        ({"invoices": invoices(GOOD).drop(columns="amount")}, "no column for amount of invoices"),
        ({"invoices": invoices(GOOD).drop(columns="due_on")}, "no column for due_on or payment_terms_days"),
        ({"invoices": invoices()}, "the table invoices has no rows"),
        ({"invoices": invoices(GOOD), "payments": payments()}, "the table payments has no rows"),
        (
            {
                "invoices": invoices(GOOD).assign(paid_on="2024-02-01"),
                "payments": payments("I1; 2024-02-01; 1; ; "),
            },
            "money would count twice",
        ),
    ],
)
def test_tables_that_are_not_there_are_refused(tables: dict[str, pd.DataFrame], said: str) -> None:
    """Missing tables, columns and rows are named."""
    with pytest.raises(LedgerError, match=said):
        cleaned(**tables)


def test_an_empty_table_of_rare_events_is_only_a_warning() -> None:
    """No disputes yet is a normal state of the world."""
    result = cleaned(invoices=invoices(GOOD), disputes=table("invoice_id; opened_on"))
    assert result.warnings == ("disputes: the table disputes has no rows",)
    assert result.rows_in == {"invoices": 1, "disputes": 0}


# rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("I2; ; 2024-01-02; 2024-02-01; 1.00", "customer_id is empty"),
        ("I2; C1; ; 2024-02-01; 1.00", "issued_on is empty"),
        ("I2; C1; 2024-01-02; ; 1.00", "due_on is empty, and so is payment_terms_days"),
        ("I2; C1; 2024-01-02; 2024-02-01; ", "amount is empty"),
        ("I2; C1; 2024-01-02; 2024-02-01; 0.00", "amount is zero"),
        ("I2; C1; 2024-01-02; 2024-02-01; ten", "amount is not an amount: 'ten'"),
        ("I2; C1; 2024-01-32; 2024-02-01; 1.00", "issued_on is not a date: '2024-01-32'"),
        ("I2; C1; 2024-02-02; 2024-02-01; 1.00", "due_on is before issued_on"),
        ("I2; C1; 2024-07-01; 2024-08-01; 1.00", "issued_on is after 2024-06-30"),
        ("I2; C1; 2024-01-02; 2024-02-01; 12.345", "amount has more decimals than EUR"),
        ("I1; C9; 2024-01-02; 2024-02-01; 1.00", "invoice_id not unique: another row was known first"),
    ],
)
def test_a_bad_invoice_is_rejected_with_its_row_key_and_reason(row: str, reason: str) -> None:
    """One bad row costs one row; the reason is the first thing wrong with it."""
    result = cleaned(invoices=invoices(GOOD, row, "I3; C1; 2024-01-02; 2024-02-01; 1.50"))
    assert reasons(result) == [("invoices", 2, row.split(";")[0], reason)]
    assert result.ledger.invoices["invoice_id"].tolist() == ["I1", "I3"]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("currency", "XQX", "currency is not an ISO 4217 code: 'XQX'"),
        ("kind", "pro forma", "kind is not one of invoice, credit_note, instalment, retention: 'pro forma'"),
        ("known_on", "2024-07-01", "known_on is after 2024-06-30"),
        ("dunning_level", "1.5", "dunning_level is not a whole number: '1.5'"),
        ("payment_terms_days", "-1", "payment_terms_days is not between 0 and 3650"),
        ("original_due_on", "2023-01-01", "original_due_on is before issued_on"),
    ],
)
def test_optional_columns_are_held_to_the_contract_too(column: str, value: str, reason: str) -> None:
    """A cell outside its choices, range or kind rejects the row that carries it."""
    raw = invoices(GOOD, GOOD.replace("I1", "I2"), GOOD.replace("I1", "I3")).assign(
        **{column: [value, "", ""]}
    )
    assert reasons(cleaned(invoices=raw)) == [("invoices", 1, "I1", reason)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("I9; 2024-02-01; 1.00; ; ", "invoice_id is not among the invoices"),
        ("BAD; 2024-02-01; 1.00; ; ", "its invoice was rejected"),
        ("; 2024-02-01; 1.00; ; ", "neither invoice_id nor customer_id"),
        ("I1; 2024-07-01; 1.00; ; ", "paid_on is after 2024-06-30"),
        ("I1; 2024-02-01; 0; ; ", "amount is zero"),
        (
            "I1; 2024-02-01; 1.00; gift; ",
            "kind is not one of payment, reversal, credit, discount, deduction, bank_charge, withholding, "
            "write_off: 'gift'",
        ),
    ],
)
def test_a_bad_payment_is_rejected_with_its_reason(row: str, reason: str) -> None:
    """Payments of unknown or rejected invoices are told apart."""
    result = cleaned(
        invoices=invoices(GOOD, "BAD; C1; 2024-03-02; 2024-02-01; 1.00"),
        payments=payments("I1; 2024-02-01; 40.00; ; ", row, "I1; 2024-02-02; 60.00; ; "),
    )
    rejected = result.rejected[result.rejected["table"] == "payments"]
    assert rejected[["row", "reason"]].values.tolist() == [[2, reason]]
    assert rejected["key"].fillna("").tolist() == row.split(";")[:1]


def test_of_rows_with_one_number_the_one_known_first_stays() -> None:
    """Not the first in the file but the first known, so that cutting off later rows changes nothing."""
    raw = invoices(
        "I1; LATE; 2024-01-05; 2024-02-01; 1",
        "I1; EARLY; 2024-01-02; 2024-02-01; 1",
        "I1; TIE; 2024-01-02; 2024-02-01; 1",
    )
    result = cleaned(invoices=raw)
    assert result.ledger.invoices["customer_id"].tolist() == ["EARLY"]
    assert result.rejected["row"].tolist() == [1, 3]


def test_every_other_table_is_read_and_held_to_the_contract() -> None:
    """All twelve tables have their types, defaults and refusals."""
    ledger = (
        result := cleaned(
            invoices=invoices(GOOD),
            payments=payments("I1; 2024-02-01; 40.00; ; "),
            customers=table(
                "customer_id; country; credit_limit; key_account; legal_kind", "C1; NA; 1000; yes; Business"
            ),
            credit_scores=table(
                "customer_id; provider; scored_on; score",
                "C1; X; 2024-01-01; 71.5",
                "C1; X; 2024-01-01; 70.5",
            ),
            disputes=table(
                "invoice_id; opened_on; closed_on",
                "I1; 2024-02-03; 2024-02-01",
                "I1; 2024-02-03; ",
                "I7; 2024-02-03; ",
            ),
            contact_history=table(
                "customer_id; contacted_on; promised_for; promised_amount",
                "C1; 2024-02-05; 2024-02-20; 60.00",
            ),
            payment_plans=table(
                "plan_id; customer_id; invoice_id; due_on; amount", "P1; C1; I1; 2024-09-01; 30.00"
            ),
            contact_persons=table("customer_id; email; do_not_contact", "C1; a@b.example; no"),
            collectors=table("collector; capacity_per_day", "Eva; 40"),
            orders=table("customer_id; ordered_on; amount", "C1; 2024-06-01; 99.99"),
            rates=table(
                "currency; day; rate",
                "usd; 2024-06-01; 0.9215",
                "EURO; 2024-06-01; 1.0001",
                "GBP; 2024-06-01; -1.5",
            ),
            decisions=table(
                "customer_id; hold; by; decided_on; until", "C1; ja; Eva; 2024-06-01; 2099-12-31"
            ),
        )
    ).ledger
    assert ledger.customers["country"].tolist() == ["NA"]
    assert ledger.customers["credit_limit_minor"].tolist() == [100000]
    assert ledger.credit_scores["score"].tolist() == [71.5]
    assert ledger.contact_history["promise_made_on"].tolist() == [pd.Timestamp("2024-02-05")]
    assert ledger.payment_plans["amount_minor"].tolist() == [3000]
    assert ledger.rates["currency"].tolist() == ["USD"]
    assert ledger.decisions["hold"].tolist() == [True]
    assert [(row[0], row[1], row[3]) for row in reasons(result)] == [
        (
            "credit_scores",
            2,
            "customer_id and provider and scored_on not unique: another row was known first",
        ),
        ("disputes", 1, "closed_on is before opened_on"),
        ("disputes", 3, "invoice_id is not among the invoices"),
        ("rates", 2, "currency is not an ISO 4217 code: 'EURO'"),
        ("rates", 3, "rate is not positive"),
    ]


def test_a_manual_decision_decides_something() -> None:
    """A segment, a hold, or an action by its id and yes or no."""
    result = cleaned(
        invoices=invoices(GOOD),
        decisions=table(
            "customer_id; segment; hold; action_id; approved; by; decided_on",
            "C1; B; ; ; ; Eva; 2024-06-01",
            "C1; ; yes; ; ; Eva; 2024-06-01",
            "C1; ; ; a1; yes; Eva; 2024-06-01",
            "C1; ; ; a1; no; Eva; 2024-06-01",
            "C1; ; ; ; ; Eva; 2024-06-01",
            "C1; ; ; ; yes; Eva; 2024-06-01",
            "C1; B; ; ; no; Eva; 2024-06-01",
            "C1; ; ; a1; ; Eva; 2024-06-01",
            "C1; B; ; a1; ; Eva; 2024-06-01",
        ),
    )
    assert result.ledger.decisions["approved"].tolist() == [pd.NA, pd.NA, True, False, pd.NA]
    assert [(row[1], row[3]) for row in reasons(result)] == [
        (5, "nothing is decided: no segment, hold or action_id"),
        (6, "approved without action_id: of what"),
        (7, "approved without action_id: of what"),
        (8, "action_id without approved: write yes or no"),
    ]


def test_later_days_of_a_row_that_lie_in_the_future_are_not_known_yet() -> None:
    """A closing day after today does not cost the dispute: it is emptied, with a warning."""
    result = cleaned(
        invoices=invoices(GOOD),
        disputes=table("invoice_id; opened_on; closed_on; outcome", "I1; 2024-02-03; 2024-09-01; won"),
    )
    assert result.ledger.disputes[["closed_on", "outcome"]].isna().all(axis=None)
    assert "closed_on is after 2024-06-30 in 1 rows" in result.warnings[0]


def test_permuted_rows_give_the_same_rows() -> None:
    """The order of a file carries no meaning (for rows that differ in key or day known)."""
    rows = [f"I{n}; C{n % 3}; 2024-01-{n:02d}; 2024-02-{n:02d}; {n}.50" for n in range(1, 20)]
    straight = cleaned(invoices=invoices(*rows)).ledger.invoices
    mixed = cleaned(invoices=invoices(*np.random.default_rng(1).permutation(rows))).ledger.invoices
    pd.testing.assert_frame_equal(straight, mixed.sort_values("issued_on").reset_index(drop=True))


def test_health_counts_what_was_read_and_groups_the_rejects() -> None:
    """Rows in = accepted + rejected per table; reasons are grouped by rule, with examples."""
    result = cleaned(
        invoices=invoices(
            GOOD,
            "I2; C2; 2024-01-03; 2024-02-01; 300.00",
            "I3; C2; 2024-01-03; 2024-02-01; ten",
            "I4; C2; 2024-01-03; 2024-02-01; two",
            "I5; C2; 2024-01-03; 2024-02-01; -5.00",
        ),
        payments=payments("I1; 2024-02-01; 100.00; ; "),
    )
    health = judge(result, today=TODAY)
    assert [(t.table, t.rows_in, t.accepted, t.rejected) for t in health.tables] == [
        ("invoices", 5, 3, 2),
        ("payments", 1, 1, 0),
    ]
    assert [(r.reason, r.rows, r.examples[0]) for r in health.rejects] == [
        ("amount is not an amount", 2, "row 3 (I3): 'ten'")
    ]
    assert (health.invoices, health.credit_notes, health.settled_share, health.debtors) == (2, 1, 0.5, 2)
    assert (health.largest_debtor, health.largest_debtor_share) == ("C2", 0.75)
    assert (health.newest_payment, health.days_since_newest_payment) == (date(2024, 2, 1), 150)


def test_a_column_is_read_by_position_whatever_its_index() -> None:
    """A slice of a table, whose index does not start at 0, reads like any other."""
    part = text("x", "2024-01-31", "1.5").iloc[1:]
    assert parse_days(part)[0].iloc[0] == pd.Timestamp("2024-01-31")
    assert parse_millionths(part)[0].iloc[1] == 1_500_000
    assert parse_numbers(part)[0].iloc[1] == 1.5


# credit scores ---------------------------------------------------------------------------------------


def scores(*rows: str) -> pd.DataFrame:
    """Return raw credit scores."""
    return table("customer_id; provider; scored_on; score", *rows)


def cleaned_scores(*rows: str, **scales: tuple[float, float]) -> Cleaned:
    """Clean these scores beside one invoice."""
    raw = {"invoices": invoices(GOOD), "credit_scores": scores(*rows)}
    return clean(raw, today=TODAY, home_currency="EUR", score_scales=scales)


def test_a_score_outside_its_providers_scale_is_rejected_with_the_scale() -> None:
    """Both ends belong to the scale; the reason names provider, scale and, after the colon, the score."""
    result = cleaned_scores(
        "C1; bureau; 2024-01-01; 0",
        "C1; bureau; 2024-01-02; 100",
        "C1; bureau; 2024-01-03; 120",
        "C1; bureau; 2024-01-04; -0.5",
        bureau=(0, 100),
    )
    assert result.ledger.credit_scores["score"].tolist() == [0, 100]
    assert reasons(result) == [
        ("credit_scores", 3, "C1|bureau|2024-01-03", "score is outside bureau's scale 0 to 100: 120"),
        ("credit_scores", 4, "C1|bureau|2024-01-04", "score is outside bureau's scale 0 to 100: -0.5"),
    ]


def test_a_scale_holds_for_its_own_provider_only() -> None:
    """Another provider's 650 stands, with a scale of its own or with none; one lone score is only a row."""
    rows = ("C1; bureau; 2024-01-01; 650", "C1; agency; 2024-01-01; 650")
    assert len(cleaned_scores(*rows).ledger.credit_scores) == 2
    result = cleaned_scores(*rows, bureau=(0, 100))
    assert result.ledger.credit_scores["provider"].tolist() == ["agency"]
    assert len(cleaned_scores(*rows, agency=(300, 850)).ledger.credit_scores) == 2


def test_a_scale_that_no_score_fits_is_refused() -> None:
    """Several scores, all outside: the scale is wrong and not the scores; the refusal names its place."""
    with pytest.raises(LedgerError) as refusal:
        cleaned_scores("C1; bureau; 2024-01-01; 650", "C1; bureau; 2024-02-01; 700", bureau=(0, 100))
    assert str(refusal.value) == (
        "credit_scores: each of the 2 scores of bureau is outside its scale 0 to 100, e.g. 650; "
        "the scale looks wrong: correct lowest and highest under credit_scores.bureau"
    )


def test_a_score_that_is_rejected_anyway_says_nothing_about_the_scale() -> None:
    """Scores of the future or without a number keep their own reason and do not count as outside."""
    result = cleaned_scores(
        "C1; bureau; 2099-01-01; 650",
        "C1; bureau; 2099-02-01; 700",
        "C1; bureau; 2024-02-01; ",
        "C1; bureau; 2024-03-01; 40",
        bureau=(0, 100),
    )
    assert result.ledger.credit_scores["score"].tolist() == [40]
    assert [row[3] for row in reasons(result)] == [
        "scored_on is after 2024-06-30", "scored_on is after 2024-06-30", "score is empty",
    ]  # fmt: skip
