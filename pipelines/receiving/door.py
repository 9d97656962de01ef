"""Why a reported fact is refused, or what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from features.contracts.money import minor_digits
from features.spelling import way_out
from pipelines.receiving.kinds import KINDS, Reported, model_of


@dataclass(frozen=True)
class Fact:
    """A fact that may be kept: its kind, the tool's number of it, and what it says, JSON-ready."""

    kind: str
    external_id: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """Why a fact is not kept; `external_id` as far as it can be told."""

    external_id: str | None
    reason: str


def judge(kind: str, said: object, *, today: date, home_currency: str) -> Fact | Refusal:
    """Return the fact in what a tool said, decoded JSON, or why it is refused.

    `today`: the day it is received. What happened may not lie after it, but for the next day, which may have
    begun already where the tool is.
    """
    external_id = said.get("external_id") if isinstance(said, Mapping) else None
    external_id = external_id[:200] if isinstance(external_id, str) else None
    try:
        fact = model_of(kind).model_validate_json(json.dumps(said))
    except (ValidationError, RecursionError) as error:
        if not isinstance(said, Mapping) or isinstance(error, RecursionError):
            return Refusal(external_id, "a fact is an object of keys and values")
        return Refusal(external_id, _in_words(kind, error.errors()))
    wrong = _wrong_days(kind, fact, today) or _incomplete(kind, fact, home_currency)
    return Refusal(external_id, wrong) if wrong else Fact(kind, *_content(fact))


def _content(fact: Reported) -> tuple[str, dict[str, Any]]:
    """Return the external id and the rest, written in one way: 100 and "100.00" are one amount."""
    content = fact.model_dump(mode="json", exclude_none=True)
    for name, value in fact:
        if name in content and type(value).__name__ == "Decimal":
            plain = format(value, "f")
            content[name] = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return content.pop("external_id"), content


def _wrong_days(kind: str, fact: Reported, today: date) -> str | None:
    days = {name: value for name, value in fact if isinstance(value, date)}
    for name in ("contacted_on", "promise_made_on", "opened_on", "closed_on", "decided_on"):
        if name in days and days[name] > today + timedelta(days=1):
            return f"{name} {days[name]} is after today, {today}"
    for first, then in (
        ("opened_on", "closed_on"),
        ("decided_on", "until"),
        ("promise_made_on", "promised_for"),
        ("contacted_on", "promised_for"),
    ):
        if first in days and then in days and days[then] < days[first]:
            return f"{then} {days[then]} is before {first} {days[first]}"
    return None


def _incomplete(kind: str, fact: Reported, home_currency: str) -> str | None:
    """Say what goes together and is not there; the rules are those of the ledger's rows."""
    said = {name: value for name, value in fact if value is not None}
    for one, other, words in (
        ("promise_made_on", "promised_for", "for which day"),
        ("promised_amount", "promised_for", "for which day"),
        ("outcome", "closed_on", "closed on which day"),
        ("propensity", "arm", "of which arm"),
        ("approved", "action_id", "of what"),
    ):
        if one in said and one in KINDS[kind].columns and other in KINDS[kind].columns and other not in said:
            return f"{one} without {other}: {words}"
    if kind == "decisions" and "segment" not in said and "hold" not in said:
        if "action_id" not in said:
            return "nothing is decided: no segment, hold or action_id"
        if "approved" not in said:
            return "action_id without approved: write true or false"
    promised = said.get("promised_amount")
    if promised is not None and round(promised, minor_digits(home_currency)) != promised:
        return f"promised_amount has more decimals than {home_currency}"
    return None


def _in_words(kind: str, errors: list[ErrorDetails]) -> str:
    """Say the first mistake; an unknown key explains a missing one better than the other way round.

    Repeats a short value, and of a note nothing.
    """
    error = min(errors, key=lambda each: each["type"] != "extra_forbidden")
    if not error["loc"]:
        return "a text in it is no Unicode"
    name = str(error["loc"][0])[:100]
    if error["type"] == "extra_forbidden":
        return f"unknown key `{name}`{way_out(name, ('external_id', *KINDS[kind].columns))}"
    if error["type"] == "missing":
        return f"`{name}` is missing"
    if error["type"] == "value_error":
        return f"{name} {error['ctx']['error']}"
    shown = json.dumps(error["input"])
    got = f", got {shown}" if len(shown) <= 80 and name != "note" else ""
    return f"{name}: {error['msg'][0].lower()}{error['msg'][1:]}{got}"
