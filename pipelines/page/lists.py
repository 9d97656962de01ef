"""The lists behind the page's figures: debtors, worklist, actions, open invoices. Figures count here."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from models.positions import positions
from models.reminding.net_overdue import ACCOUNT
from pipelines.page.changes import change_flags
from pipelines.page.whole import Tables, whole_tables

CLASSES = ("on_time", "1_30", "31_60", "61_90", "over_90")

HELD = ("blocked", "waiting_for_bank")
"""Statuses of an action that may not be sent, whoever approves."""

CAUSES = {
    "refused": "refused by ",
    "person_today": "a person contacts the debtor today",
    "expected_to_pay": "no call: ",
}
OTHER_CAUSE = "other"
"""What blocks an action, and how the run's words for it begin; one may also wait for the bank."""

TERMS = "terms"
"""The step under which terms that wait for approval stand among the actions."""

PLANNED = ("proposed", "needs_approval")
"""Statuses of an action that is still meant to be made."""


def page_lists(tables: Tables, previous: Tables | None, as_of: date) -> dict[str, pd.DataFrame]:
    """Return the lists debtors, worklist, actions and invoices of a run.

    `tables`, `previous`: the tables of the run and of the one before it, with inside names. Money is in
    minor units, days are datetime, what is missing is NA.

    debtors: one row per debtor, company code and currency with open items, most overdue first; then each
    other debtor once, under the currency with most open items. worklist: by collector and rank.
    actions: those not withdrawn, by send_on, and terms that wait for approval; `cause` is a code for what
    blocks one. invoices: the open ones that are predicted, by due day.
    """
    tables = whole_tables(tables)
    before = None if previous is None else whole_tables(previous)
    return {
        "debtors": _debtors(tables, before),
        "worklist": _worklist(tables),
        "actions": _actions(tables, as_of),
        "invoices": _invoices(tables),
    }


def currencies_of(tables: Tables) -> list[str]:
    """Return the currencies in which something is open, most open items first."""
    portfolio = tables["portfolio"]
    items = portfolio.groupby("currency")["open_invoices"].sum()
    return sorted(map(str, items.index), key=lambda code: (-int(items[code]), code))


def _debtors(tables: Tables, before: Tables | None) -> pd.DataFrame:
    accounts = _with_idle(tables["debtors"], tables["segments"], currencies_of(tables))
    rows = accounts[[*ACCOUNT]].copy()
    rows.insert(1, "name", _named(tables, rows["customer_id"]))
    classes = ["segment", "previous_segment", "risk", "value_class"]
    own = _looked_up(tables["segments"], "customer_id", rows["customer_id"], classes)
    for name in classes:
        rows[name] = own[name].array
    for name in ("open", "overdue", "net_overdue"):
        rows[f"{name}_minor"] = accounts[f"{name}_amount_minor"].fillna(0).astype("int64")
    expected = accounts[[f"expected_{name}_amount_minor" for name in CLASSES]].fillna(0).astype("int64")
    rows["expected_late_minor"] = expected.iloc[:, 1:].sum(axis=1)
    largest = np.array(CLASSES, dtype=object)[expected.to_numpy().argmax(axis=1)] if len(rows) else []
    rows["mostly"] = pd.Series(largest, rows.index, dtype="str").where(expected.sum(axis=1) > 0)
    for name in ("oldest_days_past_due", "blocked_by"):
        rows[name] = accounts[name]
    rows[["next_step", "next_on"]] = _next_steps(tables, rows)
    rows = rows.assign(**change_flags(rows, tables, before))
    return rows.sort_values(
        ["overdue_minor", "open_minor", *ACCOUNT],
        ascending=[False, False, True, True, True],
        ignore_index=True,
    )


def _with_idle(accounts: pd.DataFrame, segments: pd.DataFrame, currencies: list[str]) -> pd.DataFrame:
    """Add the debtors without anything open, who have no account."""
    idle = segments.loc[positions(segments["customer_id"], accounts["customer_id"]) < 0, ["customer_id"]]
    if idle.empty or not currencies:
        return accounts.reset_index(drop=True)
    return pd.concat([accounts, idle.assign(currency=currencies[0])], ignore_index=True)


def _next_steps(tables: Tables, accounts: pd.DataFrame) -> pd.DataFrame:
    """The first contact still meant about one of the account's invoices, whoever is written to."""
    reminders = tables["reminders"].dropna(subset="action_id")
    reminders = reminders[["invoice_id", "action_id"]]
    action = _looked_up(tables["actions"], "action_id", reminders["action_id"], ["status", "step", "send_on"])
    item = _looked_up(tables["predictions"], "invoice_id", reminders["invoice_id"], [*ACCOUNT])
    meant = action["status"].isin(PLANNED).to_numpy()
    steps = item.assign(step=action["step"].array, send_on=action["send_on"].array)[meant]
    first = steps.sort_values(["send_on", "step"]).drop_duplicates(ACCOUNT)
    found = _looked_up(
        first.assign(key=_account_key(first)), "key", _account_key(accounts), columns=["step", "send_on"]
    )
    return found.set_axis(accounts.index)


def _account_key(rows: pd.DataFrame) -> pd.Series:
    parts = (rows[name].astype("str").fillna("") for name in ACCOUNT)
    customer, company, currency = parts
    key: pd.Series = customer + "\n" + company + "\n" + currency
    return key


