"""The tables of a published run about what is owed: when it is paid, what to do, what was left out."""

from features.contracts.columns import Column, Table
from features.contracts.output_columns import (
    COMPANY,
    CURRENCY,
    CUSTOMER,
    INVOICE,
    MODEL_VERSION,
    SEGMENT,
    money,
)

DEBTORS = Table(
    "debtors",
    "debtor and currency",
    ("customer_id", "company_code", "currency"),
    (
        CUSTOMER,
        COMPANY,
        CURRENCY,
        money("open_amount", "open items, credit notes not subtracted"),
        money("overdue_amount", "open items past due"),
        money("net_overdue_amount", "overdue less credit notes, unapplied cash, money in transit"),
        money("expected_on_time_amount", "sum of open amount x probability of on time"),
        money("expected_1_30_amount", "same for 1-30 days late"),
        money("expected_31_60_amount", "same for 31-60 days late"),
        money("expected_61_90_amount", "same for 61-90 days late"),
        money("expected_over_90_amount", "same for more than 90 days late"),
        Column("oldest_days_past_due", "days", "days past due of the oldest open item"),
        Column("blocked_by", "text", "why the debtor must not be contacted now; empty when free"),
    ),
)

PREDICTIONS = Table(
    "predictions",
    "open invoice",
    ("invoice_id",),
    (
        INVOICE,
        CUSTOMER,
        COMPANY,
        Column("issued_on", "day", "day of issue", required=True),
        Column("due_on", "day", "day due", required=True),
        CURRENCY,
        money("amount", "original amount"),
        money("open_amount", "amount still open"),
        Column("days_past_due", "days", "as_of - due_on; negative before due", required=True),
        Column("p_late", "share", "probability of settling after due + late_after_days", required=True),
        Column("p_on_time", "share", "probability of settling by the due day", required=True),
        Column("p_1_30", "share", "probability of 1-30 days late", required=True),
        Column("p_31_60", "share", "probability of 31-60 days late", required=True),
        Column("p_61_90", "share", "probability of 61-90 days late", required=True),
        Column("p_over_90", "share", "probability of more than 90 days late or never", required=True),
        Column("paid_on_p10", "day", "first day by which it is paid with probability 10 %"),
        Column("paid_on_p50", "day", "first day by which it is paid with probability 50 %"),
        Column("paid_on_p90", "day", "first day by which it is paid with probability 90 %"),
        Column("source", "text", "who predicted", required=True, choices=("model", "rule")),
        Column("reasons", "text", "what the debtor's history says, in words and figures"),
        MODEL_VERSION,
    ),
)

REMINDERS = Table(
    "reminders",
    "open invoice, exactly one row",
    ("invoice_id",),
    (
        INVOICE,
        CUSTOMER,
        SEGMENT,
        Column("strategy", "text", "collection strategy of the debtor", required=True),
        Column("step", "text", "step of the collection strategy; empty when none"),
        Column("send_on", "day", "working day of the reminder; empty when none"),
        Column(
            "timing",
            "text",
            "what set the day; empty when none",
            choices=("fixed", "shifted", "optimal", "event", "experiment"),
        ),
        Column("assumed", "flag", "steps before it are taken as done: no contact history", required=True),
        Column("reason", "text", "why this day, or why none", required=True),
        Column("action_id", "id", "the action that carries it; empty when none"),
    ),
)

ACTIONS = Table(
    "actions",
    "one contact, bundling the invoices of a recipient",
    ("action_id",),
    (
        Column("action_id", "id", "stays the same while the action is the same", required=True),
        Column(
            "change",
            "text",
            "against the previous run",
            required=True,
            choices=("new", "unchanged", "moved", "withdrawn"),
        ),
        Column(
            "status",
            "text",
            "only proposed ones may be sent",
            required=True,
            choices=("proposed", "needs_approval", "blocked", "waiting_for_bank"),
        ),
        Column("blocked_by", "text", "what blocks it"),
        Column("customer_id", "id", "the debtor that is written to: the dunning recipient", required=True),
        COMPANY,
        Column("recipient_id", "id", "the contact person, where known"),
        Column("collector", "id", "who makes it, a collector or an account manager, where known"),
        Column("step", "text", "step of the collection strategy", required=True),
        Column("dunning_level_after", "count", "dunning level once it is sent", required=True),
        Column("channel", "text", "how", required=True),
        Column(
            "tone",
            "text",
            "how it speaks; empty where contract 1.1 planned it",
            choices=("friendly", "firm", "formal"),
        ),
        Column("language", "text", "ISO 639-1 code; empty where contract 1.1 did not know it"),
        Column("template", "text", "message template; a call has a text of its own", required=True),
        Column("send_on", "day", "working day to send it", required=True),
        Column("valid_until", "day", "last day it may be sent", required=True),
        CURRENCY,
        money("overdue_amount", "overdue on the day to send, items of this action"),
        money(
            "net_overdue_amount",
            "the debtor's net overdue amount on the day to send, as known on the run day",
        ),
        Column("adverse", "flag", "harms the debtor, so a person must approve", required=True),
        Column("approved_by", "text", "who approved or refused it"),
        Column("approved_on", "day", "when"),
        Column("approval_reason", "text", "why"),
        Column("reason", "text", "why", required=True),
        Column("arm", "text", "experiment/arm; empty outside one"),
        Column("propensity", "share", "probability of that arm"),
    ),
)

PORTFOLIO = Table(
    "portfolio",
    "company code and currency",
    ("company_code", "currency"),
    (
        COMPANY,
        CURRENCY,
        Column("open_invoices", "count", "open items", required=True),
        money("open_amount", "open items"),
        money("overdue_amount", "open items past due"),
        money("due_1_30_amount", "1-30 days past due"),
        money("due_31_60_amount", "31-60 days past due"),
        money("due_61_90_amount", "61-90 days past due"),
        money("due_over_90_amount", "more than 90 days past due"),
        money("expected_late_amount", "sum of open amount x p_late"),
        money("dormant_amount", "residuals without movement, outside predictions"),
    ),
)

REJECTED = Table(
    "rejected",
    "rejected row of the ledger",
    (),
    (
        Column("table", "text", "table of the ledger", required=True),
        Column("row", "count", "row in the source, the first data row is 1", required=True),
        Column("key", "text", "the row's key as read"),
        Column("reason", "text", "why it was rejected", required=True),
    ),
)
