"""The tables of a published run about what was known: who debtors are, what they did, portfolio figures."""

from features.catalogue import CATALOGUE
from features.contracts.columns import Column, Kind, Table
from features.contracts.output_columns import COMPANY, CURRENCY, CUSTOMER, money

HISTORY = (
    "invoices_issued",
    "settled_invoices",
    "matured_invoices",
    "mean_days_late_365d",
    "median_days_late_last_5",
    "worst_days_late",
    "late_share_365d",
    "late_share_last_5",
    "on_time_streak",
    "days_since_last_payment",
    "disputes_opened_365d",
    "reversals_365d",
)
"""The features of a debtor that people are shown, by their names in the catalogue."""

EVENTS = (
    "invoice_issued",
    "invoice_paid",
    "credited",
    "written_off",
    "reversal",
    "contact",
    "promise",
    "promise_broken",
    "dispute_opened",
    "dispute_closed",
)


def _of_history(name: str) -> Column:
    feature = CATALOGUE[name]
    kinds: dict[str, Kind] = {"share": "share", "count": "count"}
    return Column(name, kinds.get(feature.unit, "number"), feature.definition)


DEBTOR_PROFILES = Table(
    "debtor_profiles",
    "debtor",
    ("customer_id",),
    (
        CUSTOMER,
        Column("name", "text", "name for people; empty where debtors have pseudonyms"),
        Column("country", "text", "ISO 3166 alpha-2 code"),
        Column("language", "text", "ISO 639-1 code"),
        Column("sector", "text", "line of business"),
        Column("size", "text", "size class"),
        Column("legal_kind", "text", "business, public, consumer or unknown"),
        Column("since", "day", "customer since"),
        *(_of_history(name) for name in HISTORY),
    ),
)

PAYMENT_EVENTS = Table(
    "payment_events",
    "event of a debtor",
    (),
    (
        CUSTOMER,
        Column("happened_on", "day", "the day it happened; of a broken promise the day it was known", True),
        Column("event", "text", "what happened", required=True, choices=EVENTS),
        Column("invoice_id", "id", "the item; empty where it is about none"),
        Column("currency", "text", "ISO 4217 code of the amount"),
        Column("amount", "money", "of the item, or what was taken back, promised or disputed"),
        Column("days_late", "days", "of a payment: its day - due day at issue, negative = early"),
        Column(
            "words",
            "text",
            "a contact's kind, channel, status, how often that day; a promise's day; a dispute's reason",
        ),
    ),
)

PORTFOLIO_FIGURES = Table(
    "portfolio_figures",
    "company code and currency",
    ("company_code", "currency"),
    (
        COMPANY,
        CURRENCY,
        money("beginning_receivables", "open items 90 days ago"),
        money("sales", "invoices that became known in these 90 days"),
        money("receipts", "payments less reversals in these 90 days"),
        money("credits", "credits set against invoices in these 90 days"),
        money("write_offs", "written off in these 90 days"),
        money("allowances", "discounts, deductions, bank charges and withholdings in these 90 days"),
        money("settlement_differences", "rests within the tolerance given up, less what was overpaid"),
        money("ending_receivables", "open items: beginning + sales - what brought them down"),
        money("current_amount", "of these not past due"),
        money("due_1_30_amount", "of these 1-30 days past due"),
        money("due_31_60_amount", "of these 31-60 days past due"),
        money("due_61_90_amount", "of these 61-90 days past due"),
        money("due_over_90_amount", "of these more than 90 days past due"),
        Column("dso_days", "number", "ending receivables / sales x 90"),
        Column("best_possible_dso_days", "number", "current amount / sales x 90"),
        Column("average_days_delinquent", "number", "dso_days - best_possible_dso_days"),
        Column(
            "collection_effectiveness_index_percent",
            "number",
            "(beginning + sales - ending) / (beginning + sales - current) x 100",
        ),
        Column("countback_dso_days", "number", "days of sales, counted back, that make up the receivables"),
        Column(
            "weighted_days_beyond_terms_signed",
            "number",
            "sum of amount x days late / sum of amount, paid in the last 365 days, early = negative",
        ),
        Column("weighted_days_beyond_terms_clamped", "number", "the same with early payment as 0"),
        Column("weighted_average_days_to_pay", "number", "the same with days from issue to payment"),
    ),
)
