"""The output contract: the tables of a published run."""

from features.contracts.columns import Column, Table

SCHEMA_VERSION = "1.1"
"""Changes with every change of a table below: the number before the dot when a reader could break."""

RUN_COLUMNS = (
    Column("run_id", "id", "the run, a hash of its inputs", required=True),
    Column("as_of", "day", "only facts known strictly before this day were used", required=True),
    Column("schema_version", "text", "version of this contract", required=True),
)

CUSTOMER = Column("customer_id", "id", "the debtor", required=True)
INVOICE = Column("invoice_id", "id", "the open item", required=True)
CURRENCY = Column("currency", "text", "ISO 4217 code of the money columns", required=True)
COMPANY = Column("company_code", "id", "the creditor's legal entity, where the ledger has it")
SEGMENT = Column(
    "segment", "text", "A (best payer) …, or one that a rule names: NEW, DORMANT, INSOLVENT", required=True
)
MODEL_VERSION = Column("model_version", "text", "registered version; empty where the rule spoke")
DAYS_PAST_DUE = Column("days_past_due", "days", "as_of - due_on; negative before due", required=True)
MONEY = "in the row's currency"


def _money(name: str, meaning: str) -> Column:
    return Column(name, "money", f"{meaning}, {MONEY}", required=True)


RISKS = ("high", "average", "low")

SEGMENTS = Table(
    "segments",
    "debtor",
    ("customer_id",),
    (
        CUSTOMER,
        SEGMENT,
        Column("scheme", "text", "which scheme the segment is of: learned, or a configured one"),
        Column("model_segment", "text", "what the scheme alone says; empty without history"),
        Column(
            "source",
            "text",
            "who decided the segment",
            required=True,
            choices=("model", "rule", "new", "kept"),
        ),
        Column("rule", "text", "name of the rule that hit"),
        Column("reason", "text", "why this segment, in words and figures", required=True),
        Column("previous_segment", "text", "segment in the previous run"),
        Column("moved", "flag", "segment differs from the previous run", required=True),
        Column("moved_because", "text", "the figures, the rule or the model that moved it"),
        Column("across_since", "day", "day since which the scheme says another segment than the kept one"),
        Column("confidence", "share", "how much nearer to its own centre than to the next"),
        Column("potential_a", "flag", "in B, and near the border to A"),
        Column("provisional_segment", "text", "segment of its peers, while its own history is too short"),
        Column("expected_late_share", "share", "share paid late to expect: its own, shrunken to its peers'"),
        Column("expected_late_share_p10", "share", "lower end of what that share may be, 10 %"),
        Column("expected_late_share_p90", "share", "upper end of what that share may be, 90 %"),
        Column(
            "value_class",
            "text",
            "share of the revenue of the last 365 days: the first 80 % is top, the next 15 % middle",
            choices=("top", "middle", "tail"),
        ),
        Column("risk", "text", "from own payments and external scores; see risks", choices=RISKS),
        MODEL_VERSION,
    ),
)

DEBTORS = Table(
    "debtors",
    "debtor and currency",
    ("customer_id", "company_code", "currency"),
    (
        CUSTOMER,
        COMPANY,
        CURRENCY,
        _money("open_amount", "open items, credit notes not subtracted"),
        _money("overdue_amount", "open items past due"),
        _money("net_overdue_amount", "overdue less credit notes, unapplied cash, money in transit"),
        _money("expected_on_time_amount", "sum of open amount x probability of on time"),
        _money("expected_1_30_amount", "same for 1-30 days late"),
        _money("expected_31_60_amount", "same for 31-60 days late"),
        _money("expected_61_90_amount", "same for 61-90 days late"),
        _money("expected_over_90_amount", "same for more than 90 days late"),
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
        _money("amount", "original amount"),
        _money("open_amount", "amount still open"),
        DAYS_PAST_DUE,
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
        Column("step", "text", "step of the collection strategy; empty when none"),
        Column("send_on", "day", "working day of the reminder; empty when none"),
        Column("reason", "text", "why this day, or why none", required=True),
        Column("action_id", "id", "the action that carries it; empty when none"),
    ),
)

ACTIONS = Table(
    "actions",
    "one contact, bundling the invoices of a debtor",
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
        CUSTOMER,
        COMPANY,
        Column("recipient_id", "id", "the contact person, where known"),
        Column("collector", "id", "the collector, where known"),
        Column("step", "text", "step of the collection strategy", required=True),
        Column("dunning_level_after", "count", "dunning level once it is sent", required=True),
        Column("channel", "text", "how", required=True),
        Column("language", "text", "ISO 639-1 code, where known"),
        Column("template", "text", "message template", required=True),
        Column("send_on", "day", "working day to send it", required=True),
        Column("valid_until", "day", "last day it may be sent", required=True),
        CURRENCY,
        _money("overdue_amount", "overdue on the day to send, items of this action"),
        _money(
            "net_overdue_amount",
            "the debtor's net overdue amount on the day to send, as known on the run day",
        ),
        Column("adverse", "flag", "harms the debtor, so a person must approve", required=True),
        Column("reason", "text", "why", required=True),
        Column("arm", "text", "arm of an experiment"),
        Column("propensity", "share", "probability of that arm"),
    ),
)

