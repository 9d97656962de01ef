"""Which days are working days where the debtor is.

Public holidays and weekends come from the `holidays` library. A country it does not know counts
Monday to Friday without holidays; a region it does not know counts as its country.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Place = tuple[str, str]
"""Country and region, empty text where there is none."""

SPAN_DAYS = 3653
"""A calendar looks ten years ahead; whatever is beyond it, Monday to Friday are working days."""

_LONGEST_BREAK = 31
_AHEAD_DAYS = 400


@dataclass(frozen=True)
class Calendar:
    """The working days of some places, to be looked up: a row per place, a column per day.

    first: the day number (days since 1970) of the first column. following: the first working day at or after
    each day, as a day number.
    """

    first: int
    following: Ints

    def on_or_after(self, place: Ints, day: Ints) -> Ints:
        """Return for each place (a row) and day number from `first` on itself or the next working day."""
        column = day - self.first
        beyond = column >= self.following.shape[1]
        found = self.following[place, np.where(beyond, 0, column)]
        if beyond.any():
            far = day[beyond].astype("datetime64[D]")
            found[beyond] = np.busday_offset(far, 0, roll="forward").astype(np.int64)
        return found


def make_calendar(places: list[Place], first: int, last: int, also: Place | None = None) -> Calendar:
    """Return the working days of the places from day number `first` to `last`, at most `SPAN_DAYS` of them.

    With `also`, a day counts only where it is a working day there too.
    """
    days = np.arange(first, min(last, first + SPAN_DAYS) + _LONGEST_BREAK).astype("datetime64[D]")
    span = _year(days[0]), _year(days[-1])
    there = _is_working_day(days, also, span) if also else np.ones(len(days), dtype=bool)
    number = np.arange(first, first + len(days))
    following = np.empty((len(places), len(days)), dtype=np.int64)
    for row, place in enumerate(places):
        working = there & _is_working_day(days, place, span)
        upcoming = np.where(working, number, np.iinfo(np.int64).max)
        following[row] = np.minimum.accumulate(upcoming[::-1])[::-1]
    return Calendar(first, following[:, : len(days) - _LONGEST_BREAK + 1])


def find_working_days(
    place: Ints, places: list[Place], first: int, also: Place | None
) -> Callable[[Ints, npt.NDArray[np.bool_], Ints], Ints]:
    """Return a function that finds the next working day from day number `first` on for rows of `place`.

    It takes the rows, whether each day must be a working day in `also` too, and day numbers. Its calendars
    grow when later days are asked for.
    """
    last, calendars = first - 1, {}

    def working_day(row: Ints, with_also: npt.NDArray[np.bool_], day: Ints) -> Ints:
        nonlocal last
        latest = int(day.max(initial=first))
        if latest > last:
            last = latest + _AHEAD_DAYS
            calendars[False] = make_calendar(places, first, last)
            calendars[True] = make_calendar(places, first, last, also) if also else calendars[False]
        alone = calendars[False].on_or_after(place[row], day)
        return np.where(with_also, calendars[True].on_or_after(place[row], day), alone)

    return working_day


def place_codes(country: pd.Series, region: pd.Series) -> tuple[Ints, list[Place]]:
    """Return for each row the number of its place, and the places."""
    land = country.astype("str").str.upper().fillna("")
    part = region.astype("str").str.upper().fillna("").str.replace(r"^[A-Z]{2}-", "", regex=True)
    land_code, lands = pd.factorize(land, sort=True)
    part_code, parts = pd.factorize(part, sort=True)
    width = max(len(parts), 1)
    code, found = pd.factorize(land_code * width + part_code, sort=True)
    places = [(str(lands[at // width]), str(parts[at % width])) for at in found.tolist()]
    return code.astype(np.int64), places


def next_working_day(days: pd.Series, country: pd.Series, region: pd.Series) -> pd.Series:
    """Return for each day itself or the first working day after it, in that row's country and region.

    The three series share one index; the result has it too, as `datetime64[s]`. NaT stays NaT.
    """
    return _shift(days, country, region, 0, "forward")


def working_days_after(days: pd.Series, count: int, country: pd.Series, region: pd.Series) -> pd.Series:
    """Return the `count`-th working day after each day (Friday + 2 is Tuesday; so is Saturday + 2)."""
    return _shift(days, country, region, count, "backward")


def calendar_notes(country: pd.Series) -> list[str]:
    """Return a sentence for each country without a calendar, sorted; `country` has one row per debtor."""
    notes = []
    for land, debtors in country.fillna("").value_counts().sort_index().items():
        if not _regions(str(land))[0]:
            place = f"country {land}" if land else "debtors without a country"
            who = f"{debtors} debtor{'s' if debtors > 1 else ''}"
            notes.append(f"no holiday calendar for {place} ({who}): Monday to Friday are working days")
    return notes


def _shift(
    days: pd.Series, country: pd.Series, region: pd.Series, count: int, roll: Literal["forward", "backward"]
) -> pd.Series:
    values = days.to_numpy().astype("datetime64[D]")
    moved = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[D]")
    filled = np.flatnonzero(~np.isnat(values))
    if len(filled):
        span = _year(values[filled].min()) - 1, _year(values[filled].max()) + 1
        code, places = place_codes(country, region)
        code = code[filled]
        for number, place in enumerate(places):
            here = filled[code == number]
            moved[here] = np.busday_offset(values[here], count, roll=roll, busdaycal=_calendar(*place, *span))
    return pd.Series(moved.astype("datetime64[s]"), index=days.index)


def _is_working_day(
    days: npt.NDArray[np.datetime64], place: Place, span: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    return np.asarray(np.is_busday(days, busdaycal=_calendar(*place, *span)))


def _year(day: np.datetime64) -> int:
    return int(day.astype("datetime64[Y]").astype(int)) + 1970


@lru_cache(maxsize=1024)
def _calendar(country: str, region: str, first_year: int, last_year: int) -> np.busdaycalendar:
    import holidays

    known, regions = _regions(country)
    if not known:
        return np.busdaycalendar()
    part = region if region in regions else None
    found = holidays.country_holidays(country, subdiv=part, years=range(first_year, last_year + 1))
    weekend = found.weekend
    return np.busdaycalendar(
        weekmask=[weekday not in weekend for weekday in range(7)],
        holidays=np.array(sorted(found), dtype="datetime64[D]"),
    )


@lru_cache(maxsize=1024)
def _regions(country: str) -> tuple[bool, frozenset[str]]:
    """Whether the country has a calendar, and which regions it knows (by their codes)."""
    import holidays

    try:
        found = holidays.country_holidays(country) if country else None
    except NotImplementedError:
        found = None
    if found is None:
        return False, frozenset()
    return True, frozenset(found.subdivisions)
