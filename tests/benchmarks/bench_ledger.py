"""A large ledger for the speed figures: seeded, made with NumPy, no rows by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.ledger import Ledger, make_ledger

FIRST = np.datetime64("2021-01-01")


def big_ledger(invoices: int, debtors: int, *, seed: int = 0, days: int = 1095) -> Ledger:
    """Return invoices over three years, 92 % paid (4 % of these in two parts), 1 % of payments taken back.

    Half of the payments are known one to three days after they happened.
    """
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0, 1, debtors)
    debtor = np.concatenate(
        [np.arange(debtors), rng.choice(debtors, invoices - debtors, p=size / size.sum())]
    )[:invoices]
    issued = np.sort(rng.integers(0, days, invoices))
    terms = rng.choice([14, 30, 30, 45, 60], invoices)
    habit = rng.normal(3, 10, debtors)
    paid = issued + np.maximum(terms + np.rint(rng.normal(habit[debtor], 7)).astype(int), 0)
    amount = np.rint(rng.lognormal(10, 1.2, invoices)).astype(np.int64) + 500
    ids = pd.Series(np.char.add("INV", np.char.zfill(np.arange(invoices).astype(str), 8)), dtype="str")
    names = pd.Series(np.char.add("C", np.char.zfill(np.arange(debtors).astype(str), 6)), dtype="str")

    is_paid = np.flatnonzero((rng.random(invoices) < 0.92) & (paid < days))
    in_parts = rng.random(len(is_paid)) < 0.04
    back = rng.choice(is_paid, len(is_paid) // 100, replace=False)
    item = np.concatenate([is_paid, is_paid[in_parts], back])
    part = np.where(in_parts, amount[is_paid] // 3, amount[is_paid])
    paid_amount = np.concatenate([part, amount[is_paid[in_parts]] - part[in_parts], amount[back]])
    paid_on = np.concatenate([paid[is_paid], paid[is_paid[in_parts]] + 10, paid[back] + 5])
    lag = rng.integers(0, 4, len(item)) * (rng.random(len(item)) < 0.5)
    kind = np.repeat(["payment", "reversal"], [len(item) - len(back), len(back)])
    return make_ledger(
        invoices=pd.DataFrame(
            {
                "invoice_id": ids,
                "customer_id": names.take(debtor).reset_index(drop=True),
                "issued_on": _days(issued),
                "due_on": _days(issued + terms),
                "amount_minor": amount,
                "currency": pd.Series("EUR", index=ids.index, dtype="str"),
            }
        ),
        payments=pd.DataFrame(
            {
                "invoice_id": ids.take(item).reset_index(drop=True),
                "paid_on": _days(paid_on),
                "known_on": _days(paid_on + lag),
                "amount_minor": paid_amount,
                "kind": pd.Series(kind, dtype="str"),
            }
        ),
        customers=pd.DataFrame(
            {
                "customer_id": names,
                "sector": pd.Series(rng.choice(["food", "steel", "retail", "care"], debtors), dtype="str"),
                "country": pd.Series(rng.choice(["NL", "BE", "DE"], debtors), dtype="str"),
            }
        ),
    )


def _days(numbers: np.ndarray) -> pd.Series:
    return pd.Series((FIRST + numbers).astype("datetime64[s]"))
