"""What changed the receivables, and what was paid: the books as a journal, for the portfolio figures.

Rules of the journal
- Receivables are the open items of the books: credit notes, unapplied cash and money in transit are not
  netted against them; a credit counts when it is set against an invoice.
- Everything counts from the day it was known, an invoice from the later of its issue and its known day.
  The balance before any day is then the sum of what was known before it, exactly that of `open_items`.
- A pre-payment counts with its invoice: a sale in full and a receipt on the same day.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from features.books import KINDS, PAID, Books, day_column, number_of
from features.timeline import NEVER, Flags, Ints, composite, rank_in_group, running

WHAT = ("sale", "receipt", "credit", "write_off", "allowance", "difference")
"""receipt: payments less reversals · allowance: discount, bank charge, withholding · difference: a rest
within the tolerance, given up when the item closes (negative), and what was overpaid (positive)."""

_OF_KIND = {"payment": "receipt", "reversal": "receipt", "credit": "credit", "write_off": "write_off"}
_WHAT_OF_KIND = np.array([WHAT.index(_OF_KIND.get(kind, "allowance")) for kind in KINDS])


def receivables_journal(books: Books, day: date) -> pd.DataFrame:
    """Return the changes of the receivables known before `day`, one row each, in the order of the books.

    company_code, currency and due_on (the day that holds now) of the item · known_on · what (of WHAT) ·
    amount_minor: signed, what it adds to the receivables. The sum over an item is its open amount.
    """
    items, movements, today = books.items, books.movements, number_of(day)
    sold = np.arange(len(items.known))
    differing, difference_known, difference = _differences(books)
    item = np.concatenate([sold, movements.item, differing])
    known = np.concatenate([items.known, movements.known, difference_known])
    what = np.concatenate(
        [
            np.full(len(sold), WHAT.index("sale")),
            _WHAT_OF_KIND[movements.kind],
            np.full(len(differing), WHAT.index("difference")),
        ]
    )
    amount = np.concatenate([items.amount, movements.change, difference])
    told = (known < today) & ~items.credit_note[item]
    table = _account(books, item[told])
    table["due_on"] = day_column(items.due[item[told]])
    table["known_on"] = day_column(known[told])
    table["what"] = pd.Categorical.from_codes(what[told], categories=pd.Index(WHAT))
    table["amount_minor"] = amount[told]
    return table


def _differences(books: Books) -> tuple[Ints, Ints, Ints]:
    """Item, known day and change of what its open amount is apart from the sum of its movements."""
    items, movements, standings = books.items, books.movements, books.standings
    first = rank_in_group(standings.item) == 0
    keys, sums = composite(movements.item, movements.known), running(movements.change)
    start = np.searchsorted(movements.item, standings.item)
    until = np.searchsorted(keys, composite(standings.item, standings.known + 1))
    moved = np.where(first, 0, sums[until] - sums[start])
    apart = standings.open_minor - items.amount[standings.item] - moved
    change = np.where(first, apart, apart - np.append(0, apart)[:-1])
    rows = np.flatnonzero(change)
    return standings.item[rows], standings.known[rows], change[rows]


def paid_invoices(books: Books, day: date) -> pd.DataFrame:
    """Return the invoices closed by payment and not reopened, as known before `day`, one row each.

    company_code, currency, known_on (of the closing), amount_minor (the original amount), days_late
    (settled - due day at issue, negative = early) and days_to_pay (settled - issued). Direct debits are
    among them, credit notes are not, nor what a credit or a write-off closed.
    """
    items, spells, today = books.items, books.spells, number_of(day)
    held = (spells.how == PAID) & (spells.ended < today) & ~items.credit_note[spells.item]
    held &= _reopened(books) >= today
    item, settled = spells.item[held], spells.settled[held]
    table = _account(books, item)
    table["known_on"] = day_column(spells.ended[held])
    table["amount_minor"] = items.amount[item]
    table["days_late"] = settled - items.first_due[item]
    table["days_to_pay"] = settled - items.issued[item]
    return table


def _reopened(books: Books) -> Ints:
    """Known day on which the item was open again after each spell; NEVER where it was not."""
    item, started = books.spells.item, books.spells.started
    again: Flags = item[1:] == item[:-1]
    reopened = np.full(len(item), NEVER)
    reopened[:-1][again] = started[1:][again]
    return reopened


def _account(books: Books, item: Ints) -> pd.DataFrame:
    """The company code and currency of each item, as categories: few values, a million rows."""
    accounts = books.ledger.invoices[["company_code", "currency"]].astype("category")
    return accounts.take(books.items.row[item]).reset_index(drop=True)
