"""The tables of a published run for collectors and treasurers: treatment, tasks, worklist, cash."""

from features.contracts.columns import Column, Table
from features.contracts.output_columns import COMPANY, CURRENCY, CUSTOMER, SEGMENT, money

TREATMENTS = Table(
    "treatments",
    "debtor",
    ("customer_id",),
    (
        CUSTOMER,
        SEGMENT,
        Column("line", "count", "line of the policy that decides, the first is 1", required=True),
        Column("strategy", "text", "collection strategy", required=True),
        Column("timing", "text", "how its days are set", required=True),
        Column("legal_kind", "text", "business, public, consumer or unknown", required=True),
        Column("currency", "text", "ISO 4217 code of the money columns: the home currency", required=True),
        Column("payment_term_days", "count", "payment term to agree; empty = as today"),
        Column("discount_percent", "number", "early-payment discount to offer"),
        Column("discount_days", "count", "when paid within so many days of issue"),
        Column("late_fee", "money", "fee for paying late, home currency"),
        Column("interest_percent", "number", "statutory interest a year"),
        Column("interest_source", "text", "where that rate is published, and from which day it holds"),
        Column("credit", "text", "unchanged, limit, hold_until_paid or refuse", required=True),
        Column("credit_limit", "money", "limit to set, home currency"),
        Column("instalments", "count", "parts of a payment plan to offer"),
        Column("delivery", "text", "on_account or prepayment"),
        Column("terms", "text", "the terms in words; empty = as today"),
        Column("adverse", "flag", "the terms harm the debtor, so a person must approve", required=True),
        Column(
            "status",
            "text",
            "whether the terms may be used",
            required=True,
            choices=("none", "proposed", "needs_approval", "approved", "refused"),
        ),
        Column("action_id", "id", "what a decision about the terms names; stays while they are the same"),
        Column("approved_by", "text", "who approved or refused them"),
        Column("approved_on", "day", "when"),
        Column("approval_reason", "text", "why"),
    ),
)

TASKS = Table(
    "tasks",
    "something to put right",
    ("task_id",),
    (
        Column("task_id", "id", "stays the same while the task is the same", required=True),
        Column(
            "task",
            "text",
            "what is to be done",
            required=True,
            choices=("clean_up_account", "missing_address", "missing_reference"),
        ),
        CUSTOMER,
        COMPANY,
        Column("invoice_id", "id", "the item; empty = the account or the debtor"),
        Column("currency", "text", "ISO 4217 code of the amount"),
        Column("amount", "money", "what it is about"),
        Column("words", "text", "why, and what to do", required=True),
    ),
)

REMINDER_SHIFTS = Table(
    "reminder_shifts",
    "debtor whose first friendly reminder is shifted",
    ("customer_id",),
    (
        CUSTOMER,
        Column("shift_days", "count", "so many days later", required=True),
        Column("baseline_days_late", "number", "median days late when the shift began", required=True),
        Column("activated_on", "day", "the run in which it began", required=True),
        Column("expires_on", "day", "from this day on the habit is measured anew", required=True),
        Column("settled_since", "count", "invoices due and settled since it began", required=True),
        Column("days_late_since", "number", "their median days late"),
        Column("sliding", "flag", "payment slid along with the reminder: the shift ends", required=True),
    ),
)

WORKLIST = Table(
    "worklist",
    "debtor, company code and currency to be contacted by a person",
    ("customer_id", "company_code", "currency"),
    (
        Column("collector", "id", "who; empty where nobody could take it, or nobody is known"),
        Column("rank", "count", "place on the collector's list, the first is 1", required=True),
        Column("reached", "flag", "within the collector's capacity today", required=True),
        CUSTOMER,
        COMPANY,
        CURRENCY,
        Column("action_id", "id", "the action it carries out, where there is one"),
        Column(
            "cause",
            "text",
            "why it is on the list",
            required=True,
            choices=(
                "broken_promise",
                "returned_debit",
                "insolvency",
                "over_limit",
                "silence",
                "expected_value",
            ),
        ),
        Column("why", "text", "the reason in words and figures", required=True),
        Column("suggested_approach", "text", "what to do", required=True),
        money("open_amount", "open items"),
        money("overdue_amount", "open items past due"),
        Column("oldest_days_past_due", "days", "days past due of the oldest open item"),
        Column("promised_for", "day", "the newest promise"),
        Column("last_contact_on", "day", "last contact made"),
        Column("language", "text", "ISO 639-1 code"),
        money("expected_value", "what the contact is worth, less its cost"),
    ),
)

CASH_FORECAST = Table(
    "cash_forecast",
    "day or week, and currency",
    ("period", "starts_on", "currency"),
    (
        Column("period", "text", "a week is from Monday", required=True, choices=("day", "week")),
        Column(
            "starts_on", "day", "the day, or the Monday; of the first week only what is left", required=True
        ),
        CURRENCY,
        money("expected_amount", "expected from open items"),
        money("p10_amount", "less than this with probability 10 %"),
        money("p90_amount", "less than this with probability 90 %"),
        money("overdue_amount", "of the expected amount, from items past due on the run day"),
        money("not_issued_amount", "expected from invoices not yet issued, not part of the others"),
        Column("corrected", "flag", "corrected on the errors of past forecasts", required=True),
    ),
)
