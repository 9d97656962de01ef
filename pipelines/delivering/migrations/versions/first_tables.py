"""The tables of contract 1.2, one row per row of a run, and a view of each for the newest day.

No foreign key to `runs`: its check of every row would make a delivery two to three times as long, and the
transaction that writes a run's rows writes its line in `runs` too.
"""

from __future__ import annotations

from alembic import op

revision = "1"
down_revision = None

RUNS = """
create table runs (
    run_id text primary key,
    as_of date not null,
    created_at timestamptz not null,
    schema_version text not null,
    fingerprint text not null,
    delivered_at timestamptz not null default now()
)
"""

CURRENT_RUN = """
create view current_run as
select * from runs order by as_of desc, created_at desc, run_id collate "C" desc limit 1
"""

RUN_COLUMNS = """
    run_id text not null,
    as_of date not null,
    schema_version text not null,
"""

TABLES = {
    "segments": """
        "customer_id" text not null,
        "segment" text not null,
        "scheme" text,
        "model_segment" text,
        "source" text not null,
        "rule" text,
        "reason" text not null,
        "previous_segment" text,
        "moved" boolean not null,
        "moved_because" text,
        "across_since" date,
        "confidence" double precision,
        "potential_a" boolean,
        "provisional_segment" text,
        "expected_late_share" double precision,
        "expected_late_share_p10" double precision,
        "expected_late_share_p90" double precision,
        "value_class" text,
        "risk" text,
        "model_version" text
    """,
    "debtors": """
        "customer_id" text not null,
        "company_code" text,
        "currency" text not null,
        "open_amount" numeric(18,3) not null,
        "overdue_amount" numeric(18,3) not null,
        "net_overdue_amount" numeric(18,3) not null,
        "expected_on_time_amount" numeric(18,3) not null,
        "expected_1_30_amount" numeric(18,3) not null,
        "expected_31_60_amount" numeric(18,3) not null,
        "expected_61_90_amount" numeric(18,3) not null,
        "expected_over_90_amount" numeric(18,3) not null,
        "oldest_days_past_due" bigint,
        "blocked_by" text
    """,
    "predictions": """
        "invoice_id" text not null,
        "customer_id" text not null,
        "company_code" text,
        "issued_on" date not null,
        "due_on" date not null,
        "currency" text not null,
        "amount" numeric(18,3) not null,
        "open_amount" numeric(18,3) not null,
        "days_past_due" bigint not null,
        "p_late" double precision not null,
        "p_on_time" double precision not null,
        "p_1_30" double precision not null,
        "p_31_60" double precision not null,
        "p_61_90" double precision not null,
        "p_over_90" double precision not null,
        "paid_on_p10" date,
        "paid_on_p50" date,
        "paid_on_p90" date,
        "source" text not null,
        "reasons" text,
        "model_version" text
    """,
    "reminders": """
        "invoice_id" text not null,
        "customer_id" text not null,
        "segment" text not null,
        "strategy" text not null,
        "step" text,
        "send_on" date,
        "timing" text,
        "assumed" boolean not null,
        "reason" text not null,
        "action_id" text
    """,
    "actions": """
        "action_id" text not null,
        "change" text not null,
        "status" text not null,
        "blocked_by" text,
        "customer_id" text not null,
        "company_code" text,
        "recipient_id" text,
        "collector" text,
        "step" text not null,
        "dunning_level_after" bigint not null,
        "channel" text not null,
        "tone" text,
        "language" text,
        "template" text not null,
        "send_on" date not null,
        "valid_until" date not null,
        "currency" text not null,
        "overdue_amount" numeric(18,3) not null,
        "net_overdue_amount" numeric(18,3) not null,
        "adverse" boolean not null,
        "approved_by" text,
        "approved_on" date,
        "approval_reason" text,
        "reason" text not null,
        "arm" text,
        "propensity" double precision
    """,
    "worklist": """
        "collector" text,
        "rank" bigint not null,
        "reached" boolean not null,
        "customer_id" text not null,
        "company_code" text,
        "currency" text not null,
        "action_id" text,
        "cause" text not null,
        "why" text not null,
        "suggested_approach" text not null,
        "open_amount" numeric(18,3) not null,
        "overdue_amount" numeric(18,3) not null,
        "oldest_days_past_due" bigint,
        "promised_for" date,
        "last_contact_on" date,
        "language" text,
        "expected_value" numeric(18,3) not null
    """,
    "tasks": """
        "task_id" text not null,
        "task" text not null,
        "customer_id" text not null,
        "company_code" text,
        "invoice_id" text,
        "currency" text,
        "amount" numeric(18,3),
        "words" text not null
    """,
    "treatments": """
        "customer_id" text not null,
        "segment" text not null,
        "line" bigint not null,
        "strategy" text not null,
        "timing" text not null,
        "legal_kind" text not null,
        "currency" text not null,
        "payment_term_days" bigint,
        "discount_percent" double precision,
        "discount_days" bigint,
        "late_fee" numeric(18,3),
        "interest_percent" double precision,
        "interest_source" text,
        "credit" text not null,
        "credit_limit" numeric(18,3),
        "instalments" bigint,
        "delivery" text,
        "terms" text,
        "adverse" boolean not null,
        "status" text not null,
        "action_id" text,
        "approved_by" text,
        "approved_on" date,
        "approval_reason" text
    """,
    "reminder_shifts": """
        "customer_id" text not null,
        "shift_days" bigint not null,
        "baseline_days_late" double precision not null,
        "activated_on" date not null,
        "expires_on" date not null,
        "settled_since" bigint not null,
        "days_late_since" double precision,
        "sliding" boolean not null
    """,
    "cash_forecast": """
        "period" text not null,
        "starts_on" date not null,
        "currency" text not null,
        "expected_amount" numeric(18,3) not null,
        "p10_amount" numeric(18,3) not null,
        "p90_amount" numeric(18,3) not null,
        "overdue_amount" numeric(18,3) not null,
        "not_issued_amount" numeric(18,3) not null,
        "corrected" boolean not null
    """,
    "classes": """
        "customer_id" text not null,
        "scheme" text not null,
        "class" text,
        "fell_through" boolean
    """,
    "risks": """
        "customer_id" text not null,
        "currency" text,
        "risk" text not null,
        "reason" text not null,
        "own_score" double precision,
        "own_risk" text,
        "external_score" double precision,
        "external_risk" text,
        "external_scores" text,
        "disagreement" boolean not null,
        "exposure" numeric(18,3),
        "credit_limit" numeric(18,3),
        "insured_limit" numeric(18,3),
        "over_credit_limit" boolean,
        "uninsured_amount" numeric(18,3)
    """,
    "delay_tactics": """
        "customer_id" text not null,
        "tactic" text not null,
        "times" bigint not null,
        "invoices" bigint not null,
        "last_on" date not null,
        "chronic" boolean not null
    """,
    "segment_profiles": """
        "segment" text not null,
        "currency" text not null,
        "debtors" bigint not null,
        "share_of_debtors" double precision not null,
        "mean_days_late" double precision,
        "late_share" double precision,
        "revenue" numeric(18,3) not null,
        "share_of_revenue" double precision,
        "open_amount" numeric(18,3) not null,
        "overdue_amount" numeric(18,3) not null,
        "contacts" bigint,
        "contacts_per_1000_revenue" double precision,
        "late_rate" double precision,
        "late_rate_low" double precision,
        "late_rate_high" double precision,
        "judged_invoices" bigint,
        "potential_a" bigint,
        "words" text
    """,
    "migrations": """
        "previous_segment" text,
        "segment" text not null,
        "debtors" bigint not null
    """,
    "account_reviews": """
        "customer_id" text not null,
        "account_manager" text,
        "from_segment" text,
        "to_segment" text not null,
        "direction" text not null,
        "why" text not null
    """,
    "portfolio": """
        "company_code" text,
        "currency" text not null,
        "open_invoices" bigint not null,
        "open_amount" numeric(18,3) not null,
        "overdue_amount" numeric(18,3) not null,
        "due_1_30_amount" numeric(18,3) not null,
        "due_31_60_amount" numeric(18,3) not null,
        "due_61_90_amount" numeric(18,3) not null,
        "due_over_90_amount" numeric(18,3) not null,
        "expected_late_amount" numeric(18,3) not null,
        "dormant_amount" numeric(18,3) not null
    """,
    "rejected": """
        "table" text not null,
        "row" bigint not null,
        "key" text,
        "reason" text not null
    """,
}


def upgrade() -> None:
    """Make every table, its index and its view, in the schema that the search path names."""
    op.execute(RUNS)
    op.execute(CURRENT_RUN)
    for name, columns in TABLES.items():
        op.execute(f"create table {name} ({RUN_COLUMNS}{columns})")
        op.execute(f"create index on {name} (run_id)")
        op.execute(
            f"create view current_{name} as "
            f"select * from {name} where run_id = (select run_id from current_run)"
        )
