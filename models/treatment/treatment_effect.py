"""What a randomised reminder day did to the days to pay.

Days to pay are restricted: days from due until paid, 0 when paid by due, and the horizon when not paid by
then. So an unpaid invoice counts, and one is judged as soon as it is that many days past due. Everybody drawn
counts in the arm it was drawn into, reminded or not: who is reminded depends on who has not paid yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.treatment.experiment_size import LEVEL

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_PROPENSITY = 0.01
"""An arm that hardly anybody could be in, or nearly everybody, shows nothing."""

LEAST_GROUPS = 30
"""Paying groups in an arm, and groups that its weights are worth, below which no interval is given."""

MOST_SHARE_ERROR = 4.0
"""Standard errors by which an arm may be larger or smaller than its propensities say."""

FOLDS = 5


def effects(
    rows: pd.DataFrame, features: Sequence[str], *, control: str, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Return for each arm but `control` what it adds to the mean days to pay, ready for JSON.

    rows: one per judged invoice; group (the paying group), arm, propensity (of that arm), days (restricted
    days to pay) and the features, numbers known when the arm was given, NaN where unknown.
    Per arm: invoices, groups, mean_days and, each as value, low and high (95 %):
    `weighted`: inverse-propensity weighted means, weights summing to one (Hájek);
    `doubly_robust`: the same for what a regression on the features leaves over, added to its mean over
    everybody (augmented inverse-propensity weighting; Robins, Rotnitzky and Zhao 1994), cross-fitted over
    groups (Chernozhukov et al. 2018). It is right when either propensities or regression are, and randomised
    propensities are; the regression only makes it more exact.
    Intervals are clustered by group, with Student's t at the groups that the smaller arm's weights are worth.

    ModelError, saying which, when the propensities leave no overlap, an arm has too few groups or not the
    share that was stated, or nobody is in `control`.
    """
    rows = rows.sort_values(["group", "arm", "days", *features], kind="stable").reset_index(drop=True)
    _refuse(rows, control)
    group, _ = pd.factorize(rows["group"])
    weights = {
        str(arm): np.where(rows["arm"] == arm, 1 / rows["propensity"], 0.0)
        for arm in sorted(set(rows["arm"]))
    }
    days = rows["days"].to_numpy(np.float64)
    expected = _expected(rows, features, list(weights), group, seed)
    plain = {arm: _influence(days, np.zeros(len(days)), weight) for arm, weight in weights.items()}
    robust = {arm: _influence(days, expected[arm], weight) for arm, weight in weights.items()}
    found: dict[str, dict[str, Any]] = {}
    for arm, weight in weights.items():
        inside = rows["arm"] == arm
        told: dict[str, Any] = {
            "invoices": int(inside.sum()),
            "groups": int(rows.loc[inside, "group"].nunique()),
            "mean_days": round(plain[arm][0], 3),
        }
        if arm != control:
            worth = min(effective_groups(one, group) for one in (weight, weights[control]))
            told["weighted"] = _difference(plain[arm], plain[control], group, worth)
            told["doubly_robust"] = _difference(robust[arm], robust[control], group, worth)
        found[arm] = told
    return found


def unexplained(rows: pd.DataFrame, features: Sequence[str], *, seed: int = 0) -> pd.Series:
    """Return days less what the regression of `effects` expects of them, in the index of `rows`.

    As if all were in one arm: what is left over is what the doubly robust estimate has to cope with.
    """
    ordered = rows.sort_values(["group", "days", *features], kind="stable")
    group, _ = pd.factorize(ordered["group"])
    expected = _expected(ordered.assign(arm=""), features, [""], group, seed)[""]
    left: pd.Series = (ordered["days"] - expected).reindex(rows.index)
    return left


def restricted_days(days_late: pd.Series, paid: pd.Series, *, horizon: int) -> pd.Series:
    """Return days to pay from due, 0 to the horizon; NaN where an invoice was closed otherwise before it.

    `days_late` are those of the payment or, where not `paid`, those up to which it was followed.
    """
    days = days_late.clip(0, horizon).astype("float64")
    return days.where(paid | (days_late >= horizon))


def effective_groups(weight: Floats, group: Ints) -> float:
    """Return how many equally weighted groups these weights are worth: (sum)² / sum of squares, by group."""
    by_group = np.bincount(group, weights=weight)
    return float(by_group.sum() ** 2 / (by_group**2).sum())


