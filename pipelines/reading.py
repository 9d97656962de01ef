"""What every job reads first: the configuration, policy and rules, and the ledger known before a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from features.books import Books
from features.cleaning import Cleaned, read_ledger
from features.errors import DebtscapeError, LedgerError
from features.ledger import Ledger, known_before, newest_fact
from features.reported import reported_tables
from features.settlement import Tolerance, keep_books
from models.segments.delay_tactics import Tactics, read_tactics
from models.segments.rules import Rules, read_rules
from models.treatment.policy import Policy
from models.treatment.policy_file import read_policy
from models.treatment.statutory import Statutory, read_statutory
from pipelines.privacy.pseudonymous import pseudonym_key, under_pseudonyms
from pipelines.receiving.ledger_rows import received_tables
from pipelines.settings import Settings
from pipelines.settings_file import load_settings


@dataclass(frozen=True)
class Reading:
    """One ledger as of one day, with what the user configured.

    `cleaned` is everything that was read, `ledger` only what was known strictly before `as_of`.
    """

    settings: Settings
    policy: Policy
    rules: Rules
    tactics: Tactics
    statutory: Statutory
    cleaned: Cleaned
    ledger: Ledger
    as_of: date
    today: date

    @cached_property
    def books(self) -> Books:
        """The items, movements and closings known before the day."""
        return books_of(self.ledger, self.settings)


def books_of(ledger: Ledger, settings: Settings) -> Books:
    """Return the ledger's items, movements and closings under the configured tolerance."""
    tolerance = Tolerance(settings.settle_tolerance.share, settings.settle_tolerance.amount)
    return keep_books(ledger, tolerance)


def read(config: Path, *, as_of: date | None, today: date) -> Reading:
    """Read configuration, policy, rules and ledger; `as_of` defaults to the day after the newest fact.

    Raises ConfigurationError or LedgerError, each saying where and the way out.
    """
    settings = load_settings(config)
    statutory = read_statutory(settings.statutory_file)
    policy = read_policy(settings.policy_file, statutory)
    rules, tactics = read_rules(settings.rules_file), read_tactics(settings.tactics_file)
    cleaned = read_cleaned(settings, today)
    # What tools report of today says nothing of how far the books are.
    newest = newest_fact(cleaned.ledger, but_for=reported_tables(cleaned.rows_in))
    day = as_of or min(today, newest + timedelta(days=1))
    if day > today:
        raise DebtscapeError(f"--as-of {day} is after today ({today}): nothing is known of that day yet.")
    ledger = known_before(cleaned.ledger, day)
    if ledger.invoices.empty:
        first = cleaned.ledger.invoices["known_on"].min().date()
        raise LedgerError(
            f"no invoice was known before {day}; the first became known on {first}. "
            f"Use --as-of {first + timedelta(days=1)} or later."
        )
    return Reading(settings, policy, rules, tactics, statutory, cleaned, ledger, day, today)


def read_cleaned(settings: Settings, today: date) -> Cleaned:
    """Return the ledger that is configured, cleaned, whatever its day; with pseudonyms where configured.

    What tools have reported up to and including today is part of it.
    """
    key = pseudonym_key(settings)
    cleaned = read_ledger(
        settings.ledger,
        settings.base,
        today=today,
        home_currency=settings.home_currency,
        score_scales={provider: scale.ends for provider, scale in settings.credit_scores.items()},
        reported=received_tables(settings.received_folder, until=today),
    )
    return cleaned if key is None else under_pseudonyms(cleaned, key)


def refuse_stale(reading: Reading) -> None:
    """Raise LedgerError when the newest payment is older than `max_ledger_age_days`.

    For scheduled runs: an old bank file would remind people who have paid.
    """
    payments = reading.ledger.payments
    newest = payments["known_on"].max().date() if len(payments) else None
    allowed = reading.settings.max_ledger_age_days
    if newest is None or (reading.as_of - newest).days > allowed:
        raise LedgerError(
            f"the newest payment is of {newest or 'no day'}, over {allowed} days before {reading.as_of}. "
            "Load the newest bank file, or raise max_ledger_age_days."
        )
