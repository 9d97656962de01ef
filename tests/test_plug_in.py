"""Somebody's own estimator takes the predictor's place, and is refused in words when it cannot."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import ConfigurationError, ModelError
from features.simulate import simulate, write_portfolio
from models import registry
from pipelines.learning.folds import payment_time
from pipelines.learning.plug_in import champion, own_estimator
from pipelines.learning.training import train
from pipelines.running import run
from pipelines.runs.published_runs import all_runs, read_table
from pipelines.settings import Settings
from pipelines.settings_file import load_settings, parse_settings

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "own-estimator.md"
TODAY = date(2026, 1, 1)
TRAINED = date(2025, 10, 1)
SMALL = "  training_rows: 1500\n  evaluation_rows: 1000\ndormant_after_days: 91\nworkers: 1\n"
IMPORTS = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
"""
FOREST = "make = lambda: RandomForestClassifier(5, random_state=0)"
OWN_CLASS = """
class Half(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self
    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)
def make():
    return Half()
"""


def settings(folder: Path, module: str, code: str | None = None, **predictor: Any) -> Settings:
    """A configuration that names `module:make`, with the module beside it."""
    if code is not None:
        (folder / f"{module}.py").write_text(IMPORTS + code + "\n")
    content = {"ledger": {"invoices": {"path": "a.csv"}}}
    return parse_settings({**content, "predictor": {"estimator": f"{module}:make"} | predictor}, base=folder)


def blocks(language: str) -> list[str]:
    """The document's blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def test_the_shipped_model_needs_none(tmp_path: Path) -> None:
    """Without an estimator in the configuration the shipped members learn."""
    plain = parse_settings({"ledger": {"invoices": {"path": "a.csv"}}}, base=tmp_path)
    assert own_estimator(plain) is None
    assert payment_time(plain).make_estimator is None


def test_the_estimator_is_found_beside_the_configuration(tmp_path: Path) -> None:
    """Each call makes a new one; the search path stays; it prints as its place, not its address."""
    before = list(sys.path)
    chosen = settings(
        tmp_path, "beside_it", "make = lambda: make_pipeline(SimpleImputer(), LogisticRegression())"
    )
    make = payment_time(chosen).make_estimator
    assert make is not None
    assert make() is not make()
    assert str(make) == "OwnEstimator(place='beside_it:make')"
    assert sys.path == before


def test_an_installed_module_will_do(tmp_path: Path) -> None:
    """A class that takes NaN and needs no arguments is a callable too."""
    chosen = settings(tmp_path, "x", estimator="sklearn.ensemble:HistGradientBoostingClassifier")
    make = own_estimator(chosen)
    assert make is not None
    assert type(make()).__name__ == "HistGradientBoostingClassifier"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, r"no module \w+; put it into .*beside the configuration, or install it"),
        ("other = 1", r"has no make\. See docs"),
        ("make = 3", "make is a int; it must be a function without arguments"),
        ("import nowhere_at_all\nmake = 1", "no module nowhere_at_all"),
        ("1 / 0", r"importing \w+ failed \(ZeroDivisionError"),
        ("def make(depth): ...", r"cannot be called without arguments \(TypeError"),
        ("make = LinearRegression", "the LinearRegression it returns has no predict_proba"),
        ("make = dict", "the dict it returns has no fit"),
        ("make = LogisticRegression", r"missing values; put an imputer before it in a pipeline \(ValueError"),
        (OWN_CLASS.replace("(len(X), 2)", "(len(X), 3)"), "must return two probabilities a row"),
        (OWN_CLASS.replace("0.5)", "1.5)"), "must return two probabilities a row"),
        (FOREST, r"predictor\.estimator_types: \[sklearn\.tree\._tree\.Tree\]"),
        (OWN_CLASS, r"predictor\.estimator_types: \[\w+\.Half\]"),
    ],
)
def test_what_cannot_take_the_place_is_refused(
    tmp_path: Path, request: pytest.FixtureRequest, code: str | None, said: str
) -> None:
    """The refusal names the setting, what is wrong and the way out, before any ledger is read."""
    module = f"wrong_{abs(hash(request.node.name))}"
    before = list(sys.path)
    with pytest.raises(ConfigurationError, match=said) as refusal:
        own_estimator(settings(tmp_path, module, code))
    assert sys.path == before
    assert str(refusal.value).startswith(f"predictor.estimator {module}:make: ")


def test_types_that_the_configuration_trusts_are_taken(tmp_path: Path) -> None:
    """Whoever writes the configuration may trust a forest's trees or a class of his own."""
    forest = settings(tmp_path, "forest_of_it", FOREST, estimator_types=["sklearn.tree._tree.Tree"])
    half = settings(tmp_path, "half_of_it", OWN_CLASS, estimator_types=["half_of_it.Half"])
    assert own_estimator(forest) is not None
    assert own_estimator(half) is not None


