"""Read a YAML file that a person edits, strictly: every mistake is named with its place and the way out."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from features.errors import ConfigurationError
from models.mistakes import first_mistake, in_words

M = typing.TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Frozen, and strict about unknown keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def read_strictly(path: Path, what: str, parse: Callable[[object], M]) -> M:
    """Return what `parse` makes of the file's keys and values.

    ConfigurationError names the file, the place in it and the way out. `what`: such as "the policy".
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {what} {path}: {error}") from None
    try:
        return parse(yaml.load(text, _NoKeyTwice))
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def validated(model: type[M], content: dict[str, object]) -> M:
    """Return the model; ConfigurationError says the first thing that is wrong, and where."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        words = in_words(first_mistake(error.errors()), lambda place: _keys_at(model, place))
        raise ConfigurationError(words) from None


class _NoKeyTwice(yaml.SafeLoader):
    """Plain YAML without a key that stands twice: the last of two would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[typing.Any, typing.Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                line = node.value[place][0].start_mark.line + 1
                raise ConfigurationError(f"line {line}: `{key}` stands there twice; keep one")
        return super().construct_mapping(node, deep)


def _keys_at(model: type[BaseModel], place: Sequence[str]) -> Iterable[str]:
    """The keys that are known at a place such as (strategies, gentle, steps, 2)."""
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
