"""Whether a model may speak, and in which segments the rule speaks instead.

It must be calibrated, not worse than simple ways, better than the debtor's own rate, and must not know
what it cannot know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.evaluation.evaluate import MODEL, REFERENCE

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
    points it is judged by; the latter two also of a stratum, which is not judged with fewer. ece:
    calibration error that is allowed in any case, ece_stratum: within a landmark, a segment or the newest
    points; a larger one only where chance alone makes it. brier, mae_days: how much worse than another
    way it must certainly not be. segment_invoices: with fewer judged in a segment the model keeps the
    word there. suspicious_auc, suspicious_lead: an AUC at issue above the one, and above every other
    way's by more than the other, is taken for a leak.
    """

    settled_invoices: int = 100
    late_invoices: int = 30
    on_time_invoices: int = 30
    ece: float = 0.05
    ece_stratum: float = 0.10
    brier: float = 0.01
    mae_days: float = 1.0
    segment_invoices: int = 30
    suspicious_auc: float = 0.97
    suspicious_lead: float = 0.05


@dataclass(frozen=True)
class Verdict:
    """Whether the model is accepted, and why, in sentences for a credit manager.

    proven_better: the interval of its advantage over the debtor's own rate, or over the present model,
    leaves out 0. rule_segments: segments in which the rule speaks all the same, and why.
    """

    accepted: bool
    reasons: list[str]
    proven_better: bool
    rule_segments: Mapping[str, str] = field(default_factory=dict)


def decide(evaluation: Mapping[str, Any], limits: Limits | None = None) -> Verdict:
    """Return the verdict on the model `payment_time` of an evaluation (see `evaluate`).

    Where the evaluation holds a model called "champion", the newcomer must also be better than that.
    A key `leak` of the evaluation says how many points changed their features when the ledger was cut
    at their own day: points, changed, features (names).
    """
    limits = limits or Limits()
    lacking = _too_little(evaluation, limits)
    if lacking:
        return Verdict(False, [lacking], False)
    rival = CHAMPION if CHAMPION in evaluation["comparisons"] else REFERENCE
    fallen_back = rule_segments(evaluation, limits)
    objections = [
        *_leaks(evaluation, limits),
        *_miscalibrated(evaluation, limits, fallen_back),
        *_worse(evaluation, limits),
        *_not_better(evaluation, REFERENCE),
        *(_not_better(evaluation, CHAMPION) if rival == CHAMPION else ()),
        *_speaks_nowhere(evaluation, fallen_back),
    ]
    advantage = evaluation["comparisons"].get(rival, {}).get("brier") or {}
    proven = not objections and advantage.get("high") is not None and advantage["high"] < 0
    reasons = objections or [_praise(evaluation, rival, proven)]
    return Verdict(not objections, reasons, proven, fallen_back)


def rule_segments(evaluation: Mapping[str, Any], limits: Limits) -> dict[str, str]:
    """Return the segments in which the model is worse than the rule, and why the rule must speak there.

    Worse is a squared error of the late probability that is higher for certain (the whole interval), or
    higher by more than `limits.brier` at the point estimate.
    """
    found = {}
    for segment, rivals in evaluation.get("segments", {}).items():
        result = rivals.get("rule", {}).get("brier")
        late = evaluation["models"][MODEL]["segment"][segment].get("late", {})
        if result is None or sum(_invoices(late)) < limits.segment_invoices:
            continue
        certain = result["low"] is not None and result["low"] > 0
        if certain or result["value"] > limits.brier:
            found[segment] = (
                f"The rule speaks for segment {segment}: the model's squared error of the late probability "
                f"is {result['value']:.3g} higher there ({_interval(result)})."
            )
    return found


def _too_little(evaluation: Mapping[str, Any], limits: Limits) -> str | None:
    counts = [
        f"{evaluation[name]} {words} in the test period, {getattr(limits, name)} are needed"
        for name, words in (
            ("settled_invoices", "settled invoices"),
            ("late_invoices", "invoices that were late"),
            ("on_time_invoices", "invoices on time"),
        )
        if evaluation[name] < getattr(limits, name)
    ]
    if not counts:
        return None
    return (
        f"Too little to judge a model by: {'; '.join(counts)}. Until there are more, the rule predicts from "
        "each debtor's own late rate and median delay."
    )


def _leaks(evaluation: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    leak = evaluation.get("leak", {"changed": 0})
    if leak["changed"] > 0:
        yield (
            f"It knows what was not known yet: on {leak['changed']} of {leak['points']} points the features "
            f"{', '.join(leak['features'])} change when the ledger ends on the point's own day. Leave these "
            "columns out, or give the day they became known."
        )
    at_issue = {
        name: result["value"]
        for name, groups in evaluation["models"].items()
        if (result := groups["landmark"].get("issue", {}).get("late", {}).get("auc")) is not None
    }
    own = at_issue.pop(MODEL, 0.0)
    best_other = max(at_issue.values(), default=0.5)
    if own > limits.suspicious_auc and own > best_other + limits.suspicious_lead:
        yield (
            f"It is too good to be true: AUC {own:.3f} on the day of issue, where the best of the other ways "
            f"has {best_other:.3f}. Look for a column that is filled or changed after issue, leave it out or "
            "give the day it became known, and train again."
        )


def _miscalibrated(
    evaluation: Mapping[str, Any], limits: Limits, fallen_back: Mapping[str, str]
) -> Iterator[str]:
    groups = evaluation["models"][MODEL]
    judged = [("", groups["pooled"], limits.ece)]
    for family, words in (
        ("newest", " on the newest invoices"),
        ("landmark", " on the landmark {}"),
        ("segment", " in segment {}"),
    ):
        judged += [
            (words.format(part), figures, limits.ece_stratum)
            for part, figures in groups.get(family, {}).items()
            if not (family == "segment" and part in fallen_back)
        ]
    for where, figures, allowed in judged:
        late = figures.get("late", {})
        on_time_and_late = zip(_invoices(late), (limits.on_time_invoices, limits.late_invoices), strict=True)
        if late.get("ece") is None or any(there < least for there, least in on_time_and_late):
            continue
        error, bar = late["ece"]["value"], max(late["ece_if_calibrated"]["p95"], allowed)
        if error > bar:
            yield (
                f"Its probabilities are off by {100 * error:.1f} points on average{where}, at most "
                f"{100 * bar:.1f} are allowed: they do not mean what they say."
            )


def _invoices(late: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many invoices on time and late a block of late figures is about."""
    return late.get("on_time_invoices", 0), late.get("late_invoices", 0)


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


def _speaks_nowhere(evaluation: Mapping[str, Any], fallen_back: Mapping[str, str]) -> Iterator[str]:
    if fallen_back and set(fallen_back) == set(evaluation["segments"]):
        yield f"It is worse than {WORDS['rule']} in every segment ({', '.join(fallen_back)})."


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
