"""Does the day of a reminder bring money in earlier, at the same number of contacts?

    python tests/benchmarks/reminder_timing.py --seeds 20

Simulated portfolios in which reminders really act. A predictor learns from the past; then each invoice that
is open on its due day in the last months gets one friendly reminder, on a day that fixed, shifted or optimal
timing chooses from what was known. What really happens is read from the simulator's potential outcomes, with
the same luck for every timing. Only that is the truth: the effect that optimal timing believes in stays the
policy's assumption, and what reminding costs is multiplied by the factor at which it would have made as many
contacts as the timing it is compared with in the months before, as the ledger knows them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from features.ledger import Ledger, known_before, make_ledger
from features.open_items import closings
from features.outcomes import landmarks
from features.simulate import Portfolio, simulate
from features.simulated_debtors import NEVER
from features.simulated_payments import working_day
from features.simulated_reminders import reminded_pay_days
from models.payment.payment_sketch import PaymentSketch, sketch
from models.reminding.habits import payment_habits
from models.reminding.optimal_timing import expected_contacts, optimal_days
from models.reminding.shifts import shifts
from models.treatment.policy import Optimal, Policy
from models.treatment.policy_file import read_policy
from pipelines.learning.folds import Predictor, became_of, payment_time, rows_at, rule, training_rows
from pipelines.reading import books_of
from pipelines.settings import Settings
from pipelines.settings_file import parse_settings

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

END = date(2026, 1, 1)
MONTHS_REHEARSED, MONTHS_JUDGED = 5, 5
DECIDED = timedelta(days=35)
"""By then whatever day was chosen has come, so that the months rehearsed on count all contacts."""

FIXED_DAYS_AFTER_DUE = 3


@dataclass(frozen=True)
class Invoices:
    """Invoices open on their due day, with what was then predicted; day numbers from 1970.

    item: the position among the simulated items. open_until: days after due on which it was last seen open,
    as known at the end of its months.
    """

    item: Ints
    due: Ints
    customer_id: pd.Series
    amount: Floats
    curve: PaymentSketch
    open_until: Ints


def plan_and_judge(
    seed: int, *, debtors: int = 400, months: int = 24, model: str = "payment_time"
) -> pd.DataFrame:
    """Return one row per timing: contacts really made, mean days to pay, plain and by amount."""
    policy = read_policy(Path(__file__).resolve().parents[2] / "configs" / "policy.yaml")
    portfolio = simulate(debtors=debtors, months=months, seed=seed, end=END, reminders="effective")
    ledger, settings = ledger_of(portfolio), settings_of(seed)
    learned, cutoff = months_before(MONTHS_REHEARSED + MONTHS_JUDGED), months_before(MONTHS_JUDGED)
    predictor = rule(settings) if model == "rule" else payment_time(settings)
    predictor.fit(*training_rows(ledger, learned, settings))
    past = predicted(portfolio, ledger, predictor, settings, (learned, cutoff - DECIDED), cutoff)
    now = predicted(portfolio, ledger, predictor, settings, (cutoff, END), END)
    shift = shift_days(ledger, settings, policy, cutoff)
    wait = {"fixed": pd.Series(dtype="int64"), "shifted": shift}
    days = {"no reminder": np.full(len(now.due), NEVER)}
    for name, later in wait.items():
        days[name] = not_optimal(now, later)
        factor = factor_like(past, policy.optimal, not_optimal(past, later))
        days[f"optimal against {name}"] = optimal(now, policy.optimal, factor)
    return pd.DataFrame([{"timing": name, **judge(portfolio, now, day)} for name, day in days.items()])


def months_before(months: int) -> date:
    """Return the day so many months before the end."""
    return (pd.Timestamp(END) - pd.DateOffset(months=months)).date()


def predicted(
    portfolio: Portfolio,
    ledger: Ledger,
    predictor: Predictor,
    settings: Settings,
    due: tuple[date, date],
    until: date,
) -> Invoices:
    """Return the invoices due from the first to before the second day that are open on their due day."""
    books = books_of(known_before(ledger, until), settings)
    points = landmarks(books, issued_from=None, before=due[1])
    points = points[(points["landmark"] == "due") & (points["day"] >= pd.Timestamp(due[0]))]
    points = points.reset_index(drop=True)
    features = rows_at(books, points, settings)
    said = predictor.predict(features).reset_index(drop=True)
    today = pd.Timestamp(END)  # any day: the curve counts from the day of the point
    for name in ("p10", "p50", "p90"):
        said[f"paid_on_{name}"] = today + pd.to_timedelta(said[f"days_until_{name}"], unit="D")
    said["days_past_due"] = features["days_past_due"].to_numpy()
    row = points["invoice_id"].str.removeprefix("INV").astype("int64").to_numpy() - 1
    item = portfolio.item.iloc[row]
    return Invoices(
        item=row,
        due=item["due"].to_numpy(),
        customer_id=points["customer_id"],
        amount=item["cents"].to_numpy() / 100,
        curve=sketch(said, END),
        open_until=became_of(books, points, until, settings)["days_late"].to_numpy(np.int64),
    )


def ledger_of(portfolio: Portfolio) -> Ledger:
    """Return the clean ledger of a portfolio, without its credit scores."""
    tables = {}
    for name in ("invoices", "payments", "customers", "disputes", "contact_history"):
        table = portfolio.tables[name]
        for money in table.columns.intersection(["amount", "promised_amount", "credit_limit"]):
            minor = (table[money] * 100).round().astype("Int64")
            table = table.drop(columns=money).assign(**{f"{money}_minor": minor})
        tables[name] = table
    return make_ledger(**tables)


def settings_of(seed: int) -> Settings:
    """Learn from fewer points in fewer rounds than by default, so that twenty portfolios take minutes."""
    asked = {"ledger": {"invoices": {"path": "none.csv"}}, "workers": 1, "seed": seed}
    return parse_settings({**asked, "predictor": {"training_rows": 6_000, "iterations": 40}}, base=Path())


def shift_days(ledger: Ledger, settings: Settings, policy: Policy, day: date) -> pd.Series:
    """Return the structural shift of each debtor that has one, as the run of that day begins it."""
    known = known_before(ledger, day)
    closed = closings(books_of(known, settings))
    habits = payment_habits(closed, known, day)
    table = shifts(habits, None, closed, known, policy.shift.model_dump(), day=day)
    return table.set_index("customer_id")["shift_days"]


def not_optimal(invoices: Invoices, shift: pd.Series) -> Ints:
    """Return the days of fixed timing, later by the debtors' shifts."""
    later = invoices.customer_id.map(shift.to_dict()).fillna(0).to_numpy(np.int64)
    return working_day(invoices.due + FIXED_DAYS_AFTER_DUE + later)


