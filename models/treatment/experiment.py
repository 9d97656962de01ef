"""The randomised reminder day: which paying group is in which arm of an experiment.

A group, not a debtor, is drawn: companies that pay together would give each other's arms away, and one
contact bundles the items of several of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ConfigurationError
from models.treatment.policy import Experiment

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

AS_PLANNED = "as_planned"
"""The arm of the groups whose reminder day stays as it is."""

FOLLOWED_DAYS = 30
"""Days past due that an invoice is followed, and as many more as the latest arm comes later.

Whoever responds to a friendly reminder has paid by then. Twice as many were tried on simulated experiments:
the effect was the same, and its interval half as wide again.
"""

NEVER_SEGMENTS = ("INSOLVENT", "EXCLUDED")

_TOWARDS = ("payer_id", "dunning_recipient_id")


def arms(debtors: pd.DataFrame, customers: pd.DataFrame, experiment: Experiment | None) -> pd.DataFrame:
    """Return each debtor's place in the experiment, indexed as `debtors`.

    Columns: group (who pays together, see `paying_groups`), arm (`<experiment>/<arm>`, empty outside),
    propensity (the probability of that arm, NaN outside), shift_days (0 as planned and outside).
    `share` of the groups is split evenly over the arms, the others are `as_planned`: they too are in the
    experiment, with the propensity of staying as they are. An arm of 0 days is as planned too.
    A group's place is a hash of the experiment's name and the group: the same in every run, whatever other
    debtors there are; a larger share moves groups only into the arms or between them. A group stays outside
    when one of its debtors is not `eligible`.

    debtors: of `models.treatment.treatments.who`. customers: of `models.facts.customers_on`.
    """
    group = paying_groups(debtors.index, customers)
    table = pd.DataFrame(
        {"group": group, "arm": "", "propensity": np.nan, "shift_days": 0}, index=debtors.index
    )
    table["arm"] = table["arm"].astype("str")
    if experiment is None:
        return table
    outside = set(group[~eligible(debtors, customers)])
    inside = ~group.isin(outside).to_numpy()
    names, share_of = sorted(experiment.arms), shares(experiment)
    arm_of = [*(name if experiment.arms[name] else AS_PLANNED for name in names), AS_PLANNED]
    shift_of = {AS_PLANNED: 0, **experiment.arms}
    of_group = {one: _place(experiment, one, len(names)) for one in sorted(set(group[inside]))}
    place = group[inside].map(of_group).to_numpy(dtype=np.int64)
    table.loc[inside, "arm"] = np.array([label(experiment, arm) for arm in arm_of])[place]
    table.loc[inside, "propensity"] = np.array([share_of[arm] for arm in arm_of])[place]
    table.loc[inside, "shift_days"] = np.array([shift_of[arm] for arm in arm_of])[place]
    return table


def shares(experiment: Experiment) -> dict[str, float]:
    """Return the share of the groups in `as_planned` and in each arm that moves the day, in order of names.

    They sum to 1. ConfigurationError when an arm is called as those that stay as planned.
    """
    if AS_PLANNED in experiment.arms:
        raise ConfigurationError(
            f"experiment {experiment.name}: `{AS_PLANNED}` is the name of those whose day stays; "
            "call the arm otherwise"
        )
    moving = [name for name in sorted(experiment.arms) if experiment.arms[name] != 0]
    each = experiment.share / len(experiment.arms)
    return {AS_PLANNED: 1 - each * len(moving), **dict.fromkeys(moving, each)}


def horizon_days(experiment: Experiment) -> int:
    """Return the days past due after which an invoice is judged, paid or not."""
    return FOLLOWED_DAYS + max(0, *experiment.arms.values())


def label(experiment: Experiment, arm: str) -> str:
    """Return how an arm is called on actions and contacts: names of arms come back in later experiments."""
    return f"{experiment.name}/{arm}"


def eligible(debtors: pd.DataFrame, customers: pd.DataFrame) -> Flags:
    """Return which debtors may be in an experiment: no public body, key account, legal or insolvent one.

    Nor one whose segment is not reminded at all.
    """
    known = customers.reindex(debtors.index)
    never = (debtors["legal_kind"] == "public") | debtors["key_account"].astype(bool)
    never |= known["legal_on"].notna() | known["insolvent_on"].notna()
    never |= debtors["segment"].isin(NEVER_SEGMENTS)
    allowed: Flags = ~never.to_numpy(dtype=bool)
    return allowed


def paying_groups(debtors: pd.Index, customers: pd.DataFrame) -> pd.Series:
    """Return the group each debtor pays with, indexed as `debtors`.

    That is the `group` of the debtor, else the group of whoever pays for it, else of whoever gets its
    reminders, and so on along the chain; at its end the debtor there. A ring is named by its first id.
    """
    named = _filled(customers["group"])
    towards: dict[str, str] = {}
    for column in reversed(_TOWARDS):
        towards |= _filled(customers[column])
    ends = {debtor: _end(debtor, named, towards) for debtor in debtors.unique()}
    return pd.Series(debtors.map(ends), index=debtors, dtype="str", name="group")


def _end(debtor: str, named: Mapping[str, str], towards: Mapping[str, str]) -> str:
    """Follow one debtor's chain to its end."""
    seen: list[str] = []
    while debtor not in named and towards.get(debtor, debtor) != debtor:
        if debtor in seen:
            return min(seen[seen.index(debtor) :])
        seen.append(debtor)
        debtor = towards[debtor]
    return named.get(debtor, debtor)


def _filled(column: pd.Series) -> dict[str, str]:
    known = column[column.notna() & (column != "")]
    return {str(debtor): str(value) for debtor, value in known.items()}


def _place(experiment: Experiment, group: str, arms: int) -> int:
    """Return the position of the group's arm, `arms` for as planned."""
    drawn = int.from_bytes(sha256(f"{experiment.name}\n{group}".encode()).digest()[:8]) / 2**64
    return min(int(drawn / experiment.share * arms), arms) if drawn < experiment.share else arms


def as_told(place: pd.DataFrame, told: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return `arms` corrected by what actions and contacts said, and how many groups were left out for it.

    told: customer_id, arm and propensity of this experiment. A group that is outside today but was drawn when
    it still could be, counts in the arm it was told. One that was told two arms, or another than the
    experiment gives it today, is left out: the experiment was changed while it ran.
    """
    place = place.copy()
    rows = told.assign(group=told["customer_id"].map(place["group"])).dropna(subset=["group"])
    now = place.drop_duplicates("group").set_index("group")[["arm", "propensity"]]
    first = rows.drop_duplicates("group").set_index("group")[["arm", "propensity"]]
    today = now.loc[first.index].where(now.loc[first.index, "arm"] != "", first)
    rows = rows.join(today, on="group", rsuffix="_today")
    agrees = (rows["arm"] == rows["arm_today"]) & np.isclose(rows["propensity"], rows["propensity_today"])
    changed = set(rows.loc[~agrees, "group"])
    back = place["group"].isin(set(first.index) - changed) & (place["arm"] == "")
    gone = place["group"].isin(changed)
    for column, outside in (("arm", ""), ("propensity", np.nan)):
        place[column] = place[column].mask(back, place["group"].map(first[column])).mask(gone, outside)
    return place, len(changed)
