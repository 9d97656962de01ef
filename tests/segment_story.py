"""A few debtors of three kinds who always pay alike, and one that slips and recovers; their runs in a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pandas as pd
from tiny_portfolio import Invoice, monthly, on, settings_with

from features.ledger import Ledger, known_before
from models.segments.delay_tactics import read_tactics
from models.segments.rules import Rules, parse_rules, read_rules
from models.treatment.policy_file import read_policy
from pipelines.assigning import Assigned, Before, Segmenting, assign
from pipelines.deciding import debtors_on, known_debtors
from pipelines.reading import Reading
from pipelines.segment_page.segmenting import fit_segments
from pipelines.settings import Settings

KINDS = {"prompt": 0, "tardy": 4, "slow": 40}
"""Days late of the three kinds: A pays by due, B within a week, C forty days late."""
OF_EACH = 4
_policy, _rules, _tactics = cache(read_policy), cache(read_rules), cache(read_tactics)
THREE = settings_with(segments={"clusters": 3})


def background(months: int) -> list[Invoice]:
    """Monthly invoices of prompt0 … prompt3, tardy0 …, slow0 …; each kind always pays alike."""
    return [
        row
        for kind, late in KINDS.items()
        for number in range(OF_EACH)
        for row in monthly(f"{kind}{number}_", late, months)
    ]


def slips(customer: str, days_late: Iterable[int]) -> list[Invoice]:
    """One invoice every 30 days, each paid so many days after its due day."""
    return [(f"{customer}{n}", customer, 30 * n, 30 * n + 30 + late) for n, late in enumerate(days_late)]


def segments_of(ledger: Ledger, number: int, settings: Settings = THREE) -> Segmenting:
    """The segments learned on the number-th day, as version 1."""
    reading = reading_on(ledger, number, settings)
    model, _ = fit_segments(reading.ledger, reading.books, reading.as_of, settings)
    return Segmenting(model.parameters_, "1")


def reading_on(
    ledger: Ledger, number: int, settings: Settings = THREE, rules: Rules | None = None
) -> Reading:
    """What was known on the number-th day, under the shipped rules (or others) and delay tactics."""
    nothing: Any = None  # what was read and rejected, which nothing here asks for
    return Reading(
        settings,
        _policy(settings.policy_file),
        rules or _rules(settings.rules_file),
        _tactics(settings.tactics_file),
        nothing,
        nothing,
        known_before(ledger, on(number)),
        on(number),
        on(number),
    )


def rules_of(*each: Mapping[str, Any]) -> Rules:
    """Rules with a reason of one word."""
    return parse_rules({"rules": [{"reason": "because", **keys} for keys in each]})


def assigned(reading: Reading, model: Segmenting, before: Before | None = None) -> Assigned:
    """All that a run says of every debtor the ledger knows."""
    debtors = debtors_on(reading, reading.books, known_debtors(reading))
    return assign(reading, model, debtors, before)


def segments(reading: Reading, model: Segmenting, before: Before | None = None) -> pd.DataFrame:
    """The table of segments, indexed by customer_id."""
    return assigned(reading, model, before).tables["segments"].set_index("customer_id", drop=False)


def previous(table: pd.DataFrame, number: int, version: str | None = "1") -> Before:
    """A run of the number-th day as the previous run of a later one."""
    return Before(table.reset_index(drop=True), on(number), version)


def runs(
    ledger: Ledger, model: Segmenting, numbers: Iterable[int], settings: Settings = THREE
) -> dict[int, pd.DataFrame]:
    """The segments of a run on each of these days, each with the one before it as its previous run."""
    found: dict[int, pd.DataFrame] = {}
    before = None
    for number in numbers:
        found[number] = segments(reading_on(ledger, number, settings), model, before)
        before = previous(found[number], number)
    return found
