"""The next step of an open item."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples
from treatment_support import DAY, POLICY, ledger_of, on, open_items

from features.errors import ModelError
from models.reminding.dunning_state import dunning_state
from models.reminding.next_steps import next_steps
from models.treatment.policy import Event, Policy, Strategy
from models.treatment.policy_tables import step_table


def step(name: str, level: int, days: int | None = None, **more: object) -> dict[str, object]:
    """A step by e-mail."""
    plain = {"tone": "friendly", "channels": ["email"], "template": "friendly"}
    return {"name": name, "level": level, "days_after_due": days, **plain, **more}


STEPS = [
    step("due_soon", 0, -5, minimum_amount={"any": "50"}),
    step("friendly", 1, 3),
    step("second", 2, 15, minimum_amount={"any": "20"}),
    step("call", 3, 25),
]


def policy(*events: dict[str, Any], **more: object) -> Policy:
    """Strategy standard of four steps, strategy none of no steps, and these events."""
    strategies = {
        "standard": Strategy.model_validate({"steps": STEPS}),
        "none": Strategy(steps=(), because="file the claim"),
    }
    made = tuple(Event.model_validate({"name": each["when"], **each}) for each in events)
    least = {"any": Decimal(5), "JPY": Decimal(500)}
    return POLICY.model_copy(
        update={"strategies": strategies, "events": made, "minimum_amount": least, **more}
    )


def event(when: str, level: int, days: int | None = 0, **more: Any) -> dict[str, Any]:
    """An event whose step has the event's name."""
    own = {key: more.pop(key) for key in ("minimum_amount", "working_days_after_due") if key in more}
    return {"when": when, "step": step(when, level, days, **own), **more}


def table(
    items: pd.DataFrame,
    *events: dict[str, Any],
    strategy: str = "standard",
    kept: bool = True,
    debtor: dict[str, object] | None = None,
    day: date = DAY,
    rules: Policy | None = None,
    **tables: Any,
) -> pd.DataFrame:
    """The next steps of these items, with the name of each step."""
    rules = rules or policy(*events)
    facts = ledger_of(items, **{name: pd.DataFrame(rows) for name, rows in tables.items()})
    steps = step_table(rules)
    who = pd.Index(sorted(items["customer_id"].unique()), name="customer_id")
    plain = {"segment": "A", "risk": "low", "value_class": "top", "legal_kind": "business", "country": None}
    debtors = pd.DataFrame({**plain, "region": None, **(debtor or {})}, index=who)
    treatments = pd.DataFrame({"customer_id": who, "strategy": strategy})
    state = dunning_state(items, pd.Series(strategy, items.index), steps, facts, day=day, history_kept=kept)
    rows = next_steps(
        items,
        state,
        debtors.astype({"country": "str", "region": "str"}),
        treatments,
        rules,
        steps,
        facts,
        day=day,
        default_country=None,
        history_kept=kept,
    )
    names = [*steps["name"], ""]
    return rows.assign(step=[names[number] for number in rows["step_no"]])


def one(item: dict[str, object] | None = None, *events: dict[str, Any], **more: Any) -> pd.Series:
    """The next step of one item of debtor X, by default of 100.00 EUR due on 29 May."""
    return table(open_items(item or {}), *events, **more).iloc[0]


def contact(**columns: object) -> dict[str, object]:
    """A reminder about I1 that was sent on 31 May."""
    row = {"customer_id": "X", "invoice_id": "I1", "contacted_on": on("2024-05-31"), "kind": "reminder"}
    return {**row, "status": "sent", **columns}


# ---- the strategy ----


