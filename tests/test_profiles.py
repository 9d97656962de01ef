"""What is said of each segment, in figures and in words."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pandas as pd
import pytest
from treatment_support import DAY, ledger_of, on, open_items

from features.contracts import OUTPUT_TABLES
from features.ledger import Ledger
from models.segments.profiles import LEAST_EFFECT, TRAITS, segment_profiles, segment_words

SEGMENTS = pd.DataFrame(
    {"customer_id": ["X", "Y", "Z"], "segment": ["A", "A", "NEW"], "potential_a": [True, False, False]}
)
ITEMS = open_items(
    {"invoice_id": "I1", "due_on": on("2024-05-29"), "amount_minor": 10_000},
    {"invoice_id": "I2", "due_on": on("2024-07-01"), "amount_minor": 5_000},
)
FIGURES = pd.DataFrame(
    {"mean_days_late_365d": [2.0, 4.0, np.nan], "late_share_365d": [0.5, 0.7, np.nan]}, index=["X", "Y", "Z"]
)


def ledger(contacts: list[dict[str, Any]] | None = None, **columns: Any) -> Ledger:
    """X bought for 100.00, Y for 40.00 less 10.00 of credit; Z for 99.99 years ago."""
    invoices = pd.DataFrame(
        {
            "invoice_id": ["I1", "I2", "I3", "I4"],
            "customer_id": ["X", "Y", "Y", "Z"],
            "issued_on": [on("2024-05-01"), on("2024-05-01"), on("2024-05-02"), on("2020-01-01")],
            "due_on": on("2024-05-29"),
            "amount_minor": [10_000, 4_000, 1_000, 9_999],
            "kind": ["invoice", "invoice", "credit_note", "invoice"],
            "currency": "EUR",
        }
    ).assign(**columns)
    if not contacts:
        return ledger_of(invoices)
    rows = [{"customer_id": "X", "contacted_on": on("2024-05-20"), **row} for row in contacts]
    return ledger_of(invoices, contact_history=pd.DataFrame(rows))


def profiles(book: Ledger | None = None, late_rates: pd.DataFrame | None = None) -> pd.DataFrame:
    """The profiles by segment and currency."""
    table = segment_profiles(SEGMENTS, FIGURES, ITEMS, book or ledger(), day=DAY, late_rates=late_rates)
    return table.set_index(["segment", "currency"])


def test_size_behaviour_and_money() -> None:
    """X and Y are A: a third of the debtors is new; revenue of the last 365 days less the credit note."""
    table = profiles()
    a, new = table.loc[("A", "EUR")], table.loc[("NEW", "EUR")]
    assert (a["debtors"], a["mean_days_late"], a["late_share"]) == (2, 3.0, 0.6)
    assert a["share_of_debtors"] == 2 / 3
    assert (a["revenue_minor"], a["share_of_revenue"]) == (13_000, 1.0)
    assert (a["open_amount_minor"], a["overdue_amount_minor"]) == (15_000, 10_000)
    assert (a["potential_a"], new["potential_a"]) == (1, 0)
    assert new["revenue_minor"] == new["open_amount_minor"] == new["share_of_revenue"] == 0
    assert np.isnan(new["late_share"])


def test_currencies_are_never_added_up() -> None:
    """X in dollars, Y in euros: a row for each, and shares of each."""
    table = profiles(ledger(currency=["USD", "EUR", "EUR", "EUR"]))
    assert table.loc[("A", "USD"), "revenue_minor"] == 10_000
    assert table.loc[("A", "EUR"), "revenue_minor"] == 3_000
    assert table["share_of_revenue"].tolist() == [1.0, 1.0, 0.0, 0.0]


def test_cost_to_serve() -> None:
    """3 contacts for 130.00 of revenue: 23.1 for 1,000; the suppressed, old and future ones do not count."""
    contacts: list[dict[str, Any]] = [
        {},
        {"customer_id": "Y", "status": "bounced"},
        {"contacted_on": on("2023-06-04")},
        {"contacted_on": on("2023-06-03")},
        {"contacted_on": on("2024-06-03")},
        {"status": "suppressed"},
        {"customer_id": "nobody"},
    ]
    a = profiles(ledger(contacts)).loc[("A", "EUR")]
    assert a["contacts"] == 3
    assert a["contacts_per_1000_revenue"] == pytest.approx(3 / 0.13)


def test_cost_to_serve_needs_revenue_in_one_currency() -> None:
    """Contacts have no currency: with two there is no figure, nor without revenue."""
    two = profiles(ledger([{}], currency=["USD", "EUR", "EUR", "EUR"]))
    assert two["contacts"].tolist() == [1, 1, 0, 0]
    assert two["contacts_per_1000_revenue"].isna().all()
    assert np.isnan(profiles().loc[("NEW", "EUR"), "contacts_per_1000_revenue"])


def test_yen_have_no_cents() -> None:
    """13,000 yen of revenue are 13 thousands."""
    assert profiles(ledger([{}], currency="JPY"))["contacts_per_1000_revenue"].iloc[0] == pytest.approx(
        1 / 13
    )


def test_late_rates_of_the_model_are_passed_on() -> None:
    """Those of A as they were measured; a segment that was not judged has none."""
    rates = {"late_rate": 0.2, "late_rate_low": 0.1, "late_rate_high": 0.3, "judged_invoices": 50}
    table = profiles(late_rates=pd.DataFrame([{"segment": "A", **rates}, {"segment": "B", **rates}]))
    assert table.loc[("A", "EUR"), list(rates)].to_dict() == rates
    assert table.loc[("NEW", "EUR"), list(rates)].isna().all()
    assert profiles()[list(rates)].isna().all(axis=None)


def test_columns_and_types_are_those_of_the_contract() -> None:
    """With late rates and without."""
    rates = pd.DataFrame(
        [
            {
                "segment": "A",
                "late_rate": 0.2,
                "late_rate_low": 0.1,
                "late_rate_high": 0.3,
                "judged_invoices": 5,
            }
        ]
    )
    tables = [profiles(late_rates=given).reset_index() for given in (None, rates)]
    for table in tables:
        assert list(table) == [column.inside for column in OUTPUT_TABLES["segment_profiles"].columns]
    assert (tables[0].dtypes == tables[1].dtypes).all()
    assert tables[0].dtypes[["segment", "currency", "words"]].astype(str).tolist() == ["str"] * 3
    counts = ["debtors", "revenue_minor", "contacts", "potential_a"]
    assert tables[0].dtypes[counts].astype(str).tolist() == ["int64"] * 4


def test_the_order_of_rows_changes_nothing() -> None:
    """Each table given backwards."""
    book = ledger([{}, {"customer_id": "Y"}])
    backwards = segment_profiles(
        SEGMENTS[::-1],
        FIGURES[::-1],
        ITEMS[::-1],
        ledger_of(book.invoices[::-1], contact_history=book.contact_history[::-1]),
        day=DAY,
    )
    pd.testing.assert_frame_equal(backwards, profiles(book).reset_index())


# words -------------------------------------------------------------------------------------------------


def words(currencies: list[str] | None = None, **figures: list[float]) -> list[str | None]:
    """What is said of the first half of the debtors, and of the second."""
    table = pd.DataFrame(figures)
    half = len(table) // 2
    return segment_words(table, np.repeat([0, 1], half), 2, currencies or ["EUR"])


def test_words_give_both_medians() -> None:
    """12, 14, 20 days late against 1, 2, 9: 12 days later; the interquartile ranges are 4."""
    late = [12.0, 14.0, 20.0, 1.0, 2.0, 9.0]
    assert words(mean_days_late_365d=late) == [
        "pays 12 days later than the others (median 14 against 2)",
        "pays 12 days earlier than the others (median 2 against 14)",
    ]


@pytest.mark.parametrize(
    ("feature", "own", "others", "first", "second"),
    [
        ("late_share_365d", 0.61, 0.18, "61 % late against 18 %", "18 % late against 61 %"),
        (
            "late_over_30_share_365d",
            0.2,
            0.0,
            "20 % more than 30 days late against 0 %",
            "0 % more than 30 days late against 20 %",
        ),
        (
            "std_days_late_365d",
            9,
            3,
            "less regular (days late vary by 9 against 3)",
            "more regular (days late vary by 3 against 9)",
        ),
        (
            "overdue_share",
            0.5,
            0.1,
            "50 % of what is open is overdue against 10 %",
            "10 % of what is open is overdue against 50 %",
        ),
        (
            "mean_invoice_amount_365d",
            1200,
            300,
            "larger amounts (1,200 EUR against 300 EUR an invoice)",
            "smaller amounts (300 EUR against 1,200 EUR an invoice)",
        ),
        (
            "invoices_issued_365d",
            24,
            6,
            "more invoices (24 against 6 in 365 days)",
            "fewer invoices (6 against 24 in 365 days)",
        ),
        (
            "issued_amount_trend",
            0.6,
            1.1,
            "revenue at 60 % of the year before against 110 %",
            "revenue at 110 % of the year before against 60 %",
        ),
        (
            "days_since_first_invoice",
            1461,
            731,
            "older customers (4.0 against 2.0 years)",
            "newer customers (2.0 against 4.0 years)",
        ),
        (
            "days_since_last_invoice",
            600,
            20,
            "last invoice 600 days ago against 20",
            "last invoice 20 days ago against 600",
        ),
        (
            "mean_days_late_365d",
            -3,
            -0.2,
            "pays 3 days earlier than the others (median -3 against 0)",
            "pays 3 days later than the others (median 0 against -3)",
        ),
    ],
)
def test_each_trait_has_its_words(feature: str, own: float, others: float, first: str, second: str) -> None:
    """Said of who has more, and of who has less."""
    assert words(**{feature: [own, own, others, others]}) == [first, second]


def test_every_trait_is_in_the_list_above() -> None:
    """A trait without a test of its words would be a trait nobody read."""
    marks = test_each_trait_has_its_words.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {case[0] for case in marks} == {trait.feature for trait in TRAITS}


def test_the_three_strongest_are_said_and_the_strongest_first() -> None:
    """Medians apart by 1, 2, 3 and 4 interquartile ranges, which are 1 in both halves: not the first."""

    def apart(effect: float) -> list[float]:
        return [0.0, 0.0, 1.0, 1.0, effect, effect, effect + 1, effect + 1]

    table = {
        "late_share_365d": [share / 10 for share in apart(1)],
        "std_days_late_365d": [10 * days for days in apart(2)],
        "invoices_issued_365d": [10 * count for count in apart(3)],
        "overdue_share": [share / 10 for share in apart(4)],
    }
    assert words(**table)[0] == (
        "5 % of what is open is overdue against 45 %, fewer invoices (5 against 35 in 365 days), "
        "more regular (days late vary by 5 against 25)"
    )


def test_equal_effects_are_said_in_the_order_of_the_list() -> None:
    """The same figures in three traits."""
    same = [0.5, 0.5, 0.1, 0.1]
    said = words(overdue_share=same, late_share_365d=same, late_over_30_share_365d=same)[0]
    assert said == (
        "50 % late against 10 %, 50 % more than 30 days late against 10 %, "
        "50 % of what is open is overdue against 10 %"
    )


def test_what_hardly_differs_is_not_said() -> None:
    """Medians that print alike, medians 1 apart where the ranges are 11, and no difference at all."""
    assert words(mean_days_late_365d=[3.1, 3.1, 3.4, 3.4]) == [None, None]
    assert words(mean_days_late_365d=[0, 11, 22, 0, 10, 22]) == [None, None]
    assert words(late_share_365d=[0.5] * 4) == [None, None]


def test_a_share_that_is_nothing_for_most_is_measured_by_its_spread() -> None:
    """Nine tenths of the debtors have 0 %: no interquartile range, and the tenth stands out all the same."""
    table = pd.DataFrame({"late_over_30_share_365d": [0.4] * 2 + [0.0] * 18})
    said = segment_words(table, np.array([0] * 2 + [1] * 18), 2, ["EUR"])
    assert said[0] == "40 % more than 30 days late against 0 %"


def test_without_figures_there_are_no_words() -> None:
    """Nobody has the figure, only one segment has it, there is one segment, or no debtor at all."""
    nothing = float("nan")
    assert words(late_share_365d=[nothing] * 4) == [None, None]
    assert words(late_share_365d=[0.5, 0.7, nothing, nothing]) == [None, None]
    assert segment_words(pd.DataFrame({"late_share_365d": [0.5]}), np.array([0]), 1, ["EUR"]) == [None]
    empty = pd.DataFrame({"late_share_365d": pd.Series(dtype="float64")})
    assert segment_words(empty, np.array([], dtype=np.int64), 0, []) == []


def test_amounts_of_several_currencies_are_not_compared() -> None:
    """Larger in which money?"""
    assert words(["EUR", "USD"], mean_invoice_amount_365d=[900, 900, 1, 1]) == [None, None]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_words_are_those_of_the_definition(seed: int) -> None:
    """Plain medians and quartiles per segment, on random figures with gaps and ties."""
    rng = np.random.default_rng(seed)
    days = np.where(rng.random(200) < 0.1, np.nan, np.round(rng.normal(5, 8, 200)))
    segment = rng.integers(-1, 3, 200)
    days = days + 4 * segment
    said = segment_words(pd.DataFrame({"mean_days_late_365d": days}), segment, 3, ["EUR"])
    for place in range(3):
        inside = segment == place
        halves = [days[rows & ~np.isnan(days)] for rows in (inside, ~inside)]
        own, others = (statistics.median(half.tolist()) for half in halves)
        spread = np.mean([np.subtract(*np.quantile(half, [0.75, 0.25])) for half in halves])
        apart = abs(round(own) - round(others))
        if apart == 0 or abs(own - others) < LEAST_EFFECT * spread:
            assert said[place] is None
        else:
            assert f"pays {apart} days {'later' if own > others else 'earlier'}" in str(said[place])
            assert f"(median {round(own)} against {round(others)})" in str(said[place])


def test_segments_of_rules_and_each_of_their_currencies_get_words() -> None:
    """The words are the segment's, whatever the currency of the row."""
    figures = FIGURES.assign(days_since_first_invoice=[2000.0, 2000.0, 100.0])
    table = segment_profiles(
        SEGMENTS, figures, ITEMS, ledger(currency=["USD", "EUR", "EUR", "EUR"]), day=DAY
    ).set_index("segment")
    assert table.loc["NEW", "words"].tolist() == ["newer customers (0.3 against 5.5 years)"] * 2
