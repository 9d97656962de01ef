"""Campaigns: the names of the segments last over a year of retrainings, whatever the seed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from sklearn.metrics import adjusted_rand_score

from features.ledger import known_before
from features.simulate import simulate, write_portfolio
from models import registry
from models.scorer import PARAMETERS_FILE, assign_segments
from models.segments.delay_tactics import read_tactics
from models.segments.rules import read_rules
from models.treatment.policy_file import read_policy
from models.treatment.statutory import read_statutory
from pipelines.learning.fitted_models import fitted_segments
from pipelines.reading import Reading, read_cleaned
from pipelines.segment_page.segmenting import fit_segments
from pipelines.settings_file import load_settings

DEMO = yaml.safe_load((Path(__file__).parents[1] / "configs" / "demo.yaml").read_text(encoding="utf-8"))
MONTHS, HOLDOUT_DAYS, SEEDS = 12, 180, (7, 8, 9)
KEPT = 0.95

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Month:
    """A training: figures of the established debtors, the segments learned, and those in use after it."""

    day: date
    figures: pd.DataFrame
    learned: Parameters
    in_use: Parameters

    @property
    def accepted(self) -> bool:
        """Whether the gate let the new segments replace those in use."""
        return self.learned is self.in_use


def portfolio(folder: Path, **how: Any) -> Reading:
    """A simulated portfolio as of its end."""
    settings = load_settings(write_portfolio(simulate(**how), folder)).model_copy(update={"workers": 1})
    cleaned = read_cleaned(settings, how["end"])
    return Reading(
        settings,
        read_policy(settings.policy_file),
        read_rules(settings.rules_file),
        read_tactics(settings.tactics_file),
        read_statutory(settings.statutory_file),
        cleaned,
        known_before(cleaned.ledger, how["end"]),
        how["end"],
        how["end"],
    )


def monthly_trainings(whole: Reading) -> list[Month]:
    """Thirteen trainings a month apart, each continuing the segments in use."""
    months: list[Month] = []
    champion: registry.Loaded | None = None
    for back in range(MONTHS, -1, -1):
        day = (pd.Timestamp(whole.as_of) - pd.DateOffset(months=back)).date()
        reading = replace(whole, ledger=known_before(whole.cleaned.ledger, day), as_of=day)
        (found,), _ = fitted_segments(reading, day - timedelta(days=HOLDOUT_DAYS), champion)
        learned = json.loads(found.files[PARAMETERS_FILE])
        if found.verdict.accepted:
            nothing: Any = None
            champion = registry.Loaded(
                found.name, str(len(months) + 1), day, {}, learned, "", nothing, nothing
            )
        assert champion is not None
        # whatever the number of segments, they are learned from the same debtors
        _, figures = fit_segments(reading.ledger, reading.books, day, reading.settings, clusters=3)
        months.append(Month(day, figures, learned, champion.parameters))
    return months


def segment(parameters: Parameters, figures: pd.DataFrame) -> pd.Series:
    """The name of each debtor's segment."""
    return assign_segments(parameters, figures)["model_segment"]


def kept_names(before: Month, now: Month, new: Parameters) -> tuple[int, float]:
    """How many debtors are unchanged, and which share of them has the same name in the new segments.

    Unchanged is who is in the same segment of the old model with its figures of either day.
    """
    both = before.figures.index.intersection(now.figures.index)
    was, still = (segment(before.in_use, month.figures.loc[both]) for month in (before, now))
    unchanged = was == still
    same = segment(new, now.figures.loc[both]) == was
    return int(unchanged.sum()), float(same[unchanged].mean())


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> list[Month]:
    """A year of monthly trainings on the portfolio of the demo."""
    return monthly_trainings(portfolio(tmp_path_factory.mktemp("demo"), **DEMO))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_names_last_over_a_year_of_retrainings(year: list[Month]) -> None:
    """Of the debtors who pay as before, at least 95 % keep their name in each of twelve months."""
    first, shares = year[0].in_use, []
    print("\n day         unchanged  in use  learned  one fixed model  segments")
    for before, now in pairwise(year):
        unchanged, share = kept_names(before, now, now.in_use)
        _, learned = kept_names(before, now, now.learned)
        both = before.figures.index.intersection(now.figures.index)
        fixed = (segment(first, before.figures.loc[both]) == segment(first, now.figures.loc[both])).mean()
        shares.append(share)
        print(
            f" {now.day}  {unchanged:9}  {share:6.1%}  {learned:7.1%}  {fixed:15.1%}  "
            f"{len(now.learned['names'])}{'' if now.accepted else ' refused by the gate'}"
        )
    print(f" at least                {min(shares):6.1%}")
    assert len(shares) == MONTHS
    assert min(shares) >= KEPT


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_another_seed_finds_the_same_segments_in_the_same_order(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The seed of the configuration starts the search elsewhere: ARI at least 0.95, and A is A."""
    whole = portfolio(tmp_path_factory.mktemp("seeds"), **DEMO)
    models = []
    for seed in SEEDS:
        settings = whole.settings.model_copy(update={"seed": seed})
        model, figures = fit_segments(whole.ledger, whole.books, whole.as_of, settings)
        models.append(model.parameters_)
    assert all(model["names"] == models[0]["names"] for model in models)
    one = segment(models[0], figures)
    for seed, other in zip(SEEDS[1:], (segment(found, figures) for found in models[1:]), strict=True):
        similar = adjusted_rand_score(one, other)
        print(f"\n seeds {SEEDS[0]} and {seed}: ARI {similar:.3f}, {(one == other).mean():.1%} the same name")
        assert similar >= 0.95
        table = pd.crosstab(one, other)
        assert list(table.idxmax(axis=1)) == list(table.index)
