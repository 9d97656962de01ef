"""Small tables of predictions and outcomes for the tests of evaluation and gate."""

import numpy as np
import pandas as pd

from models.scorer import PREDICTION

DUE = pd.Timestamp("2024-01-31")
COLUMNS = list(PREDICTION)


def outcome_rows(*rows: tuple[str, str, int, float, str, int]) -> pd.DataFrame:
    """Rows (invoice, landmark, days past due, days late, ended, days late up to which it is decided)."""
    table = pd.DataFrame(
        rows, columns=["invoice_id", "landmark", "days_past_due", "days_late", "ended", "decided"]
    )
    decided = DUE + pd.to_timedelta(table.pop("decided"), unit="D")
    return table.assign(due_on=DUE, event=table["ended"] == "paid", decided_until=decided)


def predicted(outcomes: pd.DataFrame, model: str, customers=None, **columns) -> pd.DataFrame:
    """Predictions of one model for each outcome; what is not given is empty."""
    keys = outcomes[["invoice_id", "landmark"]].assign(
        customer_id=outcomes["invoice_id"] if customers is None else customers,
        cutoff=pd.Timestamp("2024-01-01"),
        predicted_on=outcomes["due_on"] + pd.to_timedelta(outcomes["days_past_due"], unit="D"),
        model=model,
    )
    return keys.assign(**{name: columns.get(name, np.nan) for name in COLUMNS})


def portfolio(debtors: int = 150, invoices: int = 4, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Outcomes at issue of debtors with their own late probability, and that probability per row."""
    rng = np.random.default_rng(seed)
    probability = np.repeat(rng.beta(1.2, 1.8, debtors), invoices)
    late = rng.random(len(probability)) < probability
    days_late = np.where(late, rng.integers(1, 60, len(late)), -rng.integers(0, 20, len(late)))
    rows = [(f"i{n}", "issue", -30, float(days), "paid", 300) for n, days in enumerate(days_late)]
    return outcome_rows(*rows), probability


def debtor_of(outcomes: pd.DataFrame, invoices: int = 4) -> pd.Series:
    """The debtor of each row of a portfolio."""
    return "c" + (outcomes["invoice_id"].str[1:].astype(int) // invoices).astype(str)