@pytest.fixture(scope="module")
def fitted_half(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """A registry whose champion holds a class that only its maker knows."""
    import pandas as pd

    folder = tmp_path_factory.mktemp("own")
    chosen = settings(folder, "half_of_mine", OWN_CLASS, estimator_types=["half_of_mine.Half"],
                      features=["late_share"])  # fmt: skip
    rows = pd.DataFrame({"days_past_due": -10.0, "late_share": np.linspace(0, 1, 40)})
    outcome = pd.DataFrame({"event": True, "days_late": np.arange(40.0)})
    model = payment_time(chosen).fit(rows, outcome)
    registry.quiet()
    version = registry.log_version(
        "payment-time",
        model.files(),
        example=rows.head(2),
        trained_as_of=date(2025, 1, 1),
        tracking_uri=chosen.tracking_uri,
        trusted=chosen.predictor.estimator_types,
    )
    registry.set_alias("payment-time", "champion", version, tracking_uri=chosen.tracking_uri)
    with pytest.raises(ModelError, match=r"Untrusted types in the new payment-time: half_of_mine\.Half"):
        registry.log_version(
            "payment-time",
            model.files(),
            example=rows.head(2),
            trained_as_of=date(2025, 1, 1),
            tracking_uri=chosen.tracking_uri,
        )
    return chosen, folder


def test_a_registered_class_of_ones_own_is_loaded_from_beside_the_configuration(
    fitted_half: tuple[Settings, Path],
) -> None:
    """A later process finds the module again, and gets the very figures."""
    import pandas as pd

    chosen, _ = fitted_half
    sys.modules.pop("half_of_mine")  # as in a new process
    loaded = champion("payment-time", chosen)
    assert loaded is not None
    said = loaded.predict(pd.DataFrame({"days_past_due": [-10.0], "late_share": [0.3]}))
    # each bin that is not over yet halves what is left
    borders = [border for border in loaded.parameters["borders"] if -10 <= border <= 0]
    assert said["p_on_time"].item() == pytest.approx(1 - 0.5 ** len(borders))


def test_a_registered_class_that_nobody_trusts_is_not_loaded(fitted_half: tuple[Settings, Path]) -> None:
    """What the artefact holds is never enough: the configuration of who loads it must say so."""
    chosen, folder = fitted_half
    doubting = settings(folder, "half_of_mine", features=["late_share"])
    with pytest.raises(ModelError, match=r"version 1: half_of_mine\.Half\. .*predictor\.estimator_types"):
        champion("payment-time", doubting)
    assert doubting.tracking_uri == chosen.tracking_uri


def test_an_artefact_by_itself_trusts_the_known_types_alone(fitted_half: tuple[Settings, Path]) -> None:
    """Served by MLflow there is no configuration, so what only a configuration trusts is not loaded."""
    import mlflow

    chosen, _ = fitted_half
    mlflow.set_tracking_uri(chosen.tracking_uri)
    try:
        with pytest.raises(Exception, match=r"Untrusted types found in the file: \['half_of_mine\.Half'\]"):
            mlflow.pyfunc.load_model("models:/payment-time@champion")
    finally:
        mlflow.set_tracking_uri(None)


def test_the_documented_example_is_trained_judged_registered_and_used(
    tmp_path: Path, empty_registry: Callable[[Path], None]
) -> None:
    """The page's own module and lines go the whole way, on a ledger of 80 debtors."""
    config = write_portfolio(simulate(debtors=80, months=18, seed=4, end=TODAY), tmp_path)
    (tmp_path / "my_estimator.py").write_text(blocks("python")[0])
    config.write_text(config.read_text() + blocks("yaml")[0] + SMALL)
    empty_registry(config)
    trained = train(config, as_of=TRAINED, today=TODAY)
    version = trained["models"]["payment-time"]
    assert version["version"] == "1"
    assert version["reasons"]
    assert version["alias"] == ("champion" if version["accepted"] else "challenger")
    assert next(row for row in trained["figures"] if row["predictor"] == "payment_time")["auc"] > 0.6

    chosen = load_settings(config)
    registry.set_alias("payment-time", "champion", "1", tracking_uri=chosen.tracking_uri)
    result = run(config, as_of=date(2025, 11, 3), today=TODAY, now=datetime(2026, 1, 1, tzinfo=UTC))
    (published,) = all_runs(chosen.output_folder)
    assert published.run_id == result["run_id"]
    predictions = read_table(published, "predictions")
    assert (predictions["source"] == "model").any()
