"""The first mistake in a file that a person edits, in words: an unknown key, a missing one, a wrong value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pydantic_core import ErrorDetails

from features.spelling import way_out


def first_mistake(errors: Sequence[ErrorDetails]) -> ErrorDetails:
    """Return what to say first: an unknown key explains a missing one better than the other way round."""
    return next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])


def in_words(error: ErrorDetails, keys_at: Callable[[Sequence[str]], Iterable[str]]) -> str:
    """Return where the mistake is, places in lists counted from 1, and what is wrong there.

    `keys_at`: the keys that are known at a place, for a key that is not.
    """
    *above, last = [str(part + 1 if isinstance(part, int) else part) for part in error["loc"]] or [""]
    place = " ".join(above)
    inside = f" in {place}" if place else ""
    if error["type"] == "extra_forbidden":
        return f"unknown key `{last}`{inside}{way_out(last, keys_at(above))}"
    if error["type"] == "missing":
        return f"`{last}` is missing{inside}"
    if error["type"] == "value_error":
        words = str(error["ctx"]["error"])
        in_a_list = place and isinstance(error["loc"][-1], int)
        return f"{place}: {words}" if in_a_list else words
    words = "should be a list, such as [a, b]" if error["type"] == "tuple_type" else error["msg"]
    return f"{place} {last}: {words}, got {error['input']!r}".strip()
