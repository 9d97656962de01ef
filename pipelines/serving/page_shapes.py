"""What the OpenAPI document says about the page's figures and a debtor's card, with an example of each."""

from __future__ import annotations

from typing import Any

_OBJECT: dict[str, Any] = {"type": "object"}
_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_ROWS: dict[str, Any] = {"type": "array", "items": _OBJECT}

VIEWS: dict[str, Any] = {
    "run": {**_OBJECT, "description": "day, models, newest fact, bank known until, warnings"},
    "rows": {**_OBJECT, "description": "debtors, open invoices, by model and by rule, rejected rows"},
    "minor_digits": {
        "type": "object",
        "additionalProperties": {"type": "integer", "minimum": 0},
        "description": "currency -> digits after the point",
    },
    "currencies": {"type": "array", "items": {"type": "string"}, "description": "most open items first"},
    "reliability": {**_OBJECT, "description": "how the model was measured when it was trained"},
    "portfolios": {
        "type": "object",
        "additionalProperties": _OBJECT,
        "description": "per currency: today, cash, changed, top_overdue, figures, ageing, segments …",
    },
}
VIEWS_EXAMPLE: dict[str, Any] = {
    "run": {"run_id": "bae682401f226edd", "as_of": "2026-03-02", "newest_fact": "2026-03-01"},
    "rows": {"debtors": 1500, "open_invoices": 3214, "by_model": 3100, "by_rule": 114, "rejected": 0},
    "minor_digits": {"EUR": 2},
    "currencies": ["EUR"],
    "reliability": {"figures": [], "curve": []},
    "portfolios": {"EUR": {"today": {"calls": {"count": 40, "amount_minor": 1250000}}}},
}

CARD: dict[str, Any] = {
    "customer_id": {"type": "string", "minLength": 1},
    **dict.fromkeys(("name", "country", "language", "sector", "size", "legal_kind", "since"), _TEXT),
    "segment": {**_OBJECT, "description": "the segment, who says so and why, and what it was"},
    "what_would_change": {"type": "array", "items": {"type": "string"}, "description": "sentences, English"},
    "risk": _ROWS,
    "value_class": _TEXT,
    "delay_tactics": _ROWS,
    "treatment": _OBJECT,
    "balances": {**_ROWS, "description": "per currency and company code, in minor units"},
    "figures": {**_ROWS, "description": "features of its history: name, value, unit, meaning"},
    "invoices": {**_ROWS, "description": "open ones, with the days between which they are paid"},
    "actions": _ROWS,
    "events": {**_ROWS, "description": "what it did, oldest first"},
}
CARD_EXAMPLE: dict[str, Any] = {
    "customer_id": "C00042",
    "name": "Example B.V.",
    "country": "NL",
    "language": "nl",
    "sector": "retail",
    "size": "small",
    "legal_kind": "business",
    "since": "2019-05-01",
    "segment": {"segment": "B", "source": "model", "reason": "12.0 days late on average"},
    "what_would_change": ["A payment of 100.10 EUR cancels the next step."],
    "risk": [],
    "value_class": "top",
    "delay_tactics": [],
    "treatment": {"strategy": "gentle", "line": 4, "timing": "shifted", "status": "none"},
    "balances": [{"currency": "EUR", "open_minor": 30010, "overdue_minor": 10010}],
    "figures": [],
    "invoices": [{"invoice_id": "2026-000317", "due_on": "2026-02-20", "p_late": 1.0}],
    "actions": [],
    "events": [{"on": "2026-01-20", "event": "invoice_issued", "invoice_id": "2026-000317"}],
}
