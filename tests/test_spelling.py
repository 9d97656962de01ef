"""An unknown word leads to a known one, or to all of them."""

from __future__ import annotations

import pytest

from features.spelling import nearest, question, way_out

KNOWN = ["country", "Sector", "size"]


@pytest.mark.parametrize(
    ("word", "near"),
    [("contry", ["country"]), ("SECTOR", ["Sector"]), ("sise", ["size"]), ("weight", []), ("", [])],
)
def test_the_nearest_is_found_whatever_its_case(word: str, near: list[str]) -> None:
    """One known word at most, as it is spelt; none where nothing is alike."""
    assert nearest(word, KNOWN) == near


def test_as_many_as_asked_for_the_most_alike_first() -> None:
    """Words that differ in case only are as near as each other, and count each."""
    assert nearest("bakery", ["Bakery B", "butcher", "BAKERY", "Bakery", "Bakery AB"], most=3) == [
        "BAKERY",
        "Bakery",
        "Bakery B",
    ]
    assert nearest("bakery", [], most=3) == []


def test_how_alike_is_the_callers_choice() -> None:
    """Four of six letters in order, twice, over twelve: 2/3."""
    assert nearest("ABCDxy", ["ABCDvw"], alike=0.66) == ["ABCDvw"]
    assert nearest("ABCDxy", ["ABCDvw"], alike=0.67) == []


def test_a_question_ends_a_refusal_or_says_nothing() -> None:
    """In the quotes that the message uses."""
    assert question("contry", KNOWN) == "; did you mean `country`?"
    assert question("contry", KNOWN, quote="") == "; did you mean country?"
    assert question("weight", KNOWN) == ""


def test_there_is_always_a_way_out() -> None:
    """Near nothing: all that are known, read once from whatever gives them."""
    assert way_out("contry", iter(KNOWN)) == "; did you mean `country`?"
    assert way_out("weight", iter(KNOWN)) == "; there are: country, Sector, size"
