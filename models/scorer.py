"""How the registered models score rows: the one definition, and the code inside every MLflow artefact.

An artefact is this file, `parameters.json` and, for payment-time, its estimators (skops). MLflow runs the
file by itself, outside this project: so it imports nothing of ours, and only what every artefact needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
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
ESTIMATOR_SUFFIX = ".skops"

# ---- payment-time: a distribution over the axis "days late", and what follows from it ----
#
# Up to three members say which share is paid by each border of the axis; their weighted mean, sharpened,
# is the one distribution that everything follows from.
#   hazard   boosting: P(paid in a bin | unpaid at its start), one question per bin
#   classes  boosting: which of a few wide classes; inside a class it follows the hazard's curve
#   linear   the same question as hazard, log-odds linear in the features

HORIZON_DAYS = 365
CLASS_BORDERS = (0, 30, 60, 90)
CLASSES = ("p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90")
QUANTILES = {"days_until_p10": 0.1, "days_until_p50": 0.5, "days_until_p90": 0.9}
CLAIMS = ("p_before_p10", "p_after_p90")
PREDICTION = ("p_late", *CLASSES, *QUANTILES, *CLAIMS)
CALENDAR = ("due_weekday", "due_day_of_month", "due_month")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
PAID_ON = tuple(f"paid_on_{day}_365d" for day in (*WEEKDAYS, "weekend"))
PAID_AT_MONTH_END = "paid_at_month_end_365d"
PAY_DAYS = (*PAID_ON, PAID_AT_MONTH_END)
TRUSTED_TYPES = ("numpy.dtype", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")
MOST_LOG_ODDS = 12.0
_BIN_ROWS_AT_A_TIME, _CLASS_ROWS_AT_A_TIME = 500, 5_000  # what a tree walks through stays in the cache
_LONGEST_SPREAD_DAYS = 31
_PAY_DAYS_WEIGHT = 5.0
_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_MONTH_STARTS = np.cumsum(_MONTH_DAYS) - _MONTH_DAYS
_IS_MONTH_END = np.concatenate([np.arange(days) >= days - 2 for days in _MONTH_DAYS])
# both days after a month end are one, too, where they are a Monday
_MONTH_END_SHARE = float((_IS_MONTH_END.sum() + 12 * 2 / 7) / 365)


class Classifier(Protocol):
    """What a fitted estimator must answer."""

    def predict_proba(self, X: Floats, /) -> Floats:
        """Return the probabilities of the classes, one row each."""


Estimators = Mapping[str, Classifier]


def axis_position(days_past_due: Floats, horizon_days: int = HORIZON_DAYS) -> Ints:
    """Return where a row stands on the axis; beyond the horizon every day is like the first one there."""
    return np.minimum(days_past_due, horizon_days).astype(np.int64)


def first_day(borders: Ints, position: Ints, bins: Ints) -> Ints:
    """Return the first day at risk in a bin, one per (position, bin).

    Bin k holds the days borders[k-1] + 1 … borders[k], the first bin all days up to its border. A row's
    own day is at risk: the payment may become known that day.
    """
    return np.where(bins > 0, np.maximum(borders[bins - 1] + 1, position), position)


def bin_columns(borders: Ints, position: Ints, bins: Ints, start: Ints) -> Floats:
    """Return what a hazard knows of a bin at risk from `start`: bin, days ahead, days at risk."""
    return np.column_stack([bins, start - position, borders[bins] - start + 1]).astype(np.float64)


def expand(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return the pairs (row, bin) for the bins first … last of each row; none where last < first."""
    counts = np.maximum(last - first + 1, 0)
    rows = np.repeat(np.arange(len(first)), counts)
    steps = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, first[rows] + steps


def curve_of_hazards(
    estimator: Classifier, features: Floats, position: Ints, borders: Ints, last: Ints
) -> Floats:
    """Return the share paid by each border up to the bin `last` of a row, rows x borders, from hazards."""
    hazards = np.zeros((len(features), len(borders)))
    for part in _slices(len(features), _BIN_ROWS_AT_A_TIME):
        rows, bins = expand(np.searchsorted(borders, position[part]), last[part])
        if not len(rows):
            continue
        at = position[part][rows]
        columns = bin_columns(borders, at, bins, first_day(borders, at, bins))
        X = np.hstack([features[part][rows], columns])
        hazards[part.start + rows, bins] = estimator.predict_proba(X)[:, 1]
    return curve_from(hazards)


