"""Small tables that the tests of blocks, reminders, actions and sums share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from features.ledger import Ledger, make_ledger
from models.reminding.blocks import find_blocks
from models.reminding.reminders import Planned, plan_reminders
from models.treatment.policy import Policy
from models.treatment.policy_file import read_policy
from models.treatment.policy_tables import EVENT, step_table

DAY = date(2024, 6, 3)
"""A Monday, without a public holiday in the countries used."""

POLICY = read_policy(Path(__file__).resolve().parent.parent / "configs" / "policy.yaml")


def on(text: str) -> pd.Timestamp:
    """The day as a table holds it."""
    return pd.Timestamp(text)


def open_items(*rows: dict[str, object]) -> pd.DataFrame:
    """Open items with the columns of the books; by default 100.00 EUR of debtor X, due 29 May."""
    plain = {
        "invoice_id": "I1",
        "customer_id": "X",
        "due_on": on("2024-05-29"),
        "currency": "EUR",
        "kind": "invoice",
    }
    given = pd.DataFrame(
        [{**plain, "issued_on": on("2024-05-01"), "amount_minor": 10_000, **row} for row in rows]
    )
    items = make_ledger(
        invoices=given.drop(columns=["open_amount_minor", "dormant"], errors="ignore")
    ).invoices
    items["open_amount_minor"] = given.get("open_amount_minor", items["amount_minor"])
    items["days_past_due"] = (on(str(DAY)) - items["due_on"]).dt.days
    items["dormant"] = given.get("dormant", pd.Series(False, index=given.index)).fillna(False).astype(bool)
    return items


def ledger_of(items: pd.DataFrame, **tables: pd.DataFrame) -> Ledger:
    """A ledger with these items as its invoices."""
    return make_ledger(invoices=items, **tables)


def credit_of(**columns: object) -> pd.DataFrame:
    """Credit that stands against debtor X, or none."""
    row = {"customer_id": "X", "company_code": None, "currency": "EUR", "credit_minor": 0}
    rows = [{**row, "unapplied_minor": 0, "in_transit_minor": 0, **columns}]
    return pd.DataFrame(rows if columns else [], columns=list(rows[0]))


def segments_of(items: pd.DataFrame, segment: str = "B") -> pd.DataFrame:
    """Every debtor in one segment."""
    customers = sorted(items["customer_id"].unique())
    return pd.DataFrame({"customer_id": customers, "segment": segment})


def debtors_of(items: pd.DataFrame, segment: str = "B", **columns: object) -> pd.DataFrame:
    """Who the debtors of the items are: a German business of this segment, with the given columns changed."""
    plain = {"segment": segment, "risk": "average", "value_class": "middle", "legal_kind": "business"}
    place = {"country": "DE", "region": None, "language": None, "key_account": False}
    index = pd.Index(sorted(items["customer_id"].unique()), name="customer_id", dtype="str")
    found = pd.DataFrame({**plain, **place, **columns}, index=index)
    text = [*plain, *("country", "region", "language")]
    return found.astype({**dict.fromkeys(text, "str"), "key_account": bool})


def next_steps_of(
    items: pd.DataFrame, *names: str | None, strategy: str = "gentle", base: tuple[str, ...] = ()
) -> pd.DataFrame:
    """The next step of each item by name (of the strategy or an event), the same for all if there is one.

    Its own day is due day + the step's days, or what `base` says.
    """
    steps = step_table(POLICY)
    mine = steps[steps["strategy"].isin([strategy, EVENT])]
    numbers = {name: number for number, name in mine["name"].items()}
    given = list(names) * (len(items) if len(names) == 1 else 1)
    number = pd.Series([-1 if name is None else numbers[name] for name in given], index=items.index)
    days = number.map(steps["days_after_due"]).fillna(0).astype("int64")
    own = items["due_on"] + pd.to_timedelta(days, unit="D")
    if base:
        own = pd.Series([on(text) for text in base], index=items.index, dtype="datetime64[s]")
    words = days.astype("str") + " days after due"
    none = number < 0
    return pd.DataFrame(
        {
            "step_no": number,
            "base_on": own.mask(none),
            "words": words.mask(none, ""),
            "why_none": pd.Series("", items.index).mask(none, "no step"),
        }
    )


def state_of(items: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """Nothing was done about the items yet, but for the given columns."""
    plain = {"level": 0, "last_contact_on": pd.NaT, "assumed": False, "delivered": False, "done": 0}
    state = pd.DataFrame({**plain, **columns}, index=items.index)
    return state.astype({"last_contact_on": "datetime64[s]"})


def treatments_of(items: pd.DataFrame, timing: str = "fixed", segment: str = "B") -> pd.DataFrame:
    """Every debtor of one segment treated alike."""
    treated = segments_of(items, segment)
    return treated.assign(strategy="gentle", timing=timing)


def shifts_of(days: int, *, sliding: bool = False) -> pd.DataFrame:
    """A shift of debtor X."""
    return pd.DataFrame({"customer_id": ["X"], "shift_days": [days], "sliding": [sliding]})


def arms_of(
    items: pd.DataFrame, days: int = 0, arm: str = "", propensity: float | None = None
) -> pd.DataFrame:
    """Every debtor in one arm of an experiment, or outside."""
    index = pd.Index(sorted(items["customer_id"].unique()), name="customer_id", dtype="str")
    columns = {"group": index, "arm": arm, "propensity": propensity, "shift_days": days}
    return pd.DataFrame(columns, index=index).astype({"arm": "str", "propensity": "float64"})


def planned(
    items: pd.DataFrame,
    *steps: str | None,
    ledger: Ledger | None = None,
    strategy: str = "gentle",
    base: tuple[str, ...] = (),
    timing: str = "fixed",
    shifts: pd.DataFrame | None = None,
    arms: pd.DataFrame | None = None,
    state: pd.DataFrame | None = None,
    predictions: pd.DataFrame | None = None,
    credit: pd.DataFrame | None = None,
    debtors: pd.DataFrame | None = None,
    policy: Policy = POLICY,
    day: date = DAY,
    creditor_country: str | None = None,
    creditor_region: str | None = None,
) -> Planned:
    """The plan for these items with these next steps: by default the friendly reminder of gentle."""
    ledger = ledger or ledger_of(items)
    return plan_reminders(
        items,
        next_steps_of(items, *(steps or ("friendly_reminder",)), strategy=strategy, base=base),
        state_of(items) if state is None else state,
        debtors_of(items) if debtors is None else debtors,
        treatments_of(items, timing),
        shifts_of(0).iloc[:0] if shifts is None else shifts,
        arms_of(items) if arms is None else arms,
        pd.DataFrame({"invoice_id": pd.Series(dtype="str")}) if predictions is None else predictions,
        find_blocks(items, ledger, day),
        credit_of() if credit is None else credit,
        ledger,
        policy,
        day=day,
        home_currency="EUR",
        creditor_country=creditor_country,
        creditor_region=creditor_region,
    )
