"""Predictions of open items as the sketch and the cash forecast read them."""

from datetime import date

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from models.scorer import CLASSES

MONDAY = date(2026, 1, 5)


def predicted_rows(*rows, day=MONDAY):
    """Rows (days past due, the five class probabilities, waits for P10, P50 and P90; None is no date).

    Then what is named: customer_id, invoice_id, currency and open_amount_minor by their plain values.
    """
    table = pd.DataFrame([row[0] for row in rows], columns=["days_past_due"])
    for number, name in enumerate(CLASSES):
        table[name] = [float(row[1][number]) for row in rows]
    for number, name in enumerate(("paid_on_p10", "paid_on_p50", "paid_on_p90")):
        waits = pd.Series([row[2][number] for row in rows], dtype="float64")
        table[name] = (pd.Timestamp(day) + pd.to_timedelta(waits, unit="D")).astype("datetime64[s]")
    named = [dict(row[3]) if len(row) > 3 else {} for row in rows]
    table["invoice_id"] = [str(some.get("invoice_id", f"i{number}")) for number, some in enumerate(named)]
    table["customer_id"] = [some.get("customer_id", f"c{number}") for number, some in enumerate(named)]
    table["currency"] = [some.get("currency", "EUR") for some in named]
    table["open_amount_minor"] = [some.get("amount", 100_00) for some in named]
    return table


@st.composite
def some_rows(draw, most=6):
    """Predictions as a model gives them: classes sum to 1 and passed ones are 0, days in order or empty."""
    rows = []
    for _ in range(draw(st.integers(1, most))):
        past = draw(st.integers(-90, 400))
        weights = np.array(draw(st.lists(st.integers(0, 20), min_size=5, max_size=5)), float) + 1e-3
        weights[:4][past > np.array([0, 30, 60, 90])] = 0
        longest = max(-past, 0) + 365
        waits = sorted(draw(st.lists(st.integers(0, longest), min_size=3, max_size=3)))
        empty = draw(st.integers(0, 3))
        days = [*waits[: 3 - empty], *[None] * empty]
        debtor = draw(st.sampled_from("abc"))
        currency = draw(st.sampled_from(["EUR", "USD"]))
        amount = draw(st.integers(1, 10**9))
        named = {"customer_id": debtor, "currency": currency, "amount": amount}
        rows.append((past, weights / weights.sum(), days, named))
    return predicted_rows(*rows)