@pytest.mark.parametrize(
    ("item", "name", "base_on", "words"),
    [
        ({}, "friendly", "2024-06-01", "3 days after due by strategy standard"),
        ({"due_on": "2024-03-01"}, "friendly", "2024-03-04", "3 days after due by strategy standard"),
        ({"dunning_level": 1}, "second", "2024-06-13", "15 days after due by strategy standard"),
        ({"dunning_level": 2}, "call", "2024-06-23", "25 days after due by strategy standard"),
        ({"due_on": "2024-07-01"}, "due_soon", "2024-06-26", "5 days before due by strategy standard"),
        ({"due_on": "2024-06-04"}, "due_soon", "2024-05-30", "5 days before due by strategy standard"),
        ({"due_on": "2024-06-03"}, "friendly", "2024-06-06", "3 days after due by strategy standard"),
        ({"due_on": "2024-07-01", "dunning_level": 1}, "second", "2024-07-16", None),
    ],
    ids=[
        "the first after due",
        "no step is jumped over",
        "one above the ledger's level",
        "two above",
        "a courtesy before due",
        "a courtesy whose day has passed",
        "none on the due day",
        "none once a level is reached",
    ],
)
def test_the_step_above_the_level_reached(
    item: dict[str, Any], name: str, base_on: str, words: str | None
) -> None:
    """Its own day is the due day and the policy's days, whether passed or not."""
    item = {**item, "due_on": on(item.get("due_on", "2024-05-29"))}
    row = one(item)
    assert (row["step"], row["base_on"], row["why_none"]) == (name, on(base_on), "")
    assert words is None or row["words"] == words


def test_a_courtesy_is_made_once() -> None:
    """Due on Sunday 9 June, its day was the 4th of that month; a reminder before due is one."""
    item = {"due_on": on("2024-06-05")}
    assert one(item)["step"] == "due_soon"
    assert one(item, contact_history=[contact()])["step"] == "friendly"


@pytest.mark.parametrize(("due_on", "name"), [("2024-06-10", "friendly"), ("2024-06-11", "due_soon")])
def test_a_courtesy_needs_a_working_day_before_due(due_on: str, name: str) -> None:
    """Run on Saturday 8 June: on Monday the first of them is due already."""
    assert one({"due_on": on(due_on)}, day=date(2024, 6, 8))["step"] == name


@pytest.mark.parametrize(
    ("item", "name", "why"),
    [
        ({"open_amount_minor": 500}, "friendly", ""),
        ({"open_amount_minor": 499}, "", "open 4.99 EUR is under the minimum of 5.00"),
        ({"open_amount_minor": 499, "currency": "JPY"}, "", "open 499 JPY is under the minimum of 500"),
        ({"open_amount_minor": 1_999, "dunning_level": 1}, "call", ""),
        ({"open_amount_minor": 2_000, "dunning_level": 1}, "second", ""),
        ({"open_amount_minor": 4_999, "due_on": on("2024-07-01")}, "friendly", ""),
        ({"open_amount_minor": 5_000, "due_on": on("2024-07-01")}, "due_soon", ""),
    ],
    ids=[
        "the policy's minimum",
        "under it",
        "in yen",
        "under a step's: the next",
        "the step's",
        "no courtesy",
        "a courtesy",
    ],
)
def test_a_step_has_its_minimum_amount(item: dict[str, object], name: str, why: str) -> None:
    """The policy's for all steps, and its own."""
    row = one(item)
    assert (row["step"], row["why_none"]) == (name, why)


def test_what_is_disputed_is_not_asked_for() -> None:
    """Of 100.00, 40.00 is disputed, or 96.00, or all of it."""
    dispute = {"invoice_id": "I1", "opened_on": on("2024-05-20")}
    row = one(disputes=[{**dispute, "disputed_amount_minor": 4_000}])
    words = "3 days after due by strategy standard, without the part in dispute"
    assert (row["step"], row["words"]) == ("friendly", words)
    row = one(disputes=[{**dispute, "disputed_amount_minor": 9_600}])
    assert row["why_none"] == "open 100.00 EUR, 4.00 of it undisputed, is under the minimum of 5.00"
    row = one(disputes=[dispute])
    assert row["why_none"] == "blocked by dispute: open since 2024-05-20"


