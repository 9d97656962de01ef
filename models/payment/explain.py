"""How much each group of figures moves the model's log-odds that an invoice is paid late.

A group is what a credit controller would name as one cause. Figures that say nearly the same stand in
one group: among several, what they share would be split by accident. Works for any model that gives
log-odds for rows of features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE, Feature
from features.errors import ModelError
from models.scorer import CLASS_BORDERS, CLASSES, HORIZON_DAYS, MOST_LOG_ODDS

Floats = npt.NDArray[np.float64]
LogOdds = Callable[[pd.DataFrame], Floats]

AGE = frozenset({"days_past_due", "days_since_issue"})
"""How old the row is: the condition that everything is said under, never a cause."""

GROUPS = ("volume", "history", "lately", "dispute", "open_items", "invoice", "peers")
"""The causes, in the order in which they are put in: what two neighbours owe is what they owe as one."""

_BY_CATALOGUE = {
    "history": "history", "lasting": "history", "rhythm": "lately", "pay_run": "lately",
    "balance": "open_items", "invoice": "invoice", "cohort": "peers", "external": "peers",
}  # fmt: skip
_OTHERWISE = {
    "volume": (
        "invoices_issued", "invoices_issued_365d", "invoices_issued_90d", "days_since_first_invoice",
        "days_since_last_invoice", "issued_amount_365d", "issued_amount_90d",
        "mean_invoice_amount_365d", "issued_amount_trend",
    ),
    "lately": (
        "mean_days_late_90d", "mean_days_late_last_5", "median_days_late_last_5", "last_days_late",
        "mean_days_late_last_10", "median_days_late_last_10", "std_days_late_last_10",
        "decayed_days_late", "days_late_trend", "late_share_90d", "late_share_last_5",
        "late_share_last_10", "decayed_late_share", "on_time_streak", "days_since_last_payment",
        "days_between_payments_365d",
    ),
    "dispute": ("disputed_now",),
    "invoice": ("days_due_to_pay_weekday",),
}  # fmt: skip
_EXCEPTIONS = {name: group for group, several in _OTHERWISE.items() for name in several}

_ROWS_AT_A_TIME = 20_000
_SOON_DAYS = 30


def contributions(rows: pd.DataFrame, log_odds: LogOdds, reference: Mapping[str, float]) -> pd.DataFrame:
    """Return how much each of GROUPS moves a row's log-odds; rows x groups, same index as `rows`.

    The sum over a row is log_odds(row) - log_odds(the row with every group at `reference`), the usual
    values by feature name; a name that is missing there is usually empty. `rows` hold numbers only; columns
    outside the catalogue stay as they are. Raises ModelError for log-odds that are not finite.

    Shapley values (Strumbelj and Kononenko, 2014) from one order in which the groups are put in, and its
    reverse (Mitchell et al., 2022). Costs two evaluations per group, and only of rows in which the group
    is not as usual.
    """
    groups = [members(group, rows.columns) for group in GROUPS]
    usual = np.array([reference.get(name, np.nan) for name in rows.columns])
    matrix = rows.to_numpy(np.float64)
    weights = np.zeros((len(rows), len(GROUPS)))
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
        weights[part] = _both_ways(matrix[part], usual, groups, rows.columns, log_odds)
    return pd.DataFrame(weights, index=rows.index, columns=list(GROUPS))


def without(rows: pd.DataFrame, group: str, reference: Mapping[str, float]) -> pd.DataFrame:
    """Return the rows with one of GROUPS removed: its figures are the usual ones."""
    names = rows.columns[members(group, rows.columns)]
    return rows.assign(**{name: float(reference.get(name, np.nan)) for name in names})


def members(group: str, columns: pd.Index) -> npt.NDArray[np.int64]:
    """Return the positions of the columns that belong to one of GROUPS."""
    of_group = [name in CATALOGUE and group_of(CATALOGUE[name]) == group for name in columns]
    return np.flatnonzero(of_group)


def group_of(feature: Feature) -> str | None:
    """Return which of GROUPS a feature belongs to; None for the row's age, which is no cause."""
    if feature.name in AGE:
        return None
    return _EXCEPTIONS.get(feature.name, _BY_CATALOGUE[feature.group])


