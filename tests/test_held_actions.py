"""A person's work of the day comes before what was planned for the same debtor."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from models.reminding.held_actions import give_way

DAY = date(2026, 3, 2)


def action(channel: str, send_on: str, status: str = "proposed") -> pd.DataFrame:
    """One planned contact, a1."""
    return pd.DataFrame(
        {
            "action_id": ["a1"],
            "channel": [channel],
            "send_on": [pd.Timestamp(send_on)],
            "status": [status],
            "blocked_by": pd.Series([None], dtype="str"),
        }
    )


def line(cause: str, *, action_id: str | None = "a1", reached: bool = True) -> pd.DataFrame:
    """One line of the worklist."""
    return pd.DataFrame({"action_id": [action_id], "cause": [cause], "reached": [reached]})


@pytest.mark.parametrize(
    ("planned", "listed", "status"),
    [
        (action("email", "2026-03-04"), line("broken_promise"), "blocked"),
        (action("call", "2026-03-04"), line("silence"), "blocked"),
        (action("email", "2026-03-04"), line("broken_promise", reached=False), "proposed"),
        (action("email", "2026-03-04"), line("over_limit"), "proposed"),
        (action("email", "2026-03-04"), line("silence", action_id="a2"), "proposed"),
        (action("call", "2026-03-02"), line("expected_value"), "proposed"),
        (action("call", "2026-03-02"), line("expected_value", action_id=None), "blocked"),
        (action("call", "2026-03-03"), line("expected_value", action_id=None), "proposed"),
        (action("email", "2026-03-02"), line("expected_value", action_id=None), "proposed"),
        (action("letter", "2026-03-02", "needs_approval"), line("silence"), "needs_approval"),
    ],
)
def test_what_gives_way(planned: pd.DataFrame, listed: pd.DataFrame, status: str) -> None:
    """A line reached today holds the action it stands for; a due call on no list is superfluous."""
    given = give_way(planned, listed, day=DAY)
    assert given["status"].tolist() == [status]
    assert given["blocked_by"].notna().tolist() == [status == "blocked"]


def test_without_actions_or_lines_nothing_happens() -> None:
    """Empty tables stay empty; what is planned for later stays proposed."""
    nobody = line("silence").iloc[:0]
    assert give_way(action("email", "2026-03-04"), nobody, day=DAY)["status"].tolist() == ["proposed"]
    assert give_way(action("email", "2026-03-04").iloc[:0], nobody, day=DAY).empty
