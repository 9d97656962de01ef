"""Whom sales should talk to, and why."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from features.contracts import OUTPUT_TABLES
from models.segments.account_reviews import account_reviews

CUSTOMERS = pd.DataFrame({"account_manager": ["Ann", None]}, index=["X", "Y"], dtype="str")
TACTICS = pd.Series({"X": "invoice not received 3 times"}, dtype="str")


def reviews(*rows: dict[str, Any], tactics: pd.Series | None = None, risk: str = "low") -> pd.DataFrame:
    """The reviews of these rows of the table of segments; by default X moved from A to B."""
    plain = {
        "customer_id": "X",
        "segment": "B",
        "previous_segment": "A",
        "moved": True,
        "moved_because": "decayed_days_late 2.0 days → 9.0 days",
        "reason": "nearest to the centre of B",
    }
    segments = pd.DataFrame([{**plain, **row} for row in rows]).astype(
        {name: "str" for name in plain if name != "moved"}
    )
    risks = pd.DataFrame({"customer_id": ["X"], "risk": [risk], "reason": ["5 of 7 closings were late"]})
    none = pd.Series(dtype="str")
    return account_reviews(segments, CUSTOMERS, risks, none if tactics is None else tactics)


def test_who_moved_and_why() -> None:
    """Debtor, account manager, from, to, why: the figures that moved it."""
    assert reviews({}).to_dict("records") == [
        {
            "customer_id": "X",
            "account_manager": "Ann",
            "from_segment": "A",
            "to_segment": "B",
            "direction": "worse",
            "why": "decayed_days_late 2.0 days → 9.0 days",
        }
    ]


@pytest.mark.parametrize(
    ("before", "now", "direction"),
    [
        ("A", "B", "worse"),
        ("D", "B", "better"),
        ("B", "INSOLVENT", "other"),
        ("DORMANT", "B", "other"),
        ("NEW", "A", "other"),
        ("fast", "slow", "other"),
    ],
)
def test_better_and_worse_are_between_letters(before: str, now: str, direction: str) -> None:
    """Whatever a rule names is neither."""
    assert reviews({"previous_segment": before, "segment": now})["direction"].tolist() == [direction]


def test_out_of_new_is_a_graduation() -> None:
    """NEW to a letter, and only that."""
    graduated = reviews({"previous_segment": "NEW", "moved_because": "matured_invoices 2 → 3"})
    assert graduated["why"].tolist() == ["graduated: matured_invoices 2 → 3"]
    assert (
        not reviews({"previous_segment": "NEW", "segment": "DORMANT"})["why"].str.contains("graduated").any()
    )


def test_who_stayed_or_was_not_there_is_not_listed() -> None:
    """A debtor that did not move, one under a new name, and one without a previous segment."""
    stayed = {"moved": False, "previous_segment": "B"}
    renamed = {"moved": False, "previous_segment": "A"}
    first = {"previous_segment": None}
    assert reviews(stayed, renamed, first).empty


def test_without_figures_the_reason_of_the_segment_is_the_why() -> None:
    """The first run after the column came into being has no moved_because."""
    assert reviews({"moved_because": None})["why"].tolist() == ["nearest to the centre of B"]


def test_high_risk_and_delay_tactics_are_said_too() -> None:
    """With the reason of the risk; an average risk and a debtor without tactics add nothing."""
    both = reviews({}, tactics=TACTICS, risk="high")["why"].tolist()
    assert both == [
        "decayed_days_late 2.0 days → 9.0 days; high risk: 5 of 7 closings were late; "
        "delay tactics: invoice not received 3 times"
    ]
    assert reviews({"customer_id": "Y"}, tactics=TACTICS, risk="high")["why"].str.contains(";").sum() == 0
    assert "risk" not in reviews({}, risk="average")["why"].iloc[0]


def test_one_row_per_debtor_in_their_order() -> None:
    """Sorted by customer_id whatever the order given; a debtor without a manager, or unknown, has none."""
    table = reviews({"customer_id": "Z"}, {"customer_id": "X"}, {"customer_id": "Y"})
    assert table["customer_id"].tolist() == ["X", "Y", "Z"]
    assert table["account_manager"].isna().tolist() == [False, True, True]


def test_the_table_is_that_of_the_contract_even_when_empty() -> None:
    """Columns in order, all of them text."""
    for table in (reviews({}), reviews({"moved": False})):
        assert list(table) == [column.inside for column in OUTPUT_TABLES["account_reviews"].columns]
        assert set(table.dtypes.astype(str)) == {"str"}