@pytest.mark.parametrize(
    ("item", "strategy", "why"),
    [
        ({"dormant": True}, "none", "dormant residual: no movement for a long time"),
        ({"assigned_to": "agency"}, "none", "no reminders, strategy none: file the claim"),
        ({"assigned_to": "agency"}, "standard", "blocked by assigned: collected outside by agency"),
        ({"dunning_level": 3}, "standard", "last step done (call): hand over to a person"),
        (
            {"dunning_level": 9, "open_amount_minor": 1},
            "standard",
            "last step done (call): hand over to a person",
        ),
    ],
)
def test_why_there_is_none(item: dict[str, object], strategy: str, why: str) -> None:
    """The first reason that holds; no day, and no words for one."""
    row = one(item, strategy=strategy)
    assert (row["step_no"], row["why_none"], row["words"]) == (-1, why, "")
    assert pd.isna(row["base_on"])


def test_what_is_assumed_is_said() -> None:
    """Without a history the steps of passed days are taken as done."""
    row = one({"due_on": on("2024-05-20")}, kept=False)
    assert row["words"] == "15 days after due by strategy standard, earlier steps assumed done"
    row = one({"due_on": on("2024-01-20")}, kept=False)
    assert row["why_none"] == "last step assumed done (call): hand over to a person"


@pytest.mark.parametrize(
    ("contacts", "kept", "name", "base_on", "why"),
    [
        ([{"contacted_on": on("2024-05-31")}], True, "call", "2024-06-23", ""),
        ([{"contacted_on": on("2024-06-01")}], True, "call", "2024-06-24", ""),
        ([{"status": "bounced"}], True, "notice", "2024-05-31", ""),
        ([], False, "", None, "the statutory notice is not known to have arrived: no firmer step"),
    ],
)
def test_a_step_after_a_statutory_notice_waits_for_it(
    contacts: list[dict[str, object]], kept: bool, name: str, base_on: str | None, why: str
) -> None:
    """The notice is due on 31 May, the call 23 days after it; a notice sent later moves the call, one that
    bounced or is only assumed allows none.
    """
    steps = [step("notice", 1, 2, statutory_notice=True), step("call", 3, 25)]
    rules = policy(strategies={"standard": Strategy.model_validate({"steps": steps})})
    history = [contact(**each) for each in contacts]
    found = table(open_items({}), rules=rules, kept=kept, contact_history=history).iloc[0]
    assert (found["step"], found["why_none"]) == (name, why)
    assert found["base_on"] is pd.NaT if base_on is None else found["base_on"] == on(base_on)


def test_a_debtor_without_a_treatment_is_refused() -> None:
    """The message names the debtor."""
    items = open_items({}, {"invoice_id": "I2", "customer_id": "Z"})
    facts, steps = ledger_of(items), step_table(policy())
    state = dunning_state(items, pd.Series("standard", items.index), steps, facts, day=DAY, history_kept=True)
    debtors = pd.DataFrame({"country": ["DE"], "region": ["BY"]}, index=["X"], dtype="str")
    treatments = pd.DataFrame({"customer_id": ["X"], "strategy": ["standard"]})
    with pytest.raises(ModelError, match="debtor Z has open items but no treatment"):
        next_steps(items, state, debtors, treatments, policy(), steps, facts, day=DAY, default_country=None)


# ---- events ----

BROKEN = {**contact(), "contacted_on": on("2024-05-15"), "kind": "visit", "promised_for": on("2024-05-28")}
"""A promise told on 15 May that could be kept until Thursday 30 May."""


def test_a_broken_promise_is_a_call_at_once() -> None:
    """Known on the 30th, nobody spoke of it since."""
    row = one({"due_on": on("2024-05-01")}, event("broken_promise", 3), contact_history=[BROKEN])
    assert (row["step"], row["base_on"]) == ("broken_promise", on("2024-06-03"))
    assert row["words"] == "at once: the promise to pay by 2024-05-28 was broken"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "broken_promise"),
        ({"contacted_on": on("2024-05-31")}, "second"),
        ({"contacted_on": on("2024-05-31"), "invoice_id": None}, "second"),
        ({"contacted_on": on("2024-05-31"), "status": "not_reached"}, "broken_promise"),
        ({"contacted_on": on("2024-05-31"), "kind": "visit"}, "friendly"),
        ({"contacted_on": on("2024-05-31"), "invoice_id": "I2"}, "broken_promise"),
        ({"contacted_on": on("2024-05-29")}, "broken_promise"),
    ],
    ids=["no", "about it", "about all", "in vain", "any contact", "about another", "before it was broken"],
)
def test_a_broken_promise_that_was_spoken_of_is_over(more: dict[str, object], name: str) -> None:
    """With a contact after the day on which it was known to be broken."""
    history = [BROKEN, contact(**more)] if more else [BROKEN]
    row = one({"due_on": on("2024-05-01")}, event("broken_promise", 3), contact_history=history)
    assert row["step"] == name


