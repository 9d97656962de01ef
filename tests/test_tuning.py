"""The search for settings: it is honest about chance, and never looks at the days that judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from features.errors import ConfigurationError, ModelError
from features.ledger import known_before
from features.simulate import simulate, write_portfolio
from pipelines import cli
from pipelines.learning import folds, training, tuning
from pipelines.learning.training import train
from pipelines.learning.tuning import SEARCHED, Fold, class_losses, folds_before, tune
from pipelines.reading import Reading, read
from pipelines.settings import Settings

TODAY = date(2026, 1, 1)
HOLDOUT = date(2025, 8, 20)
SMALL = "predictor: {training_rows: 1500, evaluation_rows: 1000, iterations: 10}\nworkers: 1\n"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a simulated ledger of 80 debtors in 18 months."""
    folder = tmp_path_factory.mktemp("tuning")
    path = write_portfolio(simulate(debtors=80, months=18, seed=4, end=TODAY), folder)
    path.write_text(path.read_text() + SMALL)
    return path


@pytest.fixture(scope="module")
def reading(config: Path) -> Reading:
    """That ledger, as of its end."""
    return read(config, as_of=None, today=TODAY)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Settings], float], float], None]:
    """Let a setting's loss be what a function says, plus noise per debtor; nothing is fitted."""

    def pretend(loss: Callable[[Settings], float], noise: float) -> None:
        def losses(fold: Fold, settings: Settings) -> np.ndarray:
            own = int(1e6 * settings.predictor.learning_rate)
            per_debtor = pd.util.hash_array(fold.customers.to_numpy(dtype=object), hash_key=f"{own:016d}")
            return loss(settings) + noise * (per_debtor / 2**64 - 0.5)

        monkeypatch.setattr(tuning, "class_losses", losses)

    return pretend


def far_from(best: float) -> Callable[[Settings], float]:
    """A loss that grows with the ratio of the learning rate to the best one."""
    return lambda settings: 1 + abs(np.log(settings.predictor.learning_rate / best))


