"""Whether a model may speak: calibrated, not worse than simple ways, better than the debtor's own rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.evaluate import MODEL, REFERENCE

CHAMPION = "champion"
"""Name under which the present champion is evaluated beside the model and the baselines."""

WORDS = {
    "class_prior": "the average of all invoices",
    "own_rate": "the debtor's own late rate",
    "median_delay": "the debtor's median delay",
    "average_days_delinquent": "the debtor's average days late",
    "ageing_roll_rate": "the ageing list",
    "invoice_only": "the invoice without its debtor's history",
    "rule": "the rule that speaks without a model",
    CHAMPION: "the present model",
}


@dataclass(frozen=True)
class Limits:
    """What a model must show.

    settled_invoices, late_invoices, on_time_invoices: least number of different invoices among the
    points it is judged by. ece: calibration error that is allowed in any case; a larger one only where
    chance alone makes it. brier, mae_days: how much worse than another way it must certainly not be.
    """

    settled_invoices: int = 100
    late_invoices: int = 30
    on_time_invoices: int = 30
    ece: float = 0.05
    brier: float = 0.01
    mae_days: float = 1.0


@dataclass(frozen=True)
class Verdict:
    """Whether the model is accepted, and why, in sentences for a credit manager.

    proven_better: the interval of its advantage over the debtor's own rate, or over the present model,
    leaves out 0.
    """

    accepted: bool
    reasons: list[str]
    proven_better: bool


def decide(evaluation: Mapping[str, Any], limits: Limits | None = None) -> Verdict:
    """Return the verdict on the model `payment_time` of an evaluation (see `evaluate`).

    Where the evaluation holds a model called "champion", the newcomer must also be better than that.
    """
    limits = limits or Limits()
    lacking = list(_too_little(evaluation, limits))
    if lacking:
        return Verdict(False, lacking, False)
    rival = CHAMPION if CHAMPION in evaluation["comparisons"] else REFERENCE
    objections = [
        *_miscalibrated(evaluation, limits),
        *_worse(evaluation, limits),
        *_not_better(evaluation, REFERENCE),
        *(_not_better(evaluation, CHAMPION) if rival == CHAMPION else ()),
    ]
    advantage = evaluation["comparisons"].get(rival, {}).get("brier") or {}
    proven = not objections and advantage.get("high") is not None and advantage["high"] < 0
    return Verdict(not objections, objections or [_praise(evaluation, rival, proven)], proven)


def _too_little(evaluation: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    for name, words in (
        ("settled_invoices", "settled invoices"),
        ("late_invoices", "invoices that were late"),
        ("on_time_invoices", "invoices on time"),
    ):
        there, least = evaluation[name], getattr(limits, name)
        if there < least:
            yield f"Too little to judge a model by: {there} {words} in the test period, {least} are needed."


def _miscalibrated(evaluation: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    late = evaluation["models"][MODEL]["pooled"]["late"]
    error, bar = late["ece"]["value"], max(late["ece_if_calibrated"]["p95"], limits.ece)
    if error > bar:
        yield (
            f"Its probabilities are off by {100 * error:.1f} points on average, at most {100 * bar:.1f} are "
            "allowed: they do not mean what they say."
        )


def _worse(evaluation: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    for name, comparison in evaluation["comparisons"].items():
        for measure, margin, words in (
            ("brier", limits.brier, "squared error of the late probability"),
            ("mae_days", limits.mae_days, "days by which the payment date is missed"),
        ):
            result = comparison.get(measure)
            if result is None:
                continue
            if result["high"] is None or result["high"] > margin:
                yield (
                    f"It may be worse than {WORDS.get(name, name)}: {words} {result['value']:+.3g} "
                    f"({_interval(result)}), at most {margin:+g} is allowed."
                )


def _not_better(evaluation: Mapping[str, Any], rival: str) -> Iterator[str]:
    advantage = evaluation["comparisons"].get(rival, {}).get("brier")
    if advantage is None:
        yield f"It was not compared with {WORDS[rival]}."
    elif advantage["value"] >= 0:
        yield f"It is not better than {WORDS[rival]}: squared error {advantage['value']:+.3g}."


def _praise(evaluation: Mapping[str, Any], rival: str, proven: bool) -> str:
    advantage = evaluation["comparisons"][rival]["brier"]
    how = "Proven better" if proven else "Better, though not proven beyond chance,"
    return (
        f"{how} than {WORDS[rival]}: squared error of the late probability {advantage['value']:+.3g} "
        f"({_interval(advantage)}), calibrated, and not worse than any simpler way."
    )


def _interval(result: Mapping[str, float | None]) -> str:
    if result["low"] is None or result["high"] is None:
        return "no interval: too few debtors"
    return f"95 % interval {result['low']:+.3g} to {result['high']:+.3g}"