@pytest.mark.parametrize(("level", "name"), [(2, "broken_promise"), (3, "broken_promise"), (4, "")])
def test_the_call_after_a_broken_promise_may_repeat_its_level(level: int, name: str) -> None:
    """But not fall below what was reached."""
    item = {"due_on": on("2024-05-01"), "dunning_level": level}
    assert one(item, event("broken_promise", 3), contact_history=[BROKEN])["step"] == name


def test_a_promise_about_no_item_is_about_those_due_by_its_day() -> None:
    """I1 was due on 1 May, I2 is due on 29 May, after the promised day."""
    items = open_items({"due_on": on("2024-05-01")}, {"invoice_id": "I2"})
    history = [{**BROKEN, "invoice_id": None}]
    rows = table(items, event("broken_promise", 3), contact_history=history)
    assert rows["step"].tolist() == ["broken_promise", "friendly"]


def returned(**columns: object) -> list[dict[str, object]]:
    """50.00 paid on I1 and taken back on 28 May."""
    row = {"invoice_id": "I1", "amount_minor": 5_000, "kind": "reversal", "paid_on": on("2024-05-28")}
    return [{**row, "paid_on": on("2024-05-20"), "kind": "payment"}, {**row, **columns}]


@pytest.mark.parametrize(
    ("item", "columns", "history", "name"),
    [
        ({}, {}, [], "returned_debit"),
        ({}, {"kind": "payment"}, [], "friendly"),
        ({}, {"paid_on": on("2024-06-03")}, [], "friendly"),
        ({}, {"paid_on": on("2023-05-28")}, [], "friendly"),
        ({}, {}, [contact()], "second"),
        ({"dunning_level": 1}, {}, [], "returned_debit"),
        ({"dunning_level": 2}, {}, [], "call"),
        ({"payment_method": "direct_debit", "due_on": on("2024-05-10")}, {}, [], "returned_debit"),
    ],
    ids=["returned", "paid", "today", "long ago", "spoken of", "above", "at the level", "direct debit"],
)
def test_a_returned_payment_is_a_call_at_once(
    item: dict[str, object], columns: dict[str, object], history: list[dict[str, object]], name: str
) -> None:
    """When it was taken back in the last year, and nobody spoke of it since."""
    row = one(item, event("returned_debit", 2), payments=returned(**columns), contact_history=history)
    assert row["step"] == name
    assert name != "returned_debit" or row["base_on"] == on("2024-06-03")


@pytest.mark.parametrize(("known", "name"), [("2024-06-01", "returned_debit"), ("2024-05-30", "friendly")])
def test_without_a_history_a_returned_payment_is_spoken_of_once(known: str, name: str) -> None:
    """On Monday 3 June of what was known since Friday; what was known on Thursday was a matter for Friday."""
    payments = returned(known_on=on(known))
    assert one({}, event("returned_debit", 2), payments=payments, kept=False)["step"] == name


