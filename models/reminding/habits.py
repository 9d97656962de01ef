"""How late a debtor pays as a habit: what a first friendly reminder may wait for."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.facts import Facts
from models.positions import positions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WINDOW_DAYS = 365

MADE = ("sent", "reached")
"""Contacts that the debtor has heard."""


def payment_habits(closings: pd.DataFrame, facts: Facts, day: date) -> pd.DataFrame:
    """Return how late each debtor lately paid without being reminded, indexed by customer_id and sorted.

    `closings`: invoice_id, customer_id, settled_on, known_on, how, reopened_known_on; `facts` cut to what was
    known before `day`. Counted are the `own_payments` known in the 365 days before `day` of invoices about
    which no reminder was made by the day they were settled (see `reminded`): what a reminder did is no habit.
    Columns: settled_invoices_365d, median_days_late, spread_days_late (90th - 10th percentile, both
    interpolated linearly).
    """
    paid = own_payments(closings, facts.invoices, day)
    paid = paid[paid["known_on"] >= pd.Timestamp(day) - pd.Timedelta(days=WINDOW_DAYS)]
    paid = paid[~reminded(paid, facts)]
    number, quantiles, customers = late_quantiles(paid, (0.1, 0.5, 0.9))
    p10, p50, p90 = quantiles
    return pd.DataFrame(
        {"settled_invoices_365d": number, "median_days_late": p50, "spread_days_late": p90 - p10},
        index=customers,
    )


def own_payments(closings: pd.DataFrame, invoices: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the closings by payment known before `day` and not reopened before it, with days_late.

    Columns invoice_id, customer_id, due_on, settled_on, known_on, days_late, from the first due day. Direct
    debits are the creditor's own choice of day and are left out.
    """
    today = pd.Timestamp(day)
    row = positions(closings["invoice_id"], invoices["invoice_id"])
    debit = (invoices["payment_method"] == "direct_debit").to_numpy(dtype=bool, na_value=False)
    counted = (
        (closings["how"] == "paid")
        & (closings["known_on"] < today)
        & ~(closings["reopened_known_on"] < today)
        & (row >= 0)
        & ~debit[row]
    )
    due = invoices["original_due_on"].where(invoices["original_due_on"].notna(), invoices["due_on"])
    paid = closings.loc[counted, ["invoice_id", "customer_id", "settled_on", "known_on"]]
    paid = paid.assign(due_on=due.to_numpy()[row[counted]]).reset_index(drop=True)
    return paid.assign(days_late=(paid["settled_on"] - paid["due_on"]).dt.days.astype("int64"))


def reminded(payments: pd.DataFrame, facts: Facts) -> npt.NDArray[np.bool_]:
    """Return whether the debtor was reminded of each paid invoice by the day it was settled.

    Either a contact made (sent, reached) names the invoice, or it names none and fell while the invoice was
    open and past due, or the ledger has a dunning level for it; a level without a day counts as reached then.
    """
    contacts = facts.contact_history
    made = contacts[contacts["status"].isin(MADE)]
    named = (made["invoice_id"].notna() & (made["invoice_id"] != "")).to_numpy(dtype=bool)
    row = positions(facts.invoices["invoice_id"], payments["invoice_id"])
    dunned = facts.invoices.loc[row >= 0, ["dunning_level", "last_dunned_on"]].set_axis(row[row >= 0])
    dunned = dunned.reindex(np.arange(len(payments)))
    dunned_on = _days_of(dunned["last_dunned_on"])
    undated = dunned_on.isna() & (dunned["dunning_level"].fillna(0) > 0)
    about = positions(made.loc[named, "invoice_id"], payments["invoice_id"])
    first_named = _days_of(made.loc[named, "contacted_on"]).groupby(about).min()
    settled = payments["settled_on"].to_numpy()
    by_then = (dunned_on <= settled) | (first_named.reindex(dunned.index) <= settled)
    by_then |= _first_after(payments, made[~named]).to_numpy() <= settled
    return np.asarray(by_then | undated, dtype=bool)


def _first_after(payments: pd.DataFrame, general: pd.DataFrame) -> pd.Series:
    """Day of the first of these contacts with the debtor of each payment after its due day; NaT for none."""
    customers = payments["customer_id"].drop_duplicates()
    due = pd.DataFrame(
        {
            "debtor": positions(payments["customer_id"], customers),
            "due_on": _days_of(payments["due_on"]),
            "row": np.arange(len(payments)),
        }
    )
    heard = pd.DataFrame(
        {
            "debtor": positions(general["customer_id"], customers),
            "heard_on": _days_of(general["contacted_on"]),
        }
    )
    found = pd.merge_asof(
        due.sort_values("due_on"),
        heard.sort_values("heard_on"),
        left_on="due_on",
        right_on="heard_on",
        by="debtor",
        direction="forward",
        allow_exact_matches=False,
    )
    return found.set_index("row")["heard_on"].sort_index()


def _days_of(column: pd.Series) -> pd.Series:
    """The column as days of one resolution, which differs between tables."""
    return column.astype("datetime64[s]")


def late_quantiles(payments: pd.DataFrame, shares: tuple[float, ...]) -> tuple[Ints, list[Floats], pd.Index]:
    """Return per debtor the number of payments and these quantiles of days_late, and the debtors, sorted."""
    late = payments["days_late"].to_numpy(dtype=np.float64)
    debtor, customers = pd.factorize(payments["customer_id"], sort=True)
    ordered: Floats = np.asarray(late[np.lexsort([late, debtor])], dtype=np.float64)
    number = np.bincount(debtor, minlength=len(customers))
    first = np.cumsum(number) - number
    quantiles = [_quantiles(ordered, first, number, share) for share in shares]
    return number, quantiles, pd.Index(customers, name="customer_id", dtype="str")


def _quantiles(ordered: Floats, first: Ints, number: Ints, share: float) -> Floats:
    """Linear quantile of each group of an array that is ordered inside its groups."""
    position = share * (number - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, number - 1)
    low, high = ordered[first + below], ordered[first + above]
    return np.asarray(low + (high - low) * (position - below))
