"""A small portfolio for the tests of the worklist: every debtor owes one item unless it is said otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.ledger import Ledger, make_ledger
from models.calling.worklist import worklist
from models.reminding.blocks import dunnable_minor, find_blocks
from models.rollup import debtors_table
from models.scorer import CLASS_BORDERS, CLASSES
from models.treatment.policy import Policy
from models.treatment.policy_file import read_policy

DAY = date(2024, 6, 3)
"""A Monday."""

POLICY = read_policy(Path(__file__).resolve().parent.parent / "configs" / "policy.yaml")

Row = dict[str, Any]


def on(text: str) -> pd.Timestamp:
    """The day as a table holds it."""
    return pd.Timestamp(text)


def with_rules(policy: Policy = POLICY, **rules: Any) -> Policy:
    """The shipped policy with other rules for the worklist."""
    return policy.model_copy(update={"worklist": policy.worklist.model_copy(update=rules)})


def ledger_of(*rows: Row, **tables: Sequence[Row]) -> Ledger:
    """A ledger whose invoices are by default I1 of debtor X: 100,000.00 EUR, ten days past due."""
    plain = {"invoice_id": "I1", "customer_id": "X", "amount_minor": 10_000_000, "days_past_due": 10}
    invoices = pd.DataFrame([{**plain, "issued_on": on("2023-01-01"), **row} for row in rows])
    invoices["due_on"] = on(str(DAY)) - pd.to_timedelta(invoices["days_past_due"], unit="D")
    return make_ledger(invoices=invoices, **{name: pd.DataFrame(list(told)) for name, told in tables.items()})


def open_items(ledger: Ledger, dormant: bool = False) -> pd.DataFrame:
    """The invoices of the ledger, nothing of them paid."""
    items = ledger.invoices
    age = (on(str(DAY)) - items["due_on"]).dt.days
    return items.assign(open_amount_minor=items["amount_minor"], days_past_due=age, dormant=dormant)


def evenly_paid(items: pd.DataFrame, within: float | Sequence[float] = 20) -> pd.DataFrame:
    """Predictions of items that are paid on any of the next so many days, each as likely."""
    days = np.broadcast_to(np.asarray(within, dtype=float), len(items))
    age = items["days_past_due"].to_numpy()
    by = [np.where(border < age, 0, np.clip((border - age) / days, 0, 1)) for border in CLASS_BORDERS]
    shares = np.diff(np.array([np.zeros(len(items)), *by, np.ones(len(items))]), axis=0)
    table = items[["invoice_id", "days_past_due"]].assign(**dict(zip(CLASSES, shares, strict=True)))
    for name, share in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        table[f"paid_on_{name}"] = on(str(DAY)) + pd.to_timedelta(np.rint(days * share), unit="D")
    return table


def credit(*rows: Row) -> pd.DataFrame:
    """What stands against the accounts."""
    plain = {"customer_id": "X", "company_code": None, "currency": "EUR", "credit_minor": 0}
    columns = [*plain, "unapplied_minor", "in_transit_minor"]
    return pd.DataFrame(
        [{**plain, "unapplied_minor": 0, "in_transit_minor": 0, **row} for row in rows], columns=columns
    )


def call(invoice: str = "I1", **action: Any) -> Row:
    """An action about that invoice: a call that is due today."""
    plain = {"action_id": f"call {invoice}", "status": "proposed", "change": "new", "channel": "call"}
    days = {"send_on": on("2024-06-03"), "valid_until": on("2024-06-08")}
    return {**plain, **days, "collector": None, "invoice_id": invoice, **action}


def over_limit(customer: str = "X", **figures: Any) -> Row:
    """A debtor above its credit limit of 1,000 euros."""
    plain = {"customer_id": customer, "currency": "EUR", "exposure_minor": 10_000_000}
    limits = {"credit_limit_minor": 100_000, "insured_limit_minor": None, "uninsured_amount_minor": None}
    return {**plain, **limits, "over_credit_limit": True, **figures}


def contact(days_ago: int, **row: Any) -> Row:
    """A contact with debtor X that reached somebody."""
    day = on(str(DAY)) - pd.Timedelta(days=days_ago)
    return {"customer_id": "X", "contacted_on": day, "status": "reached", "kind": "call", **row}


def listed(
    *items: Row,
    within: float | Sequence[float] = 20,
    actions: Sequence[Row] = (),
    risks: Sequence[Row] = (),
    credits: Sequence[Row] = (),
    treated: Row | None = None,
    debtor: Row | None = None,
    policy: Policy = POLICY,
    bank_words: str = "",
    dormant: bool = False,
    empty: bool = False,
    shuffled: int | None = None,
    **tables: Sequence[Row],
) -> pd.DataFrame:
    """The worklist of these items; `treated` and `debtor`: how all debtors are treated, and who they are."""
    ledger = ledger_of(*(items or [{}]), **{name: rows for name, rows in tables.items() if rows})
    opened = open_items(ledger, dormant).iloc[: 0 if empty else None]
    predictions = evenly_paid(opened, within)
    stand_against = credit(*credits)
    blocks = find_blocks(opened, ledger, DAY)
    debtors = debtors_table(opened, predictions, stand_against, blocks, day=DAY)
    ids = sorted(opened["customer_id"].unique())
    how = {"strategy": "standard", "status": "none", "instalments": None, **(treated or {})}
    who = {
        "legal_kind": "business",
        "risk": "average",
        "language": "nl",
        "key_account": False,
        **(debtor or {}),
    }
    planned = pd.DataFrame(list(actions), columns=list(call()))
    planned = planned.astype({"send_on": "datetime64[s]", "valid_until": "datetime64[s]"})
    if shuffled is not None:
        opened = opened.sample(frac=1, random_state=shuffled)
        predictions = predictions.sample(frac=1, random_state=shuffled + 1)
        debtors = debtors.sample(frac=1, random_state=shuffled + 2)
    return worklist(
        opened,
        dunnable_minor(opened, blocks),
        debtors,
        predictions,
        planned[["invoice_id", "action_id"]],
        planned.drop(columns="invoice_id").drop_duplicates("action_id"),
        pd.DataFrame(list(risks), columns=list(over_limit())).astype(
            {name: "Int64" for name in over_limit() if name.endswith("_minor")}
            | {"over_credit_limit": "boolean"}
        ),
        pd.DataFrame([{"customer_id": customer, **how} for customer in ids], columns=["customer_id", *how]),
        pd.DataFrame([who] * len(ids), index=pd.Index(ids, name="customer_id"), columns=list(who)),
        ledger,
        policy,
        day=DAY,
        home_currency="EUR",
        bank_words=bank_words,
    )