@pytest.mark.parametrize(
    ("days", "level", "item", "name"),
    [
        (5, 1, {}, "overdue"),
        (2, 3, {}, "overdue"),
        (20, 3, {}, "friendly"),
        (20, 3, {"due_on": on("2024-05-10")}, "overdue"),
        (20, 3, {"due_on": on("2024-07-01")}, "due_soon"),
        (5, 1, {"dunning_level": 1}, "second"),
        (5, 4, {"dunning_level": 3}, "overdue"),
        (5, 1, {"open_amount_minor": 499}, ""),
        (5, 1, {"dormant": True}, ""),
        (5, 1, {"assigned_to": "agency"}, ""),
    ],
    ids=[
        "in place of the step of its level",
        "a harsher one that is due before",
        "a harsher one must wait for the milder",
        "its day has come",
        "a courtesy goes before",
        "its level is reached",
        "after the last step",
        "too small",
        "dormant",
        "blocked",
    ],
)
def test_when_an_event_takes_the_place(days: int, level: int, item: dict[str, object], name: str) -> None:
    """The item is due on 29 May, five days before the run, and its friendly reminder on 1 June."""
    assert one(item, event("overdue", level, days))["step"] == name


def test_events_may_count_working_days() -> None:
    """14 of them after Friday 10 May: in Germany not Whit Monday, in Bavaria not Corpus Christi either."""
    agency = event("overdue", 5, None, working_days_after_due=14)
    item = {"due_on": on("2024-05-10"), "dunning_level": 3}
    for place, day in (
        ({}, "2024-05-30"),
        ({"country": "DE", "region": "BE"}, "2024-05-31"),
        ({"country": "DE", "region": "BY"}, "2024-06-03"),
    ):
        row = one(item, agency, debtor=place)
        assert (row["step"], row["base_on"]) == ("overdue", on(day))
        assert row["words"] == "14 working days after due: overdue"


def test_an_event_is_for_the_debtors_it_selects() -> None:
    """Top debtors of segment A only."""
    one_event = event("overdue", 1, 5, debtors={"segment": ["A"], "value_class": "top"})
    assert one({}, one_event)["step"] == "overdue"
    assert one({}, one_event, debtor={"segment": "B"})["step"] == "friendly"
    assert one({}, one_event, debtor={"value_class": "tail"})["step"] == "friendly"
    assert one({}, one_event, strategy="none")["step"] == ""


@pytest.mark.parametrize(
    ("tables", "name"),
    [
        ({}, "friendly"),
        ({"contact_history": [contact()]}, "overdue"),
        ({"contact_history": [contact(status="bounced")]}, "friendly"),
        (
            {
                "contact_history": [contact()],
                "disputes": [
                    {"invoice_id": "I1", "opened_on": on("2024-05-20"), "disputed_amount_minor": 100}
                ],
            },
            "second",
        ),
    ],
    ids=["never reminded", "reminded", "bounced", "partly disputed"],
)
def test_an_agency_needs_a_delivered_notice_and_no_dispute(tables: dict[str, Any], name: str) -> None:
    """Also one about a part of the item."""
    agency = event("overdue", 5, 2, needs=["delivered_notice", "undisputed"])
    assert one({}, agency, **tables)["step"] == name


