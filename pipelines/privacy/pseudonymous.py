"""Pseudonyms by configuration: the key from the environment, the ledger under it, ids as people type them."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from dataclasses import replace

from features.cleaning import Cleaned, stranger_words
from features.contracts import LEDGER_TABLES
from features.errors import ConfigurationError
from features.ledger import Ledger
from features.pseudonyms import pseudonym, pseudonymise
from pipelines.settings import Settings


def pseudonym_key(settings: Settings) -> bytes | None:
    """Return the key of the configured environment variable, or None where no pseudonyms are asked for.

    ConfigurationError with the variable's name, never its value, when it is not set or too short.
    """
    variable = settings.privacy.pseudonym_key
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip().encode()
    if not key:
        raise ConfigurationError(
            f"privacy.pseudonym_key names the environment variable {variable}, which is not set.\n"
            f"Set it to the key of the runs before; make a first one with: openssl rand -hex 32"
        )
    try:
        pseudonym("", key)
    except ConfigurationError as error:
        raise ConfigurationError(f"environment variable {variable}: {error}") from None
    return key


def under_pseudonyms(cleaned: Cleaned, key: bytes) -> Cleaned:
    """Return the cleaned ledger and its rejected rows with pseudonyms; no warning quotes a plain id."""
    tables = {name: getattr(cleaned.ledger, name) for name in LEDGER_TABLES}
    hidden = pseudonymise({**tables, "rejected": cleaned.rejected}, key)
    rejected = hidden.pop("rejected")
    ledger = Ledger(**hidden)
    plain = set(stranger_words(cleaned.ledger))
    warnings = [warning for warning in cleaned.warnings if warning not in plain]
    return replace(cleaned, ledger=ledger, rejected=rejected, warnings=(*warnings, *stranger_words(ledger)))


def reported_in_plain(settings: Settings) -> list[str]:
    """Return a warning when what tools reported, which is kept as it came, lies among runs by pseudonyms."""
    folder, output = settings.received_folder, settings.output_folder
    if settings.privacy.pseudonym_key is None or not folder.exists():
        return []
    if not folder.resolve().is_relative_to(output.resolve()):
        return []
    return [
        f"{folder} holds ids and notes as tools reported them, without pseudonyms, within the output folder. "
        "Where others may read that, move the folder elsewhere and say where in received"
    ]


def id_in(customer: str, known: Container[str], settings: Settings) -> str:
    """Return the id under which a debtor is in `known`: as it was given, or else its pseudonym.

    Without pseudonyms it is the id as given. Raises as `pseudonym_key`.
    """
    key = None if customer in known else pseudonym_key(settings)
    return customer if key is None else pseudonym(customer, key)


def renamed(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Return a warning when no debtor of the previous run is in the ledger of this one."""
    left = set(before)
    if not left or not left.isdisjoint(now):
        return []
    return [
        f"none of the {len(left)} debtors of the previous run is in the ledger: every debtor counts as new. "
        "That follows when pseudonyms were switched on or off, or their key was changed"
    ]
