"""The card of a debtor: who it is, which segment and why, what is open, what comes next, what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from features.catalogue import CATALOGUE
from features.contracts.history_tables import EVENTS, HISTORY
from models.positions import positions
from pipelines.page.lists import HELD
from pipelines.page.rows import Row, rows_of
from pipelines.page.rows_by_debtor import RowsByDebtor
from pipelines.page.what_changes import what_would_change
from pipelines.page.whole import Tables, whole_tables

Own = Mapping[str, list[Row]]
"""The rows of one debtor by table."""


class DebtorCards:
    """The rows of each debtor in a run's tables, found once, so that a card takes a millisecond."""

    def __init__(self, tables: Tables, only: Iterable[str] | None = None) -> None:
        """Take the tables of a run (inside names); where few cards are wanted, only those debtors' rows."""
        whole = whole_tables(tables)
        whole["actions"] = _actions_by_debtor(whole)
        customers = whole["segments"]["customer_id"]
        if only is not None:
            customers = customers[customers.isin([*only])]
        self._place = {customer: place for place, customer in enumerate(customers)}
        self._tables = {
            name: RowsByDebtor.of(customers, whole[name], columns) for name, columns in _COLUMNS.items()
        }
        # days late and late share are the same in every currency
        profiles = whole["segment_profiles"].drop_duplicates("segment")
        self._segments = {row["segment"]: row for row in rows_of(profiles)}

    def of(self, customer_ids: Iterable[str]) -> dict[str, Row]:
        """Return the cards of these debtors by customer_id, JSON-ready; unknown ones are left out."""
        wanted = [name for name in dict.fromkeys(customer_ids) if name in self._place]
        places = [self._place[customer] for customer in wanted]
        rows = {name: table.rows(places) for name, table in self._tables.items()}
        return {
            customer: self._card(customer, {name: found[number] for name, found in rows.items()})
            for number, customer in enumerate(wanted)
        }

    def _card(self, customer: str, own: Own) -> Row:
        segment, profile = _first(own["segments"]), _first(own["debtor_profiles"])
        balances = [_balance(row) for row in own["debtors"]]
        invoices, actions = _invoices(own), _actions(own)
        treatment = _part(_first(own["treatments"]), _TREATMENT)
        return {
            "customer_id": customer,
            **_part(profile, _WHO),
            "segment": _segment(segment),
            "what_would_change": what_would_change(
                segment, profile, treatment, balances, invoices, actions, self._segments
            ),
            "risk": own["risks"],
            "value_class": segment["value_class"],
            "delay_tactics": own["delay_tactics"],
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
                (_event(row) for row in own["payment_events"]),
                key=lambda row: (row["on"], EVENTS.index(row["event"]), row["invoice_id"] or ""),
            ),
        }


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

_WHO = ("name", "country", "language", "sector", "size", "legal_kind", "since")
_SEGMENT = ("segment", "source", "rule", "reason", "model_segment", "previous_segment", "moved_because")
_AMOUNTS = ("open", "overdue", "net_overdue")
_PREDICTED_DAYS = ("paid_on_p10", "paid_on_p50", "paid_on_p90")
_EVENT = ("event", "invoice_id", "currency", "amount_minor", "days_late", "words")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "segments": (
        *_SEGMENT,
        *("confidence", "value_class", "across_since"),
        *("provisional_segment", "expected_late_share", "expected_late_share_p10", "expected_late_share_p90"),
    ),
    "debtors": (
        *("currency", "company_code", "oldest_days_past_due", "blocked_by"),
        *(f"{name}_amount_minor" for name in _AMOUNTS),
    ),
    "risks": _RISK,
    "delay_tactics": _TACTIC,
    "treatments": _TREATMENT,
    "predictions": (
        *("invoice_id", "issued_on", "due_on", "currency", "amount_minor", "open_amount_minor"),
        *("days_past_due", "p_late", *_PREDICTED_DAYS, "source", "reasons"),
    ),
    "reminders": ("invoice_id", "step", "send_on", "reason"),
    "actions": (*_ACTION, "overdue_amount_minor", "net_overdue_amount_minor"),
    "debtor_profiles": (*_WHO, *HISTORY),
    "payment_events": ("happened_on", *_EVENT),
}
"""What a card shows of each table."""


def _actions_by_debtor(tables: Tables) -> pd.DataFrame:
    """Return the standing actions, once for each debtor that is written to or that owes their invoices."""
    actions = tables["actions"]
    standing = actions[actions["change"] != "withdrawn"].reset_index(drop=True)
    about = tables["reminders"][["customer_id", "action_id"]].dropna()
    to = pd.concat([standing[["customer_id", "action_id"]], about]).drop_duplicates(ignore_index=True)
    place = positions(to["action_id"], standing["action_id"])
    rows = standing.iloc[place[place >= 0]].reset_index(drop=True)
    return rows.assign(customer_id=to["customer_id"][place >= 0].array)


def _first(rows: list[Row]) -> Row:
    return rows[0] if rows else {}


def _part(row: Row, names: Iterable[str]) -> Row:
    return {name: row.get(name) for name in names}


def _segment(row: Row) -> Row:
    provisional = None
    if row["provisional_segment"] is not None:
        provisional = {
            "segment": row["provisional_segment"],
            "late_share": row["expected_late_share"],
            "late_share_p10": row["expected_late_share_p10"],
            "late_share_p90": row["expected_late_share_p90"],
        }
    return _part(row, _SEGMENT) | {"confidence": row["confidence"], "provisional": provisional}


def _balance(row: Row) -> Row:
    return {
        "currency": row["currency"],
        "company_code": row["company_code"],
        **{f"{name}_minor": row[f"{name}_amount_minor"] for name in _AMOUNTS},
        "oldest_days_past_due": row["oldest_days_past_due"],
        "blocked_by": row["blocked_by"],
    }


def _invoices(own: Own) -> list[Row]:
    """The open items by due day; a dormant one, which is not predicted, last and with its reason only."""
    predicted = {row["invoice_id"]: row for row in own["predictions"]}
    rows = [_invoice(row, predicted.get(row["invoice_id"], {})) for row in own["reminders"]]
    return sorted(rows, key=lambda row: (row["due_on"] is None, row["due_on"], row["invoice_id"]))


def _invoice(reminder: Row, row: Row) -> Row:
    return {
        "invoice_id": reminder["invoice_id"],
        **_part(row, ("issued_on", "due_on", "currency")),
        "amount_minor": row.get("amount_minor"),
        "open_minor": row.get("open_amount_minor"),
        **_part(row, ("days_past_due", "p_late", *_PREDICTED_DAYS)),
        "source": row.get("source", "dormant"),
        "reasons": row.get("reasons"),
        "step": reminder["step"],
        "send_on": reminder["send_on"],
        "why": reminder["reason"],
    }


def _actions(own: Own) -> list[Row]:
    rows = [
        _part(row, _ACTION)
        | {f"{name}_minor": row[f"{name}_amount_minor"] for name in ("overdue", "net_overdue")}
        for row in own["actions"]
    ]
    return sorted(rows, key=lambda row: (row["status"] in HELD, row["send_on"], row["action_id"]))


def _event(row: Row) -> Row:
    return {
        "on": row["happened_on"],
        **_part(row, _EVENT),
    }
