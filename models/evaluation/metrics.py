"""How good a prediction is: each figure with an interval by bootstrap over debtors.

Every metric takes the truth, the prediction and a `Bootstrap`, and returns one number per weighting:
the sample itself first, then its resamples; `figure` turns them into value, low and high. Debtors are
drawn, not rows, because the invoices of one debtor are paid together and are not independent. The same
draws serve every model, so a difference of two results is a paired one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BINS = 10
"""Bins of equal width in which predicted and observed shares are compared."""

LEAST_PROBABILITY = 1e-6
"""A probability below this counts as this in the log loss: one certain error is not infinitely bad."""

LEVELS = 64
"""Predicted times finer than this are grouped for the C-index; members of a group count as ties."""


@dataclass(frozen=True)
class Bootstrap:
    """How often each debtor counts: once in the sample itself (first row), by lot in each resample.

    codes: debtor of each row, 0…debtors-1. counts: shape (1 + resamples, debtors).
    """

    codes: Ints
    counts: Floats

    @classmethod
    def over(cls, customers: pd.Series, *, resamples: int, seed: int) -> Bootstrap:
        """Draw debtors with replacement; the order of the rows does not matter."""
        codes, debtors = pd.factorize(customers, sort=True)
        rng = np.random.default_rng(seed)
        counts = np.ones((1 + resamples, len(debtors)))
        for draw in range(1, len(counts)):
            counts[draw] = np.bincount(rng.integers(len(debtors), size=len(debtors)), minlength=len(debtors))
        return cls(codes.astype(np.int64), counts)

    def take(self, mask: Flags) -> Bootstrap:
        """Return the same draws for some of the rows."""
        return Bootstrap(self.codes[mask], self.counts)

    def rows(self, order: Ints) -> Iterator[Floats]:
        """Yield the weight of each row, in that order, under each weighting."""
        codes = self.codes[order]
        for counts in self.counts:
            yield counts[codes]

    def sums(self, values: Floats, group: Ints | None = None, groups: int = 1) -> Floats:
        """Return weighted sums of the values by group, shape (1 + resamples, groups)."""
        cells = self.codes * groups + (0 if group is None else group)
        debtors = self.counts.shape[1]
        by_debtor = np.bincount(cells, weights=values, minlength=debtors * groups).reshape(debtors, groups)
        sums: Floats = self.counts @ by_debtor
        return sums

    def mean(self, values: Floats) -> Floats:
        """Return the weighted means of the values."""
        return _ratio(self.sums(values)[:, 0], self.sums(np.ones(len(values)))[:, 0])


def figure(results: Floats) -> dict[str, float | None] | None:
    """Return value, low and high (95 % interval); None where the sample gives no value.

    low and high are None where fewer than half of the resamples give one.
    """
    value, drawn = results[0], results[1:][np.isfinite(results[1:])]
    if not np.isfinite(value):
        return None
    enough = len(drawn) > 0 and 2 * len(drawn) >= len(results) - 1
    low, high = np.percentile(drawn, [2.5, 97.5]) if enough else (np.nan, np.nan)
    return {"value": round(float(value), 6), "low": _number(low), "high": _number(high)}


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _ratio(top: Floats, bottom: Floats) -> Floats:
    ratio: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return ratio


def ranking(happened: Flags, probability: Floats, boot: Bootstrap) -> tuple[Floats, Floats]:
    """Return AUC and average precision (the area under precision against recall).

    Equal to scikit-learn's `roc_auc_score` and `average_precision_score` with `sample_weight`, sorted
    once instead of once per resample. NaN where one of the two outcomes does not occur.
    """
    order = np.argsort(-probability, kind="stable")
    scores = probability[order]
    last = np.flatnonzero(np.r_[scores[1:] != scores[:-1], np.ones(len(scores[:1]), bool)])
    positive = happened[order].astype(np.float64)
    areas, precisions = [], []
    for weights in boot.rows(order):
        hits_so_far, seen = (weights * positive).cumsum()[last], weights.cumsum()[last]
        misses_so_far = seen - hits_so_far
        all_hits, all_misses = hits_so_far[-1:].sum(), misses_so_far[-1:].sum()
        if all_hits == 0 or all_misses == 0:
            areas.append(np.nan)
            precisions.append(np.nan)
            continue
        hits, misses = np.diff(hits_so_far, prepend=0.0), np.diff(misses_so_far, prepend=0.0)
        beaten = all_misses - misses_so_far + misses / 2
        areas.append(float((hits * beaten).sum() / (all_hits * all_misses)))
        precision = np.divide(hits_so_far, seen, out=np.zeros_like(seen), where=seen > 0)
        precisions.append(float((hits * precision).sum() / all_hits))
    return np.array(areas), np.array(precisions)


def brier(happened: Flags, probability: Floats, boot: Bootstrap) -> Floats:
    """Return the mean squared difference of probability and outcome (Brier, 1950)."""
    return boot.mean((probability - happened) ** 2)


def log_loss(probability: Floats, boot: Bootstrap) -> Floats:
    """Return the mean of -ln(probability given to what happened), floored at LEAST_PROBABILITY."""
    return boot.mean(-np.log(np.maximum(probability, LEAST_PROBABILITY)))


def calibration_error(happened: Flags, probability: Floats, boot: Bootstrap) -> Floats:
    """Return the expected calibration error: |predicted - observed| per bin, weighted by rows."""
    gaps = np.abs(boot.sums(probability - happened, _bins(probability), BINS)).sum(axis=1)
    return _ratio(gaps, boot.sums(np.ones(len(probability)))[:, 0])


def calibrated_error(probability: Floats, same: Ints, *, draws: int, seed: int) -> Floats:
    """Return the calibration errors that perfectly calibrated probabilities show by chance alone.

    Outcomes are drawn from the probabilities themselves. Rows with the same code in `same` (the
    landmarks of one invoice) share one lot, as they share one outcome; drawn apart, their chance
    errors would cancel and the bar would be too low.
    """
    order = np.argsort(_bins(probability), kind="stable")
    binned = _bins(probability)[order]
    starts = np.flatnonzero(np.r_[True, binned[1:] != binned[:-1]])
    sorted_probability, lot = probability[order], same[order]
    expected = np.add.reduceat(sorted_probability, starts)
    rng = np.random.default_rng(seed)
    errors = np.empty(draws)
    for draw in range(draws):
        happened = rng.random(int(same.max()) + 1)[lot] < sorted_probability
        errors[draw] = np.abs(expected - np.add.reduceat(happened.astype(np.float64), starts)).sum()
    return errors / len(probability)


def reliability(happened: Flags, probability: Floats) -> list[dict[str, float]]:
    """Return, for each filled bin of the probability: rows, mean predicted and observed share."""
    bins = _bins(probability)
    rows = np.bincount(bins, minlength=BINS)
    predicted, observed = (np.bincount(bins, weights=v, minlength=BINS) for v in (probability, happened))
    return [
        {
            "from": number / BINS,
            "to": (number + 1) / BINS,
            "points": int(rows[number]),
            "predicted": round(float(predicted[number] / rows[number]), 6),
            "observed": round(float(observed[number] / rows[number]), 6),
        }
        for number in np.flatnonzero(rows)
    ]


def _bins(probability: Floats) -> Ints:
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def macro_f1(actual: Ints, predicted: Ints, classes: int, boot: Bootstrap) -> Floats:
    """Return the unweighted mean of F1 over the classes that occur or are predicted.

    actual, predicted: class of each row, 0…classes-1.
    """
    ones = np.ones(len(actual))
    occurring, named = (boot.sums(ones, column, classes) for column in (actual, predicted))
    right = boot.sums((actual == predicted).astype(np.float64), actual, classes)
    scores = _ratio(2 * right, occurring + named)
    counted = (~np.isnan(scores)).sum(axis=1).astype(np.float64)
    return _ratio(np.nansum(scores, axis=1), counted)


def concordance(days: Ints, paid: Flags, predicted: Floats, boot: Bootstrap) -> Floats:
    """Return the C-index with inverse censoring weights (Uno et al., Statistics in Medicine, 2011).

    Of two rows of which one is known to be paid first, the share in which its predicted time is the
    shorter; equal predictions count half. days: days until paid, or until last seen open where not
    `paid`. A pair weighs 1 / P(not censored before it)²; where that chance is below 5 % pairs are
    left out. The censoring curve is the sample's own, also in the resamples.
    """
    column = _levels(predicted)
    times, row = np.unique(days, return_inverse=True)
    shape = (len(times), int(column.max(initial=0)) + 1)
    cell = row * shape[1] + column
    uncensored = _uncensored(row, paid, len(times))
    weight = np.divide(1, uncensored**2, out=np.zeros(len(times)), where=uncensored >= 0.05)
    results = []
    for weights in boot.rows(np.arange(len(days))):
        everyone, first = (
            np.bincount(cell[mask], weights=weights[mask], minlength=shape[0] * shape[1]).reshape(shape)
            for mask in (slice(None), paid)
        )
        # Last seen open on a day means paid after it, so it comes after those paid on that day.
        later = np.cumsum(everyone[::-1], axis=0)[::-1] - first
        not_longer = np.cumsum(later, axis=1)
        all_later, first_of_day = not_longer[:, -1], first.sum(axis=1)
        pairs = (weight * first_of_day * all_later).sum()
        wrong = weight @ (first * (not_longer - later / 2)).sum(axis=1)
        results.append(1 - wrong / pairs if pairs > 0 else np.nan)
    return np.array(results)


def _levels(predicted: Floats) -> Ints:
    """Return the rank of each prediction, neighbours grouped when there are more than LEVELS."""
    values, rank, rows = np.unique(predicted, return_inverse=True, return_counts=True)
    if len(values) <= LEVELS:
        return rank
    groups: Ints = (rows.cumsum() - rows) * LEVELS // len(predicted)
    return groups[rank]


def _uncensored(row: Ints, paid: Flags, times: int) -> Floats:
    """Return the chance of not being censored before each time (Kaplan-Meier)."""
    everyone, censored = np.bincount(row, minlength=times), np.bincount(row[~paid], minlength=times)
    at_risk = everyone[::-1].cumsum()[::-1] - (everyone - censored)
    kept = 1 - np.divide(censored, at_risk, out=np.zeros(times), where=at_risk > 0)
    chance: Floats = np.r_[1.0, np.cumprod(kept)[:-1]]
    return chance