def curve_from(hazards: Floats) -> Floats:
    """Return the share paid by the end of each bin."""
    paid_by: Floats = (1 - np.cumprod(1 - hazards, axis=1)).astype(np.float64)
    return paid_by


def linear_columns(linear: Parameters, features: Floats) -> Floats:
    """Return what the linear member knows of a row: signed logs, clipped and scaled, and what is missing."""
    low, high, center, scale = (np.asarray(linear[key]) for key in ("low", "high", "center", "scale"))
    logs = np.sign(features) * np.log1p(np.abs(features))
    scaled = (np.clip(logs, low, high) - center) / scale
    missing = np.isnan(scaled)
    columns: Floats = np.hstack([np.where(missing, 0.0, scaled), missing[:, linear["missing"]]])
    return columns


def linear_phases(borders: Ints) -> Floats:
    """Return how much of each bin belongs to the phases before due, soon after it and long after it."""
    past = borders.astype(np.float64)
    after, long_after = np.clip((past + 3) / 10, 0, 1), np.clip((past - 14) / 40, 0, 1)
    return np.stack([1 - after, after - long_after, long_after])


def linear_bin_columns(borders: Ints, position: Ints, bins: Ints, start: Ints) -> Floats:
    """Return what the linear member knows of a bin at risk beside its number."""
    ahead, at_risk = np.log1p(start - position), np.log(borders[bins] - start + 1)
    return np.column_stack([ahead, at_risk, ahead * (borders[bins] > 0)])


def curve_of_linear(
    linear: Parameters, features: Floats, position: Ints, borders: Ints, last: Ints
) -> Floats:
    """Return the share paid by each border up to the bin `last` of a row, rows x borders."""
    phases, bias, of_bin, of_phase = (
        np.asarray(linear[key]) for key in ("phases", "bias", "of_bin", "of_phase")
    )
    in_phase = _row_by_row(linear_columns(linear, features), of_phase)
    rows, bins = expand(np.searchsorted(borders, position), last)
    at = position[rows]
    columns = linear_bin_columns(borders, at, bins, first_day(borders, at, bins))
    of_phases = (in_phase[rows] * phases.T[bins]).sum(axis=1)
    log_odds = bias[bins] + _row_by_row(columns, of_bin[None])[:, 0] + of_phases
    hazards = np.zeros((len(features), len(borders)))
    hazards[rows, bins] = 1 / (1 + np.exp(-log_odds))
    return curve_from(hazards)


def _row_by_row(columns: Floats, weights: Floats) -> Floats:
    """Return columns @ weights.T; a matrix product would round a row by where in the table it stands."""
    columns = np.ascontiguousarray(columns)
    return np.column_stack([(columns * weight).sum(axis=1) for weight in weights])


def curve_of_classes(
    estimator: Classifier,
    classes: Parameters,
    features: Floats,
    position: Ints,
    borders: Ints,
    inside: Floats,
) -> Floats:
    """Return the share paid by each border: passed classes are ruled out, `inside` fills the others.

    `classes`: borders of the classes, and `present`, those that the estimator answers for. Inside a
    class the payments fall as in the curve `inside`, and so does all that comes after the last border.
    """
    ends: Ints = np.searchsorted(borders, np.asarray(classes["borders"]))
    shares = np.full((len(features), len(ends) + 1), 1e-6)
    for part in _slices(len(features), _CLASS_ROWS_AT_A_TIME):
        shares[part, classes["present"]] += estimator.predict_proba(features[part])
    shares[:, :-1][position[:, None] > borders[ends]] = 0
    by_class = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    by_class[:, -1] = 1.0
    nothing, everything = np.zeros(len(features)), np.ones(len(features))
    own = np.column_stack([nothing, by_class])
    other = np.column_stack([nothing, inside[:, ends], everything])
    of_class = np.searchsorted(ends, np.arange(len(borders)))
    low, width = other[:, of_class], np.maximum(other[:, of_class + 1] - other[:, of_class], 1e-12)
    within = np.clip((inside - low) / width, 0, 1)
    paid_by: Floats = own[:, of_class] + (own[:, of_class + 1] - own[:, of_class]) * within
    paid_by[:, ends] = by_class[:, :-1]
    return paid_by


