"""Segments of debtors: fitted on what was known on a day, and asked about any later point."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from features.books import Books
from features.errors import ModelError
from features.ledger import Ledger
from features.payment_history import debtor_features
from models.facts import customers_on
from models.scorer import assign_segments
from models.segmenter import DebtorSegmenter
from pipelines.settings import Settings


def fit_segments(
    ledger: Ledger, books: Books, day: date, settings: Settings
) -> tuple[DebtorSegmenter, pd.DataFrame]:
    """Return the segments fitted on the day, and the debtors' figures they were fitted on.

    One-time and intercompany accounts are left out: their history is not that of one debtor. Raises
    ModelError where nobody has paid yet.
    """
    customers = customers_on(ledger.customers, day)
    not_one_debtor = customers.index[customers["type"].isin(["one_time", "intercompany"])]
    known = ledger.invoices.loc[ledger.invoices["known_on"] < pd.Timestamp(day), "customer_id"]
    debtors = pd.DataFrame({"customer_id": pd.Series(sorted(set(known) - set(not_one_debtor)), dtype="str")})
    figures = debtor_features(
        books,
        debtors.assign(day=pd.Timestamp(day)),
        late_after_days=settings.late_after_days,
        workers=settings.workers,
    ).set_axis(pd.Index(debtors["customer_id"], name="customer_id"))
    return DebtorSegmenter(clusters=settings.segments.clusters, seed=settings.seed).fit(figures), figures


def segments_at(
    ledger: Ledger, books: Books, rows: pd.DataFrame, cutoff: date, settings: Settings
) -> pd.Series:
    """Return the segment of each point's debtor by its own figures, in the segments of the cutoff.

    NEW before enough invoices matured; empty where no segments could be fitted.
    """
    try:
        model, _ = fit_segments(ledger, books, cutoff, settings)
    except ModelError:
        return pd.Series(None, index=rows.index, dtype="str")
    segment = assign_segments(model.parameters_, rows)["model_segment"]
    is_new = rows["matured_invoices"].to_numpy(np.float64) < settings.segments.new_until_matured
    return segment.mask(is_new, "NEW")
