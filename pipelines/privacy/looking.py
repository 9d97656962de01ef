"""Looks at debtors: noted where a command shows them, and told."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from typing import Any

from features.errors import PublicationError
from features.pseudonyms import pseudonym
from pipelines.privacy.pseudonymous import pseudonym_key
from pipelines.serving.access_log import ACCESS, AccessLog, person_here
from pipelines.settings import Settings


def note_look(settings: Settings, what: str, customer_ids: Iterable[str], now: datetime) -> list[str]:
    """Note that this computer's user was shown the debtors; return a warning where it cannot be noted.

    Who may read the output folder is shown the debtor all the same: it could read the files themselves.
    """
    try:
        with closing(AccessLog(settings.output_folder / ACCESS)) as log:
            log.note(now, person_here(), what, customer_ids)
    except PublicationError as error:
        return [f"this look was not noted: {error}"]
    return []


def looks(settings: Settings, customer: str | None = None, who: str | None = None) -> dict[str, Any]:
    """Return the looks, newest first, JSON-ready: at this debtor, whatever it was called, and of this reader.

    Raises ConfigurationError without the key of configured pseudonyms, PublicationError when the log cannot
    be read.
    """
    log, ids = AccessLog(settings.output_folder / ACCESS), {customer}
    if customer is not None and (key := pseudonym_key(settings)) is not None:
        ids.add(pseudonym(customer, key))
    found = {look for id_ in ids for look in log.read(customer_id=id_, who=who)}
    return {
        "looks": [
            {
                "at": look.at.isoformat(timespec="seconds"),
                "who": look.who,
                "what": look.what,
                "customer_ids": list(look.customer_ids),
            }
            for look in sorted(found, key=lambda look: (look.at, look.who, look.what), reverse=True)
        ]
    }
