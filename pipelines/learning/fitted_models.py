"""What goes into the registry: each model with its data, its verdict and its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from features.errors import ModelError
from models import registry
from models.evaluation import gate
from models.evaluation.evaluate import MODEL
from models.payment.payment_time import PaymentTime
from models.segments.segmenter import predecessor
from models.treatment.policy_file import covers
from models.treatment.policy_file import fingerprint as policy_fingerprint
from pipelines.learning.figures import figures_of
from pipelines.learning.model_card import model_card
from pipelines.learning.retraining import compare_segments
from pipelines.reading import Reading
from pipelines.segment_page.scheme_comparison import compare_schemes
from pipelines.segment_page.segment_plots import plot_evidence
from pipelines.segment_page.segmenting import fit_segments


@dataclass(frozen=True)
class Fitted:
    """One model ready to be registered: what the gate says, and what goes into the registry.

    example: rows that it could score, of which the registry logs the quartiles.
    """

    name: str
    files: Mapping[str, bytes]
    example: pd.DataFrame
    verdict: gate.Verdict
    params: Mapping[str, object]
    metrics: Mapping[str, float] = field(default_factory=dict)
    documents: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def fitted_payment_time(
    model: PaymentTime,
    learned_from: tuple[pd.DataFrame, pd.DataFrame],
    verdict: gate.Verdict,
    evaluation: Mapping[str, Any],
    reading: Reading,
    measured: str,
) -> Fitted:
    """The predictor with its verdict and figures; card and evaluation in full lie beside it as documents.

    It carries the segments that it leaves to the rule, and what past cash forecasts got wrong.
    """
    figures = figures_of(evaluation)
    rows, outcome = learned_from
    model.parameters_["rule_segments"] = sorted(verdict.rule_segments)
    model.parameters_["cash"] = evaluation.get("cash", {}).get("corrections", {})
    card = model_card(
        trained_as_of=reading.as_of,
        late_after_days=reading.settings.late_after_days,
        features=model.parameters_["learned"],
        params=model.get_params(),
        counts={
            "rows": len(rows),
            "invoices": int(outcome["invoice_id"].nunique()),
            "debtors": int(outcome["customer_id"].nunique()),
        },
        measured=measured,
        evaluation=evaluation,
        verdict=verdict,
    )
    return Fitted(
        name="payment-time",
        files=model.files(),
        example=rows,
        verdict=verdict,
        params=model.get_params(),
        metrics={
            f"{row['predictor']}_{name}": value
            for row in figures
            for name, value in row.items()
            if isinstance(value, float)
        },
        documents={"evaluation.json": evaluation, "model_card.md": card},
        tags={"figures": json.dumps(figures), "reliability": json.dumps(_reliability(evaluation))},
    )


def _reliability(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Late shares predicted and observed, a row per bin of the probability; none where nothing was judged."""
    found: list[dict[str, Any]] = evaluation["models"][MODEL]["pooled"].get("late", {}).get("reliability", [])
    return found


def fitted_segments(
    reading: Reading, cutoff: date, champion: registry.Loaded | None = None, *, accept: bool = False
) -> tuple[list[Fitted], list[str]]:
    """The segments, continuing those of the champion; none and a warning where nobody paid yet.

    They carry how late each segment paid what was issued from `cutoff` on, put in segments before it.

    Accepted where the policy covers them all, and where enough debtors keep the name of their segment.
    With `accept` their number is chosen anew, and it is no matter who moves.
    """
    settings = reading.settings
    previous = _previous(champion, reading)
    try:
        model, figures = fit_segments(
            reading.ledger, reading.books, reading.as_of, settings, previous=previous, anew=accept
        )
    except ModelError as error:
        return [], [f"no segments: {error}"]
    names = model.parameters_["names"]
    model.parameters_["late_rates"] = _late_rates(reading, cutoff, len(names))
    reasons = [f"{len(names)} segments from {len(figures)} debtors", *model.notes_]
    documents: dict[str, object] = {"number_of_segments.json": [row.as_row() for row in model.evidence_]}
    if model.evidence_:
        documents["number_of_segments.png"] = plot_evidence(model.evidence_, len(names))
    metrics = {"debtors": float(len(figures)), "segments": float(len(names))}
    objections = []
    uncovered = covers(reading.policy, [*names, *reading.rules.segments()])
    if uncovered:
        objections.append(
            f"the policy does not cover segment {', '.join(uncovered)}: add it to the policy's segments"
        )
    if champion is not None and previous is not None:
        change = compare_segments(champion.parameters, model.parameters_, figures)
        documents["who_would_move.md"] = change.report
        metrics["persistence"] = change.persistence
        reasons.append(f"{change.persistence:.1%} of the debtors keep their segment")
        if change.persistence < settings.segments.min_persistence and not accept:
            objections.append(
                f"only {change.persistence:.1%} of the debtors would keep their segment, at least "
                f"{settings.segments.min_persistence:.0%} should: read who_would_move.md of this version, "
                "then debtscape train --accept-segments"
            )
    fitted = Fitted(
        name="debtor-segments",
        files=registry.json_files("debtor-segments", model.parameters_),
        example=figures,
        verdict=gate.Verdict(not objections, objections or reasons, proven_better=False),
        params={name: value for name, value in model.get_params().items() if name != "previous"},
        metrics=metrics,
        documents=documents,
    )
    return [fitted], []


def _late_rates(reading: Reading, cutoff: date, clusters: int) -> list[dict[str, Any]]:
    """Return how late each segment paid out of time, with a 95 % interval; empty where not known yet."""
    own = reading.settings.segments.model_copy(update={"clusters": clusters})
    settings = reading.settings.model_copy(update={"segments": own})
    try:
        rates = compare_schemes(replace(reading, settings=settings), cutoff, {}).late_rates
    except ModelError:
        return []
    table = rates[rates["late_rate"].notna()].rename(
        columns={
            "class": "segment",
            "low": "late_rate_low",
            "high": "late_rate_high",
            "invoices": "judged_invoices",
        }
    )
    columns = ["segment", "late_rate", "late_rate_low", "late_rate_high", "judged_invoices"]
    plain = table[columns].astype(object).where(table[columns].notna(), None)
    return [dict(zip(columns, row, strict=True)) for row in plain.itertuples(index=False)]


def _previous(champion: registry.Loaded | None, reading: Reading) -> Mapping[str, Any] | None:
    """What the new segments continue: the champion, or its own predecessor where it is of the same day."""
    if champion is None or champion.trained_as_of > reading.as_of:
        return None
    if champion.trained_as_of == reading.as_of:  # so that training twice gives the same model twice
        before: Mapping[str, Any] | None = champion.parameters["before"]
        return before
    return predecessor(champion.parameters, champion.version)


def fitted_timing(reading: Reading) -> Fitted:
    """The guards of the structural shift, kept as a version so that a run says which it used."""
    shift = reading.policy.shift.model_dump()
    features = ["settled_invoices_365d", "median_days_late", "spread_days_late"]
    parameters = {**shift, "features": features, "policy": policy_fingerprint(reading.policy)}
    return Fitted(
        name="reminder-timing",
        files=registry.json_files("reminder-timing", parameters),
        example=pd.DataFrame([[8.0, 3.0, 2.0], [8.0, 40.0, 2.0]], columns=features),
        verdict=gate.Verdict(accepted=True, reasons=["the policy's own guards"], proven_better=False),
        params=shift,
    )
