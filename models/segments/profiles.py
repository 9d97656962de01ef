"""What each segment is like: size, money, behaviour, cost to serve, and in words what sets it apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts import OUTPUT_TABLES
from features.contracts.money import minor_units
from models.facts import Facts
from models.positions import positions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
PlaceOf = Callable[[pd.Series | pd.Index], Ints]
"""From debtors to the places of their segments, -1 for a debtor without one."""

WINDOW_DAYS = 365
MOST_WORDS = 3
LEAST_EFFECT = 0.25
"""What differs by less than a quarter of the spread among debtors does not set a segment apart."""

LATE_RATES = ["late_rate", "late_rate_low", "late_rate_high", "judged_invoices"]


class Trait(NamedTuple):
    """One figure that a credit manager understands, and how a difference in it is said.

    `words` take {much} and {less} (which way it differs), {own} and {others} (the medians) and {apart} (how
    far those are apart, as they are printed).
    """

    feature: str
    unit: Literal["days", "share", "count", "money", "years"]
    words: str
    more: str = ""
    less: str = ""


TRAITS = (
    Trait(
        "mean_days_late_365d",
        "days",
        "pays {apart} days {way} than the others (median {own} against {others})",
        "later",
        "earlier",
    ),
    Trait("late_share_365d", "share", "{own} late against {others}"),
    Trait("late_over_30_share_365d", "share", "{own} more than 30 days late against {others}"),
    Trait(
        "std_days_late_365d",
        "days",
        "{way} (days late vary by {own} against {others})",
        "less regular",
        "more regular",
    ),
    Trait("overdue_share", "share", "{own} of what is open is overdue against {others}"),
    Trait(
        "mean_invoice_amount_365d",
        "money",
        "{way} amounts ({own} against {others} an invoice)",
        "larger",
        "smaller",
    ),
    Trait(
        "invoices_issued_365d",
        "count",
        "{way} invoices ({own} against {others} in 365 days)",
        "more",
        "fewer",
    ),
    Trait("issued_amount_trend", "share", "revenue at {own} of the year before against {others}"),
    Trait(
        "days_since_first_invoice",
        "years",
        "{way} customers ({own} against {others} years)",
        "older",
        "newer",
    ),
    Trait(
        "days_since_last_invoice",
        "days",
        "last invoice {own} days ago against {others}",
    ),
)
"""In the order in which equally distinguishing ones are said."""


def segment_profiles(
    segments: pd.DataFrame,
    debtors: pd.DataFrame,
    items: pd.DataFrame,
    facts: Facts,
    *,
    day: date,
    late_rates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the table `segment_profiles`: one row per segment and currency of the ledger.

    `debtors`: features of the day indexed by customer_id. Days late and late share are means over
    debtors that settled something in the last 365 days. Revenue is what became known in the last
    365 days, credit notes subtracted. Contacts are those made in that time, whatever the currency.
    `late_rates`: per segment the columns of LATE_RATES, measured when the segments were trained.
    """
    place, names = pd.factorize(segments["segment"], sort=True)

    def place_of(customer_id: pd.Series | pd.Index) -> Ints:
        # the last, -1, is of a debtor that is not there
        return np.append(place, -1)[positions(customer_id, segments["customer_id"])]

    currencies = sorted(facts.invoices["currency"].dropna().unique())
    per_segment = _behaviour(debtors, place_of, len(names), currencies)
    per_segment["segment"] = names
    per_segment["debtors"] = np.bincount(place, minlength=len(names))
    per_segment["share_of_debtors"] = per_segment["debtors"] / max(len(segments), 1)
    potential = segments["potential_a"].to_numpy(np.int64)
    per_segment["potential_a"] = np.bincount(place, potential, len(names)).astype(np.int64)
    per_segment["contacts"] = _contacts(facts.contact_history, place_of, len(names), day)
    rates = pd.DataFrame(columns=["segment", *LATE_RATES]) if late_rates is None else late_rates
    rates = rates.set_index("segment")[LATE_RATES].astype("float64").astype({"judged_invoices": "Int64"})

    table = _money(items, facts.invoices, place_of, len(names), currencies, day)
    table = table.join(per_segment, on="place").join(rates, on="segment")
    unit = minor_units(currencies[0]) if len(currencies) == 1 else 0
    thousands = (table["revenue_minor"] / (1000 * unit)).where(table["revenue_minor"] > 0) if unit else np.nan
    table["contacts_per_1000_revenue"] = table["contacts"] / thousands
    table = table.astype({"segment": "str", "currency": "str", "words": "str"})
    return table[[column.inside for column in OUTPUT_TABLES["segment_profiles"].columns]]


