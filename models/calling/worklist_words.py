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
    "insolvency": "file the claim with the administrator",
    "over_limit": "raise the limit, insure the rest or hold new orders",
}

ASKED = ("broken_promise", "returned_debit")
"""Causes that say what to ask the debtor."""

BY_LEGAL_KIND = {
    "public": "ask which order number or e-invoice reference is missing",
    "consumer": "ask kindly whether the invoice arrived and what stands in the way",
    "unknown": "ask kindly whether the invoice arrived and what stands in the way",
}

GOOD_PAYER = "assume a mistake: ask whether the invoice arrived and is in order"
OTHERS = "ask what stands in the way; agree a day for every item"


def money_words(minor: pd.Series, currency: pd.Series) -> list[str]:
    """Return amounts such as `EUR 1,200.00`, empty text for an empty one; both are read by position."""
    digits = {code: minor_digits(code) for code in currency.unique()}
    return [
        "" if pd.isna(amount) else f"{code} {amount / 10 ** digits[code]:,.{digits[code]}f}"
        for amount, code in zip(minor.tolist(), currency.tolist(), strict=True)
    ]


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

    `rows`: cause, calls (the debtor is contacted), legal_kind, risk, key_account, broken_promises (count of
    the last year), instalments (parts of a plan that may be offered; empty: none) and instead_of (words of a
    reminder that the call replaces).
    """
    columns = ["cause", "calls", "legal_kind", "risk", "key_account", "broken_promises", "instalments"]
    words = []
    for cause, calls, kind, risk, key_account, broken, parts, instead in zip(
        *(rows[name].tolist() for name in [*columns, "instead_of"]), strict=True
    ):
        said = [BY_CAUSE[cause]] if cause in BY_CAUSE else []
        if not calls:
            words.append("; ".join([*said, "do not contact the debtor"]))
            continue
        if cause not in ASKED:
            mistaken = risk == "low" and not broken
            said.append(BY_LEGAL_KIND.get(kind) or (GOOD_PAYER if mistaken else OTHERS))
        said += ["speak with the account manager first"] * bool(key_account)
        if broken > (cause == "broken_promise"):
            times = "promise was" if broken == 1 else "promises were"
            said.append(f"{broken} {times} not kept in the last year: ask for a first part at once")
        if not pd.isna(parts):
            said.append(f"a payment plan of {int(parts)} parts may be offered")
        said += [f"this replaces {instead}"] * bool(instead)
        words.append("; ".join(said))
    return words


def and_also(first: npt.ArrayLike, second: npt.ArrayLike) -> list[str]:
    """Return two texts as one, where there are two."""
    pairs = zip(np.asarray(first, dtype=object), np.asarray(second, dtype=object), strict=True)
    return ["; ".join(part for part in pair if part) for pair in pairs]
