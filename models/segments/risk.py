"""How risky a debtor is: its own payments and its external scores side by side, and what follows from both.

The stated rule:

1. An insolvency known before the day: high.
2. Own payments say high, average or low by the late share of the debtor's closings, shrunken to the
   portfolio's (`shrunken_late_share`): at most LOW_LATE_SHARE is low, at least HIGH_LATE_SHARE high. They say
   high where something matured and nothing was ever paid, and at once where a new debtor has an item more
   than NEW_OVERDUE_DAYS past due. Otherwise fewer than `new_until_matured` closings say nothing.
3. External scores say what the worst of the providers says, each by the limits on its own scale. A provider
   without a scale is shown and says nothing.
4. Where both speak, the worse counts, also where one says high and the other low (that is flagged as a
   disagreement): a mean of the two would hide that one of them sees trouble. Where one speaks, it counts;
   where none does, the risk is average.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.segments.credit_scales import AVERAGE, HIGH, LOW, UNKNOWN, CreditScale
from models.texts import column, distinct, each_once, joined, listed, texts

LOW_LATE_SHARE, HIGH_LATE_SHARE = 0.20, 0.50

PRIOR_CLOSINGS = 5.0
"""Closings that the portfolio's late share weighs as much as."""

NEW_OVERDUE_DAYS = 30

SPAN = 1 << 17
"""Days in a calendar that every date falls in."""

LEVELS = ("low", "average", "high")

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def risks(
    debtors: pd.DataFrame,
    customers: pd.DataFrame,
    scores: pd.DataFrame,
    exposure_minor: pd.Series | None,
    *,
    day: date,
    scales: Mapping[str, CreditScale],
    home_currency: str,
    new_until_matured: int,
) -> pd.DataFrame:
    """Return the table `risks` with inside names: one row per debtor, sorted by customer_id.

    `debtors`: features of the day, `customers`: the row of the day (see `facts.customers_on`), both indexed
    by customer_id. `scores`: credit scores; those known on the day or later do not count. `exposure_minor`:
    open items less credit per debtor in minor units of the home currency (a debtor that is not there has
    none); None where several currencies cannot be added up, then what follows from it is empty. So is
    what follows from a limit that nobody stated: no insured limit is not the same as a limit of nothing.
    """
    debtors = debtors.sort_index()
    ids = pd.Series(debtors.index, dtype="str")
    customers = customers.reindex(debtors.index).reset_index(drop=True)
    own = _own_payments(debtors.reset_index(drop=True), new_until_matured)
    external, listing = _external_scores(newest_scores(scores, ids, day), len(ids), scales)
    insolvent_on = customers["insolvent_on"].where(customers["insolvent_on"] < pd.Timestamp(day))
    known = np.maximum(own.risk, external.risk)
    disagree = (known == HIGH) & (np.minimum(own.risk, external.risk) == LOW)
    risk = np.where(insolvent_on.notna(), HIGH, np.where(known == UNKNOWN, AVERAGE, known))
    exposure = pd.Series(pd.NA, index=ids.index, dtype="Int64")
    if exposure_minor is not None:
        exposure = exposure_minor.reindex(debtors.index, fill_value=0).astype("Int64").reset_index(drop=True)
    credit_limit, insured_limit = (
        customers[name].astype("Int64") for name in ("credit_limit_minor", "insured_limit_minor")
    )
    return pd.DataFrame(
        {
            "customer_id": ids,
            "currency": column(texts([home_currency], np.zeros_like(risk))),
            "risk": column(texts(LEVELS, risk)),
            "reason": column(_reasons(own, external, listing, insolvent_on, new_until_matured)),
            "own_score": own.score,
            "own_risk": column(texts(LEVELS, own.risk)),
            "external_score": external.score,
            "external_risk": column(texts(LEVELS, external.risk)),
            "external_scores": column(listing),
            "disagreement": disagree,
            "exposure_minor": exposure,
            "credit_limit_minor": credit_limit,
            "insured_limit_minor": insured_limit,
            "over_credit_limit": exposure > credit_limit,
            "uninsured_amount_minor": (exposure - insured_limit).clip(lower=0),
        }
    )


def own_closings(debtors: pd.DataFrame, enough: int) -> pd.DataFrame:
    """Return per debtor the closings that speak for it: `closings`, how many of them `late`, and `recent`.

    They are those of the last 365 days (`recent`) where these are at least `enough`, else all.
    """
    recent = debtors["settled_invoices_365d"] >= enough
    closings = debtors["settled_invoices_365d"].where(recent, debtors["settled_invoices"]).fillna(0)
    share = debtors["late_share_365d"].where(recent, debtors["late_share"]).fillna(0)
    late = np.rint(share * closings)
    return pd.DataFrame({"closings": closings, "late": late, "recent": recent}, index=debtors.index)


def shrunken_late_share(own: pd.DataFrame) -> pd.Series:
    """Return (late + k · portfolio's late share) / (closings + k) of `own_closings`; k: PRIOR_CLOSINGS."""
    portfolio = own["late"].sum() / max(own["closings"].sum(), 1)
    share: pd.Series = (own["late"] + PRIOR_CLOSINGS * portfolio) / (own["closings"] + PRIOR_CLOSINGS)
    return share


