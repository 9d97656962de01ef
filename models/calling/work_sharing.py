"""Who takes which piece of work today: within capacity, languages and portfolios.

A piece with an owner on duty may only be taken by that owner, whose portfolio it is; every other one by
anybody on the roster who speaks its language. What cannot be taken stays, and says why.

1. Which are taken. The pieces come best first. Sets of pieces that can be taken together are the independent
   sets of a transversal matroid, so the set with the greatest sum of places (the last piece counts 1, the
   one before it 2, …) also has the greatest value by whatever figure the order was made: the greatest total
   value reached today, and as many as possible of a cause that goes first. Places are small whole numbers,
   so the solver has no rounding to get wrong.
2. Who takes them. Of all ways to share that set, the one with the least sum of load² / capacity, which makes
   everybody's share of a full day as equal as can be.

Both are linear programs over a network, whose corners are whole numbers, solved by HiGHS. They stay small
because pieces with the same owner or language are exchangeable but for their place: of each such kind only
as many as its people have room for are given to the solver, and what goes to whom is a number per kind and
person. The pieces of a kind are then dealt to its people in turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ConfigurationError, LedgerError

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

BLOCKS = 500
"""A person's load is equalised in so many blocks at most: exact up to as many pieces a day."""


@dataclass(frozen=True)
class Person:
    """Somebody who takes work. capacity: pieces today, None without limit, 0 when absent.

    languages: None where they are not known, which is taken as every one. shares: also takes work that has
    no owner, and work of those who are absent.
    """

    name: str
    capacity: int | None
    languages: frozenset[str] | None
    absent: bool
    shares: bool


def roster(
    collectors: pd.DataFrame,
    portfolios: Iterable[str],
    others: Iterable[str],
    *,
    capacity: int | None,
    day: date,
) -> list[Person]:
    """Return everybody who may take work, sorted by name.

    `collectors`: the ledger's table. `portfolios`: collectors that debtors name; `others`: people who only
    do what is theirs, such as account managers. `capacity`: a day, of those without one of their own.
    ConfigurationError where a capacity is set and nobody is there to have it; LedgerError for an absence
    that cannot be read.
    """
    listed = collectors.sort_values("collector", kind="stable").set_index("collector")
    sharing = {*listed.index, *portfolios}
    if capacity is not None and not sharing:
        raise ConfigurationError(
            f"policy, worklist: capacity_per_day is {capacity}, but there are no collectors. Add the table "
            "`collectors` or the column `collector` of `customers` to the ledger, or write "
            "capacity_per_day: null"
        )
    own = listed["capacity_per_day"].dropna().astype(int).to_dict()
    spoken = listed["languages"].dropna().to_dict()
    away = listed["absent"].dropna().to_dict()
    people = []
    for name in sorted({*sharing, *others}):
        absent = name in away and _is_absent(name, away[name], day)
        languages = _parts(spoken.get(name, "").lower())
        people.append(
            Person(
                name,
                0 if absent else own.get(name, capacity),
                frozenset(languages) if languages else None,
                absent,
                name in sharing,
            )
        )
    return people


def share_work(work: pd.DataFrame, people: Sequence[Person]) -> pd.DataFrame:
    """Return who takes each piece of `work`, with its index.

    `work` comes best first: owner (empty text: nobody's) and language (empty text: any). Columns: collector
    (empty text: nobody; the owner where the piece waits for its owner), reached, and why_not (empty where
    reached). Nobody on duty is given more than the capacity. Without anybody who shares, work without an
    owner is everybody's: reached, by nobody in particular.
    """
    if not any(person.shares for person in people):
        people = [*people, Person("", None, None, absent=False, shares=True)]
    unlimited = max(len(work), *(person.capacity or 0 for person in people))
    room = np.array([unlimited if p.capacity is None else p.capacity for p in people], dtype=np.int64)
    kind, able = _kinds(work, people)
    taken = _taken(kind, able, room)
    counts = _shares(np.bincount(kind[taken], minlength=len(able)), able, room)
    taker = np.full(len(work), -1, dtype=np.int64)
    for number in range(len(able)):
        taker[np.flatnonzero(taken & (kind == number))] = _dealt(counts[number])
    possible = np.asarray(able.any(axis=1), dtype=bool)
    names = np.array([person.name for person in people], dtype=object)
    owner = work["owner"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "collector": pd.array(np.where(taken, names[taker], owner), dtype="str"),
            "reached": taken,
            "why_not": pd.Series(_why_not(work, people, possible[kind], taken), work.index, dtype="str"),
        },
        index=work.index,
    )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_absent(name: str, text: str, day: date) -> bool:
    """Whether one of the days or spans (first/last, both included) holds the day."""
    spans = []
    for part in _parts(text):
        first, _, last = part.partition("/")
        try:
            spans.append((date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())))
        except ValueError:
            raise LedgerError(
                f"collectors: absent of {name} says {part!r}; write days and spans such as "
                "2026-01-02, 2026-01-05/2026-01-09"
            ) from None
    return any(first <= day <= last for first, last in spans)


def _kinds(work: pd.DataFrame, people: Sequence[Person]) -> tuple[Ints, Flags]:
    """Return the kind of each piece, and which of the people may take each kind (kinds x people).

    A piece is of its owner's kind, or of its language's where it has none or the owner is absent.
    """
    on_duty = {person.name for person in people if person.name and not person.absent}
    owned = work["owner"].isin(on_duty).to_numpy(dtype=bool)
    label = np.where(owned, "owner " + work["owner"], "language " + work["language"])
    kind, labels = pd.factorize(label, sort=True)
    able = np.zeros((len(labels), len(people)), dtype=bool)
    for number, (what, _, name) in enumerate(text.partition(" ") for text in labels):
        for at, person in enumerate(people):
            if what == "owner":
                able[number, at] = person.name == name
            else:
                speaks = not name or person.languages is None or name.lower() in person.languages
                able[number, at] = person.shares and not person.absent and speaks
    return np.asarray(kind, dtype=np.int64), able


