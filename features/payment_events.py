"""What happened with a debtor lately, for people: a time line of invoices, payments, contacts and disputes.

Rules of the time line
- It holds what was known before the day and happened in the WINDOW_DAYS before it: per debtor the newest of
  each of MOST, so that many letters push no payment out; of one day those first that come last in EVENTS.
- Contacts of one day with the same kind, channel and status are one event, which says how many times.
- A closing that was taken back later stays on it, and the reversal follows it. Credit notes are not on it;
  a credit is, once it closes an item. Payments of a part are not.
- No free text of a contact leaves the ledger: its kind, channel and status do. A suppressed contact was not
  made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.books import (
    CREDITED,
    PAID,
    REVERSAL,
    WRITTEN_OFF,
    Books,
    day_column,
    day_numbers,
    number_of,
    positions,
)
from features.contracts.history_tables import EVENTS
from features.timeline import NEVER, Flags, Ints, order_by, rank_in_group

WINDOW_DAYS = 730
MOST = {
    ("invoice_issued", "invoice_paid", "credited", "written_off", "reversal"): 30,
    ("contact",): 15,
    ("promise", "promise_broken", "dispute_opened", "dispute_closed"): 15,
}
"""How many events of each of these kinds together are told of a debtor."""

NONE = -1
MISSING = np.iinfo(np.int64).min
"""An amount or a number of days that nobody said."""

_GROUP = np.array([next(at for at, kinds in enumerate(MOST) if event in kinds) for event in EVENTS])
_LIMIT = np.array(list(MOST.values()))[_GROUP]
"""By place in EVENTS: which of MOST it is of, and how many of that are told."""

_OF_CLOSING = {PAID: "invoice_paid", CREDITED: "credited", WRITTEN_OFF: "written_off"}


@dataclass(frozen=True)
class _Events:
    """Events by row: place of the debtor, day number, place in EVENTS, item or NONE, and what is told."""

    debtor: Ints
    day: Ints
    event: Ints
    item: Ints
    amount: Ints
    days_late: Ints
    words: npt.NDArray[np.object_]


def payment_events(books: Books, broken: pd.DataFrame, day: date, *, home_currency: str) -> pd.DataFrame:
    """Return the table `payment_events`: one row per event, sorted by customer_id, oldest first.

    `broken`: promises known to be broken: customer_id, invoice_id (empty text: about none), on (the promised
    day) and known_on. amount_minor: the original amount of an item that was issued or closed; what was taken
    back, promised or disputed, empty where nobody said. A promise about no item is in the home currency.
    days_late: of a payment, settled day - due day at issue.
    """
    debtors = _debtors(books, broken)
    today = number_of(day)
    contacts, disputes = books.ledger.contact_history, books.ledger.disputes
    # looked up together: what costs is to make the index of all items
    named = [contacts["invoice_id"], disputes["invoice_id"], broken["invoice_id"].replace("", None)]
    item = books.find_items(pd.concat(named, ignore_index=True))
    of_contact, of_dispute, of_promise = np.split(item, np.cumsum([len(ids) for ids in named[:-1]]))
    found = [
        *_of_items(books, debtors, today),
        *_of_contacts(contacts, of_contact, debtors, today),
        *_of_disputes(books, of_dispute, debtors, today),
        _broken_promises(broken, of_promise, debtors),
    ]
    recent = [_take(part, (part.day < today) & (part.day >= today - WINDOW_DAYS)) for part in found]
    return _table(books, debtors, _newest(recent), home_currency)


def _debtors(books: Books, broken: pd.DataFrame) -> pd.Index:
    """Return everybody with an item, and who has contacts or promises without one, sorted."""
    told = pd.concat([books.ledger.contact_history["customer_id"], broken["customer_id"]]).dropna()
    others = told[positions(told, books.customers.to_series()) < 0].unique()
    return books.customers.union(pd.Index(others, dtype=books.customers.dtype))


def _events(
    event: str,
    debtor: Ints,
    day: Ints,
    item: Ints | None = None,
    amount: Ints | None = None,
    days_late: Ints | None = None,
    words: pd.Series | None = None,
) -> _Events:
    missing = np.full(len(debtor), MISSING)
    return _Events(
        debtor,
        day,
        np.full(len(debtor), EVENTS.index(event)),
        np.full(len(debtor), NONE) if item is None else item,
        missing if amount is None else amount,
        missing if days_late is None else days_late,
        np.full(len(debtor), None, dtype=object) if words is None else _object(words),
    )


def _object(words: pd.Series) -> npt.NDArray[np.object_]:
    return words.astype(object).where(words.notna(), None).to_numpy(dtype=object)


def _take(events: _Events, rows: Flags | Ints) -> _Events:
    return _Events(**{name: values[rows] for name, values in vars(events).items()})


def _of_items(books: Books, debtors: pd.Index, today: int) -> Iterator[_Events]:
    """Issues, closings and reversals."""
    items, spells, movements = books.items, books.spells, books.movements
    debtor = debtors.get_indexer(books.customers)[items.debtor]
    own = ~items.credit_note & (items.known < today)
    rows = np.flatnonzero(own)
    yield _events("invoice_issued", debtor[rows], items.issued[rows], rows, items.amount[rows])
    closed = own[spells.item] & (spells.ended < today)
    for how, event in _OF_CLOSING.items():
        which = np.flatnonzero(closed & (spells.how == how))
        item, settled = spells.item[which], spells.settled[which]
        late = settled - items.first_due[item] if how == PAID else None
        yield _events(event, debtor[item], settled, item, items.amount[item], late)
    back = np.flatnonzero((movements.kind == REVERSAL) & (movements.known < today) & own[movements.item])
    item = movements.item[back]
    yield _events("reversal", debtor[item], movements.happened[back], item, movements.change[back])


def _of_contacts(rows: pd.DataFrame, item: Ints, debtors: pd.Index, today: int) -> Iterator[_Events]:
    """Contacts made, and the promises made in them."""
    made = (day_numbers(rows["known_on"]) < today) & (rows["status"] != "suppressed").fillna(True).to_numpy()
    rows, item = rows[made], item[made]
    words = rows["kind"].fillna("contact")
    for name in ("channel", "status"):
        words = words + (", " + rows[name].str.replace("_", " ")).fillna("")
    debtor = _place(rows["customer_id"], debtors)
    yield _once_a_day(_events("contact", debtor, day_numbers(rows["contacted_on"]), item, words=words))
    told = day_numbers(rows["promise_made_on"].fillna(rows["contacted_on"]))
    promised = rows["promised_for"].notna().to_numpy() & (told < today)
    promise = rows[promised]
    yield _events(
        "promise",
        debtor[promised],
        told[promised],
        item[promised],
        _amounts(promise["promised_amount_minor"]),
        words="promised for " + promise["promised_for"].dt.strftime("%Y-%m-%d"),
    )


def _once_a_day(contacts: _Events) -> _Events:
    """Tell contacts of one day with the same words once; about an item where all of them are about it."""
    said = pd.factorize(contacts.words)[0]
    order = order_by(contacts.debtor, contacts.day, said, contacts.item)
    sorted_, said = _take(contacts, order), said[order]
    first = np.flatnonzero(_fresh(sorted_.debtor) | _fresh(sorted_.day) | _fresh(said))
    times = np.diff(first, append=len(order))
    one_item = sorted_.item[first] == sorted_.item[first + times - 1]
    events = _take(sorted_, first)
    often = np.flatnonzero(times > 1)
    events.words[often] += ", " + times[often].astype(str).astype(object) + " times"
    return replace(events, item=np.where(one_item, events.item, NONE))


def _fresh(values: Ints) -> Flags:
    """Where a value is another than that of the row before."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def _broken_promises(broken: pd.DataFrame, item: Ints, debtors: pd.Index) -> _Events:
    return _events(
        "promise_broken",
        _place(broken["customer_id"], debtors),
        day_numbers(broken["known_on"]),
        item,
        words="promised for " + broken["on"].dt.strftime("%Y-%m-%d"),
    )


