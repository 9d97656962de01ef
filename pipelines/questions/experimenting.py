"""The experiment with reminder days: what it would take, and what it has shown. Changes nothing."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import DebtscapeError, ModelError
from models.facts import customers_on
from models.treatment.experiment import AS_PLANNED, arms, horizon_days, label, shares
from models.treatment.experiment_size import (
    MOST_PER_GROUP,
    days_until,
    detectable_days,
    first_of_group,
    sample_needed,
    spread,
)
from models.treatment.policy import Experiment
from models.treatment.treatment_effect import LEAST_PROPENSITY, unexplained
from pipelines.questions.experiment_outcomes import FEATURES, experiment_rows, judged_invoices, shown_so_far
from pipelines.questions.present_segments import debtors_to_treat, present_segments
from pipelines.reading import Reading, read

EXAMPLE = Experiment(name="example", share=0.2, arms={"as_today": 0, "later": 4})
"""What is shown while the policy has none."""

EFFECT_DAYS = 1.0
"""The effect that the sample is said for when nobody names one."""

RECENT_DAYS = 365
"""The pace at which invoices fall due, and how their payment varies, are taken from so many days."""

PREVIEW_DAYS = (90, 180, 365)
"""After so many days of an experiment it is said which effect can be found."""


def show_experiment(
    config: Path, *, as_of: date | None, today: date, effect_days: float | None = None
) -> dict[str, Any]:
    """Return the experiment's design and what it has shown, JSON-ready. Publishes nothing.

    Without one in the policy the design is that of EXAMPLE, `on` is False and `switch_on` says what to write.
    design: see `design_on`. effects: per arm, see `treatment_effect.effects`, or None and `refused`
    says why not. horizon_days: days past due that an invoice is followed. effect_days: the effect that the
    sample is asked for.
    """
    reading = read(config, as_of=as_of, today=today)
    running = reading.policy.experiment
    experiment = running or EXAMPLE
    horizon = horizon_days(experiment)
    if effect_days is not None and not 0 < effect_days < horizon:
        raise DebtscapeError(
            f"--effect-days {effect_days:g} is not above 0 and below {horizon}, the days of following."
        )
    place = arms_on(reading, experiment)
    judged = judged_invoices(
        reading.books, reading.as_of, experiment, dormant_after_days=reading.settings.dormant_after_days
    )
    recent = _recent(reading, judged, place, horizon)
    result: dict[str, Any] = {
        "as_of": reading.as_of.isoformat(),
        "on": running is not None,
        "horizon_days": horizon,
        "experiment": {"name": experiment.name, "share": experiment.share, "arms": dict(experiment.arms)},
        "design": design_on(experiment, place, recent, reading.as_of, effect_days or EFFECT_DAYS),
        "switch_on": None if running else _switch_on(reading),
        "started_on": None,
        "effects": None,
        "refused": None,
        "warnings": [],
    }
    return result | (shown_so_far(reading, experiment, place, judged) if running else {})


def arms_on(reading: Reading, experiment: Experiment | None) -> pd.DataFrame:
    """Return every debtor's place in the experiment on the day; see `models.treatment.experiment.arms`."""
    assigned, _ = present_segments(reading)
    customers = customers_on(reading.ledger.customers, reading.as_of)
    return arms(debtors_to_treat(reading, assigned), customers, experiment)


def design_on(
    experiment: Experiment, place: pd.DataFrame, recent: pd.DataFrame, day: date, effect_days: float
) -> dict[str, Any]:
    """Return who would be in the experiment and what it could find, from the last year's invoices.

    recent: of `experiment_rows`. groups, debtors: that may be in it. arms: per arm shift_days, share and
    groups drawn. The sample is that of the doubly robust estimate: `explained` is the share of the variance
    that the debtors' history takes away. invoices_needed: see `sample_needed`. days_needed: days of invoices
    falling due at the present pace, and the horizon after the last of them; None where these groups cannot
    find the effect. detectable_days: the smallest effect found after so many days of invoices;
    detectable_at_half: after the longest of them, were half of the groups in one arm and half as planned.
    refused: why the figures are missing, empty where they are not.
    """
    inside = place[place["arm"] != ""]
    split = shares(experiment)
    drawn = inside.drop_duplicates("group")["arm"].value_counts()
    found: dict[str, Any] = {
        "groups": int(drawn.sum()),
        "debtors": len(inside),
        "arms": {
            name: {
                "shift_days": experiment.arms.get(name, 0),
                "share": round(share, 4),
                "groups": int(drawn.get(label(experiment, name), 0)),
            }
            for name, share in split.items()
        },
        "effect_days": effect_days,
        "refused": "",
    }
    rows = recent.dropna(subset=["days"])
    counted = first_of_group(rows)
    try:
        plain = spread(counted["days"], counted["group"])
        known = spread(unexplained(counted, FEATURES), counted["group"])
        if split[AS_PLANNED] < LEAST_PROPENSITY:
            raise ModelError(
                "nobody stays as planned to compare with: name an arm of 0 days, or lower the share"
            )
    except ModelError as error:
        return found | {"refused": str(error)}
    window = max(1, (pd.Timestamp(day - timedelta(horizon_days(experiment))) - rows["due_on"].min()).days)
    pace = rows.groupby("group").size().to_numpy(np.float64) / window
    parts = {"arm": experiment.share / len(experiment.arms), "control": split[AS_PLANNED]}
    needed = days_until(effect_days, pace, known, **parts)
    sizes = {days: np.minimum(pace * days, float(MOST_PER_GROUP)) for days in PREVIEW_DAYS}
    at_half = detectable_days(sizes[PREVIEW_DAYS[-1]], known, arm=0.5, control=0.5)
    return found | {
        "sd_days": round(plain.sd, 2),
        "explained": round(1 - (known.sd / plain.sd) ** 2, 3) if plain.sd else None,
        "correlation": round(known.icc, 3),
        "invoices_a_month": round(float(pace.sum()) * 30, 1),
        "invoices_needed": math.ceil(sample_needed(effect_days, known, **parts)),
        "days_needed": None if needed is None else needed + horizon_days(experiment),
        "detectable_days": {
            str(days): round(detectable_days(size, known, **parts), 2) for days, size in sizes.items()
        },
        "detectable_at_half": round(at_half, 2),
    }


def _recent(reading: Reading, judged: pd.DataFrame, place: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Return the judged invoices of RECENT_DAYS, with what was known of their debtors before all of them."""
    first = pd.Timestamp(reading.as_of - timedelta(horizon + RECENT_DAYS))
    recent = judged[judged["due_on"] >= first]
    return experiment_rows(reading, recent, place, recent["due_on"].min())


def _switch_on(reading: Reading) -> str:
    arm_list = ", ".join(f"{name}: {shift}" for name, shift in EXAMPLE.arms.items())
    return (
        f"write in {reading.settings.policy_file}: experiment: {{name: spring, share: {EXAMPLE.share:g}, "
        f"arms: {{{arm_list}}}}}"
    )
