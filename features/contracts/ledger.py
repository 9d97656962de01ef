"""The input contract: the tables of a ledger.

Only `invoices` is needed to start; every other table is optional.
"""

from features.contracts.columns import Column, Table

KNOWN_ON = Column("known_on", "day", "day the fact was known, when later than the day it happened")

INVOICES = Table(
    "invoices",
    "one open or closed item",
    ("invoice_id",),
    (
        Column("invoice_id", "id", "number of the item, unique in the ledger", required=True),
        Column("customer_id", "id", "the debtor", required=True),
        Column("issued_on", "day", "day of issue", required=True),
        Column("due_on", "day", "day the amount is due; or give payment_terms_days"),
        Column("payment_terms_days", "days", "days from issue to due, where due_on is not given"),
        Column("amount", "money", "amount of the item, credit notes negative or by kind", required=True),
        Column("currency", "text", "ISO 4217 code; the home currency where absent"),
        Column("company_code", "id", "the creditor's legal entity"),
        Column(
            "kind",
            "text",
            "what the item is",
            choices=("invoice", "credit_note", "instalment", "retention"),
        ),
        Column("original_due_on", "day", "due day at issue, where due_on was changed later"),
        KNOWN_ON,
        Column("paid_on", "day", "day paid in full (shorthand without a payments table)"),
        Column("paid_known_on", "day", "day that payment was known, when later"),
        Column(
            "payment_method",
            "text",
            "how it is paid",
            choices=("transfer", "direct_debit", "card", "bill"),
        ),
        Column("dunning_level", "count", "reminders already sent for the item"),
        Column("last_dunned_on", "day", "day of the last of them"),
        Column("dunning_block_until", "day", "no reminder up to and including this day"),
        Column(
            "assigned_to",
            "text",
            "who outside collects it",
            choices=("agency", "factor", "lawyer", "insurer"),
        ),
        Column("purchase_order_no", "text", "the debtor's order number"),
    ),
)

PAYMENTS = Table(
    "payments",
    "one allocation of money",
    (),
    (
        Column("invoice_id", "id", "the item paid; empty = unapplied cash, then customer_id"),
        Column("customer_id", "id", "the debtor, needed for unapplied cash"),
        Column("paid_on", "day", "day of the allocation", required=True),
        Column("amount", "money", "amount allocated, positive", required=True),
        Column("currency", "text", "ISO 4217 code, needed for unapplied cash in another currency"),
        Column(
            "kind",
            "text",
            "what closed that part of the item",
            choices=(
                "payment",
                "reversal",
                "credit",
                "discount",
                "deduction",
                "bank_charge",
                "withholding",
                "write_off",
            ),
        ),
        Column("in_transit", "flag", "announced or collected, not yet on the bank account"),
        KNOWN_ON,
    ),
)

CUSTOMERS = Table(
    "customers",
    "one debtor, or debtor and valid_from",
    ("customer_id", "valid_from"),
    (
        Column("customer_id", "id", "the debtor", required=True),
        Column("valid_from", "day", "first day the row holds; absent = today's snapshot"),
        Column("name", "text", "name for people; never a feature"),
        Column("country", "text", "ISO 3166 alpha-2 code"),
        Column("region", "text", "subdivision code within the country"),
        Column("language", "text", "ISO 639-1 code"),
        Column("sector", "text", "line of business"),
        Column("size", "text", "size class"),
        Column("type", "text", "customer type, such as one_time or intercompany"),
        Column(
            "legal_kind",
            "text",
            "what the law sees",
            choices=("business", "public", "consumer", "unknown"),
        ),
        Column("group", "text", "group of companies"),
        Column("parent_id", "id", "parent debtor"),
        Column("payer_id", "id", "debtor that pays for this one"),
        Column("dunning_recipient_id", "id", "debtor that gets the reminders"),
        Column("since", "day", "customer since"),
        Column("credit_limit", "money", "limit given by the creditor, home currency"),
        Column("insured_limit", "money", "limit of the credit insurer, home currency"),
        Column("channel", "text", "preferred channel"),
        Column("invoicing_method", "text", "paper, pdf, e-invoice"),
        Column("collector", "id", "person who collects"),
        Column("account_manager", "id", "person who sells"),
        Column("key_account", "flag", "handled by hand"),
        Column("insolvent_on", "day", "day of insolvency"),
        Column("legal_on", "day", "day the case went to court"),
        Column("do_not_contact", "flag", "never contacted"),
        Column("dunning_block_until", "day", "no reminder up to and including this day"),
        Column("expected_revenue", "money", "revenue expected in the next 12 months, home currency"),
        Column(
            "status",
            "text",
            "commercial status",
            choices=("prospect", "active", "dormant", "blocked"),
        ),
    ),
)

