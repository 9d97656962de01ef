"""What `debtscape forget` does: what waits to be taken in and what the ledger knows is searched as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pandas as pd

from features.errors import DebtscapeError
from features.pseudonyms import pseudonym
from pipelines.privacy.forgetting import Forgotten, forget
from pipelines.privacy.pseudonymous import pseudonym_key
from pipelines.reading import read_cleaned
from pipelines.receiving.command import take_in_waiting
from pipelines.receiving.store import kept
from pipelines.settings import Settings


def forget_debtor(settings: Settings, customer: str, *, today: date, now: datetime) -> Forgotten:
    """Erase a debtor, plain id or pseudonym, from all that the configuration names but its sources.

    Files of the drop folder are taken in first, so that what they say of others is kept. The debtor's
    invoices are those of any run and of the ledger as it is read now; `unreached` says where that leaves
    reported disputes of which nobody can tell whose they are. Raises as `forget` and `pseudonym_key`.
    """
    key = pseudonym_key(settings)
    ids = {customer} if key is None else {customer, pseudonym(customer, key)}
    take_in_waiting(settings, now=now)
    try:
        known = read_cleaned(settings, today).ledger.invoices
        trouble = None
    except DebtscapeError as error:
        known = pd.DataFrame({"customer_id": [], "invoice_id": []}, dtype="str")
        trouble = str(error).splitlines()[0]
    done = forget(
        settings.output_folder,
        customer,
        day=today,
        received=settings.received_folder,
        key=key,
        invoices=set(known.loc[known["customer_id"].isin(ids), "invoice_id"]),
    )
    return replace(done, unreached=(*done.unreached, *_disputes_of_nobody(settings, known, trouble)))


def _disputes_of_nobody(settings: Settings, known: pd.DataFrame, trouble: str | None) -> list[str]:
    """Say on how many invoices that the ledger does not know disputes were reported: they name no debtor."""
    named = {fact.content["invoice_id"] for fact in kept(settings.received_folder) if fact.kind == "disputes"}
    strange = len(named.difference(known["invoice_id"]))
    if not strange:
        return []
    why = f"the ledger was not read: {trouble}" if trouble else "they are not in the ledger"
    return [
        f"reported disputes, if they are on its invoices ({strange} cannot be told: {why}); to erase them, "
        "forget it once more while its invoices are in your source files"
    ]