def _of_disputes(books: Books, item: Ints, debtors: pd.Index, today: int) -> Iterator[_Events]:
    rows = books.ledger.disputes
    known = (item >= 0) & (day_numbers(rows["known_on"]) < today)
    rows, item = rows[known], item[known]
    debtor = debtors.get_indexer(books.customers)[books.items.debtor[item]]
    amount, closed = _amounts(rows["disputed_amount_minor"]), day_numbers(rows["closed_on"])
    yield _events(
        "dispute_opened", debtor, day_numbers(rows["opened_on"]), item, amount, words=rows["reason"]
    )
    ended = np.flatnonzero(closed < NEVER)
    outcome = rows["outcome"].iloc[ended]
    yield _events("dispute_closed", debtor[ended], closed[ended], item[ended], amount[ended], words=outcome)


def _place(customer_id: pd.Series, debtors: pd.Index) -> Ints:
    return positions(customer_id, debtors.to_series())


def _amounts(minor: pd.Series) -> Ints:
    return np.asarray(minor.astype("Int64").fillna(MISSING), dtype=np.int64)


def _newest(parts: list[_Events]) -> _Events:
    """The newest events of each debtor by MOST, oldest first; the order of the rows decides nothing."""
    events = _Events(
        **{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])}
    )
    words, said = np.full(len(events.words), NONE), np.flatnonzero(pd.notna(events.words))
    words[said] = pd.factorize(events.words[said], sort=True)[0]
    rest = (events.item, words, events.amount)
    group = events.debtor * len(MOST) + _GROUP[events.event]
    order = order_by(group, -events.day, -events.event, *rest)
    newest = order[rank_in_group(group[order]) < _LIMIT[events.event[order]]]
    kept = _take(events, newest)
    again = order_by(kept.debtor, kept.day, kept.event, kept.item, words[newest], kept.amount)
    return _take(kept, again)


def _table(books: Books, debtors: pd.Index, events: _Events, home_currency: str) -> pd.DataFrame:
    named = events.item >= 0
    invoice = books.ledger.invoices[["invoice_id", "currency"]].take(
        books.items.row[np.where(named, events.item, 0)] if len(books.items.row) else events.item[:0]
    )
    said = pd.Series(events.amount != MISSING)
    currency = invoice["currency"].reset_index(drop=True).where(pd.Series(named), home_currency)
    return pd.DataFrame(
        {
            "customer_id": pd.Series(debtors.take(events.debtor), dtype="str"),
            "happened_on": day_column(events.day),
            "event": pd.Series(np.array(EVENTS, dtype=object)[events.event], dtype="str"),
            "invoice_id": invoice["invoice_id"].reset_index(drop=True).where(pd.Series(named)).astype("str"),
            "currency": currency.where(said).astype("str"),
            "amount_minor": _whole(events.amount),
            "days_late": _whole(events.days_late),
            "words": pd.Series(events.words, dtype="str"),
        }
    )


def _whole(values: Ints) -> pd.Series:
    return pd.Series(values, dtype="Int64").mask(values == MISSING)
