"""The collection policy: steps, days, guards. Read from a file that a collections manager edits."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.errors import ConfigurationError
from features.spelling import way_out
from models.mistakes import first_mistake, in_words

ANY = "any"

Days = Annotated[int, Field(ge=1, le=3650)]
Name = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Step(_Strict):
    """One step of the collection strategy; `days_after_due` per segment, `any` for the others."""

    name: Name
    level: Annotated[int, Field(ge=1)]
    days_after_due: Mapping[Name, Days]
    channel: Literal["email", "letter", "call", "registered_letter"]
    template: Name
    adverse: bool

    def days_for(self, segment: str) -> int:
        """Return the days from due to this step for the segment."""
        return self.days_after_due.get(segment, self.days_after_due[ANY])


class Shift(_Strict):
    """When a habit of paying late moves the first friendly reminder (see `reminder_shift`)."""

    min_settled: Annotated[int, Field(ge=1)]
    max_shift_days: Annotated[int, Field(ge=0)]
    max_spread_days: Annotated[int, Field(ge=0)]


class Policy(_Strict):
    """The whole policy. Money is in major units of each currency."""

    segments: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, strict=False)]
    no_reminders: Mapping[Name, Name]
    shift: Shift
    days_between_reminders: Annotated[int, Field(ge=0)]
    valid_days: Annotated[int, Field(ge=0)]
    minimum_amount: Mapping[Name, Annotated[Decimal, Field(ge=0, strict=False)]]

    @model_validator(mode="after")
    def _complete(self) -> Policy:
        tables = {f"step {step.name}, days_after_due": step.days_after_due for step in self.steps}
        for place, table in {**tables, "minimum_amount": self.minimum_amount}.items():
            if ANY not in table:
                raise ValueError(f"{place}: the line `{ANY}` is missing, it is for all that have no line")
        for place, named in {**tables, "no_reminders": self.no_reminders}.items():
            for segment in sorted(set(named) - {ANY, *self.segments}):
                raise ValueError(f"{place}: no segment `{segment}`{way_out(segment, self.segments)}")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Policy:
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same name")
        if [step.level for step in self.steps] != list(range(1, len(names) + 1)):
            raise ValueError("steps are out of order: their levels must be 1, 2, 3 … from top to bottom")
        for segment in (ANY, *self.segments):
            for before, step in itertools.pairwise(self.steps):
                if step.days_for(segment) <= before.days_for(segment):
                    raise ValueError(
                        f"steps are out of order for segment {segment}: {step.name}"
                        f" {step.days_for(segment)} days after due,"
                        f" {before.name} before it {before.days_for(segment)} days"
                    )
        return self


def read_policy(path: Path) -> Policy:
    """Return the policy in a YAML file. ConfigurationError names the file, the line's key and the way out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the policy {path}: {error}") from None
    try:
        return parse_policy(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def parse_policy(content: object) -> Policy:
    """Return the policy from its keys and values; ConfigurationError says the first thing that is wrong."""
    if not isinstance(content, dict):
        raise ConfigurationError(f"a policy is keys and values, such as `valid_days: 5`; got {content!r}")
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(in_words(first_mistake(error.errors()), _keys_at)) from None


def covers(policy: Policy, segments: Iterable[str]) -> list[str]:
    """Return the segments that the policy was not made for, sorted; empty when it covers all."""
    return sorted(set(segments) - set(policy.segments))


def fingerprint(policy: Policy) -> str:
    """Return a SHA-256 of what the policy says; comments and the order of keys do not matter."""
    content = json.dumps(policy.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _keys_at(place: Sequence[str]) -> Iterable[str]:
    models: dict[str, type[_Strict]] = {"steps": Step, "shift": Shift}
    return models.get(place[0] if place else "", Policy).model_fields
