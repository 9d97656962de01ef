"""What an experiment has shown so far: who was drawn, what is judged by now, and the effect."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.books import Books
from features.errors import ModelError, PublicationError
from features.outcomes import landmarks, outcomes
from features.payment_history import debtor_features
from models.treatment.experiment import AS_PLANNED, as_told, horizon_days, label
from models.treatment.experiment_size import first_of_group
from models.treatment.policy import Experiment
from models.treatment.treatment_effect import effects, restricted_days
from pipelines.reading import Reading
from pipelines.runs.published_runs import all_runs, read_table

MOST_CHANGED = 0.05
"""Share of the groups told another arm than they have today above which there is no estimate."""

HISTORY = (
    "mean_days_late",
    "median_days_late_last_10",
    "decayed_days_late",
    "std_days_late_365d",
    "late_share_365d",
    "settled_invoices",
    "overdue_share",
)
"""Figures of the debtor on the day on which the experiment began: later ones would know of the arm."""

FEATURES = (*HISTORY, "log_amount", "term_days")
"""What the doubly robust estimate knows of an invoice."""


def judged_invoices(
    books: Books, day: date, experiment: Experiment, *, dormant_after_days: int
) -> pd.DataFrame:
    """Return the invoices that were open on their due day, more than the horizon before `day`.

    No arm moves a reminder to the due day or before it; who was open later was picked by the reminder itself.
    Columns invoice_id, customer_id, due_on, days (see `restricted_days`; NaN where closed otherwise),
    log_amount, term_days.
    """
    horizon = horizon_days(experiment)
    points = landmarks(books, issued_from=None, before=day - timedelta(horizon))
    points = points[points["landmark"] == "due"]
    rows = outcomes(books, points, until=day, dormant_after_days=dormant_after_days)
    item = books.find_items(rows["invoice_id"])
    items = books.items
    return rows[["invoice_id", "customer_id", "due_on"]].assign(
        days=restricted_days(rows["days_late"], rows["event"], horizon=horizon),
        log_amount=np.log(items.amount[item] / items.units[item]),
        term_days=(items.first_due - items.issued)[item],
    )


def shown_so_far(
    reading: Reading, experiment: Experiment, place: pd.DataFrame, judged: pd.DataFrame
) -> dict[str, Any]:
    """Return started_on, effects or refused, and warnings of a running experiment."""
    told, warnings = told_arms(reading, experiment)
    if told.empty:
        return {
            "refused": f"nothing to judge yet: no action of a run and no contact carries an arm of "
            f"{experiment.name}",
            "warnings": warnings,
        }
    start = told["on"].min()
    place, changed = as_told(place, told)
    if changed:
        warnings.append(f"{changed} paying groups were told another arm than they have today: left out")
    result: dict[str, Any] = {"started_on": f"{start:%Y-%m-%d}", "warnings": warnings}
    if changed > MOST_CHANGED * place.loc[place["arm"] != "", "group"].nunique():
        why = f"experiment {experiment.name} was changed while it ran; give the changed one another name"
        return result | {"refused": why}
    rows = judged[judged["due_on"] >= start]
    if rows.empty:
        horizon = horizon_days(experiment)
        first = start + pd.Timedelta(days=horizon + 1)
        why = f"too early: an invoice is judged {horizon} days past due, the first from {first:%Y-%m-%d}"
        return result | {"refused": why}
    rows = experiment_rows(reading, rows, place, start)
    otherwise = int(rows["days"].isna().sum())
    if otherwise:
        warnings.append(f"{otherwise} invoices were closed without payment, such as by a credit: left out")
    try:
        found = effects(
            first_of_group(rows.dropna(subset=["days"])),
            FEATURES,
            control=label(experiment, AS_PLANNED),
        )
    except ModelError as error:
        return result | {"refused": str(error)}
    prefix = label(experiment, "")
    return result | {"effects": {arm.removeprefix(prefix): figures for arm, figures in found.items()}}


def told_arms(reading: Reading, experiment: Experiment) -> tuple[pd.DataFrame, list[str]]:
    """Return what contacts and the actions of the runs so far said: customer_id, arm, propensity, on.

    And warnings: of runs that cannot be read, and where only contacts speak.
    """
    prefix = label(experiment, "")
    columns = ["customer_id", "arm", "propensity", "on"]
    contacts = reading.ledger.contact_history.rename(columns={"contacted_on": "on"})
    said, unread = [contacts[columns]], 0
    for run in all_runs(reading.settings.output_folder):
        if run.as_of <= reading.as_of:
            try:
                actions = read_table(run, "actions").assign(on=pd.Timestamp(run.as_of).as_unit("s"))
                said.append(actions[columns])
            except PublicationError:
                unread += 1
    said = [table[table["arm"].fillna("").str.startswith(prefix)] for table in said]
    warnings = [f"{unread} earlier runs cannot be read: their arms are not counted"] if unread else []
    if len(said[0]) and all(table.empty for table in said[1:]):
        warnings.append("no published run tells of the experiment: it began with the first contact, so taken")
    told = pd.concat(said, ignore_index=True).sort_values(columns[::-1], kind="stable")
    return told.drop_duplicates(columns[:3]).reset_index(drop=True), warnings


def experiment_rows(
    reading: Reading, judged: pd.DataFrame, place: pd.DataFrame, start: pd.Timestamp
) -> pd.DataFrame:
    """Return the judged invoices of drawn debtors, with group, arm, propensity, FEATURES of `start`."""
    inside = place.loc[place["arm"] != "", ["group", "arm", "propensity"]]
    rows = judged.join(inside, on="customer_id", how="inner").reset_index(drop=True)
    who = pd.Series(sorted(set(rows["customer_id"])), dtype="str")
    points = pd.DataFrame({"customer_id": who, "day": pd.Series(start, who.index, "datetime64[s]")})
    known = debtor_features(
        reading.books,
        points,
        late_after_days=reading.settings.late_after_days,
        workers=reading.settings.workers,
    )
    known = known[list(HISTORY)].set_axis(pd.Index(points["customer_id"]))
    return rows.join(known, on="customer_id")
