"""What a debtor's history says about an open invoice, in words and figures a credit controller knows.

These are facts of the catalogue, not the model's own additive reasons: they say what is known, not how
much each fact weighed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.rule import needed

Floats = npt.NDArray[np.float64]

MOST = 3
"""Parts of one explanation."""

FEW = 3
"""Settled invoices below which history says little, and the cohort is worth hearing."""

USED = (
    "days_past_due", "disputed_now", "settled_invoices", "late_share_last_5", "mean_days_late_365d",
    "overdue_amount", "terms_late_share_365d", "portfolio_late_share_90d",
)  # fmt: skip


def reasons(rows: pd.DataFrame) -> pd.Series:
    """Return at most MOST parts per row of INVOICE_FEATURES, joined by "; "; same index.

    The order is fixed, strongest first: the invoice itself (past due, disputed), too little history,
    the last five payments, the mean of the last year, what else is overdue, the invoices on the same
    terms, the portfolio. Amounts are in the row's own currency.
    """
    needed(rows, *USED)
    values = {name: rows[name].to_numpy(np.float64) for name in USED}
    parts: list[list[str]] = [[] for _ in range(len(rows))]
    for applies, say, columns in _facts(values):
        for row, figures in zip(
            np.flatnonzero(applies).tolist(),
            zip(*(column[applies].tolist() for column in columns), strict=True),
            strict=True,
        ):
            if len(parts[row]) < MOST:
                parts[row].append(say(*figures))
    return pd.Series(["; ".join(some) for some in parts], index=rows.index, dtype="str")


def _facts(
    values: dict[str, Floats],
) -> Iterator[tuple[npt.NDArray[np.bool_], Callable[..., str], tuple[Floats, ...]]]:
    """Yield each kind of fact: the rows it holds for, its words, and the figures they take."""
    past, settled, late = values["days_past_due"], values["settled_invoices"], values["late_share_last_5"]
    mean, overdue = values["mean_days_late_365d"], values["overdue_amount"]
    terms, portfolio = values["terms_late_share_365d"], values["portfolio_late_share_90d"]
    few = ~(settled >= FEW)
    yield past > 0, _past_due, (past,)
    yield values["disputed_now"] > 0, lambda _: "disputed", (past,)
    yield few, _little_history, (np.nan_to_num(settled),)
    yield ~few & np.isfinite(late), _last_five, (late, settled)
    yield np.isfinite(mean), _mean_days_late, (mean,)
    yield overdue > 0, lambda amount: f"{amount:,.2f} already overdue", (overdue,)
    yield few & np.isfinite(terms), lambda share: f"{share:.0%} on the same terms paid late", (terms,)
    yield few & np.isfinite(portfolio), lambda share: f"{share:.0%} of all invoices paid late", (portfolio,)


def _past_due(days: float) -> str:
    return f"{days:.0f} {_days(days)} past due"


def _little_history(settled: float) -> str:
    if settled == 0:
        return "no settled invoice yet"
    return f"only {settled:.0f} settled {'invoice' if settled == 1 else 'invoices'} so far"


def _last_five(late_share: float, settled: float) -> str:
    last = min(settled, 5)
    late = round(late_share * last)
    return f"{late or 'none'} of the last {last:.0f} paid late"


def _mean_days_late(mean: float) -> str:
    rounded = round(mean, 1)
    if rounded == 0:
        return "paid on the due day on average in 365 days"
    side = "late" if rounded > 0 else "early"
    return f"{abs(rounded):.1f} days {side} on average in 365 days"


def _days(number: float) -> str:
    return "day" if number == 1 else "days"