def _taken(kind: Ints, able: Flags, room: Ints) -> Flags:
    """Return the pieces to take: those with the greatest sum of places that fit together."""
    taken = np.zeros(len(kind), dtype=bool)
    # of its kind, the first ones that there is room for
    tried = np.flatnonzero(pd.Series(kind).groupby(kind).cumcount().to_numpy() < (able @ room)[kind])
    if not len(tried):
        return taken
    pairs = np.argwhere(able)
    flows, pieces = len(pairs), len(tried)
    place = np.arange(pieces, 0, -1)
    at_piece, at_flow = np.arange(pieces), pieces + np.arange(flows)
    # as much of a kind as is taken goes to its people; nobody gets more than there is room for
    kept = _matrix((len(able), pieces + flows), (kind[tried], at_piece, 1), (pairs[:, 0], at_flow, -1))
    given = _matrix((len(room), pieces + flows), (pairs[:, 1], at_flow, 1))
    solution = _solve(
        np.concatenate([-place, np.zeros(flows)]),
        np.concatenate([np.ones(pieces, dtype=np.int64), room[pairs[:, 1]]]),
        (kept, np.zeros(len(able), dtype=np.int64)),
        (given, room),
    )
    taken[tried[solution[:pieces] == 1]] = True
    return taken


def _shares(wanted: Ints, able: Flags, room: Ints) -> Ints:
    """Return how many of each kind everybody takes (kinds x people), with loads as equal as can be."""
    counts = np.zeros(able.shape, dtype=np.int64)
    total = int(wanted.sum())
    if not total:
        return counts
    pairs = np.argwhere(able & (wanted > 0)[:, None])
    person, cost, size = [], [], []
    for at, most in enumerate(np.minimum(room, total).tolist()):
        steps = np.unique(np.linspace(0, most, min(most, BLOCKS) + 1).astype(np.int64))
        person.append(np.full(len(steps) - 1, at))
        size.append(np.diff(steps))
        # what the block adds to load² / capacity, a piece
        cost.append((steps[1:] + steps[:-1]) / max(int(room[at]), 1))
    persons, sizes = np.concatenate(person), np.concatenate(size)
    flows, blocks = len(pairs), len(persons)
    at_flow, at_block = np.arange(flows), flows + np.arange(blocks)
    equal = _matrix(
        (len(wanted) + len(room), flows + blocks),
        (pairs[:, 0], at_flow, 1),
        (len(wanted) + pairs[:, 1], at_flow, 1),
        (len(wanted) + persons, at_block, -1),
    )
    solution = _solve(
        np.concatenate([np.zeros(flows), *cost]),
        np.concatenate([wanted[pairs[:, 0]], sizes]),
        (equal, np.concatenate([wanted, np.zeros(len(room), dtype=np.int64)])),
    )
    counts[pairs[:, 0], pairs[:, 1]] = solution[:flows]
    return counts


def _dealt(counts: Ints) -> Ints:
    """Return who takes each piece of a kind, in order, so that everybody gets good and less good ones."""
    who = np.repeat(np.arange(len(counts)), counts)
    turn = np.arange(len(who)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(who[np.lexsort((who, (turn + 0.5) / counts[who]))])


def _why_not(work: pd.DataFrame, people: Sequence[Person], possible: Flags, taken: Flags) -> list[str]:
    away = {person.name for person in people if person.absent}
    words = []
    columns = (work["owner"].tolist(), work["language"].tolist(), possible.tolist(), taken.tolist())
    for owner, language, could, does in zip(*columns, strict=True):
        if does:
            words.append("")
        elif owner and owner not in away:
            words.append(f"beyond what {owner} can do today")
        else:
            nobody = f"nobody on duty speaks {language}" if language else "nobody is on duty"
            reason = "beyond what the collectors can do today" if could else nobody
            words.append(f"{owner} is absent; {reason}" if owner else reason)
    return words


def _matrix(shape: tuple[int, int], *parts: tuple[Ints, Ints, int]) -> Any:
    """A sparse matrix from parts: their rows, their columns, and the number that stands there."""
    from scipy.sparse import csr_array

    rows = np.concatenate([part[0] for part in parts])
    columns = np.concatenate([part[1] for part in parts])
    return csr_array(
        (np.repeat([float(p[2]) for p in parts], [len(p[0]) for p in parts]), (rows, columns)), shape
    )


def _solve(
    cost: Floats, upper: Ints, equal: tuple[Any, Ints], within: tuple[Any, Ints] | None = None
) -> Ints:
    """Return the whole numbers from 0 to `upper` that cost least.

    `equal`: a matrix and what it times the numbers must be; `within`: the same, at most.
    """
    from scipy.optimize import linprog

    found = linprog(
        cost,
        A_ub=within[0] if within else None,
        b_ub=within[1] if within else None,
        A_eq=equal[0],
        b_eq=equal[1],
        bounds=np.column_stack([np.zeros(len(upper)), upper]),
        # the simplex ends in a corner, and corners are whole numbers here
        method="highs-ds",
    )
    return np.asarray(np.rint(found.x), dtype=np.int64)
