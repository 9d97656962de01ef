"""Who takes which piece of work today."""

from __future__ import annotations

from datetime import date
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.errors import ConfigurationError, LedgerError
from features.ledger import make_ledger
from models.calling.work_sharing import Person, roster, share_work

DAY = date(2024, 6, 3)


def person(name: str, capacity: int | None = 1, languages: str | None = None, **rest: bool) -> Person:
    """Somebody on duty who shares, unless it is said otherwise."""
    spoken = frozenset(languages.split()) if languages else None
    return Person(name, capacity, spoken, **{"absent": False, "shares": True, **rest})


def work(*pieces: tuple[str, str]) -> pd.DataFrame:
    """Pieces of work as (owner, language), best first."""
    return pd.DataFrame(pieces, columns=["owner", "language"], dtype="str")


def collectors(*rows: dict[str, object]) -> pd.DataFrame:
    """The ledger's table."""
    return make_ledger(collectors=pd.DataFrame(rows)).collectors


# who there is ----------------------------------------------------------------------------------------


def test_the_roster_is_the_table_and_whom_the_debtors_name() -> None:
    """Those without a capacity of their own have the policy's; an account manager takes only its own."""
    table = collectors({"collector": "Bo", "languages": "nl, EN", "capacity_per_day": 3}, {"collector": "Al"})
    people = roster(table, ["Cy"], ["Max"], capacity=9, day=DAY)
    assert people == [
        person("Al", 9),
        person("Bo", 3, "nl en"),
        person("Cy", 9),
        person("Max", 9, shares=False),
    ]


@pytest.mark.parametrize(
    ("absent", "away"),
    [
        ("2024-06-03", True),
        ("2024-06-02", False),
        ("2024-05-01, 2024-06-01/2024-06-03", True),
        ("2024-06-03/2024-06-09", True),
        ("2024-06-04/2024-06-09,", False),
    ],
)
def test_absence_is_of_days_and_spans(absent: str, away: bool) -> None:
    """Both ends of a span belong to it; who is absent has no capacity."""
    (found,) = roster(collectors({"collector": "Al", "absent": absent}), [], [], capacity=4, day=DAY)
    assert found == person("Al", 0 if away else 4, absent=away)


def test_an_absence_that_cannot_be_read_is_refused() -> None:
    """The message says whose it is and how to write it."""
    with pytest.raises(LedgerError, match=r"absent of Al says 'next week'; write days .* 2026-01-02"):
        roster(collectors({"collector": "Al", "absent": "next week"}), [], [], capacity=None, day=DAY)


def test_a_capacity_without_collectors_is_refused() -> None:
    """Nobody would have it; without a capacity nobody needs to be named."""
    with pytest.raises(ConfigurationError, match=r"capacity_per_day is 5, but .* capacity_per_day: null"):
        roster(collectors(), [], ["Max"], capacity=5, day=DAY)
    assert roster(collectors(), [], [], capacity=None, day=DAY) == []


# who takes what --------------------------------------------------------------------------------------


def test_without_collectors_all_is_reached_by_nobody_in_particular() -> None:
    """One common list for a ledger that names no people."""
    shared = share_work(work(("", "nl"), ("", "")), [])
    assert shared["reached"].tolist() == [True, True]
    assert shared["collector"].tolist() == ["", ""]


def test_a_portfolio_stays_with_its_collector() -> None:
    """What Al cannot do today waits for Al, though Bo is free."""
    shared = share_work(work(("Al", "nl"), ("Al", "nl")), [person("Al"), person("Bo")])
    assert shared["collector"].tolist() == ["Al", "Al"]
    assert shared["reached"].tolist() == [True, False]
    assert shared["why_not"].tolist() == ["", "beyond what Al can do today"]


def test_the_portfolio_of_an_absent_collector_is_shared() -> None:
    """Bo takes the first one; the other is still listed under Al."""
    people = [person("Al", 0, absent=True), person("Bo")]
    shared = share_work(work(("Al", "nl"), ("Al", "nl")), people)
    assert shared["collector"].tolist() == ["Bo", "Al"]
    assert shared["why_not"].tolist() == ["", "Al is absent; beyond what the collectors can do today"]


def test_a_language_that_nobody_speaks_is_said() -> None:
    """Such a piece is kept, and given to nobody."""
    shared = share_work(work(("", "pt"), ("", "nl")), [person("Al", 5, "nl")])
    assert shared["collector"].tolist() == ["", "Al"]
    assert shared["why_not"].tolist() == ["nobody on duty speaks pt", ""]


def test_nobody_on_duty_is_said() -> None:
    """Also where the language does not matter."""
    shared = share_work(work(("", "")), [person("Al", 0, absent=True)])
    assert shared["why_not"].tolist() == ["nobody is on duty"]


def test_who_only_does_what_is_his_gets_nothing_else() -> None:
    """An account manager is no collector of strangers."""
    people = [person("Al", 1), person("Max", 5, shares=False)]
    shared = share_work(work(("Max", ""), ("", ""), ("", "")), people)
    assert shared["collector"].tolist() == ["Max", "Al", ""]