def paid_by_border(
    parameters: Parameters, estimators: Estimators, features: Floats, position: Ints, last: Ints
) -> Floats:
    """Return the pooled share paid by each border given unpaid at `position`; valid up to the bin `last`."""
    borders = np.asarray(parameters["borders"], dtype=np.int64)
    curves = member_curves(parameters, estimators, features, position, borders, last)
    pooled = sum(weight * curves[name] for name, weight in parameters["weights"].items())
    # the last bits of an exponential depend on where in a table its row stands
    shares: Floats = np.round(sharpened(np.asarray(pooled), parameters["sharpness"]), 10)
    return shares


def member_curves(
    parameters: Parameters,
    estimators: Estimators,
    features: Floats,
    position: Ints,
    borders: Ints,
    last: Ints,
) -> dict[str, Floats]:
    """Return each member's curve by name; by one thread, as several wait for each other at every tree."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, user_api="openmp"):
        hazard = curve_of_hazards(estimators["hazard"], features, position, borders, last)
        curves = {"hazard": hazard}
        if "classes" in parameters:
            curves["classes"] = curve_of_classes(
                estimators["classes"], parameters["classes"], features, position, borders, hazard
            )
    if "linear" in parameters:
        curves["linear"] = curve_of_linear(parameters["linear"], features, position, borders, last)
    return curves


def sharpened(share: Floats, sharpness: float) -> Floats:
    """Return the shares with their log-odds multiplied: a mean of several curves is too broad by itself."""
    powered, rest = np.clip(share, 0, 1) ** sharpness, np.clip(1 - share, 0, 1) ** sharpness
    sharp: Floats = powered / (powered + rest)
    return sharp


def summarise_payment(
    paid_by: Floats,
    days_past_due: Floats,
    borders: Ints,
    late_after_days: int,
    horizon_days: int = HORIZON_DAYS,
    day_weight: Callable[[Ints, Ints], Floats] | None = None,
) -> pd.DataFrame:
    """Return the columns PREDICTION of rows that are unpaid at `days_past_due`.

    All follow from one distribution, the share paid by each border. `days_until_pQ` counts from the
    row's day and is the first day by which the probability of having been paid reaches Q; it is empty
    beyond the horizon, counted from the later of due day and row day. Payments of a bin are spread over
    its days by `day_weight(rows, days late)`, evenly without it. `p_before_p10` and `p_after_p90` are what
    the distribution leaves outside of the two days: whole days hold more than the 80 % between them.
    """
    position = axis_position(days_past_due, horizon_days)
    paid_at = {border: paid_by[:, i] for i, border in enumerate(borders.tolist())}
    ends = [np.zeros(len(paid_by)), *(paid_at[border] for border in CLASS_BORDERS), np.ones(len(paid_by))]
    columns = {"p_late": 1 - paid_at[late_after_days]}
    columns |= dict(zip(CLASSES, np.diff(ends, axis=0), strict=True))
    for name, share in QUANTILES.items():
        ahead, before, by = _days_until(share, paid_by, position, borders, day_weight)
        within = position + ahead <= np.maximum(position, 0) + horizon_days
        columns[name] = np.where(within, ahead, np.nan)
        if name == "days_until_p10":
            columns["p_before_p10"] = before
        elif name == "days_until_p90":
            columns["p_after_p90"] = 1 - by
    return pd.DataFrame(columns, columns=list(PREDICTION))


def _days_until(
    share: float,
    paid_by: Floats,
    position: Ints,
    borders: Ints,
    day_weight: Callable[[Ints, Ints], Floats] | None,
) -> tuple[Floats, Floats, Floats]:
    """Return the days until the share is reached (inf where never), and the shares before and by that day."""
    reached = paid_by >= share
    row, bins = np.arange(len(paid_by)), reached.argmax(axis=1)
    before = np.where(bins > 0, paid_by[row, bins - 1], 0.0)
    ever = reached.any(axis=1)
    in_bin = np.where(ever, paid_by[row, bins] - before, 1.0)
    start = first_day(borders, position, bins)
    days = np.maximum(borders[bins] - start + 1, 1)
    # without the subtrahend a share reached after exactly 3 days could round up to 4
    wanted = (share - before) / in_bin - 1e-12
    needed = np.maximum(np.ceil(wanted * days - 1e-9), 1)
    spread, spread_before = needed / days, (needed - 1) / days
    if day_weight is not None:
        some = np.flatnonzero(ever & (days <= _LONGEST_SPREAD_DAYS))
        offset = np.arange(_LONGEST_SPREAD_DAYS)
        weight = day_weight(some, start[some, None] + offset) * (offset < days[some, None])
        so_far = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
        place = np.minimum((so_far < wanted[some, None]).sum(axis=1), days[some] - 1)
        needed[some] = place + 1
        spread[some] = so_far[np.arange(len(some)), place]
        spread_before[some] = np.where(place > 0, so_far[np.arange(len(some)), place - 1], 0.0)
    ahead = np.where(ever, start - position + needed - 1, np.inf)
    top = paid_by[:, -1]
    return (
        ahead,
        np.where(ever, before + in_bin * spread_before, top),
        np.where(ever, before + in_bin * spread, top),
    )


def day_weights(parameters: Parameters, rows: pd.DataFrame) -> Callable[[Ints, Ints], Floats]:
    """Return how likely each debtor is to pay on a calendar day, relative to its other days.

    Counts per weekday and of month ends (last two days, or the Monday after them), shrunken towards the
    share of all payments. The answer takes positions of rows and a matrix of days late.
    """
    counts = rows[list(PAID_ON)].fillna(0).to_numpy(np.float64)
    paid = counts.sum(axis=1, keepdims=True)
    usual = np.asarray(parameters["pay_days"]["weekday"])
    shares = (counts + _PAY_DAYS_WEIGHT * usual) / (paid + _PAY_DAYS_WEIGHT)
    by_weekday = np.column_stack([shares, shares[:, -1]]) / [1, 1, 1, 1, 1, 2, 2]
    at_end = rows[PAID_AT_MONTH_END].fillna(0).to_numpy(np.float64)
    end_share = (at_end + _PAY_DAYS_WEIGHT * parameters["pay_days"]["month_end"]) / (
        paid[:, 0] + _PAY_DAYS_WEIGHT
    )
    end_share = np.clip(end_share, 0.01, 0.99)
    at_month_end = end_share / (1 - end_share) * (1 - _MONTH_END_SHARE) / _MONTH_END_SHARE
    weekday, day, month = (rows[name].to_numpy(np.int64) for name in CALENDAR)
    day_of_year = _MONTH_STARTS[month - 1] + day - 1

    def weight(row: Ints, days_late: Ints) -> Floats:
        usual_day = by_weekday[row[:, None], (weekday[row, None] + days_late) % 7]
        # a 29 February moves month ends by a day, which two months feel
        date = day_of_year[row, None] + days_late
        put_off = ((weekday[row, None] + days_late) % 7 == 0) & _IS_MONTH_END[(date - 2) % 365]
        month_end = _IS_MONTH_END[date % 365] | put_off
        likely: Floats = (usual_day + 1e-6) * np.where(month_end, at_month_end[row, None], 1.0)
        return likely

    return weight


def predict_payment_time(parameters: Parameters, estimators: Estimators, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns PREDICTION for feature rows of open invoices, same index."""
    borders, horizon = np.asarray(parameters["borders"], dtype=np.int64), parameters["horizon_days"]
    days_past_due = rows["days_past_due"].to_numpy(dtype=np.float64)
    position = axis_position(days_past_due, horizon)
    last = np.searchsorted(borders, np.maximum(position, 0) + horizon)
    features = rows[parameters["learned"]].to_numpy(dtype=np.float64)
    paid_by = paid_by_border(parameters, estimators, features, position, np.minimum(last, len(borders) - 1))
    spread = day_weights(parameters, rows) if "pay_days" in parameters else None
    summary = summarise_payment(
        paid_by, days_past_due, borders, parameters["late_after_days"], horizon, spread
    )
    return summary.set_axis(rows.index)


