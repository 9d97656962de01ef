"""Which segment each debtor is in on the day, and all that is said of a debtor beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts.money import minor_units
from features.payment_history import debtor_features
from models.facts import customers_on
from models.scorer import assign_segments, segment_distances
from models.segments.delay_tactics import find_tactics, tactics_per_debtor
from models.segments.movement import Hesitation, moved, settle, share_moved
from models.segments.movement_reasons import moved_because
from models.segments.overrides import decide_segments
from models.segments.provisional import provisional
from models.segments.risk import risks
from models.segments.schemes import LEARNED, as_proposal, classify, segment_names, value_classes
from models.segments.situation import months_before, situation
from models.texts import column, distinct, joined
from pipelines.reading import Reading

NEAR_A = "A"


@dataclass(frozen=True)
class Segmenting:
    """The champion of the segments: its parameters and version; None where no model may be used."""

    parameters: Mapping[str, Any] | None
    version: str | None


@dataclass(frozen=True)
class Before:
    """The segments of the previous run, and the version of the model that gave them."""

    segments: pd.DataFrame
    as_of: Any
    version: str | None


@dataclass(frozen=True)
class Assigned:
    """The tables about debtors, and each debtor's situation, of which rules and schemes speak.

    `tactics_words`: the delay tactics that became a habit, in words, by debtor.
    """

    tables: dict[str, pd.DataFrame]
    situation: pd.DataFrame
    tactics_words: pd.Series


def constants(reading: Reading) -> dict[str, float]:
    """Return the figures of the configuration that rules may speak of, by name."""
    settings = reading.settings.segments
    return {
        "new_until_matured": float(settings.new_until_matured),
        "dormant_after_months": float(settings.dormant_after_months),
    }


def assign(
    reading: Reading,
    model: Segmenting,
    debtors: pd.DataFrame,
    before: Before | None,
    exposure_minor: pd.Series | None = None,
) -> Assigned:
    """Return the tables segments, classes, risks and delay_tactics of these debtors.

    `debtors`: features of the day, indexed by customer_id and sorted. `exposure_minor`: what each owes less
    its credit, in the home currency; None where that cannot be added up.
    """
    day, settings, ledger = reading.as_of, reading.settings, reading.ledger
    own = settings.segments
    customers = customers_on(ledger.customers, day).reindex(debtors.index)
    tactics = find_tactics(ledger, day, reading.tactics)
    per_debtor = tactics_per_debtor(tactics)
    risk = risks(
        debtors,
        customers,
        ledger.credit_scores,
        exposure_minor,
        day=day,
        scales=settings.credit_scores,
        home_currency=settings.home_currency,
        new_until_matured=own.new_until_matured,
    )
    learned = _learned(model, debtors)
    facts = situation(
        debtors,
        customers,
        day=day,
        minor_units=minor_units(settings.home_currency),
        risks=risk,
        tactics=per_debtor,
        value_class=value_classes(debtors["issued_amount_365d"]),
        model_segment=learned["model_segment"],
        previous_segment=_previous_segment(before, debtors.index),
    )
    names = names_of(reading, model)
    proposal = _proposal(reading, model, facts, learned, before, names)
    facts["model_segment"] = proposal["model_segment"]
    segments = decide_segments(
        facts,
        proposal,
        reading.rules,
        ledger.decisions,
        day=day,
        constants=constants(reading),
        names=names,
        scheme=own.scheme,
    )
    segments = _said(segments, reading, model, facts, proposal, risk, before)
    expected = provisional(
        debtors,
        customers,
        facts["external_score"],
        segments.set_index("customer_id")["segment"].where(lambda segment: segment.isin(names)),
        names,
        new_until_matured=own.new_until_matured,
    )
    for name in (
        "provisional_segment",
        "expected_late_share",
        "expected_late_share_p10",
        "expected_late_share_p90",
    ):
        segments[name] = expected[name].to_numpy()
    segments["reason"] = _with_peers(segments, expected["words"])
    tables = {
        "segments": segments,
        "classes": classify(settings.schemes, facts, segments.set_index("customer_id")["segment"]),
        "risks": risk,
        "delay_tactics": tactics,
    }
    return Assigned(tables, facts, per_debtor["words"].where(per_debtor["chronic_delay_tactics"]))


def _with_peers(segments: pd.DataFrame, words: pd.Series) -> pd.Series:
    """Return the reasons; a new debtor's says what is expected of debtors like it."""
    peers = pd.Series(words.to_numpy(), segments.index, dtype="str")
    told = (segments["source"] == "new") & peers.notna()
    return segments["reason"].where(~told, segments["reason"] + "; " + peers.fillna(""))


def names_of(reading: Reading, model: Segmenting) -> list[str]:
    """Return the segments of the scheme that treats, best first; none without a model."""
    scheme = reading.settings.segments.scheme
    if scheme != LEARNED:
        return list(segment_names(reading.settings.schemes[scheme]))
    return list(model.parameters["names"]) if model.parameters else []


