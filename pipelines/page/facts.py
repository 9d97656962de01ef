"""What the page says about a run beside its tables: data status, models, how well they were measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from features.contracts import SCHEMA_VERSION
from pipelines.runs.publication import RunFacts, RunInputs
from pipelines.runs.published_runs import PublishedRun


@dataclass(frozen=True)
class PageFacts:
    """What the manifest says of a run.

    `bank_known_until`: last day whose bank statement is in; None where nobody says. `quality`: a row per
    predictor, as in `report.QualityRow`. `reliability`: per bin of the probability the shares predicted and
    observed; None where the champion has none.
    """

    run_id: str
    as_of: date
    schema_version: str
    home_currency: str = ""
    previous_run_id: str | None = None
    previous_as_of: date | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    newest_fact: date | None = None
    bank_known_until: date | None = None
    warnings: tuple[str, ...] = ()
    quality: tuple[Mapping[str, Any], ...] = ()
    reliability: tuple[Mapping[str, Any], ...] | None = None
    figures_per_collector: bool = False


def facts_of(run: PublishedRun, previous: PublishedRun | None = None) -> PageFacts:
    """Return what the manifest of a run says; what an older version of the contract did not say is empty.

    `previous` gives the day of the run before.
    """
    said = run.manifest
    before = said["previous_run"]
    return PageFacts(
        run_id=run.run_id,
        as_of=run.as_of,
        schema_version=str(said["schema_version"]),
        home_currency=said.get("home_currency") or "",
        previous_run_id=before["run_id"] if before else None,
        previous_as_of=previous.as_of if previous else None,
        models=said["models"],
        newest_fact=_day(said.get("newest_fact")),
        bank_known_until=_day(said.get("bank_known_until")),
        warnings=tuple(said["warnings"]),
        quality=tuple(said.get("quality") or ()),
        reliability=tuple(said["reliability"]) if said.get("reliability") else None,
        figures_per_collector=bool(said.get("figures_per_collector", False)),
    )


def facts_to_be(
    inputs: RunInputs, facts: RunFacts, warnings: tuple[str, ...], previous: PublishedRun | None
) -> PageFacts:
    """Return what the manifest of a run will say that is not published yet.

    `warnings`: those that follow from the run's inputs alone, so that the same inputs give the same page.
    """
    return PageFacts(
        run_id=inputs.run_id,
        as_of=inputs.as_of,
        schema_version=SCHEMA_VERSION,
        home_currency=facts.home_currency or "",
        previous_run_id=inputs.previous_run,
        previous_as_of=previous.as_of if previous else None,
        models=inputs.models,
        newest_fact=facts.newest_fact,
        bank_known_until=facts.bank_known_until,
        warnings=warnings,
        quality=facts.quality,
        reliability=facts.reliability,
        figures_per_collector=facts.figures_per_collector,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
