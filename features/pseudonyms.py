"""Ids that nobody can read back without the key: the same id is the same pseudonym in every table.

Where it belongs: on the cleaned ledger, before anything is computed from it. Reasons, hashes and the
comparison with the previous run then speak of pseudonyms too. Applied to the tables of a finished run it
suits handing them on, but such a run cannot be the previous one of a run by plain ids.

A keyed hash, HMAC-SHA256 (RFC 2104), in base32 (RFC 4648): without the key nobody can try out ids, which a
hash alone would allow. 80 of its bits are kept: with a million debtors two are alike with probability 4e-13.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from collections.abc import Mapping

import pandas as pd

from features.contracts import OUTPUT_TABLES
from features.errors import ConfigurationError

SHORTEST_KEY_BYTES = 32
HASH_BYTES = 10
WITHHELD = "withheld"
"""Stands for an address that there is: who can be reached decides which channel is taken."""

DEBTOR, PERSON, HASH = "D-", "P-", "H-"
PREFIXES = {
    **dict.fromkeys(("customer_id", "parent_id", "payer_id", "dunning_recipient_id"), DEBTOR),
    **dict.fromkeys(("recipient_id", "collector", "account_manager", "by", "approved_by"), PERSON),
}
"""Columns of ids, and what their pseudonyms begin with: a debtor 7 and a collector 7 are not the same."""

HASHED = ("action_id", "task_id")
"""Ids of a run that are hashes of a debtor's id without a key. A ledger repeats those that were published."""

NAMES, ADDRESSES = ("name",), ("email", "phone")


def pseudonym(id_: str, key: bytes, prefix: str = DEBTOR) -> str:
    """Return the pseudonym of an id: the prefix and 16 letters and digits.

    ConfigurationError when the key is shorter than 32 bytes.
    """
    if len(key) < SHORTEST_KEY_BYTES:
        raise ConfigurationError(
            f"the key for pseudonyms has {len(key)} bytes, fewer than {SHORTEST_KEY_BYTES}: "
            "somebody could guess it.\nMake one with: openssl rand -hex 32"
        )
    return prefix + b32encode(hmac.digest(key, (prefix + id_).encode(), "sha256")[:HASH_BYTES]).decode()


def pseudonymise(tables: Mapping[str, pd.DataFrame], key: bytes) -> dict[str, pd.DataFrame]:
    """Return the tables of a cleaned ledger or of a run, by name, with pseudonyms in the place of ids.

    Names become empty, addresses that there are become WITHHELD, and empty stays empty. What is already the
    pseudonym of another id of these tables stays: tools report back by the ids that they were given. Rejected
    rows keep their place in the source and the rule that they broke; their key becomes pseudonyms. Numbers of
    invoices and free text stay, and so do the rows and their order. ConfigurationError for a key below 32
    bytes.
    """
    pseudonym("", key)  # refuses a short key also where there are no rows
    ids: dict[str, set[str]] = {}
    for name, table in tables.items():
        for column, prefix in _prefixes(name, table).items():
            ids.setdefault(prefix, set()).update(_present(table[column]))
    said = {prefix: {id_: pseudonym(id_, key, prefix) for id_ in found} for prefix, found in ids.items()}
    for mapped in said.values():
        mapped.update((id_, id_) for id_ in set(mapped.values()) & mapped.keys())
    return {name: _pseudonymous(name, table, key, said) for name, table in tables.items()}


def _prefixes(name: str, table: pd.DataFrame) -> dict[str, str]:
    """Return the table's columns of ids, and what their pseudonyms begin with."""
    known = PREFIXES | (dict.fromkeys(HASHED, HASH) if name in OUTPUT_TABLES else {})
    return {column: prefix for column, prefix in known.items() if column in table}


def _pseudonymous(
    name: str, table: pd.DataFrame, key: bytes, said: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    prefixes = _prefixes(name, table)
    changed = {column: _mapped(table[column], said[prefix]) for column, prefix in prefixes.items()}
    for column in [each for each in NAMES if each in table]:
        changed[column] = table[column].where(table[column].isna(), None)
    for column in [each for each in ADDRESSES if each in table]:
        changed[column] = table[column].mask(_filled(table[column]), WITHHELD)
    if name == "rejected" and len(table):
        debtors = said.get(DEBTOR, {})

        def hidden(part: str) -> str:
            return part and (debtors.get(part) or pseudonym(part, key))

        keys = {one: "|".join(map(hidden, one.split("|"))) for one in _present(table["key"])}
        changed["key"] = _mapped(table["key"], keys)
        changed["reason"] = table["reason"].str.partition(": ")[0]  # after it a value is quoted
    return table.assign(**changed)


def _mapped(ids: pd.Series, said: Mapping[str, str]) -> pd.Series:
    """Return what is said for each id, in the ids' own type; empty stays empty."""
    mapped: pd.Series = ids.astype("str").map(said).astype("str").where(_filled(ids), ids)
    return mapped


def _present(ids: pd.Series) -> list[str]:
    present: list[str] = ids[_filled(ids)].astype("str").unique().tolist()
    return present


def _filled(values: pd.Series) -> pd.Series:
    return values.notna() & (values.astype("str") != "")
