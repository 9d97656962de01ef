"""How each debtor is treated: who it is, which line decides, which terms are proposed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.contracts.collection_tables import TREATMENTS
from features.ledger import make_ledger
from models.facts import customers_on
from models.treatment.policy import Policy, Terms
from models.treatment.policy_file import read_policy
from models.treatment.statutory import NOTHING, Rate, Statutory, parse_statutory
from models.treatment.terms import harms, in_words, minor_in
from models.treatment.treatments import treatments, who

DAY = date(2024, 9, 2)
POLICY = read_policy(Path(__file__).resolve().parent.parent / "configs" / "policy.yaml")
HALF_YEARS = {date(2024, 1, 1): 4.5, date(2024, 7, 1): 4.25}
RATES: Statutory = parse_statutory(
    {
        "reference_rates": {"bank": {"source": "the bank", "half_years": HALF_YEARS}},
        "countries": {"NL": {"business_interest": {"reference": "bank", "plus_points": 8, "law": "art. 1"}}},
    }
)
FEE = {"late_fee": {"any": 40}}


def segments(*rows: tuple[str, str], **columns: Any) -> pd.DataFrame:
    """Debtors and their segments, of high risk and in the tail if nothing else is said."""
    table = pd.DataFrame(rows, columns=["customer_id", "segment"])
    return table.assign(**{"risk": "high", "value_class": "tail", **columns})


def customers(*rows: dict[str, Any]) -> pd.DataFrame:
    """The rows of the day of these debtors, businesses if nothing else is said."""
    table = pd.DataFrame([{"legal_kind": "business", **row} for row in rows])
    return customers_on(make_ledger(customers=table).customers, DAY)


def asked(**terms: Any) -> Policy:
    """The shipped policy with these terms for everybody who comes to the default line."""
    *lines, default = POLICY.lines
    return POLICY.model_copy(
        update={"lines": (*lines, default.model_copy(update={"terms": Terms.model_validate(terms)}))}
    )


def treated(
    policy: Policy = POLICY,
    segment: str = "C",
    decisions: pd.DataFrame | None = None,
    rates: Statutory = NOTHING,
    day: date = DAY,
    **columns: Any,
) -> pd.Series:
    """The treatment of debtor X in that segment, with these columns in its row of the ledger."""
    debtors = who(
        segments(("X", segment)),
        customers({"customer_id": "X", **columns}),
        default_country=None,
        default_legal_kind="unknown",
    )
    if decisions is None:
        decisions = make_ledger().decisions
    return treatments(debtors, policy, decisions, rates, day=day, home_currency="EUR").iloc[0]


# who it is -------------------------------------------------------------------------------------------


def test_what_a_debtor_is_comes_from_the_ledger_and_else_from_the_defaults() -> None:
    """B has a row without kind and country, C none at all: both are what the defaults say."""
    rows = customers(
        {"customer_id": "A", "legal_kind": "public", "country": "DE", "region": "BY", "key_account": True},
        {"customer_id": "B", "legal_kind": None, "language": "nl"},
    )
    table = who(
        segments(("C", "A"), ("B", "B"), ("A", "C")),
        rows,
        default_country="NL",
        default_legal_kind="business",
    )
    assert list(table.index) == ["A", "B", "C"]
    assert list(table["segment"]) == ["C", "B", "A"]
    assert list(table["legal_kind"]) == ["public", "business", "business"]
    assert list(table["country"]) == ["DE", "NL", "NL"]
    assert list(table["region"].fillna("-")) == ["BY", "-", "-"]
    assert list(table["language"].fillna("-")) == ["-", "nl", "-"]
    assert list(table["key_account"]) == [True, False, False]
    assert not table["in_proceedings"].any()


# which line ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segment", "kind", "line", "strategy", "timing"),
    [
        ("INSOLVENT", "business", 1, "none", "shifted"),
        ("D", "public", 2, "public", "fixed"),
        ("A", "consumer", 3, "friendly_only", "fixed"),
        ("G", None, 3, "friendly_only", "fixed"),
        ("B", "business", 4, "gentle", "shifted"),
        ("E", "business", 5, "strict", "fixed"),
        ("NEW", "business", 6, "standard", "shifted"),
    ],
)
def test_the_first_line_that_fits_decides_the_treatment(
    segment: str, kind: str | None, line: int, strategy: str, timing: str
) -> None:
    """The shipped lines, one debtor each; an unknown kind is treated as a consumer."""
    row = treated(segment=segment, legal_kind=kind)
    assert (row["line"], row["strategy"], row["timing"]) == (line, strategy, timing)


# terms -----------------------------------------------------------------------------------------------


def test_without_terms_all_is_as_today() -> None:
    """No words, no action to decide about, status none, and the contract's columns."""
    row = treated()
    assert list(row.index) == [column.inside for column in TREATMENTS.columns]
    assert (row["status"], row["credit"], row["adverse"], row["currency"]) == (
        "none",
        "unchanged",
        False,
        "EUR",
    )
    assert row[["terms", "action_id", "delivery", "payment_term_days", "interest_source"]].isna().all()


