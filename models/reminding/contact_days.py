"""On which days each recipient is contacted: gaps, caps, bundles and working days.

The recipients know nothing of each other, so all are planned side by side: round k finds everybody's k-th
contact. Days are day numbers (days since 1970) throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.treatment.policy import Contact

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
WorkingDay = Callable[[Ints, Bools, Ints], Ints]
"""From recipients, whether it must be a working day of the creditor too, and days: the next working day."""

LONG_AGO = -(1 << 40)
NEVER = 1 << 40


@dataclass(frozen=True)
class Lines:
    """What wants a contact, one entry per item.

    recipient: who gets it, numbered from 0. bundle: items with the same number may share a contact of their
    recipient. first: goes before all others. wanted: its own day, not before the run day. due: the due day.
    before_due: its step comes before the due day. latest: the last day on which the step makes sense.
    net_from: the first day on which its account owes something net. level, rank: of those wanted on one day
    the highest level, then the oldest, then the lowest rank comes first. with_creditor: its channel needs a
    working day of the creditor.
    """

    recipient: Ints
    bundle: Ints
    first: Bools
    wanted: Ints
    due: Ints
    before_due: Bools
    latest: Ints
    net_from: Ints
    level: Ints
    rank: Ints
    with_creditor: Bools


@dataclass(frozen=True)
class Contacts:
    """When each line is sent.

    contact: number of its contact, -1 where it is left out. send_on: the day; where it is left out, the day
    on which it could have been. gap_day, cap_day: before these days the recipient could not be contacted.
    speaks: the line that the contact speaks for, the highest level in it. covered: left out because
    its account owes nothing net; the others that are left out came too late for their step.
    """

    contact: Ints
    send_on: Ints
    gap_day: Ints
    cap_day: Ints
    speaks: Bools
    covered: Bools


def contact_days(lines: Lines, past: pd.DataFrame, limits: Contact, working_day: WorkingDay) -> Contacts:
    """Return the contacts of the lines.

    `past`: recipient and day of the contacts made, one row each. Of each recipient the first line decides
    the next day on which it may be contacted: at least `days_between` after the last contact, at most
    `most_contacts` in any `within_days`, a working day. With it go the lines of its bundle whose
    day has come, and those whose day comes within `bundle_days`, if they are past due or their step
    is before due. A line on whose day nothing is owed net, or whose step no longer makes sense, is left out.
    """
    number = len(lines.recipient)
    made = Contacts(
        contact=np.full(number, -1, dtype=np.int64),
        send_on=np.full(number, LONG_AGO, dtype=np.int64),
        gap_day=np.full(number, LONG_AGO, dtype=np.int64),
        cap_day=np.full(number, LONG_AGO, dtype=np.int64),
        speaks=np.zeros(number, dtype=bool),
        covered=np.zeros(number, dtype=bool),
    )
    recipients = max(lines.recipient.max(initial=-1), past["recipient"].max() if len(past) else -1) + 1
    last = _last_contacts(past, int(recipients), limits)
    left = _in_turn(lines)
    contacts = 0
    while len(left):
        left, contacts = _round(lines, made, left, last, contacts, limits, working_day)
    return made


def spread(days: pd.DataFrame, days_between: int) -> pd.DataFrame:
    """Return of each recipient's days the first, and then each that is `days_between` after the one before.

    For contacts that are only assumed: those in between would have joined the one before. `days`: recipient
    and day.
    """
    days = days.drop_duplicates().sort_values(["recipient", "day"], ignore_index=True)
    recipient = days["recipient"].to_numpy(dtype=np.int64)
    origin = int(days["day"].min()) if len(days) else 0
    span = int(days["day"].max()) - origin + days_between + 1 if len(days) else 1
    key = recipient * span + days["day"].to_numpy(dtype=np.int64) - origin
    at = np.flatnonzero(np.diff(recipient, prepend=-1))
    kept = [at]
    while len(at):
        following = np.searchsorted(key, key[at] + days_between)
        inside = following < len(key)
        at, following = at[inside], following[inside]
        at = following[recipient[following] == recipient[at]]
        kept.append(at)
    return days.iloc[np.sort(np.concatenate(kept))]


def _round(
    lines: Lines,
    made: Contacts,
    left: Ints,
    last: Ints,
    contacts: int,
    limits: Contact,
    working_day: WorkingDay,
) -> tuple[Ints, int]:
    """Plan the next contact of every recipient with lines left; return what is left then, and how many."""
    recipient = lines.recipient[left]
    start = np.flatnonzero(np.diff(recipient, prepend=-1))
    size = np.diff(np.append(start, len(left)))
    leader, who = left[start], recipient[start]
    gap_day = last[who, -1] + limits.days_between
    cap_day = last[who, 0] + (limits.within_days if _is_capped(limits) else 0)
    possible = np.maximum(np.maximum(lines.wanted[leader], gap_day), cap_day)
    day = working_day(who, lines.with_creditor[leader], possible)

    on = np.repeat(day, size)
    ready = lines.wanted[left] <= on
    soon = (lines.wanted[left] <= on + limits.bundle_days) & (lines.before_due[left] | (lines.due[left] < on))
    mine = lines.bundle[left] == np.repeat(lines.bundle[leader], size)
    owed = np.where(lines.before_due[left], np.maximum(on, lines.due[left] + 1), on) >= lines.net_from[left]
    goes = mine & (ready | soon) & owed & (lines.latest[left] >= on)
    # the line that speaks may need a working day of the creditor, which its leader did not
    speaker = _first_highest(goes, lines.level[left], start)
    sends = speaker >= 0
    day[sends] = working_day(who[sends], lines.with_creditor[left[speaker[sends]]], day[sends])
    on = np.repeat(day, size)
    goes &= lines.latest[left] >= on
    goes &= np.repeat(np.logical_or.reduceat(goes & ready, start), size)
    speaker = _first_highest(goes, lines.level[left], start)
    sends = speaker >= 0
    dropped = mine & ready & ~goes & (~owed | (lines.latest[left] < on))

    number = np.cumsum(sends) - 1 + contacts
    settled = goes | dropped
    rows = left[settled]
    made.contact[left[goes]] = np.repeat(number, size)[goes]
    made.send_on[rows] = on[settled]
    made.gap_day[rows] = np.repeat(gap_day, size)[settled]
    made.cap_day[rows] = np.repeat(cap_day, size)[settled]
    made.speaks[left[speaker[sends]]] = True
    made.covered[left[dropped & ~owed]] = True
    last[who[sends]] = np.column_stack([last[who[sends], 1:], day[sends]])
    return left[~settled], contacts + int(sends.sum())


def _in_turn(lines: Lines) -> Ints:
    """The lines of each recipient together, in the order in which they are served."""
    keys = (lines.rank, lines.due, -lines.level, lines.wanted, ~lines.first, lines.recipient)
    return np.lexsort(keys).astype(np.int64)


def _first_highest(among: Bools, level: Ints, start: Ints) -> Ints:
    """Position of the first line with the highest level in each group, -1 where there is none."""
    place = np.arange(len(level))
    # levels are under 100, so one number orders by level first and then by place
    score = np.where(among, level * len(level) + (len(level) - 1 - place), -1)
    best = np.maximum.reduceat(score, start)
    return np.where(best < 0, -1, len(level) - 1 - best % len(level))


def _is_capped(limits: Contact) -> bool:
    """With a contact a day at most, more than the window has days can never be made in it."""
    return limits.most_contacts < limits.within_days


def _last_contacts(past: pd.DataFrame, recipients: int, limits: Contact) -> Ints:
    """Recipients x contacts: the days of the last ones, in order, as many as the cap speaks of."""
    width = limits.most_contacts if _is_capped(limits) else 1
    last = np.full((recipients, width), LONG_AGO, dtype=np.int64)
    days = past[["recipient", "day"]].drop_duplicates().sort_values(["recipient", "day"])
    who, day = (days[column].to_numpy(dtype=np.int64) for column in ("recipient", "day"))
    ends = np.append(np.flatnonzero(np.diff(who)), len(who) - 1) if len(who) else np.zeros(0, np.int64)
    from_end = np.repeat(ends, np.diff(ends, prepend=-1)) - np.arange(len(who))
    recent = from_end < width
    last[who[recent], width - 1 - from_end[recent]] = day[recent]
    return last