def _behaviour(debtors: pd.DataFrame, place_of: PlaceOf, count: int, currencies: list[str]) -> pd.DataFrame:
    place = place_of(debtors.index)
    means = debtors[["mean_days_late_365d", "late_share_365d"]].groupby(place).mean().reindex(range(count))
    means = means.set_axis(["mean_days_late", "late_share"], axis=1)
    return means.assign(words=pd.Series(segment_words(debtors, place, count, currencies), dtype="str"))


def _money(
    items: pd.DataFrame,
    invoices: pd.DataFrame,
    place_of: PlaceOf,
    count: int,
    currencies: list[str],
    day: date,
) -> pd.DataFrame:
    """Return the sums of each segment, by its place, and currency."""
    recent = _recent(invoices, day)
    magnitude = recent["amount_minor"].abs()
    credit = (recent["kind"] == "credit_note") | (recent["amount_minor"] < 0)
    overdue = items["open_amount_minor"].where(items["days_past_due"] > 0, 0)
    amounts = {
        "revenue_minor": (recent, magnitude.where(~credit, -magnitude)),
        "open_amount_minor": (items, items["open_amount_minor"]),
        "overdue_amount_minor": (items, overdue),
    }
    grid = pd.MultiIndex.from_product([range(count), currencies], names=["place", "currency"])
    table = pd.DataFrame(index=grid)
    for name, (rows, amount) in amounts.items():
        sums = amount.groupby([place_of(rows["customer_id"]), rows["currency"]]).sum()
        table[name] = sums.reindex(grid, fill_value=0).astype("int64")
    total = table.groupby("currency")["revenue_minor"].transform("sum")
    table["share_of_revenue"] = (table["revenue_minor"] / total).where(total > 0)
    return table.reset_index()


def _contacts(contacts: pd.DataFrame, place_of: PlaceOf, count: int, day: date) -> Ints:
    made = _recent(contacts, day)
    made = made[(made["status"] != "suppressed").fillna(True)]
    place = place_of(made["customer_id"])
    return np.bincount(place[place >= 0], minlength=count)


def _recent(rows: pd.DataFrame, day: date) -> pd.DataFrame:
    today = pd.Timestamp(day)
    return rows[(rows["known_on"] < today) & (rows["known_on"] >= today - pd.Timedelta(days=WINDOW_DAYS))]


def segment_words(
    debtors: pd.DataFrame, segment: Ints, count: int, currencies: list[str]
) -> list[str | None]:
    """Return for each of `count` segments what sets its debtors apart from all others; None without figures.

    `segment`: place of each row's segment, -1 for none. Said are the MOST_WORDS traits of the largest effect:
    the difference between the medians of the segment and of all other debtors, over the mean of their two
    interquartile ranges (over the standard deviation of all, where both ranges are nothing). Debtors
    without the figure do not count. Traits whose medians print alike say nothing. Amounts are compared
    only in a ledger of one currency.
    """
    said: list[list[tuple[float, int, str]]] = [[] for _ in range(count)]
    for number, trait in enumerate(TRAITS):
        if trait.feature not in debtors or (trait.unit == "money" and len(currencies) != 1):
            continue
        values = debtors[trait.feature].to_numpy(np.float64)
        order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
        ordered, of = values[order], segment[order]
        for place in range(count):
            inside = of == place
            if inside.all() or not inside.any():
                continue
            own, others = _quartiles(ordered[inside]), _quartiles(ordered[~inside])
            spread = (own[2] - own[0] + others[2] - others[0]) / 2 or ordered.std()
            words = _said(trait, own[1], others[1], "".join(currencies[:1]))
            if words and abs(own[1] - others[1]) >= LEAST_EFFECT * spread:
                said[place].append((-abs(own[1] - others[1]) / spread, number, words))
    return [", ".join(words for *_, words in sorted(found)[:MOST_WORDS]) or None for found in said]


def _said(trait: Trait, own: float, others: float, currency: str) -> str:
    first, second = (_figure(value, trait.unit, currency) for value in (own, others))
    if first == second:
        return ""
    apart = f"{abs(round(own) - round(others)):,}"
    way = trait.more if own > others else trait.less
    return trait.words.format(own=first, others=second, apart=apart, way=way)


def _figure(value: float, unit: str, currency: str) -> str:
    if unit == "share":
        return f"{100 * value:.0f} %"
    if unit == "years":
        return f"{value / 365.25:.1f}"
    # + 0 makes a plain 0 of -0
    return f"{round(value) + 0:,}" + (f" {currency}" if unit == "money" else "")


def _quartiles(ordered: Floats) -> list[float]:
    """Return the lower quartile, the median and the upper quartile, interpolated linearly."""
    last = len(ordered) - 1
    below = [int(last * share) for share in (0.25, 0.5, 0.75)]
    parts = [last * share - first for share, first in zip((0.25, 0.5, 0.75), below, strict=True)]
    return [
        float(ordered[first] + part * (ordered[min(first + 1, last)] - ordered[first]))
        for first, part in zip(below, parts, strict=True)
    ]
