"""Old bank data stops contacts."""

from __future__ import annotations

from datetime import date

import pytest

from models.reminding.bank_data import bank_state


@pytest.mark.parametrize(
    ("known_until", "day", "country", "waits"),
    [
        (None, "2024-06-03", "DE", False),
        ("2024-05-31", "2024-06-03", "DE", False),  # Friday, on a Monday
        ("2024-05-30", "2024-06-03", "DE", True),
        ("2024-05-31", "2024-06-02", "DE", False),  # on a Sunday
        ("2024-05-30", "2024-06-02", "DE", True),
        ("2024-06-03", "2024-06-03", "DE", False),
        ("2024-03-28", "2024-04-02", "DE", False),  # Thursday before Easter, on the Tuesday after
        ("2024-03-28", "2024-04-02", "US", True),  # where Monday was a working day
        ("2024-03-28", "2024-04-02", None, True),
    ],
)
def test_contacts_wait_when_the_last_working_day_is_not_in(
    known_until: str | None, day: str, country: str | None, waits: bool
) -> None:
    """The creditor's own working days count."""
    known = None if known_until is None else date.fromisoformat(known_until)
    waiting, words = bank_state(known, date.fromisoformat(day), country, None)
    assert waiting is waits
    assert (words != "") is waits


def test_the_region_counts_and_the_words_name_both_days() -> None:
    """Corpus Christi 2024 is a Thursday off in Bavaria, a working day in Berlin."""
    known, day = date(2024, 5, 29), date(2024, 5, 31)
    assert bank_state(known, day, "DE", "BY") == (False, "")
    words = "bank data known until 2024-05-29 only, the last working day was 2024-05-30"
    assert bank_state(known, day, "DE", "BE") == (True, words)
