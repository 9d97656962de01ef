"""When each open item will be paid, who says so, and why: the table `predictions`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from features.books import Books
from features.contracts.output import PREDICTIONS
from features.invoice_state import invoice_features
from models.payment.explain import contributions, predicted_log_odds, usual_row
from models.payment.reason_words import reasons
from models.registry import Loaded
from models.scorer import PREDICTION
from pipelines.learning.folds import rule, training_rows
from pipelines.reading import Reading

Said = tuple[pd.DataFrame, pd.Series]
_FEWEST_SIDE_BY_SIDE = 15_000


def predict_items(
    reading: Reading,
    books: Books,
    items: pd.DataFrame,
    segments: pd.DataFrame,
    model: Loaded | None,
    version: str | None,
) -> pd.DataFrame:
    """Return the table `predictions`: one row per open item that is not dormant.

    The rule speaks where there is no model, in the segments in which the model was found worse than the
    rule, and for direct debits, whose day is the creditor's own choice and nothing a model of the debtors'
    behaviour could learn.
    """
    live = items[~items["dormant"]].reset_index(drop=True)
    segment = live["customer_id"].map(segments.set_index("customer_id")["segment"])
    left_to_rule = (live["payment_method"] == "direct_debit").fillna(False)
    if model is not None:
        left_to_rule |= segment.isin(model.parameters.get("rule_segments", ()))
    by_model = ~left_to_rule & (model is not None)
    points = live[["invoice_id"]].assign(day=pd.Timestamp(reading.as_of))
    said = live.join(predict_points(reading, books, points, by_model, model, live["currency"]))
    table = said.assign(
        source=by_model.map({True: "model", False: "rule"}),
        model_version=by_model.map({True: version, False: None}).astype("str"),
    )
    for quantile in ("p10", "p50", "p90"):
        wait = pd.to_timedelta(table[f"days_until_{quantile}"], unit="D")
        table[f"paid_on_{quantile}"] = (pd.Timestamp(reading.as_of) + wait).astype("datetime64[s]")
    return table[[column.inside for column in PREDICTIONS.columns]]


def predict_points(
    reading: Reading,
    books: Books,
    points: pd.DataFrame,
    by_model: pd.Series,
    model: Loaded | None,
    currency: pd.Series,
) -> pd.DataFrame:
    """Return PREDICTION and reasons of (invoice_id, day) points, same index; not `by_model` means by rule."""
    settings = reading.settings
    rows = invoice_features(
        books,
        points,
        late_after_days=settings.late_after_days,
        static=settings.predictor.static,
        workers=settings.workers,
    )
    parts = []
    if model is not None and by_model.any():
        reference = model.parameters["reference"]

        def said_by_model(some: pd.DataFrame) -> Said:
            weights = contributions(some, model.log_odds, reference)
            return model.predict(some), reasons(some, weights, currency.loc[some.index])

        parts += side_by_side(said_by_model, rows[by_model], settings.workers)
    if not by_model.all():
        known, became = training_rows(reading.ledger, reading.as_of, settings)
        fallback, usual = rule(settings).fit(known, became), usual_row(known)
        log_odds = predicted_log_odds(fallback.predict, settings.late_after_days)
        some = rows[~by_model]
        weights = contributions(some, log_odds, usual)
        parts.append((fallback.predict(some), reasons(some, weights, currency.loc[some.index])))
    if not parts:  # all that is open is dormant
        nothing = pd.DataFrame(index=rows.index, columns=list(PREDICTION), dtype=np.float64)
        return nothing.assign(reasons=pd.Series(index=rows.index, dtype="str"))
    return pd.concat([said.assign(reasons=why) for said, why in parts]).reindex(rows.index)


def side_by_side(say: Callable[[pd.DataFrame], Said], rows: pd.DataFrame, workers: int) -> list[Said]:
    """Ask for parts of the rows in processes of their own; each row's answer is its own.

    Threads would wait for each other at every tree.
    """
    parts = min(workers, max(1, len(rows) // _FEWEST_SIDE_BY_SIDE))
    borders: npt.NDArray[np.int64] = np.linspace(0, len(rows), parts + 1).astype(np.int64)
    some = [rows.iloc[start:end] for start, end in pairwise(borders.tolist())]
    answers: list[Said] = Parallel(n_jobs=parts)(delayed(say)(part) for part in some)
    return answers
