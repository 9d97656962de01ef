"""How the registered models score rows: the one definition, and the code inside every MLflow artefact.

An artefact is this file, `parameters.json` and, for payment-time, `estimator.skops`. MLflow runs the
file by itself, outside this project: so it imports nothing of ours, and only what every artefact needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Parameters = Mapping[str, Any]
Score = Callable[[pd.DataFrame], pd.DataFrame]

PARAMETERS_FILE = "parameters.json"
ESTIMATOR_FILE = "estimator.skops"

# ---- payment-time: a distribution over the axis "days late", and what follows from it ----

HORIZON_DAYS = 365
CLASS_BORDERS = (0, 30, 60, 90)
CLASSES = ("p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90")
QUANTILES = {"days_until_p10": 0.1, "days_until_p50": 0.5, "days_until_p90": 0.9}
PREDICTION = ("p_late", *CLASSES, *QUANTILES)
TRUSTED_TYPES = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
_ROWS_AT_A_TIME = 20_000


class Classifier(Protocol):
    """What a fitted hazard must answer."""

    def predict_proba(self, X: Floats, /) -> Floats:
        """Return the probabilities of 0 and 1, one row each."""


def axis_position(days_past_due: Floats) -> Ints:
    """Return where a row stands on the axis; beyond the horizon every day is like the first one there."""
    return np.minimum(days_past_due, HORIZON_DAYS).astype(np.int64)


def first_day(borders: Ints, position: Ints, bins: Ints) -> Ints:
    """Return the first day at risk in a bin, one per (position, bin).

    Bin k holds the days borders[k-1] + 1 … borders[k], the first bin all days up to its border. A row's
    own day is at risk: the payment may become known that day.
    """
    return np.where(bins > 0, np.maximum(borders[bins - 1] + 1, position), position)


def bin_columns(borders: Ints, position: Ints, bins: Ints, start: Ints) -> Floats:
    """Return what a hazard knows of a bin at risk from `start`: bin, days ahead, days at risk."""
    return np.column_stack([bins, start - position, borders[bins] - start + 1]).astype(np.float64)


def payment_hazards(estimator: Classifier, features: Floats, position: Ints, borders: Ints) -> Floats:
    """Return P(paid in the bin | unpaid at its start), rows x bins; 0 where a bin has passed."""
    hazards = np.zeros((len(features), len(borders)))
    last_needed = np.searchsorted(borders, np.maximum(position, 0) + HORIZON_DAYS)
    for part in _slices(len(features)):
        first = np.searchsorted(borders, position[part])
        rows, bins = expand(first, np.minimum(last_needed[part], len(borders) - 1))
        at = position[part][rows]
        columns = bin_columns(borders, at, bins, first_day(borders, at, bins))
        X = np.hstack([features[part][rows], columns])
        hazards[part.start + rows, bins] = estimator.predict_proba(X)[:, 1]
    return hazards


def expand(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return the pairs (row, bin) for the bins first … last of each row; none where last < first."""
    counts = np.maximum(last - first + 1, 0)
    rows = np.repeat(np.arange(len(first)), counts)
    steps = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, first[rows] + steps


def summarise_payment(
    hazards: Floats, days_past_due: Floats, borders: Ints, late_after_days: int
) -> pd.DataFrame:
    """Return the columns PREDICTION of rows that are unpaid at `days_past_due`.

    All follow from one distribution. `days_until_pQ` counts from the row's day and is the first day by
    which the probability of having been paid reaches Q, payments spread evenly over the days of a
    bin; it is empty beyond 365 days from the later of due day and row day.
    """
    position = axis_position(days_past_due)
    paid_by = (1 - np.cumprod(1 - hazards, axis=1)).astype(np.float64)  # at each border
    paid_at = {border: paid_by[:, i] for i, border in enumerate(borders.tolist())}
    ends = [np.zeros(len(hazards)), *(paid_at[border] for border in CLASS_BORDERS), np.ones(len(hazards))]
    columns = {"p_late": 1 - paid_at[late_after_days]}
    columns |= dict(zip(CLASSES, np.diff(ends, axis=0), strict=True))
    for name, share in QUANTILES.items():
        columns[name] = _days_until(share, paid_by, position, borders)
    return pd.DataFrame(columns)


def _days_until(share: float, paid_by: Floats, position: Ints, borders: Ints) -> Floats:
    reached = paid_by >= share
    row, bins = np.arange(len(paid_by)), reached.argmax(axis=1)
    before = np.where(bins > 0, paid_by[row, bins - 1], 0.0)
    ever = reached.any(axis=1)
    in_bin = np.where(ever, paid_by[row, bins] - before, 1.0)
    start = first_day(borders, position, bins)
    days = borders[bins] - start + 1
    # without the subtrahend a share reached after exactly 3 days could round up to 4
    needed = np.maximum(np.ceil((share - before) / in_bin * days - 1e-9), 1)
    ahead = start - position + needed - 1
    within = ever & (position + ahead <= np.maximum(position, 0) + HORIZON_DAYS)
    return np.where(within, ahead, np.nan)


