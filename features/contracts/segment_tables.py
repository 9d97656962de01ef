"""The tables of a published run about the debtors: their segments and classes, who moves, risk and habits."""

from features.contracts.columns import Column, Table
from features.contracts.output_columns import CURRENCY, CUSTOMER, MODEL_VERSION, SEGMENT, money

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
        money("revenue", "issued in the last 365 days"),
        Column("share_of_revenue", "share", "share of the revenue in that currency"),
        money("open_amount", "open items"),
        money("overdue_amount", "open items past due"),
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
