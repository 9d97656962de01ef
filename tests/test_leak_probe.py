"""A feature that knows the future is found by its name, and an honest one is not accused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from random_ledgers import day
from tiny_portfolio import ledger_of, monthly, on, settings_with

from features.books import Books
from features.outcomes import landmarks
from pipelines.learning import leak_probe
from pipelines.learning.folds import rows_at
from pipelines.learning.leak_probe import probe_leaks
from pipelines.reading import books_of
from pipelines.settings import Settings

LEDGER = ledger_of([*monthly("prompt", 0), *monthly("late", 20)])
SETTINGS = settings_with()
BOOKS = books_of(LEDGER, SETTINGS)
POINTS = landmarks(BOOKS, issued_from=None, before=on(200))
ROWS = rows_at(BOOKS, POINTS, SETTINGS)


def test_honest_features_change_in_no_point() -> None:
    """Cut on the points' own day the ledger says the same; empty figures are the same as empty ones."""
    assert ROWS.isna().any(axis=None)
    found = probe_leaks(LEDGER, POINTS, ROWS, SETTINGS)
    assert found["points"] > 0
    assert found == {"points": found["points"], "changed": 0, "features": []}


def test_a_feature_that_counts_the_whole_ledger_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of payments in the ledger as a feature: each point has fewer of them on its own day."""

    def peeking(books: Books, points: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        return rows_at(books, points, settings).assign(open_invoices=float(len(books.ledger.payments)))

    monkeypatch.setattr(leak_probe, "rows_at", peeking)
    found = probe_leaks(LEDGER, POINTS, peeking(BOOKS, POINTS, SETTINGS), SETTINGS)
    assert found["features"] == ["open_invoices"]
    assert found["changed"] == found["points"] > 0


@pytest.mark.parametrize("other", [np.nan, 99.0])
def test_only_the_rows_that_differ_are_counted(other: float) -> None:
    """One figure of one point is another, or is missing; names come sorted."""
    points = pd.DataFrame({"invoice_id": ["late3", "late4"], "day": [day(160), day(160)]})
    rows = rows_at(BOOKS, points, SETTINGS)
    rows.loc[1, ["settled_invoices", "late_share"]] = other
    found = probe_leaks(LEDGER, points, rows, SETTINGS)
    assert found == {"points": 2, "changed": 1, "features": ["late_share", "settled_invoices"]}


def test_a_point_on_its_invoices_own_known_day_is_left_out() -> None:
    """The ledger cut on that day does not hold the invoice; the day after it does."""
    wrong: Any = {"invoices_issued": 99.0}
    points = pd.DataFrame({"invoice_id": ["late1"], "day": [day(30)]})
    rows = rows_at(BOOKS, points, SETTINGS).assign(**wrong)
    assert probe_leaks(LEDGER, points, rows, SETTINGS) == {"points": 0, "changed": 0, "features": []}
    points = points.assign(day=day(31))
    found = probe_leaks(LEDGER, points, rows_at(BOOKS, points, SETTINGS).assign(**wrong), SETTINGS)
    assert (found["points"], found["changed"]) == (1, 1)


def test_the_two_days_with_most_points_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three points on day 165, two on day 100, one on day 40: five, or two where one a day will do."""
    points = pd.DataFrame(
        {
            "invoice_id": ["late1", "late1", "late2", "late3", "late4", "prompt4"],
            "day": [day(40), day(100), day(100), day(165), day(165), day(165)],
        }
    )
    rows = rows_at(BOOKS, points, SETTINGS)
    assert probe_leaks(LEDGER, points, rows, SETTINGS)["points"] == 5
    monkeypatch.setattr(leak_probe, "POINTS_PER_DAY", 1)
    assert probe_leaks(LEDGER, points, rows, SETTINGS)["points"] == 2


def test_without_points_nothing_is_found() -> None:
    """Nothing to look at is no leak."""
    found = probe_leaks(LEDGER, POINTS.head(0), ROWS.head(0), SETTINGS)
    assert found == {"points": 0, "changed": 0, "features": []}
