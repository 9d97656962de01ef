"""What was meant by a word that nothing is called: every refusal of an unknown name leads to a known one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], *, most: int = 1, alike: float = 0.6) -> list[str]:
    """Return the known words most like the word whatever their case, the most alike first, at most `most`.

    `alike`: 1 is the same word, 0 has no letter in common; the ratio of Python's difflib.
    """
    spelt: dict[str, list[str]] = {}
    for each in known:
        spelt.setdefault(each.lower(), []).append(each)
    near = get_close_matches(word.lower(), list(spelt), n=most, cutoff=alike)
    return [each for lower in near for each in spelt[lower]][:most]


def question(word: str, known: Iterable[str], quote: str = "`") -> str:
    """Return "; did you mean `x`?" to end a refusal with; empty when no known word is near."""
    return "".join(f"; did you mean {quote}{near}{quote}?" for near in nearest(word, known))


def way_out(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean `x`?"; where none is near, "; there are: " and all that are known."""
    known = list(known)
    return question(word, known) or f"; there are: {', '.join(known)}"
