"""Who approved what harms a debtor."""

from __future__ import annotations

import pandas as pd
import pytest
from treatment_support import DAY, on

from features.ledger import make_ledger
from models.reminding.approvals import decided

ROWS = pd.DataFrame({"action_id": ["a", "b"], "adverse": [True, False]}, index=[5, 2])


def decision(**columns: object) -> dict[str, object]:
    """Eva approved action a on 20 May."""
    row = {
        "customer_id": "X",
        "action_id": "a",
        "approved": True,
        "by": "Eva",
        "decided_on": on("2024-05-20"),
    }
    return {**row, "reason": "talked to them", **columns}


def after(*decisions: dict[str, object], rows: pd.DataFrame = ROWS) -> pd.DataFrame:
    """The rows once these decisions are known."""
    given = pd.DataFrame(list(decisions), columns=sorted(decision(until=None, known_on=None)))
    days = given.astype(dict.fromkeys(("decided_on", "until", "known_on"), "datetime64[s]"))
    return decided(rows, make_ledger(decisions=days).decisions, day=DAY)


def test_without_a_decision_only_what_harms_waits() -> None:
    """The rows stay as they are, in their order and with their index."""
    rows = after()
    assert rows["status"].to_dict() == {5: "needs_approval", 2: "proposed"}
    assert rows["approved_by"].isna().all()
    assert rows["approved_on"].isna().all()
    assert rows["action_id"].tolist() == ["a", "b"]


def test_an_approval_keeps_name_day_and_reason() -> None:
    """And the action may be made."""
    row = after(decision()).iloc[0]
    assert row[["status", "approved_by", "approved_on", "approval_reason"]].tolist() == [
        "proposed",
        "Eva",
        on("2024-05-20"),
        "talked to them",
    ]


def test_a_refusal_blocks_whatever_it_is_about() -> None:
    """An adverse action and a harmless one."""
    rows = after(decision(approved=False), decision(action_id="b", approved=False))
    assert rows["status"].tolist() == ["blocked", "blocked"]
    assert rows["approved_by"].tolist() == ["Eva", "Eva"]


@pytest.mark.parametrize(
    ("decisions", "status"),
    [
        ([decision(decided_on=on("2024-06-02"))], "proposed"),
        ([decision(decided_on=on("2024-06-03"))], "needs_approval"),
        ([decision(known_on=on("2024-06-03"))], "needs_approval"),
        ([decision(until=on("2024-06-03"))], "proposed"),
        ([decision(until=on("2024-06-02"))], "needs_approval"),
        ([decision(), decision(decided_on=on("2024-05-21"), approved=False)], "blocked"),
        ([decision(decided_on=on("2024-05-21")), decision(approved=False)], "proposed"),
        ([decision(), decision(approved=False)], "blocked"),
        ([decision(approved=False), decision()], "blocked"),
        ([decision(), decision(decided_on=on("2024-05-21"), until=on("2024-05-30"))], "needs_approval"),
        ([decision(approved=None)], "needs_approval"),
        ([decision(action_id=None)], "needs_approval"),
        ([decision(action_id="c")], "needs_approval"),
    ],
    ids=[
        "yesterday",
        "today is not known yet",
        "told today",
        "until today",
        "until yesterday",
        "refused later",
        "approved later",
        "a refusal of the same day",
        "in any order",
        "the newest is over",
        "no word",
        "about no action",
        "about another action",
    ],
)
def test_the_newest_decision_that_was_known_counts(decisions: list[dict[str, object]], status: str) -> None:
    """The run is as of 3 June."""
    assert after(*decisions)["status"].iloc[0] == status


def test_rows_without_an_id_and_no_rows() -> None:
    """Terms as today have no action_id: nothing can be decided about them."""
    rows = ROWS.assign(action_id=pd.Series([None, None], ROWS.index, dtype="str"), adverse=False)
    assert after(decision(), rows=rows)["status"].tolist() == ["proposed", "proposed"]
    assert after(decision(), rows=ROWS.iloc[:0]).empty
