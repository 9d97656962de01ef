"""The contacts to make: reminders of one debtor bundled, compared with those of the previous run."""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts import OUTPUT_TABLES, Kind
from features.errors import ModelError
from models.facts import Facts, customers_on, dunning_recipients, is_true
from models.net_overdue import ACCOUNT, net_overdue
from models.policy import Policy

Ints = npt.NDArray[np.int64]

FIRST_ROLE = "accounts_payable"
"""The contact person written to first; then those with the lowest recipient_id."""


def plan_actions(
    items: pd.DataFrame,
    reminders: pd.DataFrame,
    credit: pd.DataFrame,
    facts: Facts,
    policy: Policy,
    previous: pd.DataFrame | None,
    *,
    day: date,
    bank_known_until: date | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table `reminders` with action_id filled, and the table `actions`.

    An action is one contact: the reminders of one debtor, company code and currency that fall on the
    same day, at the highest of their steps; adverse steps never share one with others. Its action_id
    says the debtor, the step and the invoices, so it stays while the same contact is meant for
    the same invoices, whatever the day. `items` and `reminders` have the same rows in the same order.

    Status: needs_approval where adverse; waiting_for_bank where `bank_known_until` (the last day
    whose bank statement is in) is before the last working day; blocked where withdrawn; else proposed.
    `previous`: actions of the previous run. One that is neither meant any more nor carried out is
    listed once more as withdrawn, under its old day. Sorted by send_on, customer_id and action_id.
    """
    if not np.array_equal(items["invoice_id"].to_numpy(), reminders["invoice_id"].to_numpy()):
        raise ModelError("items and reminders are not the same rows; plan the reminders of these items first")
    levels = {step.name: step.level for step in policy.steps}
    planned = items[[*ACCOUNT, "invoice_id", "due_on", "open_amount_minor"]].assign(
        level=reminders["step"].map(levels).to_numpy(),
        send_on=reminders["send_on"].to_numpy(),
        reason=reminders["reason"].to_numpy(),
        net_minor=net_overdue(items, credit, reminders["send_on"].fillna(items["due_on"])),
    )
    bundle, lines = _bundles(planned[reminders["step"].notna().to_numpy()], policy)
    filled = reminders.assign(
        action_id=lines.set_index("invoice_id")["action_id"].reindex(reminders["invoice_id"]).to_numpy()
    )
    filled["action_id"] = filled["action_id"].astype("str")
    actions = bundle.join(_recipients(facts, day), on="customer_id")
    late_bank = bank_known_until is not None and bank_known_until < _last_working_day(day)
    actions["status"] = np.where(actions["adverse"], "needs_approval", "proposed")
    if late_bank:
        actions["status"] = "waiting_for_bank"
        actions["blocked_by"] = f"bank data known until {bank_known_until} only"
    actions = _compare(actions, previous, facts.contact_history)
    return filled, _as_contracted(actions)


def _bundles(planned: pd.DataFrame, policy: Policy) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per contact, and the reminders with their action_id."""
    adverse = np.array([step.adverse for step in policy.steps])
    level = planned["level"].to_numpy(dtype=np.int64)
    company = planned["company_code"].fillna("")
    lines = planned.assign(level=level, adverse=adverse[level - 1], company_key=company)
    key = ["customer_id", "company_key", "currency", "send_on", "adverse"]
    # the first line of a bundle speaks for it: the highest step, of those the oldest item
    order = {**dict.fromkeys(key, True), "level": False, "due_on": True, "invoice_id": True}
    lines = lines.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    number = lines.groupby(key, sort=False).ngroup().to_numpy()
    first = np.flatnonzero(np.diff(number, prepend=-1))
    bundle = lines.iloc[first].reset_index(drop=True)
    size = np.diff(np.append(first, len(lines)))
    bundle["overdue_amount_minor"] = _sums(lines["open_amount_minor"], first)
    bundle["net_overdue_amount_minor"] = bundle.pop("net_minor")
    bundle["dunning_level_after"] = bundle["level"]
    for column in ("name", "channel", "template"):
        values = np.array([getattr(step, column) for step in policy.steps], dtype=object)
        bundle["step" if column == "name" else column] = pd.array(values[bundle["level"] - 1], dtype="str")
    bundle["valid_until"] = bundle["send_on"] + pd.Timedelta(days=policy.valid_days)
    several = pd.Series(size).astype("str") + " invoices, the one furthest along: "
    bundle["reason"] = several.where(size > 1, "").to_numpy() + bundle["reason"]
    bundle["action_id"] = pd.array(_action_ids(bundle, lines, first, size), dtype="str")
    lines["action_id"] = bundle["action_id"].to_numpy()[number]
    return bundle, lines


def _sums(values: pd.Series, first: Ints) -> Ints:
    return np.add.reduceat(values.to_numpy(dtype=np.int64), first) if len(first) else np.zeros(0, np.int64)


def _action_ids(bundle: pd.DataFrame, lines: pd.DataFrame, first: Ints, size: Ints) -> list[str]:
    """A hash of who, which step and which invoices; lengths keep the parts apart."""
    invoices = lines["invoice_id"].to_numpy(dtype=object)
    columns = ("customer_id", "company_key", "currency", "step")
    who = zip(*(bundle[column].to_numpy(dtype=object) for column in columns), strict=True)
    ids = []
    for account, start, count in zip(who, first.tolist(), size.tolist(), strict=True):
        parts = [*account, *sorted(invoices[start : start + count])]
        text = "".join(f"{len(part)}:{part}" for part in parts)
        ids.append(hashlib.sha256(text.encode()).hexdigest()[:20])
    return ids


def _recipients(facts: Facts, day: date) -> pd.DataFrame:
    """Per debtor with a row of its own or a contact person: recipient_id, collector, language."""
    debtors = customers_on(facts.customers, day)
    persons = facts.contact_persons
    persons = persons[~is_true(persons["do_not_contact"])]
    ordered = persons.assign(later=persons["role"] != FIRST_ROLE).sort_values(
        ["customer_id", "later", "recipient_id"], kind="stable"
    )
    person = ordered.drop_duplicates("customer_id").set_index("customer_id")
    everyone = debtors.index.union(person.index)
    reader = dunning_recipients(debtors).reindex(everyone)
    reader = reader.where(reader.notna(), everyone.to_series())
    language = reader.map(person["language"])
    return pd.DataFrame(
        {
            "recipient_id": reader.map(person["recipient_id"]),
            "collector": debtors["collector"].reindex(everyone),
            "language": language.where(language.notna(), reader.map(debtors["language"])),
        },
        index=everyone,
    )


def _last_working_day(day: date) -> date:
    """The last day from Monday to Friday before the day."""
    last: date = np.busday_offset(np.datetime64(day), -1, roll="forward").astype(object)
    return last


def _compare(actions: pd.DataFrame, previous: pd.DataFrame | None, contacts: pd.DataFrame) -> pd.DataFrame:
    """Say what changed, and add what is withdrawn."""
    if previous is None:
        return actions.assign(change="new")
    standing = previous[previous["change"] != "withdrawn"]
    before = actions["action_id"].map(standing.set_index("action_id")["send_on"])
    same_day = before.to_numpy() == actions["send_on"].to_numpy()
    actions["change"] = np.select([before.isna(), same_day], ["new", "unchanged"], "moved")
    carried_out = contacts.loc[contacts["status"].isin(["sent", "reached"]), "action_id"]
    meant = standing["action_id"].map(actions.set_index("action_id")["send_on"]).notna()
    gone = ~meant & ~standing["action_id"].isin(carried_out.dropna().unique())
    withdrawn = standing[gone].assign(
        change="withdrawn", status="blocked", blocked_by="withdrawn: no longer meant, not to be sent"
    )
    return pd.concat([actions, withdrawn], ignore_index=True)


def _as_contracted(actions: pd.DataFrame) -> pd.DataFrame:
    """The columns of the table `actions`, in order and with their types."""
    table = OUTPUT_TABLES["actions"]
    complete = actions.reindex(columns=[column.inside for column in table.columns])
    typed = complete.astype({column.inside: _TYPES[column.kind] for column in table.columns})
    return typed.sort_values(["send_on", "customer_id", "action_id"], ignore_index=True)


_TYPES: dict[Kind, str] = {
    "id": "str",
    "text": "str",
    "day": "datetime64[s]",
    "money": "int64",
    "count": "int64",
    "flag": "bool",
    "share": "float64",
}
