"""The model card says what a version predicts, from what, how well, and what it must not be used for."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evaluation_support import debtor_of, portfolio, predicted

from features.catalogue import CATALOGUE
from models import registry
from models.evaluation import gate
from models.evaluation.evaluate import evaluate
from models.payment.payment_time import PaymentTime
from pipelines.learning.model_card import GROUPS, model_card

FEATURES = ["late_share_365d", "open_amount", "days_past_due", "country_late_share_365d"]


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    """A model that knows each debtor's late probability, beside the debtor's own rate and the rule."""
    outcomes, probability = portfolio()
    outcomes = outcomes.assign(segment=np.where(np.arange(len(outcomes)) % 2, "A", "B"))
    said = pd.concat(
        [
            predicted(outcomes, name, debtor_of(outcomes), p_late=late)
            for name, late in (("payment_time", probability), ("own_rate", 0.4), ("rule", 0.5))
        ]
    )
    return evaluate(said, outcomes, seed=1, resamples=40)


def card(evaluation: dict[str, Any], **changed: Any) -> str:
    """The card of an accepted version, with something changed."""
    given: dict[str, Any] = {
        "trained_as_of": date(2025, 7, 1),
        "late_after_days": 0,
        "features": FEATURES,
        "params": {"iterations": 100, "learning_rate": 0.1, "horizon_days": 365, "features": None},
        "counts": {"rows": 12000, "invoices": 5000, "debtors": 150},
        "measured": "what became of invoices from 2025-01-02 to 2025-06-30",
        "evaluation": evaluation,
        "verdict": gate.Verdict(True, ["Better than the debtor's own late rate."], True),
    }
    return model_card(**{**given, **changed})


def test_the_card_says_what_it_learned_from(evaluation: dict[str, Any]) -> None:
    """The day, rows, invoices and debtors."""
    text = card(evaluation)
    assert text.startswith("# Model card: payment-time, trained as of 2025-07-01\n")
    assert "known before 2025-07-01: 12,000 rows, 5,000 invoices, 150 debtors." in text


@pytest.mark.parametrize(("limit", "words"), [(0, "(after due)"), (7, "(more than 7 days after due)")])
def test_the_card_says_what_late_means(evaluation: dict[str, Any], limit: int, words: str) -> None:
    """The limit is the configured one."""
    assert f"settled late {words}" in card(evaluation, late_after_days=limit)


def test_features_stand_by_group_and_hyper_parameters_by_name(evaluation: dict[str, Any]) -> None:
    """Groups of the catalogue; the list of features is no hyper-parameter."""
    text = card(evaluation)
    assert "| how the debtor paid before | 1 | late_share_365d |" in text
    assert "| how others like it pay | 1 | country_late_share_365d |" in text
    assert "| iterations | 100 |\n| learning_rate | 0.1 |" in text
    assert "| features |" not in text


def test_figures_stand_beside_the_baselines_with_intervals(evaluation: dict[str, Any]) -> None:
    """The model in bold, the others under it, and the comparison in words."""
    text = card(evaluation)
    brier = evaluation["comparisons"]["own_rate"]["brier"]
    assert brier["high"] < 0
    assert "| the debtor's own late rate | better (" in text
    auc = evaluation["models"]["payment_time"]["pooled"]["late"]["auc"]
    assert f"| **the model** | **{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})** |" in text
    assert "from 2025-01-02 to 2025-06-30" in text
    assert "600 predictions about 600 invoices of 150 debtors" in text
    assert "Do its probabilities mean what they say" in text
    assert ".png" not in text


def test_an_accepted_version_says_so_and_where_the_rule_speaks(evaluation: dict[str, Any]) -> None:
    """Verdict, reasons, and each segment that fell back with its reason."""
    verdict = gate.Verdict(True, ["Proven better."], True, {"B": "The rule speaks for segment B."})
    text = card(evaluation, verdict=verdict)
    assert "Accepted, and proven better" in text
    assert "- Proven better.\n- The rule speaks for segment B.\n" in text
    assert "rule speaks" not in card(evaluation)


def test_a_version_that_could_not_be_measured_says_why() -> None:
    """No figures, but the verdict's reason and the limits."""
    verdict = gate.Verdict(False, ["Too little to judge a model by."], False)
    text = card({"models": {}}, verdict=verdict)
    assert "Refused." in text
    assert "- Too little to judge a model by." in text
    assert "It could not be measured" in text
    assert "## Limits" in text
    assert "How good it is" not in text


def test_the_limits_say_what_it_is_not_for(evaluation: dict[str, Any]) -> None:
    """Credit decisions, legal advice; unseen items; attributes of persons."""
    text = card(evaluation)
    for words in ("no credit score", "not legal advice", "direct debit", "dormant", "attribute of a person"):
        assert words in text, words
    assert "The country enters as" in text
    assert "country enters" not in card(evaluation, features=FEATURES[:3])


@pytest.mark.parametrize("horizon", [120, 365])
def test_the_limits_name_the_horizon_it_was_trained_for(evaluation: dict[str, Any], horizon: int) -> None:
    """Beyond that many days it names none."""
    text = card(evaluation, params={"horizon_days": horizon})
    assert f"no day more than {horizon} days after due" in text


def test_every_group_of_the_catalogue_has_words() -> None:
    """A reader never meets the name of a group."""
    assert {feature.group for feature in CATALOGUE.values()} == set(GROUPS)


def test_columns_of_the_ledgers_own_are_not_vouched_for(evaluation: dict[str, Any]) -> None:
    """Nobody looked whether such a column describes persons, and the card does not claim it."""
    text = card(evaluation, features=[*FEATURES, "age_group"])
    assert "was not looked at: age_group" in text
    assert "None of its features is an attribute of a person" not in text


def test_the_same_version_has_the_same_card(evaluation: dict[str, Any]) -> None:
    """Nor does the order of the hyper-parameters matter."""
    params = PaymentTime().get_params()
    assert card(evaluation, params=params) == card(evaluation, params=dict(reversed(params.items())))


def test_the_card_lies_with_the_registered_version_as_text(
    evaluation: dict[str, Any], tmp_path: Path
) -> None:
    """A document that is text is kept as it is, not as JSON."""
    import mlflow

    registry.quiet()
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    features = ["settled_invoices_365d", "median_days_late", "spread_days_late"]
    guards = {"features": features, "min_settled": 6, "max_spread_days": 5, "max_shift_days": 7}
    text = card(evaluation)
    registry.log_version(
        "reminder-timing",
        registry.json_files("reminder-timing", guards),
        example=pd.DataFrame([[6, 3, 1]], columns=features),
        trained_as_of=date(2025, 7, 1),
        tracking_uri=uri,
        documents={"model_card.md": text, "evaluation.json": {"points": 3}},
    )
    run = mlflow.MlflowClient(uri, uri).get_model_version("reminder-timing", "1").run_id
    kept = Path(
        mlflow.artifacts.download_artifacts(run_id=run, dst_path=str(tmp_path / "kept"), tracking_uri=uri)
    )
    assert (kept / "model_card.md").read_text(encoding="utf-8") == text
    assert (kept / "evaluation.json").read_text().split() == ["{", '"points":', "3", "}"]
