"""How much of what can be known about the simulated portfolio the present model knows.

    python tests/benchmarks/simulated_oracle.py --points 4000

Prints the mean log-likelihood of the lateness classes of the last fifth of the invoices, predicted on
their issue day by models that learned before it, and each model's share of the gain over the class prior
that Bayes' rule reaches on the same history. The oracle knows everything but the lots of the invoice itself.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from simulated_bayes import bankrupt_a_day
from simulated_bayes import class_probabilities as bayes_probabilities
from simulated_history import number
from simulated_law import MONTH_END, NONE, class_masses

from features.outcomes import landmarks, outcomes
from features.simulate import INVOICES_PER_DEBTOR_AND_MONTH, Portfolio, simulate, write_portfolio
from features.simulated_debtors import PAYERS, make_debtors
from features.simulated_payments import _moods, issue_invoices
from models.metrics import Bootstrap, figure
from models.scorer import CLASS_BORDERS, CLASSES
from pipelines.folds import payment_time, rows_at, rule, sample_points, training_rows
from pipelines.reading import read

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DEMO = Path(__file__).resolve().parents[2] / "configs" / "demo.yaml"
LAST_SHARE = 0.2
STRATA = {"0": (0, 0), "1-2": (1, 2), "3-9": (3, 9), "10+": (10, 1 << 40)}


def oracle_probabilities(
    points: pd.DataFrame, *, debtors: int, months: int, seed: int, end: date, invoices: int | None = None
) -> pd.DataFrame:
    """Return the class probabilities, given that they can be measured, of invoices on their issue day.

    points: invoice_id; the rest as for `simulate`. Debtors, moods and sizes are drawn again from the
    seed. Columns CLASSES, the index that of the points.
    """
    first = number((pd.Timestamp(end) - pd.DateOffset(months=months)).date())
    last = number(end) - 1
    count = invoices or max(debtors, round(debtors * months * INVOICES_PER_DEBTOR_AND_MONTH))
    people, issuing, paying, _ = np.random.default_rng(seed).spawn(4)
    debtor = make_debtors(people, debtors, first, last)
    item = issue_invoices(issuing, debtor, count, first, last)
    month = ((item["issued"] - first) // 30).to_numpy()
    moods = _moods(paying, debtors, int(month.max()) + 1)
    asked = points["invoice_id"].str[3:].astype(int).to_numpy() - 1
    found = np.empty((len(points), len(CLASSES)))
    for row, number_of_item in enumerate(asked.tolist()):
        bought, buyer = item.iloc[number_of_item], debtor.iloc[int(item["debtor"].iloc[number_of_item])]
        mood = moods[int(bought["debtor"]), month[number_of_item]]
        found[row] = _knowing(buyer, bought, mood, last)
    return pd.DataFrame(found, columns=list(CLASSES), index=points.index)


def _knowing(buyer: pd.Series, bought: pd.Series, mood: float, last: int) -> Floats:
    kind, issued, due = int(buyer["kind"]), int(bought["issued"]), int(bought["due"])
    payer = PAYERS[kind]
    run = MONTH_END if buyer["month_end"] else int(buyer["payday"]) if buyer["weekly"] else NONE
    holiday = pd.Timestamp(due, unit="D").month in (8, 12)
    late = buyer["level"] + payer.between_months * mood + bought["size"] + 2.0 * holiday
    late += payer.drift_per_year * (issued - buyer["start"]) / 365
    bankrupt = bankrupt_a_day(kind, issued, int(buyer["start"]), last)
    mass = class_masses(kind, run, issued, due, np.array([due + late]), 0, bankrupt)[:, 0]
    return np.asarray(mass / mass.sum())


def class_of(days_late: pd.Series) -> Ints:
    """Return the position in CLASSES of the days late."""
    return np.searchsorted(CLASS_BORDERS, days_late.to_numpy()).astype(np.int64)


def compare(asked: dict[str, Any], count: int, seed: int) -> pd.DataFrame:
    """Return one row per point: customer_id, settled_invoices, and each predictor's log-likelihood.

    asked: what the portfolio is simulated from. count: points at most, sampled by a hash.
    """
    portfolio = simulate(**asked)
    end = asked["end"]
    with tempfile.TemporaryDirectory() as folder:
        reading = read(write_portfolio(portfolio, Path(folder)), as_of=end, today=end)
    books, settings = reading.books, reading.settings
    issued = portfolio.tables["invoices"].query("kind == 'invoice'")["issued_on"]
    cut = issued.quantile(1 - LAST_SHARE).date()
    points = landmarks(books, issued_from=None, before=end)
    points = points[points["landmark"] == "issue"]
    judged = outcomes(books, points, until=end)
    judged = judged[judged["classes_measurable"] & (points["day"] >= pd.Timestamp(cut))]
    chosen = sample_points(judged, count, seed)

    known = outcomes(books, points[points["day"] < pd.Timestamp(cut)], until=cut)
    known = known[known["classes_measurable"]]
    prior = np.bincount(class_of(known["days_late"]), minlength=len(CLASSES)) / len(known)
    learned = training_rows(reading.ledger, cut, settings)
    rows = rows_at(books, chosen, settings)
    history = {"months": asked["months"], "end": end}
    probabilities = {
        "class prior": pd.DataFrame([prior] * len(chosen), columns=list(CLASSES)),
        "own rule": rule(settings).fit(*learned).predict(rows),
        "present model": payment_time(settings).fit(*learned).predict(rows),
        "bayes": bayes_probabilities(portfolio, chosen, **history),
        "oracle": oracle_probabilities(chosen, **asked),
    }
    happened = class_of(chosen["days_late"])
    found = chosen[["customer_id"]].assign(settled_invoices=rows["settled_invoices"].to_numpy())
    for name, table in probabilities.items():
        chance = table[list(CLASSES)].to_numpy()[np.arange(len(chosen)), happened]
        found[name] = np.log(np.maximum(chance, 1e-12))
    return found


def gains(likelihood: pd.DataFrame, resamples: int = 500, seed: int = 0) -> pd.DataFrame:
    """Return stratum, predictor, points, debtors, mean log-likelihood, gain over the class prior and share.

    Share is the gain over that of bayes, with its 95 % interval by bootstrap over debtors (low, high).
    """
    strata = {"all": (0, 1 << 40), **STRATA}
    names = [name for name in likelihood if name not in ("customer_id", "settled_invoices")]
    rows = []
    for stratum, (low, high) in strata.items():
        part = likelihood[likelihood["settled_invoices"].fillna(0).between(low, high)]
        if part.empty:
            continue
        boot = Bootstrap.over(part["customer_id"], resamples=resamples, seed=seed)
        means = {name: boot.mean(part[name].to_numpy()) for name in names}
        best = means["bayes"] - means["class prior"]
        for name in names:
            gain = means[name] - means["class prior"]
            share = figure(gain / best) or {}
            rows.append(
                {
                    "stratum": stratum,
                    "predictor": name,
                    "points": len(part),
                    "debtors": part["customer_id"].nunique(),
                    "log_likelihood": means[name][0],
                    "gain": gain[0],
                    "share": share.get("value"),
                    "low": share.get("low"),
                    "high": share.get("high"),
                }
            )
    return pd.DataFrame(rows)


def main() -> None:
    """Compare on the demonstration's portfolio and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=4_000, help="invoices judged, sampled by a hash")
    parser.add_argument("--seed", type=int, default=0, help="of the sample and the bootstrap")
    options = parser.parse_args()
    asked = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    table = gains(compare(asked, options.points, options.seed), seed=options.seed)
    print(f"{'earlier':>7} {'points':>7} {'debtors':>7}  {'predictor':<14} {'log-lik.':>9} {'gain':>7}  share of bayes' gain")
    for row in table.itertuples():
        share = f"{row.share:6.1%} ({row.low:.1%} to {row.high:.1%})"
        print(
            f"{row.stratum:>7} {row.points:>7} {row.debtors:>7}  {row.predictor:<14} "
            f"{row.log_likelihood:>9.4f} {row.gain:>7.4f}  {share}"
        )


if __name__ == "__main__":
    main()
