"""The debtors' segments and situation on a day, for commands that look at them without publishing a run."""

from __future__ import annotations

import pandas as pd

from models.facts import customers_on
from models.treatment.treatments import who
from pipelines.assigning import Assigned
from pipelines.deciding import situation_on
from pipelines.reading import Reading
from pipelines.running import champions, models_of, previous_tables
from pipelines.runs.published_runs import previous_run


def present_segments(reading: Reading) -> tuple[Assigned, tuple[str, ...]]:
    """Return what a run of the day would say of the debtors, and why a champion may not be used."""
    usable, unusable = champions(reading, ["debtor-segments"])
    before = previous_run(reading.settings.output_folder, reading.as_of)
    previous = previous_tables(before) if before else None
    return situation_on(reading, models_of(usable, reading), previous), unusable


def debtors_to_treat(reading: Reading, assigned: Assigned) -> pd.DataFrame:
    """Return the debtors as treatment sees them; see `who`."""
    return who(
        assigned.tables["segments"],
        customers_on(reading.ledger.customers, reading.as_of),
        default_country=reading.settings.default_country,
        default_legal_kind=reading.settings.default_legal_kind,
    )
