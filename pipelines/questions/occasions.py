"""The contact that a message is for: who gets it, about which invoices, on which day, by which step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from features.errors import DebtscapeError
from features.spelling import way_out
from models.facts import customers_on, dunning_recipients
from models.treatment.policy import Policy, Step
from pipelines.reading import Reading
from pipelines.runs.published_runs import PublishedRun, read_table


@dataclass(frozen=True)
class Occasion:
    """Who is written to about what; empty text where the person or the language is not known."""

    customer_id: str
    recipient_id: str
    collector: str
    language: str
    send_on: date
    invoice_ids: list[str]


@dataclass(frozen=True)
class Way:
    """How: the step, its text, tone and channel, the level after it, and whether the law asks for it."""

    step: str
    template: str
    tone: str
    channel: str
    level: int
    statutory: bool


def planned_occasion(run: PublishedRun, action: Mapping[str, Any]) -> Occasion:
    """Return the occasion of an action of the run, with all invoices that it bundles."""
    reminders = read_table(run, "reminders")
    bundle = reminders.loc[reminders["action_id"] == action["action_id"], "invoice_id"]
    return Occasion(
        customer_id=action["customer_id"],
        recipient_id=text(action["recipient_id"]),
        collector=text(action["collector"]),
        language=text(action["language"]),
        send_on=action["send_on"].date(),
        invoice_ids=sorted(bundle),
    )


def lone_occasion(reading: Reading, reminder: Mapping[str, Any]) -> Occasion:
    """Return the occasion of an invoice that no action is about: alone, on the day of the run."""
    debtors = customers_on(reading.ledger.customers, reading.as_of)
    debtor = reminder["customer_id"]
    recipient = dunning_recipients(debtors).get(debtor, debtor)
    collector = text(value_of(debtors, recipient, "collector"))
    return Occasion(recipient, "", collector, "", reading.as_of, [reminder["invoice_id"]])


def planned_way(policy: Policy, action: Mapping[str, Any], strategy: str) -> Way:
    """Return how the action speaks; the policy of today only says whether its step is a statutory notice."""
    steps = _steps(policy, action["step"], strategy)
    statutory = bool(steps) and steps[0].statutory_notice
    level = int(action["dunning_level_after"])
    return Way(action["step"], action["template"], action["tone"], action["channel"], level, statutory)


def way_of(policy: Policy, name: str, strategy: str) -> Way:
    """Return how a step of the policy speaks, by its first channel; the strategy's own goes before others'.

    DebtscapeError with the nearest name where there is no such step.
    """
    steps = _steps(policy, name, strategy)
    if not steps:
        known = sorted({step.name for step in _steps(policy, None, strategy)})
        raise DebtscapeError(f"the policy has no step {name!r}{way_out(name, known)}")
    step = steps[0]
    return Way(step.name, step.template, step.tone, step.channels[0], step.level, step.statutory_notice)


def text(value: Any) -> str:
    """Return a cell as text, empty where there is none."""
    return "" if value is None or pd.isna(value) else str(value)


def value_of(debtors: pd.DataFrame, customer_id: str, column: str) -> Any:
    """Return what is known of a debtor (see `customers_on`), None where it is not known."""
    return debtors[column].get(customer_id)


def _steps(policy: Policy, name: str | None, strategy: str) -> list[Step]:
    """The steps of that name, or all: first those of the strategy, then the events', then all others'."""
    own = policy.strategies.get(strategy)
    others = [each for each in policy.strategies.values() if each is not own]
    steps = [*(own.steps if own else ()), *(event.step for event in policy.events)]
    steps += [step for each in others for step in each.steps]
    return [step for step in steps if name is None or step.name == name]
