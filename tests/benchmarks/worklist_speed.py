"""How long the worklist takes: `PYTHONPATH=tests python tests/benchmarks/worklist_speed.py [accounts]`.

Half of the debtors belong to one of fifty collectors, who speak two of eight languages and call thirty
debtors a day; the others are anybody's. Prints seconds for the sharing alone and for the whole table.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from worklist_support import DAY, POLICY, call, evenly_paid, on, over_limit

from features.ledger import make_ledger
from models.calling.work_sharing import Person, share_work
from models.calling.worklist import worklist
from models.reminding.blocks import dunnable_minor, find_blocks
from models.rollup import debtors_table

LANGUAGES = np.array(["nl", "de", "fr", "en", "pl", "it", "es", "pt"])
COLLECTORS = [f"C{number:02}" for number in range(50)]


def sharing(accounts: int, capacity: int | None) -> float:
    """Seconds to share so many pieces of work."""
    rng = np.random.default_rng(0)
    people = [
        Person(name, capacity, frozenset(rng.choice(LANGUAGES, 2, replace=False)), absent=False, shares=True)
        for name in COLLECTORS
    ]
    owner = np.where(rng.random(accounts) < 0.5, rng.choice(COLLECTORS, accounts), "")
    work = pd.DataFrame({"owner": owner, "language": rng.choice(LANGUAGES, accounts)})
    start = time.perf_counter()
    share_work(work, people)
    return time.perf_counter() - start


def whole_table(accounts: int) -> tuple[float, pd.DataFrame]:
    """Seconds for the table of so many debtors with two items each, and the table."""
    rng = np.random.default_rng(1)
    ids = np.char.add("D", np.arange(accounts).astype(str))
    who = rng.permutation(np.repeat(ids, 2))
    age = rng.integers(1, 60, len(who))
    invoices = pd.DataFrame(
        {
            "invoice_id": np.char.add("I", np.arange(len(who)).astype(str)),
            "customer_id": who,
            "amount_minor": rng.lognormal(16, 1, len(who)).astype(np.int64) + 1,
            "issued_on": on("2024-01-01"),
            "due_on": on(str(DAY)) - pd.to_timedelta(age, unit="D"),
        }
    )
    named = np.where(rng.random(accounts) < 0.5, rng.choice(COLLECTORS, accounts), None)
    customers = pd.DataFrame({"customer_id": ids, "collector": named})
    spoken = [", ".join(rng.choice(LANGUAGES, 2, replace=False)) for _ in COLLECTORS]
    collectors = pd.DataFrame({"collector": COLLECTORS, "languages": spoken, "capacity_per_day": 30})
    made = pd.DataFrame(
        {
            "customer_id": rng.choice(ids, accounts // 2),
            "contacted_on": on(str(DAY)) - pd.to_timedelta(rng.integers(1, 60, accounts // 2), unit="D"),
            "status": "sent",
        }
    )
    ledger = make_ledger(invoices=invoices, customers=customers, collectors=collectors, contact_history=made)
    items = ledger.invoices.assign(
        open_amount_minor=ledger.invoices["amount_minor"], days_past_due=age, dormant=False
    )
    predictions = evenly_paid(items, rng.integers(2, 90, len(items)))
    blocks = find_blocks(items, ledger, DAY)
    columns = [
        "customer_id",
        "company_code",
        "currency",
        "credit_minor",
        "unapplied_minor",
        "in_transit_minor",
    ]
    debtors = debtors_table(items, predictions, pd.DataFrame(columns=columns), blocks, day=DAY)
    no_actions = pd.DataFrame(columns=list(call())).astype(
        dict.fromkeys(["send_on", "valid_until"], "datetime64[s]")
    )
    index = pd.Index(ids, name="customer_id")
    told = pd.DataFrame(
        {
            "legal_kind": "business",
            "risk": rng.choice(["low", "average", "high"], accounts),
            "language": rng.choice(LANGUAGES, accounts),
            "key_account": False,
        },
        index=index,
    )
    treatments = pd.DataFrame(
        {"customer_id": ids, "strategy": "standard", "status": "none", "instalments": None}
    )
    dunnable = dunnable_minor(items, blocks)
    start = time.perf_counter()
    table = worklist(
        items,
        dunnable,
        debtors,
        predictions,
        no_actions[["invoice_id", "action_id"]],
        no_actions,
        pd.DataFrame(columns=list(over_limit())),
        treatments,
        told,
        ledger,
        POLICY,
        day=DAY,
        home_currency="EUR",
    )
    return time.perf_counter() - start, table


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"sharing {size:,} pieces: {sharing(size, 30):.1f} s; without a limit {sharing(size, None):.1f} s")
    seconds, listed = whole_table(size)
    counts = f"{len(listed):,} listed, {listed['reached'].sum():,} reached"
    print(f"worklist of {size:,} debtors: {seconds:.1f} s, {counts}")
