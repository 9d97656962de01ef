"""Read a policy from the file that a collections manager edits."""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from features.errors import ConfigurationError
from models.mistakes import first_mistake, in_words
from models.policy import Policy
from models.policy_checks import check_policy


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
        raise ConfigurationError(f"a policy is keys and values, such as `timing: fixed`; got {content!r}")
    try:
        policy = Policy.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(in_words(first_mistake(error.errors()), _keys_at)) from None
    check_policy(policy)
    return policy


def covers(policy: Policy, segments: Iterable[str]) -> list[str]:
    """Return the segments that the policy was not made for, sorted; empty when it covers all."""
    return sorted(set(segments) - set(policy.segments))


def fingerprint(policy: Policy) -> str:
    """Return a SHA-256 of what the policy says; comments and the order of keys do not matter."""
    content = json.dumps(policy.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _keys_at(place: Sequence[str]) -> Iterable[str]:
    """The keys that are known at a place such as (strategies, gentle, steps, 2)."""
    model: type[BaseModel] = Policy
    for part in place:
        field = model.model_fields.get(part)
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return model.model_fields


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    found = (_model_in(part) for part in typing.get_args(annotation))
    return next((model for model in found if model), None)
