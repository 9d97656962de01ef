"""Which invoice was paid by what: lines that were cleared together become allocations of money.

Rules
- The clearing says that items are closed, not when they were paid. Money in a clearing counts from the
  latest posting day of the payments in it, and is known on the day of the clearing itself.
- A payment or credit that names its invoice belongs to that invoice, a payment with its own days, unless
  they are more than the invoice: then they are for all that was cleared. Of the other credits one of the
  very amount of an item belongs to it; the rest goes to the items due first.
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
        same &= self.amount <= self.amount[named]
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


@dataclass
class _Claims:
    """What each clearing closes of each item: one row each, a clearing's together, those due first first.

    rest: what is not allocated yet. closing, known: day of the clearing, and the day it was known.
    """

    lines: Lines
    keys: Ints
    place: Ints
    group: Ints
    item: Ints
    amount: Ints
    rest: Ints
    closing: Ints
    known: Ints

    def of(self, rows: Ints, groups: Ints) -> Ints:
        """Return the claim of the item that each line names in a clearing, -1 where there is none."""
        wanted = groups * len(self.lines.role) + self.lines.reference[rows]
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((self.lines.reference[rows] >= 0) & (self.keys[at] == wanted), self.place[at], -1)

    def total(self, claims: Ints, rows: Ints) -> Ints:
        """Return the amount of the lines of each claim; lines without one (-1) do not count."""
        total = np.zeros(len(self.keys), dtype=np.int64)
        np.add.at(total, claims[claims >= 0], self.lines.amount[rows[claims >= 0]])
        return total

    def last_posted(self, claims: Ints, rows: Ints) -> Ints:
        """Return the latest posting day of the lines of each claim."""
        last = np.full(len(self.keys), -NEVER)
        np.maximum.at(last, claims[claims >= 0], self.lines.posted[rows[claims >= 0]])
        return last

    def within_rest(self, claims: Ints, rows: Ints) -> Ints:
        """Return the claims without those whose lines are more than is left of them: these are for all."""
        over = self.total(claims, rows) > self.rest
        return np.where((claims >= 0) & over[np.maximum(claims, 0)], -1, claims)

    def per_clearing(self, rows: Ints) -> Ints:
        """Return the amount of the lines in each clearing."""
        total = np.zeros(self.lines.groups, dtype=np.int64)
        np.add.at(total, self.lines.group[rows], self.lines.amount[rows])
        return total

    def last_in_clearing(self, rows: Ints) -> Ints:
        """Return the latest posting day of the lines in each clearing."""
        last = np.full(self.lines.groups, -NEVER)
        np.maximum.at(last, self.lines.group[rows], self.lines.posted[rows])
        return last

    def due_first(self, pool: Ints) -> Ints:
        """Return what each claim gets when each clearing's pool goes to the items due first."""
        gets: Ints = np.clip(pool[self.group] - _before(self.rest, self.group), 0, self.rest)
        return gets


def _cleared_lines(lines: Lines, discount_up_to: float, found: _Found) -> None:
    claims = _claims(lines)
    if len(claims.keys):
        in_clearing = lines.group >= 0
        money = np.flatnonzero((lines.role == MONEY) & in_clearing)
        named = claims.within_rest(claims.of(money, lines.group[money]), money)
        rows = money[named >= 0]
        item = claims.item[named[named >= 0]]
        found.add(item, rows, lines.posted[rows], lines.entered[rows], lines.amount[rows], "payment")
        paid, last_paid = claims.total(named, money), claims.last_posted(named, money)
        claims.rest = claims.rest - paid
        _credit(claims, np.flatnonzero((lines.role == CREDIT) & in_clearing), found)
        _pay(claims, money[named < 0], paid, last_paid, discount_up_to, found)


def _claims(lines: Lines) -> _Claims:
    """Return the claims; what a clearing left behind of an item as a residual item is not claimed."""
    owner = np.where(lines.residual, lines.reference, np.arange(len(lines.role)))
    debits = np.flatnonzero((lines.group >= 0) & ((lines.role == ITEM) | lines.residual))
    size = len(lines.role)
    keys, inverse = np.unique(lines.group[debits] * size + owner[debits], return_inverse=True)
    group, item = keys // max(size, 1), keys % max(size, 1)
    order = np.lexsort((lines.rank[item], lines.due[item], group))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    group, item = group[order], item[order]
    amount = np.zeros(len(keys), dtype=np.int64)
    np.add.at(amount, place[inverse], lines.amount[debits])
    cleared = lines.group >= 0
    days = np.zeros((2, lines.groups), dtype=np.int64)
    days[0, lines.group[cleared]] = lines.clearing[cleared]
    days[1, lines.group[cleared]] = lines.cleared_known[cleared]
    claims = _Claims(lines, keys, place, group, item, amount, amount, days[0, group], days[1, group])
    left = np.flatnonzero(lines.residual)
    if len(keys) and len(left):
        behind = claims.of(left, lines.group[lines.continued_by[left]])
        claims.rest = np.maximum(amount - claims.total(behind, left), 0)
    return claims


