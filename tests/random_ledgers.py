"""Random small ledgers of three debtors, whole and cut at a day."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from hypothesis import strategies as st

from features.ledger import Ledger, make_ledger

START = date(2023, 1, 1)
CUSTOMERS = ("anna", "bert", "cora")
KINDS = ("payment", "payment", "payment", "reversal", "credit", "discount", "deduction", "write_off", None)


def day(number: int | None) -> pd.Timestamp:
    """The number-th day of 2023; NaT for none."""
    return pd.NaT if number is None else pd.Timestamp(START + timedelta(number))


def frame(columns: list[str], rows: list[tuple]) -> pd.DataFrame:
    """A table whose columns ending in _on (and valid_from) are days."""
    table = pd.DataFrame(rows, columns=columns)
    days = [name for name in columns if name.endswith("_on") or name == "valid_from"]
    return table.astype(dict.fromkeys(days, "datetime64[s]"))


@st.composite
def ledgers(draw, currencies: tuple[str, ...] = ("EUR",)) -> Ledger:
    """A few items of three debtors with payments, reversals and disputes at random days."""
    early = st.integers(0, 60)
    invoices, payments, disputes, customers = [], [], [], []
    for number in range(draw(st.integers(1, 12))):
        issued, amount = (
            draw(st.integers(0, 800)),
            draw(st.sampled_from([90, 100, 5_000, 10_000, 33_333, 10**14])),
        )
        due = issued + draw(st.sampled_from([-3, 0, 14, 30]))
        invoices.append(
            (
                f"i{number}",
                draw(st.sampled_from(CUSTOMERS)),
                day(issued),
                day(due),
                day(draw(st.sampled_from([None, None, due - 5]))),
                day(draw(st.sampled_from([None, issued + draw(early)]))),
                amount * draw(st.sampled_from([1, 1, 1, 1, 1, -1])),
                draw(st.sampled_from(currencies)),
                draw(st.sampled_from([None, None, None, "direct_debit"])),
            )
        )
        for _ in range(draw(st.integers(0, 4))):
            paid = issued + draw(st.integers(-10, 120))
            part = draw(st.sampled_from([1.0, 1.0, 0.5, 0.98, 0.02, 1.2]))
            known = draw(st.sampled_from([None, None, paid + draw(early)]))
            payments.append(
                (
                    f"i{number}",
                    day(paid),
                    day(known),
                    int(amount * part),
                    draw(st.sampled_from(KINDS)),
                    draw(st.sampled_from([False, False, False, True])),
                )
            )
        if draw(st.booleans()):
            opened = issued + draw(early)
            closed = draw(st.sampled_from([None, opened + draw(early)]))
            disputes.append((f"i{number}", day(opened), day(closed)))
    for customer in CUSTOMERS:
        for since in draw(st.sampled_from([[], [None], [100], [400], [100, 400]])):
            customers.append((customer, day(since), draw(st.sampled_from(["food", "steel", None])), "NL"))
    return make_ledger(
        invoices=frame(
            ["invoice_id", "customer_id", "issued_on", "due_on", "original_due_on", "known_on",
             "amount_minor", "currency", "payment_method"],
            invoices,
        ),
        payments=frame(["invoice_id", "paid_on", "known_on", "amount_minor", "kind", "in_transit"], payments),
        disputes=frame(["invoice_id", "opened_on", "closed_on"], disputes),
        customers=frame(["customer_id", "valid_from", "sector", "country"], customers),
    )  # fmt: skip


def cut(ledger: Ledger, before: pd.Timestamp) -> Ledger:
    """The rows of the ledger known before a day."""
    tables = {
        name: getattr(ledger, name)[getattr(ledger, name)["known_on"] < before]
        for name in ("invoices", "payments", "disputes")
    }
    disputes = tables["disputes"]
    tables["disputes"] = disputes.assign(
        closed_on=disputes["closed_on"].where(disputes["closed_on"] < before)
    )
    since = ledger.customers["valid_from"]
    return make_ledger(customers=ledger.customers[since.isna() | (since < before)], **tables)
