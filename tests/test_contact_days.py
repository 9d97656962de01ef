"""On which days recipients are contacted: gaps, caps, bundles, working days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from models.reminding.contact_days import LONG_AGO, NEVER, Contacts, Lines, contact_days, spread
from models.treatment.policy import Contact

TODAY = 100

LIMITS = {"days_between": 7, "most_contacts": 4, "within_days": 30, "bundle_days": 3, "valid_days": 5}


def limits(**changed: int) -> Contact:
    """At least 7 days between, at most 4 in 30, bundles of 3 days, with the given figures changed."""
    return Contact.model_validate({**LIMITS, "fallback": {}, **changed})


def line(**columns: int) -> dict[str, int]:
    """A first reminder of recipient 0, wanted today, due ten days ago, of an account that owes net."""
    plain = {"recipient": 0, "bundle": 0, "first": 0, "wanted": TODAY, "due": TODAY - 10, "before_due": 0}
    return {**plain, "latest": NEVER, "net_from": LONG_AGO, "level": 1, "with_creditor": 0, **columns}


def lines_of(rows: Sequence[dict[str, int]]) -> Lines:
    """The lines, ranked in the order given."""
    flags = {"first", "before_due", "with_creditor"}
    columns = {
        name: np.array([row[name] for row in rows], dtype=bool if name in flags else np.int64)
        for name in line()
    }
    return Lines(**columns, rank=np.arange(len(rows)))


def past_of(*days: tuple[int, int]) -> pd.DataFrame:
    """Contacts made: recipient and day."""
    return pd.DataFrame(days, columns=["recipient", "day"], dtype="int64")


def made(
    *rows: dict[str, int],
    past: Sequence[tuple[int, int]] = (),
    free: frozenset[int] = frozenset(),
    creditor_free: frozenset[int] = frozenset(),
    **changed: int,
) -> Contacts:
    """The contacts of these lines; `free`: days nobody works, `creditor_free`: nor the creditor."""

    def working_day(who: np.ndarray, with_creditor: np.ndarray, day: np.ndarray) -> np.ndarray:
        found = day.copy()
        for at in range(len(found)):
            while found[at] in free or (with_creditor[at] and found[at] in creditor_free):
                found[at] += 1
        return found

    return contact_days(lines_of(rows), past_of(*past), limits(**changed), working_day)


def days(*rows: dict[str, int], **given_: object) -> list[int]:
    """Days after today on which the lines are sent; -1 for one that is left out."""
    found = made(*rows, **given_)  # type: ignore[arg-type]
    return np.where(found.contact < 0, -1, found.send_on - TODAY).tolist()


def test_items_of_one_account_go_together() -> None:
    """Both wanted today: one contact."""
    found = made(line(), line())
    assert found.contact.tolist() == [0, 0]
    assert found.speaks.tolist() == [True, False]


@pytest.mark.parametrize("other", [{"bundle": 1}, {"wanted": TODAY + 4}])
def test_two_contacts_are_at_least_seven_days_apart(other: dict[str, int]) -> None:
    """Another company code, currency or adverse step; or a step whose day comes four days later."""
    assert days(line(), line(**other)) == [0, 7]


def test_another_recipient_waits_for_nobody() -> None:
    """Each has contacts of its own."""
    assert days(line(), line(recipient=1, bundle=1)) == [0, 0]


def test_contacts_made_before_count() -> None:
    """One three days ago: not before four days from now; one of another recipient does not matter."""
    assert days(line(), past=[(0, TODAY - 3), (0, TODAY - 60), (1, TODAY - 1)]) == [4]


def test_at_most_four_in_any_thirty_days() -> None:
    """The first of the last four was 25 days ago: it is out of the window in five days, not in one."""
    past = [(0, TODAY - ago) for ago in (25, 20, 13, 6)]
    assert days(line(), past=past) == [5]
    assert days(line(), past=past[1:]) == [1]
    assert made(line(), past=past).cap_day.tolist() == [TODAY + 5]


def test_the_cap_holds_among_contacts_to_come() -> None:
    """Two in thirty days: the third of three accounts waits for day 30."""
    assert days(line(), line(bundle=1), line(bundle=2), most_contacts=2) == [0, 7, 30]


def test_a_cap_that_can_never_be_reached_is_none() -> None:
    """Thirty contacts in thirty days, one a day."""
    assert days(line(), line(bundle=1), days_between=1, most_contacts=30) == [0, 1]


@pytest.mark.parametrize(
    ("other", "day"),
    [
        ({"wanted": TODAY + 3}, 0),
        ({"wanted": TODAY + 4}, 7),
        ({"wanted": TODAY + 3, "due": TODAY - 1}, 0),
        ({"wanted": TODAY + 3, "due": TODAY}, 7),
        ({"wanted": TODAY + 3, "due": TODAY + 8, "before_due": 1}, 0),
    ],
    ids=["three days", "four days", "due yesterday", "due today", "a step before the due day"],
)
def test_what_comes_soon_joins(other: dict[str, int], day: int) -> None:
    """Within the bundle days, and never before it is past due unless its step is before due."""
    assert days(line(), line(**other)) == [0, day]


def test_what_came_while_waiting_goes_along() -> None:
    """The gap puts the first off to day 6; what is wanted until then, and three days on, goes with it."""
    rows = [line(wanted=TODAY + wait) for wait in (0, 5, 9, 10)]
    assert days(*rows, past=[(0, TODAY - 1)]) == [6, 6, 6, 13]


def test_the_furthest_step_speaks() -> None:
    """The highest level; of equal ones the oldest."""
    rows = [line(level=1), line(level=3, due=TODAY - 40), line(level=3, due=TODAY - 50)]
    assert made(*rows).speaks.tolist() == [False, False, True]


def test_an_event_goes_before_others() -> None:
    """A call about a broken promise, today; the older item of another account waits."""
    assert days(line(due=TODAY - 90, level=4), line(bundle=1, first=1)) == [7, 0]


def test_the_one_wanted_first_goes_first() -> None:
    """Whatever its level; so nobody waits for ever."""
    assert days(line(wanted=TODAY + 2, level=4), line(bundle=1, wanted=TODAY + 1)) == [8, 1]


def test_weekends_put_off() -> None:
    """Days 0 and 1 are a weekend; the one after the gap is not shortened by it."""
    assert days(line(), line(bundle=1), free=frozenset({TODAY, TODAY + 1})) == [2, 9]


def test_the_creditors_holiday_counts_for_whoever_speaks() -> None:
    """An e-mail goes on the creditor's holiday; with a call in its contact it waits for the next day."""
    holiday = frozenset({TODAY})
    assert days(line(), creditor_free=holiday) == [0]
    call = line(level=3, with_creditor=1)
    assert days(call, creditor_free=holiday) == [1]
    assert days(line(), call, creditor_free=holiday) == [1, 1]
    assert days(line(level=4, due=TODAY - 20), call, creditor_free=holiday) == [0, 0]


