"""What goes into the registry: each model with its data, its verdict and its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from features.errors import ModelError
from features.payment_history import debtor_features
from models import gate, registry
from models.facts import customers_on
from models.overrides import RULE_SEGMENTS
from models.payment_time import PaymentTime
from models.policy import covers
from models.policy import fingerprint as policy_fingerprint
from models.segmenter import DebtorSegmenter
from pipelines.figures import figures_of
from pipelines.reading import Reading


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
    model: PaymentTime, rows: pd.DataFrame, verdict: gate.Verdict, evaluation: Mapping[str, Any]
) -> Fitted:
    """The predictor with its verdict and figures; the evaluation in full lies beside it as a document."""
    figures = figures_of(evaluation)
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
        documents={"evaluation.json": evaluation},
        tags={"figures": json.dumps(figures)},
    )


def fitted_segments(reading: Reading) -> tuple[list[Fitted], list[str]]:
    """The segments, accepted where the policy covers them all; none and a warning where nobody paid yet.

    One-time and intercompany accounts are left out: their history is not that of one debtor.
    """
    settings = reading.settings
    customers = customers_on(reading.ledger.customers, reading.as_of)
    not_one_debtor = customers.index[customers["type"].isin(["one_time", "intercompany"])]
    known = sorted(set(reading.ledger.invoices["customer_id"]) - set(not_one_debtor))
    debtors = pd.DataFrame({"customer_id": pd.Series(known, dtype="str")})
    points = debtors.assign(day=pd.Timestamp(reading.as_of))
    figures = debtor_features(
        reading.books, points, late_after_days=settings.late_after_days, workers=settings.workers
    ).set_axis(pd.Index(debtors["customer_id"], name="customer_id"))
    model = DebtorSegmenter(clusters=settings.segments.clusters, seed=settings.seed)
    try:
        model.fit(figures)
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