def test_terms_that_harm_nobody_are_proposed() -> None:
    """A discount and a plan need no approval."""
    row = treated(asked(discount_percent=2.0, discount_days=10, instalments=3))
    assert (row["status"], row["adverse"]) == ("proposed", False)
    assert row["terms"] == "2 % discount when paid within 10 days; payment plan in 3 parts"
    assert (row["discount_percent"], row["discount_days"], row["instalments"]) == (2.0, 10, 3)


def test_terms_that_harm_need_a_person() -> None:
    """The fee is 40 euros in the home currency's cents."""
    row = treated(asked(**FEE))
    assert (row["status"], row["adverse"], row["late_fee_minor"]) == ("needs_approval", True, 4000)
    assert row["terms"] == "fee for paying late of 40.00 EUR"
    assert len(row["action_id"]) == 20


def test_the_action_stays_while_debtor_and_terms_do() -> None:
    """Another segment on the same terms is the same action; another fee or another debtor is not."""
    row = treated(asked(**FEE))
    assert treated(asked(**FEE), segment="NEW")["action_id"] == row["action_id"]
    assert treated(asked(late_fee={"any": 41}))["action_id"] != row["action_id"]
    both = who(
        segments(("X", "C"), ("Y", "C")),
        customers({"customer_id": "X"}, {"customer_id": "Y"}),
        default_country=None,
        default_legal_kind="unknown",
    )
    table = treatments(both, asked(**FEE), make_ledger().decisions, NOTHING, day=DAY, home_currency="EUR")
    assert table["action_id"].iloc[0] == row["action_id"]
    assert table["action_id"].is_unique


@pytest.mark.parametrize(("approved", "status"), [(True, "approved"), (False, "refused")])
def test_a_decision_about_the_action_is_kept_with_name_day_and_reason(approved: bool, status: str) -> None:
    """Ann decided on 30 August; on the day itself a decision of that day is not yet known."""
    action = treated(asked(**FEE))["action_id"]

    def decided_on(day: str) -> pd.DataFrame:
        row = {"customer_id": "X", "action_id": action, "approved": approved, "reason": "agreed", "by": "ann"}
        return make_ledger(decisions=pd.DataFrame([{**row, "decided_on": pd.Timestamp(day)}])).decisions

    row = treated(asked(**FEE), decisions=decided_on("2024-08-30"))
    assert (row["status"], row["approved_by"], row["approval_reason"]) == (status, "ann", "agreed")
    assert row["approved_on"] == pd.Timestamp("2024-08-30")
    assert treated(asked(**FEE), decisions=decided_on("2024-09-02"))["status"] == "needs_approval"


@pytest.mark.parametrize("column", ["insolvent_on", "legal_on"])
def test_a_debtor_in_proceedings_gets_no_terms(column: str) -> None:
    """Insolvent or in court since August: the line still decides, its terms do not."""
    row = treated(asked(**FEE), **{column: pd.Timestamp("2024-08-01")})
    assert (row["line"], row["strategy"], row["status"]) == (6, "standard", "none")
    assert row[["terms", "action_id", "late_fee_minor"]].isna().all()