CREDIT_SCORES = Table(
    "credit_scores",
    "provider, debtor and day",
    ("customer_id", "provider", "scored_on"),
    (
        Column("customer_id", "id", "the debtor", required=True),
        Column("provider", "text", "who gave the score", required=True),
        Column("scored_on", "day", "day of the score", required=True),
        Column("score", "number", "the score on the provider's own scale", required=True),
        KNOWN_ON,
    ),
)

DISPUTES = Table(
    "disputes",
    "one dispute",
    (),
    (
        Column("dispute_id", "id", "number of the dispute"),
        Column("invoice_id", "id", "the disputed item", required=True),
        Column("opened_on", "day", "day it was opened", required=True),
        Column("disputed_amount", "money", "part disputed; absent = all of it"),
        Column("closed_on", "day", "day it was closed"),
        Column("reason", "text", "why"),
        Column("outcome", "text", "how it ended"),
        KNOWN_ON,
    ),
)

CONTACT_HISTORY = Table(
    "contact_history",
    "one contact, planned or made",
    (),
    (
        Column("customer_id", "id", "the debtor", required=True),
        Column("contacted_on", "day", "day of the contact", required=True),
        Column("contact_id", "id", "number of the contact"),
        Column("action_id", "id", "the action of a run that it carries out"),
        Column("invoice_id", "id", "the item it was about"),
        Column("channel", "text", "how"),
        Column(
            "kind",
            "text",
            "what, such as reminder, call, letter; claim_filed and limit_reviewed close such work",
        ),
        Column(
            "status",
            "text",
            "what became of it",
            choices=("sent", "bounced", "reached", "not_reached", "suppressed"),
        ),
        Column("outcome", "text", "result in words"),
        Column("promise_made_on", "day", "day of a promise to pay"),
        Column("promised_for", "day", "day it was promised for"),
        Column("promised_amount", "money", "amount promised"),
        Column("note", "text", "free text; never leaves the ledger"),
        Column("arm", "text", "experiment/arm, as the action said"),
        Column("propensity", "share", "probability of that arm"),
        KNOWN_ON,
    ),
)

PAYMENT_PLANS = Table(
    "payment_plans",
    "one instalment agreed",
    (),
    (
        Column("plan_id", "id", "number of the plan", required=True),
        Column("customer_id", "id", "the debtor", required=True),
        Column("invoice_id", "id", "the item it is for; absent = all of the debtor's"),
        Column("due_on", "day", "day the instalment is due", required=True),
        Column("amount", "money", "amount of the instalment", required=True),
        Column("agreed_on", "day", "day the plan was agreed"),
        Column("cancelled_on", "day", "day it was cancelled"),
    ),
)

CONTACT_PERSONS = Table(
    "contact_persons",
    "one recipient",
    (),
    (
        Column("customer_id", "id", "the debtor", required=True),
        Column("recipient_id", "id", "number of the recipient"),
        Column("role", "text", "role, such as accounts_payable"),
        Column("name", "text", "name"),
        Column("email", "text", "e-mail address"),
        Column("phone", "text", "telephone number"),
        Column("language", "text", "ISO 639-1 code"),
        Column("do_not_contact", "flag", "never contacted"),
    ),
)

COLLECTORS = Table(
    "collectors",
    "one collector",
    ("collector",),
    (
        Column("collector", "id", "the person", required=True),
        Column("languages", "text", "ISO 639-1 codes, comma-separated"),
        Column("capacity_per_day", "count", "contacts a day"),
        Column("absent", "text", "days or spans of absence, comma-separated"),
    ),
)

ORDERS = Table(
    "orders",
    "one order or quote",
    (),
    (
        Column("customer_id", "id", "the debtor", required=True),
        Column("ordered_on", "day", "day of the order", required=True),
        Column("amount", "money", "amount", required=True),
    ),
)

RATES = Table(
    "rates",
    "currency and day",
    ("currency", "day"),
    (
        Column("currency", "text", "ISO 4217 code", required=True),
        Column("day", "day", "day of the rate", required=True),
        Column("rate", "number", "home currency for one unit", required=True),
    ),
)

DECISIONS = Table(
    "decisions",
    "one manual decision",
    (),
    (
        Column("customer_id", "id", "the debtor", required=True),
        Column("segment", "text", "segment decided"),
        Column("hold", "flag", "no contact while it holds"),
        Column("action_id", "id", "the adverse action that is decided on"),
        Column("approved", "flag", "whether that action is approved"),
        Column("reason", "text", "why"),
        Column("by", "text", "who decided", required=True),
        Column("decided_on", "day", "day of the decision", required=True),
        Column("until", "day", "last day it holds"),
    ),
)

LEDGER_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        INVOICES,
        PAYMENTS,
        CUSTOMERS,
        CREDIT_SCORES,
        DISPUTES,
        CONTACT_HISTORY,
        PAYMENT_PLANS,
        CONTACT_PERSONS,
        COLLECTORS,
        ORDERS,
        RATES,
        DECISIONS,
    )
}
