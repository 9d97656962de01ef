"""How far dunning has gone."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples
from treatment_support import DAY, ledger_of, on, open_items

from models.reminding.dunning_state import dunning_state

STEPS = pd.DataFrame(
    [
        ("standard", "", "due_soon", 0, -5),
        ("standard", "", "friendly", 1, 3),
        ("standard", "", "second", 2, 15),
        ("standard", "", "call", 3, 25),
        ("strict", "", "friendly", 2, 1),
        ("strict", "", "final", 4, 10),
        ("event", "broken", "call_promise", 3, 0),
    ],
    columns=["strategy", "event", "name", "level", "days_after_due"],
).assign(working_days_after_due=pd.array([pd.NA] * 7, "Int64"), first_friendly=[False, True, *[False] * 5])
"""Six steps of two strategies and one of an event."""


def contact(**columns: object) -> dict[str, object]:
    """A reminder about I1 that was sent on 31 May, two days after it was due."""
    row = {"customer_id": "X", "invoice_id": "I1", "contacted_on": on("2024-05-31"), "kind": "reminder"}
    return {**row, "status": "sent", **columns}


def state(
    *contacts: dict[str, object],
    items: pd.DataFrame | None = None,
    strategy: str = "standard",
    kept: bool = True,
    moved_days: int = 0,
    **tables: pd.DataFrame,
) -> pd.DataFrame:
    """The state of these items, or of I1 of debtor X alone, due on 29 May."""
    items = open_items({}) if items is None else items
    if contacts:
        tables["contact_history"] = pd.DataFrame(list(contacts))
    return dunning_state(
        items,
        pd.Series(strategy, items.index),
        STEPS,
        ledger_of(items, **tables),
        day=DAY,
        history_kept=kept,
        moved_days=moved_days,
    )


def level(*contacts: dict[str, object], **more: Any) -> int:
    """The level of the only item."""
    return int(state(*contacts, **more)["level"].iloc[0])


def test_an_item_nobody_was_reminded_of() -> None:
    """Level 0, no contact, nothing delivered, nothing assumed."""
    row = state().iloc[0]
    assert (row["level"], row["assumed"], row["delivered"], row["courtesies"], row["done"]) == (
        0,
        False,
        False,
        0,
        0,
    )
    assert pd.isna(row["last_contact_on"])


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        ([contact()], 1),
        ([contact(kind="friendly")], 1),
        ([contact(kind="Second")], 2),
        ([contact(kind="email"), contact(kind="letter", contacted_on=on("2024-06-01"))], 2),
        ([contact(), contact()], 1),
        ([contact(kind="call")], 3),
        ([contact(kind="call_promise")], 3),
        ([contact(kind="second"), contact(contacted_on=on("2024-06-01"))], 3),
        ([contact(), contact(kind="second", contacted_on=on("2024-06-01"))], 2),
        ([contact(kind="friendly"), contact(kind="friendly", contacted_on=on("2024-06-01"))], 1),
        ([contact(kind="visit")], 0),
        ([contact(kind="visit", action_id="a")], 1),
        ([contact(kind=None, action_id="a")], 1),
        ([contact(status="bounced")], 0),
        ([contact(status="not_reached", kind="call")], 0),
        ([contact(status="suppressed")], 0),
        ([contact(status="reached")], 1),
        ([contact(status=None)], 1),
        ([contact(invoice_id="I2")], 0),
        ([contact(invoice_id=None)], 1),
        ([contact(invoice_id=None, contacted_on=on("2024-05-29"))], 0),
        ([contact(invoice_id=None), contact()], 1),
        ([contact(invoice_id=None, kind="second")], 2),
        ([contact(customer_id="Y", invoice_id=None)], 0),
        ([contact(contacted_on=on(f"2024-05-{d}")) for d in (30, 31)] + [contact(kind="second")], 2),
        ([contact(contacted_on=on(f"2024-06-0{d}")) for d in (1, 2)] * 9, 2),
    ],
    ids=[
        "a reminder is the first step",
        "a step by its name",
        "names in any letters",
        "two days are two steps",
        "two on one day are one",
        "the name of a step goes before its being a kind",
        "a step of an event",
        "a reminder after the second is the third",
        "a named step is itself, not the next",
        "the same step twice raises once",
        "a visit is no reminder",
        "an action of a run is one, whatever its kind",
        "an action without a kind",
        "bounced",
        "not reached",
        "suppressed",
        "reached",
        "nobody said how it ended",
        "about another item",
        "about everything due",
        "about everything due, before this one was",
        "told twice, with and without the item",
        "a named step about everything due",
        "another debtor",
        "reminder, then reminder and second on one day",
        "nine rows on each of two days",
    ],
)
def test_the_level_that_contacts_give(contacts: list[dict[str, object]], expected: int) -> None:
    """Counted by hand on the steps 1, 2, 3 of the standard strategy."""
    assert level(*contacts) == expected


def test_contacts_never_climb_beyond_the_last_step() -> None:
    """Three steps, four reminders."""
    assert (
        level(
            *(contact(contacted_on=on(f"2024-05-{d}")) for d in (30, 31)),
            *(contact(contacted_on=on(f"2024-06-0{d}"), kind="email") for d in (1, 2)),
        )
        == 3
    )


def test_the_debtors_own_strategy_says_what_a_name_is_worth() -> None:
    """The friendly step has level 1 in one strategy and 2 in the other; a foreign name keeps its level."""
    assert level(contact(kind="friendly"), strategy="strict") == 2
    assert level(contact(kind="second"), strategy="strict") == 2
    assert level(contact(kind="final")) == 4
    assert level(contact(), strategy="none") == 0


def test_the_ledgers_level_counts_when_it_is_higher() -> None:
    """The larger of both, and the later of both days."""
    items = open_items({"dunning_level": 2, "last_dunned_on": on("2024-05-20")})
    row = state(contact(), items=items).iloc[0]
    assert (row["level"], row["last_contact_on"]) == (2, on("2024-05-31"))
    row = state(items=items).iloc[0]
    assert (row["level"], row["last_contact_on"], row["delivered"]) == (2, on("2024-05-20"), True)


@pytest.mark.parametrize(
    ("contacts", "delivered"),
    [
        ([contact()], True),
        ([contact(status="reached")], True),
        ([contact(status="bounced")], False),
        ([contact(status=None)], False),
        ([contact(kind="due_soon")], False),
        (
            [
                contact(contact_id="c", contacted_on=on("2024-05-30")),
                contact(contact_id="c", status="bounced"),
            ],
            False,
        ),
        ([contact(invoice_id=None)], True),
    ],
    ids=[
        "sent",
        "reached",
        "bounced",
        "not told",
        "courtesy",
        "sent, then it bounced",
        "about all that is due",
    ],
)
def test_what_counts_as_delivered(contacts: list[dict[str, object]], delivered: bool) -> None:
    """A notice that came back was never delivered."""
    assert state(*contacts)["delivered"].tolist() == [delivered]


@pytest.mark.parametrize(
    ("made", "courtesies", "reached"),
    [
        (contact(kind="due_soon", contacted_on=on("2024-05-24")), 1, 0),
        (contact(contacted_on=on("2024-05-24")), 1, 0),
        (contact(contacted_on=on("2024-05-29")), 1, 0),
        (contact(contacted_on=on("2024-05-30")), 0, 1),
        (contact(invoice_id=None, kind="due_soon", contacted_on=on("2024-05-24")), 1, 0),
        (contact(invoice_id=None, kind="due_soon", contacted_on=on("2024-05-23")), 0, 0),
        (contact(kind="friendly", contacted_on=on("2024-05-24")), 0, 1),
    ],
    ids=[
        "by name",
        "a reminder before due",
        "a reminder on the due day",
        "a reminder after due",
        "about all it was time for",
        "before it was time for this one",
        "a later step made early",
    ],
)
def test_courtesies_raise_no_level(made: dict[str, object], courtesies: int, reached: int) -> None:
    """The courtesy's day is 24 May, five days before due."""
    row = state(made).iloc[0]
    assert (row["courtesies"], row["level"], row["done"]) == (courtesies, reached, courtesies + reached)