def test_giving_the_first_piece_to_the_wrong_one_is_seen_through() -> None:
    """Al speaks both languages, Bo only Dutch: Al must leave the Dutch piece to Bo."""
    shared = share_work(work(("", "nl"), ("", "de")), [person("Al", 1, "nl de"), person("Bo", 1, "nl")])
    assert shared["collector"].tolist() == ["Bo", "Al"]


def test_loads_are_equal_also_through_a_third_one() -> None:
    """Al's four own and Bo's nothing: the shared ones go to Bo and Cy until everybody has four."""
    people = [person("Al", 9, "nl"), person("Bo", 9, "nl de"), person("Cy", 9, "de")]
    shared = share_work(work(*[("Al", "nl")] * 4, *[("", "nl")] * 2, *[("", "de")] * 6), people)
    assert shared["collector"].value_counts().to_dict() == {"Al": 4, "Bo": 4, "Cy": 4}


def test_who_has_half_a_day_gets_half_as_much() -> None:
    """Equal is the share of the capacity, not the number of pieces."""
    shared = share_work(work(*[("", "")] * 9), [person("Al", 5), person("Bo", 10)])
    assert shared["collector"].value_counts().to_dict() == {"Al": 3, "Bo": 6}


def test_everybody_gets_good_and_less_good_pieces() -> None:
    """Pieces of one kind are dealt in turns."""
    shared = share_work(work(*[("", "")] * 4), [person("Al", 9), person("Bo", 9)])
    assert shared["collector"].tolist() == ["Al", "Bo", "Al", "Bo"]


LANGUAGES = ("nl", "de", "")

people_of = st.lists(
    st.builds(
        lambda capacity, languages, absent, shares: (capacity, languages, absent, shares),
        st.integers(0, 2),
        st.sampled_from([None, "nl", "de", "nl de"]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)
pieces_of = st.lists(
    st.tuples(st.sampled_from(["", "", "c0", "c1"]), st.sampled_from(LANGUAGES), st.integers(0, 3)),
    max_size=5,
)


@settings(max_examples=examples(150), deadline=None)
@given(people_of, pieces_of)
def test_the_value_reached_is_the_greatest_there_is(
    given_people: list[tuple[int, str | None, bool, bool]], pieces: list[tuple[str, str, int]]
) -> None:
    """As brute force over all ways to share: the same value, the same first causes, within capacity."""
    people = [
        person(
            f"c{number}", 0 if absent else capacity, languages, absent=absent, shares=shares or number == 0
        )
        for number, (capacity, languages, absent, shares) in enumerate(given_people)
    ]
    names = [each.name for each in people]
    pieces = [piece for piece in pieces if piece[0] in ["", *names]]
    pieces.sort(key=lambda piece: -piece[2])
    values = np.array([value for *_, value in pieces])
    shared = share_work(work(*[piece[:2] for piece in pieces]), people)

    def may(piece: tuple[str, str, int], who: Person) -> bool:
        owner, language, _ = piece
        if owner and not people[names.index(owner)].absent:
            return who.name == owner
        speaks = not language or who.languages is None or language in who.languages
        return who.shares and not who.absent and speaks

    possible = [[-1, *(at for at, who in enumerate(people) if may(piece, who))] for piece in pieces]
    best: tuple[int, ...] = ()
    for takers in product(*possible):
        if all(takers.count(at) <= (who.capacity or 0) for at, who in enumerate(people)):
            # how many of the most valuable, then of the next ones, and so on
            reached = [value for value, taker in zip(values, takers, strict=True) if taker >= 0]
            best = max(best, tuple(reached.count(value) for value in (3, 2, 1, 0)))
    found = values[shared["reached"].to_numpy(dtype=bool)].tolist()
    assert tuple(found.count(value) for value in (3, 2, 1, 0)) == (best or (0, 0, 0, 0))
    for piece, (_, row) in zip(pieces, shared.iterrows(), strict=True):
        assert not row["reached"] or may(piece, people[names.index(row["collector"])])
        assert bool(row["why_not"]) is not row["reached"]
    load = shared.loc[shared["reached"], "collector"].value_counts()
    assert all(load.get(who.name, 0) <= (who.capacity or 0) for who in people)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["nl", "de", "nl de"])), min_size=2, max_size=3),
       st.lists(st.sampled_from(LANGUAGES), max_size=6))  # fmt: skip
def test_the_load_is_as_equal_as_can_be(staff: list[tuple[int, str]], languages: list[str]) -> None:
    """No other way to reach the same pieces has a smaller sum of load² / capacity."""
    people = [person(f"c{at}", *each) for at, each in enumerate(staff)]
    shared = share_work(work(*[("", language) for language in languages]), people)
    reached = [language for language, done in zip(languages, shared["reached"], strict=True) if done]

    def unequal(loads: list[int]) -> float:
        return sum(load**2 / max(who.capacity or 0, 1) for load, who in zip(loads, people, strict=True))

    able = [
        [at for at, who in enumerate(people) if not each or each in (who.languages or ())] for each in reached
    ]
    ways = [[takers.count(at) for at in range(len(people))] for takers in product(*able)]
    least = min(
        unequal(loads)
        for loads in ways
        if all(load <= (who.capacity or 0) for load, who in zip(loads, people, strict=True))
    )
    taken = shared.loc[shared["reached"], "collector"].tolist()
    assert unequal([taken.count(who.name) for who in people]) == pytest.approx(least)
