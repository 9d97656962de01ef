"""What happened to each point of an evaluation, and which outcomes of it are decided."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.evaluation.metrics import Flags, Ints
from models.scorer import CLASS_BORDERS

CLASS_LIMIT = CLASS_BORDERS[-1]
"""Days late after which the class of an invoice is decided."""


@dataclass(frozen=True)
class Truth:
    """What happened to each point, as arrays in one order."""

    customer: pd.Series
    """the debtor"""
    invoice: Ints
    past: Ints
    """days past due on the row's day"""
    days_late: Ints
    event: Flags
    decided: Ints
    """days late up to which it is known whether the item was paid"""
    still_open: Flags
    """open at the end of the ledger, so that the rest may yet be decided"""
    late_after_days: int

    @property
    def late(self) -> Flags:
        """Whether it was paid late, where that is decided."""
        happened: Flags = (self.days_late > self.late_after_days) | ~self.event
        return happened

    @property
    def late_judged(self) -> Flags:
        """Whether the row may still turn out either way, and it is known which."""
        judged: Flags = (self.past <= self.late_after_days) & (self.decided >= self.late_after_days)
        return judged

    @property
    def dates_judged(self) -> Flags:
        """Whether the row is judged by its payment day: up to due, and followed to due + 90."""
        judged: Flags = (self.past <= self.late_after_days) & (self.decided >= CLASS_LIMIT)
        return judged

    def take(self, mask: Flags) -> Truth:
        """Return some of the points."""
        arrays = ("customer", "invoice", "past", "days_late", "event", "decided", "still_open")
        return replace(self, **{name: getattr(self, name)[mask] for name in arrays})

    def invoices(self, mask: Flags) -> int:
        """Return how many invoices these points are about."""
        return len(np.unique(self.invoice[mask]))
