"""What new segments would change, before they become champion."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.learning.retraining import compare_segments

OLD = {
    "features": ["decayed_days_late"],
    "fill": [0],
    "center": [0],
    "scale": [1],
    "centroids": [[0], [20]],
    "names": ["A", "B"],
}
NEW = {**OLD, "centroids": [[0], [12]]}
DEBTORS = pd.DataFrame(
    {"decayed_days_late": [0.0, 8.0, 20.0, 30.0, 8.0], "settled_invoices": [5, 5, 5, 5, 0]},
    index=pd.Index(["on_time", "week", "weeks", "month", "never"], name="customer_id"),
)


def test_who_would_move_and_why() -> None:
    """8 days late: nearer to 0 than to 20, and nearer to 12 than to 0. Who never settled is in neither."""
    change = compare_segments(OLD, NEW, DEBTORS)
    assert change.movers.to_dict("records") == [
        {
            "customer_id": "week",
            "old": "A",
            "new": "B",
            "why": "decayed_days_late is 8.0 days, 50% nearer to the centre of B",
        }
    ]
    assert change.persistence == pytest.approx(3 / 4)
    assert change.table.to_dict("records") == [
        {"old": "A", "new": "A", "debtors": 1},
        {"old": "A", "new": "B", "debtors": 1},
        {"old": "B", "new": "B", "debtors": 2},
    ]


def test_a_mover_is_told_in_the_words_of_the_figure() -> None:
    """Half late: nearer to 0 than to all late, and nearer to 60 % than to none."""
    old = {**OLD, "features": ["lasting_late_share"], "centroids": [[0], [1.1]]}
    debtors = pd.DataFrame({"lasting_late_share": [0.5], "settled_invoices": [5]}, index=["half"])
    change = compare_segments(old, {**old, "centroids": [[0], [0.6]]}, debtors)
    assert change.movers["why"].tolist() == [
        "paid late (lasting_late_share) is 50 %, 80% nearer to the centre of B"
    ]


def test_the_report_names_every_mover() -> None:
    """As Markdown, kept with the version."""
    report = compare_segments(OLD, NEW, DEBTORS).report
    assert "75.0% of the debtors keep their segment, 1 would move." in report
    assert "| A | B | 1 |" in report
    assert "- week: A → B; decayed_days_late is 8.0 days, 50% nearer to the centre of B" in report


def test_the_same_segments_move_nobody() -> None:
    """Nothing to report but the table."""
    change = compare_segments(OLD, OLD, DEBTORS)
    assert change.movers.empty
    assert change.persistence == 1.0


def test_a_segment_that_is_gone_is_the_reason() -> None:
    """Three become two."""
    three = {**OLD, "centroids": [[0], [20], [40]], "names": ["A", "B", "C"]}
    change = compare_segments(three, OLD, DEBTORS.assign(decayed_days_late=[0.0, 8.0, 20.0, 39.0, 0.0]))
    assert change.movers["why"].tolist() == ["there is no segment C any more"]
