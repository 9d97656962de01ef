"""What happened after a point: the only file that looks ahead.

Rules of the outcome
- The event is payment: the item's last closing known before `until`, when it is by payment and was not
  taken back by then. A closing that was taken back never happened; the item is then followed on.
- Without it the row is censored: on the last day before `until` when the item is still open, on the day
  of the credit or write-off that closed it, on the last day before it went dormant. Neither late nor on time.
- Days late count from the due day at issue (`original_due_on` where given): an extension is not known on
  the earlier points and does not erase lateness.
- A payment that happened before the point's day but was known only later counts on the point's day.
- An outcome is measurable when it is decided whichever way it would have gone; an early payment alone
  does not make it so, or the youngest points would all be punctual ones.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from features.books import HOW, PAID, STILL_OPEN, Books, day_column, day_numbers, number_of
from features.errors import LedgerError
from features.timeline import NEVER, Flags, Ints, composite

AFTER_DUE = {"due": 0, "due+7": 7, "due+15": 15, "due+30": 30, "due+60": 60, "due+90": 90}
LANDMARKS = ("issue", "half_way", *AFTER_DUE)
"""Days in the life of an invoice on which predictions are made and judged."""

DAYS_AFTER_LAST = 60
"""Days after the last landmark on which points between landmarks may lie."""

CLASS_LIMIT = 90
"""Days late after which the class of an invoice is decided."""

ENDS = (*HOW, "dormant")


def landmarks(
    books: Books, *, issued_from: date | None, before: date, between: int | None = None
) -> pd.DataFrame:
    """Return one row per invoice and landmark: invoice_id, customer_id, landmark, day.

    issue is the item's first point, max(issued_on, its known day); half_way lies between that and due.
    Only landmarks before `before` on which the item is open as known before the day; of several on one
    day the first. issued_from: items issued earlier are left out (None: none are). Credit notes and
    direct debits are no points, nor are items known to be paid before their own first day. Sorted by
    debtor, item and landmark.

    between: a seed; every second point, by a hash of its item and landmark, then stands on a random day
    from its landmark to the next one. Open invoices are predicted on any day, so models learn on any.
    """
    items = books.items
    wanted = ~items.credit_note & ~items.direct_debit & (items.known < number_of(before))
    if issued_from is not None:
        wanted &= items.issued >= number_of(issued_from)
    item = np.flatnonzero(wanted)
    first, due = items.known[item], items.first_due[item]
    days = np.stack([first, first + (due - first) // 2, *(due + days for days in AFTER_DUE.values())], axis=1)
    kept = days < number_of(before)
    kept[:, 1:] &= days[:, 1:] > np.maximum.accumulate(days, axis=1)[:, :-1]
    row, landmark = np.nonzero(kept)
    at_issue = landmark == 0
    if between is not None:
        after_last = days[:, -1:] + DAYS_AFTER_LAST
        gap = np.diff(np.maximum.accumulate(np.hstack([days, after_last]), axis=1), axis=1)[row, landmark]
        moved = _moved(books, item[row], landmark, gap, between)
        day = days[row, landmark] + moved
        at_issue &= moved == 0
    else:
        day = days[row, landmark]
    item = item[row]
    opened = (day < number_of(before)) & _open_before(books, item, day, at_issue=at_issue)
    item, day, landmark = item[opened], day[opened], landmark[opened]
    return pd.DataFrame(
        {
            "invoice_id": books.invoice_ids(item),
            "customer_id": pd.Series(books.customers.take(books.items.debtor[item]), dtype="str"),
            "landmark": pd.Series(np.array(LANDMARKS, dtype=object)[landmark], dtype="str"),
            "day": day_column(day),
        }
    )


def _moved(books: Books, item: Ints, landmark: Ints, gap: Ints, seed: int) -> Ints:
    """Days from the landmark to the point: 0 for every second one, else any before the next landmark."""
    ids = books.invoice_ids(np.arange(len(books.items.known))).to_numpy(dtype=object)
    of_item = pd.util.hash_array(ids, hash_key=f"{seed:016d}"[:16], categorize=False)
    lot = (of_item[item] ^ landmark.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    lot ^= lot >> np.uint64(32)
    return np.where(lot % 2 == 0, 0, (lot // 2 % 1_000_003).astype(np.int64) % np.maximum(gap, 1))


def _open_before(books: Books, item: Ints, day: Ints, *, at_issue: Flags) -> Flags:
    """Whether each item is open as known before the day; its first day knows the item itself."""
    items, movements, spells = books.items, books.movements, books.spells
    if not len(spells.item):
        return np.zeros(len(item), dtype=bool)
    found = np.searchsorted(composite(spells.item, spells.started), composite(item, day + at_issue)) - 1
    spell = np.maximum(found, 0)
    opened: Flags = (found >= 0) & (spells.item[spell] == item) & (spells.ended[spell] >= day)
    ahead = np.flatnonzero(movements.told < items.known[movements.item])
    left = items.amount.copy()
    np.add.at(left, movements.item[ahead], movements.change[ahead])
    return opened & ~(at_issue & (left <= items.tolerance)[item])


def outcomes(
    books: Books,
    points: pd.DataFrame,
    *,
    until: date,
    late_after_days: int = 0,
    dormant_after_days: int = 365,
) -> pd.DataFrame:
    """Return the points (invoice_id, day, …) and what is known before `until` about each.

    due_on: due day at issue. days_past_due: day - due_on. event: paid. days_late (float): settled day
    (not before the point's) - due_on, or the days late reached when censored. ended: paid, open,
    credited, written_off or dormant. decided_until: last day for which it is known whether the item was
    paid by then. late_measurable, classes_measurable: whether that reaches due_on + late_after_days and
    due_on + 90. Raises LedgerError for an invoice that the ledger does not know.
    """
    item, day = books.find_items(points["invoice_id"]), day_numbers(points["day"])
    if (item < 0).any():
        unknown = points["invoice_id"].iloc[int(np.argmin(item))]
        raise LedgerError(f"point about invoice {unknown}, which is not in the ledger")
    last_day = number_of(until) - 1
    due = books.items.first_due[item]
    ended, how = _final_closing(books, item, last_day)
    ended = np.where(how == STILL_OPEN, last_day, np.maximum(ended, day))
    quiet = _dormant_from(books, item, day, dormant_after_days) - 1
    how = np.where(quiet < ended, len(HOW), how)
    ended = np.minimum(ended, quiet)
    event = how == PAID
    decided = np.where(event, last_day, ended)
    table = {
        "due_on": day_column(due),
        "days_past_due": day - due,
        "event": event,
        "days_late": (ended - due).astype(np.float64),
        "ended": pd.Series(np.array(ENDS, dtype=object)[how], dtype="str"),
        "decided_until": day_column(decided),
        "late_measurable": decided >= due + late_after_days,
        "classes_measurable": decided >= due + CLASS_LIMIT,
    }
    return points.join(pd.DataFrame(table).set_index(points.index))


def _final_closing(books: Books, item: Ints, last_day: int) -> tuple[Ints, Ints]:
    """Day and kind of the closing that holds on `last_day`; STILL_OPEN where there is none."""
    spells = books.spells
    if not len(spells.item):
        return np.full(len(item), NEVER), np.full(len(item), STILL_OPEN)
    found = (
        np.searchsorted(
            composite(spells.item, spells.started), composite(item, np.full(len(item), last_day + 1))
        )
        - 1
    )
    spell = np.maximum(found, 0)
    closed = (found >= 0) & (spells.item[spell] == item) & (spells.ended[spell] <= last_day)
    return np.where(closed, spells.settled[spell], NEVER), np.where(closed, spells.how[spell], STILL_OPEN)


def _dormant_from(books: Books, item: Ints, day: Ints, dormant_after_days: int) -> Ints:
    """First day after the point's on which the item has been without movement for too long; NEVER if none.

    It is quiet from its due day or its last movement, whichever is later, up to the next movement.
    """
    items, movements = books.items, books.movements
    every = np.arange(len(items.due))
    front = np.searchsorted(movements.item, every)
    of_item = np.insert(movements.item, front, every)
    moved = np.insert(movements.known, front, items.known)
    next_moved = np.full(len(moved), NEVER)
    same = of_item[1:] == of_item[:-1]
    next_moved[:-1][same] = moved[1:][same]
    onset = np.maximum(moved, items.first_due[of_item]) + dormant_after_days + 1
    quiet = next_moved >= onset
    of_item, onset = of_item[quiet], onset[quiet]
    place = np.searchsorted(composite(of_item, onset), composite(item, day + 1))
    found = np.minimum(place, len(of_item) - 1)
    return np.where((place < len(of_item)) & (of_item[found] == item), onset[found], NEVER)
