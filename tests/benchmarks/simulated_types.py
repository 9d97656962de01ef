"""How well a classifier that was told the true payer types recognises them: how hard the portfolio is.

    python tests/benchmarks/simulated_types.py
    python tests/benchmarks/simulated_types.py --seed 11 --features decayed_days_late std_days_late_365d

Features of the demonstration's portfolio on its last day, those that the segmenter groups by and then a wider
set; debtors with at least 10 settled invoices; a random forest, each debtor predicted by the one that did not
see it. A segmenter, which is told nothing, cannot be expected to find the types any better than that.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from public_ledgers import DEMO, markdown
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, adjusted_rand_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from features.simulate import simulate, write_portfolio
from models.segments.segmenter import BEHAVIOUR
from pipelines.deciding import debtors_on
from pipelines.reading import read

FEATURES = (
    "decayed_days_late",
    "mean_days_late_365d",
    "std_days_late_365d",
    "median_days_late_last_10",
    "decayed_late_share",
    "late_over_7_share_365d",
    "late_over_30_share_365d",
    "early_over_7_share_365d",
)
"""How a debtor pays, in days and in shares of its invoices."""

ENOUGH_SETTLED = 10
TREES, LEAF, FOLDS = 300, 3, 5


def types_and_features(seed: int | None = None) -> pd.DataFrame:
    """Return the features of every debtor of the demonstration's portfolio, and its true `payer_type`.

    Grain debtor, indexed by customer_id and sorted; the features are those of the day `end`. seed: that of
    the portfolio, by default the demonstration's.
    """
    asked = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    portfolio = simulate(**asked if seed is None else asked | {"seed": seed})
    with tempfile.TemporaryDirectory() as scratch:
        reading = read(write_portfolio(portfolio, Path(scratch)), as_of=asked["end"], today=asked["end"])
    debtors = debtors_on(reading, reading.books, reading.ledger.customers["customer_id"])
    return debtors.join(portfolio.truth.set_index("customer_id")["payer_type"])


def with_history(debtors: pd.DataFrame) -> pd.DataFrame:
    """Return the debtors that can be judged: those with at least ENOUGH_SETTLED settled invoices."""
    return debtors[debtors["settled_invoices"] >= ENOUGH_SETTLED]


def classifier_ari(features: pd.DataFrame, types: pd.Series, seed: int = 0) -> float:
    """Return the adjusted Rand index of the true types and of those that a forest predicts out of fold.

    features, types: grain debtor, in the same order; each type at least 5 times. seed: of folds and trees.
    """
    return float(adjusted_rand_score(types, predicted_types(features, types, seed)))


def predicted_types(features: pd.DataFrame, types: pd.Series, seed: int = 0) -> pd.Series:
    """Return the type predicted for each debtor by a forest that learned from the other folds.

    A missing feature counts as the median of all debtors.
    """
    forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, random_state=seed)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    known = features.fillna(features.median())
    found = cross_val_predict(forest, known.to_numpy(dtype=np.float64), types.to_numpy(), cv=folds)
    return pd.Series(found, index=types.index, name="predicted")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print per set of features: adjusted Rand index, accuracy and which types are taken for which."""
    parser = argparse.ArgumentParser(description="How well a classifier recognises the true payer types.")
    parser.add_argument("--seed", type=int, help="of the portfolio; by default the demonstration's")
    parser.add_argument("--features", nargs="+", help="feature names, instead of both sets")
    asked = parser.parse_args(arguments)
    judged = with_history(types_and_features(asked.seed))
    types = judged["payer_type"]
    print(f"{len(judged)} debtors with at least {ENOUGH_SETTLED} settled invoices")
    for features in [asked.features] if asked.features else [list(BEHAVIOUR), list(FEATURES)]:
        predicted = predicted_types(judged[features], types)
        print(f"\n{', '.join(features)}:")
        print(f"adjusted Rand index {adjusted_rand_score(types, predicted):.3f}", end=", ")
        print(f"accuracy {accuracy_score(types, predicted):.3f}\n")
        table = pd.crosstab(types, predicted)
        rows = [[str(kind), *map(str, counts)] for kind, *counts in table.itertuples()]
        print(markdown(("true, taken for", *map(str, table.columns)), rows))


if __name__ == "__main__":
    main()
