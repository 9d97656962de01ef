"""Working days where the debtor is, and where the creditor is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples
from treatment_support import on

from models.working_days import (
    SPAN_DAYS,
    calendar_notes,
    make_calendar,
    next_working_day,
    place_codes,
    working_days_after,
)

PLACES = [("", ""), ("DE", ""), ("DE", "BY"), ("NL", ""), ("SA", ""), ("XX", "")]


def number(day: str) -> int:
    """The day as a number of days since 1970."""
    return int(np.datetime64(day, "D").astype(np.int64))


def test_working_days_of_several_places_at_once() -> None:
    """Friday 3 January 2025 is a working day in Germany, the weekend in Saudi Arabia; unknown = Mon-Fri."""
    friday = pd.Series([on("2025-01-03")] * 3)
    country = pd.Series(["DE", "SA", "XX"])
    region = pd.Series([None] * 3, dtype="str")
    assert next_working_day(friday, country, region).tolist() == [
        on("2025-01-03"),
        on("2025-01-05"),
        on("2025-01-03"),
    ]


def test_lower_case_and_full_region_codes_are_understood() -> None:
    """de with DE-BY is Bavaria, beside rows written DE."""
    epiphany = pd.Series([on("2025-01-06")] * 2)
    found = next_working_day(epiphany, pd.Series(["de", "DE"]), pd.Series(["DE-BY", "BE"]))
    assert found.tolist() == [on("2025-01-07"), on("2025-01-06")]


def test_working_days_across_new_year() -> None:
    """31 December 2024 + 1 working day in Germany skips New Year's Day; an empty day stays empty."""
    days = pd.Series([on("2024-12-31"), pd.NaT])
    found = working_days_after(days, 1, pd.Series(["DE", "DE"]), pd.Series([None, None], dtype="str"))
    assert found[0] == on("2025-01-02")
    assert pd.isna(found[1])


def test_calendars_that_are_missing_are_told() -> None:
    """One sentence per country without a calendar."""
    assert calendar_notes(pd.Series(["XX", "XX", "DE", None])) == [
        "no holiday calendar for debtors without a country (1 debtor): Monday to Friday are working days",
        "no holiday calendar for country XX (2 debtors): Monday to Friday are working days",
    ]


def test_places_are_numbered_once_each() -> None:
    """de with DE-BY and DE with BY are one place; no country is one too."""
    code, places = place_codes(
        pd.Series(["de", "DE", "DE", None]), pd.Series(["DE-BY", "BY", None, None], dtype="str")
    )
    assert [places[at] for at in code] == [("DE", "BY"), ("DE", "BY"), ("DE", ""), ("", "")]
    assert len(places) == 3
    assert place_codes(pd.Series([], dtype="str"), pd.Series([], dtype="str"))[1] == []


def test_a_calendar_of_debtor_and_creditor_knows_the_holidays_of_both() -> None:
    """30 May 2024 is Corpus Christi in Bavaria, 27 April 2023 King's Day in the Netherlands."""
    first, last = number("2023-01-01"), number("2024-12-31")
    days = np.array([number("2024-05-30"), number("2023-04-27")])
    own = make_calendar([("DE", "BY")], first, last)
    both = make_calendar([("DE", "BY")], first, last, also=("NL", ""))
    place = np.zeros(2, dtype=np.int64)
    assert own.on_or_after(place, days).tolist() == [number("2024-05-31"), number("2023-04-27")]
    assert both.on_or_after(place, days).tolist() == [number("2024-05-31"), number("2023-04-28")]


def test_beyond_the_calendar_monday_to_friday_are_working_days() -> None:
    """Christmas in thirty years is asked of no library: 25 December 2056 is a Monday."""
    calendar = make_calendar([("DE", "")], number("2024-01-01"), number("2090-01-01"))
    days = np.array([number("2056-12-25"), number("2056-12-24")])
    assert calendar.on_or_after(np.zeros(2, dtype=np.int64), days).tolist() == [number("2056-12-25")] * 2


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PLACES) - 1), st.integers(0, 500)), min_size=1, max_size=20))
def test_looking_up_equals_asking_day_by_day(rows: list[tuple[int, int]]) -> None:
    """The same days as the numpy calendars give, wherever and whenever."""
    first = number("2023-12-01")
    place, day = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    calendar = make_calendar(PLACES, first, first + int(day.max()))
    found = calendar.on_or_after(place, first + day)
    country = pd.Series([PLACES[at][0] for at in place])
    region = pd.Series([PLACES[at][1] for at in place])
    asked = next_working_day(pd.Series((first + day).astype("datetime64[D]")), country, region)
    assert found.tolist() == asked.to_numpy().astype("datetime64[D]").astype(np.int64).tolist()


def test_the_last_day_of_a_calendar_is_in_it() -> None:
    """A span longer than ten years is cut after SPAN_DAYS."""
    calendar = make_calendar(PLACES, 0, 10 * SPAN_DAYS)
    assert calendar.following.shape == (len(PLACES), SPAN_DAYS + 1)
    assert make_calendar(PLACES, 5, 7).following.shape == (len(PLACES), 3)
