"""How late a debtor pays as a habit: what a first friendly reminder may wait for."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.facts import Facts

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
    paid = closings[
        (closings["how"] == "paid")
        & (closings["known_on"] < today)
        & ~(closings["reopened_known_on"] < today)
    ]
    due = invoices["original_due_on"].where(invoices["original_due_on"].notna(), invoices["due_on"])
    items = pd.DataFrame({"invoice_id": invoices["invoice_id"], "due_on": due})
    columns = ["invoice_id", "customer_id", "settled_on", "known_on"]
    paid = paid[columns].merge(items[invoices["payment_method"] != "direct_debit"], on="invoice_id")
    return paid.assign(days_late=(paid["settled_on"] - paid["due_on"]).dt.days.astype("int64"))


def reminded(payments: pd.DataFrame, facts: Facts) -> npt.NDArray[np.bool_]:
    """Return whether the debtor was reminded of each paid invoice by the day it was settled.

    Either a contact made (sent, reached) names the invoice, or it names none and fell while the invoice was
    open and past due, or the ledger has a dunning level for it; a level without a day counts as reached then.
    """
    contacts = facts.contact_history
    made = contacts[contacts["status"].isin(MADE)]
    named = made["invoice_id"].notna() & (made["invoice_id"] != "")
    settled = payments["settled_on"]
    first_named = made[named].groupby("invoice_id")["contacted_on"].min()
    by_name = payments["invoice_id"].map(first_named) <= settled
    general = made.loc[~named, ["customer_id", "contacted_on"]].sort_values("contacted_on")
    found = pd.merge_asof(
        payments[["customer_id", "due_on"]].assign(row=np.arange(len(payments))).sort_values("due_on"),
        general.rename(columns={"contacted_on": "heard_on"}),
        left_on="due_on",
        right_on="heard_on",
        by="customer_id",
        direction="forward",
        allow_exact_matches=False,
    )
    heard_on = found.set_index("row")["heard_on"].sort_index().to_numpy()
    items = facts.invoices.set_index("invoice_id")
    dunned_on = payments["invoice_id"].map(items["last_dunned_on"])
    level = payments["invoice_id"].map(items["dunning_level"]).fillna(0)
    dunned = (dunned_on <= settled) | (dunned_on.isna() & (level > 0))
    return np.asarray(by_name | (heard_on <= settled) | dunned, dtype=bool)


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
