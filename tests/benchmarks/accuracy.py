"""How good the shipped predictor is on the last fifth of two public ledgers.

    python tests/benchmarks/accuracy.py

The last 20 % of the invoices by issue date are predicted on their issue day by models with the default
settings that learned once, from what was known before the first of these days, while features roll forward.
So were the quick attempts beside which the figures stand. The last fifth is looked at by this command only,
and chooses nothing.

Each figure is shown twice. Decided: on the points whose outcome is decided by the end of the ledger
whichever way it went, as everywhere in this project. All: on every invoice, as the quick attempts counted;
both ledgers hold settled invoices only, so the youngest of them are those that were paid soon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd
from public_ledgers import issue_day_at, markdown, read_public

from features.outcomes import landmarks
from models.evaluation.evaluate import MODEL, REFERENCE, evaluate
from models.payment.baselines import OwnRate
from models.scorer import CLASS_BORDERS, CLASSES
from pipelines.learning.folds import facts_of, fit_all, predict_all, rows_at, training_rows
from pipelines.reading import Reading

LAST_SHARE = 0.2
SEVERE_DAYS = 30
RESAMPLES = 500
SHOWN = (MODEL, "own_rate", "median_delay", "rule")

QUICK = {
    ("IBM", "at_issue", "auc"): (0.868, 0.853),
    ("IBM", "at_issue", "mae_days"): (5.8, 6.2),
    ("SME", "at_issue", "auc"): (0.803, 0.783),
    ("SME", "severe", "auc"): (0.686, 0.625),
    ("SME", "at_issue", "mae_days"): (17.4, 19.2),
}
"""What the quick untuned attempt showed, and the debtor's own shrunken rate or median beside it."""

FIGURES = (
    ("AUC, late", "at_issue", "late", "auc", "own_rate"),
    ("AUC, > 30 days late", "severe", "late", "auc", "own_rate"),
    ("MAE of the median day", "at_issue", "dates", "mae_days", "median_delay"),
    ("Brier skill over own rate", "at_issue", "late", "brier_skill", "own_rate"),
    ("ECE", "at_issue", "late", "ece", "own_rate"),
)
"""Label, evaluation, outcome and name of a figure, and the baseline that speaks for the debtor itself."""

HEADER = ("ledger", "figure", "counted", "quick attempt", "its own rate or median", "model (95 %)",
          "own rate or median", "rule", "reached")  # fmt: skip
COVERAGE = ("ledger", "predicted at", "of", "counted", "inside [P10, P90] (95 %)", "claimed", "agrees")

Evaluation = Mapping[str, Any]


def measure(reading: Reading, *, resamples: int = RESAMPLES) -> dict[str, dict[str, Evaluation]]:
    """Return the evaluations of a ledger's last fifth: counted -> at_issue, severe, every_landmark.

    counted: `decided` and `all`, see above. severe: at issue, with more than 30 days late as late.
    """
    cut, settings = issue_day_at(reading, 1 - LAST_SHARE), reading.settings
    points = landmarks(reading.books, issued_from=cut, before=reading.as_of)
    predictors = fit_all(*training_rows(reading.ledger, cut, settings), settings)
    rows = rows_at(reading.books, points, settings)
    shown = {name: predictors[name] for name in SHOWN}
    said = predict_all(shown, points, rows, cut)
    became = facts_of(reading.books, points, rows, cut, reading.as_of, settings)
    own = own_severe_rate(reading, points[points["landmark"] == "issue"], cut)
    how: dict[str, Any] = {"seed": settings.seed, "resamples": resamples}
    late_after = settings.late_after_days
    found = {}
    for counted, outcomes in {"decided": became, "all": settled_alone(became)}.items():
        told = said[said["invoice_id"].isin(outcomes["invoice_id"])]
        at_issue, at_issue_became = (table[table["landmark"] == "issue"] for table in (told, outcomes))
        severe = severely_late(at_issue, own)
        found[counted] = {
            "at_issue": evaluate(at_issue, at_issue_became, late_after_days=late_after, **how),
            "severe": evaluate(severe, at_issue_became, late_after_days=SEVERE_DAYS, **how),
            "every_landmark": evaluate(told, outcomes, late_after_days=late_after, **how),
        }
    return found


def settled_alone(became: pd.DataFrame) -> pd.DataFrame:
    """Return the outcomes of the settled invoices, as decided on every day that is asked about."""
    settled = became[became["event"]]
    last = settled["due_on"] + pd.Timedelta(days=CLASS_BORDERS[-1])
    return settled.assign(decided_until=settled["decided_until"].where(settled["decided_until"] > last, last))


