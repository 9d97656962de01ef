"""Delay tactics: what a debtor says and does instead of paying, counted, and when it has become a habit.

What counts is read from a file that a credit manager edits. Notes are searched, never passed on: only counts
and days come out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from features.errors import ConfigurationError
from features.spelling import way_out
from models.facts import Facts
from models.mistakes import first_mistake, in_words
from models.promises import broken_promises
from models.segments.note_words import fold, matches, refuse_pattern
from models.strict_yaml import Strict, read_strictly
from models.texts import column, listed

WINDOW_DAYS = 365
"""Tactics that became known in so many days before the day are counted: the tables are named after it."""

OCCURRENCE = ["customer_id", "invoice_id", "on", "known_on"]
"""What is known of each occurrence of a tactic; invoice_id is "" where it is about none."""

Language = Literal["nl", "de", "fr", "en"]
Patterns = Mapping[
    Language,
    Annotated[tuple[Annotated[str, AfterValidator(refuse_pattern)], ...], Field(strict=False)],
]
Often = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(ge=0, le=3650)]


class Tactic(Strict):
    """One tactic.

    `words`: one of `patterns` in a note or outcome of a contact or in the reason of a dispute, once the
    phrases of `unless` are struck out; all languages are looked for everywhere. `dispute_after_due`: a
    dispute opened so many days after the due day at issue, `from` and `to`. `broken_promise`: see
    `models.promises`. `chronic_from`: how often makes a habit, where this tactic differs.
    """

    name: Annotated[str, Field(min_length=1)]
    kind: Literal["words", "dispute_after_due", "broken_promise"]
    patterns: Patterns = Field({})
    unless: Patterns = Field({})
    days_after_due: Annotated[tuple[Days, Days], Field(strict=False)] | None = None
    chronic_from: Often | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Tactic:
        place = f"tactic {self.name}"
        if self.kind == "words" and not any(self.patterns.values()):
            raise ValueError(f"{place}: no `patterns`, so nothing would ever be found")
        if self.kind != "words" and (self.patterns or self.unless):
            raise ValueError(f"{place}: `patterns` and `unless` are for the kind words, not {self.kind}")
        if (self.kind == "dispute_after_due") != (self.days_after_due is not None):
            needs = "needs" if self.kind == "dispute_after_due" else "has no"
            raise ValueError(f"{place}: the kind {self.kind} {needs} `days_after_due`")
        if self.days_after_due and self.days_after_due[0] > self.days_after_due[1]:
            raise ValueError(f"{place}: days_after_due {list(self.days_after_due)} ends before it begins")
        return self


class Tactics(Strict):
    """All tactics; `chronic_from` times make a habit."""

    chronic_from: Often
    tactics: Annotated[tuple[Tactic, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _named_once(self) -> Tactics:
        names = [tactic.name for tactic in self.tactics]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two tactics are named {twice[0]}; give each its own name")
        return self


def find_tactics(facts: Facts, day: date, tactics: Tactics) -> pd.DataFrame:
    """Return the table `delay_tactics`: one row per debtor and tactic that occurred, sorted by both.

    Only what became known in the WINDOW_DAYS before `day` counts. However many patterns, notes and disputes
    speak of one item on one day, a tactic occurred once; so it did for notes of one day about no item.
    """
    disputes = _disputes(facts, day)
    said, texts = _said(facts, disputes, day)
    broken = broken_promises(facts, day, window_days=WINDOW_DAYS)
    parts = [broken.assign(tactic="", habit_from=0)[:0]]
    for tactic in tactics.tactics:
        if tactic.kind == "broken_promise":
            rows = broken
        elif tactic.days_after_due is not None:
            rows = disputes[disputes["days_after_due"].between(*tactic.days_after_due)]
        else:
            rows = said[matches(texts, _all(tactic.patterns), _all(tactic.unless))[said["text"]]]
        habit_from = tactic.chronic_from or tactics.chronic_from
        parts.append(rows[OCCURRENCE].assign(tactic=tactic.name, habit_from=habit_from))
    found = pd.concat(parts).drop_duplicates(["customer_id", "tactic", "invoice_id", "on"])
    found["item"] = found["invoice_id"].where(found["invoice_id"] != "")
    table = found.groupby(["customer_id", "tactic"], sort=True).agg(
        times=("on", "size"),
        invoices=("item", "nunique"),
        last_on=("on", "max"),
        habit=("habit_from", "first"),
    )
    table["chronic"] = table["times"] >= table.pop("habit")
    return table.reset_index().astype({"customer_id": "str", "tactic": "str"})


def tactics_per_debtor(table: pd.DataFrame) -> pd.DataFrame:
    """Return what the table of `find_tactics` says of each debtor in it, indexed by customer_id and sorted.

    delay_tactics_365d (occurrences of any kind), chronic_delay_tactics (one of them is a habit), words (the
    most frequent first).
    """
    rows = table.sort_values(["customer_id", "times", "tactic"], ascending=[True, False, True])
    times = rows["times"].map({n: "once" if n == 1 else f"{n} times" for n in rows["times"].unique()})
    words = pa.array(rows["tactic"].str.replace("_", " ") + " " + times.astype("str"), pa.large_string())
    debtors = rows.groupby("customer_id", sort=True)
    said = debtors.agg(delay_tactics_365d=("times", "sum"), chronic_delay_tactics=("chronic", "any"))
    size = debtors.size().to_numpy()
    first = np.cumsum(size) - size
    # the n-th words of every debtor at once: there are as many rounds as a debtor has tactics
    rounds = [words.take(pa.array(first + n, mask=size <= n)) for n in range(size.max(initial=0))]
    return said.assign(words=column(listed(*rounds) if rounds else words).array)


def _all(patterns: Patterns) -> list[str]:
    return [pattern for language in patterns.values() for pattern in language]


def _recent(rows: pd.DataFrame, day: date) -> pd.DataFrame:
    end = pd.Timestamp(day)
    return rows[(rows["known_on"] < end) & (rows["known_on"] >= end - pd.Timedelta(days=WINDOW_DAYS))]


def _said(facts: Facts, disputes: pd.DataFrame, day: date) -> tuple[pd.DataFrame, pa.Array]:
    """Return an occurrence per text about a debtor, `text` being its place among the folded texts."""
    contacts = _recent(facts.contact_history, day)
    contacts = contacts[(contacts["status"] != "suppressed").fillna(True)]
    contacts = contacts.assign(on=contacts["contacted_on"], invoice_id=contacts["invoice_id"].fillna(""))
    parts = [(contacts, "note"), (contacts, "outcome"), (disputes, "reason")]
    said = pd.concat([rows[OCCURRENCE].assign(text=rows[column]) for rows, column in parts])
    said = said[said["text"].notna()]
    code, known = pd.factorize(said["text"])
    return said.assign(text=code), fold(pa.array(known, pa.large_string()))


def _disputes(facts: Facts, day: date) -> pd.DataFrame:
    """Return an occurrence per dispute, with its reason and the days since the due day at issue."""
    disputes = _recent(facts.disputes, day)
    invoices = facts.invoices[facts.invoices["known_on"] < pd.Timestamp(day)]
    due = invoices["original_due_on"].fillna(invoices["due_on"])
    item = invoices[["invoice_id", "customer_id"]].assign(due_on=due)
    rows = disputes[["invoice_id", "opened_on", "known_on", "reason"]].merge(item, on="invoice_id")
    return rows.assign(on=rows["opened_on"], days_after_due=(rows["opened_on"] - rows["due_on"]).dt.days)


def read_tactics(path: Path) -> Tactics:
    """Return the tactics in a YAML file. ConfigurationError names the file, the place and the way out."""
    return read_strictly(path, "the delay tactics", parse_tactics)


def parse_tactics(content: object) -> Tactics:
    """Return the tactics from keys and values; ConfigurationError says the first thing that is wrong."""
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"delay tactics are keys and values, such as `chronic_from: 3`; got {content!r}"
        )
    try:
        return Tactics.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(_in_words(first_mistake(error.errors()))) from None


def fingerprint(tactics: Tactics) -> str:
    """Return a SHA-256 of what counts; comments and the order of keys do not matter."""
    content = json.dumps(tactics.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _in_words(mistake: ErrorDetails) -> str:
    match mistake["loc"]:
        case ("tactics", int(place), key, language, "[key]"):
            at = f"tactics {place + 1} {key}"
            return f"unknown language `{language}` in {at}{way_out(str(language), get_args(Language))}"
    return in_words(mistake, lambda place: (Tactic if place else Tactics).model_fields)
