"""Statutory interest and notices: read strictly, rounded as the law says, never carried forward."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ConfigurationError
from models.treatment.statutory import (
    NOTHING,
    fingerprint,
    half_year_of,
    interest_on,
    known_until,
    notice_days,
    parse_statutory,
    read_statutory,
)

SHIPPED = Path(__file__).resolve().parent.parent / "configs" / "statutory.yaml"
TABLE: dict[str, Any] = {
    "reference_rates": {
        "bank": {"source": "the bank", "half_years": {date(2024, 1, 1): 4.5, date(2024, 7, 1): 4.25}}
    },
    "countries": {
        "NL": {"business_interest": {"reference": "bank", "plus_points": 8, "law": "art. 1"}},
        "BE": {
            "business_interest": {
                "reference": "bank",
                "plus_points": 8,
                "law": "art. 2",
                "round_up_to": 0.5,
            },
            "consumer_notice": {"wait_days": 20, "law": "art. 3", "source": "a court"},
        },
    },
}


def spoilt(change: Any) -> dict[str, Any]:
    """The table after a change made in place."""
    table = copy.deepcopy(TABLE)
    change(table)
    return table


def test_the_rate_is_the_reference_and_the_points_of_the_law() -> None:
    """4.25 + 8 = 12.25 in the second half of 2024; the words name law, source and the day it holds from."""
    known = parse_statutory(TABLE)
    assert interest_on(known, "NL", date(2024, 6, 30)).percent == 12.5
    assert interest_on(known, "NL", date(2024, 7, 1)) == (12.25, "art. 1; the bank; from 2024-07-01")


def test_belgium_rounds_up_to_half_a_point() -> None:
    """12.25 becomes 12.5, and 12.5 stays."""
    known = parse_statutory(TABLE)
    assert interest_on(known, "BE", date(2024, 7, 1)).percent == 12.5
    assert interest_on(known, "BE", date(2024, 1, 1)).percent == 12.5


def test_no_rate_is_carried_beyond_the_last_half_year_nor_before_the_first() -> None:
    """The last known day has a rate, the next has none and says until when it was known."""
    known = parse_statutory(TABLE)
    assert known_until(known.reference_rates["bank"]) == date(2024, 12, 31)
    assert interest_on(known, "NL", date(2024, 12, 31)).percent == 12.25
    late = "statutory rate of NL known until 2024-12-31: no interest on 2025-01-01"
    assert interest_on(known, "NL", date(2025, 1, 1)) == (None, late)
    early = "statutory rate of NL known from 2024-01-01: no interest on 2023-12-31"
    assert interest_on(known, "NL", date(2023, 12, 31)) == (None, early)


def test_a_country_that_is_not_known_has_no_interest() -> None:
    """Neither one without a pack nor no country at all."""
    assert interest_on(NOTHING, "NL", date(2024, 1, 1)) == (None, "no statutory rate known for NL")
    words = "no statutory rate known for a debtor without a country"
    assert interest_on(parse_statutory(TABLE), None, date(2024, 1, 1)) == (None, words)


def test_only_countries_with_a_notice_have_days_to_wait() -> None:
    """The table knows the notice of Belgium only."""
    assert notice_days(parse_statutory(TABLE)) == {"BE": 20}


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
def test_a_half_year_begins_on_1_january_or_1_july(day: date) -> None:
    """The last such day that is not after the day."""
    starts = [date(year, month, 1) for year in (day.year - 1, day.year) for month in (1, 7)]
    assert half_year_of(day) == max(start for start in starts if start <= day)


@pytest.mark.parametrize(
    ("day", "percents"),
    [
        (date(2016, 12, 31), {"NL": 8.0, "DE": 8.12, "AT": 8.58, "BE": 8.0, "FR": 10.0}),
        (date(2023, 1, 1), {"NL": 10.5, "DE": 10.62, "AT": 11.08, "BE": 10.5, "ES": 10.5}),
        (date(2024, 7, 1), {"NL": 12.25, "DE": 12.37, "AT": 13.08, "BE": 12.5, "IE": 12.25}),
        (date(2025, 1, 1), {"NL": 11.15, "DE": 11.27, "AT": 11.73, "BE": 11.5, "IT": 11.15}),
        (date(2026, 6, 30), {"NL": 10.15, "DE": 10.27, "AT": 10.73, "BE": 10.5, "FR": 12.15}),
    ],
)
def test_the_shipped_rates_are_those_that_were_published(day: date, percents: dict[str, float]) -> None:
    """Some half-years as the countries published them."""
    known = read_statutory(SHIPPED)
    assert {code: interest_on(known, code, day).percent for code in percents} == percents


def test_the_shipped_file_says_that_it_is_no_legal_advice_and_names_a_source_for_all() -> None:
    """Every country has a law, every reference a source, and the Dutch letter is the only notice known."""
    assert "NOTHING HERE IS LEGAL ADVICE" in SHIPPED.read_text(encoding="utf-8")
    known = read_statutory(SHIPPED)
    assert set(notice_days(known)) == {"NL"}
    after = max(known_until(rate) for rate in known.reference_rates.values()) + timedelta(days=1)
    assert all(interest_on(known, code, after).percent is None for code in known.countries)


def test_fingerprint_sees_a_changed_rate_only() -> None:
    """The order of countries does not matter; a hundredth of a point does."""
    turned = spoilt(lambda table: table.update(countries=dict(reversed(table["countries"].items()))))
    other = spoilt(lambda table: table["countries"]["NL"]["business_interest"].update(plus_points=8.01))
    assert fingerprint(parse_statutory(turned)) == fingerprint(parse_statutory(TABLE))
    assert fingerprint(parse_statutory(other)) != fingerprint(parse_statutory(TABLE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table["countries"]["NL"]["business_interest"].update(reference="banc"),
            "countries NL business_interest: no reference rate `banc`; did you mean `bank`?",
        ),
        (
            lambda table: table["countries"]["NL"]["business_interest"].update(plus_point=8),
            "unknown key `plus_point` in countries NL business_interest; did you mean `plus_points`?",
        ),
        (
            lambda table: table["reference_rates"]["bank"]["half_years"].update({date(2025, 7, 1): 2.0}),
            "reference_rates bank: the half-year from 2025-01-01 is missing",
        ),
        (
            lambda table: table["reference_rates"]["bank"]["half_years"].update({date(2024, 9, 1): 2.0}),
            "2024-09-01 begins no half-year; write 1 January or 1 July",
        ),
        (
            lambda table: table["reference_rates"]["bank"].pop("source"),
            "`source` is missing in reference_rates",
        ),
        (lambda table: table["countries"].update({"Holland": {}}), "countries Holland .*pattern"),
        (
            lambda table: table["countries"]["BE"]["consumer_notice"].pop("law"),
            "`law` is missing in countries BE consumer_notice",
        ),
    ],
)
def test_mistakes_are_named_with_their_place(change: Any, message: str) -> None:
    """Unknown keys and references, holes between half-years, and what is without law or source."""
    with pytest.raises(ConfigurationError, match=message):
        parse_statutory(spoilt(change))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    """Its name is in the message."""
    with pytest.raises(ConfigurationError, match=r"cannot read the statutory rates .*none\.yaml"):
        read_statutory(tmp_path / "none.yaml")
    words = tmp_path / "words.yaml"
    words.write_text("just words", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"words\.yaml: statutory rates are keys and values"):
        read_statutory(words)
