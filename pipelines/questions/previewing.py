"""The message of an invoice's next step, as the debtor would read it. Nothing is sent, nothing is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import DebtscapeError
from features.open_items import open_credit, open_items
from features.spelling import nearest, way_out
from models.facts import customers_on, places
from models.reminding.blocks import dunnable_minor, find_blocks
from models.treatment.collection_cost import dutch_collection_cost
from models.treatment.message_words import Contact, message_context
from models.treatment.messages import choose_language, file_of, languages, render
from models.treatment.policy import Policy
from models.working_days import next_working_day
from pipelines.questions.occasions import (
    Occasion,
    Way,
    lone_occasion,
    planned_occasion,
    planned_way,
    text,
    value_of,
    way_of,
)
from pipelines.reading import Reading, read
from pipelines.reporting.summary import records
from pipelines.runs.published_runs import PublishedRun, all_runs, latest_run, read_table
from pipelines.settings import Settings
from pipelines.settings_file import load_settings

ANSWER_DAYS = 14
"""A final notice asks to be paid by so many days after it is sent, or the next working day."""


def preview(
    config: Path,
    invoice_id: str,
    *,
    as_of: date | None = None,
    today: date,
    language: str | None = None,
    step: str | None = None,
) -> dict[str, Any]:
    """Return the message that the latest run (or that of `as_of`) plans for an invoice, JSON-ready.

    It is about all invoices of the same contact. `step`: that step of the policy instead, about the same
    invoices, or this one where no contact is planned; without it there is then no message, only the reason.
    DebtscapeError when there is no run, no such invoice, step or language, or when nothing is open any more.
    """
    settings = load_settings(config)
    if language is not None and language not in languages(settings.messages_folder):
        known = languages(settings.messages_folder)
        raise DebtscapeError(f"no messages in language {language!r}{way_out(language, known)}")
    run = _run(settings, as_of, config)
    reminder = _reminder(run, invoice_id)
    actions = read_table(run, "actions")
    action = next(iter(records(actions[actions["action_id"] == reminder["action_id"]])), None)
    answer = {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "invoice_id": invoice_id,
        "customer_id": reminder["customer_id"],
        "reason": reminder["reason"],
    }
    if action is None and step is None:
        return {**answer, "step": None, "message": None}
    reading = read(config, as_of=run.as_of, today=today)
    occasion = planned_occasion(run, action) if action else lone_occasion(reading, reminder)
    if action and step in (None, action["step"]):
        way = planned_way(reading.policy, action, reminder["strategy"])
    else:
        way, action = way_of(reading.policy, str(step), reminder["strategy"]), None
    return {**answer, **_status(action), **_written(reading, occasion, way, reminder["strategy"], language)}


def _run(settings: Settings, as_of: date | None, config: Path) -> PublishedRun:
    if as_of is None:
        run = latest_run(settings.output_folder)
    else:
        run = next((r for r in reversed(all_runs(settings.output_folder)) if r.as_of == as_of), None)
    if run is None:
        which = (
            "no run has been published yet" if as_of is None else f"no run has been published as of {as_of}"
        )
        day = "" if as_of is None else f" --as-of {as_of}"
        raise DebtscapeError(f"{which}. Publish one: debtscape run -c {config}{day}")
    return run


def _reminder(run: PublishedRun, invoice_id: str) -> dict[str, Any]:
    reminders = read_table(run, "reminders")
    rows = records(reminders[reminders["invoice_id"] == invoice_id])
    if not rows:
        near = nearest(invoice_id, reminders["invoice_id"], most=3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise DebtscapeError(
            f"invoice {invoice_id!r} is not open in run {run.run_id} as of {run.as_of}.{hint}"
        )
    return rows[0]


def _status(action: dict[str, Any] | None) -> dict[str, Any]:
    if action is None:
        return {"action_id": None, "status": "not planned", "blocked_by": None}
    return {
        "action_id": action["action_id"],
        "status": action["status"],
        "blocked_by": text(action["blocked_by"]) or None,
    }


def _written(
    reading: Reading, occasion: Occasion, way: Way, strategy: str, language: str | None
) -> dict[str, Any]:
    policy, folder = reading.policy, reading.settings.messages_folder
    debtors = customers_on(reading.ledger.customers, reading.as_of)
    person = _person(reading, occasion)
    own = text(person.get("language")) or text(value_of(debtors, occasion.customer_id, "language"))
    written_in = language or choose_language(occasion.language or own, policy.language, folder)
    items, notes = _items(reading, occasion, debtors)
    contact = _contact(reading, occasion, debtors, items)
    contact = replace(
        contact,
        tone=way.tone,
        contact_person=text(person.get("name")),
        collection_cost_minor=_collection_cost(contact, items) if way.statutory else None,
        agency_follows=_agency_follows(policy, strategy, way.level),
    )
    context = message_context(contact, items, written_in)
    message = render(way.template, written_in, context, folder, channel=way.channel)
    if language is None and own != written_in:
        why = f"there are no messages in {own}" if own else "the debtor's language is not known"
        notes.append(f"{why}: written in {written_in}, the policy's language")
    if reading.settings.privacy.pseudonym_key is not None:
        notes.append("names are withheld: the message says the debtor's pseudonym, and is not signed")
    if "creditor_name" not in reading.settings.model_fields_set:
        notes.append("creditor_name is not configured: say who signs")
    return {
        "step": way.step,
        "channel": way.channel,
        "send_on": occasion.send_on.isoformat(),
        "to": context["debtor"],
        "invoices": [invoice["number"] for invoice in (*context["invoices"], *context["not_yet_due"])],
        "amount_due": context["amount_due"],
        "language": message.language,
        "template": str(folder / message.language / file_of(way.template, way.channel)),
        "message": {"subject": message.subject, "body": message.body},
        "notes": notes,
    }


def _contact(reading: Reading, occasion: Occasion, debtors: pd.DataFrame, items: pd.DataFrame) -> Contact:
    settings, debtor = reading.settings, occasion.customer_id
    country, region = places(pd.Series([debtor]), debtors, settings.default_country)
    last_day = pd.Series([pd.Timestamp(occasion.send_on + timedelta(days=ANSWER_DAYS))])
    return Contact(
        creditor=settings.creditor_name,
        customer_id=debtor,
        sent_on=occasion.send_on,
        last_day=next_working_day(last_day, country, region).iloc[0].date(),
        debtor=text(value_of(debtors, debtor, "name")),
        country=text(country.iloc[0]),
        signed_by="" if settings.privacy.pseudonym_key else occasion.collector,
        promised_for=_promised_for(reading, items, occasion.send_on),
        credit_minor=_credit(reading, items),
    )


def _items(reading: Reading, occasion: Occasion, debtors: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The invoices as the ledger has them, with what is asked for, and what to know about them."""
    settings, notes = reading.settings, []
    everything = open_items(reading.books, reading.as_of, dormant_after_days=settings.dormant_after_days)
    blocks = find_blocks(
        everything,
        reading.ledger,
        reading.as_of,
        default_country=settings.default_country,
        dispute_holds_debtor=reading.policy.dispute_holds_debtor,
    )
    free = pd.Series(dunnable_minor(everything, blocks), index=everything.index)
    meant = everything["invoice_id"].isin(occasion.invoice_ids)
    items = everything[meant]
    gone = sorted(set(occasion.invoice_ids) - set(items["invoice_id"]))
    if items.empty:
        raise DebtscapeError(f"{', '.join(gone)}: no longer open in the ledger; run again")
    if gone:
        notes.append(f"no longer open in the ledger: {', '.join(gone)}; run again")
    held = items.loc[free[meant] == 0, "invoice_id"]
    if len(held):
        notes.append(f"must not be reminded now: {', '.join(held)}")
    names = items["customer_id"].map(debtors["name"]).fillna(items["customer_id"])
    return items.assign(
        open_amount_minor=free[meant].where(free[meant] > 0, items["open_amount_minor"]),
        of_debtor=names.where(items["customer_id"] != occasion.customer_id, ""),
    ), notes


