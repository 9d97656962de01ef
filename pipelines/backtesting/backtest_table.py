"""How the predictions of a backtest are written: days instead of waits, with the item's own facts."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from features.contracts import Column, Table
from features.contracts.output import CURRENCY, CUSTOMER, INVOICE, RUN_COLUMNS
from models.evaluation.evaluate import MODEL
from models.scorer import CLASSES, QUANTILES
from pipelines.runs.arrow_tables import to_arrow

PREDICTIONS = Table(
    "backtest",
    "invoice x landmark x model",
    ("invoice_id", "landmark", "model"),
    (
        INVOICE,
        CUSTOMER,
        Column("cutoff", "day", "the model learned from what was known before this day", required=True),
        Column("landmark", "text", "moment in the life of the invoice", required=True),
        Column("predicted_on", "day", "day of that moment; features as known before it", required=True),
        Column("model", "text", "payment_time or a baseline", required=True),
        Column("source", "text", "what predicts", choices=("model", "rule", "baseline"), required=True),
        CURRENCY,
        Column("amount", "money", "original amount, in the row's currency", required=True),
        Column("due_on", "day", "day due at issue, from which lateness counts", required=True),
        Column("p_late", "share", "as in the predictions of a run; empty where the model gives none"),
        *(Column(name, "share", "as in the predictions of a run") for name in CLASSES),
        *(
            Column(wait.replace("days_until", "paid_on"), "day", "as in the predictions of a run")
            for wait in QUANTILES
        ),
    ),
)


def prediction_table(said: pd.DataFrame, became: pd.DataFrame, invoices: pd.DataFrame) -> pa.Table:
    """Return predictions as `predict_all` gives them in the form of PREDICTIONS, sorted by its key."""
    points = became[["invoice_id", "landmark", "due_on"]]
    items = invoices[["invoice_id", "currency", "amount_minor"]]
    rows = said.merge(points, on=["invoice_id", "landmark"]).merge(items, on="invoice_id")
    rows["source"] = rows["model"].map({MODEL: "model", "rule": "rule"}).fillna("baseline")
    for wait in QUANTILES:
        day = rows["predicted_on"] + pd.to_timedelta(rows[wait], unit="D")
        rows[wait.replace("days_until", "paid_on")] = day.astype("datetime64[s]")
    inside = [column.inside for column in PREDICTIONS.columns]
    run = dict.fromkeys(column.name for column in RUN_COLUMNS)
    return to_arrow(PREDICTIONS, rows[inside], run).drop_columns(list(run))
