"""What happened to an open item that calls for a step out of turn: a broken promise, a returned payment,
the first slip of a debtor who pays on time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.facts import Facts, is_true
from models.positions import positions
from models.promises import broken_promises
from models.reminding.contacts_made import ALWAYS, DayLine, contacts_made
from models.reminding.step_days import day_numbers

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WINDOW_DAYS = 365

AT_ONCE = ("broken_promise", "returned_debit")
"""Events whose step is made at once, whatever its day."""


@dataclass(frozen=True)
class Happened:
    """Per item, when something happened to it that nobody has spoken of since; `ALWAYS` where nothing did.

    known: the day from which it was known. about: the promised day of a broken promise, or the day on which
    the money went back.
    """

    known: Ints
    about: Ints


def happened(when: str, *, items: pd.DataFrame, facts: Facts, day: date, late_after_days: int) -> Happened:
    """Return for which items an event of the policy happened, by its `when`.

    Every item is overdue once its day comes, so a step after the due day can be planned before it.
    """
    if when == "broken_promise":
        return _broken(items, facts, day)
    if when == "returned_debit":
        return _returned(items, facts, day)
    since = day_numbers(items["due_on"]) + 1
    if when == "slipped_once":
        since = np.where(first_slips(items, facts, day, late_after_days), since, ALWAYS)
    return Happened(since, np.full(len(items), ALWAYS))


def _broken(items: pd.DataFrame, facts: Facts, day: date) -> Happened:
    """Return the last broken promise of each item without a contact since.

    A promise that names no item was about all items of the debtor due by the promised day.
    """
    broken = broken_promises(facts, day, window_days=WINDOW_DAYS).sort_values(
        ["known_on", "on"], kind="stable"
    )
    named = broken[broken["invoice_id"] != ""].drop_duplicates("invoice_id", keep="last")
    general = broken[broken["invoice_id"] == ""].drop_duplicates("customer_id", keep="last")
    own = _looked_up(items["invoice_id"], named["invoice_id"], named["known_on"], named["on"])
    theirs = _looked_up(items["customer_id"], general["customer_id"], general["known_on"], general["on"])
    later = (theirs.known > own.known) & (day_numbers(items["due_on"]) <= theirs.about)
    known, about = np.where(later, theirs.known, own.known), np.where(later, theirs.about, own.about)
    return _unanswered(items, facts, day, Happened(known, about))


def _returned(items: pd.DataFrame, facts: Facts, day: date) -> Happened:
    """Return the last payment of each item that was taken back in a year, without a contact since."""
    back, today = facts.payments[facts.payments["kind"] == "reversal"], pd.Timestamp(day)
    recent = (back["known_on"] < today) & (back["known_on"] >= today - pd.Timedelta(days=WINDOW_DAYS))
    last = back[recent].sort_values(["known_on", "paid_on"], kind="stable")
    last = last.drop_duplicates("invoice_id", keep="last")
    found = _looked_up(items["invoice_id"], last["invoice_id"], last["known_on"], last["paid_on"])
    return _unanswered(items, facts, day, found)


def first_slips(items: pd.DataFrame, facts: Facts, day: date, late_after_days: int) -> Mask:
    """Return which items are late now while nothing else of the debtor was late in a year.

    Nothing else is overdue, and no money came in late; direct debits, whose day is ours, say nothing.
    """
    debtor, debtors = pd.factorize(items["customer_id"])
    late = items["days_past_due"].to_numpy() > late_after_days
    slips = late & (np.bincount(debtor[late], minlength=len(debtors))[debtor] == 1)
    paid, invoices, today = facts.payments, facts.invoices, pd.Timestamp(day)
    recent = (paid["paid_on"] >= today - pd.Timedelta(days=WINDOW_DAYS)) & (paid["known_on"] < today)
    paid = paid[recent & (paid["kind"] == "payment") & ~is_true(paid["in_transit"])]
    of = positions(paid["invoice_id"], invoices["invoice_id"])
    paid, of = paid[of >= 0], of[of >= 0]
    theirs = invoices.take(of)
    wait = day_numbers(paid["paid_on"]) - day_numbers(theirs["due_on"])
    debit = (theirs["payment_method"] == "direct_debit").to_numpy(dtype=bool)
    tardy = theirs[(wait > late_after_days) & ~debit]
    # money that came late for the item itself makes it no habit
    times = tardy.groupby("customer_id")["invoice_id"].nunique()
    others = np.append(times.to_numpy(), 0)[positions(items["customer_id"], times.index)]
    own = positions(items["invoice_id"], tardy["invoice_id"]) >= 0
    return np.asarray(slips & (others - own <= 0))


def _looked_up(wanted: pd.Series, key: pd.Series, known: pd.Series, about: pd.Series) -> Happened:
    at = positions(wanted, key)
    return Happened(np.append(day_numbers(known), ALWAYS)[at], np.append(day_numbers(about), ALWAYS)[at])


def _unanswered(items: pd.DataFrame, facts: Facts, day: date, found: Happened) -> Happened:
    """Leave out what came before the last contact about the item or with the debtor."""
    known, at = found.known.copy(), np.flatnonzero(found.known > ALWAYS)
    theirs = items.iloc[at]
    made = contacts_made(theirs, facts, day)
    own, general = made[made["item"] >= 0], made[made["item"] < 0]
    debtor = pd.factorize(theirs["customer_id"])[0].astype(np.int64)
    spoken = np.maximum(
        DayLine.of(own["item"], own["on"]).last(np.arange(len(theirs))),
        DayLine.of(general["debtor"], general["on"]).last(debtor),
    )
    known[at[spoken > known[at]]] = ALWAYS
    return Happened(known, found.about)