def test_a_head_office_is_written_to_for_its_branches() -> None:
    """A contact with who reads the reminders is about the branch's items; the branch's is its own."""
    items = open_items({"customer_id": "X"}, {"invoice_id": "I2", "customer_id": "HQ"})
    customers = pd.DataFrame(
        [{"customer_id": "X", "dunning_recipient_id": "HQ"}, {"customer_id": "HQ"}]
    ).astype({"dunning_recipient_id": "str"})
    hq, branch = contact(customer_id="HQ", invoice_id=None), contact(invoice_id=None)
    assert state(hq, items=items, customers=customers)["level"].tolist() == [1, 1]
    assert state(branch, items=items, customers=customers)["level"].tolist() == [1, 0]


# ---- nothing is told ----


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        ("2024-06-20", (0, 0, False)),
        ("2024-06-08", (0, 0, False)),  # courtesy on the day itself, Monday
        ("2024-06-07", (0, 0, False)),  # on Sunday, sent on Monday
        ("2024-06-06", (0, 0, False)),
        ("2024-06-05", (0, 1, True)),  # on Friday
        ("2024-05-31", (0, 1, True)),
        ("2024-05-29", (0, 1, True)),  # first step on Saturday
        ("2024-05-28", (1, 1, True)),  # on Friday
        ("2024-05-20", (1, 1, True)),
        ("2024-05-16", (2, 1, True)),
        ("2024-01-01", (3, 1, True)),
    ],
)
def test_without_a_history_steps_whose_day_has_passed_are_taken_as_done(
    due_on: str, expected: tuple[int, int, bool]
) -> None:
    """Monday 3 June: a step of the weekend before is made today, so it is not done yet."""
    row = state(items=open_items({"due_on": on(due_on)}), kept=False).iloc[0]
    assert (row["level"], row["courtesies"], row["assumed"]) == expected
    assert not row["delivered"]


