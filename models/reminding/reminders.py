"""When each open invoice is next reminded, how, and why on that day, or why not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.errors import ModelError
from models.facts import Facts
from models.positions import positions
from models.reminding.blocks import blocked_items, dunnable_minor
from models.reminding.channels import Readers, choose_channels, find_readers, missing_addresses
from models.reminding.contact_days import Contacts, contact_days
from models.reminding.contact_lines import lines_of, net_from, past_contacts
from models.reminding.net_overdue import net_overdue
from models.reminding.reminder_words import why_covered, why_this_day, why_too_late
from models.reminding.step_days import NO_DAY, day_numbers, days_of
from models.reminding.step_timing import TIMINGS, moves, wanted_days
from models.texts import column, texts
from models.treatment.policy import Channel, Policy
from models.treatment.policy_tables import step_table
from models.working_days import find_working_days, place_codes

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Planned:
    """The reminders, and what their actions need to know.

    rows: one row per open item, in the order of `items`, with the columns of REMINDERS but action_id, and
    step_no (row of `step_table`), contact (number of the contact that the item goes with), speaks (the
    contact speaks for it), reader (see `Readers`), channel (number in `CHANNELS`) and dunned_minor; step_no
    and contact are -1 where there is none.
    missing: contacts without an address for the channel that was wanted (see `missing_addresses`).
    """

    rows: pd.DataFrame
    readers: Readers
    missing: pd.DataFrame


def plan_reminders(
    items: pd.DataFrame,
    next_steps: pd.DataFrame,
    state: pd.DataFrame,
    debtors: pd.DataFrame,
    treatments: pd.DataFrame,
    shifts: pd.DataFrame,
    arms: pd.DataFrame,
    predictions: pd.DataFrame,
    blocks: pd.DataFrame,
    credit: pd.DataFrame,
    facts: Facts,
    policy: Policy,
    *,
    day: date,
    home_currency: str,
    default_country: str | None = None,
    creditor_country: str | None = None,
    creditor_region: str | None = None,
) -> Planned:
    """Return the plan: exactly one row per open item, with a step and a day or a reason for none.

    The rows of `next_steps` and `state` are those of `items`; `debtors`: see `who`; `credit`: open credit
    notes, unapplied cash and money in transit per account. ModelError when a debtor has no treatment.

    An item without a step, wholly blocked, or of an account that owes nothing net on the day to send gets
    none. For a step before the due day the account is looked at as it stands the day after it.
    """
    items = items.reset_index(drop=True)
    treated = _treatment_of(items, treatments)
    steps, step = step_table(policy), next_steps["step_no"].to_numpy(dtype=np.int64)
    today = int(np.datetime64(day, "D").astype(np.int64))
    dunned = dunnable_minor(items, blocks)
    readers = find_readers(items["customer_id"], facts, day)
    reader = readers.of(items["customer_id"])
    taken, in_vain = choose_channels(readers, policy)
    channel = np.where(step < 0, -1, taken[reader, step])
    costs = [policy.optimal.contact_cost.get(name, 0.0) for name in get_args(Channel)]
    wanted = wanted_days(
        items,
        next_steps,
        treatments,
        moves(items, treatments, shifts, arms),
        predictions,
        np.array([*costs, 0.0])[channel],
        dunned,
        policy,
        day=day,
        home_currency=home_currency,
    )

    goes = np.flatnonzero((step >= 0) & (dunned > 0))
    lines = lines_of(
        items.iloc[goes],
        steps,
        step[goes],
        wanted.day[goes],
        reader[goes],
        channel[goes],
        net_from(items, credit)[goes],
        today,
    )
    place, places = place_codes(*_places(readers, debtors, default_country))
    also = (creditor_country, creditor_region or "") if creditor_country else None
    made = contact_days(
        lines,
        past_contacts(items, state, facts, readers, policy.contact, day),
        policy.contact,
        find_working_days(place, places, today, also),
    )

    reason = next_steps["why_none"].fillna("").to_numpy(dtype=object, copy=True)
    held = (step >= 0) & (dunned == 0)
    if held.any():
        reason[held] = "blocked by " + blocked_items(items[held], blocks).to_numpy(dtype=object)
    own, moved = next_steps["words"].iloc[goes], wanted.words.take(pa.array(goes))
    words = why_this_day(own, moved, wanted.day[goes], lines, made, policy.contact, today)
    reason[goes] = words.to_numpy(zero_copy_only=False)
    out = made.contact < 0
    if out.any():
        reason[goes[out]] = _why_left_out(items, steps, step, goes, made, credit)

    sent = goes[~out]
    contact, send_on = np.full(len(items), -1), np.full(len(items), NO_DAY)
    speaks = np.zeros(len(items), dtype=bool)
    contact[sent], send_on[sent], speaks[sent] = made.contact[~out], made.send_on[~out], made.speaks[~out]
    done = np.where(contact >= 0, step, -1)
    rows = pd.DataFrame(
        {
            "invoice_id": items["invoice_id"],
            "customer_id": items["customer_id"],
            "segment": treatments["segment"].astype("str").to_numpy()[treated],
            "strategy": treatments["strategy"].astype("str").to_numpy()[treated],
            "step": column(texts(list(steps["name"]), done)),
            "send_on": days_of(send_on),
            "timing": column(texts(TIMINGS, np.where(contact >= 0, wanted.timing, -1))),
            "assumed": state["assumed"].to_numpy(dtype=bool),
            "reason": pd.Series(reason, dtype="str"),
            "step_no": done,
            "contact": contact,
            "speaks": speaks,
            "reader": reader,
            "channel": channel,
            "dunned_minor": dunned,
        }
    )
    speaker = np.flatnonzero(speaks)
    who, number = reader[speaker], step[speaker]
    missing = missing_addresses(readers, who, taken[who, number], in_vain[who, number])
    return Planned(rows.astype({"segment": "str", "strategy": "str"}), readers, missing)


def _treatment_of(items: pd.DataFrame, treatments: pd.DataFrame) -> Ints:
    """The row of `treatments` of each item's debtor."""
    treated = positions(items["customer_id"], treatments["customer_id"])
    if (treated < 0).any():
        who = items["customer_id"].iloc[int(np.argmax(treated < 0))]
        raise ModelError(f"debtor {who} has open items but no treatment; give every debtor a segment first")
    return treated


