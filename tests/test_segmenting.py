"""Which segment a point's debtor is in: that of its own figures, in the segments of the cutoff."""

from __future__ import annotations

import pandas as pd
import pytest
from random_ledgers import day
from tiny_portfolio import Invoice, ledger_of, monthly, on, settings_with

from features.errors import ModelError
from features.ledger import Ledger, known_before
from pipelines.learning.folds import rows_at
from pipelines.reading import books_of
from pipelines.segment_page.segmenting import fit_segments, segments_at

SETTINGS = settings_with(segments={"clusters": 2})
INVOICES = [*monthly("prompt", 0), *monthly("punctual", -1), *monthly("late", 25), *monthly("later", 28)]
CUTOFF = 150


def segments(ledger: Ledger, points: dict[str, int], fitted_on: Ledger | None = None) -> dict[str, str]:
    """The segment of each point, an invoice on a day, in the segments fitted on the cutoff."""
    asked = pd.DataFrame({"invoice_id": list(points), "day": [day(number) for number in points.values()]})
    rows = rows_at(books_of(ledger, SETTINGS), asked, SETTINGS)
    known = fitted_on or ledger
    found = segments_at(known, books_of(known, SETTINGS), rows, on(CUTOFF), SETTINGS)
    return dict(zip(points, found, strict=True))


def test_debtors_are_in_the_segment_of_their_behaviour() -> None:
    """A pays first; who pays 25 or 28 days late is in B."""
    ids = ("prompt5", "punctual5", "late5", "later5")
    assert segments(ledger_of(INVOICES), dict.fromkeys(ids, 170)) == dict(zip(ids, "AABB", strict=True))


@pytest.mark.parametrize(("invoice", "number", "segment"), [("prompt2", 61, "NEW"), ("prompt3", 90, "NEW"),
                                                            ("prompt3", 91, "A")])  # fmt: skip
def test_a_debtor_is_new_before_enough_of_its_invoices_matured(
    invoice: str, number: int, segment: str
) -> None:
    """It paid on days 30, 60 and 90: the third counts from day 91 on."""
    assert segments(ledger_of(INVOICES), {invoice: number}) == {invoice: segment}


def test_what_comes_after_the_cutoff_moves_no_border() -> None:
    """A later crowd of very late payers, or none: the same points are in the same segments."""
    crowd: list[Invoice] = [
        (f"slow{n}{k}", f"slow{n}", 40, 40 + 30 + 90 + n) for n in range(5) for k in range(4)
    ]
    whole = ledger_of([*INVOICES, *crowd])
    asked = {"prompt5": 190, "late5": 180, "slow00": 155}
    assert segments(whole, asked) == segments(whole, asked, known_before(whole, on(CUTOFF)))
    later = {"prompt5": "A", "late5": "B"}
    assert {name: segments(whole, asked)[name] for name in later} == later


def test_where_nobody_paid_there_are_no_segments() -> None:
    """Empty, not NEW: there is nothing to be new to."""
    ledger = ledger_of([*monthly("never", None), *monthly("neither", None)])
    assert pd.isna(segments(ledger, {"never5": 160})["never5"])
    with pytest.raises(ModelError, match="no debtor has settled an invoice yet"):
        fit_segments(ledger, books_of(ledger, SETTINGS), on(CUTOFF), SETTINGS)


def test_accounts_that_are_not_one_debtor_shape_no_segment() -> None:
    """One-time and intercompany accounts are left out, and so is who had no invoice before the cutoff."""
    kinds = {"prompt": "regular", "late": "one_time", "later": "intercompany"}
    ledger = ledger_of([*INVOICES, ("young0", "young", CUTOFF, None)], type=kinds)
    _, figures = fit_segments(ledger, books_of(ledger, SETTINGS), on(CUTOFF), SETTINGS)
    assert list(figures.index) == ["prompt", "punctual"]