@pytest.mark.parametrize(
    ("item", "other", "payment", "name"),
    [
        ({}, {"due_on": on("2024-07-01")}, {}, "slipped_once"),
        ({}, {"due_on": on("2024-06-02")}, {}, "friendly"),
        ({}, {"due_on": on("2024-06-03")}, {}, "slipped_once"),
        ({}, {"due_on": on("2024-03-01"), "customer_id": "Y"}, {}, "slipped_once"),
        ({"due_on": on("2024-06-03")}, {"due_on": on("2024-07-01")}, {}, "due"),
        ({}, {"due_on": on("2024-04-01")}, {"paid_on": on("2024-04-01")}, "slipped_once"),
        ({}, {"due_on": on("2024-04-01")}, {"paid_on": on("2024-04-02")}, "friendly"),
        ({}, {"due_on": on("2023-04-01")}, {"paid_on": on("2023-04-02")}, "slipped_once"),
        ({}, {"due_on": on("2024-04-01")}, {"paid_on": on("2024-04-02"), "kind": "credit"}, "slipped_once"),
    ],
    ids=[
        "another is not due",
        "another is overdue",
        "another is due today",
        "another debtor's is overdue",
        "it is not late yet",
        "another was paid on time",
        "another was paid late",
        "long ago",
        "another was credited late",
    ],
)
def test_the_first_late_item_in_a_year(
    item: dict[str, object], other: dict[str, object], payment: dict[str, object], name: str
) -> None:
    """Nothing else of the debtor is overdue or was paid late."""
    both = open_items(item, {"invoice_id": "I2", **other})
    items = both[:1] if payment else both
    money = [{"invoice_id": "I2", "amount_minor": 10_000, "kind": "payment", **payment}] if payment else []
    slip = event("slipped_once", 1, 7)
    rules, steps = policy(slip), step_table(policy(slip))
    facts = ledger_of(both, payments=pd.DataFrame(money))
    who = pd.Index(["X", "Y"], name="customer_id")
    plain = {"segment": "A", "risk": "low", "value_class": "top", "legal_kind": "business"}
    debtors = pd.DataFrame({**plain, "country": None, "region": None}, index=who).astype("str")
    treatments = pd.DataFrame({"customer_id": who, "strategy": "standard"})
    state = dunning_state(items, pd.Series("standard", items.index), steps, facts, day=DAY, history_kept=True)
    rows = next_steps(items, state, debtors, treatments, rules, steps, facts, day=DAY, default_country=None)
    expected = {"slipped_once": 4, "friendly": 1, "due": 1}[name]
    assert rows["step_no"].iloc[0] == expected


def test_the_first_event_that_fits_decides() -> None:
    """In the order of the policy."""
    history = [BROKEN]
    first, second = event("broken_promise", 3), event("returned_debit", 2)
    item, both = {"due_on": on("2024-05-01")}, {"contact_history": history, "payments": returned()}
    assert one(item, first, second, **both)["step"] == "broken_promise"
    assert one(item, second, first, **both)["step"] == "returned_debit"
    assert one({**item, "dunning_level": 2}, second, first, **both)["step"] == "broken_promise"


# ---- properties ----

ITEM = st.fixed_dictionaries(
    {
        "due_on": st.dates(pd.Timestamp("2024-04-01").date(), pd.Timestamp("2024-07-15").date()).map(
            lambda day: on(str(day))
        ),
        "dunning_level": st.sampled_from([None, 0, 1, 2, 3, 5]),
        "open_amount_minor": st.sampled_from([100, 1_500, 3_000, 10_000]),
        "dormant": st.booleans(),
        "customer_id": st.sampled_from(["X", "Y"]),
    }
)


@settings(deadline=None, max_examples=examples(10))
@given(st.lists(ITEM, min_size=1, max_size=6), st.booleans(), st.randoms(use_true_random=False))
def test_a_step_or_a_reason_and_never_at_or_below_the_level(
    rows: list[dict[str, object]], kept: bool, random: Any
) -> None:
    """For every item, alone or among others, in any order."""
    named = [{"invoice_id": f"I{number}", **row} for number, row in enumerate(rows)]
    events = (event("returned_debit", 2), event("slipped_once", 1, 7), event("overdue", 4, 20))
    items = open_items(*named)
    found = table(items, *events, kept=kept, payments=returned())
    assert ((found["step_no"] >= 0) == (found["why_none"] == "")).all()
    assert ((found["step_no"] >= 0) == found["base_on"].notna()).all()
    assert ((found["step_no"] >= 0) == (found["words"] != "")).all()
    levels = step_table(policy(*events))["level"]
    chosen = found[found["step_no"] >= 0]
    reached = items["dunning_level"].fillna(0)[chosen.index].to_numpy(dtype=int)
    new = levels[chosen["step_no"]].to_numpy()
    assert ((new > reached) | ((new == 0) & (reached == 0))).all()
    shuffled = items.sample(frac=1, random_state=random.randint(0, 99))
    again = table(shuffled, *events, kept=kept, payments=returned())
    pd.testing.assert_frame_equal(again.sort_index(), found)


def test_no_items_no_rows() -> None:
    """An empty table in, an empty one out."""
    assert table(open_items({}).iloc[:0]).empty
