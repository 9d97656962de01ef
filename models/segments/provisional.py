"""What to expect of a debtor whose own history is too short: what debtors like it do, and how sure that is.

The late share expected of a debtor is learned from the established debtors of the day, step by step:

1. The portfolio's late share.
2. For sector, size, country and the band of external scores, in this order: the late share of the
   established debtors that share the trait, against the one expected of them so far. It is shrunken towards
   the latter, which weighs as much as GROUP_CLOSINGS closings, and the difference of the log-odds of the two
   is added to the log-odds of all debtors with the trait. So the four add up, and what one of them
   has explained the next does not explain again. A missing trait adds nothing.
3. The debtor's own closings, each with weight 1: its share is Beta(a, b) with a = m · s + late closings and
   b = (1 - m) · s + closings on time, where m is the share by its traits and s what m is worth in closings.

s is learned: it follows from how much the shares of established debtors scatter around m beyond what the
number of their closings explains: the correlation r = 1 / (1 + s) of the closings of one debtor, by moments,
held near USUAL_CORRELATION when they are few. It also says how much a debtor counts in a late share: n
closings of one debtor, which are alike, weigh as n / (1 + (n - 1) · r). A group's late share is itself in
doubt: each of the four adds (1 - r) / (weight of the group + GROUP_CLOSINGS) to r,
as the variance of a mean does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.segments.risk import own_closings
from models.texts import column, each_once, joined, listed, texts

GROUP_CLOSINGS = 20.0
"""Closings that the late share expected of a group so far weighs as much as."""

USUAL_CORRELATION, USUAL_DEBTORS = 0.25, 20.0
"""Correlation of one debtor's closings that is presumed, and how many debtors the presumption weighs as."""

MOST_CORRELATION = 0.95

BAND = 10
"""Width of a band of external scores that count as alike, on the scale of 0 to 100."""

NOT_ONE_DEBTOR = ("one_time", "intercompany")
"""Customer types whose history is not that of one debtor: nobody is like them."""

TRAITS = {
    "sector": "{} in {}",
    "size": "{} of size {}",
    "country": "{} in {}",
    "external_score": "{} with an external score of {}",
}

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def provisional(
    debtors: pd.DataFrame,
    customers: pd.DataFrame,
    external_score: pd.Series,
    segments: pd.Series,
    names: list[str],
    *,
    new_until_matured: int,
) -> pd.DataFrame:
    """Return what to expect of each debtor: one row per debtor, indexed by customer_id and sorted.

    expected_late_share with its 80 % interval (_p10, _p90), for all; provisional_segment and words for
    debtors with fewer than `new_until_matured` matured invoices, prospects included, else empty. The
    provisional segment is the one of `names` (best first) whose established debtors' late share is
    nearest to the expected one on the log-odds scale, of equal ones the worse.

    `debtors`: features of the day, `customers`: the row of the day (see `facts.customers_on`),
    `external_score`: from 0 (worst) to 100, `segments`: the learned segment of established debtors; each
    indexed by customer_id, and what is not there is unknown.
    """
    debtors = debtors.sort_index()
    customers = customers.reindex(debtors.index)
    own = own_closings(debtors, new_until_matured)
    late, closings = own["late"].to_numpy(), own["closings"].to_numpy()
    new = (debtors["matured_invoices"].fillna(0) < new_until_matured).to_numpy()
    learned_from = ~new & (closings > 0) & ~customers["type"].isin(NOT_ONE_DEBTOR).to_numpy()
    traits = _traits(customers, external_score.reindex(debtors.index))
    by_traits, doubt, correlation = _expected_by_traits(late, closings, learned_from, traits)
    strength = 1 / np.minimum(correlation + (1 - correlation) * doubt, MOST_CORRELATION) - 1
    a, b = by_traits * strength + late, (1 - by_traits) * strength + closings - late
    low, high = _quantiles(a, b)
    share = a / (a + b)
    weight = np.where(learned_from, _weight(closings, correlation), 0)
    nearest = _nearest(share, late, closings, weight, segments.reindex(debtors.index), names)
    return pd.DataFrame(
        {
            "expected_late_share": share,
            "expected_late_share_p10": low,
            "expected_late_share_p90": high,
            "provisional_segment": nearest.where(new),
            "words": column(_words(traits, learned_from, own, (share, low, high), new)).array,
        },
        index=debtors.index.rename("customer_id"),
    )


# what is expected ------------------------------------------------------------------------------------


