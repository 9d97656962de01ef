"""How much of the true payer types the learned segments find, beside a classifier that was told them.

    python tests/benchmarks/segments_of_types.py
    python tests/benchmarks/segments_of_types.py --seed 11 --max-clusters 7

The demonstration's portfolio on its last day; segments are learned from all established debtors, and both are
judged by the debtors with at least 10 settled invoices. Five segments cannot tell eight types apart: their
adjusted Rand index would be 0.89 at best.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import pandas as pd
from public_ledgers import markdown
from simulated_types import classifier_ari, types_and_features, with_history
from sklearn.metrics import adjusted_rand_score

from models.segments.segmenter import BEHAVIOUR, DebtorSegmenter

NEW_UNTIL_MATURED = 3


def segments_of(debtors: pd.DataFrame, max_clusters: int = 5) -> tuple[pd.Series, DebtorSegmenter]:
    """Return each debtor's segment, and the segmenter that learned them from the established ones."""
    established = debtors["matured_invoices"] >= NEW_UNTIL_MATURED
    segmenter = DebtorSegmenter(max_clusters=max_clusters, seed=7).fit(debtors[established])
    return segmenter.predict(debtors), segmenter


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both indices, their ratio, and which types are in which segment."""
    parser = argparse.ArgumentParser(description="How much of the true types the segments find.")
    parser.add_argument("--seed", type=int, help="of the portfolio; by default the demonstration's")
    parser.add_argument("--max-clusters", type=int, default=5)
    asked = parser.parse_args(arguments)
    debtors = types_and_features(asked.seed)
    segments, segmenter = segments_of(debtors, asked.max_clusters)
    judged = with_history(debtors)
    types, found = judged["payer_type"], segments.loc[judged.index]
    told = classifier_ari(judged[list(BEHAVIOUR)], types)
    own = adjusted_rand_score(types, found)
    print(f"{len(judged)} debtors with at least 10 settled invoices", *segmenter.notes_, sep="; ")
    print(f"classifier that was told the types: ARI {told:.3f}")
    print(f"segments, told nothing: ARI {own:.3f}, {own / told:.1%} of it\n")
    table = pd.crosstab(types, found)
    rows = [[str(kind), *map(str, counts)] for kind, *counts in table.itertuples()]
    print(markdown(("true type", *map(str, table.columns)), rows))
    for evidence in segmenter.evidence_:
        stable = ", ".join(f"{share:.2f}" for share in evidence.jaccard)
        print(f"\n{evidence.clusters} segments: Jaccard {stable}; other seeds {evidence.seed_ari:.2f}; "
              f"silhouette {evidence.silhouette:.2f}; gap {evidence.gap:.2f}", end="")  # fmt: skip
    print()


if __name__ == "__main__":
    main()
