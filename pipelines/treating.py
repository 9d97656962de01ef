"""From segments and payment times to treatment: who is reminded when, who is called, which cash to expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from features.open_items import closings
from models.calling.worklist import worklist
from models.facts import customers_on
from models.payment.cash import cash_forecast
from models.payment.future_cash import future_cash
from models.reminding.actions import plan_actions
from models.reminding.bank_data import bank_state
from models.reminding.blocks import dunnable_minor, find_blocks
from models.reminding.dunning_state import dunning_state
from models.reminding.habits import payment_habits
from models.reminding.held_actions import give_way
from models.reminding.next_steps import next_steps
from models.reminding.reminders import Planned, plan_reminders
from models.reminding.shifts import shifts
from models.reminding.step_timing import moves
from models.reminding.tasks import find_tasks
from models.rollup import debtors_table
from models.treatment.experiment import arms
from models.treatment.messages import languages
from models.treatment.policy_tables import step_table
from models.treatment.treatments import treatments, who
from pipelines.reading import Reading
from pipelines.settings import NEWEST_PAYMENT

FIXED, SHIFTED, OPTIMAL = "fixed", "shifted", "optimal"

MANY = 0.5
"""Share of debtors of unknown legal kind above which a run says so."""


@dataclass(frozen=True)
class Open:
    """What is open on the day: the items, what stands against them, and when each will be paid."""

    items: pd.DataFrame
    credit: pd.DataFrame
    predictions: pd.DataFrame


def treat(
    reading: Reading,
    opened: Open,
    segments: pd.DataFrame,
    risks: pd.DataFrame,
    timing: Mapping[str, Any],
    *,
    previous_actions: pd.DataFrame | None,
    previous_shifts: pd.DataFrame | None,
) -> dict[str, pd.DataFrame]:
    """Return the tables treatments, debtors, reminders, actions, reminder_shifts, tasks and worklist.

    `timing`: guards of the shifts. `previous_…`: tables of the run before, None where there is none.
    """
    day, settings, ledger, policy = reading.as_of, reading.settings, reading.ledger, reading.policy
    items = opened.items
    subject = _subject(reading, opened, segments)
    shifted = _shifts(reading, subject.treatments, timing, previous_shifts)
    drawn = arms(subject.debtors, subject.customers, policy.experiment)
    planned = _planned(reading, opened, subject, shifted, drawn)
    waiting = bank_words(reading)
    reminders, actions = plan_actions(
        items,
        planned,
        subject.debtors,
        drawn,
        opened.credit,
        ledger,
        policy,
        previous_actions,
        day=day,
        waiting_for_bank=waiting,
        message_languages=languages(settings.messages_folder),
    )
    owing = debtors_table(items, opened.predictions, opened.credit, subject.blocks, day=day)
    called = worklist(
        items,
        dunnable_minor(items, subject.blocks),
        owing,
        opened.predictions,
        reminders,
        actions,
        risks,
        subject.treatments,
        subject.debtors,
        ledger,
        policy,
        day=day,
        home_currency=settings.home_currency,
        bank_words=waiting,
    )
    return {
        "treatments": subject.treatments,
        "debtors": owing,
        "reminders": reminders,
        "actions": give_way(actions, called, day=day),
        "reminder_shifts": shifted,
        "tasks": find_tasks(items, opened.credit, planned.missing, subject.debtors, day=day),
        "worklist": called,
    }


@dataclass(frozen=True)
class _Subject:
    """Who is treated: debtors as the policy sees them, their rows of the ledger, treatments and blocks."""

    debtors: pd.DataFrame
    customers: pd.DataFrame
    treatments: pd.DataFrame
    blocks: pd.DataFrame


def _subject(reading: Reading, opened: Open, segments: pd.DataFrame) -> _Subject:
    day, settings, ledger, policy = reading.as_of, reading.settings, reading.ledger, reading.policy
    country, kind = settings.default_country, settings.default_legal_kind
    customers = customers_on(ledger.customers, day)
    debtors = who(segments, customers, default_country=country, default_legal_kind=kind)
    treated = treatments(
        debtors, policy, ledger.decisions, reading.statutory, day=day, home_currency=settings.home_currency
    )
    if not history_kept(reading):
        treated["timing"] = treated["timing"].replace(OPTIMAL, FIXED)
    held = policy.dispute_holds_debtor
    blocks = find_blocks(opened.items, ledger, day, default_country=country, dispute_holds_debtor=held)
    return _Subject(debtors, customers, treated, blocks)


def _shifts(
    reading: Reading, treated: pd.DataFrame, timing: Mapping[str, Any], previous: pd.DataFrame | None
) -> pd.DataFrame:
    """The habits that move a first reminder, of the debtors whose treatment asks for that."""
    asked = treated.loc[treated["timing"] == SHIFTED, "customer_id"]
    closed = closings(reading.books)
    habits = payment_habits(closed, reading.ledger, reading.as_of)
    before = previous[previous["customer_id"].isin(asked)] if previous is not None else None
    # a model registered by an older version may lack a guard that the policy has
    guards = {**reading.policy.shift.model_dump(), **timing}
    habits = habits[habits.index.isin(asked)]
    return shifts(habits, before, closed, reading.ledger, guards, day=reading.as_of)


def _planned(
    reading: Reading, opened: Open, subject: _Subject, shifted: pd.DataFrame, drawn: pd.DataFrame
) -> Planned:
    """How far each item is, what follows, and on which day."""
    day, settings, ledger, policy = reading.as_of, reading.settings, reading.ledger, reading.policy
    items, treated, debtors = opened.items, subject.treatments, subject.debtors
    steps, kept = step_table(policy), history_kept(reading)
    move = moves(items, treated, shifted, drawn)
    state = dunning_state(
        items,
        items["customer_id"].map(treated.set_index("customer_id")["strategy"]),
        steps,
        ledger,
        day=day,
        history_kept=kept,
        default_country=settings.default_country,
        moved_days=move.habit + move.arm,
    )
    following = next_steps(
        items,
        state,
        debtors,
        treated,
        policy,
        steps,
        ledger,
        day=day,
        default_country=settings.default_country,
        blocks=subject.blocks,
        history_kept=kept,
        late_after_days=settings.late_after_days,
    )
    return plan_reminders(
        items,
        following,
        state,
        debtors,
        treated,
        shifted,
        drawn,
        opened.predictions,
        subject.blocks,
        opened.credit,
        ledger,
        policy,
        day=day,
        home_currency=settings.home_currency,
        default_country=settings.default_country,
        creditor_country=settings.creditor_country,
        creditor_region=settings.creditor_region,
    )


def expected_cash(reading: Reading, opened: Open, corrections: Mapping[str, Any] | None) -> pd.DataFrame:
    """Return the table `cash_forecast`; `corrections`: what past forecasts of the model got wrong."""
    day = reading.as_of
    customers = customers_on(reading.ledger.customers, day)
    insolvent = customers.index[customers["insolvent_on"] < pd.Timestamp(day)]
    return cash_forecast(
        opened.predictions,
        day=day,
        seed=reading.settings.seed,
        corrections=corrections,
        not_issued=future_cash(reading.ledger.invoices, closings(reading.books), day=day),
        outside=list(insolvent),
    )


def history_kept(reading: Reading) -> bool:
    """Return whether contacts made are told at all; without it steps whose day has passed count as made."""
    return "contact_history" in reading.settings.ledger


def treatment_warnings(reading: Reading, treated: pd.DataFrame) -> list[str]:
    """Return what a collections manager should know before using the run's actions.

    `treated`: the table `treatments`.
    """
    warnings = []
    if words := bank_words(reading):
        warnings.append(f"nothing is proposed before the bank is in: {words}")
    policy = reading.policy
    if not history_kept(reading) and OPTIMAL in {policy.timing, *(line.timing for line in policy.lines)}:
        warnings.append("timing: optimal needs the table contact_history; the fixed days are used")
    unknown = float((treated["legal_kind"] == "unknown").mean()) if len(treated) else 0.0
    if unknown > MANY:
        warnings.append(
            f"the legal kind of {unknown:.0%} of the debtors is not known, so they get friendly reminders "
            "only; if yours are businesses, say default_legal_kind: business"
        )
    return warnings


def bank_words(reading: Reading) -> str:
    """Return why contacts wait for the bank; empty text where they need not."""
    settings = reading.settings
    return bank_state(
        bank_known_until(reading), reading.as_of, settings.creditor_country, settings.creditor_region
    )[1]


def bank_known_until(reading: Reading) -> date | None:
    """Return the last day whose bank statement is in, None where nobody says."""
    said = reading.settings.bank_known_until
    if said != NEWEST_PAYMENT:
        return said if isinstance(said, date) else None
    newest = reading.ledger.payments["known_on"].max()
    return date.min if pd.isna(newest) else newest.date()
