"""Who moves to another segment, and who is kept."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.segments.movement import Hesitation, moved, settle, share_moved

NAMES = ["A", "B", "C"]
DAY = date(2024, 6, 30)
HESITATION = Hesitation(clear_margin=0.25, confirm_days=30)


def before(
    segment: str | None, source: str = "model", since: str | None = None, scheme: str = "learned"
) -> pd.DataFrame:
    """Debtor X in the previous run."""
    return pd.DataFrame(
        {
            "customer_id": ["X"],
            "segment": pd.array([segment], dtype="str"),
            "source": pd.array([source], dtype="str"),
            "scheme": pd.array([scheme], dtype="str"),
            "across_since": pd.to_datetime([since]).astype("datetime64[s]"),
        }
    )


def settled(
    says: str | None,
    previous: pd.DataFrame | None,
    distances: tuple[float, float, float] | None = (5.0, 5.0, 5.0),
    day: date = DAY,
    **others: object,
) -> pd.Series:
    """What becomes of X, whose distances to A, B and C are given."""
    index = pd.Index(["X"], name="customer_id")
    table = None if distances is None else pd.DataFrame([distances], index, NAMES)
    proposal = pd.Series([says], index, dtype="str")
    return settle(proposal, table, previous, day=day, names=NAMES, hesitation=HESITATION, **others).loc["X"]  # type: ignore[arg-type]


def test_without_a_previous_run_the_scheme_decides() -> None:
    """There is nothing to be kept in."""
    row = settled("B", None)
    assert (row["proposed"], row["source"]) == ("B", "model")
    assert row[["words", "across_since"]].isna().all()


@pytest.mark.parametrize(
    ("to_b", "to_a", "segment", "source"),
    [(7.5, 10.0, "B", "model"), (7.6, 10.0, "A", "kept"), (0.0, 0.0, "A", "kept"), (0.0, 4.0, "B", "model")],
)
def test_a_debtor_clearly_across_the_border_moves_at_once(
    to_b: float, to_a: float, segment: str, source: str
) -> None:
    """Clearly is a quarter nearer to the new centre than to the one it leaves."""
    row = settled("B", before("A"), (to_a, to_b, 99.0))
    assert (row["proposed"], row["source"]) == (segment, source)


def test_one_that_is_kept_says_since_when_and_until_when() -> None:
    """9 to B against 10 to A: a tenth nearer."""
    row = settled("B", before("A"), (10.0, 9.0, 99.0))
    assert row["across_since"] == pd.Timestamp("2024-06-30")
    assert (
        row["words"] == "kept in A: nearer to B by 10% since 2024-06-30; it moves when 25% nearer, or 30 days"
    )


@pytest.mark.parametrize(("since", "source"), [("2024-05-31", "model"), ("2024-06-01", "kept")])
def test_days_across_the_border_confirm_a_move(since: str, source: str) -> None:
    """From the day it was first seen across: 30 days later it moves, after 29 it does not."""
    assert settled("B", before("A", "kept", since), (10.0, 9.0, 99.0))["source"] == source


def test_days_count_whichever_segment_it_is_across_to() -> None:
    """Across to C first and to B now: it has left A for 30 days all the same."""
    assert settled("B", before("A", "kept", "2024-05-31"), (10.0, 9.0, 9.5))["proposed"] == "B"


def test_who_comes_back_is_across_no_more() -> None:
    """The count begins anew the next time."""
    row = settled("A", before("A", "kept", "2024-06-10"), (9.0, 10.0, 99.0))
    assert (row["proposed"], row["source"]) == ("A", "model")
    assert pd.isna(row["across_since"])


@pytest.mark.parametrize(
    "previous",
    [
        before("A", "rule"),  # a decision of the credit manager that ran out
        before("NEW", "new"),
        before("A", scheme="abc"),  # another scheme treated then
        before("E"),  # no segment of today's model
    ],
)
def test_what_was_no_choice_of_this_scheme_holds_nobody(previous: pd.DataFrame) -> None:
    """It ends at once."""
    assert settled("B", previous, (10.0, 9.9, 99.0))["source"] == "model"


def test_without_centres_only_days_confirm() -> None:
    """Thresholds have no distance by which somebody is clearly across."""
    assert settled("B", before("A", scheme="abc"), None, scheme="abc")["source"] == "kept"
    later = settled("B", before("A", "kept", "2024-05-01", scheme="abc"), None, scheme="abc")
    assert later["words"] == "across the border since 2024-05-01"


def test_where_the_scheme_says_nothing_nothing_is_said() -> None:
    """No history: a rule will decide."""
    assert pd.isna(settled(None, before("A"))["proposed"])


def test_a_segment_with_a_new_name_is_the_same_segment() -> None:
    """The model calls the old B now C: who says C is where it was, and did not move."""
    renamed = {"A": "A", "B": "C"}
    row = settled("C", before("B"), renamed=renamed)
    assert (row["proposed"], row["source"]) == ("C", "model")
    assert settled("A", before("B"), (9.0, 5.0, 10.0), renamed=renamed)["proposed"] == "C"
    table = pd.DataFrame(
        {"previous_segment": ["B", "A", "B", None], "segment": ["C", "C", "B", "A"]}, dtype="str"
    )
    assert moved(table, renamed).tolist() == [False, True, True, False]
    assert moved(table).tolist() == [True, True, False, False]


def test_the_share_that_moved_is_of_those_in_a_segment_before_and_after() -> None:
    """One of three; graduates and dropouts are no movement between segments."""
    table = pd.DataFrame(
        {
            "previous_segment": ["A", "B", "C", "NEW", "A", None],
            "segment": ["B", "B", "C", "A", "DORMANT", "A"],
            "moved": [True, False, False, True, True, False],
        }
    )
    assert share_moved(table, NAMES) == pytest.approx(1 / 3)
    assert share_moved(table.iloc[3:], NAMES) == 0.0


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=25), st.lists(st.booleans(), min_size=25, max_size=25)
)
def test_running_more_often_moves_nobody_sooner(gaps: list[int], extra: list[bool]) -> None:
    """A debtor across the border from day 0 on moves with the first run of day 30 or later."""
    row, day = before("A"), 0
    for gap in gaps:
        day += gap
        found = settled("B", row, (10.0, 9.0, 99.0), day=DAY + pd.Timedelta(days=day).to_pytimedelta())
        if found["source"] == "model":
            break
        row = before("A", "kept", str(found["across_since"].date()))
    first = gaps[0]
    days = np.cumsum(gaps) - first
    assert (found["source"] == "model") == bool((days >= 30).any())