def _worklist(tables: Tables) -> pd.DataFrame:
    rows = tables["worklist"]
    columns = {
        "collector": rows["collector"],
        "rank": rows["rank"],
        "reached": rows["reached"],
        "customer_id": rows["customer_id"],
        "name": _named(tables, rows["customer_id"]),
        "segment": _segment(tables, rows["customer_id"]),
        "company_code": rows["company_code"],
        "currency": rows["currency"],
        **{name: rows[name] for name in ("cause", "why", "suggested_approach")},
        "open_minor": rows["open_amount_minor"],
        "overdue_minor": rows["overdue_amount_minor"],
        **{name: rows[name] for name in ("oldest_days_past_due", "promised_for", "last_contact_on")},
        "language": rows["language"],
        "expected_value_minor": rows["expected_value_minor"],
        "action_id": rows["action_id"],
    }
    return pd.DataFrame(columns).sort_values(["collector", "rank", *ACCOUNT], ignore_index=True)


def _actions(tables: Tables, as_of: date) -> pd.DataFrame:
    rows = pd.concat([tables["actions"], _terms(tables)], ignore_index=True)
    rows = rows[rows["change"] != "withdrawn"]
    today = pd.Timestamp(as_of)
    columns = {
        **{name: rows[name] for name in ("action_id", "change", "status", "blocked_by")},
        "cause": _causes(rows),
        "customer_id": rows["customer_id"],
        "name": _named(tables, rows["customer_id"]),
        "segment": _segment(tables, rows["customer_id"]),
        "company_code": rows["company_code"],
        **{name: rows[name] for name in ("recipient_id", "collector", "step", "channel", "language")},
        **{name: rows[name] for name in ("send_on", "valid_until", "currency")},
        "overdue_minor": rows["overdue_amount_minor"].astype("Int64"),
        "net_overdue_minor": rows["net_overdue_amount_minor"].astype("Int64"),
        "adverse": rows["adverse"].astype(bool),
        "reason": rows["reason"],
        "to_release": (rows["status"] == "proposed")
        & (rows["send_on"] <= today)
        & (rows["valid_until"] >= today),
        "waiting": rows["status"] == "needs_approval",
    }
    return pd.DataFrame(columns).sort_values(["send_on", "customer_id", "action_id"], ignore_index=True)


def _causes(rows: pd.DataFrame) -> pd.Series:
    """A code for what keeps an action from being sent, whoever or whatever it names; empty for the others."""
    said = rows["blocked_by"].astype("str").fillna("")
    causes = [said.str.startswith(words) for words in CAUSES.values()]
    found = pd.Series(np.select(causes, list(CAUSES), OTHER_CAUSE), rows.index, dtype="str")
    return found.mask(rows["status"] == "waiting_for_bank", "waiting_for_bank").where(
        rows["status"].isin(HELD)
    )


def _terms(tables: Tables) -> pd.DataFrame:
    """The terms that wait for approval, as actions of the step TERMS; without a day and an amount.

    They are under the home currency, or where nothing is open in it under that with most open items.
    """
    rows = tables["treatments"]
    rows = rows.loc[rows["status"] == "needs_approval", ["action_id", "status", "customer_id", "terms"]]
    currencies = currencies_of(tables)
    home = tables["treatments"]["currency"].iloc[:1]
    told = home[home.isin(currencies)].tolist() or currencies[:1] or [None]
    return rows.rename(columns={"terms": "reason"}).assign(step=TERMS, currency=told[0], adverse=True)


def _invoices(tables: Tables) -> pd.DataFrame:
    rows = tables["predictions"]
    next_step = ["step", "send_on", "reason"]
    reminded = _looked_up(tables["reminders"], "invoice_id", rows["invoice_id"], next_step)
    reminded = reminded.set_axis(rows.index)
    columns = {
        "invoice_id": rows["invoice_id"],
        "customer_id": rows["customer_id"],
        "name": _named(tables, rows["customer_id"]),
        "segment": _segment(tables, rows["customer_id"]),
        **{name: rows[name] for name in ("company_code", "currency", "issued_on", "due_on")},
        "open_minor": rows["open_amount_minor"],
        "days_past_due": rows["days_past_due"],
        "p_late": rows["p_late"].round(4),
        **{name: rows[name] for name in ("paid_on_p10", "paid_on_p50", "paid_on_p90", "source")},
        **{name: reminded[name] for name in next_step},
    }
    return pd.DataFrame(columns).sort_values(["due_on", "invoice_id"], ignore_index=True)


def _named(tables: Tables, customer: pd.Series) -> pd.Series:
    return _looked_up(tables["debtor_profiles"], "customer_id", customer, ["name"])["name"].set_axis(
        customer.index
    )


def _segment(tables: Tables, customer: pd.Series) -> pd.Series:
    return _looked_up(tables["segments"], "customer_id", customer, ["segment"])["segment"].set_axis(
        customer.index
    )


def _looked_up(table: pd.DataFrame, key: str, wanted: pd.Series, columns: list[str]) -> pd.DataFrame:
    """Columns of the row of each wanted key, numbered from 0; empty where there is none."""
    place = positions(wanted, table[key])
    return table[columns].reset_index(drop=True).reindex(place).reset_index(drop=True)
