"""What goes into the registry: each model with its data, its verdict and its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from features.errors import ModelError
from models import gate, registry
from models.overrides import RULE_SEGMENTS
from models.payment_time import PaymentTime
from models.policy import covers
from models.policy import fingerprint as policy_fingerprint
from pipelines.figures import figures_of
from pipelines.model_card import model_card
from pipelines.reading import Reading
from pipelines.segmenting import fit_segments


@dataclass(frozen=True)
class Fitted:
    """One model ready to be registered: what the gate says, and what goes into the registry."""

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

    It carries the segments that it leaves to the rule.
    """
    figures = figures_of(evaluation)
    rows, outcome = learned_from
    model.parameters_["rule_segments"] = sorted(verdict.rule_segments)
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
        example=rows.head(5),
        verdict=verdict,
        params=model.get_params(),
        metrics={
            f"{row['predictor']}_{name}": value
            for row in figures
            for name, value in row.items()
            if isinstance(value, float)
        },
        documents={"evaluation.json": evaluation, "model_card.md": card},
        tags={"figures": json.dumps(figures)},
    )


def fitted_segments(reading: Reading) -> tuple[list[Fitted], list[str]]:
    """The segments, accepted where the policy covers them all; none and a warning where nobody paid yet."""
    try:
        model, figures = fit_segments(reading.ledger, reading.books, reading.as_of, reading.settings)
    except ModelError as error:
        return [], [f"no segments: {error}"]
    uncovered = covers(reading.policy, [*model.parameters_["names"], *RULE_SEGMENTS])
    reasons = [f"{len(model.parameters_['names'])} segments from {len(figures)} debtors", *model.notes_]
    if uncovered:
        reasons = [
            f"the policy does not cover segment {', '.join(uncovered)}: add it to the policy's segments"
        ]
    fitted = Fitted(
        name="debtor-segments",
        files=registry.json_files("debtor-segments", model.parameters_),
        example=figures.head(5),
        verdict=gate.Verdict(accepted=not uncovered, reasons=reasons, proven_better=False),
        params=model.get_params(),
        metrics={"debtors": float(len(figures))},
    )
    return [fitted], []


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
