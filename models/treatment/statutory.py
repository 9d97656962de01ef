"""What the law sets per country: interest on late business debts, and the notice that consumers get first.

Read from a file that names its sources; nothing in it is legal advice. A rate is never carried beyond the
last half-year that the file knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from features.errors import ConfigurationError
from features.spelling import way_out
from models.strict_yaml import Strict, read_strictly, validated

Text = Annotated[str, Field(min_length=1)]
CountryCode = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Points = Annotated[Decimal, Field(ge=-10, le=50, strict=False)]


class ReferenceRate(Strict):
    """A published rate in percent a year; `half_years`: the first day of each half-year and the rate then."""

    source: Text
    half_years: Annotated[Mapping[date, Points], Field(min_length=1)]


class Interest(Strict):
    """Interest on late debts between businesses: the reference rate and so many points, as the law says.

    round_up_to: the law rounds the sum up to the next multiple of so much.
    """

    reference: Text
    plus_points: Points
    round_up_to: Annotated[Decimal, Field(gt=0, le=1, strict=False)] | None = None
    law: Text


class ConsumerNotice(Strict):
    """The notice that the law asks for; `wait_days`: from its day to the first step that is not friendly."""

    wait_days: Annotated[int, Field(ge=1, le=365)]
    law: Text
    source: Text


class Country(Strict):
    """What is known of one country; what is absent is not known, and not used."""

    business_interest: Interest | None = None
    consumer_notice: ConsumerNotice | None = None


class Statutory(Strict):
    """All countries, with the reference rates they speak of."""

    reference_rates: Mapping[Text, ReferenceRate] = {}
    countries: Mapping[CountryCode, Country] = {}


NOTHING = Statutory()
"""No country is known: no interest, and consumers only get friendly steps."""


class Rate(NamedTuple):
    """The interest of a day: percent a year, None where none may be used; and the source or why not."""

    percent: float | None
    words: str


def read_statutory(path: Path) -> Statutory:
    """Return the countries in a YAML file. ConfigurationError names the file, the place and the way out."""
    return read_strictly(path, "the statutory rates", parse_statutory)


def parse_statutory(content: object) -> Statutory:
    """Return the countries from their keys and values; ConfigurationError says the first mistake."""
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"statutory rates are keys and values, such as `countries:`; got {content!r}"
        )
    statutory = validated(Statutory, content)
    for name, rate in statutory.reference_rates.items():
        _whole_half_years(name, sorted(rate.half_years))
    for code, country in statutory.countries.items():
        interest = country.business_interest
        if interest and interest.reference not in statutory.reference_rates:
            hint = way_out(interest.reference, statutory.reference_rates)
            raise ConfigurationError(
                f"countries {code} business_interest: no reference rate `{interest.reference}`{hint}"
            )
    return statutory


def interest_on(statutory: Statutory, country: str | None, day: date) -> Rate:
    """Return the statutory interest on a debt between businesses of that country on the day.

    Reference rate of the day's half-year + the law's points, rounded up where the law rounds. Without a
    rate for the day there is none, and the words say until when it is known.
    """
    known = statutory.countries.get(country or "")
    if known is None or known.business_interest is None:
        return Rate(None, f"no statutory rate known for {country or 'a debtor without a country'}")
    law = known.business_interest
    reference = statutory.reference_rates[law.reference]
    start = half_year_of(day)
    if start not in reference.half_years:
        first, end = min(reference.half_years), known_until(reference)
        when = f"from {first}" if day < first else f"until {end}"
        return Rate(None, f"statutory rate of {country} known {when}: no interest on {day}")
    percent = reference.half_years[start] + law.plus_points
    if law.round_up_to:
        percent = (percent / law.round_up_to).to_integral_value(ROUND_CEILING) * law.round_up_to
    return Rate(float(percent), f"{law.law}; {reference.source}; from {start}")


def known_until(reference: ReferenceRate) -> date:
    """Return the last day of the last half-year that is known."""
    return _next(max(reference.half_years)) - timedelta(days=1)


def half_year_of(day: date) -> date:
    """Return the first day of the half-year that the day is in."""
    return date(day.year, 1 if day.month < 7 else 7, 1)


def notice_days(statutory: Statutory) -> dict[str, int]:
    """Return per country with a statutory notice the days from it to the first step that is not friendly."""
    return {
        code: country.consumer_notice.wait_days
        for code, country in statutory.countries.items()
        if country.consumer_notice
    }


def fingerprint(statutory: Statutory) -> str:
    """Return a SHA-256 of what is known; comments and the order of keys do not matter."""
    content = json.dumps(statutory.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _whole_half_years(name: str, starts: list[date]) -> None:
    for start in starts:
        if start != half_year_of(start):
            raise ConfigurationError(
                f"reference_rates {name}: {start} begins no half-year; write 1 January or 1 July"
            )
    for start, after in pairwise(starts):
        if after != _next(start):
            raise ConfigurationError(
                f"reference_rates {name}: the half-year from {_next(start)} is missing; add it"
            )


def _next(start: date) -> date:
    return half_year_of(start + timedelta(days=200))
