"""Reminder timing against the simulator's causal truth: what it brings, and whether the alarm holds."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

from reminder_timing import compare, plan_and_judge
from sliding_alarm import live

from models.reminding.sliding import FALSE_ALARMS

pytestmark = pytest.mark.slow

SEEDS = range(1, 21)


@pytest.fixture(scope="module")
def compared() -> pd.DataFrame:
    """Optimal timing against fixed and shifted over 20 portfolios, by figure and rival."""
    told = pd.concat([plan_and_judge(seed).assign(seed=seed) for seed in SEEDS], ignore_index=True)
    return compare(told).set_index(["figure", "against"])


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("against", ["fixed", "shifted"])
def test_optimal_timing_brings_money_in_earlier(compared: pd.DataFrame, against: str) -> None:
    """Weighted by amount, the 95 % interval over 20 portfolios lies below 0 days."""
    assert compared.loc[("days_to_pay_by_amount", against), "high"] < 0


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("against", ["fixed", "shifted"])
def test_it_does_so_without_more_contacts(compared: pd.DataFrame, against: str) -> None:
    """Contacts really made, in per cent of the other timing's: the interval lies below 0."""
    assert compared.loc[("contacts", against), "high"] < 0


def alarms(followers: float) -> pd.DataFrame:
    """What was said over the life of the shifts in 20 portfolios, two invoices a month."""
    return pd.DataFrame([live(seed, followers) for seed in SEEDS])


@pytest.mark.timeout(900)
def test_the_sliding_alarm_fires_when_debtors_follow_the_reminder() -> None:
    """Every portfolio of followers is warned within half the shift's life, most of their shifts are ended."""
    told = alarms(1.0)
    assert (told["first_warning"] <= 90).all()
    assert told["alarms"].mean() > 0.75


@pytest.mark.timeout(900)
def test_it_stays_quiet_when_they_do_not() -> None:
    """No portfolio in 20 is warned, and fewer shifts end wrongly than the warning allows for."""
    told = alarms(0.0)
    assert not told["warned"].any()
    assert told["wrong_alarms"].mean() < FALSE_ALARMS


@pytest.mark.timeout(900)
def test_a_few_followers_among_many_are_found() -> None:
    """Three in ten follow: nearly all such portfolios are warned, the others' shifts stand."""
    told = alarms(0.3)
    assert told["warned"].mean() >= 0.95
    assert told["wrong_alarms"].mean() < FALSE_ALARMS
