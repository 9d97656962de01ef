"""Does the interval of an experiment cover the true effect of the reminder day, and what does counting say?

    python tests/benchmarks/experiment_truth.py --experiments 200

Each experiment is a new portfolio in which reminders act: a year of history without any, then half a year in
which every invoice open on its due day gets one reminder, 3 days past due or, in the arm, 10. Both potential
outcomes of each invoice are known, so the true effect is too: the mean difference of the days to pay over
these invoices. Prints how often each 95 % interval covers it, its width, and beside it what a regression of
days to pay on the count of reminders says where reminders were not made by lot.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.simulated_debtors import make_debtors
from features.simulated_payments import issue_invoices, pay_days, working_day
from features.simulated_reminders import (
    first_reminders,
    historic_reminders,
    reminded_pay_days,
    response,
)
from models.treatment.experiment import AS_PLANNED, FOLLOWED_DAYS, arms, label
from models.treatment.experiment_size import first_of_group
from models.treatment.policy import Experiment
from models.treatment.treatment_effect import effects

Ints = npt.NDArray[np.int64]

FIRST, START, LAST = 19_000, 19_365, 19_545
"""First day, day on which the experiment starts, last due day."""

PLANNED, SHIFT = 3, 7
HORIZON = FOLLOWED_DAYS + SHIFT
FEATURES = ("log_amount", "term", "mean_days_late", "late_share", "invoices", "spread_days_late")


class Drawn(NamedTuple):
    """One simulated experiment: its judged invoices, and the true effect over them."""

    rows: pd.DataFrame
    true_days: float


def draw(seed: int, *, debtors: int = 2500, invoices: int = 25_000, share: float = 0.5) -> Drawn:
    """Return one experiment with one arm, SHIFT days later than PLANNED; two debtors in five pay in pairs."""
    people, issuing, paying, responding = np.random.default_rng([seed, 40]).spawn(4)
    debtor = make_debtors(people, debtors, FIRST, LAST)
    item = issue_invoices(issuing, debtor, invoices, FIRST, LAST)
    item["pay_on"] = pay_days(paying, debtor, item, FIRST)
    luck = response(responding, debtor, item)
    experiment = Experiment(name=f"draw {seed}", share=share, arms={"later": SHIFT})
    place = arms(*_master_data(debtor), experiment).reset_index(drop=True)

    due = item["due"].to_numpy()
    sooner, later = (
        _days(item, reminded_pay_days(debtor, item, luck, working_day(due + days)))
        for days in (PLANNED, PLANNED + SHIFT)
    )
    inside = (due >= START) & (due <= LAST) & (item["pay_on"].to_numpy() > due)
    rows = item.join(place, on="debtor").join(_history(item), on="debtor")
    rows = rows.assign(
        days=np.where(rows["arm"] == label(experiment, "later"), later, sooner).astype(np.float64),
        arm=rows["arm"].str.removeprefix(f"{experiment.name}/"),
        log_amount=np.log(rows["cents"]),
        term=rows["due"] - rows["issued"],
    )
    rows = rows.assign(due_on=due, invoice_id=np.arange(len(rows)), true=later - sooner)
    judged = first_of_group(rows[inside])
    return Drawn(judged, float(judged["true"].mean()))


def naive(seed: int, *, debtors: int = 800, invoices: int = 12_000) -> dict[str, float]:
    """Return days to pay per further reminder by regression on their count, and what a reminder truly does.

    In a history where late payers are reminded more and earlier. true: mean over the reminded invoices of the
    days with the reminder less those without.
    """
    people, issuing, paying, responding, reminding = np.random.default_rng([seed, 41]).spawn(5)
    debtor = make_debtors(people, debtors, FIRST, LAST)
    item = issue_invoices(issuing, debtor, invoices, FIRST, LAST)
    item["pay_on"] = pay_days(paying, debtor, item, FIRST)
    plan = historic_reminders(reminding, debtor, item)
    first = first_reminders(plan, len(item))
    paid = reminded_pay_days(debtor, item, response(responding, debtor, item), first)
    made = plan[plan["day"].to_numpy() <= paid[plan["item"].to_numpy()]]
    count = np.bincount(made["item"], minlength=len(item))
    with_reminder, without = _days(item, paid), _days(item, item["pay_on"].to_numpy())
    reminded = first < item["pay_on"].to_numpy()
    own = _history(item).reindex(item["debtor"])["mean_days_late"].fillna(0.0).to_numpy()
    adjusted = np.linalg.lstsq(
        np.column_stack([count, own, np.ones(len(item))]), with_reminder.astype(float), rcond=None
    )[0]
    return {
        "true": float((with_reminder - without)[reminded].mean()),
        "naive": float(np.polyfit(count, with_reminder, 1)[0]),
        "naive_with_history": float(adjusted[0]),
    }


def campaign(experiments: int, **size: float) -> pd.DataFrame:
    """Return one row per experiment and estimate: true, value, low, high, covers."""
    found = []
    for seed in range(experiments):
        rows, true_days = draw(seed, **size)
        told = effects(rows, FEATURES, control=AS_PLANNED, seed=seed)["later"]
        for estimate in ("weighted", "doubly_robust"):
            found.append({"seed": seed, "estimate": estimate, "true": true_days, **told[estimate]})
    table = pd.DataFrame(found)
    return table.assign(covers=(table["low"] <= table["true"]) & (table["true"] <= table["high"]))


def _days(item: pd.DataFrame, paid: Ints) -> Ints:
    return np.clip(paid - item["due"].to_numpy(), 0, HORIZON)


def _master_data(debtor: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return debtors and customers as `arms` takes them: of every ten debtors four pay in pairs."""
    number = np.arange(len(debtor))
    ids = pd.Index(debtor["customer_id"], name="customer_id")
    group = np.where(number % 10 < 4, np.char.add("G", (number // 2).astype(str)), "")
    people = pd.DataFrame({"segment": "B", "legal_kind": "business", "key_account": False}, index=ids)
    empty = dict.fromkeys(("payer_id", "dunning_recipient_id", "legal_on", "insolvent_on"))
    return people, pd.DataFrame({"group": group, **empty}, index=ids)


def _history(item: pd.DataFrame) -> pd.DataFrame:
    """Return per debtor what was known of it when the experiment started."""
    settled = item[item["pay_on"] < START]
    late = (settled["pay_on"] - settled["due"]).groupby(settled["debtor"])
    return pd.DataFrame(
        {
            "mean_days_late": late.mean(),
            "late_share": late.agg(lambda days: float((days > 0).mean())),
            "invoices": late.size().astype(float),
            "spread_days_late": late.std(),
        }
    )


def main() -> None:
    """Print coverage, width and bias per estimate, and the naive regression beside the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=200)
    asked = parser.parse_args()
    table = campaign(asked.experiments)
    print(f"{asked.experiments} experiments, true effect {table['true'].mean():+.2f} days to pay on average")
    for estimate, rows in table.groupby("estimate", sort=False):
        error, width = (rows["value"] - rows["true"]).mean(), ((rows["high"] - rows["low"]) / 2).mean()
        covers = rows["covers"].mean()
        print(f"{estimate:14} covers {covers:6.1%}  mean error {error:+.3f}  half width {width:.2f}")
    counted = pd.DataFrame([naive(seed) for seed in range(20)]).mean()
    print("a reminder, 20 histories, days to pay: " + ", ".join(f"{k} {v:+.1f}" for k, v in counted.items()))


if __name__ == "__main__":
    main()
