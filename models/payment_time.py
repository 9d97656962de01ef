"""When will an open invoice be paid: a discrete-time hazard on the axis "days late".

The axis is cut into bins. One classifier learns P(paid in the bin | unpaid at its start) from one row
per (invoice day, bin at risk), the person-period form of Singer and Willett (1993). What is still
open contributes the bins it survived, so nothing is dropped for being young.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import skops.io
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.catalogue import INVOICE_FEATURES, names
from features.errors import ModelError
from models.scorer import (
    CLASS_BORDERS,
    ESTIMATOR_FILE,
    HORIZON_DAYS,
    PARAMETERS_FILE,
    Floats,
    Ints,
    axis_position,
    bin_columns,
    expand,
    first_day,
    predict_payment_time,
)

# fine where most payments fall; the bins beyond the horizon serve rows that are long past due already
_BEFORE_DUE = (-60, -30, -14, -7, -3, -1)
_AFTER_DUE = (3, 7, 14, 21, 45, 120, 180, 270, HORIZON_DAYS, 2 * HORIZON_DAYS)
_ENTERED_LATE = 1 / 3


class PaymentTime(BaseEstimator):  # type: ignore[misc]
    """Predicts the distribution of the payment day, given that the invoice is unpaid on the row's day.

    `late_after_days`: an invoice is late when it settles more days after due; 0 to 364.
    `features`: the columns it learns from; by default all of an (invoice, day) point.
    `max_rows`: larger training sets are sampled by a hash of the rows' values and `seed`, so the
    order of the rows never matters. `iterations` is the number of trees; the others are those of
    HistGradientBoostingClassifier.
    """

    def __init__(
        self,
        *,
        late_after_days: int = 0,
        features: Sequence[str] | None = None,
        iterations: int = 100,
        learning_rate: float = 0.1,
        max_leaf_nodes: int = 15,
        min_samples_leaf: int = 100,
        l2_regularization: float = 1.0,
        max_rows: int = 60_000,
        seed: int = 0,
    ) -> None:
        self.late_after_days = late_after_days
        self.features = features
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_rows = max_rows
        self.seed = seed

    def fit(self, rows: pd.DataFrame, outcome: pd.DataFrame) -> PaymentTime:
        """Learn from feature rows and what became of them, and return self.

        `outcome`, row by row: `event` (paid, and known) and `days_late` (settled - due day; without
        event the last day late on which it was known to be unpaid). `due_on` and `decided_until`, where
        given, keep bins out that were not over when the outcomes were looked up: of those only the
        payments are known. `days_past_due`, where given, is the row's day on the outcome's due day.
        Refuses, with ModelError, rows from which nothing can be learned.
        """
        columns = list(names(INVOICE_FEATURES) if self.features is None else self.features)
        refuse_missing(columns, rows)
        borders = bin_borders(self.late_after_days)
        used = [rows[columns], rows["days_past_due"], *_days_ahead(rows, outcome), outcome["event"]]
        table = canonical_sample(
            np.column_stack([np.asarray(part, dtype=np.float64) for part in used]), self.max_rows, self.seed
        )
        features, (days_past_due, ahead, decided_ahead, event) = table[:, :-4], table[:, -4:].T

        position = axis_position(days_past_due)
        end, decided = position + ahead.astype(np.int64), position + decided_ahead.astype(np.int64)
        row, bins, start, paid = person_periods(borders, position, end, decided, event > 0, self.seed)
        if len(np.unique(paid)) < 2:
            raise ModelError(
                f"nothing to learn from {len(rows)} rows: {int(event.sum())} paid, too few or all at once; "
                "train on a longer history"
            )
        # a ledger without sectors has a column without values, from which nothing can be learned
        filled = np.asarray(np.isfinite(features[np.unique(row)]).any(axis=0))
        features, columns = (
            features[:, filled],
            [name for name, has in zip(columns, filled, strict=True) if has],
        )
        X = np.hstack([features[row], bin_columns(borders, position[row], bins, start)])
        hazard = HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            early_stopping=False,  # it would hold out rows at random
            random_state=self.seed,
        )
        # one thread: the bytes depend on their number, and on a busy machine they wait for each other
        with threadpool_limits(1, user_api="openmp"):
            self.hazard_ = hazard.fit(X, paid)
        self.parameters_ = {
            "model": "payment-time",
            "features": columns,
            "borders": borders.tolist(),
            "late_after_days": self.late_after_days,
        }
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns PREDICTION for feature rows of open invoices, same index."""
        refuse_missing(self.parameters_["features"], rows)
        return predict_payment_time(self.parameters_, self.hazard_, rows)

    def files(self) -> dict[str, bytes]:
        """Return the artefact's data, file name -> content: the same bytes for the same model."""
        return {
            PARAMETERS_FILE: json.dumps(self.parameters_, indent=1).encode(),
            ESTIMATOR_FILE: _same_bytes(skops.io.dumps(self.hazard_)),
        }