def late_log_odds(parameters: Parameters, estimators: Estimators, rows: pd.DataFrame) -> Floats:
    """Return the log-odds of being paid late, per row; what reasons add up to.

    An invoice that is late already: of staying unpaid to the end of its class, or beyond 90 days to the
    horizon. Within ± MOST_LOG_ODDS.
    """
    borders = np.asarray(parameters["borders"], dtype=np.int64)
    position = axis_position(rows["days_past_due"].to_numpy(dtype=np.float64), parameters["horizon_days"])
    limit = parameters["late_after_days"]
    ends = np.array(
        sorted({limit, *(end for end in CLASS_BORDERS if end > limit), parameters["horizon_days"]})
    )
    border = ends[np.searchsorted(ends, position)]
    last = np.searchsorted(borders, border)
    features = rows[parameters["learned"]].to_numpy(dtype=np.float64)
    paid_by = paid_by_border(parameters, estimators, features, position, last)
    share = np.clip(paid_by[np.arange(len(rows)), last], 1e-9, 1 - 1e-9)
    odds: Floats = np.clip(np.log((1 - share) / share), -MOST_LOG_ODDS, MOST_LOG_ODDS)
    return odds


def _slices(length: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, length, size))


# ---- debtor-segments: the nearest centre ----


def segment_axes(parameters: Parameters, rows: pd.DataFrame) -> Floats:
    """Return where the debtors stand on the axes on which segments are told apart, rows x features.

    `parameters`, per feature: fill (where missing), center and scale, all frozen with the model.
    """
    fill, center, scale = (np.asarray(parameters[key]) for key in ("fill", "center", "scale"))
    values = rows[parameters["features"]].to_numpy(dtype=np.float64)
    axes: Floats = (np.where(np.isnan(values), fill, values) - center) / scale
    return axes


