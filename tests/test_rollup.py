"""Sums of the open items."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples
from treatment_support import DAY, credit_of, ledger_of, on, open_items

from features.contracts import OUTPUT_TABLES
from models.reminding.blocks import find_blocks
from models.rollup import debtors_table, migrations, portfolio, split_exactly

CLASSES = ["p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90"]


def predictions(shares: dict[str, list[float]]) -> pd.DataFrame:
    """Class probabilities per invoice."""
    table = pd.DataFrame.from_dict(shares, orient="index", columns=CLASSES)
    return table.assign(p_late=1 - table["p_on_time"]).rename_axis("invoice_id").reset_index()


def debtors(items: pd.DataFrame, shares: dict[str, list[float]], **credit: object) -> pd.DataFrame:
    """The table of debtors, without blocks."""
    free = pd.DataFrame(columns=["customer_id", "invoice_id", "block", "words"], dtype="str")
    return debtors_table(items, predictions(shares), credit_of(**credit), free, day=DAY)


TWO = [
    {"invoice_id": "I1", "due_on": on("2024-05-29"), "amount_minor": 10_000},
    {"invoice_id": "I2", "due_on": on("2024-07-01"), "amount_minor": 5_000},
]
SHARES = {"I1": [0.0, 0.5, 0.3, 0.1, 0.1], "I2": [0.8, 0.2, 0.0, 0.0, 0.0]}


def test_a_debtors_sums() -> None:
    """100.00 overdue by 5 days and 50.00 not due, 30.00 of credit."""
    row = debtors(open_items(*TWO), SHARES, credit_minor=3_000).iloc[0]
    assert row["open_amount_minor"] == 15_000
    assert row["overdue_amount_minor"] == 10_000
    assert row["net_overdue_amount_minor"] == 7_000
    assert row["expected_on_time_amount_minor"] == 4_000
    assert row["expected_1_30_amount_minor"] == 6_000
    assert row["expected_31_60_amount_minor"] == 3_000
    assert row["expected_61_90_amount_minor"] == 1_000
    assert row["expected_over_90_amount_minor"] == 1_000
    assert row["oldest_days_past_due"] == 5
    assert pd.isna(row["blocked_by"])


def test_currencies_and_companies_are_never_added_up() -> None:
    """One row for each, and rows without a company code are kept."""
    items = open_items(TWO[0], {**TWO[1], "currency": "USD"}, {"invoice_id": "I3", "company_code": "7"})
    table = debtors(items, {**SHARES, "I3": [1.0, 0, 0, 0, 0]})
    assert table[["currency", "open_amount_minor"]].to_numpy().tolist() == [
        ["EUR", 10_000],
        ["EUR", 10_000],
        ["USD", 5_000],
    ]


def test_dormant_residuals_are_open_but_expected_in_no_class() -> None:
    """Without a prediction an amount is in the open amount only."""
    items = open_items(*TWO, {"invoice_id": "I3", "amount_minor": 700, "dormant": True})
    row = debtors(items, SHARES).iloc[0]
    assert row["open_amount_minor"] == 15_700
    assert sum(row[name] for name in row.index if name.startswith("expected")) == 15_000


def test_only_the_debtors_own_blocks_are_its_blocks() -> None:
    """A dispute about one invoice does not block the debtor."""
    items = open_items(*TWO)
    ledger = ledger_of(
        items,
        disputes=pd.DataFrame([{"invoice_id": "I1", "opened_on": on("2024-05-01")}]),
        customers=pd.DataFrame([{"customer_id": "X", "type": "intercompany"}]),
    )
    table = debtors_table(items, predictions(SHARES), credit_of(), find_blocks(items, ledger, DAY), day=DAY)
    assert table["blocked_by"].tolist() == ["intercompany: settled between own companies"]


@given(
    st.integers(0, 10**12),
    st.lists(st.floats(0, 1), min_size=5, max_size=5).filter(lambda parts: sum(parts) > 0.01),
)
def test_whole_parts_add_up_and_stay_within_one_unit(total: int, parts: list[float]) -> None:
    """No cent is lost or found, and no part is a whole unit away from its exact value."""
    whole = split_exactly(np.array([total]), np.array([parts]))[0]
    exact = np.array(parts) / sum(parts) * total
    assert whole.sum() == total
    assert (np.abs(whole - exact) < 1 + total * 1e-11).all()


def test_equal_remainders_go_to_the_first() -> None:
    """1 cent in five equal parts: on time."""
    assert split_exactly(np.array([1]), np.full((1, 5), 0.2)).tolist() == [[1, 0, 0, 0, 0]]


def test_nothing_to_split_stays_nothing() -> None:
    """No predicted amount at all."""
    assert split_exactly(np.array([0]), np.zeros((1, 5))).tolist() == [[0, 0, 0, 0, 0]]


def test_portfolio_ages_add_up_to_what_is_overdue() -> None:
    """One invoice in each age on 3 June: 1, 30, 31, 60, 61, 90, 91 days past due, and one not due."""
    ages = [0, 1, 30, 31, 60, 61, 90, 91]
    items = open_items(
        *(
            {
                "invoice_id": f"I{age}",
                "due_on": on(str(DAY)) - pd.Timedelta(days=age),
                "amount_minor": 10**number,
            }
            for number, age in enumerate(ages)
        )
    )
    row = portfolio(items, predictions({f"I{age}": [0.5, 0.5, 0, 0, 0] for age in ages})).iloc[0]
    assert row["open_invoices"] == 8
    assert row["due_1_30_amount_minor"] == 110
    assert row["due_31_60_amount_minor"] == 11_000
    assert row["due_61_90_amount_minor"] == 1_100_000
    assert row["due_over_90_amount_minor"] == 10_000_000
    assert row["overdue_amount_minor"] == 11_111_110
    assert row["open_amount_minor"] == 11_111_111
    assert row["expected_late_amount_minor"] == round(11_111_111 / 2)


def test_portfolio_shows_dormant_residuals_apart() -> None:
    """They are in the open amount, and nothing is expected of them."""
    items = open_items({"amount_minor": 700, "dormant": True})
    row = portfolio(items, predictions({})).iloc[0]
    assert (row["open_amount_minor"], row["dormant_amount_minor"]) == (700, 700)
    assert row["expected_late_amount_minor"] == 0


SEGMENTS = pd.DataFrame(
    {
        "customer_id": ["X", "Y", "Z"],
        "segment": ["A", "A", "NEW"],
        "previous_segment": pd.Series(["B", "A", None], dtype="str"),
    }
)


def test_migrations_count_every_debtor_once() -> None:
    """One from B to A, one stayed in A, one was not there before."""
    table = migrations(SEGMENTS)
    rows = table.fillna({"previous_segment": "-"}).to_numpy().tolist()
    assert sorted(rows) == [["-", "NEW", 1], ["A", "A", 1], ["B", "A", 1]]


def test_columns_are_those_of_the_contract() -> None:
    """Each table has the contract's columns in order."""
    items = open_items(*TWO)
    tables = {
        "debtors": debtors(items, SHARES),
        "portfolio": portfolio(items, predictions(SHARES)),
        "migrations": migrations(SEGMENTS),
    }
    for name, table in tables.items():
        assert list(table) == [column.inside for column in OUTPUT_TABLES[name].columns]


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**7), st.sampled_from("XYZ")), min_size=1, max_size=8))
def test_money_is_conserved(rows: list[tuple[int, str]]) -> None:
    """Open amounts of debtors, of the portfolio and of all classes are those of the items."""
    items = open_items(
        *(
            {"invoice_id": f"I{n}", "customer_id": who, "amount_minor": minor}
            for n, (minor, who) in enumerate(rows)
        )
    )
    shares = np.random.default_rng(len(rows)).dirichlet(np.ones(5), len(rows))
    given_shares = {f"I{n}": list(parts) for n, parts in enumerate(shares)}
    table = debtors(items, given_shares)
    total = sum(minor for minor, _ in rows)
    expected = [name for name in table if name.startswith("expected")]
    assert table["open_amount_minor"].sum() == table[expected].to_numpy().sum() == total
    assert portfolio(items, predictions(given_shares))["open_amount_minor"].sum() == total
