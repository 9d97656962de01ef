"""Which invoice was paid by what: lines that were cleared together become allocations of money.

Rules
- The clearing says that items are closed, not when they were paid. Money in a clearing counts from the
  latest posting day of the payments in it, and is known on the day of the clearing itself.
- A payment or credit that names its invoice belongs to that invoice, a payment with its own days. Of the
  other credits one of the very amount of an item belongs to it; the rest goes to the items due first.
- A credit counts from its own posting day, so that what was paid after it was paid.
- What credits leave of the items is paid by the money in the clearing. What little is missing then is a
  discount on each item alike. Where more is missing, the items due first are paid, and what is left was
  written off, or moved to a new item by the clearing document.
- A line that a clearing document left behind with the name of its invoice (a residual item) is the rest of
  that invoice, not an item: the invoice stays open by it, and is paid when the residual item is.
- Credit that is not money, reversal documents among it, closes an item as a credit: neither late nor paid.
- A payment that is still open and names its invoice is a partial payment. One that names none is unapplied
  cash; an open line of money on the debit side is unapplied cash taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.books import KINDS
from features.timeline import NEVER, Flags, Ints

ITEM, CREDIT, MONEY, BACK = range(4)
"""debit that is a receivable · credit that is no money · money · debit that takes money back"""


@dataclass(frozen=True)
class Lines:
    """One row per line. Days as integers, amounts as positive integers.

    reference: row of the item that the line names, -1 without. continued_by: a row that was cleared by this
    line's own document, -1 when it cleared nothing. group: number of the clearing, -1 while open.
    residual: a debit that is the rest of the item it names. rank: order of the ids.
    """

    role: Ints
    special: Flags
    amount: Ints
    currency: Ints
    group: Ints
    reference: Ints
    continued_by: Ints
    due: Ints
    rank: Ints
    posted: Ints
    entered: Ints
    clearing: Ints
    cleared_known: Ints
    residual: Flags

    @property
    def groups(self) -> int:
        """How many clearings there are."""
        return int(self.group.max(initial=-1)) + 1

    def with_residuals(self) -> Lines:
        """Return the lines with what clearing documents left behind told apart from money taken back.

        Left behind with the name of an item cleared by the same document: the rest of that item. Left
        behind without one: an item of its own. References then lead to the first item of such a chain.
        """
        named, by = np.maximum(self.reference, 0), np.maximum(self.continued_by, 0)
        elsewhere = (self.continued_by >= 0) & (self.group != self.group[by])
        left = (self.role == BACK) & ~self.special & elsewhere
        same = (self.reference >= 0) & (self.group[named] >= 0) & (self.group[named] == self.group[by])
        residual = left & same
        role = np.where(left & ~same, ITEM, self.role)
        reference = self.reference
        for _ in range(20):  # a residual item of a residual item of …
            further = (reference >= 0) & residual[np.maximum(reference, 0)]
            if not further.any():
                break
            reference = np.where(further, reference[np.maximum(reference, 0)], reference)
        return replace(self, role=role, reference=reference, residual=residual)


@dataclass(frozen=True)
class Allocations:
    """One row per allocation of money; item is -1 for unapplied cash, line is the line it comes from.

    kind: position in `books.KINDS`.
    """

    item: Ints
    line: Ints
    happened: Ints
    known: Ints
    amount: Ints
    kind: Ints


class _Found:
    """Collects allocations."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, ...]] = []

    def add(
        self, item: Ints, line: Ints, happened: Ints, known: Ints, amount: Ints, kind: Ints | str
    ) -> None:
        """Add those whose amount is not 0."""
        kinds = np.full(len(item), KINDS.index(kind)) if isinstance(kind, str) else kind
        some = amount > 0
        self.parts.append((item[some], line[some], happened[some], known[some], amount[some], kinds[some]))

    def all(self) -> Allocations:
        columns = [np.concatenate(column) for column in zip(*self.parts, strict=True)]
        item, line, happened, known, amount, kind = columns
        order = np.lexsort((kind, amount, happened, known, line, item))
        return Allocations(*(column[order] for column in (item, line, happened, known, amount, kind)))


