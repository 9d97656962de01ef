"""Whether the payment days fall evenly over the predicted distribution: the randomised PIT."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.evaluation.metrics import Floats, Ints
from models.payment.payment_curve import Curve, paid_by

BINS = 10
CHANCE_DRAWS = 200


def pit(curve: Curve, days_late: Ints, until: int, invoice: Ints, *, seed: int) -> dict[str, Any]:
    """Return the histogram of the PIT and how far chance alone would take it from flat.

    The PIT of a row is where its payment fell on its own curve, drawn evenly between the shares paid by
    the day before and by the day itself (Czado, Gneiting and Held, Biometrics, 2009). A row that is
    unpaid on day `until` is drawn evenly from what its curve has left after it. Of a true distribution
    each tenth holds a tenth of the rows.

    days_late: of the payment, anything above `until` where unpaid then. invoice: rows with the same
    number share their payment, so in the draws behind `chance_p95` they share one lot.
    histogram: share of the rows per tenth. largest_deviation: of one of them from 0.1.
    """
    rng = np.random.default_rng(seed)
    unpaid = days_late > until
    day = np.minimum(days_late, until)
    by_day = paid_by(curve, day)
    low = np.where(unpaid, by_day, paid_by(curve, day - 1))
    high = np.where(unpaid, 1.0, by_day)
    position = low + rng.random(len(day)) * (high - low)
    histogram = _histogram(position)
    _, lot = np.unique(invoice, return_inverse=True)
    by_chance = [_deviation(_histogram(rng.random(int(lot.max()) + 1)[lot])) for _ in range(CHANCE_DRAWS)]
    return {
        "histogram": [round(float(share), 6) for share in histogram],
        "largest_deviation": round(_deviation(histogram), 6),
        "chance_p95": round(float(np.percentile(by_chance, 95)), 6),
    }


def _histogram(position: Floats) -> Floats:
    tenth = np.minimum((position * BINS).astype(np.int64), BINS - 1)
    share: Floats = np.bincount(tenth, minlength=BINS) / len(position)
    return share


def _deviation(histogram: Floats) -> float:
    return float(np.abs(histogram - 1 / BINS).max())