def bin_borders(late_after_days: int) -> Ints:
    """Return the last day late of each bin, ascending; the borders of lateness and classes are among them."""
    if not 0 <= late_after_days < HORIZON_DAYS:
        raise ModelError(
            f"late_after_days is {late_after_days}; choose whole days from 0 to {HORIZON_DAYS - 1}"
        )
    return np.unique([*_BEFORE_DUE, *CLASS_BORDERS, *_AFTER_DUE, late_after_days]).astype(np.int64)


def person_periods(
    borders: Ints, position: Ints, end: Ints, decided: Ints, event: npt.NDArray[np.bool_], seed: int
) -> tuple[Ints, Ints, Ints, npt.NDArray[np.bool_]]:
    """Return (row, bin, first day at risk, paid in the bin) for the bins that a row was at risk in.

    `end` is the day of the payment, `decided` the last day of which it is known whether the row was
    paid by then: bins that end later are left out. Every third bin is entered late, on a random day,
    and left out when the payment came before that: training rows stand on landmarks, open invoices
    on any day, so the hazard must learn what the rest of a bin is worth.
    """
    paid_in = np.where(event, np.searchsorted(borders, end), len(borders))
    whole = np.searchsorted(borders, decided, side="right") - 1
    row, bins = expand(np.searchsorted(borders, position), np.minimum(paid_in, whole))

    chance = np.random.default_rng(seed)
    start = first_day(borders, position[row], bins)
    entered = chance.integers(start, borders[bins] + 1)
    start = np.where(chance.random(len(row)) < _ENTERED_LATE, entered, start)
    paid = bins == paid_in[row]
    seen = ~paid | (start <= end[row])
    return row[seen], bins[seen], start[seen], paid[seen]


def canonical_sample(table: Floats, max_rows: int, seed: int) -> Floats:
    """Return at most `max_rows` rows in an order that depends on their values and the seed alone."""
    table = np.where(np.isnan(table), np.nan, table + 0.0)  # one NaN, and no negative zero
    key = np.full(len(table), seed, dtype=np.uint64)
    for column in np.ascontiguousarray(table.T).view(np.uint64):
        key = _mixed(key ^ column)
    return table[np.argsort(key, kind="stable")[:max_rows]]


def _mixed(key: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


def refuse_missing(columns: Sequence[str], rows: pd.DataFrame) -> None:
    """Raise ModelError when the rows lack a feature."""
    missing = [name for name in (*columns, "days_past_due") if name not in rows]
    if missing:
        raise ModelError(f"the rows lack {', '.join(missing)}: compute all features of the model")


def _days_ahead(rows: pd.DataFrame, outcome: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return, from the row's day, the days to the end of its story and to the last day that is decided."""
    passed = (
        outcome["days_past_due"]
        if "days_past_due" in outcome
        else rows["days_past_due"].set_axis(outcome.index)
    )
    ahead = outcome["days_late"] - passed
    if ahead.isna().any():
        raise ModelError("days_past_due and days_late must be filled in every training row")
    early = outcome["event"] & (ahead < 0)
    if early.any():
        raise ModelError(f"{int(early.sum())} training rows were paid before their own day: leave them out")
    if "decided_until" not in outcome:
        return ahead, ahead.mask(outcome["event"], 2 * HORIZON_DAYS + ahead)
    return ahead, (outcome["decided_until"] - outcome["due_on"]).dt.days - passed


def _same_bytes(dump: bytes) -> bytes:
    """Return a skops file without what differs between two dumps: addresses of objects, and the time."""
    with zipfile.ZipFile(io.BytesIO(dump)) as old:
        content = {name: old.read(name) for name in old.namelist()}
    address = re.compile(r'(?<="__id__": )\d+|(?<=")\d+(?=\.npy")')
    number: dict[str, str] = {}
    schema = address.sub(
        lambda found: number.setdefault(found[0], str(len(number))), content.pop("schema.json").decode()
    )
    named = {f"{number[name.removesuffix('.npy')]}.npy": array for name, array in content.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in sorted({**named, "schema.json": schema.encode()}.items()):
            new.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
