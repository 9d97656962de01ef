"""The contacts to make: reminders that go together, compared with those of the previous run."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import OUTPUT_TABLES
from features.errors import ModelError
from models.contracted import as_contracted
from models.facts import Facts, customers_on
from models.positions import positions
from models.reminding.approvals import decided
from models.reminding.channels import CHANNELS, languages, persons_of
from models.reminding.net_overdue import ACCOUNT, net_overdue
from models.reminding.reminders import Planned
from models.reminding.step_days import NO_DAY, day_numbers
from models.texts import column, distinct, joined, texts
from models.treatment.policy import Policy
from models.treatment.policy_tables import step_table

Ints = npt.NDArray[np.int64]


def plan_actions(
    items: pd.DataFrame,
    planned: Planned,
    debtors: pd.DataFrame,
    arms: pd.DataFrame,
    credit: pd.DataFrame,
    facts: Facts,
    policy: Policy,
    previous: pd.DataFrame | None,
    *,
    day: date,
    waiting_for_bank: str = "",
    message_languages: Collection[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table `reminders` with action_id filled, and the table `actions`.

    An action is one contact (see `contact_days`), at the highest of its items' steps. Its action_id says who
    is written to, the step and the invoices, so it stays while the same contact is meant for the same
    invoices, whatever the day. `items` and `planned` have the same rows in the same order. overdue_amount:
    what is overdue of its items on the day to send, less what a dispute holds; net_overdue_amount: that of
    their accounts.

    Status: blocked where a person refused it or it is withdrawn; waiting_for_bank where these words, which
    say why, are not empty; needs_approval where adverse and not yet decided; else proposed. `previous`:
    actions of the previous run. One that is neither meant any more nor carried out is listed once more as
    withdrawn, under its old day. `message_languages`: those with messages, None for any. Sorted by send_on,
    customer_id and action_id.
    """
    if not np.array_equal(items["invoice_id"].to_numpy(), planned.rows["invoice_id"].to_numpy()):
        raise ModelError("items and reminders are not the same rows; plan the reminders of these items first")
    items = items.reset_index(drop=True)
    bundles = _bundles(planned.rows)
    actions = _said(items, planned, bundles, policy)
    actions["action_id"] = pd.array(_action_ids(items, actions, bundles), dtype="str")
    actions = actions.assign(
        **_amounts(items, planned.rows, bundles, credit),
        **_addressed(items, planned, bundles, actions["by"], debtors, facts, policy, message_languages, day),
        **_drawn(items["customer_id"].iloc[bundles.speaker], arms),
    )
    judged = _held(decided(actions, facts.decisions, day=day), waiting_for_bank)
    compared = _compare(judged, previous, facts.contact_history)
    columns = [name for name in OUTPUT_TABLES["reminders"].names if name != "action_id"]
    carried = np.full(len(items), -1)
    carried[bundles.lines] = bundles.number
    reminders = planned.rows[columns].assign(action_id=column(texts(list(actions["action_id"]), carried)))
    table = as_contracted(OUTPUT_TABLES["actions"], compared)
    return reminders, table.sort_values(["send_on", "customer_id", "action_id"], ignore_index=True)


@dataclass(frozen=True)
class _Bundles:
    """The items of each contact.

    lines: rows of `items`, those of a contact together, the one that speaks for it first. number: the contact
    of each line, counted from 0. first, size: where each contact begins among the lines, how many it has.
    """

    lines: Ints
    number: Ints
    first: Ints
    size: Ints

    @property
    def speaker(self) -> Ints:
        """The row of `items` that speaks for each contact."""
        return self.lines[self.first]


def _bundles(rows: pd.DataFrame) -> _Bundles:
    contact = rows["contact"].to_numpy(dtype=np.int64)
    silent = ~rows["speaks"].to_numpy(dtype=bool)
    lines = np.lexsort((silent, contact))[np.count_nonzero(contact < 0) :]
    first = np.flatnonzero(np.diff(contact[lines], prepend=-1))
    size = np.diff(np.append(first, len(lines)))
    return _Bundles(lines, np.repeat(np.arange(len(first)), size), first, size)


def _said(items: pd.DataFrame, planned: Planned, bundles: _Bundles, policy: Policy) -> pd.DataFrame:
    """What each contact says, to whom and when: as the item does that speaks for it."""
    speaker = bundles.speaker
    rows, owed = planned.rows.iloc[speaker], items.iloc[speaker]
    step = step_table(policy).iloc[rows["step_no"]]
    several = joined(distinct(bundles.size, "{}"), " invoices, the one furthest along: ")
    several = pc.if_else(pa.array(bundles.size > 1), several, "")
    said = pd.DataFrame(
        {
            "customer_id": planned.readers.ids[rows["reader"]].astype("str"),
            "company_code": owed["company_code"].to_numpy(),
            "currency": owed["currency"].to_numpy(),
            "step": rows["step"].to_numpy(),
            "dunning_level_after": step["level"].to_numpy(),
            "channel": column(texts(CHANNELS, rows["channel"].to_numpy())),
            "send_on": rows["send_on"].to_numpy(),
            "valid_until": rows["send_on"].to_numpy() + np.timedelta64(policy.contact.valid_days, "D"),
            "reason": column(joined(several, pa.array(rows["reason"], pa.large_string()))),
        }
    )
    for name in ("tone", "template", "by", "adverse"):
        said[name] = step[name].to_numpy()
    return said