def usual_row(rows: pd.DataFrame) -> dict[str, float]:
    """Return the median of each feature that has one: the reference of a model fitted on these rows."""
    medians = rows[[name for name in rows if name in CATALOGUE]].median().dropna()
    return {str(name): float(value) for name, value in medians.items()}


def predicted_log_odds(predict: Callable[[pd.DataFrame], pd.DataFrame], late_after_days: int) -> LogOdds:
    """Return the log-odds of being paid late for a model that only gives the columns PREDICTION.

    A row that is late already has those of not being paid by the next class border. Past the last border
    they are those of not being paid within 30 days, from the median wait at a constant daily chance; a
    median that is empty, or later than HORIZON_DAYS, counts as that.
    """

    def log_odds(rows: pd.DataFrame) -> Floats:
        said, past = predict(rows), rows["days_past_due"].to_numpy(np.float64)
        beyond = 1 - np.cumsum(said[list(CLASSES[:-1])].to_numpy(np.float64), axis=1)
        border = np.searchsorted(CLASS_BORDERS, past)
        by_class = beyond[np.arange(len(rows)), np.minimum(border, len(CLASS_BORDERS) - 1)]
        wait = said["days_until_p50"].fillna(HORIZON_DAYS).clip(1, HORIZON_DAYS).to_numpy(np.float64)
        already = np.where(border < len(CLASS_BORDERS), by_class, 0.5 ** (_SOON_DAYS / wait))
        unpaid = np.where(past <= late_after_days, said["p_late"].to_numpy(np.float64), already)
        return logit(unpaid)

    return log_odds


def logit(probability: Floats) -> Floats:
    """Return log(p / (1 - p)), cut at +- MOST_LOG_ODDS: beyond 6 in a million there is nothing to explain."""
    least = 1 / (1 + np.exp(MOST_LOG_ODDS))
    inside = np.clip(probability, least, 1 - least)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


def _both_ways(
    matrix: Floats,
    usual: Floats,
    groups: list[npt.NDArray[np.int64]],
    columns: pd.Index,
    log_odds: LogOdds,
) -> Floats:
    def value(points: Floats) -> Floats:
        given = log_odds(pd.DataFrame(points, columns=columns, copy=False))
        if given.shape != (len(points),) or not np.isfinite(given).all():
            raise ModelError("the model must give one finite log-odds per row: cut them, as logit() does")
        return given

    nothing_in = matrix.copy()
    for group in groups:
        nothing_in[:, group] = usual[group]
    # with every group as usual, rows of one age are the same row
    age = np.setdiff1d(np.arange(len(columns)), np.concatenate(groups))
    _, one, same = np.unique(matrix[:, age], axis=0, return_index=True, return_inverse=True)
    base, top = value(nothing_in[one])[same.reshape(-1)], value(matrix)
    weights = np.zeros((len(matrix), len(groups)))
    for order in (range(len(groups)), reversed(range(len(groups)))):
        points, before = nothing_in.copy(), base
        for step, at in enumerate(order, start=1):
            group = groups[at]
            points[:, group] = matrix[:, group]
            if step == len(groups):
                after = top
            else:
                moved = _differ(matrix[:, group], usual[group])
                after = before.copy()
                if moved.any():
                    after[moved] = value(points[moved])
            weights[:, at] += (after - before) / 2
            before = after
    return weights


def _differ(values: Floats, usual: Floats) -> npt.NDArray[np.bool_]:
    same = (values == usual) | (np.isnan(values) & np.isnan(usual))
    differs: npt.NDArray[np.bool_] = ~same.all(axis=1)
    return differs