def _person(reading: Reading, occasion: Occasion) -> dict[str, Any]:
    persons = reading.ledger.contact_persons
    mine = persons[
        (persons["customer_id"] == occasion.customer_id) & (persons["recipient_id"] == occasion.recipient_id)
    ]
    return next(iter(records(mine)), {})


def _promised_for(reading: Reading, items: pd.DataFrame, before: date) -> date | None:
    """The last day before the message for which payment of these items was promised."""
    rows = reading.ledger.contact_history
    about = rows["invoice_id"].isin(items["invoice_id"]) | (
        rows["invoice_id"].isna() & rows["customer_id"].isin(items["customer_id"])
    )
    days = rows.loc[about & (rows["promised_for"] < pd.Timestamp(before)), "promised_for"]
    return days.max().date() if len(days) else None


def _credit(reading: Reading, items: pd.DataFrame) -> int:
    """What stands in favour of these items' debtors and is not set off: credit notes, unapplied cash."""
    credit = open_credit(reading.books, reading.as_of)
    same = credit["customer_id"].isin(items["customer_id"]) & credit["currency"].isin(items["currency"])
    same &= credit["company_code"].isna() | credit["company_code"].isin(items["company_code"])
    return max(int(credit.loc[same, ["credit_minor", "unapplied_minor"]].to_numpy().sum()), 0)


def _collection_cost(contact: Contact, items: pd.DataFrame) -> int | None:
    """What a statutory notice names; known for the Netherlands, in euros, for what is owed net."""
    late = items[items["due_on"] < pd.Timestamp(contact.sent_on)]
    owed = int(late["open_amount_minor"].sum()) - contact.credit_minor
    if contact.country != "NL" or owed <= 0 or set(late["currency"]) != {"EUR"}:
        return None
    return dutch_collection_cost(owed)


def _agency_follows(policy: Policy, strategy: str, level: int) -> bool:
    """Whether the strategy itself goes on to an agency: else nobody is told that it will."""
    steps = policy.strategies[strategy].steps if strategy in policy.strategies else ()
    return any("agency" in step.channels for step in steps if step.level > level)