def _places(
    readers: Readers, debtors: pd.DataFrame, default_country: str | None
) -> tuple[pd.Series, pd.Series]:
    """Country and region of each reader."""
    rows = debtors[["country", "region"]].reset_index(drop=True)
    rows = rows.reindex(positions(readers.ids, debtors.index)).reset_index(drop=True).astype("str")
    country = rows["country"]
    return (country if default_country is None else country.fillna(default_country)), rows["region"]


def _why_left_out(
    items: pd.DataFrame, steps: pd.DataFrame, step: Ints, goes: Ints, made: Contacts, credit: pd.DataFrame
) -> npt.NDArray[np.object_]:
    """The words of those lines that could have gone on their day but are left out."""
    out = made.contact < 0
    rows, could, covered = goes[out], made.send_on[out], made.covered[out]
    words = np.empty(len(rows), dtype=object)
    due = day_numbers(items["due_on"])
    before_due = (steps["days_after_due"].fillna(0) < 0).to_numpy(dtype=bool)[step[rows]]
    on = due.copy()
    on[rows] = np.where(before_due, np.maximum(could, due[rows] + 1), could)
    net = net_overdue(items, credit, days_of(on))[rows]
    words[covered] = why_covered(net[covered], items["currency"].iloc[rows][covered])
    names = steps["name"].to_numpy(dtype=object)[step[rows]]
    words[~covered] = why_too_late(names[~covered], could[~covered])
    return words
