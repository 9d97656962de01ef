"""The terms that a policy offers or asks, in words, and whether they harm the debtor."""

from __future__ import annotations

from decimal import Decimal

from features.contracts.money import minor_digits
from models.treatment.policy import ANY, Amounts, Terms
from models.treatment.statutory import Rate

CREDIT = {"hold_until_paid": "credit held until paid", "refuse": "no further credit"}


def harms(terms: Terms) -> str:
    """Return the terms that harm the debtor, by their keys; empty where none does.

    A limit counts among them, since it may be lower than today's. A discount, a payment plan and a term that
    is not shorter do not.
    """
    harmful = {
        "shorter_than_usual": terms.shorter_than_usual,
        "late_fee": terms.late_fee is not None,
        "statutory_interest": terms.statutory_interest,
        f"credit: {terms.credit}": terms.credit != "unchanged",
        "delivery: prepayment": terms.delivery == "prepayment",
    }
    return ", ".join(name for name, is_so in harmful.items() if is_so)


def amount_in(amounts: Amounts, currency: str) -> Decimal:
    """Return the amount for the currency, in its major unit."""
    return amounts.get(currency, amounts[ANY])


def minor_in(amounts: Amounts, currency: str) -> int:
    """Return the amount for the currency in minor units; a fraction of one is cut off."""
    return int(amount_in(amounts, currency).scaleb(minor_digits(currency)))


def in_words(terms: Terms, currency: str, interest: Rate) -> str:
    """Return the terms in words, empty where all is as today. `interest`: what holds for this debtor.

    Without a rate that may be used nothing is said of interest.
    """
    said = []
    if terms.payment_term_days is not None:
        shorter = ", shorter than usual" if terms.shorter_than_usual else ""
        said.append(f"payment term of {_days(terms.payment_term_days)}{shorter}")
    if terms.discount_percent is not None and terms.discount_days is not None:
        said.append(f"{terms.discount_percent:g} % discount when paid within {_days(terms.discount_days)}")
    if terms.late_fee is not None:
        said.append(f"fee for paying late of {_money(terms.late_fee, currency)}")
    if terms.statutory_interest and interest.percent is not None:
        said.append(f"statutory interest of {interest.percent:g} % a year")
    if terms.credit_limit is not None:
        said.append(f"credit limit of {_money(terms.credit_limit, currency)}")
    if terms.credit in CREDIT:
        said.append(CREDIT[terms.credit])
    if terms.instalments is not None:
        said.append(f"payment plan in {terms.instalments} parts")
    if terms.delivery is not None:
        said.append(
            "delivery against prepayment only" if terms.delivery == "prepayment" else "delivery on account"
        )
    return "; ".join(said)


def _money(amounts: Amounts, currency: str) -> str:
    return f"{amount_in(amounts, currency):,.{minor_digits(currency)}f} {currency}"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
