"""What somebody must put right."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from treatment_support import DAY, credit_of, on, open_items

from models.reminding.tasks import COLUMNS, find_tasks

NOTHING_MISSING = pd.DataFrame(columns=["customer_id", "wanted", "taken"], dtype="str")


def tasks(
    items: pd.DataFrame | None = None,
    credit: pd.DataFrame | None = None,
    missing: pd.DataFrame = NOTHING_MISSING,
    legal_kind: str = "business",
) -> pd.DataFrame:
    """The tasks about these items, by default one of 100.00 EUR, five days overdue."""
    items = open_items({}) if items is None else items
    who = pd.Index(sorted(items["customer_id"].unique()), name="customer_id")
    debtors = pd.DataFrame({"legal_kind": legal_kind}, index=who)
    return find_tasks(items, credit_of() if credit is None else credit, missing, debtors, day=DAY)


def test_an_ordinary_debtor_is_no_task() -> None:
    """The table is empty and has its columns."""
    assert tasks().empty
    assert list(tasks()) == COLUMNS


@pytest.mark.parametrize(
    ("credit", "words"),
    [
        ({"credit_minor": 9_999}, None),
        ({"credit_minor": 10_000}, "100.00 credit notes"),
        (
            {"credit_minor": 4_000, "unapplied_minor": 3_000, "in_transit_minor": 3_000},
            "40.00 credit notes and 30.00 unapplied cash and 30.00 money in transit",
        ),
        ({"unapplied_minor": 12_000, "company_code": "1"}, None),
    ],
    ids=["a cent is owed", "covered", "by three", "another account"],
)
def test_an_account_that_owes_nothing_net_is_cleaned_up(credit: dict[str, object], words: str | None) -> None:
    """The words say what stands against what is overdue."""
    rows = tasks(credit=credit_of(**credit))
    if words is None:
        assert rows.empty
        return
    row = rows.iloc[0]
    assert (row["task"], row["customer_id"], row["currency"], row["amount_minor"]) == (
        "clean_up_account",
        "X",
        "EUR",
        10_000,
    )
    assert row["words"] == (
        f"100.00 EUR is overdue, but {words} stand against it: allocate them before anybody is contacted"
    )


def test_credit_without_anything_overdue_is_no_task() -> None:
    """What is due today is not overdue; with an overdue item only that one counts."""
    credit = credit_of(credit_minor=50_000)
    items = open_items({"due_on": on("2024-06-03")}, {"invoice_id": "I2", "due_on": on("2024-07-03")})
    assert tasks(items, credit).empty
    items = open_items({}, {"invoice_id": "I2", "due_on": on("2024-07-03")})
    assert tasks(items, credit)["amount_minor"].tolist() == [10_000]


def test_each_account_is_a_task_of_its_own() -> None:
    """Two company codes and two currencies of one debtor: three accounts, two of them covered."""
    items = open_items(
        {"company_code": "1"},
        {"invoice_id": "I2", "company_code": "2"},
        {"invoice_id": "I3", "company_code": "1", "currency": "JPY", "amount_minor": 900},
    )
    credit = pd.concat(
        [credit_of(company_code="1", credit_minor=10_000), credit_of(currency="JPY", unapplied_minor=1_000)]
    )
    rows = tasks(items, credit)
    assert rows[["company_code", "currency", "amount_minor"]].to_numpy().tolist() == [
        ["1", "EUR", 10_000],
        ["1", "JPY", 900],
    ]
    assert rows["words"].iloc[1].startswith("900 JPY is overdue, but 1000 unapplied cash")


def test_a_missing_address_is_a_task_once() -> None:
    """However many contacts needed it; each channel by itself."""
    rows = [("X", "email", "letter"), ("X", "email", "letter"), ("X", "call", ""), ("Y", "email", "letter")]
    found = tasks(missing=pd.DataFrame(rows, columns=["customer_id", "wanted", "taken"]))
    assert found[["customer_id", "words"]].to_numpy().tolist() == [
        ["X", "there is no telephone number, and nothing else reaches the debtor: ask for it"],
        ["X", "there is no e-mail address, a letter goes instead: ask for it"],
        ["Y", "there is no e-mail address, a letter goes instead: ask for it"],
    ]
    assert found["task_id"].is_unique
    assert found["amount_minor"].isna().all()


@pytest.mark.parametrize(
    ("item", "other", "legal_kind", "count"),
    [
        ({}, "4711", "public", 1),
        ({}, "4711", "business", 0),
        ({}, None, "public", 0),
        ({"purchase_order_no": "12"}, "4711", "public", 0),
        ({"purchase_order_no": "  "}, "4711", "public", 1),
        ({"due_on": on("2024-06-03")}, "4711", "public", 0),
        ({"dormant": True}, "4711", "public", 0),
    ],
    ids=["missing", "a business", "no numbers at all", "there", "blank", "not overdue", "dormant"],
)
def test_a_public_body_needs_its_order_number(
    item: dict[str, object], other: str | None, legal_kind: str, count: int
) -> None:
    """Only where order numbers are kept at all: the second item has one."""
    items = open_items(item, {"invoice_id": "I2", "purchase_order_no": other})
    rows = tasks(items, legal_kind=legal_kind)
    assert rows["task"].tolist() == ["missing_reference"] * count
    assert rows["invoice_id"].tolist() == ["I1"] * count


def test_a_task_keeps_its_id_while_it_is_the_same() -> None:
    """The amount may change and rows may come in another order."""

    def ids(rows: pd.DataFrame) -> Any:
        return rows["task_id"].tolist()

    items = open_items({}, {"invoice_id": "I2", "company_code": "2"})
    credit = credit_of(unapplied_minor=10_000)
    before = tasks(items, credit)
    assert len(set(ids(before))) == 2
    assert ids(tasks(items, credit_of(unapplied_minor=20_000))) == ids(before)
    pd.testing.assert_frame_equal(tasks(items[::-1], credit), before)
    assert ids(tasks(items[:1], credit)) != ids(tasks(items[1:], credit))
