"""Read the configuration from the YAML file that a user writes, and say what is wrong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from features.contracts import LEDGER_TABLES
from features.errors import ConfigurationError
from features.sources import Source
from models.segments.credit_scales import CreditScale
from models.segments.matrix import Matrix
from models.segments.scheme_checks import check_schemes
from models.segments.schemes import Pareto, Speed, Thresholds
from pipelines.privacy.protected_names import refuse_protected_names
from pipelines.settings import Settings, or_known


def load_settings(path: Path) -> Settings:
    """Return the configuration in the YAML file at `path`.

    Raises ConfigurationError naming the key, with the nearest match of an unknown one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such configuration. Make one with `debtscape init FILE -o {path}`."
        ) from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise ConfigurationError(f"{path}: not a YAML text file.") from None
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        raise ConfigurationError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', error)})."
        ) from None
    if not isinstance(content, dict):
        found = "empty" if content is None else "not a mapping of keys"
        raise ConfigurationError(f"{path}: {found}. It needs at least `ledger:` with `invoices:`.")
    return parse_settings(content, base=path.parent, name=str(path))


def parse_settings(content: dict[str, Any], *, base: Path, name: str = "configuration") -> Settings:
    """Return the configuration in a parsed mapping; see `load_settings`."""
    _check_tables(content.get("ledger"), name)
    if "base" in content:
        raise ConfigurationError(f"{name}: base: unknown key.")
    try:
        refuse_protected_names(content)  # before anybody says that it is no feature
        settings = Settings.model_validate({**content, "base": base})
        check_schemes(settings.schemes, settings.segments.scheme)
    except ValidationError as error:
        # an unknown key explains a missing one better than the other way round
        wrong = sorted(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise ConfigurationError(f"{name}: " + "; ".join(_explain(found) for found in wrong[:3])) from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return settings


def _check_tables(ledger: object, name: str) -> None:
    if not isinstance(ledger, dict) or "invoices" not in ledger:
        raise ConfigurationError(f"{name}: ledger.invoices is missing: say where the invoices are.")
    for table in ledger:
        if table not in LEDGER_TABLES:
            raise ConfigurationError(
                f"{name}: ledger.{table}: no such table{or_known(str(table), list(LEDGER_TABLES))}"
            )


def _explain(error: Any) -> str:
    where = ".".join(str(part) for part in _without_kind(error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key{or_known(str(error['loc'][-1]), _keys_beside(error['loc']))}"
    if error["type"] == "missing":
        return f"{where} is missing"
    if error["type"] == "union_tag_invalid":
        kind = str(error["ctx"]["tag"])
        return f"{where}.kind: no such kind: {kind}{or_known(kind, list(KINDS))}"
    if error["type"] == "union_tag_not_found":
        return f"{where}.kind is missing; there are: {', '.join(KINDS)}"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _keys_beside(location: tuple[str | int, ...]) -> list[str]:
    model: Any
    match location:
        case ("schemes", _, str(kind), *inside, _):
            model = KINDS[kind]
        case (str(table), _, *inside, _) if table in NAMED:
            model = NAMED[table]
        case (*inside, _):
            model = Settings
    for part in inside:
        model = model.model_fields[str(part)].annotation
    return [key for key in model.model_fields if key != "base"]


def _without_kind(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the place as it stands in the file: pydantic puts a scheme's kind after its name."""
    return (*location[:2], *location[3:]) if location[0] == "schemes" else location


NAMED: dict[str, type[BaseModel]] = {"ledger": Source, "credit_scores": CreditScale}
KINDS: dict[str, type[BaseModel]] = {
    "thresholds": Thresholds,
    "speed": Speed,
    "pareto": Pareto,
    "matrix": Matrix,
}