def _traits(customers: pd.DataFrame, external_score: pd.Series) -> pd.DataFrame:
    band = np.minimum(external_score.to_numpy(np.float64) // BAND, 100 // BAND - 1)
    names = [f"{low} to {low + BAND}" for low in range(0, 100, BAND)]
    bands = column(texts(names, np.nan_to_num(band, nan=-1).astype(np.int64)))
    return customers[["sector", "size", "country"]].assign(external_score=bands.array)


def _expected_by_traits(
    late: Floats, closings: Floats, learned_from: Flags, traits: pd.DataFrame
) -> tuple[Floats, Floats, float]:
    """Return each debtor's late share expected by its traits, the doubt about it, and the correlation."""
    codes = [pd.factorize(traits[name], sort=True)[0] for name in TRAITS]
    known = np.where(learned_from, late / np.maximum(closings, 1), 0)
    correlation = USUAL_CORRELATION
    for _ in range(2):
        weight = np.where(learned_from, _weight(closings, correlation), 0)
        expected = np.full(len(late), (weight @ known + 1) / (weight.sum() + 2))
        doubt = np.full(len(late), 1 / (weight.sum() + 2))
        for code in codes:
            expected, more = _with_trait(expected, known, weight, code)
            doubt = doubt + more
        error = ((known - expected) ** 2 / (expected * (1 - expected)))[learned_from]
        by_chance = 1 / closings[learned_from]
        speaks_for, of = (error - by_chance).sum(), (1 - by_chance).sum()
        correlation = (speaks_for + USUAL_DEBTORS * USUAL_CORRELATION) / (of + USUAL_DEBTORS)
        correlation = float(np.clip(correlation, 1 - MOST_CORRELATION, MOST_CORRELATION))
    return expected, doubt, correlation


def _with_trait(
    expected: Floats, known: Floats, weight: Floats, code: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return the shares moved by what debtors with the same code do beyond what was expected, and the doubt.

    A trait that is missing, or that no established debtor has, moves nobody. It leaves the doubt of an empty
    group, or as much as the groups that are known differ; none where the trait is known of nobody.
    """
    group = code + 1
    total, did, should = (
        np.bincount(group, each, minlength=1) for each in (weight, weight * known, weight * expected)
    )
    nobody = (total == 0) | (np.arange(len(total)) == 0)
    before = np.divide(should, total, out=np.full(len(total), 0.5), where=~nobody)
    after = (did + GROUP_CLOSINGS * before) / (total + GROUP_CLOSINGS)
    effect = np.where(nobody, 0, _log_odds(after) - _log_odds(before))
    total[nobody] = 0
    differ = (total @ ((after - before) ** 2 / (before * (1 - before)))) / max(total.sum(), 1e-9)
    doubt = np.where(nobody, max(1 / GROUP_CLOSINGS, differ), 1 / (total + GROUP_CLOSINGS))
    doubt[0] *= total.any()
    return _share(_log_odds(expected) + effect[group]), doubt[group]


def _weight(closings: Floats, correlation: float) -> Floats:
    """Return how many closings that tell something new a debtor's closings are."""
    return closings / (1 + np.maximum(closings - 1, 0) * correlation)


def _log_odds(share: Floats) -> Floats:
    return np.log(share / (1 - share))


def _share(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def _quantiles(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return the 10 % and 90 % quantiles of Beta(a, b), computed once for equal ones."""
    from scipy.special import betaincinv

    code, distinct = pd.factorize(a + 1j * b)
    low, high = (betaincinv(distinct.real, distinct.imag, level) for level in (0.1, 0.9))
    return low[code], high[code]


def _nearest(
    share: Floats, late: Floats, closings: Floats, weight: Floats, segments: pd.Series, names: list[str]
) -> pd.Series:
    """Return the segment whose late share is nearest, of equally near ones the worse; empty without any."""
    code = pd.Categorical(segments, categories=names).codes
    counts = (code >= 0) & (weight > 0)
    w, k = weight[counts], code[counts]
    late_share = np.divide(late, closings, out=np.zeros_like(late), where=closings > 0)[counts]
    total = np.bincount(k, w, minlength=len(names))
    did = np.bincount(k, w * late_share, minlength=len(names))
    # half a closing of either kind keeps the odds of a segment without any late one finite
    odds = np.where(total > 0, _log_odds((did + 0.5) / (total + 1)), np.inf)
    nearest, distance = np.full(len(share), -1), np.full(len(share), np.inf)
    for place, own in enumerate(odds):
        away = np.abs(_log_odds(share) - own)
        nearest, distance = np.where(away <= distance, place, nearest), np.minimum(away, distance)
    nearest[np.isinf(distance)] = -1
    return column(texts(names, nearest)).set_axis(segments.index)


# words -----------------------------------------------------------------------------------------------


def _words(
    traits: pd.DataFrame, learned_from: Flags, own: pd.DataFrame, expected: tuple[Floats, ...], new: Flags
) -> pa.Array:
    """Return whom the new debtors are like, and the share in figures; null for the others."""
    count = int(learned_from.sum())
    everybody = f"all {count} debtors with a history" if count else "nobody so far"
    like = listed(*(_alike(traits[name], learned_from, text) for name, text in TRAITS.items()))
    late, closings = own["late"].to_numpy(np.int64), own["closings"].to_numpy(np.int64)
    key = np.where(new & (closings > 0), (late << 31) + closings, -1)
    paid = each_once(key, lambda at: f", and {late[at]} of its {closings[at]} closings were late")
    percent = [f"{each} %" for each in range(101)]
    share, low, high = (
        texts(percent, np.where(new, np.rint(100 * each), -1).astype(np.int64)) for each in expected
    )
    return joined(
        "like ",
        pc.fill_null(like, everybody),
        pc.fill_null(paid, ""),
        ": ",
        share,
        " late, ",
        low,
        " to ",
        high,
    )


def _alike(trait: pd.Series, learned_from: Flags, text: str) -> pa.Array:
    """Return how many debtors with a history share each debtor's trait; null where none does."""
    code, names = pd.factorize(trait, sort=True)
    count = np.bincount(code[learned_from & (code >= 0)], minlength=len(names))
    known = [text.format(number, name) for number, name in zip(count, names, strict=True)]
    return texts(known, np.where(np.append(count, 0)[code] > 0, code, -1))