def allocate(lines: Lines, discount_up_to: float) -> Allocations:
    """Return who paid what and when, by the rules above; the order of the lines does not matter."""
    found = _Found()
    _open_lines(lines, found)
    used = np.flatnonzero((lines.role == CREDIT) & ~lines.special & (lines.group >= 0))
    found.add(used, used, lines.clearing[used], lines.cleared_known[used], lines.amount[used], "credit")
    _cleared_lines(lines, discount_up_to, found)
    return found.all()


def _open_lines(lines: Lines, found: _Found) -> None:
    loose = (lines.group < 0) & ~lines.special
    for role, kind in ((MONEY, "payment"), (BACK, "reversal")):
        rows = np.flatnonzero(loose & (lines.role == role) & ~lines.residual)
        item = lines.reference[rows] if role == MONEY else np.full(len(rows), -1)
        found.add(item, rows, lines.posted[rows], lines.entered[rows], lines.amount[rows], kind)


def _cleared_lines(lines: Lines, discount_up_to: float, found: _Found) -> None:
    residual = lines.residual
    owner = np.where(residual, lines.reference, np.arange(len(lines.role)))
    debits = np.flatnonzero((lines.group >= 0) & ((lines.role == ITEM) | residual))
    if not len(debits):
        return
    # A claim is what one clearing closes of one item.
    size = len(lines.role)
    keys, inverse = np.unique(lines.group[debits] * size + owner[debits], return_inverse=True)
    group, item = keys // size, keys % size
    order = np.lexsort((lines.rank[item], lines.due[item], group))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    group, item = group[order], item[order]
    amount = np.zeros(len(keys), dtype=np.int64)
    np.add.at(amount, place[inverse], lines.amount[debits])

    def claim_of(rows: Ints, in_group: Ints) -> Ints:
        """Position of the claim of each row's reference in a clearing, -1 where there is none."""
        wanted = in_group * size + lines.reference[rows]
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where((lines.reference[rows] >= 0) & (keys[at] == wanted), place[at], -1)

    def taken(claims: Ints, amounts: Ints) -> Ints:
        total = np.zeros(len(keys), dtype=np.int64)
        np.add.at(total, claims, amounts)
        return total

    left_behind = np.flatnonzero(residual)
    claim = claim_of(left_behind, lines.group[lines.continued_by[left_behind]])
    rest = amount - taken(claim[claim >= 0], lines.amount[left_behind][claim >= 0])

    closing, known = _closing(lines, group)
    count = lines.groups

    # what names its invoice
    money = np.flatnonzero((lines.role == MONEY) & (lines.group >= 0))
    claim = claim_of(money, lines.group[money])
    named = claim >= 0
    rows, claims = money[named], claim[named]
    found.add(item[claims], rows, lines.posted[rows], lines.entered[rows], lines.amount[rows], "payment")
    paid = taken(claims, lines.amount[rows])
    last_paid = np.full(len(keys), -NEVER)
    np.maximum.at(last_paid, claims, lines.posted[rows])
    rest = np.maximum(rest - paid, 0)
    pooled = money[~named]

    credits = np.flatnonzero((lines.role == CREDIT) & (lines.group >= 0))
    claim = claim_of(credits, lines.group[credits])
    claim = _of_the_same_amount(lines, credits, claim, group, rest)
    named = claim >= 0
    rows, claims = credits[named], claim[named]
    credited = np.minimum(taken(claims, lines.amount[rows]), rest)
    last_credit = np.full(len(keys), -NEVER)
    np.maximum.at(last_credit, claims, lines.posted[rows])
    found.add(item, item, last_credit, known, credited, "credit")
    rest = rest - credited
    rows = credits[~named]
    credit_pool, credit_day = np.zeros(count, dtype=np.int64), np.full(count, -NEVER)
    np.add.at(credit_pool, lines.group[rows], lines.amount[rows])
    np.maximum.at(credit_day, lines.group[rows], lines.posted[rows])
    more = np.clip(credit_pool[group] - _before(rest, group), 0, rest)
    found.add(item, item, credit_day[group], known, more, "credit")
    rest = rest - more

    # the money of the clearing
    pool = np.zeros(count, dtype=np.int64)
    np.add.at(pool, lines.group[pooled], lines.amount[pooled])
    has_money = pool > 0
    back = np.flatnonzero((lines.role == BACK) & (lines.group >= 0) & ~residual)
    np.subtract.at(pool, lines.group[back], lines.amount[back])
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, group, rest)
    pool = np.where(has_money & _mixed(lines, count), total, np.clip(pool, 0, None))
    posted = np.full(count, -NEVER)
    np.maximum.at(posted, lines.group[pooled], lines.posted[pooled])

    short = np.maximum(total - pool, 0)
    little = (short <= discount_up_to * total) & (pool > 0)
    share = rest.astype("float64") / np.maximum(total[group], 1)
    off = np.minimum(np.rint(short[group] * share).astype(np.int64), rest)
    pay = np.where(little[group], rest - off, np.clip(pool[group] - _before(rest, group), 0, rest))
    day = posted[group]
    found.add(item, item, day, known, pay, "payment")
    rest = rest - pay

    moved = np.zeros(count, dtype=bool)
    own = np.flatnonzero((lines.role == ITEM) & (lines.continued_by >= 0))
    moved[lines.group[lines.continued_by[own]]] = True
    was_paid = (pay > 0) | (paid > 0)
    discount = was_paid & (rest <= discount_up_to * amount)
    otherwise = np.where(moved[group], KINDS.index("credit"), KINDS.index("write_off"))
    kind = np.where(discount, KINDS.index("discount"), otherwise)
    when = np.where(discount, np.maximum(np.where(pay > 0, day, -NEVER), last_paid), closing)
    found.add(item, item, when, known, rest, kind)


