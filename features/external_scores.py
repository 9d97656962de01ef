"""What score a debtor was known to have, and which debtors have one like it.

The newest score is the one scored last among those known, whatever the provider; of two of one day that of
the provider that comes first by name. A score arriving late does not replace one that was given after it.
Scores are on their provider's own scale, so only scores of one provider are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.books import Books, day_numbers
from features.timeline import Figures, Floats, Ints, Timeline, composite, last_before, order_by

BAND = 10
"""Width of a band of scores that count as alike, on the provider's own scale."""


@dataclass(frozen=True)
class Scores:
    """The newest score from the day each score became known on, sorted by debtor and that day."""

    debtor: Ints
    known: Ints
    score: Floats
    scored: Ints
    peers: Ints
    """number of the provider's band of scores"""


def newest_scores(books: Books) -> Scores:
    """Return the scores of the debtors in the books; the same rows in any order give the same arrays."""
    table = books.ledger.credit_scores
    of = books.customers.get_indexer(pd.Index(table["customer_id"]))
    table, debtor = table[of >= 0], of[of >= 0].astype(np.int64)
    score = table["score"].to_numpy(dtype=np.float64)
    scored, known = day_numbers(table["scored_on"]), day_numbers(table["known_on"])
    provider, band = _codes(table["provider"].to_numpy()), _codes(np.floor(score / BAND))

    by_age = order_by(debtor, scored, -provider, _codes(score))
    age = np.empty_like(by_age)
    age[by_age] = np.arange(len(by_age))
    order = order_by(debtor, known, age)
    # Ages rise from debtor to debtor, so that the largest so far is one of the debtor's own.
    newest = by_age[np.maximum.accumulate(age[order])]
    alike = provider * len(table) + band
    return Scores(debtor[order], known[order], score[newest], scored[newest], alike[newest])


def _codes(values: npt.NDArray[Any]) -> Ints:
    return pd.factorize(values, sort=True)[0].astype(np.int64)


def score_figures(books: Books, debtor: Ints, day: Ints) -> Figures:
    """Return the EXTERNAL features of (debtor, day) points by name."""
    scores = newest_scores(books)
    position = last_before(Timeline(composite(scores.debtor, scores.known)), debtor, day)
    return {
        "credit_score": np.append(scores.score, np.nan)[position],
        "credit_score_age_days": day - np.append(scores.scored, np.nan)[position],
    }


def peers(scores: Scores, debtor: Ints, day: Ints) -> Ints:
    """Number of the band in which the newest score known before the day lies; -1 without a score."""
    position = last_before(Timeline(composite(scores.debtor, scores.known)), debtor, day)
    band: Ints = np.append(scores.peers, -1)[position]
    return band
