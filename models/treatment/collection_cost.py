"""What the Dutch 14-day letter must name: the costs that a consumer will owe when it is not heeded."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

BANDS = ((2_500, "0.15"), (2_500, "0.10"), (5_000, "0.05"), (190_000, "0.01"))
"""Of so many euros, this share; of the rest the last one. Besluit vergoeding voor buitengerechtelijke
incassokosten, art. 2 (Stb. 2012, 141), without VAT."""

REST, LEAST, MOST = "0.005", 40, 6_775


def dutch_collection_cost(principal_minor: int) -> int:
    """Return the costs of a principal, both in euro cents: by BANDS, from 40 to 6,775 euros.

    Several claims of one creditor in one notice are one principal (art. 6:96(7) BW).
    """
    left, cost = Decimal(principal_minor), Decimal(0)
    for euros, share in BANDS:
        part = min(left, Decimal(euros * 100))
        cost, left = cost + part * Decimal(share), left - part
    whole = int((cost + left * Decimal(REST)).to_integral_value(ROUND_HALF_UP))
    return min(max(whole, LEAST * 100), MOST * 100)