def newest_scores(scores: pd.DataFrame, debtors: pd.Series, day: date) -> pd.DataFrame:
    """Return the newest score of each debtor and provider that was known before the day.

    Columns provider, scored_on, score and debtor (position in `debtors`); sorted by debtor and provider.
    """
    # Arrow finds and codes a million strings in a fifth of the time
    ids = pa.array(debtors)
    given = pa.array(scores["customer_id"]).cast(ids.type)
    found = pc.fill_null(pc.index_in(given, value_set=ids), -1).to_numpy()
    rows = np.flatnonzero((found >= 0) & (scores["known_on"] < pd.Timestamp(day)).to_numpy())
    table = scores[["provider", "scored_on", "score"]].take(rows).assign(debtor=found[rows])
    provider, providers = pd.factorize(table["provider"], sort=True)
    of = table["debtor"].to_numpy(np.int64) * len(providers) + provider
    order = np.argsort(
        of * SPAN + table["scored_on"].to_numpy("datetime64[D]").astype(np.int64), kind="stable"
    )
    last = np.append(of[order][1:] != of[order][:-1], True)[: len(order)]
    return table.take(order[last]).reset_index(drop=True)


# what one side says ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Said:
    """One side's answer per debtor; the words are null where it has none."""

    risk: Codes
    score: Floats
    words: pa.Array


def _own_payments(debtors: pd.DataFrame, new_until_matured: int) -> _Said:
    own = own_closings(debtors, new_until_matured)
    share = shrunken_late_share(own).to_numpy()
    closings, late = own["closings"].to_numpy(np.int64), own["late"].to_numpy(np.int64)
    matured = debtors["matured_invoices"].fillna(0).to_numpy(np.int64)
    oldest = debtors["oldest_days_past_due"].fillna(0).to_numpy(np.int64)
    settled = debtors["settled_invoices"].fillna(0).to_numpy(np.int64)
    overdue = (matured < new_until_matured) & (oldest > NEW_OVERDUE_DAYS)
    never_paid = (matured > 0) & (settled == 0)
    enough = closings >= new_until_matured
    why = np.select([overdue, never_paid, enough & own["recent"].to_numpy(), enough], [0, 1, 2, 3], 4)
    by_share = np.select([share >= HIGH_LATE_SHARE, share <= LOW_LATE_SHARE], [HIGH, LOW], AVERAGE)
    risk = np.select([why < 2, why < 4], [HIGH, by_share], UNKNOWN).astype(np.int64)
    score = np.where(enough, 100 * (1 - share), np.nan)

    def words(at: int) -> str:
        said = f"own payments say {LEVELS[risk[at]]}"
        if why[at] == 0:
            new = f"new with {matured[at]} of {new_until_matured} matured invoices"
            return f"{said}: {new}, and an item is {oldest[at]} days past due"
        if why[at] == 1:
            return f"{said}: {matured[at]} invoices were more than 30 days past due, none was ever paid"
        period = "the last 365 days" if why[at] == 2 else "all years"
        counted = f"{late[at]} of {closings[at]} closings of {period} were late"
        return f"{said}: {counted}, score {score[at]:.1f} of 100"

    first_figure = np.select([why < 2, why < 4], [matured, late])
    second_figure = np.select([why == 0, (why == 2) | (why == 3)], [oldest, closings])
    key = ((why << 28) + first_figure << 28) + second_figure
    return _Said(risk, score, each_once(np.where(why == 4, -1, key), words))


def _external_scores(
    newest: pd.DataFrame, debtors: int, scales: Mapping[str, CreditScale]
) -> tuple[_Said, pa.Array]:
    """Return what the external scores say, and the list of them."""
    risk, worst = np.full(debtors, UNKNOWN, dtype=np.int64), np.full(debtors, np.nan)
    listing = pa.nulls(debtors, pa.large_string())
    for provider, rows in newest.groupby("provider", sort=True):
        score, on = worst * np.nan, np.full(debtors, np.datetime64("NaT", "s"))
        score[rows["debtor"]], on[rows["debtor"]] = rows["score"], rows["scored_on"]
        scale, span = scales.get(str(provider)), ""
        if scale is not None:
            worst = np.fmin(worst, scale.normalised(score))
            risk = np.maximum(risk, scale.levels(score))
            span = f" of {scale.lowest:.10g} to {scale.highest:.10g}"
        number, day = distinct(score, "{:.10g}"), distinct(on, "{:%Y-%m-%d}")
        text = joined(f"{provider} ", number, f"{span} (", day, ")")
        listing = listed(listing, text)
    words = joined(texts([f"external scores say {level}: " for level in LEVELS], risk), listing)
    return _Said(risk, worst, words), listing


# words -----------------------------------------------------------------------------------------------


def _reasons(
    own: _Said, external: _Said, listing: pa.Array, insolvent_on: pd.Series, new_until_matured: int
) -> pa.Array:
    few = f"fewer than {new_until_matured} own closings"
    both = (own.risk != UNKNOWN) & (external.risk != UNKNOWN)
    neither = (own.risk == UNKNOWN) & (external.risk == UNKNOWN)
    shown = listing.is_valid().to_numpy(zero_copy_only=False)
    told = np.select([both, neither & shown, neither, own.risk == UNKNOWN], [0, 1, 2, 3], -1)
    between = texts(
        [
            "; ",
            f"nothing is known: {few}, and no scale of an external score",
            f"nothing is known: {few}, and no external score",
            f"{few}; ",
        ],
        told,
    )
    apart = np.where(both, np.abs(own.risk - external.risk), 0)
    end = texts(["", "; the worse counts", "; they disagree, the worse counts"], apart)
    reason = joined(*(pc.fill_null(part, "") for part in (own.words, between, external.words, end)))
    return pc.coalesce(distinct(insolvent_on.to_numpy(), "insolvent since {:%Y-%m-%d}"), reason)
