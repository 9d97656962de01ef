"""What would change a debtor's segment or its next step, in sentences that follow from the run's tables."""

from __future__ import annotations

from datetime import date

import pandas as pd

from pipelines.page.rows import Row


def what_would_change(
    segment: Row, profile: Row, balances: list[Row], actions: list[Row], profiles: pd.DataFrame, as_of: date
) -> list[str]:
    """Return English sentences, the segment first, then blocks, then the next step."""
    return []
