"""The rules over the segments, read from a file that a credit manager edits; the first that holds decides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from features.catalogue import RULE_NAMES
from features.errors import ConfigurationError
from features.spelling import way_out
from models.mistakes import first_mistake
from models.segments.conditions import Condition, parse
from models.segments.rule_reasons import Reason, read_reason
from models.strict_yaml import Strict, read_strictly

NEW, DORMANT, INSOLVENT, EXCLUDED = "NEW", "DORMANT", "INSOLVENT", "EXCLUDED"
WORST, BEST, KEEP = "worst", "best", "keep"

MANUAL, NO_MODEL = "manual", "no_model"
"""What stands in the column `rule` where a decision of the credit manager or no model at all decided."""

CONSTANTS = ("new_until_matured", "dormant_after_months")
"""Figures of the configuration that conditions and reasons may name."""


def _from_iso(day: object) -> object:
    try:
        return date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        raise ValueError(f"{day!r} is no day; write it as 2026-01-31") from None


Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$", max_length=60)]
Segment = Annotated[str, Field(pattern="^(worst|best|[A-Z][A-Z0-9_]*)$", max_length=60)]
Day = Annotated[date, BeforeValidator(_from_iso)]


class Rule(Strict):
    """One rule: when it holds, and then one of segment, keep (stay in the previous segment) or exclude."""

    name: Name
    when: str
    segment: Segment | None = None
    keep: Literal[True] | None = None
    exclude: Literal[True] | None = None
    reason: str
    valid_from: Day | None = None
    valid_to: Day | None = None

    @field_validator("name")
    @classmethod
    def _not_taken(cls, name: str) -> str:
        if name in (MANUAL, NO_MODEL):
            raise ValueError(f"`{name}` is the product's own name; choose another")
        return name

    @field_validator("when")
    @classmethod
    def _readable(cls, text: str) -> str:
        return _checked(text, parse)

    @field_validator("reason")
    @classmethod
    def _fillable(cls, text: str) -> str:
        return _checked(text, read_reason)

    @model_validator(mode="after")
    def _one_effect(self) -> Rule:
        if sum(effect is not None for effect in (self.segment, self.keep, self.exclude)) != 1:
            raise ValueError("say one of `segment: NAME`, `keep: true`, `exclude: true`")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is after valid_to {self.valid_to}")
        return self

    @cached_property
    def condition(self) -> Condition:
        """The condition that was read from `when`."""
        return parse(self.when, RULE_NAMES, CONSTANTS)

    @cached_property
    def words(self) -> Reason:
        """The reason with its figures still to be filled in."""
        return read_reason(self.reason, RULE_NAMES, CONSTANTS)

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of a debtor's figures that the condition speaks of."""
        return self.condition.names

    @property
    def effect(self) -> str:
        """The segment, EXCLUDED, or KEEP."""
        return self.segment or (EXCLUDED if self.exclude else KEEP)

    def active(self, day: date) -> bool:
        """Return whether the rule is valid on the day; both its days belong to it."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)


class Rules(Strict):
    """All rules, in the order in which they are asked."""

    rules: Annotated[tuple[Rule, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _unique(self) -> Rules:
        names = [rule.name for rule in self.rules]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"two rules are called `{name}`")
        return self

    def segments(self) -> tuple[str, ...]:
        """Return the names of segments, besides those of the scheme, in which rules put debtors; sorted."""
        return tuple(sorted({rule.effect for rule in self.rules} - {WORST, BEST, KEEP}))


def read_rules(path: Path) -> Rules:
    """Return the rules in a YAML file. ConfigurationError names the file, the rule, its key and why."""
    return read_strictly(path, "the rules", parse_rules)


def parse_rules(content: object) -> Rules:
    """Return the rules from their keys and values; ConfigurationError says the first thing that is wrong."""
    if not isinstance(content, dict):
        raise ConfigurationError(f"rules are a list under `rules:`, got {str(content)[:40]!r}")
    try:
        return Rules.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(_in_words(first_mistake(error.errors()), content)) from None


def fingerprint(rules: Rules) -> str:
    """Return a SHA-256 of what the rules say and in which order; comments and order of keys are nothing."""
    content = json.dumps(rules.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _checked(text: str, read: Any) -> str:
    try:
        read(text, RULE_NAMES, CONSTANTS)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return text


def _in_words(mistake: ErrorDetails, content: Mapping[str, Any]) -> str:
    place, key = _place(mistake["loc"], content)
    if mistake["type"] == "extra_forbidden":
        known = (Rule if place else Rules).model_fields
        return f"{place}{': ' if place else ''}unknown key `{key}`{way_out(key, known)}"
    if mistake["type"] == "missing":
        return f"{place}{': ' if place else ''}`{key}` is missing"
    if mistake["type"] == "value_error":
        words = str(mistake["ctx"]["error"])
    else:
        words = f"{mistake['msg']}, got {str(mistake['input'])[:40]!r}"
    where = ".".join(part for part in (place, key) if part)
    return f"{where}: {words}" if where else words


def _place(location: tuple[int | str, ...], content: Mapping[str, Any]) -> tuple[str, str]:
    """Return the rule that an error is about, as `rules.2 (dormant)`, and its key; empty where none."""
    match location:
        case ("rules", int(place), *key):
            rule = content["rules"][place]
            name = rule.get("name") if isinstance(rule, dict) else None
            return f"rules.{place + 1}" + (f" ({name})" if name else ""), str(key[0]) if key else ""
    return "", ".".join(map(str, location))
