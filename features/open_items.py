"""What is open on a day, what stands against it, and what was closed: the books as tables."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from features.books import HOW, STILL_OPEN, Books, Movements, day_column, number_of
from features.timeline import FIRST_DAY, NEVER, Ints, Points, Timeline, composite, rank_in_group

_FROM_INVOICES = (
    "invoice_id", "customer_id", "company_code", "currency", "kind", "issued_on", "due_on", "known_on",
    "amount_minor", "payment_method", "dunning_level", "last_dunned_on", "dunning_block_until", "assigned_to",
    "purchase_order_no",
)  # fmt: skip
_ACCOUNT = ["customer_id", "company_code", "currency"]


def open_minor(books: Books, items: Ints, days: Ints) -> Ints:
    """Open amount of each item as known before the day, minor units; 0 when closed.

    An item not known before the day (its own first day) stands at what it starts with.
    """
    standings = books.standings
    line = Timeline(composite(standings.item, standings.known))
    first = np.flatnonzero(rank_in_group(standings.item) == 0)[items]
    before = Points(items, days).before(line)
    result: Ints = standings.open_minor[np.maximum(before - 1, first)]
    return result


def open_items(books: Books, day: date, *, dormant_after_days: int = 365) -> pd.DataFrame:
    """Return the items open as known before `day`, one row each, sorted by invoice_id.

    Columns: those of the invoice, open_amount_minor, days_past_due (day - due_on, negative before due),
    last_movement_on (known day of the last movement, NaT when none) and dormant: more than
    `dormant_after_days` since the later of the last movement and the due day. A dunning level whose
    `last_dunned_on` is not before `day` is hidden. Credit notes are not open items.
    """
    items, today = books.items, number_of(day)
    known = np.flatnonzero((items.known < today) & ~items.credit_note)
    amounts = open_minor(books, known, np.full(len(known), today))
    opened = known[amounts > 0]
    table = books.ledger.invoices[list(_FROM_INVOICES)].take(items.row[opened]).reset_index(drop=True)
    moved = _last_movement(books.movements, opened, today)
    table["open_amount_minor"] = amounts[amounts > 0]
    table["days_past_due"] = today - items.due[opened]
    table["last_movement_on"] = day_column(moved)
    quiet_since = np.maximum(np.where(moved == NEVER, FIRST_DAY, moved), items.due[opened])
    table["dormant"] = today - quiet_since > dormant_after_days
    hidden = table["last_dunned_on"] >= pd.Timestamp(day)
    table.loc[hidden, "dunning_level"] = pd.NA
    table.loc[hidden, "last_dunned_on"] = pd.NaT
    return table.sort_values("invoice_id", ignore_index=True)


def _last_movement(movements: Movements, items: Ints, today: int) -> Ints:
    if not len(movements.item):
        return np.full(len(items), NEVER)
    line = Timeline(composite(movements.item, movements.known))
    before = Points(items, np.full(len(items), today)).before(line)
    last = np.maximum(before - 1, 0)
    return np.where((before > 0) & (movements.item[last] == items), movements.known[last], NEVER)


def open_credit(books: Books, day: date) -> pd.DataFrame:
    """Return what stands against the open items before `day`, per customer_id, company_code and currency.

    credit_minor: open credit notes · unapplied_minor: money without an item · in_transit_minor: money
    announced, on an item or not. All positive, minor units; no row where all three are 0.
    Unapplied money has no company_code, money in transit that of its item, for which it waits.
    """
    items, today = books.items, number_of(day)
    notes = np.flatnonzero(items.credit_note & (items.known < today))
    credit = (
        books.ledger.invoices[_ACCOUNT]
        .take(items.row[notes])
        .assign(credit_minor=open_minor(books, notes, np.full(len(notes), today)))
    )
    payments = books.ledger.payments
    payments = payments[payments["known_on"] < pd.Timestamp(day)].assign(company_code=None)
    amount, back = payments["amount_minor"], payments["kind"] == "reversal"
    signed = amount.where(~back, -amount)
    in_transit = payments["in_transit"].fillna(False).astype(bool)
    loose = payments["invoice_id"].isna() & ~in_transit
    cash = payments[loose].assign(unapplied_minor=signed[loose])
    travelling = payments[in_transit].assign(in_transit_minor=signed[in_transit])
    table = pd.concat([credit, cash, _like_their_items(books, travelling, today)])
    sums = ["credit_minor", "unapplied_minor", "in_transit_minor"]
    table = table.reindex(columns=_ACCOUNT + sums)
    table = table.astype({**dict.fromkeys(_ACCOUNT, "str"), **dict.fromkeys(sums, "Int64")})
    total = table.groupby(_ACCOUNT, dropna=False, sort=True)[sums].sum().reset_index()
    return total[(total[sums] != 0).any(axis=1)].astype(dict.fromkeys(sums, "int64")).reset_index(drop=True)


def _like_their_items(books: Books, payments: pd.DataFrame, today: int) -> pd.DataFrame:
    """Return payments with the debtor, company and currency of their items; they wait for the item."""
    items, item = books.items, books.find_items(payments["invoice_id"])
    told = np.flatnonzero(item >= 0)
    told = told[items.known[item[told]] < today]
    accounts = books.ledger.invoices[_ACCOUNT].take(items.row[item[told]])
    named = payments.iloc[told].assign(**{name: accounts[name].to_numpy() for name in _ACCOUNT})
    return pd.concat([payments[payments["invoice_id"].isna()], named])


def closings(books: Books) -> pd.DataFrame:
    """Return one row per closing, sorted by known_on, settled_on and invoice_id.

    settled_on is the latest day of the reducing movements up to the one that closed the item; how says
    what that one was (paid, credited, written_off); reopened_known_on is NaT when it was never reopened.
    Credit notes are left out.
    """
    spells = books.spells
    reopened = np.full(len(spells.item), NEVER)
    again = spells.item[1:] == spells.item[:-1]
    reopened[:-1][again] = spells.started[1:][again]
    rows = np.flatnonzero((spells.how != STILL_OPEN) & ~books.items.credit_note[spells.item])
    item = spells.item[rows]
    table = pd.DataFrame(
        {
            "invoice_id": books.invoice_ids(item),
            "customer_id": pd.Series(books.customers.take(books.items.debtor[item]), dtype="str"),
            "settled_on": day_column(spells.settled[rows]),
            "known_on": day_column(spells.ended[rows]),
            "how": pd.Series(np.array(HOW, dtype=object)[spells.how[rows]], dtype="str"),
            "reopened_known_on": day_column(reopened[rows]),
        }
    )
    return table.sort_values(["known_on", "settled_on", "invoice_id"], ignore_index=True)
