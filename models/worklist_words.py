"""What a line of the worklist tells the person who takes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.money import minor_digits

BY_CAUSE = {
    "broken_promise": "ask why the promise was not kept; agree a new day and confirm it in writing",
    "returned_debit": "ask why the payment was taken back and whether the bank account still holds; "
    "agree a transfer",
    "insolvency": "file the claim with the administrator; do not contact the debtor",
    "over_limit": "do not contact the debtor: raise the limit, insure the rest or hold new orders",
}

BY_LEGAL_KIND = {
    "public": "ask which order number or e-invoice reference is missing",
    "consumer": "ask kindly whether the invoice arrived and what stands in the way",
    "unknown": "ask kindly whether the invoice arrived and what stands in the way",
}

GOOD_PAYER = "assume a mistake: ask whether the invoice arrived and is in order"
OTHERS = "ask what stands in the way; agree a day for every item"


def money_words(minor: pd.Series, currency: pd.Series) -> list[str]:
    """Return amounts such as `EUR 1,200.00`, empty text for an empty one; both are read by position."""
    words = []
    for amount, code in zip(minor.tolist(), currency.tolist(), strict=True):
        digits = minor_digits(code)
        words.append("" if pd.isna(amount) else f"{code} {amount / 10**digits:,.{digits}f}")
    return words


def day_words(days: pd.Series) -> list[str]:
    """Return days such as `2024-05-12`, empty text for an empty one."""
    return list(days.dt.strftime("%Y-%m-%d").fillna(""))


def days_past(days: int) -> str:
    """Return `1 day`, `2 days`."""
    return f"{days} day" if days == 1 else f"{days} days"


def value_words(rows: pd.DataFrame, response_days: int) -> list[str]:
    """Return why a call is expected to be worth it, in figures.

    `rows`: overdue_amount_minor, free_days_past_due, expected_share, expected_value_minor, currency, known
    (whether the value is: without an exchange rate it is not) and call_due (a step of the strategy).
    """
    words = []
    columns = (
        money_words(rows["overdue_amount_minor"], rows["currency"]),
        money_words(rows["expected_value_minor"], rows["currency"]),
        *(rows[name].tolist() for name in ("free_days_past_due", "expected_share", "known", "call_due")),
    )
    for overdue, worth, days, share, known, due in zip(*columns, strict=True):
        first = "the strategy asks for a call; " if due else ""
        value = f"a call is worth {worth}" if known else "its value is unknown without an exchange rate"
        words.append(
            f"{first}{overdue} overdue, the oldest {days_past(days)}; {share:.0%} is expected within "
            f"{response_days} days without a call; {value}"
        )
    return words


def approaches(rows: pd.DataFrame) -> list[str]:
    """Return what to do: by cause, by whom it is about, and by what happened before.

    `rows`: cause, legal_kind, risk, key_account, broken_promises (count of the last year), instalments (parts
    of a plan that may be offered; empty: none) and instead_of (words of a reminder that the call replaces).
    """
    words = []
    columns = ("cause", "legal_kind", "risk", "key_account", "broken_promises", "instalments", "instead_of")
    for cause, kind, risk, key_account, broken, parts, instead in zip(
        *(rows[name].tolist() for name in columns), strict=True
    ):
        polite = BY_LEGAL_KIND.get(kind) or (GOOD_PAYER if risk == "low" else OTHERS)
        said = [BY_CAUSE.get(cause) or polite]
        if cause not in ("insolvency", "over_limit"):
            said += ["speak with the account manager first"] * bool(key_account)
            if broken > (cause == "broken_promise"):
                said.append(f"{broken} promises were not kept in the last year: ask for a first part at once")
            if not pd.isna(parts):
                said.append(f"a payment plan of {int(parts)} parts may be offered")
            said += [f"this replaces {instead}"] * bool(instead)
        words.append("; ".join(said))
    return words


def and_also(first: npt.ArrayLike, second: npt.ArrayLike) -> list[str]:
    """Return two texts as one, where there are two."""
    pairs = zip(np.asarray(first, dtype=object), np.asarray(second, dtype=object), strict=True)
    return ["; ".join(part for part in pair if part) for pair in pairs]