def severely_late(said: pd.DataFrame, own: pd.Series) -> pd.DataFrame:
    """Return the predictions with p_late of more than 30 days: the classes beyond, `own` for the own rate."""
    beyond = said[list(CLASSES[CLASS_BORDERS.index(SEVERE_DAYS) + 1 :])].sum(axis=1, min_count=1)
    return said.assign(p_late=beyond.mask(said["model"] == REFERENCE, said["invoice_id"].map(own)))


def own_severe_rate(reading: Reading, points: pd.DataFrame, cut: date) -> pd.Series:
    """Return the debtor's own shrunken rate of more than 30 days late, by invoice_id."""
    settings = reading.settings.model_copy(update={"late_after_days": SEVERE_DAYS})
    own = OwnRate(SEVERE_DAYS).fit(*training_rows(reading.ledger, cut, settings))
    predicted = own.predict(rows_at(reading.books, points, settings))
    return predicted["p_late"].set_axis(points["invoice_id"])


def accuracy_rows(ledger: str, counted: str, found: Mapping[str, Evaluation]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of HEADER for one ledger and one way of counting; none for what never happened."""
    for label, evaluation, outcome, name, own in FIGURES:
        models = {
            model: given["pooled"].get(outcome, {}) for model, given in found[evaluation]["models"].items()
        }
        block, quick = models[MODEL], QUICK.get((ledger, evaluation, name))
        if not block.get(name):
            continue
        digits = 1 if name == "mae_days" else 3
        if name == "ece":
            chance = block["ece_if_calibrated"]
            label = f"ECE (if calibrated: {chance['mean']:.3f}, 95 % below {chance['p95']:.3f})"
        yield (
            ledger,
            label,
            f"{block['points']:,} {counted}",
            *([f"{number:.{digits}f}" for number in quick] if quick else ("", "")),
            with_interval(block[name], digits),
            *(value(models[model].get(name), digits) for model in (own, "rule")),
            reached(name, block, quick),
        )


def reached(name: str, block: Mapping[str, Any], quick: tuple[float, float] | None) -> str:
    """Return yes or no: not worse than the quick attempt, calibrated up to chance, a skill above 0."""
    ours = block[name]["value"]
    if name == "ece":
        return yes(ours <= block["ece_if_calibrated"]["p95"])
    if name == "brier_skill":
        return yes(ours > 0)
    if quick is None:
        return ""
    return yes(ours <= quick[0] if name == "mae_days" else ours >= quick[0])


def coverage_rows(ledger: str, counted: str, found: Mapping[str, Evaluation]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of COVERAGE for one ledger and one way of counting: by segment, by age up to due."""
    at_issue, every = (found[name]["models"][MODEL] for name in ("at_issue", "every_landmark"))
    parts = {("issue", "all debtors"): at_issue["pooled"]}
    parts |= {("issue", f"segment {name}"): block for name, block in at_issue.get("segment", {}).items()}
    parts |= {(age, "all debtors"): every["landmark"].get(age, {}) for age in ("half_way", "due")}
    parts |= {("all three", "all debtors"): every["pooled"]}
    for (age, part), block in parts.items():
        dates = block.get("dates", {})
        if dates.get("coverage"):
            yield (
                ledger,
                age,
                part,
                f"{dates['points']:,} {counted}",
                with_interval(dates["coverage"]),
                f"{dates['claimed_coverage']:.3f}",
                yes(dates["coverage_agrees"]),
            )


def value(given: Mapping[str, Any] | None, digits: int = 3) -> str:
    """Return a figure without its interval; empty where there is none."""
    return f"{given['value']:.{digits}f}" if given else ""


def with_interval(given: Mapping[str, Any], digits: int = 3) -> str:
    """Return a figure, and its interval where it has one."""
    if given["low"] is None:
        return value(given, digits)
    return f"{value(given, digits)} ({given['low']:.{digits}f} to {given['high']:.{digits}f})"


def yes(is_so: bool) -> str:
    """Return yes or no."""
    return "yes" if is_so else "no"


def main() -> None:
    """Measure both ledgers and print the tables."""
    measured = {name: measure(read_public(name)) for name in ("IBM", "SME")}
    print("Learned once at the cut, features rolled forward, as in the quick attempts.")
    for header, rows_of in ((HEADER, accuracy_rows), (COVERAGE, coverage_rows)):
        rows = [
            row
            for name, ways in measured.items()
            for counted, found in ways.items()
            for row in rows_of(name, counted, found)
        ]
        print("\n" + markdown(header, rows))


if __name__ == "__main__":
    main()