SEGMENT_PROFILES = Table(
    "segment_profiles",
    "segment and currency",
    ("segment", "currency"),
    (
        SEGMENT,
        CURRENCY,
        Column("debtors", "count", "debtors in the segment", required=True),
        Column("share_of_debtors", "share", "share of all debtors", required=True),
        Column("mean_days_late", "number", "mean days late of the last 365 days, debtors equal"),
        Column("late_share", "share", "share paid late in the last 365 days, debtors equal"),
        _money("revenue", "issued in the last 365 days"),
        Column("share_of_revenue", "share", "share of the revenue in that currency"),
        _money("open_amount", "open items"),
        _money("overdue_amount", "open items past due"),
        Column("contacts", "count", "contacts made in the last 365 days, all currencies"),
        Column("contacts_per_1000_revenue", "number", "contacts per 1,000 of revenue; one currency only"),
        Column("late_rate", "share", "share paid late of invoices issued after the segments were set"),
        Column("late_rate_low", "share", "lower end of its 95 % interval"),
        Column("late_rate_high", "share", "upper end of its 95 % interval"),
        Column("judged_invoices", "count", "invoices that the late rate is of"),
        Column("potential_a", "count", "debtors near the border to A"),
        Column("words", "text", "what distinguishes the segment"),
    ),
)

CLASSES = Table(
    "classes",
    "debtor and scheme",
    ("customer_id", "scheme"),
    (
        CUSTOMER,
        Column("scheme", "text", "the configured scheme", required=True),
        Column("class", "text", "class of the debtor in it; empty where it says nothing"),
        Column("fell_through", "flag", "the published words name no class; the stated fall-through decided"),
    ),
)

RISK_TABLE = Table(
    "risks",
    "debtor",
    ("customer_id",),
    (
        CUSTOMER,
        Column("currency", "text", "ISO 4217 code of the money columns: the home currency"),
        Column("risk", "text", "the combined risk", required=True, choices=RISKS),
        Column("reason", "text", "why, in words and figures", required=True),
        Column("own_score", "number", "own-payment score, 0 (worst) to 100 (best)"),
        Column("own_risk", "text", "risk by own payments", choices=RISKS),
        Column("external_score", "number", "worst of the external scores, on a scale of 0 (worst) to 100"),
        Column("external_risk", "text", "risk by external scores", choices=RISKS),
        Column("external_scores", "text", "each provider's newest score on its own scale, and its day"),
        Column("disagreement", "flag", "one says high and the other low", required=True),
        Column("exposure", "money", "open items less credit, home currency; empty with several currencies"),
        Column("credit_limit", "money", "limit given by the creditor"),
        Column("insured_limit", "money", "limit of the credit insurer"),
        Column("over_credit_limit", "flag", "exposure is above the credit limit"),
        Column("uninsured_amount", "money", "exposure above the insured limit"),
    ),
)

DELAY_TACTICS = Table(
    "delay_tactics",
    "debtor and tactic",
    ("customer_id", "tactic"),
    (
        CUSTOMER,
        Column("tactic", "text", "name of the pattern", required=True),
        Column("times", "count", "how often in the last 365 days", required=True),
        Column("invoices", "count", "on how many different invoices", required=True),
        Column("last_on", "day", "the last time", required=True),
        Column("chronic", "flag", "often enough to be called a habit", required=True),
    ),
)

ACCOUNT_REVIEWS = Table(
    "account_reviews",
    "debtor",
    ("customer_id",),
    (
        CUSTOMER,
        Column("account_manager", "id", "person who sells"),
        Column("from_segment", "text", "segment in the previous run"),
        Column("to_segment", "text", "segment now", required=True),
        Column("direction", "text", "better or worse", required=True, choices=("better", "worse", "other")),
        Column("why", "text", "what sales should know", required=True),
    ),
)

MIGRATIONS = Table(
    "migrations",
    "previous segment and segment",
    ("previous_segment", "segment"),
    (
        Column("previous_segment", "text", "segment in the previous run; empty = not in it"),
        SEGMENT,
        Column("debtors", "count", "debtors", required=True),
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
        _money("open_amount", "open items"),
        _money("overdue_amount", "open items past due"),
        _money("due_1_30_amount", "1-30 days past due"),
        _money("due_31_60_amount", "31-60 days past due"),
        _money("due_61_90_amount", "61-90 days past due"),
        _money("due_over_90_amount", "more than 90 days past due"),
        _money("expected_late_amount", "sum of open amount x p_late"),
        _money("dormant_amount", "residuals without movement, outside predictions"),
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

OUTPUT_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        SEGMENTS,
        DEBTORS,
        PREDICTIONS,
        REMINDERS,
        ACTIONS,
        CLASSES,
        RISK_TABLE,
        DELAY_TACTICS,
        SEGMENT_PROFILES,
        MIGRATIONS,
        ACCOUNT_REVIEWS,
        PORTFOLIO,
        REJECTED,
    )
}
"""Each of them also carries RUN_COLUMNS, added on publication."""