def segment_distances(parameters: Parameters, rows: pd.DataFrame) -> pd.DataFrame:
    """Return each debtor's distance to the centre of each segment, a column per name, best first."""
    axes = segment_axes(parameters, rows)
    centroids = np.asarray(parameters["centroids"], dtype=np.float64)
    distances = np.column_stack([np.sqrt(((axes - centre) ** 2).sum(axis=1)) for centre in centroids])
    return pd.DataFrame(distances, rows.index, parameters["names"])


def assign_segments(parameters: Parameters, rows: pd.DataFrame) -> pd.DataFrame:
    """Return model_segment, next_segment and confidence per debtor, same index as `rows`.

    `parameters`: those of `segment_axes`, with centroids (segments x features, on those axes) and names.
    Confidence is 1 - distance to the nearest centre / distance to the next: 0 between two, 1 on one.
    """
    distances = segment_distances(parameters, rows).to_numpy()
    distances = np.column_stack([distances, np.full(len(rows), np.inf)])
    order = np.argsort(distances, axis=1, kind="stable")[:, :2]
    first, second = np.take_along_axis(distances, order, axis=1).T
    confidence = 1 - np.divide(first, second, out=np.ones(len(rows)), where=second > 0)
    names = np.asarray([*parameters["names"], None], dtype=object)[order]
    return pd.DataFrame(
        {
            "model_segment": pd.array(names[:, 0], dtype="str"),
            "next_segment": pd.array(names[:, 1], dtype="str"),
            "confidence": confidence,
        },
        rows.index,
    )


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


def load(folder: Path, trusted: Sequence[str] = ()) -> Score:
    """Return the scoring function of an artefact's data; reads JSON and skops, never a pickle.

    TypeError, of skops, when it holds types that are neither known nor among the `trusted`.
    """
    parameters = json.loads((folder / PARAMETERS_FILE).read_text(encoding="utf-8"))
    if parameters["model"] == "debtor-segments":
        return lambda rows: assign_segments(parameters, rows)
    if parameters["model"] == "reminder-timing":
        return lambda rows: reminder_shift(parameters, rows).to_frame()
    estimators = load_estimators(folder, trusted)
    return lambda rows: predict_payment_time(parameters, estimators, rows)


def load_estimators(folder: Path, trusted: Sequence[str] = ()) -> dict[str, Classifier]:
    """Return the estimators of an artefact's data by name; types beyond the known ones must be named."""
    from skops.io import load as load_estimator

    return {
        file.name.removesuffix(ESTIMATOR_SUFFIX): load_estimator(file, trusted=[*TRUSTED_TYPES, *trusted])
        for file in _estimator_files(folder)
    }


def untrusted_types(folder: Path, trusted: Sequence[str] = ()) -> list[str]:
    """Return the types of an artefact's estimators that are neither known nor among the `trusted`."""
    from skops.io import get_untrusted_types

    found = {name for file in _estimator_files(folder) for name in get_untrusted_types(file=file)}
    return sorted(found - {*TRUSTED_TYPES, *trusted})


def _estimator_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{ESTIMATOR_SUFFIX}"))


if not __package__:  # not imported as part of a package: MLflow runs this file as an artefact's code
    import mlflow

    class _Artefact(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def load_context(self, context: Any) -> None:
            self.score = load(Path(context.artifacts["data"]))

        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
            return self.score(model_input)

    mlflow.models.set_model(_Artefact())
