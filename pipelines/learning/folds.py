"""Train on what was known at a cutoff, and predict points that lie after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

import numpy as np
import pandas as pd

from features.books import Books
from features.invoice_state import invoice_features
from features.ledger import Ledger, known_before
from features.outcomes import landmarks, outcomes
from models.payment.baselines import BASELINES
from models.payment.payment_time import PaymentTime
from models.payment.rule import ShrunkenRule
from pipelines.learning.plug_in import own_estimator
from pipelines.reading import books_of
from pipelines.segment_page.segmenting import segments_at
from pipelines.settings import Settings

MODEL = "payment_time"


class Predictor(Protocol):
    """Predicts the payment time of open invoices from rows of features."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame: ...  # noqa: D102


def payment_time(settings: Settings) -> PaymentTime:
    """Return the unfitted model that the configuration describes."""
    chosen = settings.predictor
    return PaymentTime(
        late_after_days=settings.late_after_days,
        horizon_days=chosen.horizon_days,
        features=chosen.features,
        iterations=chosen.iterations,
        learning_rate=chosen.learning_rate,
        max_leaf_nodes=chosen.max_leaf_nodes,
        min_samples_leaf=chosen.min_samples_leaf,
        l2_regularization=chosen.l2_regularization,
        max_rows=chosen.training_rows,
        make_estimator=own_estimator(settings),
        workers=settings.workers,
        seed=settings.seed,
    )


def sample_points(points: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Return at most `rows` of the (invoice, landmark) points.

    A point is in or out by a hash of its own name, so neither the order of the rows nor later
    invoices change which of two earlier ones comes first.
    """
    if len(points) > rows:
        key = f"{seed:016d}"[:16]
        rank = pd.util.hash_array(points["invoice_id"].to_numpy(dtype=object), hash_key=key)
        rank ^= pd.util.hash_array(points["landmark"].to_numpy(dtype=object), hash_key=key)
        points = points[rank <= np.partition(rank, rows - 1)[rows - 1]]
    return points.sort_values(["customer_id", "invoice_id", "day"], ignore_index=True)


def rows_at(books: Books, points: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return the features of (invoice, day) points under the configuration."""
    return invoice_features(
        books,
        points[["invoice_id", "day"]],
        late_after_days=settings.late_after_days,
        static=settings.predictor.static,
        workers=settings.workers,
    )


def became_of(books: Books, points: pd.DataFrame, until: date, settings: Settings) -> pd.DataFrame:
    """Return what is known before `until` of the points, under the configuration; see `outcomes`."""
    return outcomes(
        books,
        points,
        until=until,
        late_after_days=settings.late_after_days,
        dormant_after_days=settings.dormant_after_days,
    )


def training_rows(ledger: Ledger, cutoff: date, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return features and outcomes of landmark points, all as known before `cutoff`.

    What is still open at the cutoff is censored there, nothing is dropped for youth.
    """
    books = books_of(known_before(ledger, cutoff), settings)
    points = landmarks(books, issued_from=None, before=cutoff, between=settings.seed)
    points = sample_points(points, settings.predictor.training_rows, settings.seed)
    became = became_of(books, points, cutoff, settings)
    return rows_at(books, points, settings), became


def rule(settings: Settings) -> ShrunkenRule:
    """Return the unfitted fallback: the debtor's shrunken rate and median delay."""
    return ShrunkenRule(settings.late_after_days, horizon_days=settings.predictor.horizon_days)


def fit_all(rows: pd.DataFrame, outcome: pd.DataFrame, settings: Settings) -> dict[str, Predictor]:
    """Return the model and every baseline, fitted on the same rows."""
    baselines = {name: make(settings.late_after_days) for name, make in BASELINES.items()}
    baselines["rule"] = rule(settings)
    return {
        MODEL: payment_time(settings).fit(rows, outcome),
        **{name: baseline.fit(rows, outcome) for name, baseline in baselines.items()},
    }


def predict_all(
    predictors: Mapping[str, Predictor], points: pd.DataFrame, rows: pd.DataFrame, cutoff: date
) -> pd.DataFrame:
    """Return predictions at grain point x model, with the day each was made on."""
    facts = points[["invoice_id", "customer_id", "landmark"]].assign(
        cutoff=pd.Timestamp(cutoff), predicted_on=points["day"]
    )
    parts = [
        pd.concat([facts.assign(model=name), predictor.predict(rows).set_axis(facts.index)], axis=1)
        for name, predictor in predictors.items()
    ]
    return pd.concat(parts, ignore_index=True)


def facts_of(
    books: Books, points: pd.DataFrame, rows: pd.DataFrame, cutoff: date, until: date, settings: Settings
) -> pd.DataFrame:
    """Return what became of each point by `until`, with what the evaluation asks for beside it.

    settled_invoices: before the point. seen_in_training: whether its debtor was known before the cutoff.
    segment: see `segments_at`. amount: of the item, in major units; left out with several currencies.
    """
    became = became_of(books, points[["invoice_id", "landmark", "day"]], until, settings)
    invoices = books.ledger.invoices
    seen = invoices.loc[invoices["known_on"] < pd.Timestamp(cutoff), "customer_id"].unique()
    facts = became.assign(
        settled_invoices=rows["settled_invoices"].to_numpy(),
        seen_in_training=points["customer_id"].isin(seen),
        segment=segments_at(books.ledger, books, rows, cutoff, settings).to_numpy(),
    )
    return (
        facts
        if invoices["currency"].nunique() > 1
        else facts.assign(amount=rows["invoice_amount"].to_numpy())
    )