def test_the_folds_lie_in_order_and_before_the_holdout(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No day on or after the holdout's first is asked for, and no fold learns from what it is asked about."""
    asked: list[tuple[pd.Timestamp, pd.Timestamp]] = []

    def watched(books: Any, points: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        asked.append((points["day"].min(), points["day"].max()))
        return rows_at(books, points, settings)

    rows_at = folds.rows_at
    for module in (folds, tuning):
        monkeypatch.setattr(module, "rows_at", watched)
    found = folds_before(reading, HOLDOUT)
    assert len(found) == 3
    learned, judged = asked[::2], asked[1::2]
    for (_, last_learned), (first_judged, last_judged) in zip(learned, judged, strict=True):
        assert last_learned < first_judged <= last_judged < pd.Timestamp(HOLDOUT) - pd.Timedelta(days=90)
    assert [day for _, day in judged] == sorted(day for _, day in judged)
    for fold in found:
        decided = fold.learned[1]["decided_until"].max()
        assert decided < pd.Timestamp(HOLDOUT)


def test_what_was_known_later_changes_nothing(reading: Reading) -> None:
    """A ledger cut at the holdout gives the same folds, so the holdout chooses nothing."""
    whole = folds_before(reading, HOLDOUT)
    cut = folds_before(replace(reading, ledger=known_before(reading.ledger, HOLDOUT)), HOLDOUT)
    for one, other in zip(whole, cut, strict=True):
        pd.testing.assert_frame_equal(one.asked, other.asked)
        pd.testing.assert_frame_equal(one.learned[0], other.learned[0])
        pd.testing.assert_frame_equal(one.learned[1], other.learned[1])
        assert one.fell_into.tolist() == other.fell_into.tolist()


def test_the_class_of_a_point_is_that_of_its_payment(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 days late is on time, 1 the next class, 91 the last one, and so is what was not paid by then."""
    became = {"event": [True, True, True, True, False], "days_late": [0.0, 1.0, 90.0, 91.0, 200.0]}
    known = {"classes_measurable": True, "days_past_due": -5, "customer_id": "c", "landmark": "issue"}
    day = pd.Timestamp("2025-03-03")
    points = pd.DataFrame(became).assign(**known, invoice_id=list("abcde"), day=day)
    undecided = points.assign(classes_measurable=False)
    long_past = points.assign(days_past_due=91)
    table = pd.concat([points, undecided, long_past], ignore_index=True)
    monkeypatch.setattr(tuning, "FEWEST_POINTS", 5)
    monkeypatch.setattr(tuning, "landmarks", lambda *_, **__: table)
    monkeypatch.setattr(tuning, "became_of", lambda _, asked, *__: asked)
    monkeypatch.setattr(tuning, "training_rows", lambda *_: (None, None))
    monkeypatch.setattr(tuning, "rows_at", lambda _, points, __: points)
    monkeypatch.setattr(tuning, "pairwise", lambda _: [(date(2025, 1, 1), date(2025, 5, 1))])
    (fold,) = folds_before(reading, HOLDOUT)
    assert fold.fell_into.tolist() == [0, 1, 3, 4, 4]


def test_the_loss_is_the_negative_log_of_the_class_that_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probability 1/2 costs log 2, and an impossible one a finite price."""

    class Half:
        def fit(self, *_: object) -> Half:
            return self

        def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
            shares = [[0.5, 0.5, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
            return pd.DataFrame(shares, columns=list(tuning.CLASSES), index=rows.index)

    monkeypatch.setattr(tuning, "payment_time", lambda _: Half())
    rows = pd.DataFrame(index=range(3))
    fold = Fold((rows, rows), rows, pd.Series(list("abc")), np.array([1, 0, 4]))
    losses = class_losses(fold, None)  # type: ignore[arg-type]
    assert losses == pytest.approx([np.log(2), 0, np.log(1e6)])


def test_a_real_gain_is_found_and_hopeless_settings_are_given_up(reading: Reading, pretended: Any) -> None:
    """The configured settings come first; others come near the best ones, some are pruned."""
    pretended(far_from(0.03), noise=0.01)
    said: list[tuple[str, int, int]] = []
    found = tune(reading, HOLDOUT, minutes=5, trials=25, progress=lambda *step: said.append(step))
    assert found.better
    assert found.configured_loss == pytest.approx(1 + np.log(0.1 / 0.03), abs=0.01)
    assert found.best_loss < 1.3
    assert found.tried == 25
    assert found.pruned > 0
    assert found.values["learning_rate"] == pytest.approx(0.03, rel=0.35)
    assert found.settings(reading.settings).predictor.learning_rate == found.values["learning_rate"]
    assert said[0] == ("tuning: laying out the folds", 0, 300)
    assert all(0 <= done <= steps == 300 for _, done, steps in said)


def test_the_same_seed_finds_the_same(reading: Reading, pretended: Any) -> None:
    """As many trials give the same settings, whatever the clock says."""
    pretended(far_from(0.03), noise=0.01)
    assert tune(reading, HOLDOUT, minutes=5, trials=8) == tune(reading, HOLDOUT, minutes=9, trials=8)


def test_what_may_be_chance_changes_nothing(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one debtor gains a little more than another loses, the configured settings stay."""

    def losses(fold: Fold, settings: Settings) -> np.ndarray:
        changed = settings.predictor.learning_rate != 0.1
        first = pd.Series(~fold.customers.duplicated().to_numpy(), fold.customers.to_numpy())
        debtors = sorted(set(fold.customers))[:2]
        effect = [first.index == debtor for debtor in debtors]
        return 1 + changed * first.to_numpy() * (10 * effect[0] - 12 * effect[1])

    monkeypatch.setattr(tuning, "class_losses", losses)
    found = tune(reading, HOLDOUT, minutes=5, trials=2)
    assert 0 < found.configured_loss - found.best_loss < found.standard_error
    assert not found.better
    assert found.values == {name: getattr(reading.settings.predictor, name) for name in SEARCHED}
    assert found.settings(reading.settings) == reading.settings
    assert "which may be chance: the configured settings stay" in found.summary()["said"]
    assert found.summary()["lines"] == []


def test_configured_settings_outside_of_the_search_are_tried_as_they_are(
    reading: Reading, pretended: Any
) -> None:
    """A learning rate of 0.9 is beyond what is searched, and yet what the others must beat."""
    pretended(far_from(0.03), noise=0)
    own = reading.settings.predictor.model_copy(update={"learning_rate": 0.9, "l2_regularization": 0.0})
    settings = reading.settings.model_copy(update={"predictor": own})
    found = tune(replace(reading, settings=settings), HOLDOUT, minutes=5, trials=1)
    assert found.configured_loss == pytest.approx(1 + np.log(30))
    assert (found.better, found.values["learning_rate"]) == (False, 0.9)


def test_the_lines_fit_into_a_configuration(reading: Reading, pretended: Any) -> None:
    """What is printed is YAML that the configuration takes, to the digit."""
    pretended(far_from(0.03), noise=0)
    found = tune(reading, HOLDOUT, minutes=5, trials=8)
    written = yaml.safe_load("\n".join(found.summary()["lines"]))
    assert written == {"predictor": dict(found.values)}


def test_the_time_is_kept(reading: Reading, pretended: Any) -> None:
    """When it is over the configured settings have been measured, and no other is begun."""
    pretended(far_from(0.03), noise=0)
    found = tune(reading, HOLDOUT, minutes=1e-9)
    assert (found.tried, found.better) == (1, False)
    assert "none was better" in found.summary()["said"]


@pytest.mark.parametrize("minutes", [0, -1, float("inf"), float("nan")])
def test_no_time_is_refused(reading: Reading, minutes: float) -> None:
    """A search needs some time, and an end."""
    with pytest.raises(ConfigurationError, match="give the search some time, for example --minutes 10"):
        tune(reading, HOLDOUT, minutes=minutes)


def test_an_estimator_of_ones_own_is_not_searched(reading: Reading) -> None:
    """The settings are those of the shipped model; nothing is tried in silence."""
    own = reading.settings.predictor.model_copy(update={"estimator": "mine:make"})
    settings = reading.settings.model_copy(update={"predictor": own})
    with pytest.raises(ConfigurationError, match=r"predictor\.estimator replaces: leave one out"):
        tune(replace(reading, settings=settings), HOLDOUT, minutes=1)


def test_too_little_history_is_refused(reading: Reading) -> None:
    """Half a year leaves nothing that was decided before the holdout."""
    first = reading.ledger.invoices["known_on"].min().date()
    with pytest.raises(ModelError, match=r"too little history to tune on.* Leave out --tune"):
        tune(reading, first + timedelta(days=120), minutes=1)


@pytest.mark.slow
def test_training_uses_what_was_found_and_says_so(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real model: the search ends before the holdout, and its values are those of the model."""
    found: list[tuning.Tuning] = []

    def quick(reading: Reading, before: date, **kwargs: Any) -> tuning.Tuning:
        assert before == training.holdout_cutoff(training.Training(reading, None))
        result = tune(reading, before, trials=2, **kwargs)
        found.append(replace(result, values={**result.values, "max_leaf_nodes": 7}))
        return found[-1]

    def registered(outcome: training.Outcome) -> dict[str, Any]:
        (model,) = (model for model in outcome.models if model.name == "payment-time")
        return {"params": model.params}

    monkeypatch.setattr(training, "tune", quick)
    monkeypatch.setattr(training, "register", registered)
    result = train(config, as_of=None, today=TODAY, minutes=5)
    assert result["tuning"] == found[0].summary()
    assert (found[0].tried, found[0].pruned) == (2, 0)
    assert found[0].values.items() <= result["params"].items()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--minutes", "5"], "--minutes is for --tune"),
        (["--tune", "--minutes", "0"], "--minutes"),
        (["--tune", "--flow"], "leave out --flow"),
    ],
)
def test_wrong_usage_is_refused(config: Path, options: list[str], said: str) -> None:
    """Options that mean nothing together are wrong usage."""
    answer = CliRunner().invoke(cli.app, ["train", "-c", str(config), *options], env={"COLUMNS": "200"})
    assert answer.exit_code == 2
    assert said in answer.output


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_prints_the_lines(config: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    """A person reads what to put into the configuration, a machine finds it in the result."""
    asked: list[float | None] = []
    tuned = tuning.Tuning({"learning_rate": 0.05}, True, 0.9, 0.8, 0.01, 20, 12)
    result = {"as_of": "2026-01-01", "models": {}, "measured": "x", "figures": [], "warnings": []}

    def trained(*_: object, minutes: float | None, **__: object) -> dict[str, Any]:
        asked.append(minutes)
        return result | {"tuning": tuned.summary()}

    monkeypatch.setattr("pipelines.learning.training.train", trained)
    options = ["train", "-c", str(config), "--tune", *(["--json"] if as_json else [])]
    answer = CliRunner().invoke(cli.app, options)
    assert asked == [10.0]
    if as_json:
        assert json.loads(answer.stdout)["tuning"]["values"] == {"learning_rate": 0.05}
    else:
        assert (
            "20 settings tried, 12 given up early; better by 0.1000 (standard error 0.0100)" in answer.stdout
        )
        assert "predictor:\n  learning_rate: 0.05\n" in answer.stdout
