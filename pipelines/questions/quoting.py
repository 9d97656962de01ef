"""How a quote or an order would be paid: what may be asked, and the answer, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from features.contracts.money import minor_units
from features.errors import DebtscapeError, LedgerError
from features.spelling import nearest
from models.scorer import CLASSES
from pipelines.deciding import Models, known_debtors
from pipelines.privacy.pseudonymous import id_in
from pipelines.questions.quote_scores import EXPECTED, newest, score
from pipelines.reading import Reading, read
from pipelines.reporting.summary import records
from pipelines.running import champions, models_of

ORDER_DAYS = 30
"""Orders of this many days before the day are taken as not invoiced yet: nothing links them to invoices."""

MOST_TERMS_DAYS = 365
_MOST_AMOUNT = 1e12
MODELS = ("payment-time", "debtor-segments")
_QUANTILES = ("paid_on_p10", "paid_on_p50", "paid_on_p90")


def quote_invoice(
    config: Path,
    customer: str,
    *,
    amount: float,
    terms: int | None = None,
    currency: str | None = None,
    as_of: date | None,
    today: date,
) -> dict[str, Any]:
    """Return how an invoice of `amount` (major units) to a debtor, known or new, would be paid; JSON-ready.

    `terms` are days; left out, they are the debtor's usual ones. `currency` is by default that of the
    debtor's newest invoice, else the home currency. `customer` may be the plain id where debtors have
    pseudonyms. Writes and publishes nothing.
    """
    customer = customer.strip()
    if not customer:
        raise DebtscapeError("the customer's id is empty.")
    _refuse_amount(amount)
    _refuse_terms(terms)
    code = _known_currency(currency) if currency is not None else None
    reading = read(config, as_of=as_of, today=today)
    if reading.settings.privacy.pseudonym_key is not None:
        customer = id_in(customer, known_debtors(reading), reading.settings)
    usable, warnings = champions(reading, MODELS)
    models = models_of(usable, reading)
    quote = quote_one(reading, models, customer, amount=amount, terms=terms, currency=code)
    return {
        "as_of": reading.as_of.isoformat(),
        "quotes": [quote],
        "warnings": [*warnings, *misspelt(customer, reading)],
    }


def quote_one(
    reading: Reading,
    models: Models,
    customer: str,
    *,
    amount: float,
    terms: int | None,
    currency: str | None,
    segments: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Return how an invoice of `amount` (major units) would be paid, as `quote_invoice` does; JSON-ready.

    Where debtors have pseudonyms `customer` is one: who may ask but has no key learns of nobody's.
    `segments`: what `segments_before_quotes` returns, where many quotes are asked.
    DebtscapeError when the amount is less than the smallest coin, LedgerError when nothing says what terms
    are usual.
    """
    code = currency or newest(reading.ledger, "currency").get(customer, reading.settings.home_currency)
    minor = round(amount * minor_units(code))
    if minor == 0:
        raise DebtscapeError(f"an amount of {amount:g} {code} is less than the smallest coin.")
    asked = pd.DataFrame({"customer_id": [customer], "amount_minor": [minor], "currency": [code]})
    return _quote(*records(score(reading, models, asked, terms, segments)))


def quote_orders(
    config: Path, *, terms: int | None = None, as_of: date | None, today: date
) -> dict[str, Any]:
    """Return how the orders of the ORDER_DAYS before the day would be paid if invoiced on it; JSON-ready.

    Their amounts are in the home currency; those not above 0 (cancelled, returned) are counted in `left_out`.
    Raises LedgerError when no order is known in these days.
    """
    _refuse_terms(terms)
    reading = read(config, as_of=as_of, today=today)
    orders, first = reading.ledger.orders, reading.as_of - timedelta(days=ORDER_DAYS)
    worth = orders["amount_minor"] > 0
    if not worth.any():
        raise LedgerError(
            f"the ledger has no orders known before {reading.as_of}: map the table orders in {config}, "
            "or name a CUSTOMER and --amount."
        )
    recent = orders["ordered_on"] >= pd.Timestamp(first)
    if not (recent & worth).any():
        newest = orders.loc[worth, "ordered_on"].max().date()
        raise LedgerError(
            f"no order is of the {ORDER_DAYS} days before {reading.as_of}; the newest is of {newest}. "
            f"Try --as-of {newest + timedelta(days=1)}"
        )
    asked = orders.loc[recent & worth, ["ordered_on", "customer_id", "amount_minor"]]
    asked = asked.sort_values([*asked], ignore_index=True)
    usable, warnings = champions(reading, MODELS)
    asked = asked.assign(currency=reading.settings.home_currency)
    scored = score(reading, models_of(usable, reading), asked, terms).assign(ordered_on=asked["ordered_on"])
    return {
        "as_of": reading.as_of.isoformat(),
        "quotes": [_quote(row) for row in records(scored)],
        "warnings": list(warnings),
        "ordered_from": first.isoformat(),
        "ordered_before": reading.as_of.isoformat(),
        "left_out": int((recent & ~worth).sum()),
    }


def _quote(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": row["customer_id"],
        **({"ordered_on": _day(row["ordered_on"])} if "ordered_on" in row else {}),
        "amount": row["amount_minor"] / minor_units(row["currency"]),
        "currency": row["currency"],
        "payment_terms_days": int(row["payment_terms_days"]),
        "terms_from": row["terms_from"],
        "due_on": _day(row["due_on"]),
        "p_late": float(row["p_late"]),
        **{name: float(row[name]) for name in CLASSES},
        **{name: _day(row[name]) for name in _QUANTILES},
        "source": row["source"],
        "model_version": None if pd.isna(row["model_version"]) else row["model_version"],
        "reasons": row["reasons"],
        **{name: None if pd.isna(row[name]) else row[name] for name in EXPECTED},
        "settled_invoices": int(row["settled_invoices"]),
        "note": row["note"],
    }


def misspelt(customer: str, reading: Reading) -> list[str]:
    """Return a question when an id that nobody has is nearly that of a debtor."""
    debtors = reading.ledger.invoices["customer_id"].unique().tolist()
    near = [] if customer in debtors else nearest(customer, debtors, alike=0.8)
    return [f"{customer!r} has no invoice yet; did you mean {name}?" for name in near]


def _refuse_amount(amount: float) -> None:
    if not 0 < amount < _MOST_AMOUNT:
        raise DebtscapeError(f"--amount {amount:g} is not above 0 and below {_MOST_AMOUNT:,.0f}.")


def _refuse_terms(terms: int | None) -> None:
    if terms is not None and not 0 <= terms <= MOST_TERMS_DAYS:
        raise DebtscapeError(f"--terms {terms} is not a number of days from 0 to {MOST_TERMS_DAYS}.")


def _known_currency(code: str) -> str:
    from babel.numbers import list_currencies

    code = code.strip().upper()
    if code not in list_currencies():
        raise DebtscapeError(f"--currency {code}: no such currency; write its ISO 4217 code, such as EUR.")
    return code


def _day(day: Any) -> str | None:
    return None if pd.isna(day) else f"{day:%Y-%m-%d}"
