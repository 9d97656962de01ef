"""How late the debtors of each segment and class turned out to be, on two public ledgers.

    python tests/benchmarks/segment_order.py [share]

Segments are learned, and schemes read, from what was known before the day by which that share (0.7) of the
invoices had been issued; the invoices issued from then on that are decided whichever way it went say how
late they were. Intervals are of 95 %, by bootstrap over debtors.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from public_ledgers import issue_day_at, markdown, read_public

from models.segments.schemes import DEFAULT_SCHEMES
from pipelines.segment_page.scheme_comparison import Comparison, compare_schemes

SHARE = 0.7
HEADER = ("ledger", "scheme", "class", "debtors", "invoices", "paid late (95 %)",
          "mean over debtors (95 %)")  # fmt: skip


def rate(row: Mapping[Hashable, Any], of: str = "") -> str:
    """Return the late rate and, where there is one, its interval."""
    value, low, high = (row[f"{name}{of}"] for name in ("late_rate", "low", "high"))
    if pd.isna(value):
        return ""
    return f"{value:.3f}" if pd.isna(low) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def lines(ledger: str, comparison: Comparison) -> list[list[str]]:
    """Return the comparison's rows of the printed table."""
    return [
        [ledger, row["scheme"], row["class"], str(row["debtors"]), str(row["invoices"]), rate(row),
         rate(row, "_of_debtors")]
        for row in comparison.late_rates.to_dict("records")
    ]  # fmt: skip


def main(share: float = SHARE) -> None:
    """Print both ledgers' table, and the schemes across the segments."""
    for ledger in ("IBM", "SME"):
        reading = read_public(ledger)
        found = compare_schemes(reading, issue_day_at(reading, share), DEFAULT_SCHEMES)
        print(f"{ledger}: as of {found.cutoff}, followed until {found.until}, {found.left_out} left out\n")
        print(markdown(HEADER, lines(ledger, found)), "\n")
        for scheme, table in found.cross_tables.items():
            print(scheme, table.to_string(), "", sep="\n")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