def _credit(claims: _Claims, credits: Ints, found: _Found) -> None:
    """Give credits to the items that they name, then of their amount, then due first."""
    claim = claims.of(credits, claims.lines.group[credits])
    claim = _of_the_same_amount(claims, credits, claims.within_rest(claim, credits))
    credited, day = claims.total(claim, credits), claims.last_posted(claim, credits)
    found.add(claims.item, claims.item, day, claims.known, credited, "credit")
    claims.rest = claims.rest - credited
    others = credits[claim < 0]
    more, day = claims.due_first(claims.per_clearing(others)), claims.last_in_clearing(others)[claims.group]
    found.add(claims.item, claims.item, day, claims.known, more, "credit")
    claims.rest = claims.rest - more


def _pay(
    claims: _Claims, money: Ints, paid: Ints, last_paid: Ints, discount_up_to: float, found: _Found
) -> None:
    """Give the money of each clearing to its items, and say what became of what is left of them then."""
    lines, group = claims.lines, claims.group
    received = claims.per_clearing(money)
    back = (lines.role == BACK) & (lines.group >= 0) & ~lines.residual
    pool = np.clip(received - claims.per_clearing(np.flatnonzero(back)), 0, None)
    total = np.zeros(lines.groups, dtype=np.int64)
    np.add.at(total, group, claims.rest)
    pool = np.where((received > 0) & _mixed(lines), total, pool)
    short = np.maximum(total - pool, 0)
    little = (short <= discount_up_to * total) & (pool > 0)
    share = claims.rest / np.maximum(total[group], 1)
    off = np.minimum(np.rint(short[group] * share).astype(np.int64), claims.rest)
    pay = np.where(little[group], claims.rest - off, claims.due_first(pool))
    day = claims.last_in_clearing(money)[group]
    found.add(claims.item, claims.item, day, claims.known, pay, "payment")

    rest = claims.rest - pay
    moved = np.zeros(lines.groups, dtype=bool)
    own = np.flatnonzero((lines.role == ITEM) & (lines.continued_by >= 0))
    moved[lines.group[lines.continued_by[own]]] = True
    discount = (pay + paid > 0) & (rest <= discount_up_to * claims.amount)
    otherwise = np.where(moved[group], KINDS.index("credit"), KINDS.index("write_off"))
    kind = np.where(discount, KINDS.index("discount"), otherwise)
    when = np.where(discount, np.maximum(np.where(pay > 0, day, -NEVER), last_paid), claims.closing)
    found.add(claims.item, claims.item, when, claims.known, rest, kind)


def _mixed(lines: Lines) -> Flags:
    """Return which clearings have lines in several currencies: their amounts do not add up."""
    cleared = lines.group >= 0
    low, high = np.full(lines.groups, NEVER), np.full(lines.groups, -1)
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


def _of_the_same_amount(claims: _Claims, credits: Ints, claim: Ints) -> Ints:
    """Give credits without a claim to an item of their amount in their clearing, first to first by id."""
    lines = claims.lines
    free = np.flatnonzero(claim < 0)
    free = free[np.argsort(lines.rank[credits[free]])]
    wanted = [(int(lines.group[credits[at]]), int(lines.amount[credits[at]])) for at in free]
    taken = np.zeros(len(claims.keys), dtype=bool)
    taken[claim[claim >= 0]] = True
    there = np.flatnonzero(~taken & (claims.rest > 0) & np.isin(claims.group, lines.group[credits[free]]))
    of_amount: dict[tuple[int, int], list[int]] = {}
    for position in there.tolist():
        of_amount.setdefault((int(claims.group[position]), int(claims.rest[position])), []).append(position)
    claim = claim.copy()
    for at, key in zip(free.tolist(), wanted, strict=True):
        if of_amount.get(key):
            claim[at] = of_amount[key].pop(0)
    return claim
