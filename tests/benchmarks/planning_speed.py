"""Prints how long planning takes, part by part, by the clock and by the processor.

python tests/benchmarks/planning_speed.py [open invoices] [share of optimal timing] [largest recipient]

A tenth as many debtors as invoices, in five countries, some with a head office; a tenth of the invoices has
something against it, and half of the debtors were contacted lately.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from features.ledger import Ledger, make_ledger
from models.facts import customers_on
from models.reminding.actions import plan_actions
from models.reminding.blocks import find_blocks
from models.reminding.dunning_state import dunning_state
from models.reminding.next_steps import next_steps
from models.reminding.reminders import plan_reminders
from models.reminding.step_timing import moves
from models.treatment.experiment import arms
from models.treatment.policy import Experiment
from models.treatment.policy_file import read_policy
from models.treatment.policy_tables import line_of, step_table

Made = TypeVar("Made")

DAY = date(2026, 1, 12)
TODAY = pd.Timestamp(DAY).as_unit("s")
POLICY = read_policy(Path(__file__).resolve().parents[2] / "configs" / "policy.yaml")


def days_from_today(days: np.ndarray) -> pd.Series:
    """Days as a column."""
    return pd.Series(np.datetime64(DAY) + days.astype("timedelta64[D]")).astype("datetime64[s]")


def made_up(invoices: int, largest: int) -> tuple[Ledger, pd.DataFrame, pd.DataFrame]:
    """A ledger, its open items and what is predicted of them."""
    draw = np.random.default_rng(7)
    count = max(invoices // 10, 1)
    ids = np.char.add("D", np.arange(count).astype(str)).astype(object)
    debtor = ids[np.minimum((draw.random(invoices) ** 2 * count).astype(np.int64), count - 1)]
    debtor[:largest] = ids[0]
    late = draw.integers(-40, 90, invoices)
    items = pd.DataFrame(
        {
            "invoice_id": np.sort(np.char.add("I", np.arange(invoices).astype(str))),
            "customer_id": debtor,
            "company_code": draw.choice(["1000", "2000"], invoices, p=[0.9, 0.1]),
            "currency": draw.choice(["EUR", "USD"], invoices, p=[0.95, 0.05]),
            "kind": "invoice",
            "issued_on": days_from_today(-late - 30),
            "due_on": days_from_today(-late),
            "amount_minor": draw.lognormal(11, 1.5, invoices).astype(np.int64) + 1,
            "assigned_to": np.where(draw.random(invoices) < 0.03, "agency", None),
            "dunning_level": pd.array(np.where(late > 30, draw.integers(0, 3, invoices), 0), "Int64"),
            "last_dunned_on": days_from_today(-draw.integers(1, 30, invoices)).where(late > 30),
        }
    )
    quiet = draw.random(invoices) < 0.01
    disputed = draw.choice(invoices, invoices // 20, replace=False)
    disputes = pd.DataFrame({"invoice_id": items["invoice_id"].to_numpy()[disputed]}).assign(opened_on=TODAY)
    disputes["opened_on"] -= pd.Timedelta(days=9)
    contacted = draw.integers(0, count, count // 2)
    office = np.where(draw.random(count) < 0.1, ids[draw.integers(0, count, count)], None)
    ledger = make_ledger(
        invoices=items,
        customers=pd.DataFrame(
            {
                "customer_id": ids,
                "country": draw.choice(["NL", "DE", "BE", "FR", "US"], count),
                "dunning_recipient_id": office,
                "collector": draw.choice(["Ann", "Bob"], count),
            }
        ),
        disputes=disputes,
        contact_history=pd.DataFrame(
            {
                "customer_id": ids[contacted],
                "contacted_on": days_from_today(-draw.integers(1, 40, len(contacted))),
                "status": "sent",
                "kind": "reminder",
            }
        ),
        contact_persons=pd.DataFrame({"customer_id": ids, "recipient_id": "P", "email": "p@x.example"}),
    )
    opened = ledger.invoices.assign(
        open_amount_minor=ledger.invoices["amount_minor"],
        days_past_due=late,
        dormant=quiet,
    )
    shares = draw.dirichlet(np.ones(5), invoices)
    names = ["p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90"]
    wait = np.sort(draw.integers(0, 60, (invoices, 3)), axis=1)
    predictions = pd.DataFrame(shares, columns=names).assign(
        invoice_id=opened["invoice_id"],
        days_past_due=late,
        **{f"paid_on_p{share}": days_from_today(wait[:, at]) for at, share in enumerate((10, 50, 90))},
    )
    return ledger, opened, predictions


def main(invoices: int, optimal: float, largest: int) -> None:
    """Print seconds and share of each part."""
    ledger, items, predictions = made_up(invoices, largest)
    draw = np.random.default_rng(1)
    seconds: dict[str, tuple[float, float]] = {}

    def timed(part: str, make: Callable[[], Made]) -> Made:
        clock, processor = time.perf_counter(), time.process_time()
        made = make()
        seconds[part] = time.perf_counter() - clock, time.process_time() - processor
        return made

    customers = customers_on(ledger.customers, DAY)
    count = len(customers)
    debtors = pd.DataFrame(
        {
            "segment": draw.choice(list("ABCDEFG"), count),
            "risk": draw.choice(["low", "average", "high"], count),
            "value_class": draw.choice(["top", "middle", "tail"], count),
            "legal_kind": draw.choice(["business", "public"], count, p=[0.95, 0.05]),
            "country": customers["country"],
            "region": None,
            "language": "en",
            "key_account": False,
        },
        index=customers.index,
    ).astype({"region": "str"})
    policy = POLICY.model_copy(update={"experiment": Experiment(name="spring", share=0.2, arms={"later": 3})})
    line = line_of(policy, debtors)
    treated = pd.DataFrame(
        {
            "customer_id": customers.index,
            "segment": debtors["segment"].to_numpy(),
            "strategy": np.array(["", *(each.strategy for each in policy.lines)], dtype=object)[line],
            "timing": np.where(draw.random(count) < optimal, "optimal", "shifted"),
        }
    )
    shifted = pd.DataFrame({"customer_id": customers.index[::5], "shift_days": 3, "sliding": False})
    drawn = timed("arms", lambda: arms(debtors, customers, policy.experiment))
    credit = pd.DataFrame(
        {
            "customer_id": customers.index[::10],
            "company_code": None,
            "currency": "EUR",
            "credit_minor": 100_000,
            "unapplied_minor": 0,
            "in_transit_minor": 0,
        }
    )
    steps = step_table(policy)
    blocks = timed("blocks", lambda: find_blocks(items, ledger, DAY))
    strategy = items["customer_id"].map(treated.set_index("customer_id")["strategy"])
    state = timed("state", lambda: dunning_state(items, strategy, steps, ledger, day=DAY, history_kept=True))
    parts = (items, state, debtors, treated, policy, steps, ledger)
    following = timed("next steps", lambda: next_steps(*parts, day=DAY, default_country=None, blocks=blocks))
    timed("moves", lambda: moves(items, treated, shifted, drawn))
    rest = (debtors, treated, shifted, drawn, predictions, blocks, credit, ledger, policy)
    options = {"day": DAY, "home_currency": "EUR", "creditor_country": "NL"}
    planned = timed("reminders", lambda: plan_reminders(items, following, state, *rest, **options))
    reminders, actions = timed(
        "actions",
        lambda: plan_actions(items, planned, debtors, drawn, credit, ledger, policy, None, day=DAY),
    )
    clock, processor = (sum(took) for took in zip(*seconds.values(), strict=True))
    print(f"{invoices:,} open invoices, {count:,} debtors, {len(actions):,} actions,", end=" ")
    print(f"{reminders['step'].notna().mean():.0%} of the invoices with a step")
    print(f"{'':12} {'clock':>9} {'processor':>11}")
    for part, (on_clock, on_processor) in seconds.items():
        print(f"{part:12} {on_clock:7.2f} s {on_processor:9.2f} s {on_processor / processor:5.0%}")
    print(f"{'together':12} {clock:7.2f} s {processor:9.2f} s")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    main(int(given.get(0, 1_000_000)), float(given.get(1, 0.5)), int(given.get(2, 50_000)))
