"""How much of what can be known about the simulated portfolio the present model knows.

    python tests/benchmarks/simulated_oracle.py --points 4000

Prints the mean log-likelihood of the lateness classes of the last fifth of the invoices, predicted on
their issue day by models that learned before it, and each model's share of the gain over the class prior
that Bayes' rule reaches on the same history. The oracle knows everything but the lots of the invoice itself.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from simulated_bayes import class_probabilities
from simulated_truth import oracle_probabilities

from features.outcomes import landmarks, outcomes
from features.simulate import simulate, write_portfolio
from models.evaluation.metrics import Bootstrap, figure
from models.scorer import CLASS_BORDERS, CLASSES
from pipelines.learning.folds import payment_time, rows_at, rule, sample_points, training_rows
from pipelines.reading import read

Ints = npt.NDArray[np.int64]

DEMO = Path(__file__).resolve().parents[2] / "configs" / "demo.yaml"
LAST_SHARE = 0.2
LEAST = 1e-12
"""A chance below this counts as this."""

PRIOR, BEST = "class prior", "bayes"
STRATA = {"all": (0, 1 << 40), "0": (0, 0), "1-2": (1, 2), "3-9": (3, 9), "10+": (10, 1 << 40)}


def class_of(days_late: pd.Series) -> Ints:
    """Return the position in CLASSES of the days late."""
    return np.searchsorted(CLASS_BORDERS, days_late.to_numpy()).astype(np.int64)


def compare(asked: dict[str, Any], count: int, seed: int) -> pd.DataFrame:
    """Return one row per point: customer_id, settled_invoices, and each predictor's log-likelihood.

    asked: what the portfolio is simulated from. The points are the issue days of the last fifth of the
    invoices whose classes are decided by its end, at most `count` of them by a hash; the models learn
    from what was known before the first of these days.
    """
    portfolio, end = simulate(**asked), asked["end"]
    with tempfile.TemporaryDirectory() as folder:
        reading = read(write_portfolio(portfolio, Path(folder)), as_of=end, today=end)
    books, settings = reading.books, reading.settings
    points = landmarks(books, issued_from=None, before=end)
    points = points[points["landmark"] == "issue"]
    judged = outcomes(books, points, until=end)
    judged = judged[judged["classes_measurable"]]
    cut = judged["day"].sort_values().iloc[int(len(judged) * (1 - LAST_SHARE))]
    chosen = sample_points(judged[judged["day"] >= cut], count, seed)
    known = outcomes(books, points[points["day"] < cut], until=cut.date())
    before = class_of(known.loc[known["classes_measurable"], "days_late"])
    prior = np.bincount(before, minlength=len(CLASSES)) / len(before)

    learned = training_rows(reading.ledger, cut.date(), settings)
    rows = rows_at(books, chosen, settings)
    probabilities = {
        PRIOR: pd.DataFrame([prior] * len(chosen), columns=list(CLASSES)),
        "own rule": rule(settings).fit(*learned).predict(rows),
        "present model": payment_time(settings).fit(*learned).predict(rows),
        BEST: class_probabilities(portfolio, chosen, months=asked["months"], end=end),
        "oracle": oracle_probabilities(chosen, **asked),
    }
    happened = class_of(chosen["days_late"])
    found = chosen[["customer_id"]].assign(settled_invoices=rows["settled_invoices"].fillna(0).to_numpy())
    for name, table in probabilities.items():
        chance = table[list(CLASSES)].to_numpy()[np.arange(len(chosen)), happened]
        found[name] = np.log(np.maximum(chance, LEAST))
    return found


def gains(likelihood: pd.DataFrame, *, resamples: int = 500, seed: int = 0) -> pd.DataFrame:
    """Return stratum, predictor, points, debtors, mean log-likelihood, gain over the class prior and share.

    likelihood: as `compare` returns it. Share is the gain over that of Bayes' rule, with its 95 %
    interval by bootstrap over debtors (low, high). Strata count earlier settled invoices.
    """
    names = likelihood.columns.drop(["customer_id", "settled_invoices"])
    rows = []
    for stratum, (low, high) in STRATA.items():
        part = likelihood[likelihood["settled_invoices"].between(low, high)]
        if part.empty:
            continue
        boot = Bootstrap.over(part["customer_id"], resamples=resamples, seed=seed)
        means = {name: boot.mean(part[name].to_numpy(np.float64)) for name in names}
        for name in names:
            gain = means[name] - means[PRIOR]
            share = figure(gain / (means[BEST] - means[PRIOR])) or dict.fromkeys(("value", "low", "high"))
            rows.append(
                {
                    "stratum": stratum,
                    "points": len(part),
                    "debtors": part["customer_id"].nunique(),
                    "predictor": name,
                    "log_likelihood": means[name][0],
                    "gain": gain[0],
                    "share": share["value"],
                    "low": share["low"],
                    "high": share["high"],
                }
            )
    return pd.DataFrame(rows)


def main() -> None:
    """Compare on the demonstration's portfolio, and on others of the same difficulty; print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=4_000, help="most invoices judged of a portfolio")
    parser.add_argument(
        "--portfolios", type=int, default=1, help="the demo's, then the same with later seeds"
    )
    options = parser.parse_args()
    asked = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    parts = []
    for seed in range(asked["seed"], asked["seed"] + options.portfolios):
        part = compare(asked | {"seed": seed}, options.points, seed=0)
        parts.append(part.assign(customer_id=f"{seed} " + part["customer_id"]))
    table = gains(pd.concat(parts, ignore_index=True))
    print(f"{'earlier':>7} {'points':>7} {'debtors':>7}  {'predictor':<14}{'log-lik.':>9} {'gain':>8}  share")
    for row in table.itertuples():
        print(
            f"{row.stratum:>7} {row.points:>7} {row.debtors:>7}  {row.predictor:<14}"
            f"{row.log_likelihood:>9.4f} {row.gain:>8.4f}  {row.share:.1%} ({row.low:.1%} to {row.high:.1%})"
        )


if __name__ == "__main__":
    main()
