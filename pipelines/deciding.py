"""The main job's pure middle: from what was known, the models and the previous run to the output tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from features.books import Books
from features.contracts.history_tables import HISTORY
from features.contracts.output import DEBTOR_PROFILES
from features.open_items import open_credit, open_items
from features.payment_events import WINDOW_DAYS, payment_events
from features.payment_history import debtor_features
from features.receivables import paid_invoices, receivables_journal
from models.facts import customers_on
from models.portfolio_figures import portfolio_figures
from models.promises import broken_promises
from models.registry import Loaded
from models.reminding.net_overdue import CREDITS
from models.rollup import migrations, portfolio
from models.segments.account_reviews import account_reviews
from models.segments.profiles import segment_profiles
from pipelines.assigning import Assigned, Before, Segmenting, assign
from pipelines.predicting import predict_items
from pipelines.progress import Progress, silent
from pipelines.reading import Reading
from pipelines.treating import Open, expected_cash, treat

STEPS = ("features of the debtors", "segments", "payment times", "treatment", "roll-ups")


@dataclass(frozen=True)
class Models:
    """What the registry gave for this run; None where no model may be used."""

    segments: Mapping[str, Any] | None
    payment_time: Loaded | None
    timing: Mapping[str, Any]
    versions: Mapping[str, str]
    fingerprints: Mapping[str, str]

    @property
    def segmenting(self) -> Segmenting:
        """The champion of the segments."""
        return Segmenting(self.segments, self.versions.get("debtor-segments"))

    @property
    def cash_corrections(self) -> Mapping[str, Any] | None:
        """What past cash forecasts of the payment-time model got wrong, by currency."""
        return self.payment_time.parameters.get("cash") if self.payment_time else None


@dataclass(frozen=True)
class Previous:
    """The tables of the previous run that this one is compared with."""

    segments: pd.DataFrame
    actions: pd.DataFrame
    shifts: pd.DataFrame | None
    as_of: date
    segments_version: str | None


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
    debtors = debtors_on(reading, books, known_debtors(reading))

    progress(STEPS[1], 2, len(STEPS))
    exposure = exposures(items, credit, settings.home_currency)
    assigned = assign_debtors(reading, models, debtors, previous, exposure)
    segments = assigned.tables["segments"]

    progress(STEPS[2], 3, len(STEPS))
    version = models.versions.get("payment-time")
    predictions = predict_items(reading, books, items, segments, models.payment_time, version)

    progress(STEPS[3], 4, len(STEPS))
    opened = Open(items, credit, predictions)
    treated = treat(
        reading,
        opened,
        segments,
        assigned.tables["risks"],
        models.timing,
        previous_actions=previous.actions if previous else None,
        previous_shifts=previous.shifts if previous else None,
    )
    cash = expected_cash(reading, opened, models.cash_corrections)

    progress(STEPS[4], 5, len(STEPS))
    rejected = reading.cleaned.rejected
    customers = customers_on(ledger.customers, day)
    late_rates = late_rates_of(models.segments)
    return {
        **assigned.tables,
        **treated,
        "predictions": predictions,
        "cash_forecast": cash,
        "segment_profiles": segment_profiles(
            segments, debtors, items, ledger, day=day, late_rates=late_rates
        ),
        "account_reviews": account_reviews(
            segments, customers, assigned.tables["risks"], assigned.tactics_words
        ),
        "migrations": migrations(segments),
        "portfolio": portfolio(items, predictions),
        "portfolio_figures": portfolio_figures(
            receivables_journal(books, day), paid_invoices(books, day), day
        ),
        "debtor_profiles": debtor_profiles(debtors, customers, treated["treatments"]),
        "payment_events": payment_events(
            books,
            broken_promises(ledger, day, window_days=WINDOW_DAYS),
            day,
            home_currency=settings.home_currency,
        ),
        "rejected": rejected[~(rejected["known_on"] >= pd.Timestamp(day))].drop(columns="known_on"),
    }


def debtor_profiles(debtors: pd.DataFrame, customers: pd.DataFrame, treatments: pd.DataFrame) -> pd.DataFrame:
    """Return the table `debtor_profiles`: who each debtor is, and the figures of its history.

    `debtors`: features of the day; `customers`: the row of each debtor that holds on it, both indexed by
    customer_id. The legal kind is that of the treatment.
    """
    kind = treatments.set_index("customer_id")["legal_kind"]
    columns = [column.inside for column in DEBTOR_PROFILES.columns]
    said = customers.drop(columns="legal_kind").reindex(debtors.index).join(kind).join(debtors[list(HISTORY)])
    return said.reset_index().reindex(columns=columns)


def late_rates_of(parameters: Mapping[str, Any] | None) -> pd.DataFrame | None:
    """Return how late each segment paid after the segments were set, measured when they were trained."""
    rows = (parameters or {}).get("late_rates")
    return pd.DataFrame(rows) if rows else None


def debtors_on(reading: Reading, books: Books, customers: Iterable[str]) -> pd.DataFrame:
    """Return the features of these debtors on the day, indexed by customer_id and sorted."""
    points = pd.DataFrame({"customer_id": sorted(set(customers)), "day": pd.Timestamp(reading.as_of)})
    figures = debtor_features(
        books, points, late_after_days=reading.settings.late_after_days, workers=reading.settings.workers
    )
    return figures.set_axis(pd.Index(points["customer_id"], name="customer_id"))


def assign_debtors(
    reading: Reading,
    models: Models,
    debtors: pd.DataFrame,
    previous: Previous | None,
    exposure_minor: pd.Series | None = None,
) -> Assigned:
    """Return the segments of these debtors, whose features are indexed by customer_id, and what is beside."""
    before = Before(previous.segments, previous.as_of, previous.segments_version) if previous else None
    return assign(reading, models.segmenting, debtors, before, exposure_minor)


def exposures(items: pd.DataFrame, credit: pd.DataFrame, home_currency: str) -> pd.Series | None:
    """Return what each debtor owes less all that stands against it, in minor units of the home currency.

    Indexed by customer_id, 0 at least; None where an item is in another currency, which cannot be added up.
    """
    if not {*items["currency"], *credit["currency"]} <= {home_currency}:
        return None
    owed = items.groupby("customer_id")["open_amount_minor"].sum()
    against = credit.groupby("customer_id")[CREDITS].sum().sum(axis=1)
    exposure: pd.Series = owed.sub(against, fill_value=0).clip(lower=0).astype("int64")
    return exposure


def situation_on(reading: Reading, models: Models, previous: Previous | None) -> Assigned:
    """Return every debtor's situation and segment on the day: what rules are judged by."""
    items = open_items(reading.books, reading.as_of, dormant_after_days=reading.settings.dormant_after_days)
    credit = open_credit(reading.books, reading.as_of)
    debtors = debtors_on(reading, reading.books, known_debtors(reading))
    exposure = exposures(items, credit, reading.settings.home_currency)
    return assign_debtors(reading, models, debtors, previous, exposure)


def known_debtors(reading: Reading) -> set[str]:
    """Return the ids of all debtors that the ledger knows, prospects included."""
    return {*reading.ledger.customers["customer_id"], *reading.ledger.invoices["customer_id"]}