def _action_ids(items: pd.DataFrame, actions: pd.DataFrame, bundles: _Bundles) -> list[str]:
    """A hash of who, which step and which invoices; lengths keep the parts apart."""
    invoices = items["invoice_id"].to_numpy(dtype=object)[bundles.lines]
    columns = ("customer_id", "company_code", "currency", "step")
    who = zip(*(actions[name].fillna("").to_numpy(dtype=object) for name in columns), strict=True)
    ids = []
    for account, start, count in zip(who, bundles.first.tolist(), bundles.size.tolist(), strict=True):
        parts = [*account, *sorted(invoices[start : start + count])]
        text = "".join(f"{len(part)}:{part}" for part in parts)
        ids.append(hashlib.sha256(text.encode()).hexdigest()[:20])
    return ids


def _amounts(
    items: pd.DataFrame, rows: pd.DataFrame, bundles: _Bundles, credit: pd.DataFrame
) -> dict[str, Ints]:
    """What is overdue of each contact's items on its day, and what their accounts owe net."""
    lines, number = bundles.lines, bundles.number
    overdue = (items["due_on"] < rows["send_on"]).to_numpy()[lines]
    dunned = np.where(overdue, rows["dunned_minor"].to_numpy(dtype=np.int64)[lines], 0)
    net = net_overdue(items, credit, rows["send_on"].fillna(items["due_on"]))[lines]
    account = items[ACCOUNT].fillna("").groupby(ACCOUNT, sort=False).ngroup().to_numpy(dtype=np.int64)[lines]
    _, once = np.unique(number * (account.max(initial=0) + 1) + account, return_index=True)
    return {
        "overdue_amount_minor": _sums(dunned, number, len(bundles.first)),
        "net_overdue_amount_minor": _sums(net[once], number[once], len(bundles.first)),
    }


def _sums(values: Ints, number: Ints, count: int) -> Ints:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, number, values)
    return sums


def _addressed(
    items: pd.DataFrame,
    planned: Planned,
    bundles: _Bundles,
    by: pd.Series,
    debtors: pd.DataFrame,
    facts: Facts,
    policy: Policy,
    message_languages: Collection[str] | None,
    day: date,
) -> dict[str, pd.Series]:
    """The contact person, who makes the contact, and in which language.

    An account manager's contact is the collector's where no account manager is known.
    """
    rows = planned.rows.iloc[bundles.speaker]
    reader = rows["reader"].to_numpy(dtype=np.int64)
    person = persons_of(planned.readers, reader, rows["channel"].to_numpy(dtype=np.int64))
    own = _row_of(debtors["language"], planned.readers.ids.take(reader))
    customers = customers_on(facts.customers, day)
    debtor = items["customer_id"].iloc[bundles.speaker]
    collector, manager = (_row_of(customers[name], debtor) for name in ("collector", "account_manager"))
    managed = (by == "account_manager") & manager.notna() & (manager != "")
    return {
        "recipient_id": person["recipient_id"].astype("str"),
        "collector": manager.where(managed, collector),
        "language": languages(person["language"], own, message_languages, policy.language),
    }


def _row_of(known: pd.Series, debtor: pd.Series | pd.Index) -> pd.Series:
    """What is known of each debtor, numbered from 0; empty where nothing is."""
    at = positions(debtor, known.index)
    return known.reset_index(drop=True).reindex(at).reset_index(drop=True).astype("str")


def _drawn(customer_id: pd.Series, arms: pd.DataFrame) -> dict[str, pd.Series]:
    """The arm of an experiment that each debtor is in, and its probability; empty outside."""
    at = positions(customer_id, arms.index)
    drawn = arms[["arm", "propensity"]].reset_index(drop=True).reindex(at).reset_index(drop=True)
    inside = drawn["arm"].fillna("") != ""
    return {"arm": drawn["arm"].where(inside).astype("str"), "propensity": drawn["propensity"].where(inside)}


def _held(actions: pd.DataFrame, waiting_for_bank: str) -> pd.DataFrame:
    """Say what keeps a contact from being made: a refusal, or bank data that are too old."""
    refused = actions["status"] == "blocked"
    by = "refused by " + actions["approved_by"].astype("str")
    actions["blocked_by"] = by.where(refused).astype("str")
    if waiting_for_bank:
        actions["status"] = actions["status"].where(refused, "waiting_for_bank")
        actions["blocked_by"] = actions["blocked_by"].where(refused, waiting_for_bank)
    return actions


def _compare(actions: pd.DataFrame, previous: pd.DataFrame | None, contacts: pd.DataFrame) -> pd.DataFrame:
    """Say what changed, and add what is withdrawn."""
    if previous is None:
        return actions.assign(change="new")
    standing = previous[previous["change"] != "withdrawn"]
    before = positions(actions["action_id"], standing["action_id"])
    day = np.append(day_numbers(standing["send_on"]), NO_DAY)[before]
    same_day = day == day_numbers(actions["send_on"])
    actions["change"] = np.select([before < 0, same_day], ["new", "unchanged"], "moved")
    carried_out = contacts.loc[contacts["status"].isin(["sent", "reached"]), "action_id"]
    meant = standing["action_id"].isin(actions["action_id"])
    gone = ~meant & ~standing["action_id"].isin(carried_out.dropna().unique())
    withdrawn = standing[gone].assign(
        change="withdrawn", status="blocked", blocked_by="withdrawn: no longer meant, not to be sent"
    )
    return pd.concat([actions, withdrawn], ignore_index=True)
