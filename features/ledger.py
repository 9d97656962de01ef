"""The cleaned ledger, and what of it was known before a day."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pandas as pd


@dataclass(frozen=True)
class Ledger:
    """Accepted rows of every table of the contract, with clean types.

    Each table has the columns of the contract (all of them, empty where the source has none):
    ids and text are strings, days are `datetime64[s]` at midnight, money is int64 minor units in
    `<name>_minor` (empty optional money: nullable Int64), flags are bool. Dated tables have
    `known_on` filled: the day the fact counts from, max(its day, known_on as read).
    Empty tables have the columns and no rows.
    """

    invoices: pd.DataFrame
    payments: pd.DataFrame
    customers: pd.DataFrame
    credit_scores: pd.DataFrame
    disputes: pd.DataFrame
    contact_history: pd.DataFrame
    payment_plans: pd.DataFrame
    contact_persons: pd.DataFrame
    collectors: pd.DataFrame
    orders: pd.DataFrame
    rates: pd.DataFrame
    decisions: pd.DataFrame
