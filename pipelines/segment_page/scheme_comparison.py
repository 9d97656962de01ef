"""Schemes side by side with the learned segments: who is where, and who was late afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from features.errors import ModelError
from features.ledger import known_before
from features.outcomes import landmarks
from models.evaluation.metrics import Bootstrap, Floats, Ints, figure
from models.facts import customers_on
from models.scorer import assign_segments
from models.segments.rules import NEW
from models.segments.schemes import LEARNED, Scheme, classes_of, classify, value_classes
from pipelines.deciding import debtors_on
from pipelines.learning.folds import became_of
from pipelines.reading import Reading
from pipelines.segment_page.segmenting import fit_segments

NO_CLASS = "none"
"""Stands for an empty class: the scheme says nothing about the debtor, or had not met it yet."""

RATES = ("late_rate", "low", "high", "late_rate_of_debtors", "low_of_debtors", "high_of_debtors")

BestFirst = Mapping[str, Sequence[str]]
"""The classes of each scheme from the best to the worst; the ones it does not name follow by alphabet."""


@dataclass(frozen=True)
class Comparison:
    """The schemes and the learned segments as of `cutoff`, judged by the invoices issued from then on.

    `late_rates`: see there, the segments as scheme LEARNED. `cross_tables`: class x segment per scheme.
    `left_out`: invoices whose lateness is not decided yet, or was decided on their first day.
    """

    cutoff: date
    until: date
    late_rates: pd.DataFrame
    cross_tables: dict[str, pd.DataFrame]
    left_out: int


def cross_table(
    classes: pd.DataFrame, segments: pd.DataFrame, scheme: str, best_first: BestFirst | None = None
) -> pd.DataFrame:
    """Return how many debtors are in each class (rows) of the scheme and each segment (columns).

    `classes`: customer_id, scheme, class. `segments`: customer_id, segment. A debtor that lacks either is
    counted under NO_CLASS.
    """
    order = best_first or {}
    of_scheme = classes.loc[classes["scheme"] == scheme, ["customer_id", "class"]]
    pairs = of_scheme.merge(segments[["customer_id", "segment"]], how="outer", on="customer_id")
    rows, columns = (_named(pairs[name]) for name in ("class", "segment"))
    table = pd.crosstab(rows, columns, rownames=["class"], colnames=["segment"])
    return table.reindex(
        index=_ordered(rows, order.get(scheme, ())), columns=_ordered(columns, order.get(LEARNED, ()))
    )


def late_rates(
    classes: pd.DataFrame,
    invoices: pd.DataFrame,
    best_first: BestFirst | None = None,
    *,
    seed: int,
    resamples: int = 500,
) -> pd.DataFrame:
    """Return one row per scheme and class, by the invoices issued after the classes were made.

    `classes`: customer_id, scheme, class as of a day. `invoices`: issued from then on and decided, with
    customer_id and late. Columns: scheme, class, debtors, invoices; late_rate, low, high: the share of the
    invoices paid late; late_rate_of_debtors, low_of_debtors, high_of_debtors: the mean over the debtors of
    their own shares, which no large debtor decides alone. low and high are 95 % intervals by bootstrap over
    debtors, the same draws for every scheme; empty for a class with invoices of a single debtor, the rates
    too for one without invoices. Invoices of debtors that are in no class count under NO_CLASS. Raises
    ModelError without any invoice.
    """
    if invoices.empty:
        raise ModelError("no invoice issued after these classes is decided yet; take an earlier cutoff")
    order = best_first or {}
    boot = Bootstrap.over(invoices["customer_id"], resamples=resamples, seed=seed)
    late = invoices["late"].to_numpy(np.float64)
    weights = np.ones(len(late)), 1 / np.bincount(boot.codes)[boot.codes]
    rows = []
    for scheme in sorted(classes["scheme"].unique()):
        class_of = classes[classes["scheme"] == scheme].set_index("customer_id")["class"].astype("str")
        met = class_of.index.union(pd.Index(invoices["customer_id"].unique(), dtype="str"))
        debtors = _named(class_of.reindex(met))
        names = _ordered(debtors, order.get(str(scheme), ()))
        group = pd.Index(names).get_indexer(pd.Index(debtors.loc[invoices["customer_id"]])).astype(np.int64)
        by_invoice, by_debtor = (_rates(boot, late, weight, group, len(names)) for weight in weights)
        for place, name in enumerate(names):
            inside = group == place
            alone = len(set(boot.codes[inside])) == 1
            figures = [*_interval(by_invoice[:, place], alone), *_interval(by_debtor[:, place], alone)]
            rows.append((scheme, name, int((debtors == name).sum()), int(inside.sum()), *figures))
    header = ["scheme", "class", "debtors", "invoices", *RATES]
    table = pd.DataFrame(rows, columns=header)
    return table.astype({"scheme": "str", "class": "str", **dict.fromkeys(RATES, "float64")})


def _rates(boot: Bootstrap, late: Floats, weight: Floats, group: Ints, groups: int) -> Floats:
    top, bottom = boot.sums(late * weight, group, groups), boot.sums(weight, group, groups)
    rates: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return rates


def _interval(rates: Floats, alone: bool) -> tuple[float | None, float | None, float | None]:
    """Value, low and high; a single debtor is the same in every draw, which would look like certainty."""
    shown = figure(rates)
    if shown is None:
        return None, None, None
    return (shown["value"], None, None) if alone else (shown["value"], shown["low"], shown["high"])


def compare_schemes(
    reading: Reading, cutoff: date, schemes: Mapping[str, Scheme], *, resamples: int = 500
) -> Comparison:
    """Return the schemes beside the segments learned before `cutoff`, by what came after it.

    Debtors are those that were invoiced before. What is known of them is of that day too: of an undated
    customers table only the columns that the configuration declares static. Raises ModelError where nobody
    paid before the cutoff, or nothing issued after it is decided.
    """
    at = replace(reading, ledger=known_before(reading.ledger, cutoff), as_of=cutoff)
    debtors = debtors_on(at, at.books, at.ledger.invoices["customer_id"])
    segment, names = _learned(at, debtors)
    table = classify(schemes, debtors.join(_facts(at, debtors)), segment)
    learned = segment.rename("class").reset_index().assign(scheme=LEARNED)
    both = pd.concat([table.astype({"scheme": "str", "class": "str"}), learned], ignore_index=True)
    best_first = {LEARNED: names, **{name: classes_of(scheme) for name, scheme in schemes.items()}}
    invoices = _became(reading, cutoff)
    judged = invoices[invoices["judged"]]
    segments = segment.rename("segment").reset_index()
    return Comparison(
        cutoff,
        reading.as_of,
        late_rates(both, judged, best_first, seed=reading.settings.seed, resamples=resamples),
        {scheme: cross_table(table, segments, scheme, best_first) for scheme in schemes},
        len(invoices) - len(judged),
    )


def _learned(at: Reading, debtors: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """The segments learned on the day: empty for who never paid, NEW before enough invoices matured."""
    model, _ = fit_segments(at.ledger, at.books, at.as_of, at.settings)
    segment = assign_segments(model.parameters_, debtors)["model_segment"]
    segment = segment.where(debtors["settled_invoices"] > 0)
    is_new = debtors["matured_invoices"] < at.settings.segments.new_until_matured
    return segment.mask(is_new, NEW), list(model.parameters_["names"])


def _facts(at: Reading, debtors: pd.DataFrame) -> pd.DataFrame:
    """What was known of the debtors on the day beside their figures."""
    rows = customers_on(at.ledger.customers, at.as_of).reindex(debtors.index)
    columns = [name for name in rows if name not in ("valid_from", *debtors.columns)]
    known = rows.loc[rows["valid_from"].notna(), columns].reindex(debtors.index)
    static = list(at.settings.predictor.static)
    return known.assign(
        **{name: rows[name] for name in static}, value_class=value_classes(debtors["issued_amount_365d"])
    )


def _became(reading: Reading, cutoff: date) -> pd.DataFrame:
    """Invoices issued from the cutoff on: customer_id, late, and whether that is decided either way."""
    points = landmarks(reading.books, issued_from=cutoff, before=reading.as_of)
    points = points[points["landmark"] == "issue"].reset_index(drop=True)
    late_after = reading.settings.late_after_days
    became = became_of(reading.books, points, reading.as_of, reading.settings)
    return pd.DataFrame(
        {
            "customer_id": points["customer_id"],
            "late": ~became["event"] | (became["days_late"] > late_after),
            "judged": became["late_measurable"] & (became["days_past_due"] <= late_after),
        }
    )


def _named(classes: pd.Series) -> pd.Series:
    return classes.astype("str").fillna(NO_CLASS)


def _ordered(classes: pd.Series, best_first: Iterable[str]) -> list[str]:
    """The classes that occur: the best first, the others by alphabet, NO_CLASS last."""
    occurring = set(classes)
    rest = [*sorted(occurring - {NO_CLASS, *best_first}), NO_CLASS]
    return [name for name in (*best_first, *rest) if name in occurring]
