"""The columns that several tables of a published run have."""

from features.contracts.columns import Column

CUSTOMER = Column("customer_id", "id", "the debtor", required=True)
INVOICE = Column("invoice_id", "id", "the open item", required=True)
CURRENCY = Column("currency", "text", "ISO 4217 code of the money columns", required=True)
COMPANY = Column("company_code", "id", "the creditor's legal entity, where the ledger has it")
SEGMENT = Column(
    "segment", "text", "A (best payer) …, or one that a rule names: NEW, DORMANT, INSOLVENT", required=True
)
MODEL_VERSION = Column("model_version", "text", "registered version; empty where the rule spoke")


def money(name: str, meaning: str) -> Column:
    """Return a column of money in the row's currency, never empty."""
    return Column(name, "money", f"{meaning}, in the row's currency", required=True)
