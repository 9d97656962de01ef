"""The output contract: the tables of a published run."""

from features.contracts.collection_tables import CASH_FORECAST, REMINDER_SHIFTS, TASKS, TREATMENTS, WORKLIST
from features.contracts.columns import Column, Table
from features.contracts.history_tables import DEBTOR_PROFILES, PAYMENT_EVENTS, PORTFOLIO_FIGURES
from features.contracts.output_columns import CURRENCY, CUSTOMER, INVOICE
from features.contracts.segment_tables import (
    ACCOUNT_REVIEWS,
    CLASSES,
    DELAY_TACTICS,
    MIGRATIONS,
    RISK_TABLE,
    RISKS,
    SEGMENT_PROFILES,
    SEGMENTS,
)
from features.contracts.treatment_tables import ACTIONS, DEBTORS, PORTFOLIO, PREDICTIONS, REJECTED, REMINDERS

__all__ = [
    "ACCOUNT_REVIEWS",
    "ACTIONS",
    "CASH_FORECAST",
    "CLASSES",
    "CURRENCY",
    "CUSTOMER",
    "DEBTORS",
    "DEBTOR_PROFILES",
    "DELAY_TACTICS",
    "INVOICE",
    "MIGRATIONS",
    "OUTPUT_TABLES",
    "PAYMENT_EVENTS",
    "PORTFOLIO",
    "PORTFOLIO_FIGURES",
    "PREDICTIONS",
    "REJECTED",
    "REMINDERS",
    "REMINDER_SHIFTS",
    "RISKS",
    "RISK_TABLE",
    "RUN_COLUMNS",
    "SCHEMA_VERSION",
    "SEGMENTS",
    "SEGMENT_PROFILES",
    "TASKS",
    "TREATMENTS",
    "WORKLIST",
]

SCHEMA_VERSION = "1.3"
"""Changes with every change of a table named below: the number before the dot when a reader could break."""

RUN_COLUMNS = (
    Column("run_id", "id", "the run, a hash of its inputs", required=True),
    Column("as_of", "day", "only facts known strictly before this day were used", required=True),
    Column("schema_version", "text", "version of this contract", required=True),
)

OUTPUT_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        SEGMENTS,
        DEBTORS,
        PREDICTIONS,
        REMINDERS,
        ACTIONS,
        WORKLIST,
        TASKS,
        TREATMENTS,
        REMINDER_SHIFTS,
        CASH_FORECAST,
        CLASSES,
        RISK_TABLE,
        DELAY_TACTICS,
        SEGMENT_PROFILES,
        MIGRATIONS,
        ACCOUNT_REVIEWS,
        PORTFOLIO,
        PORTFOLIO_FIGURES,
        DEBTOR_PROFILES,
        PAYMENT_EVENTS,
        REJECTED,
    )
}
"""Each of them also carries RUN_COLUMNS, added on publication."""