def test_with_a_history_nothing_is_assumed() -> None:
    """However long the item is overdue."""
    row = state(items=open_items({"due_on": on("2024-01-01")})).iloc[0]
    assert (row["level"], row["assumed"]) == (0, False)


def test_the_assumed_day_is_a_working_day_of_the_reader() -> None:
    """Friday 31 May is taken; where Friday is no working day, Sunday 2 June."""
    items = open_items({"due_on": on("2024-05-28")})
    for country, day in ((None, "2024-05-31"), ("KW", "2024-06-02")):
        customers = pd.DataFrame([{"customer_id": "X", "country": country}]).astype({"country": "str"})
        row = state(items=items, kept=False, customers=customers).iloc[0]
        assert (row["level"], row["last_contact_on"]) == (1, on(day))


def test_a_step_that_timing_moves_is_assumed_so_much_later() -> None:
    """Three days later is Monday itself; the second step does not move."""
    items = open_items({"due_on": on("2024-05-28")}, {"invoice_id": "I2", "due_on": on("2024-05-15")})
    assert state(items=items, kept=False, moved_days=3)["level"].tolist() == [0, 2]


def test_the_ledgers_level_needs_no_assumption() -> None:
    """Level 3 in the ledger is more than the days say."""
    items = open_items({"due_on": on("2024-05-20"), "dunning_level": 3})
    row = state(items=items, kept=False, strategy="strict").iloc[0]
    assert (row["level"], row["assumed"]) == (4, True)
    row = state(items=items, kept=False).iloc[0]
    assert row["level"] == 3


# ---- properties ----

KINDS = ["reminder", "call", "friendly", "second", "due_soon", "visit", "final", "call_promise"]
MADE = st.tuples(st.sampled_from(KINDS), st.integers(1, 31), st.sampled_from(["I1", None]))


def by_hand(contacts: list[tuple[str, int, str | None]], due: int = 15) -> int:
    """The level, one contact after the other: named steps by name, the rest one step up."""
    names = {"call": 3, "friendly": 1, "second": 2, "final": 4, "call_promise": 3}
    said = sorted(
        {(day, kind, item) for kind, day, item in contacts if kind not in ("visit", "due_soon")}, key=str
    )
    reached = 0
    for day in range(1, 32):
        here = [(kind, item) for at, kind, item in said if at == day and (item or at > due)]
        climbs = any(kind == "reminder" and day > due for kind, _ in here)
        before = reached
        reached = max([before, *(names[kind] for kind, _ in here if kind in names)])
        # on one day a reminder goes before the named steps
        reached = max(reached, min(before + 1, 3)) if climbs and before < 3 else reached
    return reached


@settings(deadline=None, max_examples=examples(15))
@given(st.lists(MADE, max_size=8))
def test_the_level_is_what_one_contact_after_the_other_gives(
    contacts: list[tuple[str, int, str | None]],
) -> None:
    """Against the definition; the item is due on the 15th."""
    items = open_items({"due_on": on("2024-05-15")})
    made = [contact(kind=k, contacted_on=on(f"2024-05-{d:02}"), invoice_id=i) for k, d, i in contacts]
    assert level(*made, items=items) == by_hand(contacts)


@settings(deadline=None, max_examples=examples(15))
@given(st.lists(MADE, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_one_more_contact_never_lowers_the_level(
    contacts: list[tuple[str, int, str | None]], random: Any
) -> None:
    """And the order of the rows says nothing."""
    items = open_items({"due_on": on("2024-05-15")})
    made = [contact(kind=k, contacted_on=on(f"2024-05-{d:02}"), invoice_id=i) for k, d, i in contacts]
    shuffled = random.sample(made, len(made))
    assert level(*made, items=items) >= level(*made[1:], items=items)
    pd.testing.assert_frame_equal(state(*made, items=items), state(*shuffled, items=items))


def test_the_items_index_is_kept() -> None:
    """One row per item, under its own index, in any order."""
    items = open_items({}, {"invoice_id": "I2"}).set_axis([7, 3])
    assert state(contact(invoice_id="I2"), items=items)["level"].to_dict() == {7: 0, 3: 1}
    assert state(items=items.iloc[:0]).empty