def alarm(reading: Reading, segments: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return a warning where more than the configured share of debtors moved since the previous run."""
    share, limit = share_moved(segments, names), reading.settings.segments.alarm_share
    if share <= limit:
        return []
    return [
        f"{share:.1%} of the debtors moved between segments since the previous run, over {limit:.0%}: "
        "look at their moved_because before treating anybody differently"
    ]


def _learned(model: Segmenting, debtors: pd.DataFrame) -> pd.DataFrame:
    """The clusters' own answer; empty for a debtor who never settled an invoice."""
    if model.parameters is None:
        return pd.DataFrame(
            {
                "model_segment": pd.Series(None, debtors.index, dtype="str"),
                "next_segment": None,
                "confidence": np.nan,
            },
            debtors.index,
        )
    found = assign_segments(model.parameters, debtors)
    return found.where(debtors["settled_invoices"] > 0)


def _previous_segment(before: Before | None, debtors: pd.Index) -> pd.Series:
    if before is None:
        return pd.Series(None, debtors, dtype="str")
    return before.segments.set_index("customer_id")["segment"].reindex(debtors)


def _proposal(
    reading: Reading,
    model: Segmenting,
    facts: pd.DataFrame,
    learned: pd.DataFrame,
    before: Before | None,
    names: Sequence[str],
) -> pd.DataFrame:
    """What the scheme says, and where hesitation keeps a debtor; the input of the rules."""
    own = reading.settings.segments
    if own.scheme == LEARNED:
        says, confidence = learned["model_segment"], learned["confidence"]
        distances = segment_distances(model.parameters, facts) if model.parameters else None
    else:
        says = as_proposal(reading.settings.schemes, own.scheme, facts)
        confidence, distances = pd.Series(np.nan, facts.index), None
    settled = settle(
        says,
        distances,
        before.segments if before else None,
        day=reading.as_of,
        names=names,
        scheme=own.scheme,
        hesitation=Hesitation(own.clear_margin, own.confirm_days),
        renamed=renamed(model, before),
    )
    kept = settled["source"] == "kept"
    reason = _model_reasons(facts, settled["proposed"], own.scheme)
    return settled.assign(
        model_segment=says,
        next_segment=learned["next_segment"],
        confidence=confidence,
        rule=pd.Series(None, facts.index, dtype="str"),
        reason=settled["words"].where(kept, reason),
    )


def renamed(model: Segmenting, before: Before | None) -> Mapping[str, str | None]:
    """Return what the previous run's names are called now; nothing where the same model gave them."""
    if model.parameters is None or before is None or before.version == model.version:
        return {}
    known: Mapping[str, str | None] = model.parameters.get("renamed", {})
    return known if before.version == model.parameters.get("continues") else {}


def _said(
    segments: pd.DataFrame,
    reading: Reading,
    model: Segmenting,
    facts: pd.DataFrame,
    proposal: pd.DataFrame,
    risk: pd.DataFrame,
    before: Before | None,
) -> pd.DataFrame:
    """Add what is said of a debtor beside its segment: whether and why it moved, value, risk."""
    called = renamed(model, before)
    segments = segments.assign(moved=moved(segments, called))
    segments["moved_because"] = _why_moved(segments, reading, model, facts, proposal["words"], before)
    segments["value_class"] = facts["value_class"].to_numpy()
    segments["risk"] = risk["risk"].to_numpy()
    near = (proposal["next_segment"] == NEAR_A) & (
        proposal["confidence"] < reading.settings.segments.clear_margin
    )
    segments["potential_a"] = (segments["segment"] == "B") & near.fillna(False).to_numpy(dtype=bool)
    by_model = segments["source"].isin(["model", "kept"]) & (segments["scheme"] == LEARNED)
    segments["model_version"] = pd.Series(model.version, segments.index, dtype="str").where(by_model)
    return segments


def _why_moved(
    segments: pd.DataFrame,
    reading: Reading,
    model: Segmenting,
    facts: pd.DataFrame,
    words: pd.Series,
    before: Before | None,
) -> pd.Series:
    if before is None or not segments["moved"].any():
        return pd.Series(None, segments.index, dtype="str")
    rows = segments[segments["moved"]].set_index("customer_id")
    then = before.segments.set_index("customer_id").reindex(rows.index)
    why = moved_because(
        rows,
        facts,
        figures_on(reading, rows.index, before.as_of),
        parameters=model.parameters if reading.settings.segments.scheme == LEARNED else None,
        rule_figures={rule.name: rule.figures for rule in reading.rules.rules},
        previous_rule=then["rule"],
        words=words,
    )
    if model.version != before.version and model.version and before.version:
        why = why + f"; the segments are of version {model.version}, they were of {before.version}"
    return segments["customer_id"].map(why).astype("str")


def figures_on(reading: Reading, debtors: pd.Index, day: Any) -> pd.DataFrame:
    """Return what these debtors' figures were on an earlier day, from what was known before that day."""
    points = pd.DataFrame({"customer_id": debtors, "day": pd.Timestamp(day)})
    figures = debtor_features(
        reading.books, points, late_after_days=reading.settings.late_after_days, workers=1
    ).set_axis(debtors)
    months = months_before(day, figures["days_since_last_invoice"])
    return figures.assign(months_since_last_invoice=months)


def _model_reasons(facts: pd.DataFrame, segment: pd.Series, scheme: str) -> pd.Series:
    """Say which segment the figures stand for; empty where the scheme says nothing."""
    recent = (facts["settled_invoices_365d"] > 0).to_numpy()
    days = np.where(recent, facts["mean_days_late_365d"], facts["mean_days_late"])
    share = np.where(recent, facts["late_share_365d"], facts["late_share"])
    tenths = np.rint(10 * days)
    when = np.array([" over all years", " in the last 365 days"], dtype=object)[recent.astype(np.int64)]
    opening = "nearest to the centre of" if scheme == LEARNED else f"by the scheme {scheme} in"
    made = joined(
        f"{opening} ",
        pa.array(segment, pa.large_string(), from_pandas=True),
        distinct(np.where(np.isnan(tenths), np.nan, np.abs(tenths) / 10), ": {:.1f} days "),
        pa.array(np.where(tenths < 0, "early", "late"), pa.large_string()),
        distinct(np.rint(100 * share), " on average, {:.0f} % late"),
        pa.array(when, pa.large_string()),
    )
    return pd.Series(column(made).array, facts.index)
