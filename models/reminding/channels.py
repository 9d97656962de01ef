"""Who gets a contact, and how: the debtor that is written to, its contact person, channel and language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.facts import Facts, customers_on, dunning_recipients, is_true
from models.positions import positions
from models.treatment.policy import Channel, Policy
from models.treatment.policy_tables import step_table

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CHANNELS: tuple[str, ...] = get_args(Channel)

CALL = "call"

FIRST_ROLE = "accounts_payable"
"""The contact person written to first; then those with the lowest recipient_id."""

PREFERRED = {"email": "email", "e-mail": "email", "post": "letter", "letter": "letter", "phone": "call"}
"""What `customers.channel` says, in the words of a policy."""

NEEDS = {"email": "email", "call": "phone"}
"""The address that a channel needs; a postal address is taken for known."""

WITH_CREDITOR = ("letter", "call", "registered_letter", "agency")
"""Channels that somebody at the creditor's works on, on a working day there."""


@dataclass(frozen=True)
class Readers:
    """The debtors that are written to.

    ids: their customer_id, sorted. recipients: see `dunning_recipients`. persons: recipient_id and language
    of contact persons. first: readers x `CHANNELS`, the person for that channel (a row of `persons`), -1
    for nobody. reachable: readers x `CHANNELS`. preferred: the channel that each prefers, -1 for none.
    """

    ids: pd.Index
    recipients: pd.Series
    persons: pd.DataFrame
    first: Ints
    reachable: Bools
    preferred: Ints

    def of(self, customer_id: pd.Series) -> Ints:
        """Return the number of the reader of each row's debtor, -1 where that is none of these."""
        return positions(_reader(customer_id, self.recipients), self.ids)


def find_readers(customer_id: pd.Series | pd.Index, facts: Facts, day: date) -> Readers:
    """Return who is written to for these debtors: the dunning recipient, else the debtor.

    An e-mail goes to a person with an e-mail address, a call to one with a telephone number, the rest to
    anybody who may be contacted. A ledger without contact persons knows no addresses at all: then everybody
    can be reached by every channel.
    """
    customers = customers_on(facts.customers, day)
    recipients = dunning_recipients(customers)
    ids = pd.Index(_reader(pd.Index(customer_id).unique(), recipients), dtype="str").unique().sort_values()
    persons, first = _persons(facts.contact_persons, ids)
    reachable = np.ones(first.shape, dtype=bool)
    if len(facts.contact_persons):
        for channel in NEEDS:
            reachable[:, CHANNELS.index(channel)] = first[:, CHANNELS.index(channel)] >= 0
    wish = customers["channel"].str.lower().map(PREFERRED)
    number = wish.map({channel: at for at, channel in enumerate(CHANNELS)}).fillna(-1).to_numpy(np.int64)
    preferred = np.append(number, -1)[positions(ids, customers.index)]
    return Readers(ids, recipients, persons, first, reachable, preferred)


def _reader(customer_id: pd.Series | pd.Index, recipients: pd.Series) -> pd.Series:
    """The debtor that is written to for each of these."""
    own = pd.Series(np.asarray(customer_id, dtype=object), dtype="str")
    at = positions(own, recipients.index)
    other: pd.Series = recipients.reset_index(drop=True).reindex(at).astype("str").reset_index(drop=True)
    return other.fillna(own)


def _persons(persons: pd.DataFrame, ids: pd.Index) -> tuple[pd.DataFrame, Ints]:
    """The persons that may be contacted in their order, and the first of each reader for each channel."""
    reader = positions(persons["customer_id"], ids)
    free = (reader >= 0) & ~is_true(persons["do_not_contact"]).to_numpy()
    listed = persons.assign(reader=reader, later=persons["role"] != FIRST_ROLE)[free]
    listed = listed.sort_values(["reader", "later", "recipient_id"], kind="stable", ignore_index=True)
    first = np.full((len(ids), len(CHANNELS)), -1, dtype=np.int64)
    for number, channel in enumerate(CHANNELS):
        address = NEEDS.get(channel)
        able = listed[listed[address].fillna("") != ""] if address else listed
        able = able.drop_duplicates("reader")
        first[able["reader"], number] = able.index
    return listed[["recipient_id", "language"]], first


def choose_channels(readers: Readers, policy: Policy) -> tuple[Ints, Ints]:
    """Return for each reader and row of `step_table` the channel taken, and the one that was wanted in vain.

    Both are readers x steps, numbers of `CHANNELS`. The channel that the reader prefers comes first, if it is
    one of the step's and the step is not meant as a call, then those of the step in order; taken is the first
    by which the reader can be reached. Where there is none, the first was wanted in vain (-1 elsewhere), and
    the policy's fallback for it is taken, if that can reach the reader; else it stays the first.
    """
    steps = step_table(policy)
    shape = len(readers.ids), len(steps)
    taken, in_vain = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    every = np.arange(shape[0])
    fallback = np.array(
        [CHANNELS.index(policy.contact.fallback.get(name, name)) for name in get_args(Channel)]
    )
    for step, names in enumerate(steps["channels"]):
        order = [CHANNELS.index(name) for name in names]
        prefers = np.isin(readers.preferred, order) & (names[0] != CALL)
        first = np.where(prefers, readers.preferred, order[0])
        found = np.where(readers.reachable[every, first], first, -1)
        for channel in order:
            found = np.where((found < 0) & readers.reachable[:, channel], channel, found)
        instead = np.where(readers.reachable[every, fallback[first]], fallback[first], first)
        taken[:, step] = np.where(found < 0, instead, found)
        in_vain[:, step] = np.where(found < 0, first, -1)
    return taken, in_vain


def missing_addresses(readers: Readers, reader: Ints, taken: Ints, in_vain: Ints) -> pd.DataFrame:
    """Return one row per reader and channel that was wanted in vain: customer_id, wanted, taken; sorted.

    `reader`, `taken`, `in_vain`: of each contact (see `choose_channels`). taken is empty where the fallback
    cannot reach the reader either.
    """
    lost = np.unique(np.column_stack([reader, in_vain, taken])[in_vain >= 0], axis=0)
    names = np.array(CHANNELS, dtype=object)
    reached = readers.reachable[lost[:, 0], lost[:, 2]]
    columns = {
        "customer_id": readers.ids.to_numpy(dtype=object)[lost[:, 0]],
        "wanted": names[lost[:, 1]],
        "taken": np.where(reached, names[lost[:, 2]], ""),
    }
    return pd.DataFrame(columns).astype("str")


def persons_of(readers: Readers, reader: Ints, channel: Ints) -> pd.DataFrame:
    """Return recipient_id and language of each contact's person, empty where nobody is known."""
    return readers.persons.reindex(readers.first[reader, channel]).reset_index(drop=True)


def languages(person: pd.Series, debtor: pd.Series, known: Collection[str] | None, default: str) -> pd.Series:
    """Return the language of each contact: the person's, else the debtor's, else the default.

    `known`: the languages that there are messages in, None for any; the others count as not known.
    """

    def usable(language: pd.Series) -> pd.Series:
        code = language.astype("str").str.lower().str[:2]
        return code if known is None else code.where(code.isin(list(known)))

    return usable(person).fillna(usable(debtor)).fillna(default)
