"""What must hold of every plan: checked on random ledgers against definitions written out in full."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_ledgers import START, day, frame, ledgers
from thoroughness import examples
from treatment_support import POLICY

from features.ledger import Ledger, make_ledger
from features.open_items import open_credit, open_items
from features.settlement import keep_books
from models.facts import customers_on
from models.reminding.actions import plan_actions
from models.reminding.blocks import blocked_items, find_blocks
from models.reminding.dunning_state import dunning_state
from models.reminding.next_steps import next_steps
from models.reminding.reminders import plan_reminders
from models.reminding.step_timing import moves
from models.treatment.experiment import arms
from models.treatment.policy import Experiment, Policy
from models.treatment.policy_tables import line_of, step_table

TODAY = START + timedelta(500)
CUSTOMERS = ("anna", "bert", "cora")
CREDITOR = "NL"
WITH_CREDITOR = {"letter", "call", "registered_letter", "agency"}
EXPERIMENT = Experiment(name="spring", share=0.9, arms={"earlier": -3, "later": 5})
TIGHT = POLICY.contact.model_copy(update={"most_contacts": 2, "within_days": 21})
STRICT = POLICY.model_copy(update={"experiment": EXPERIMENT, "contact": TIGHT})


@dataclass(frozen=True)
class Run:
    """One plan, and what it was made of."""

    items: pd.DataFrame
    credit: pd.DataFrame
    blocked: pd.Series
    reminders: pd.DataFrame
    actions: pd.DataFrame


def run(ledger: Ledger, on: date, segments: str, policy: Policy, previous: pd.DataFrame | None = None) -> Run:
    """Plan what is open on the day; `segments`: a letter for each customer."""
    books = keep_books(ledger)
    return plan(ledger, open_items(books, on), open_credit(books, on), on, segments, policy, previous)


def plan(
    ledger: Ledger,
    items: pd.DataFrame,
    credit: pd.DataFrame,
    on: date,
    segments: str,
    policy: Policy,
    previous: pd.DataFrame | None = None,
) -> Run:
    """Plan these items."""
    customers = customers_on(ledger.customers, on)
    debtors = pd.DataFrame(
        {
            "segment": list(segments),
            "risk": ["low", "average", "high"],
            "value_class": ["tail", "middle", "top"],
            "legal_kind": "business",
            "country": ["NL", "DE", None],
            "region": [None, "BY", None],
            "language": None,
            "key_account": False,
        },
        index=pd.Index(CUSTOMERS, name="customer_id", dtype="str"),
    )
    texts = ["segment", "risk", "value_class", "legal_kind", "country", "region", "language"]
    debtors = debtors.astype(dict.fromkeys(texts, "str"))
    line = line_of(policy, debtors)
    treated = pd.DataFrame(
        {
            "customer_id": pd.Series(CUSTOMERS, dtype="str"),
            "segment": debtors["segment"].to_numpy(),
            "strategy": [policy.lines[number - 1].strategy for number in line],
            "timing": [policy.lines[number - 1].timing or policy.timing for number in line],
        }
    )
    shifted = pd.DataFrame({"customer_id": ["anna", "bert"], "shift_days": [3, 5], "sliding": [False, False]})
    drawn = arms(debtors, customers, policy.experiment)
    blocks = find_blocks(items, ledger, on)
    steps = step_table(policy)
    strategy = items["customer_id"].map(treated.set_index("customer_id")["strategy"])
    kept = len(ledger.contact_history) > 0
    move = moves(items, treated, shifted, drawn)
    state = dunning_state(
        items, strategy, steps, ledger, day=on, history_kept=kept, moved_days=move.habit + move.arm
    )
    parts = (items, state, debtors, treated, policy, steps, ledger)
    following = next_steps(*parts, day=on, default_country=None, blocks=blocks, history_kept=kept)
    planned = plan_reminders(
        items,
        following,
        state,
        debtors,
        treated,
        shifted,
        drawn,
        pd.DataFrame({"invoice_id": pd.Series(dtype="str")}),
        blocks,
        credit,
        ledger,
        policy,
        day=on,
        home_currency="EUR",
        creditor_country=CREDITOR,
    )
    rest = (debtors, drawn, credit, ledger, policy, previous)
    reminders, actions = plan_actions(items, planned, *rest, day=on)
    return Run(items, credit, blocked_items(items, blocks), reminders, actions)


@st.composite
def told(draw) -> Ledger:  # type: ignore[no-untyped-def]
    """A random ledger with contacts, persons, head offices and items assigned outside."""
    ledger = draw(ledgers(currencies=("EUR", "USD")))
    around = st.integers(440, 499)
    contacts = [
        (
            draw(st.sampled_from(CUSTOMERS)),
            day(draw(around)),
            draw(st.sampled_from([None, "i0", "i1"])),
            draw(st.sampled_from(["sent", "reached", "not_reached", "bounced", None])),
            draw(st.sampled_from(["reminder", "call", "second_reminder", "visit"])),
        )
        for _ in range(draw(st.integers(0, 5)))
    ]
    persons = [
        (who, "p", draw(st.sampled_from([None, "a@b.example"])), draw(st.sampled_from([None, "1"])))
        for who in draw(st.sets(st.sampled_from(CUSTOMERS)))
    ]
    head_office = draw(st.sampled_from([None, "cora"]))
    customers = pd.DataFrame(
        {
            "customer_id": CUSTOMERS,
            "dunning_recipient_id": [head_office, head_office, None],
            "channel": [draw(st.sampled_from([None, "post", "phone"])) for _ in CUSTOMERS],
        }
    )
    invoices = ledger.invoices.assign(
        assigned_to=pd.array(
            [draw(st.sampled_from([None, None, None, "agency"])) for _ in range(len(ledger.invoices))], "str"
        ),
        due_on=ledger.invoices["due_on"] + pd.to_timedelta(draw(st.integers(-200, 60)), unit="D"),
    )
    columns = ["customer_id", "contacted_on", "invoice_id", "status", "kind"]
    return make_ledger(
        invoices=invoices,
        payments=ledger.payments,
        disputes=ledger.disputes,
        customers=customers,
        contact_history=frame(columns, contacts),
        contact_persons=pd.DataFrame(persons, columns=["customer_id", "recipient_id", "email", "phone"]),
    )


SEGMENTS = st.text("ABDG", min_size=3, max_size=3)
POLICIES = st.sampled_from([POLICY, STRICT])


def random_ledgers(count: int) -> settings:
    """So many random ledgers."""
    return settings(max_examples=examples(count), deadline=None, suppress_health_check=list(HealthCheck))


def is_working_day(on: date, country: str | None, region: str | None = None) -> bool:
    """Monday to Friday, and no holiday where the library knows the country."""
    if country is None:
        return on.weekday() < 5
    calendar = holidays.country_holidays(country, subdiv=region, years=on.year)
    return on.weekday() not in calendar.weekend and on not in calendar


def recipients(ledger: Ledger) -> dict[str, str]:
    """Who gets the reminders of each customer."""
    rows = ledger.customers
    other = rows["dunning_recipient_id"].where(rows["dunning_recipient_id"].notna(), rows["customer_id"])
    return dict(zip(rows["customer_id"], other, strict=True))


def check_days(ledger: Ledger, made: Run, policy: Policy) -> None:
    """No contact in the past, on a day off where it is read or, unless by e-mail, where it is written."""
    land = {"anna": ("NL", None), "bert": ("DE", "BY"), "cora": (None, None)}
    for action in made.actions.itertuples():
        on = action.send_on.date()
        assert on >= TODAY
        assert is_working_day(on, *land[action.customer_id])
        assert action.channel not in WITH_CREDITOR or is_working_day(on, CREDITOR)


def check_limits(ledger: Ledger, made: Run, policy: Policy) -> None:
    """Gap and cap per recipient, whatever the branch, currency or strategy, history included."""
    reader, limits = recipients(ledger), policy.contact
    before = defaultdict(set)
    for row in ledger.contact_history.itertuples():
        if row.status != "bounced" and row.contacted_on.date() < TODAY:
            before[reader[row.customer_id]].add(row.contacted_on.date())
    to_come = defaultdict(list)
    for action in made.actions.itertuples():
        to_come[action.customer_id].append(action.send_on.date())
    for who, planned in to_come.items():
        days = sorted(planned)
        last = max(before[who], default=date.min)
        for earlier, later in zip([last, *days], days, strict=False):
            assert (later - earlier).days >= limits.days_between
        for on in days:
            window = [each for each in {*days, *before[who]} if 0 <= (on - each).days < limits.within_days]
            assert len(window) <= limits.most_contacts


def check_rows(ledger: Ledger, made: Run, policy: Policy) -> None:
    """Each open item has one row: step, day and action, or a reason for none; none if blocked or net <= 0."""
    rows, items, credit = made.reminders, made.items, made.credit
    assert rows["invoice_id"].tolist() == items["invoice_id"].tolist()
    assert (rows["reason"].str.len() > 0).all()
    steps = step_table(policy)
    courtesies = set(steps.loc[steps["level"] == 0, "name"])
    for at in range(len(items)):
        row, item = rows.iloc[at], items.iloc[at]
        none = pd.isna(row["step"])
        assert none == pd.isna(row["send_on"]) == pd.isna(row["timing"]) == pd.isna(row["action_id"])
        if none:
            continue
        assert made.blocked.iloc[at] == ""
        assert not item["dormant"]
        on = row["send_on"]
        if row["step"] in courtesies:
            assert on <= item["due_on"]
            on = max(on, item["due_on"] + pd.Timedelta(days=1))
        mine, against = (
            table[(table["customer_id"] == item["customer_id"]) & (table["currency"] == item["currency"])]
            for table in (items, credit)
        )
        owed = int(mine.loc[mine["due_on"] < on, "open_amount_minor"].sum())
        assert owed > against[["credit_minor", "unapplied_minor", "in_transit_minor"]].to_numpy().sum()


def check(ledger: Ledger, segments: str, policy: Policy) -> None:
    """All of it, and that repeated on the same day nothing changes."""
    made = run(ledger, TODAY, segments, policy)
    for rule in (check_days, check_limits, check_rows):
        rule(ledger, made, policy)
    again = run(ledger, TODAY, segments, policy, made.actions)
    assert (again.actions["change"] == "unchanged").all()
    assert again.actions["action_id"].tolist() == made.actions["action_id"].tolist()


@random_ledgers(8)
@given(told(), SEGMENTS, POLICIES)
def test_every_plan_keeps_the_rules(ledger: Ledger, segments: str, policy: Policy) -> None:
    """Days, limits, rows and ids, on a few random ledgers."""
    check(ledger, segments, policy)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@random_ledgers(150)
@given(told(), SEGMENTS, POLICIES)
def test_every_one_of_many_plans_keeps_the_rules(ledger: Ledger, segments: str, policy: Policy) -> None:
    """The same on many."""
    check(ledger, segments, policy)


@random_ledgers(4)
@given(told(), SEGMENTS, POLICIES)
def test_an_action_keeps_its_id_while_it_is_the_same(ledger: Ledger, segments: str, policy: Policy) -> None:
    """On the next day an id means the same step about the same items of the same recipient, and back."""
    first = run(ledger, TODAY, segments, policy)
    later = run(ledger, TODAY + timedelta(1), segments, policy, first.actions)
    before, after = meant(first), meant(later)
    assert all(before[action] == after[action] for action in set(before) & set(after))
    known = {what: action for action, what in before.items()}
    assert all(known.get(what, action) == action for action, what in after.items())


def meant(made: Run) -> dict[str, tuple[object, ...]]:
    """Who is contacted at which step about which items, by action_id."""
    items = made.reminders.groupby("action_id")["invoice_id"].agg(lambda ids: tuple(sorted(ids)))
    standing = made.actions[made.actions["change"] != "withdrawn"]
    return {row.action_id: (row.customer_id, row.step, items[row.action_id]) for row in standing.itertuples()}


@random_ledgers(4)
@given(told(), SEGMENTS, POLICIES, st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_does_not_matter(
    ledger: Ledger, segments: str, policy: Policy, seed: int
) -> None:
    """The same reminders and actions from shuffled items, contacts and credit."""
    straight = run(ledger, TODAY, segments, policy)
    draw = np.random.default_rng(seed)
    tables = {
        name: getattr(ledger, name).iloc[draw.permutation(len(getattr(ledger, name)))].reset_index(drop=True)
        for name in ("invoices", "payments", "disputes", "customers", "contact_history", "contact_persons")
    }
    order = draw.permutation(len(straight.items))
    items = straight.items.iloc[order].reset_index(drop=True)
    credit = straight.credit.iloc[::-1].reset_index(drop=True)
    shuffled = plan(make_ledger(**tables), items, credit, TODAY, segments, policy)
    assert shuffled.actions.equals(straight.actions)
    back = shuffled.reminders.set_index("invoice_id").loc[straight.items["invoice_id"]].reset_index()
    assert back[list(straight.reminders)].equals(straight.reminders)