def _closing(lines: Lines, group: Ints) -> tuple[Ints, Ints]:
    """Return the day of each claim's clearing, and the day it was known."""
    cleared = lines.group >= 0
    days = np.zeros((2, lines.groups), dtype=np.int64)
    days[0, lines.group[cleared]] = lines.clearing[cleared]
    days[1, lines.group[cleared]] = lines.cleared_known[cleared]
    return days[0, group], days[1, group]


def _mixed(lines: Lines, count: int) -> Flags:
    """Return which clearings have lines in several currencies: their amounts do not add up."""
    cleared = lines.group >= 0
    low, high = np.full(count, NEVER), np.full(count, -1)
    np.minimum.at(low, lines.group[cleared], lines.currency[cleared])
    np.maximum.at(high, lines.group[cleared], lines.currency[cleared])
    mixed: Flags = low != high
    return mixed


def _before(amounts: Ints, group: Ints) -> Ints:
    """Return the sum of the amounts before each row within its group; groups stand together."""
    sums = np.cumsum(amounts) - amounts
    first = np.searchsorted(group, group)
    before: Ints = sums - sums[first]
    return before


def _of_the_same_amount(lines: Lines, credits: Ints, claim: Ints, group: Ints, rest: Ints) -> Ints:
    """Give credits that name no item to an item of the same amount in the same clearing: first to first."""
    free = np.flatnonzero(claim < 0)
    free = free[
        np.lexsort((lines.rank[credits[free]], lines.amount[credits[free]], lines.group[credits[free]]))
    ]
    taken = np.zeros(len(group), dtype=bool)
    taken[claim[claim >= 0]] = True
    items = np.flatnonzero(~taken & (rest > 0))
    items = items[np.lexsort((items, rest[items], group[items]))]
    pairs: dict[tuple[int, int], list[int]] = {}
    wanted = set(zip(lines.group[credits[free]].tolist(), lines.amount[credits[free]].tolist(), strict=True))
    if not wanted:
        return claim
    some = np.isin(group[items], np.unique(lines.group[credits[free]]))
    for position in items[some].tolist():
        key = (int(group[position]), int(rest[position]))
        if key in wanted:
            pairs.setdefault(key, []).append(position)
    claim = claim.copy()
    for at in free.tolist():
        key = (int(lines.group[credits[at]]), int(lines.amount[credits[at]]))
        if pairs.get(key):
            claim[at] = pairs[key].pop(0)
    return claim
