"""The tables that contract 1.3 adds: portfolio figures, who the debtors are, and what they did."""

from __future__ import annotations

from alembic import op

revision = "2"
down_revision = "1"

RUN_COLUMNS = """
    run_id text not null,
    as_of date not null,
    schema_version text not null,
"""

TABLES = {
    "portfolio_figures": """
        "company_code" text,
        "currency" text not null,
        "beginning_receivables" numeric(18,3) not null,
        "sales" numeric(18,3) not null,
        "receipts" numeric(18,3) not null,
        "credits" numeric(18,3) not null,
        "write_offs" numeric(18,3) not null,
        "allowances" numeric(18,3) not null,
        "settlement_differences" numeric(18,3) not null,
        "ending_receivables" numeric(18,3) not null,
        "current_amount" numeric(18,3) not null,
        "due_1_30_amount" numeric(18,3) not null,
        "due_31_60_amount" numeric(18,3) not null,
        "due_61_90_amount" numeric(18,3) not null,
        "due_over_90_amount" numeric(18,3) not null,
        "dso_days" double precision,
        "best_possible_dso_days" double precision,
        "average_days_delinquent" double precision,
        "collection_effectiveness_index_percent" double precision,
        "countback_dso_days" double precision,
        "weighted_days_beyond_terms_signed" double precision,
        "weighted_days_beyond_terms_clamped" double precision,
        "weighted_average_days_to_pay" double precision
    """,
    "debtor_profiles": """
        "customer_id" text not null,
        "name" text,
        "country" text,
        "language" text,
        "sector" text,
        "size" text,
        "legal_kind" text,
        "since" date,
        "invoices_issued" bigint,
        "settled_invoices" bigint,
        "matured_invoices" bigint,
        "mean_days_late_365d" double precision,
        "median_days_late_last_5" double precision,
        "worst_days_late" double precision,
        "late_share_365d" double precision,
        "late_share_last_5" double precision,
        "on_time_streak" bigint,
        "days_since_last_payment" double precision,
        "disputes_opened_365d" bigint,
        "reversals_365d" bigint
    """,
    "payment_events": """
        "customer_id" text not null,
        "happened_on" date not null,
        "event" text not null,
        "invoice_id" text,
        "currency" text,
        "amount" numeric(18,3),
        "days_late" bigint,
        "words" text
    """,
}


def upgrade() -> None:
    """Make each table, its index and its view; those that are there stay as they are."""
    for name, columns in TABLES.items():
        op.execute(f"create table {name} ({RUN_COLUMNS}{columns})")
        op.execute(f"create index on {name} (run_id)")
        op.execute(
            f"create view current_{name} as "
            f"select * from {name} where run_id = (select run_id from current_run)"
        )
