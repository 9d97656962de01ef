"""Words in notes that people typed: what a pattern finds, and which patterns are refused.

Texts are folded first: small letters without accents, "0" for every number (also a date or an invoice
number), " . " for whatever ends a clause (. , ; ! ? or a new line), single spaces for all other signs, and
"did not" for didn't. A pattern is a phrase, folded the same way, or a regular expression over folded text.
It matches whole words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.texts import joined

LONGEST_TEXT = 2_000
"""Characters of a text that are searched; the rest is somebody's pasted mail thread."""

LONGEST_PATTERN = 500

_APOSTROPHES = "[’´`ʼ]"

_FOLDING = (
    (r"\p{Mn}+", ""),
    ("ß", "ss"),
    ("œ", "oe"),
    ("æ", "ae"),
    (r"\b(did|does|do|have|has|had|is|was|were)n'?t\b", r"\1 not"),
    # INV-2024/17, 3.4.2024, RE4711, factuur123
    (r"\b[a-z]{0,4}[-/]?[0-9](?:[\w./-]*\w)?", "0"),
    (r"[0-9](?:[\w./-]*\w)?", " 0 "),
    (r"(?:\bno|\bn°|nummer|number|numero|nr)[.:°]* *0", " 0"),
    (r"[.,;!?\n\r]+", " . "),
    (r"[^\p{L}0. ]+", " "),
    (" {2,}", " "),
)
"""What is replaced in a small-letter text, in this order (RE2)."""

_SIGNS = re.compile(r"[\\^$*+?{}\[\]()|]")
_NONSENSE = " xqj . qzx 0 "


def matches(folded: pa.Array, patterns: Iterable[str], struck_out: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Return which texts of `fold` hold one of the patterns once the phrases of `struck_out` are gone."""
    searched = "|".join(f"(?:{_as_words(pattern)})" for pattern in patterns)
    hit = np.flatnonzero(pc.match_substring_regex(folded, searched))
    left = folded.take(pa.array(hit))
    for pattern in struck_out:
        left = pc.replace_substring_regex(left, _as_words(pattern), " . ")
    found = np.zeros(len(folded), dtype=bool)
    found[hit] = pc.match_substring_regex(left, searched)
    return found


def fold(texts: pa.Array) -> pa.Array:
    """Return the texts in the form that patterns are written for, with a space at both ends."""
    cut = pc.utf8_slice_codeunits(texts, 0, LONGEST_TEXT)
    # before NFKD, which makes a space and an accent of ´
    straight = pc.replace_substring_regex(cut, _APOSTROPHES, "'")
    folded = pc.utf8_lower(pc.utf8_normalize(straight, form="NFKD"))
    for sign, instead in _FOLDING:
        folded = pc.replace_substring_regex(folded, sign, instead)
    return joined(" ", pc.utf8_trim_whitespace(folded), " ")


def refuse_pattern(pattern: str) -> str:
    """Return the pattern; ValueError says what is wrong with it and the way out.

    RE2 searches in time linear in the text whatever the pattern is, so nothing hangs; a repetition inside
    a repetition is refused all the same, because it is a slip where it is not an attack.
    """
    if not pattern.strip():
        raise ValueError("a pattern is empty; remove it or write the words to look for")
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(
            f"`{pattern[:40]}…` is {len(pattern)} characters long; split it, {LONGEST_PATTERN} at most"
        )
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
        hits_all = pc.match_substring_regex(pa.array(["  ", _NONSENSE]), _as_words(pattern)).to_pylist()
    except pa.ArrowInvalid as error:
        wrong = str(error).removeprefix("Invalid regular expression: ")
        raise ValueError(
            f"`{pattern}` is not a regular expression ({wrong}); put \\ before a sign that is meant"
        ) from None
    if _repeats_a_repetition(pattern):
        raise ValueError(
            f"`{pattern}` repeats something that repeats already; "
            "write the words that may stand there, such as (the |your )?"
        )
    if any(hits_all):
        raise ValueError(f"`{pattern}` matches any text; write the words to look for")
    return pattern


def _as_words(pattern: str) -> str:
    if not _SIGNS.search(pattern):
        return str(fold(pa.array([pattern], pa.large_string()))[0].as_py())
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", pattern) if not unicodedata.combining(sign))
    for sign, instead in (("ß", "ss"), ("œ", "oe"), ("æ", "ae"), ("[’'-](?![^[]*])", " "), (r"\s+", " ")):
        bare = re.sub(sign, instead, bare)
    return f"(?i) (?:{bare}) "


def _repeats_a_repetition(pattern: str) -> bool:
    """Whether a group that holds *, + or {} is followed by one of them."""
    flat = re.sub(r"\[\^?\]?[^\]]*\]", "x", re.sub(r"\\.", "x", pattern))
    while group := re.search(r"\(([^()]*)\)([*+{]?)", flat):
        repeats = re.search(r"[*+{]", group[1])
        if repeats and group[2]:
            return True
        flat = flat[: group.start()] + ("x*" if repeats else "x") + flat[group.start(2) :]
    return False
