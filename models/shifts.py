"""Which debtors' first friendly reminder waits for their habit, since when, and whether payment slides along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from models.facts import Facts


def shifts(
    habits: pd.DataFrame,
    previous: pd.DataFrame | None,
    closings: pd.DataFrame,
    facts: Facts,
    guards: Mapping[str, Any],
    *,
    day: date,
) -> pd.DataFrame:
    """Return the table REMINDER_SHIFTS: one row per debtor with a shift, sorted by customer_id."""
    raise NotImplementedError


def sliding_warnings(shifts: pd.DataFrame) -> list[str]:
    """Return words for the run's warnings when payment slides along with the shifted reminders."""
    raise NotImplementedError