def _refuse(rows: pd.DataFrame, control: str) -> None:
    """Raise ModelError for the first thing that makes an estimate worthless."""
    if not (rows["arm"] == control).any():
        raise ModelError(f"no invoice of arm {control} is judged yet: there is nothing to compare with")
    if (rows.groupby("group")["arm"].nunique() > 1).any():
        raise ModelError("a paying group is in two arms: the experiment was changed while it ran")
    for arm, of_arm in rows.groupby("arm", sort=True):
        propensity = of_arm["propensity"]
        if not propensity.between(LEAST_PROPENSITY, 1 - LEAST_PROPENSITY).all():
            worst = propensity[~propensity.between(LEAST_PROPENSITY, 1 - LEAST_PROPENSITY)].iloc[0]
            raise ModelError(
                f"overlap is too poor: arm {arm} was given with propensity {worst:.4g}; at least "
                f"{LEAST_PROPENSITY:g} and at most {1 - LEAST_PROPENSITY:g} is needed to compare arms"
            )
        groups, _ = pd.factorize(of_arm["group"])
        worth = effective_groups((1 / propensity).to_numpy(np.float64), groups)
        if len(set(groups)) < LEAST_GROUPS or worth < LEAST_GROUPS / 3:
            raise ModelError(
                f"the sample is too poor: arm {arm} has {len(set(groups))} paying groups, worth {worth:.0f} "
                f"of equal size; {LEAST_GROUPS} and {LEAST_GROUPS // 3} are needed"
            )
    _refuse_shares(rows)


def _refuse_shares(rows: pd.DataFrame) -> None:
    """Each arm has the share of the groups that its propensities say, or who is in it was not by lot."""
    groups = rows.drop_duplicates("group")
    for arm, of_arm in groups.groupby("arm", sort=True):
        propensity = of_arm["propensity"].to_numpy(np.float64)
        excess = float((1 / propensity).sum()) - len(groups)
        error = math.sqrt(float(((1 - propensity) / propensity**2).sum()))
        if abs(excess) > MOST_SHARE_ERROR * error:
            stated = len(groups) * float(np.mean(propensity))
            raise ModelError(
                f"arm {arm} has {len(of_arm)} of {len(groups)} paying groups where about {stated:.0f} were "
                "drawn: arms were not given by lot, or some of them are not told"
            )


def _expected(
    rows: pd.DataFrame, features: Sequence[str], arms: Sequence[str], group: Ints, seed: int
) -> dict[str, Floats]:
    """Return for each arm the days that a regression expects of every row, had it been in that arm.

    Learned on the arm's rows of other groups, and not on more.
    """
    expected = {arm: np.zeros(len(rows)) for arm in arms}
    if not features:
        return expected
    known = rows[list(features)].to_numpy(np.float64)
    days = rows["days"].to_numpy(np.float64)
    for kept_out, learned in _folds(group, seed):
        for arm in arms:
            inside = learned & (rows["arm"] == arm).to_numpy()
            expected[arm][kept_out] = _regression().fit(known[inside], days[inside]).predict(known[kept_out])
    return expected


def _regression() -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), Ridge(alpha=10.0))


def _folds(group: Ints, seed: int) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Yield masks of the rows kept out and of those learned from; the groups are dealt by lot."""
    dealt = np.random.default_rng(seed).permutation(int(group.max()) + 1) % FOLDS
    for fold in range(FOLDS):
        kept_out = dealt[group] == fold
        if kept_out.any():
            yield kept_out, ~kept_out


def _influence(days: Floats, expected: Floats, weight: Floats) -> tuple[float, Floats]:
    """Return the mean over everybody in an arm, and what each row adds to its error."""
    left = np.average(days - expected, weights=weight)
    around = weight * (days - expected - left) / weight.mean() + expected - expected.mean()
    return float(expected.mean() + left), around


def _difference(
    one: tuple[float, Floats], other: tuple[float, Floats], group: Ints, worth: float
) -> dict[str, float]:
    """Return value, low and high (95 %) of the difference of two means of the same rows."""
    from scipy.stats import t

    by_group = np.bincount(group, weights=one[1] - other[1])
    groups = len(by_group)
    error = math.sqrt(float((by_group**2).sum()) * groups / (groups - 1)) / len(group)
    half = float(t.ppf(1 - LEVEL / 2, max(1.0, worth - 1))) * error
    value = one[0] - other[0]
    return {"value": round(value, 3), "low": round(value - half, 3), "high": round(value + half, 3)}
