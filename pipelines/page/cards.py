"""The card of a debtor: who it is, which segment and why, what is open, what comes next, what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE
from features.contracts.history_tables import EVENTS, HISTORY
from models.positions import positions
from pipelines.page.lists import HELD
from pipelines.page.rows import Row, rows_of
from pipelines.page.what_changes import what_would_change
from pipelines.page.whole import Tables, whole_tables

Ints = npt.NDArray[np.int64]

_OF_A_DEBTOR = (
    "segments",
    "debtors",
    "risks",
    "delay_tactics",
    "treatments",
    "predictions",
    "reminders",
    "actions",
    "debtor_profiles",
    "payment_events",
)


class DebtorCards:
    """The rows of each debtor in a run's tables, found once, so that a card takes milliseconds."""

    def __init__(self, tables: Tables) -> None:
        """Take the tables of a run (inside names)."""
        whole = whole_tables(tables)
        whole["actions"] = _actions_by_debtor(whole)
        customers = whole["segments"]["customer_id"]
        self._place = {customer: place for place, customer in enumerate(customers)}
        self._tables = {name: _Sorted.by(customers, whole[name]) for name in _OF_A_DEBTOR}
        # days late and late share are the same in every currency
        profiles = whole["segment_profiles"].drop_duplicates("segment")
        self._segments = {row["segment"]: row for row in rows_of(profiles)}

    def of(self, customer_ids: Iterable[str]) -> dict[str, Row]:
        """Return the cards of these debtors by customer_id, JSON-ready; unknown ones are left out."""
        wanted = [name for name in dict.fromkeys(customer_ids) if name in self._place]
        own = {name: self._own(name, wanted) for name in self._tables}
        return {customer: self._card(customer, _Of(own, customer)) for customer in wanted}

    def _own(self, name: str, wanted: list[str]) -> dict[str, list[Row]]:
        """The rows of the wanted debtors in one table, JSON-ready, taken at once."""
        found: dict[str, list[Row]] = {}
        for row in rows_of(self._tables[name].rows([self._place[customer] for customer in wanted])):
            found.setdefault(row["customer_id"], []).append(row)
        return found

    def _card(self, customer: str, own: _Of) -> Row:
        segment, profile = own.one("segments"), own.one("debtor_profiles")
        who = ("name", "country", "language", "sector", "size", "legal_kind", "since")
        balances = [_balance(row) for row in own.all("debtors")]
        invoices, actions = _invoices(own), _actions(own)
        treatment = _part(own.one("treatments"), _TREATMENT)
        return {
            "customer_id": customer,
            **{name: profile.get(name) for name in who},
            "segment": _segment(segment),
            "what_would_change": what_would_change(
                segment, profile, treatment, balances, invoices, actions, self._segments
            ),
            "risk": [_part(row, _RISK) for row in own.all("risks")],
            "value_class": segment["value_class"],
            "delay_tactics": [_part(row, _TACTIC) for row in own.all("delay_tactics")],
            "treatment": treatment,
            "balances": balances,
            "figures": [
                {
                    "name": name,
                    "value": profile.get(name),
                    "unit": CATALOGUE[name].unit,
                    "meaning": CATALOGUE[name].definition,
                }
                for name in HISTORY
            ],
            "invoices": invoices,
            "actions": actions,
            "events": sorted(
                (_event(row) for row in own.all("payment_events")),
                key=lambda row: (row["on"], EVENTS.index(row["event"]), row["invoice_id"] or ""),
            ),
        }


@dataclass(frozen=True)
class _Sorted:
    """A table, the order that brings the rows of a debtor together, and where those of each begin in it."""

    table: pd.DataFrame
    order: Ints
    starts: Ints

    @classmethod
    def by(cls, customers: pd.Series, table: pd.DataFrame) -> _Sorted:
        place = positions(table["customer_id"], customers)
        order = np.argsort(place, kind="stable")
        return cls(table, order, np.searchsorted(place[order], np.arange(len(customers) + 1)))

    def rows(self, places: list[int]) -> pd.DataFrame:
        """The rows of the debtors at these places."""
        parts = [self.order[self.starts[place] : self.starts[place + 1]] for place in places]
        return self.table.iloc[np.concatenate([self.order[:0], *parts])]


