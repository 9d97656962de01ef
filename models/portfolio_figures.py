"""The portfolio figures of credit management: how long the money stays out, and how well it comes in.

All are as of a day, from what was known before it, per company code and currency. A figure that cannot be
told is empty, never infinite and never 0.

Choices where the field leaves one
- Receivables are the open items, gross of unapplied credit notes and cash; sales are the invoices that
  became known in the period, in full, also when they were pre-paid or credited later.
- Not overdue ("current") counts from the due day that holds now, days late from the due day at issue.
- An invoice has days late once it is paid in full, with its original amount; what was credited or written
  off has none. Direct debits count: these figures describe the portfolio, not the habits of its debtors.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DebtscapeError
from models.rollup import AGES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ACCOUNT = ["company_code", "currency"]

REDUCTIONS = {
    "receipts_minor": "receipt",
    "credits_minor": "credit",
    "write_offs_minor": "write_off",
    "allowances_minor": "allowance",
    "settlement_differences_minor": "difference",
}
"""What brought the receivables down in the period, and its name in the journal."""


def portfolio_figures(
    journal: pd.DataFrame,
    paid: pd.DataFrame,
    day: date,
    *,
    period_days: int = 90,
    paid_within_days: int = 365,
) -> pd.DataFrame:
    """Return one row per company_code and currency with an invoice known before `day`, sorted by both.

    `journal` is `receivables.receivables_journal`, `paid` is `receivables.paid_invoices`, both of that day.

    Over the last `period_days`, from their first day up to but not including `day`:
    beginning_receivables_minor + sales_minor - REDUCTIONS = ending_receivables_minor, of which
    current_amount_minor and the ages by days past due (due_1_30_amount_minor, …); dso_days,
    best_possible_dso_days, average_days_delinquent and collection_effectiveness_index_percent, empty
    without sales (the index: with nothing to collect) and where the first invoice of the row lies inside
    the period, whose sales are then not those of `period_days`.

    Backwards from `day` in calendar months: countback_dso_days.

    Over the invoices whose payment became known in the last `paid_within_days`:
    weighted_days_beyond_terms_signed, weighted_days_beyond_terms_clamped, weighted_average_days_to_pay.

    Raises DebtscapeError for a period of less than one day.
    """
    if min(period_days, paid_within_days) < 1:
        raise DebtscapeError("a portfolio figure needs a period of at least one day; usual are 90 and 365.")
    since = pd.Timestamp(day - timedelta(days=period_days))
    table = _balances(journal, since, pd.Timestamp(day))
    ending, current = table["ending_receivables_minor"], table["current_amount_minor"]
    told = table.pop("first_known_on") <= since
    sales = table["sales_minor"].where(told)
    table["dso_days"] = dso(ending, sales, period_days)
    table["best_possible_dso_days"] = dso(current, sales, period_days)
    table["average_days_delinquent"] = table["dso_days"] - table["best_possible_dso_days"]
    table["collection_effectiveness_index_percent"] = collection_effectiveness_index(
        table["beginning_receivables_minor"], sales, ending, current
    )
    table["countback_dso_days"] = countback_dso(journal, ending, day)
    recent = paid[paid["known_on"] >= pd.Timestamp(day - timedelta(days=paid_within_days))]
    return table.join(weighted_days(recent)).reset_index().astype(dict.fromkeys(ACCOUNT, "str"))


def dso(receivables: pd.Series, sales: pd.Series, period_days: int) -> pd.Series:
    """Return receivables ÷ credit sales of the period × its days; NaN without sales.

    With the receivables at the end it is `dso`, with those not overdue `best_possible_dso`.
    """
    return receivables / sales.where(sales > 0) * period_days


def collection_effectiveness_index(
    beginning: pd.Series, sales: pd.Series, ending: pd.Series, current: pd.Series
) -> pd.Series:
    """Return (beginning + sales - ending) ÷ (beginning + sales - current) × 100; NaN with nothing to collect.

    In percent: 100 when nothing is overdue at the end. Credits and write-offs count like receipts, as in
    the usual formula.
    """
    collectable = beginning + sales - current
    return (beginning + sales - ending) / collectable.where(collectable > 0) * 100


def countback_dso(journal: pd.DataFrame, receivables: pd.Series, day: date) -> pd.Series:
    """Return the days of sales, counted back from `day`, that make up the receivables.

    Calendar months are taken off whole, the running one as far as it goes, the last pro rata; a month
    without sales takes its days and nothing off. `receivables` has the company code and currency as its
    index. NaN where they exceed all sales ever known.
    """
    sold = journal[journal["what"] == "sale"]
    months = sold["known_on"].to_numpy(dtype="datetime64[M]").astype(np.int64)
    last = int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))
    length = last - int(months.min(initial=last)) + 1
    row = receivables.index.get_indexer(pd.MultiIndex.from_frame(sold[ACCOUNT]))
    sales = np.zeros((len(receivables), length), dtype=np.int64)
    np.add.at(sales, (row, last - months), sold["amount_minor"].to_numpy(dtype=np.int64))

    starts = (last - np.arange(length)).astype("datetime64[M]").astype("datetime64[D]")
    days_back = (np.datetime64(day, "D") - starts).astype(np.int64)
    due = receivables.to_numpy(dtype=np.int64)
    taken = np.cumsum(sales, axis=1)
    reached = taken >= due[:, None]
    month, every = np.argmax(reached, axis=1), np.arange(len(due))
    of_month = sales[every, month]
    rest = due - (taken[every, month] - of_month)
    part = np.divide(rest, of_month, out=np.zeros(len(due)), where=of_month > 0)
    before = np.append(0, days_back)[month]
    counted = before + part * (days_back[month] - before)
    return pd.Series(np.where(reached.any(axis=1), counted, np.nan), index=receivables.index)


def weighted_days(paid: pd.DataFrame) -> pd.DataFrame:
    """Return the days of the paid invoices, weighted with their original amounts, per company and currency.

    weighted_days_beyond_terms_signed: Σ(amount × days late) ÷ Σ amount, early payment negative ·
    weighted_days_beyond_terms_clamped: same, early payment as 0 · weighted_average_days_to_pay: days from
    issue, which is the weighted terms plus the signed days beyond them.
    """
    amount = paid["amount_minor"].astype("float64")
    lines = paid[ACCOUNT].assign(
        weighted_days_beyond_terms_signed=amount * paid["days_late"],
        weighted_days_beyond_terms_clamped=amount * paid["days_late"].clip(lower=0),
        weighted_average_days_to_pay=amount * paid["days_to_pay"],
        amount=amount,
    )
    sums = _by_account(lines)
    total = sums.pop("amount")
    return sums.div(total.where(total > 0), axis=0)


def _balances(journal: pd.DataFrame, since: pd.Timestamp, day: pd.Timestamp) -> pd.DataFrame:
    """Return the balances, the changes in between and the ages, by company code and currency."""
    amount, what = journal["amount_minor"], journal["what"]
    inside = journal["known_on"] >= since
    past_due = (day - journal["due_on"]).dt.days
    lines = journal[ACCOUNT].assign(
        beginning_receivables_minor=amount.where(~inside, 0),
        sales_minor=amount.where(inside & (what == "sale"), 0),
        **{name: -amount.where(inside & (what == kind), 0) for name, kind in REDUCTIONS.items()},
        ending_receivables_minor=amount,
        current_amount_minor=amount.where(past_due <= 0, 0),
        **{name: amount.where(past_due.between(*ages), 0) for name, ages in AGES.items()},
    )
    return _by_account(lines.assign(first_known_on=journal["known_on"]), first_known_on="min")


def _by_account(lines: pd.DataFrame, **other_than_sums: str) -> pd.DataFrame:
    how = dict.fromkeys(lines.columns.drop(ACCOUNT), "sum") | other_than_sums
    return lines.groupby(ACCOUNT, dropna=False, sort=True, observed=True).agg(how)
