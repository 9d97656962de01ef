"""What an account owes net."""

from __future__ import annotations

import pandas as pd
import pytest
from treatment_support import credit_of, on, open_items

from models.reminding.net_overdue import net_overdue


@pytest.mark.parametrize(
    ("credit", "net"),
    [
        ({}, 10_000),
        ({"credit_minor": 4_000, "unapplied_minor": 3_000, "in_transit_minor": 3_000}, 0),
        ({"unapplied_minor": 12_000}, -2_000),
        ({"credit_minor": 5_000, "currency": "USD"}, 10_000),
        ({"credit_minor": 5_000, "company_code": "2"}, 10_000),
        ({"credit_minor": 5_000, "company_code": "1"}, 5_000),
        ({"credit_minor": 5_000, "customer_id": "Y"}, 10_000),
    ],
)
def test_credit_of_the_account_is_taken_off(credit: dict[str, object], net: int) -> None:
    """Company code 1 of debtor X owes 100.00 EUR; credit without a company code counts in each."""
    items = open_items({"company_code": "1"})
    assert net_overdue(items, credit_of(**credit), pd.Series(on("2024-06-03"), items.index)).tolist() == [net]


def test_only_what_is_due_before_the_day_counts_and_of_all_the_accounts_items() -> None:
    """On 29 May nothing is overdue, the day after the first, in July both; the other account by itself."""
    items = open_items(
        {}, {"invoice_id": "I2", "due_on": on("2024-06-20")}, {"invoice_id": "J", "customer_id": "Y"}
    )
    for day, expected in (
        ("2024-05-29", [0, 0, 0]),
        ("2024-05-30", [10_000, 10_000, 10_000]),
        ("2024-07-01", [20_000, 20_000, 10_000]),
    ):
        assert net_overdue(items, credit_of(), pd.Series(on(day), items.index)).tolist() == expected
