"""Which days are working days where the debtor is.

Public holidays and weekends come from the `holidays` library. A country it does not know counts
Monday to Friday without holidays; a region it does not know counts as its country.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]


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
    filled = ~np.isnat(values)
    if filled.any():
        years = values[filled].astype("datetime64[Y]").astype(int) + 1970
        span = int(years.min()) - 1, int(years.max()) + 1
        for (land, part), rows in _places(country, region).items():
            here = rows[filled[rows]]
            calendar = _calendar(land, part, *span)
            moved[here] = np.busday_offset(values[here], count, roll=roll, busdaycal=calendar)
    return pd.Series(moved.astype("datetime64[s]"), index=days.index)


def _places(country: pd.Series, region: pd.Series) -> dict[tuple[str, str], npt.NDArray[np.int64]]:
    """Positions of the rows of each (country, region), empty text where there is none."""
    land = country.astype("str").str.upper().fillna("").to_numpy()
    part = region.astype("str").str.upper().fillna("").str.replace(r"^[A-Z]{2}-", "", regex=True).to_numpy()
    groups = pd.DataFrame({"land": land, "part": part}).groupby(["land", "part"], sort=True).indices
    return {(str(place[0]), str(place[1])): np.asarray(rows) for place, rows in groups.items()}  # type: ignore[index]


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
