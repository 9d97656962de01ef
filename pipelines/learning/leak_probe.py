"""Whether a feature knows the future: the same points again, on the ledger as it stood on their own day."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.ledger import Ledger, known_before
from pipelines.learning.folds import rows_at
from pipelines.reading import books_of
from pipelines.settings import Settings

DAYS = 2
POINTS_PER_DAY = 500


def probe_leaks(
    ledger: Ledger, points: pd.DataFrame, rows: pd.DataFrame, settings: Settings
) -> dict[str, Any]:
    """Return how many points were computed again, how many came out otherwise, and in which features.

    Days are those with most points. A point on the day its own invoice became known is left out: the
    ledger cut on that day does not hold the invoice.
    """
    known = ledger.invoices.set_index("invoice_id")["known_on"]
    later = points[points["day"] > points["invoice_id"].map(known)]
    busiest = later["day"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    found: dict[str, Any] = {"points": 0, "changed": 0, "features": []}
    leaking: set[str] = set()
    for day in busiest.index[:DAYS]:
        some = later[later["day"] == day].head(POINTS_PER_DAY)
        then = rows_at(books_of(known_before(ledger, day.date()), settings), some, settings)
        now = rows.loc[some.index]
        differs = ~((then == now) | (then.isna() & now.isna()))
        found["points"] += len(some)
        found["changed"] += int(differs.any(axis=1).sum())
        leaking |= set(differs.columns[differs.any()])
    return found | {"features": sorted(leaking)}