def test_a_courtesy_is_not_sent_after_the_due_day() -> None:
    """The gap allows nothing before day 4; the item is due on day 3, another on day 4."""
    courtesy = {"level": 0, "before_due": 1}
    rows = [line(due=TODAY + due, latest=TODAY + due, bundle=due, **courtesy) for due in (3, 4)]
    found = made(*rows, past=[(0, TODAY - 3)])
    assert found.contact.tolist() == [-1, 0]
    assert (found.send_on - TODAY).tolist() == [4, 4]
    assert found.covered.tolist() == [False, False]


def test_who_owes_nothing_net_is_left_out() -> None:
    """Net from tomorrow on: not today; what is wanted tomorrow goes tomorrow."""
    found = made(line(net_from=TODAY + 1), line(net_from=TODAY + 1, wanted=TODAY + 1, bundle=1))
    assert found.contact.tolist() == [-1, 0]
    assert found.covered.tolist() == [True, False]
    assert days(line(net_from=NEVER)) == [-1]


def test_a_step_before_the_due_day_looks_at_the_day_after_it() -> None:
    """The account owes nothing today, but will once the item is overdue."""
    courtesy = line(before_due=1, due=TODAY + 5, latest=TODAY + 5, level=0, net_from=TODAY + 6)
    assert days(courtesy) == [0]
    assert days({**courtesy, "net_from": TODAY + 7}) == [-1]


def test_one_that_is_left_out_does_not_hold_up_others() -> None:
    """The account that owes nothing net costs the recipient no contact."""
    assert days(line(net_from=NEVER, due=TODAY - 90), line(bundle=1)) == [-1, 0]


def test_no_lines_no_contacts() -> None:
    """Nothing in, nothing out."""
    assert made().contact.tolist() == []


def test_assumed_contacts_are_those_that_bundles_would_have_made() -> None:
    """Days 0, 3, 7, 9, 30 with seven days between: 0, 7 and 30 for one; the other has its own."""
    rows = past_of((0, 9), (0, 0), (0, 3), (0, 7), (0, 30), (1, 9), (1, 9))
    assert spread(rows, 7).to_numpy().tolist() == [[0, 0], [0, 7], [0, 30], [1, 9]]
    assert spread(rows.iloc[:0], 7).empty


