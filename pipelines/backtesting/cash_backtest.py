"""Cash forecasts of past Mondays, made by models that had not seen what followed, against what came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.open_items import open_items
from models.evaluation.cash_figures import cash_figures
from models.facts import customers_on
from models.payment.cash import BAND, arrivals, arrives_on, week_starts
from models.payment.cash_correction import ERRORS, correct, learn_corrections
from models.scorer import QUANTILES
from pipelines.learning.folds import MODEL, Predictor, rows_at
from pipelines.reading import Reading

WEEKS_AHEAD = 8
CASH_ROWS = 60_000
"""Open items that the forecasts of a training, or of a whole backtest, are made of: about 10 seconds."""

CASH_KINDS = ("payment", "reversal")


def forecast_errors(
    reading: Reading, predictors: Mapping[str, Predictor], *, start: date, end: date, most_rows: int
) -> pd.DataFrame:
    """Return the errors (`cash_correction.ERRORS`) of forecasts made on Mondays from `start` to before `end`.

    For each of the 8 weeks from a Monday on that is over by the reading's day: what the items open as of
    the Monday were expected to bring, and what then came in for these very items, up to what was open.
    Invoices issued later are outside. `predictors` hold the model and the rule, which speaks for direct
    debits. Every second Monday, or fewer, where all have more than `most_rows` open items together.
    """
    mondays = pd.date_range(start, end, freq="W-MON", inclusive="left")
    opened = {day.date(): _open_on(reading, day.date()) for day in mondays}
    rows = sum(len(items) for items in opened.values())
    every = max(1, -(-rows // max(most_rows, 1)))
    parts = [_errors_of(reading, predictors, day, opened[day]) for day in list(opened)[::every]]
    told = [part for part in parts if len(part)]
    return pd.concat(told, ignore_index=True) if told else pd.DataFrame(columns=list(ERRORS))


def cash_evaluation(folds: Sequence[tuple[date, pd.DataFrame]], *, seed: int) -> dict[str, Any]:
    """Return the figures of the folds' errors, in order of their cutoffs, ready for JSON.

    `corrections`: learned on all of them, for forecasts to come. `currencies`: for each `plain`, the figures
    of all forecasts as they were; `corrected`, with what was learned on earlier folds only, on weeks that
    were over by the fold's cutoff; `uncorrected`, the same forecasts without it. Empty without forecasts.
    """
    told = [(cutoff, errors) for cutoff, errors in folds if len(errors)]
    if not told:
        return {}
    everything = pd.concat([errors for _, errors in told], ignore_index=True)
    plain, better = [], []
    for cutoff, errors in told:
        over = everything["week"] + pd.Timedelta(days=7) <= pd.Timestamp(cutoff)
        earlier = everything["made_on"] < pd.Timestamp(cutoff)
        learned = learn_corrections(everything[over & earlier])
        known = errors[errors["currency"].isin(list(learned))]
        plain.append(known)
        better.append(correct(known, learned))
    tables = {"plain": everything, "uncorrected": pd.concat(plain), "corrected": pd.concat(better)}
    return {
        "corrections": learn_corrections(everything),
        "currencies": {
            str(currency): {
                name: cash_figures(table[table["currency"] == currency], seed=seed)
                for name, table in tables.items()
            }
            for currency in sorted(everything["currency"].unique())
        },
    }


def _open_on(reading: Reading, day: date) -> pd.DataFrame:
    """Return the items that a forecast of the day counts on: neither dormant nor of an insolvent debtor."""
    items = open_items(reading.books, day, dormant_after_days=reading.settings.dormant_after_days)
    insolvent_on = customers_on(reading.ledger.customers, day)["insolvent_on"]
    insolvent = insolvent_on.index[insolvent_on < pd.Timestamp(day)]
    return items[~items["dormant"] & ~items["customer_id"].isin(insolvent)].reset_index(drop=True)


def _errors_of(
    reading: Reading, predictors: Mapping[str, Predictor], day: date, items: pd.DataFrame
) -> pd.DataFrame:
    """Return the errors of one day's forecast; empty where nothing is open or no week is over."""
    over = min(WEEKS_AHEAD, (reading.as_of - day).days // 7)
    if not over or items.empty:
        return pd.DataFrame(columns=list(ERRORS))
    found = arrivals(_predicted(reading, predictors, day, items), day=day, seed=reading.settings.seed)
    weeks, first = week_starts(found.days)
    expected = np.add.reduceat(found.expected, first, axis=1)[:, :over]
    drawn = np.add.reduceat(found.drawn, first, axis=2)[:, :, :over]
    low, middle, high = np.percentile(drawn, BAND, axis=0)
    came = _came_in(reading, day, items, found.currencies, over)
    currency = np.repeat(np.array(found.currencies, dtype=object), over)
    return pd.DataFrame(
        {
            "currency": pd.Series(currency, dtype="str"),
            "made_on": pd.Timestamp(day),
            "week": np.tile(weeks[:over].astype("datetime64[s]"), len(found.currencies)),
            "horizon": np.tile(np.arange(1, over + 1), len(found.currencies)),
            "expected": expected.ravel(),
            "p10": low.ravel(),
            "p50": middle.ravel(),
            "p90": high.ravel(),
            "actual": came.ravel(),
        }
    )


def _predicted(
    reading: Reading, predictors: Mapping[str, Predictor], day: date, items: pd.DataFrame
) -> pd.DataFrame:
    """Return what `arrivals` reads of the table predictions, for the items open on the day."""
    rows = rows_at(reading.books, items[["invoice_id"]].assign(day=pd.Timestamp(day)), reading.settings)
    debit = (items["payment_method"] == "direct_debit").fillna(False).to_numpy(dtype=bool)
    said = [
        predictors[name].predict(rows[some])
        for name, some in ((MODEL, ~debit), ("rule", debit))
        if some.any()
    ]
    table = items.join(pd.concat(said).reindex(rows.index).set_axis(items.index))
    for name in QUANTILES:
        wait = pd.to_timedelta(table[name], unit="D")
        table[name.replace("days_until", "paid_on")] = pd.Timestamp(day) + wait
    return table


def _came_in(
    reading: Reading, day: date, items: pd.DataFrame, currencies: list[str], weeks: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the money that came for the items, currencies x weeks; what was known late counts on the day."""
    payments = reading.ledger.payments
    told = payments["invoice_id"].isin(items["invoice_id"]) & (payments["known_on"] >= pd.Timestamp(day))
    cash = payments["kind"].fillna("payment").isin(CASH_KINDS) & ~payments["in_transit"].fillna(False)
    rows = payments[told & cash.astype(bool)].sort_values(["invoice_id", "paid_on", "amount_minor"])
    signed = rows["amount_minor"].where(rows["kind"] != "reversal", -rows["amount_minor"])
    item = items.set_index("invoice_id").loc[rows["invoice_id"]]
    so_far = signed.groupby(rows["invoice_id"]).cumsum().to_numpy(np.float64)
    counted = pd.Series(np.clip(so_far, 0, item["open_amount_minor"].to_numpy(np.float64)), rows.index)
    money = counted - counted.groupby(rows["invoice_id"]).shift(fill_value=0.0)
    ahead = (rows["paid_on"] - pd.Timestamp(day)).dt.days.clip(lower=0).to_numpy()
    week = np.minimum(arrives_on(day, ahead) // 5, weeks)  # the day is a Monday
    place = pd.Index(currencies).get_indexer(pd.Index(item["currency"])) * (weeks + 1) + week
    sums = np.bincount(place, weights=money, minlength=len(currencies) * (weeks + 1))
    return np.asarray(sums.reshape(len(currencies), weeks + 1)[:, :weeks], dtype=np.float64)