def optimal(invoices: Invoices, weights: Optimal, factor: float) -> Ints:
    """Return the days of optimal timing with the costs of reminding multiplied by a factor.

    A day of the curve is one after the due day, on which it was predicted.
    """
    dearer = weights.model_copy(update={"annoyance_cost": weights.annoyance_cost * factor})
    cost = weights.contact_cost["email"] * factor
    first, last = weights.earliest_days_after_due, weights.latest_days_after_due
    found = optimal_days(invoices.curve, invoices.amount, cost, dearer, first, last)
    return working_day(invoices.due + found.days)


def factor_like(past: Invoices, weights: Optimal, days: Ints) -> float:
    """Return the least factor at which optimal timing would have made no more contacts than on these days."""

    def contacts(on: Ints) -> int:
        return int((past.open_until >= on - past.due).sum())

    low, high = -10.0, 10.0  # powers of 2
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if contacts(optimal(past, weights, 2**middle)) > contacts(days) else (low, middle)
        )
    return float(2**high)


def judge(portfolio: Portfolio, invoices: Invoices, day: Ints) -> dict[str, float]:
    """Return what really happens with one reminder on these days."""
    item = portfolio.item.iloc[invoices.item].reset_index(drop=True)
    paid = reminded_pay_days(portfolio.debtor, item, item, day)
    to_pay = paid - item["issued"].to_numpy()
    return {
        "invoices": len(day),
        "expected_contacts": float(expected_contacts(invoices.curve, day - invoices.due).sum()),
        "contacts": int((item["pay_on"].to_numpy() >= day).sum()),
        "days_to_pay": float(to_pay.mean()),
        "days_to_pay_by_amount": float(np.average(to_pay, weights=invoices.amount)),
    }


def interval(differences: npt.ArrayLike) -> tuple[float, float, float]:
    """Return the mean over seeds and its 95 % interval by Student's t."""
    values = np.asarray(differences, dtype=np.float64)
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def compare(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each figure how optimal timing differs from the one it was held to, over the seeds."""
    rows = []
    for other in ("fixed", "shifted"):
        a, b = (
            table[table["timing"] == name].set_index("seed") for name in (f"optimal against {other}", other)
        )
        for figure in ("days_to_pay_by_amount", "days_to_pay", "contacts"):
            unit = b[figure] / 100 if figure == "contacts" else 1.0
            mean, low, high = interval((a[figure] - b[figure]) / unit)
            rows.append({"against": other, "figure": figure, "mean": mean, "low": low, "high": high})
    return pd.DataFrame(rows)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--model", choices=("rule", "payment_time"), default="payment_time")
    given = parser.parse_args()
    parts = [plan_and_judge(seed, model=given.model).assign(seed=seed) for seed in range(1, given.seeds + 1)]
    table = pd.concat(parts, ignore_index=True)
    print(table.groupby("timing").mean().drop(columns="seed").round(2).to_string())
    print(compare(table).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