# statutory interest ----------------------------------------------------------------------------------


def test_statutory_interest_is_that_of_the_debtors_country_with_its_source() -> None:
    """4.25 + 8 in the Netherlands; what was approved in the half-year before stays the same action."""
    row = treated(asked(statutory_interest=True), rates=RATES, country="NL")
    assert (row["interest_percent"], row["terms"]) == (12.25, "statutory interest of 12.25 % a year")
    assert row["interest_source"] == "art. 1; the bank; from 2024-07-01"
    assert row["status"] == "needs_approval"
    before = treated(asked(statutory_interest=True), rates=RATES, country="NL", day=date(2024, 6, 30))
    assert (before["interest_percent"], before["action_id"]) == (12.5, row["action_id"])


@pytest.mark.parametrize(
    ("country", "day", "words"),
    [
        ("NL", date(2025, 1, 1), "statutory rate of NL known until 2024-12-31: no interest on 2025-01-01"),
        ("BE", DAY, "no statutory rate known for BE"),
        (None, DAY, "no statutory rate known for a debtor without a country"),
    ],
)
def test_without_a_known_rate_there_is_no_interest_and_it_says_why(
    country: str | None, day: date, words: str
) -> None:
    """Nothing is proposed, so nothing is to approve."""
    row = treated(asked(statutory_interest=True), rates=RATES, country=country, day=day)
    assert (row["interest_source"], row["status"], row["adverse"]) == (words, "none", False)
    assert np.isnan(row["interest_percent"])


# words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "words", "harm"),
    [
        ({}, "", ""),
        ({"payment_term_days": 60}, "payment term of 60 days", ""),
        (
            {"payment_term_days": 1, "shorter_than_usual": True},
            "payment term of 1 day, shorter than usual",
            "shorter_than_usual",
        ),
        ({"late_fee": {"any": 40, "EUR": 1234.5}}, "fee for paying late of 1,234.50 EUR", "late_fee"),
        ({"credit": "refuse"}, "no further credit", "credit: refuse"),
        (
            {"credit": "limit", "credit_limit": {"any": 5000}},
            "credit limit of 5,000.00 EUR",
            "credit: limit",
        ),
        (
            {"delivery": "prepayment", "credit": "hold_until_paid"},
            "credit held until paid; delivery against prepayment only",
            "credit: hold_until_paid, delivery: prepayment",
        ),
        ({"delivery": "on_account"}, "delivery on account", ""),
        ({"statutory_interest": True}, "statutory interest of 9 % a year", "statutory_interest"),
    ],
)
def test_terms_in_words_and_whether_they_harm(terms: dict[str, Any], words: str, harm: str) -> None:
    """Every term has its words; those that harm are named by their keys."""
    made = Terms.model_validate(terms)
    assert in_words(made, "EUR", Rate(9.0, "a source")) == words
    assert harms(made) == harm


def test_amounts_are_in_the_minor_units_of_the_currency() -> None:
    """500 yen are 500 minor units, 12.34 euros 1234; the line `any` is for all others."""
    amounts = Terms.model_validate({"late_fee": {"any": 12.34, "JPY": 500}}).late_fee
    assert amounts is not None
    assert [minor_in(amounts, currency) for currency in ("EUR", "JPY", "KWD")] == [1234, 500, 12340]


def test_permuted_rows_give_the_same_table() -> None:
    """The order of debtors in the ledger does not matter."""
    rows = [("Z", "E"), ("A", "C"), ("M", "B")]
    debtors = customers({"customer_id": "A"}, {"customer_id": "M"}, {"customer_id": "Z"})
    one, other = (
        treatments(
            who(segments(*order), debtors, default_country="NL", default_legal_kind="business"),
            POLICY,
            make_ledger().decisions,
            RATES,
            day=DAY,
            home_currency="EUR",
        )
        for order in (rows, rows[::-1])
    )
    pd.testing.assert_frame_equal(one, other)
    assert list(one["strategy"]) == ["standard", "gentle", "strict"]
