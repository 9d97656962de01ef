"""The main job's pure middle: from what was known, the models and the previous run to the output tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.books import Books
from features.open_items import closings, open_credit, open_items
from features.payment_history import debtor_features
from models.actions import plan_actions
from models.blocks import find_blocks
from models.habits import payment_habits
from models.overrides import SegmentRules, decide_segments
from models.registry import Loaded
from models.reminders import plan_reminders
from models.rollup import debtors_table, migrations, portfolio, segment_profiles
from models.scorer import assign_segments
from pipelines.predicting import predict_items
from pipelines.progress import Progress, silent
from pipelines.reading import Reading

STEPS = ("features of the debtors", "segments", "payment times", "reminders", "roll-ups")


@dataclass(frozen=True)
class Models:
    """What the registry gave for this run; None where no model may be used."""

    segments: Mapping[str, Any] | None
    payment_time: Loaded | None
    timing: Mapping[str, Any]
    versions: Mapping[str, str]
    fingerprints: Mapping[str, str]


@dataclass(frozen=True)
class Previous:
    """The tables of the previous run that this one is compared with."""

    segments: pd.DataFrame
    actions: pd.DataFrame


def decide(
    reading: Reading, models: Models, previous: Previous | None, progress: Progress = silent
) -> dict[str, pd.DataFrame]:
    """Return every table of the output contract, with inside names.

    Depends on nothing but its arguments: the ledger known before the day, the configuration, the
    models and the previous run.
    """
    day, settings, ledger = reading.as_of, reading.settings, reading.ledger
    progress(STEPS[0], 1, len(STEPS))
    books = reading.books
    items = open_items(books, day, dormant_after_days=settings.dormant_after_days)
    credit = open_credit(books, day)
    known = {*ledger.customers["customer_id"], *ledger.invoices["customer_id"]}
    debtors = debtors_on(reading, books, known)

    progress(STEPS[1], 2, len(STEPS))
    segments = segment_debtors(reading, models, debtors, previous)

    progress(STEPS[2], 3, len(STEPS))
    version = models.versions.get("payment-time")
    predictions = predict_items(reading, books, items, segments, models.payment_time, version)

    progress(STEPS[3], 4, len(STEPS))
    blocks = find_blocks(items, ledger, day, default_country=settings.default_country)
    planned = plan_reminders(
        items,
        segments,
        payment_habits(closings(books), ledger.invoices, day),
        models.timing,
        credit,
        blocks,
        ledger,
        reading.policy,
        day=day,
        default_country=settings.default_country,
    )
    reminders, actions = plan_actions(
        items, planned, credit, ledger, reading.policy, previous.actions if previous else None, day=day
    )

    progress(STEPS[4], 5, len(STEPS))
    rejected = reading.cleaned.rejected
    return {
        "segments": segments,
        "debtors": debtors_table(items, predictions, credit, blocks, day=day),
        "predictions": predictions,
        "reminders": reminders,
        "actions": actions,
        "segment_profiles": segment_profiles(segments, debtors, items, ledger.invoices, day=day),
        "migrations": migrations(segments),
        "portfolio": portfolio(items, predictions),
        "rejected": rejected[~(rejected["known_on"] >= pd.Timestamp(day))].drop(columns="known_on"),
    }


def debtors_on(reading: Reading, books: Books, customers: Iterable[str]) -> pd.DataFrame:
    """Return the features of these debtors on the day, indexed by customer_id and sorted."""
    points = pd.DataFrame({"customer_id": sorted(set(customers)), "day": pd.Timestamp(reading.as_of)})
    figures = debtor_features(
        books, points, late_after_days=reading.settings.late_after_days, workers=reading.settings.workers
    )
    return figures.set_axis(pd.Index(points["customer_id"], name="customer_id"))


def segment_debtors(
    reading: Reading, models: Models, debtors: pd.DataFrame, previous: Previous | None
) -> pd.DataFrame:
    """Return the table `segments` of these debtors, whose features are indexed by customer_id."""
    settings = reading.settings.segments
    names: list[str] = []
    if models.segments is not None:
        debtors = debtors.join(assign_segments(models.segments, debtors))
        names = list(models.segments["names"])
    return decide_segments(
        debtors,
        names,
        reading.ledger,
        previous.segments if previous else None,
        day=reading.as_of,
        model_version=models.versions.get("debtor-segments"),
        rules=SegmentRules(
            new_until_matured=settings.new_until_matured, dormant_after_months=settings.dormant_after_months
        ),
    )
