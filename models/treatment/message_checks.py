"""Whether each step that the policy may come to has a text in every language, and whether it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from features.errors import ConfigurationError
from features.spelling import question, way_out
from models.treatment.message_words import Contact, message_context
from models.treatment.messages import CALL, environment_of, file_of, known, languages, render
from models.treatment.policy import Policy, Step

SAMPLE_DAY = date(2026, 3, 2)

_SHARED = "_*.txt"
"""Parts that templates include."""


def check_templates(policy: Policy, folder: Path) -> None:
    """Raise ConfigurationError for the first text that is missing or cannot be read.

    Every step of the policy needs NAME.txt where it may be written and NAME.call.txt where it may be a call
    (by one of its channels or their fallback), in every language that has a folder; each must render with
    sample figures. The policy's own language must be one of them.
    """
    there = languages(folder)
    if policy.language not in there:
        raise ConfigurationError(
            f"language: no messages in {policy.language!r}{way_out(policy.language, there)}"
        )
    used = sorted({file for step in _steps(policy) for file in _files(step, policy)})
    for step in _steps(policy):
        for file in _files(step, policy):
            _exists(step, file, there, folder)
    for language in there:
        samples = sample_contexts(language)
        for file in (*sorted(path.name for path in (folder / language).glob(_SHARED)), *used):
            _knows_its_names(folder / language / file, folder, language, samples[0])
        for file in used:
            template, channel = _apart(file)
            for context in samples:
                render(template, language, context, folder, channel=channel)


def sample_contexts(language: str) -> list[dict[str, Any]]:
    """Return contexts that between them have everything a context can have, and leave out what it can."""
    days = pd.to_datetime(["2026-01-20", "2026-02-20", "2026-03-01", "2026-03-07"]).as_unit("s")
    items = pd.DataFrame(
        {
            "invoice_id": ["2026-001", "2026-002", "2026-003"],
            "issued_on": days[0],
            "due_on": days[1:],
            "currency": "EUR",
            "amount_minor": [123_450, 20_000, 9_900],
            "open_amount_minor": [123_450, 15_000, 9_900],
            "purchase_order_no": ["PO 4711", None, None],
            "of_debtor": ["", "", "Example Ltd, Leeds"],
        }
    )
    plain = Contact("Creditor Ltd", "10001", SAMPLE_DAY, date(2026, 3, 16))
    full = replace(
        plain,
        tone="firm",
        debtor="Example Ltd",
        country="GB",
        contact_person="Ms J. Example",
        signed_by="A. Collector",
        promised_for=date(2026, 2, 27),
        credit_minor=2_500,
        collection_cost_minor=4_000,
        agency_follows=True,
    )
    return [
        message_context(full, items, language),
        message_context(plain, items.iloc[1:2], language),
    ]


def _steps(policy: Policy) -> Iterator[Step]:
    for strategy in policy.strategies.values():
        yield from strategy.steps
    for event in policy.events:
        yield event.step


def _files(step: Step, policy: Policy) -> list[str]:
    """The files that a step may need: its channels, and where each falls back to."""
    channels: set[str] = set(step.channels) | {
        policy.contact.fallback[each] for each in step.channels if each in policy.contact.fallback
    }
    return sorted({file_of(step.template, channel) for channel in channels})


def _apart(file: str) -> tuple[str, str]:
    name = file.removesuffix(".txt")
    return (name.removesuffix(".call"), CALL) if name.endswith(".call") else (name, "email")


def _exists(step: Step, file: str, there: Iterable[str], folder: Path) -> None:
    missing = [language for language in there if not (folder / language / file).is_file()]
    if not missing:
        return
    names = sorted({_apart(path.name)[0] for path in folder.glob("[a-z][a-z]/[!_]*.txt")})
    hint = "" if step.template in names else question(step.template, names)
    raise ConfigurationError(
        f"step {step.name}: no template `{step.template}` in {', '.join(missing)}{hint}\n"
        f"Or add {folder / missing[0] / file}"
    )


def _knows_its_names(path: Path, folder: Path, language: str, context: dict[str, Any]) -> None:
    """Refuse a variable that no context has, wherever in the text it stands."""
    try:
        names = _names_in(path.read_text(encoding="utf-8-sig"), environment_of(folder, language))
    except TemplateSyntaxError as error:
        raise ConfigurationError(f"{path} line {error.lineno}: {error.message}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the message {path}: {error}") from None
    for name, line in names.items():
        if name not in context:
            raise ConfigurationError(
                f"{path} line {line}: no variable `{name}`{question(name, context)}; {known(context)}"
            )


@lru_cache(maxsize=1024)
def _names_in(text: str, environment: Environment) -> dict[str, int]:
    """The variables that a text asks for, with the line of the first use. Kept, as parsing is slow."""
    tree = environment.parse(text)
    asked = meta.find_undeclared_variables(tree)
    lines = [(name.lineno, name.name) for name in tree.find_all(nodes.Name) if name.name in asked]
    return {name: line for line, name in sorted(lines, reverse=True)}