def test_one_recipient_with_a_quarter_of_a_million_items() -> None:
    """Planned in seconds: all that is due goes in weekly contacts."""
    number = 250_000
    spread_out = np.arange(number) % 400
    lines = lines_of([line()])
    many = {name: np.repeat(getattr(lines, name), number) for name in line()}
    many |= {"wanted": TODAY + spread_out, "due": TODAY + spread_out - 10}
    found = contact_days(
        Lines(**many, rank=np.arange(number)), past_of(), limits(), lambda who, with_creditor, day: day
    )
    assert (found.contact >= 0).all()
    assert np.diff(np.unique(found.send_on)).min() >= 7


@st.composite
def lines_drawn(draw) -> list[dict[str, int]]:  # type: ignore[no-untyped-def]
    """Some lines of three recipients."""
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        due = TODAY + draw(st.integers(-20, 12))
        before = draw(st.booleans())
        wanted = max(TODAY, due + draw(st.integers(-6, -1) if before else st.integers(1, 12)))
        rows.append(
            line(
                recipient=draw(st.integers(0, 2)),
                bundle=draw(st.integers(0, 2)),
                first=int(wanted == TODAY and draw(st.booleans())),
                wanted=wanted,
                due=due,
                before_due=int(before),
                latest=due if before else NEVER,
                net_from=draw(st.sampled_from([LONG_AGO, TODAY + 2, TODAY + 9, NEVER])),
                level=0 if before else draw(st.integers(1, 4)),
                with_creditor=int(draw(st.booleans())),
            )
        )
    return rows


@settings(max_examples=examples(100), deadline=None)
@given(
    lines_drawn(),
    st.lists(st.tuples(st.integers(0, 2), st.integers(TODAY - 40, TODAY - 1)), max_size=6),
    st.frozensets(st.integers(TODAY, TODAY + 60), max_size=20),
    st.frozensets(st.integers(TODAY, TODAY + 60), max_size=20),
    st.integers(1, 9),
    st.integers(1, 4),
    st.integers(0, 5),
)
def test_every_plan_keeps_the_rules(
    rows: list[dict[str, int]],
    past: list[tuple[int, int]],
    free: frozenset[int],
    creditor_free: frozenset[int],
    days_between: int,
    most_contacts: int,
    bundle_days: int,
) -> None:
    """Gap, cap, working days, bundles, due days and net amounts, checked contact by contact."""
    found = made(
        *rows,
        past=past,
        free=free,
        creditor_free=creditor_free,
        days_between=days_between,
        most_contacts=most_contacts,
        bundle_days=bundle_days,
    )
    contacts: dict[int, list[int]] = defaultdict(list)
    for at, number in enumerate(found.contact.tolist()):
        if number >= 0:
            contacts[number].append(at)
    dates = defaultdict(list)
    for members in contacts.values():
        (day,) = {int(found.send_on[at]) for at in members}
        (who,) = {rows[at]["recipient"] for at in members}
        assert len({rows[at]["bundle"] for at in members}) == 1
        (speaker,) = [at for at in members if found.speaks[at]]
        assert rows[speaker]["level"] == max(rows[at]["level"] for at in members)
        assert any(rows[at]["wanted"] <= day for at in members)
        assert day >= TODAY
        assert day not in free
        assert not (rows[speaker]["with_creditor"] and day in creditor_free)
        for at in members:
            row = rows[at]
            assert row["wanted"] <= day + bundle_days
            assert row["before_due"] or row["due"] < day
            assert day <= row["latest"]
            assert max(day, row["due"] + 1 if row["before_due"] else day) >= row["net_from"]
        dates[who].append(day)
    for who, planned in dates.items():
        before = [day for other, day in past if other == who]
        last = max(before, default=LONG_AGO)
        assert min(planned) >= last + days_between
        assert all(b - a >= days_between for a, b in zip(sorted(planned), sorted(planned)[1:], strict=False))
        every = sorted([*planned, *set(before)])
        for day in planned:
            assert sum(day - 30 < other <= day for other in every) <= most_contacts
    for at in np.flatnonzero(found.contact < 0).tolist():
        day = int(found.send_on[at])
        row = rows[at]
        looked_at = max(day, row["due"] + 1) if row["before_due"] else day
        assert found.covered[at] == (looked_at < row["net_from"])
        assert found.covered[at] or day > row["latest"]


@settings(max_examples=examples(25), deadline=None)
@given(lines_drawn(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter(rows: list[dict[str, int]], random) -> None:  # type: ignore[no-untyped-def]
    """The same days when the rows are shuffled and keep their rank."""
    order = list(range(len(rows)))
    random.shuffle(order)
    lines = lines_of(rows)
    shuffled = Lines(**{name: getattr(lines, name)[order] for name in [*line(), "rank"]})
    same = [
        contact_days(each, past_of(), limits(), lambda who, with_creditor, day: day).send_on
        for each in (lines, shuffled)
    ]
    assert same[0][order].tolist() == same[1].tolist()
