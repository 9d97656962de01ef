"""The columns of a customer account's line items: what a shape of such an export may name."""

from features.contracts.columns import Column, Table

LINE_ITEMS = Table(
    "invoices and payments",
    "one line of a customer's account",
    ("company_code", "document", "year", "line"),
    (
        Column("company_code", "id", "the creditor's legal entity"),
        Column("document", "id", "number of the document", required=True),
        Column("year", "id", "fiscal year of the document, where its number is unique only within it"),
        Column("line", "id", "number of the line within the document"),
        Column("customer_id", "id", "the debtor", required=True),
        Column("document_type", "text", "what kind of document"),
        Column("posting_key", "text", "what kind of line"),
        Column("debit_credit", "text", "the side of the account; the amount then has no sign"),
        Column("amount", "money", "amount, debit positive", required=True),
        Column("currency", "text", "its currency"),
        Column("document_date", "day", "day on the document", required=True),
        Column("posting_date", "day", "day it counts in the books", required=True),
        Column("entry_date", "day", "day it was entered"),
        Column("due_on", "day", "day it is due net"),
        Column("baseline_date", "day", "day that terms count from, where there is no due_on"),
        Column("terms_days_1", "days", "days of the first discount, or net"),
        Column("terms_days_2", "days", "days of the second discount, or net"),
        Column("terms_days_3", "days", "days net"),
        Column("clearing_date", "day", "day it was cleared; empty = open"),
        Column("clearing_document", "id", "document that cleared it"),
        Column("clearing_entry_date", "day", "day the clearing was entered"),
        Column("special_gl", "text", "special general ledger: filled = no receivable"),
        Column("reference_document", "id", "the invoice that a line belongs to"),
        Column("reference_year", "id", "its fiscal year"),
        Column("reference_line", "id", "its line"),
        Column("dunning_level", "count", "reminders sent for it"),
        Column("last_dunned_on", "day", "day of the last of them"),
    ),
)
