"""Segments of debtors: fitted on what was known on a day, and asked about any later point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.books import Books
from features.errors import ModelError
from features.ledger import Ledger
from features.payment_history import debtor_features
from models.facts import customers_on
from models.scorer import assign_segments
from models.segments.segmenter import DebtorSegmenter
from pipelines.settings import Settings

STRATA = 4
"""Segments by which an evaluation is divided, where their number is not configured."""


def fit_segments(
    ledger: Ledger,
    books: Books,
    day: date,
    settings: Settings,
    *,
    clusters: int | None = None,
    previous: Mapping[str, Any] | None = None,
    anew: bool = False,
) -> tuple[DebtorSegmenter, pd.DataFrame]:
    """Return the segments fitted on the day, and the debtors' figures they were fitted on.

    `clusters`: how many, before what is configured. `previous`: the segments that these continue,
    in number too unless their number is chosen `anew`. Left out are new debtors, who are in a segment of
    their own, and one-time and intercompany accounts, whose history is not that of one debtor. Raises
    ModelError where nobody is left or nobody has paid yet.
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
    segmenter = DebtorSegmenter(
        clusters or settings.segments.clusters,
        max_clusters=settings.segments.max_clusters,
        previous=previous,
        keep_number=not anew,
        seed=settings.seed,
    )
    established = figures["matured_invoices"] >= settings.segments.new_until_matured
    if not established.any():
        raise ModelError(
            f"no debtor has {settings.segments.new_until_matured} matured invoices yet, so all are new"
        )
    return segmenter.fit(figures[established]), figures[established]


def segments_at(
    ledger: Ledger, books: Books, rows: pd.DataFrame, cutoff: date, settings: Settings
) -> pd.Series:
    """Return the segment of each point's debtor by its own figures, in the segments of the cutoff.

    NEW before enough invoices matured; empty where no segments could be fitted. As many segments as are
    configured, else STRATA.
    """
    clusters = settings.segments.clusters or STRATA
    try:
        model, _ = fit_segments(ledger, books, cutoff, settings, clusters=clusters)
    except ModelError:
        return pd.Series(None, index=rows.index, dtype="str")
    segment = assign_segments(model.parameters_, rows)["model_segment"]
    is_new = rows["matured_invoices"].to_numpy(np.float64) < settings.segments.new_until_matured
    return segment.mask(is_new, "NEW")