class _Of:
    """The rows of one debtor by table."""

    def __init__(self, own: Mapping[str, Mapping[str, list[Row]]], customer: str) -> None:
        self._own, self._customer = own, customer

    def all(self, table: str) -> list[Row]:
        return self._own[table].get(self._customer, [])

    def one(self, table: str) -> Row:
        return next(iter(self.all(table)), {})


_RISK = ("currency", "risk", "reason", "own_risk", "external_risk", "external_scores")
_TACTIC = ("tactic", "times", "last_on", "chronic")
_ACTION = (
    "action_id",
    "status",
    "blocked_by",
    "step",
    "channel",
    "send_on",
    "valid_until",
    "currency",
    "reason",
    "adverse",
)
_TREATMENT = ("strategy", "line", "timing", "terms", "status", "action_id")


def _actions_by_debtor(tables: Tables) -> pd.DataFrame:
    """Return the standing actions, once for each debtor that is written to or that owes their invoices."""
    actions = tables["actions"]
    standing = actions[actions["change"] != "withdrawn"].reset_index(drop=True)
    about = tables["reminders"][["customer_id", "action_id"]].dropna()
    to = pd.concat([standing[["customer_id", "action_id"]], about]).drop_duplicates(ignore_index=True)
    place = positions(to["action_id"], standing["action_id"])
    rows = standing.iloc[place[place >= 0]].reset_index(drop=True)
    return rows.assign(customer_id=to["customer_id"][place >= 0].array)


def _part(row: Row, names: Iterable[str]) -> Row:
    return {name: row.get(name) for name in names}


def _segment(row: Row) -> Row:
    said = ("segment", "source", "rule", "reason", "model_segment", "previous_segment", "moved_because")
    provisional = None
    if row["provisional_segment"] is not None:
        provisional = {
            "segment": row["provisional_segment"],
            "late_share": row["expected_late_share"],
            "late_share_p10": row["expected_late_share_p10"],
            "late_share_p90": row["expected_late_share_p90"],
        }
    return _part(row, said) | {"confidence": row["confidence"], "provisional": provisional}


def _balance(row: Row) -> Row:
    amounts = ("open", "overdue", "net_overdue")
    return {
        "currency": row["currency"],
        "company_code": row["company_code"],
        **{f"{name}_minor": row[f"{name}_amount_minor"] for name in amounts},
        "oldest_days_past_due": row["oldest_days_past_due"],
        "blocked_by": row["blocked_by"],
    }


def _invoices(own: _Of) -> list[Row]:
    """The open items by due day; a dormant one, which is not predicted, last and with its reason only."""
    predicted = {row["invoice_id"]: row for row in own.all("predictions")}
    rows = [_invoice(row, predicted.get(row["invoice_id"], {})) for row in own.all("reminders")]
    return sorted(rows, key=lambda row: (row["due_on"] is None, row["due_on"], row["invoice_id"]))


def _invoice(reminder: Row, row: Row) -> Row:
    days = ("paid_on_p10", "paid_on_p50", "paid_on_p90")
    return {
        "invoice_id": reminder["invoice_id"],
        **_part(row, ("issued_on", "due_on", "currency")),
        "amount_minor": row.get("amount_minor"),
        "open_minor": row.get("open_amount_minor"),
        **_part(row, ("days_past_due", "p_late", *days)),
        "source": row.get("source", "dormant"),
        "reasons": row.get("reasons"),
        "step": reminder["step"],
        "send_on": reminder["send_on"],
        "why": reminder["reason"],
    }


def _actions(own: _Of) -> list[Row]:
    rows = [
        _part(row, _ACTION)
        | {f"{name}_minor": row[f"{name}_amount_minor"] for name in ("overdue", "net_overdue")}
        for row in own.all("actions")
    ]
    return sorted(rows, key=lambda row: (row["status"] in HELD, row["send_on"], row["action_id"]))


def _event(row: Row) -> Row:
    return {
        "on": row["happened_on"],
        **_part(row, ("event", "invoice_id", "currency", "amount_minor", "days_late", "words")),
    }