def predict_payment_time(parameters: Parameters, estimator: Classifier, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns PREDICTION for feature rows of open invoices, same index.

    `parameters`: features (names, in the estimator's order), borders, late_after_days.
    """
    borders = np.asarray(parameters["borders"], dtype=np.int64)
    features = rows[parameters["features"]].to_numpy(dtype=np.float64)
    days_past_due = rows["days_past_due"].to_numpy(dtype=np.float64)
    hazards = payment_hazards(estimator, features, axis_position(days_past_due), borders)
    summary = summarise_payment(hazards, days_past_due, borders, parameters["late_after_days"])
    return summary.set_axis(rows.index)


def _slices(length: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS_AT_A_TIME) for start in range(0, length, _ROWS_AT_A_TIME))


# ---- debtor-segments: the nearest centre ----


def assign_segments(parameters: Parameters, rows: pd.DataFrame) -> pd.DataFrame:
    """Return model_segment and confidence per debtor, same index as `rows`.

    `parameters`: features (names) and, per feature, fill (where missing), low, high (clipped to),
    center, scale; centroids (segments x features, on the scaled axes) and names of the segments.
    Confidence is 1 - distance to the nearest centre / distance to the next: 0 between two, 1 on one.
    """
    per_feature = {key: np.asarray(parameters[key]) for key in ("fill", "low", "high", "center", "scale")}
    values = rows[parameters["features"]].to_numpy(dtype=np.float64)
    values = np.where(np.isnan(values), per_feature["fill"], values)
    values = np.clip(values, per_feature["low"], per_feature["high"])
    scaled = (values - per_feature["center"]) / per_feature["scale"]
    centroids = np.asarray(parameters["centroids"], dtype=np.float64)
    distances = np.column_stack([np.sqrt(((scaled - centre) ** 2).sum(axis=1)) for centre in centroids])
    nearest = distances.argmin(axis=1)
    first, second = np.sort(np.column_stack([distances, np.full(len(rows), np.inf)]), axis=1)[:, :2].T
    confidence = 1 - np.divide(first, second, out=np.ones(len(rows)), where=second > 0)
    names = np.asarray(parameters["names"], dtype=object)[nearest]
    return pd.DataFrame({"model_segment": pd.array(names, dtype="str"), "confidence": confidence}, rows.index)


# ---- reminder-timing: the structural lateness that a first friendly reminder waits for ----


def reminder_shift(parameters: Parameters, rows: pd.DataFrame) -> pd.Series:
    """Return the whole days by which a debtor's first friendly reminder moves, same index as `rows`.

    `rows`: settled_invoices_365d, median_days_late, spread_days_late (90th - 10th percentile).
    `parameters`: min_settled, max_spread_days, max_shift_days. The shift is the median, half days up;
    0 for a debtor with too few invoices, too wide a spread, or a median outside 1 … max_shift_days:
    the worst payers do not earn the longest wait.
    """
    median = rows["median_days_late"]
    structural = (
        (rows["settled_invoices_365d"] >= parameters["min_settled"])
        & (rows["spread_days_late"] <= parameters["max_spread_days"])
        & median.between(1, parameters["max_shift_days"])
    )
    shift: pd.Series = np.floor(median.where(structural, 0) + 0.5).astype("int64").rename("shift_days")
    return shift


# ---- artefacts ----


def load(folder: Path) -> Score:
    """Return the scoring function of an artefact's data; reads JSON and skops, never a pickle."""
    parameters = json.loads((folder / PARAMETERS_FILE).read_text(encoding="utf-8"))
    if parameters["model"] == "debtor-segments":
        return lambda rows: assign_segments(parameters, rows)
    if parameters["model"] == "reminder-timing":
        return lambda rows: reminder_shift(parameters, rows).to_frame()
    from skops.io import load as load_estimator

    estimator = load_estimator(folder / ESTIMATOR_FILE, trusted=list(TRUSTED_TYPES))
    return lambda rows: predict_payment_time(parameters, estimator, rows)


if not __package__:  # not imported as part of a package: MLflow runs this file as an artefact's code
    import mlflow

    class _Artefact(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def load_context(self, context: Any) -> None:
            self.score = load(Path(context.artifacts["data"]))

        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
            return self.score(model_input)

    mlflow.models.set_model(_Artefact())
