"""The registry on a real MLflow with SQLite: what goes in comes out, outside this project too."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from models import registry, scorer
from models.payment.payment_time import PaymentTime

FEATURES = ["days_past_due", "late_share_365d", "payment_terms_days"]
ROWS = pd.DataFrame(
    {"days_past_due": [-30.0, 5.0], "late_share_365d": [0.1, np.nan], "payment_terms_days": [30.0, 30.0]}
)
SEGMENTS = {
    "features": ["late"],
    "fill": [0],
    "center": [0],
    "scale": [1],
    "centroids": [[0], [40]],
    "names": ["A", "B"],
}
TIMING = {
    "features": ["settled_invoices_365d", "median_days_late", "spread_days_late"],
    "min_settled": 6,
    "max_spread_days": 5,
    "max_shift_days": 7,
}


@pytest.fixture(scope="module")
def predictor() -> PaymentTime:
    """A small fitted payment-time."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.uniform(0, 1, (400, 3)), columns=FEATURES).assign(days_past_due=-30.0)
    late = random.random(400) < rows["late_share_365d"]
    outcome = pd.DataFrame({"event": True, "days_late": np.where(late, 20.0, -5.0)})
    return PaymentTime(features=FEATURES, iterations=10).fit(rows, outcome)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory, predictor: PaymentTime) -> str:
    """A registry that holds one version of each model, payment-time as champion."""
    registry.quiet()
    uri = f"sqlite:///{tmp_path_factory.mktemp('registry')}/deeper/mlflow.db"
    log(uri, predictor)
    registry.set_alias("payment-time", "champion", "1", tracking_uri=uri)
    for name, parameters, example in (
        ("debtor-segments", SEGMENTS, pd.DataFrame({"late": [1.0]})),
        ("reminder-timing", TIMING, pd.DataFrame([[6, 3, 1]], columns=TIMING["features"])),
    ):
        registry.log_version(
            name,
            registry.json_files(name, parameters),
            example=example,
            trained_as_of=date(2024, 1, 1),
            tracking_uri=uri,
        )
        registry.set_alias(name, "champion", "1", tracking_uri=uri)
    return uri


def log(uri: str, predictor: PaymentTime, **settings: object) -> str:
    """Log a version of payment-time."""
    given = {"example": ROWS, "trained_as_of": date(2024, 5, 1), "tracking_uri": uri} | settings
    return registry.log_version("payment-time", predictor.files(), **given)


@pytest.fixture
def own(tmp_path: Path, uri: str) -> str:
    """A copy of the registry's database that a test may change; the artefacts stay where they are."""
    shutil.copy(uri.removeprefix("sqlite:///"), tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


def model_folder(uri: str, name: str) -> Path:
    """Where the files of a model's only version lie."""
    database = Path(uri.removeprefix("sqlite:///"))
    return next((database.parent / "mlartifacts" / name / "models").iterdir()) / "artifacts"


def test_champion_predicts_what_the_model_predicted(uri: str, predictor: PaymentTime) -> None:
    """Out of the registry come the same figures, and what is known about the version."""
    champion = registry.champion("payment-time", uri)
    assert champion is not None
    assert (champion.version, champion.trained_as_of) == ("1", date(2024, 5, 1))
    pd.testing.assert_frame_equal(champion.predict(ROWS), predictor.predict(ROWS))


def test_champions_of_parameters_alone(uri: str) -> None:
    """Segments and shifts come from JSON."""
    segments = registry.champion("debtor-segments", uri)
    timing = registry.champion("reminder-timing", uri)
    assert segments is not None
    assert timing is not None
    assert segments.predict(pd.DataFrame({"late": [30.0]}))["model_segment"].tolist() == ["B"]
    steady = pd.DataFrame([[6, 3, 1]], columns=TIMING["features"], dtype="float64")
    assert timing.predict(steady)["shift_days"].tolist() == [3]


def test_champion_names_features_that_are_missing(uri: str) -> None:
    """Rows of another kind are refused in words."""
    champion = registry.champion("payment-time", uri)
    assert champion is not None
    with pytest.raises(ModelError, match=r"payment-time version 1 needs late_share_365d"):
        champion.predict(ROWS.drop(columns="late_share_365d"))


def test_alias_moves_only_when_it_is_set(own: str, predictor: PaymentTime) -> None:
    """A new version is no champion; setting challenger leaves the champion alone."""
    second = log(own, predictor, tags={"accepted": "false"})
    registry.set_alias("payment-time", "challenger", second, tracking_uri=own)
    first = registry.champion("payment-time", own)
    registry.set_alias("payment-time", "champion", second, tracking_uri=own)
    then = registry.champion("payment-time", own)
    assert first is not None
    assert then is not None
    assert (first.version, second, then.version) == ("1", "2", "2")
    assert then.tags["accepted"] == "false"
    assert then.fingerprint == first.fingerprint  # the same model, logged twice


def test_run_keeps_metrics_parameters_and_documents(own: str, predictor: PaymentTime) -> None:
    """What was measured is found in MLflow beside the model."""
    log(own, predictor, metrics={"auc": 0.8}, params={"seed": 1}, documents={"metrics.json": {"auc": [0.8]}})
    from mlflow import MlflowClient

    client = MlflowClient(own, own)
    version = client.get_model_version("payment-time", "2")
    run = client.get_run(version.run_id)
    assert run.data.metrics == {"auc": 0.8}
    assert run.data.params == {"seed": "1"}
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["metrics.json"]


def test_logging_points_nothing_elsewhere(own: str, predictor: PaymentTime) -> None:
    """The process's own tracking address is as before."""
    import mlflow

    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri(), os.environ.get("MLFLOW_TRACKING_URI")
    log(own, predictor)
    after = mlflow.get_tracking_uri(), mlflow.get_registry_uri(), os.environ.get("MLFLOW_TRACKING_URI")
    assert after == before


def test_artefacts_hold_no_pickle_and_no_path_of_ours(uri: str) -> None:
    """Data and one readable file of code, with a signature, an example and pinned requirements."""
    folder = model_folder(uri, "payment-time")
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert {"artifacts/data/parameters.json", "artifacts/data/hazard.skops", "scorer.py"} <= files
    assert {"input_example.json", "requirements.txt", "MLmodel"} <= files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert "scikit-learn==" in (folder / "requirements.txt").read_text()
    assert "late_share_365d" in (folder / "MLmodel").read_text()
    for name in files:
        assert (
            b"code_paths: null" in (folder / name).read_bytes()
            or b"code_paths" not in (folder / name).read_bytes()
        )


def test_an_example_shows_quartiles_and_no_row_of_anybody(uri: str) -> None:
    """Each column by itself: 1, 2, 3, 5, 9 have the quartiles 2, 3 and 5, whatever row they stood in."""
    rows = pd.DataFrame({"a": [9, 1, 5, 2, 3], "b": [0.0, None, 4.0, 8.0, None]})
    assert registry.typical_rows(rows).to_dict("list") == {"a": [2.0, 3.0, 5.0], "b": [2.0, 4.0, 6.0]}
    logged = json.loads((model_folder(uri, "payment-time") / "input_example.json").read_text())
    assert len(logged["data"]) == 3
    assert ROWS[logged["columns"]].iloc[0].tolist() not in logged["data"]


def test_no_champion_is_none(tmp_path: Path, own: str) -> None:
    """Without a registry, or without the alias, there is nothing; looking creates nothing."""
    assert registry.champion("payment-time", f"sqlite:///{tmp_path}/none/mlflow.db") is None
    assert not (tmp_path / "none").exists()
    from mlflow import MlflowClient

    MlflowClient(own, own).delete_registered_model_alias("payment-time", "champion")
    assert registry.champion("payment-time", own) is None


def test_refuses_other_names(uri: str) -> None:
    """Only the three models and the two aliases exist."""
    with pytest.raises(ModelError, match="no such model: churn; models: payment-time"):
        registry.champion("churn", uri)
    with pytest.raises(ModelError, match="no such alias: best"):
        registry.set_alias("payment-time", "best", "1", tracking_uri=uri)


@pytest.fixture
def spoiled(tmp_path: Path, predictor: PaymentTime, uri: str) -> tuple[str, Path]:
    """A registry of its own, with its artefacts, to be spoiled: address and model folder."""
    shutil.copy(uri.removeprefix("sqlite:///"), tmp_path / "mlflow.db")
    own = f"sqlite:///{tmp_path}/mlflow.db"
    from mlflow import MlflowClient

    location = (tmp_path / "mlartifacts" / "payment-time").as_uri()
    client = MlflowClient(own, own)
    client.rename_experiment(client.get_experiment_by_name("payment-time").experiment_id, "before")
    client.create_experiment("payment-time", artifact_location=location)
    registry.set_alias("payment-time", "champion", log(own, predictor), tracking_uri=own)
    return own, model_folder(own, "payment-time")


def test_refuses_a_model_of_another_scorer(spoiled: tuple[str, Path]) -> None:
    """What was trained for other code is not scored with ours; the way out is named."""
    uri, folder = spoiled
    with (folder / "scorer.py").open("a") as file:
        file.write("# another\n")
    with pytest.raises(ModelError, match=r"version 2 was trained with another scorer .* debtscape train"):
        registry.champion("payment-time", uri)


def test_refuses_a_model_of_other_features(spoiled: tuple[str, Path]) -> None:
    """A feature that means something else today makes the model worthless."""
    from mlflow import MlflowClient

    uri, _ = spoiled
    MlflowClient(uri, uri).set_model_version_tag("payment-time", "2", "features", "0" * 64)
    with pytest.raises(ModelError, match=r"on other feature definitions than .* debtscape train"):
        registry.champion("payment-time", uri)


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_refuses_broken_files(spoiled: tuple[str, Path], content: bytes) -> None:
    """A damaged artefact is a clear refusal."""
    uri, folder = spoiled
    (folder / "artifacts" / "data" / "hazard.skops").write_bytes(content)
    with pytest.raises(ModelError, match=r"version 2 cannot be read .* debtscape train"):
        registry.champion("payment-time", uri)


def test_refuses_a_pickle_in_disguise(spoiled: tuple[str, Path]) -> None:
    """A file that would run code is not opened."""
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    uri, folder = spoiled
    skops.io.dump(FunctionTransformer(os.system), folder / "artifacts" / "data" / "hazard.skops")
    with pytest.raises(ModelError, match="Untrusted"):
        registry.champion("payment-time", uri)


def test_fingerprint_follows_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another unit or wording of a used feature counts; of an unused one it does not."""
    before = registry.features_fingerprint(FEATURES)
    changed = dict(registry.CATALOGUE)
    changed["late_share"] = changed.pop("mean_days_late")
    monkeypatch.setattr(registry, "CATALOGUE", changed)
    assert registry.features_fingerprint(FEATURES) == before
    changed["late_share_365d"] = changed["late_share"]
    assert registry.features_fingerprint(FEATURES) != before


ELSEWHERE = """
import sys, types
for name in ("features", "models"):
    sys.modules[name] = types.ModuleType(name)      # somebody else's packages of these names
sys.path = [p for p in sys.path if p not in ("", sys.argv[2])]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
rows = pandas.read_json(sys.stdin, orient="split").astype("float64")
for name in ("payment-time", "debtor-segments", "reminder-timing"):
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    wanted = model.metadata.get_input_schema().input_names()
    print(model.predict(rows.reindex(columns=wanted, fill_value=0.0)).to_json(orient="split"))
"""


def test_artefacts_load_in_somebody_elses_application(
    uri: str, predictor: PaymentTime, tmp_path: Path
) -> None:
    """With other packages called features and models, and without this project, the figures are ours."""
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, uri, str(Path(scorer.__file__).parent.parent)],
        input=ROWS.to_json(orient="split"),
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    payment, segments, timing = [json.loads(line) for line in done.stdout.splitlines()]
    expected = json.loads(predictor.predict(ROWS).to_json(orient="split"))
    assert payment == expected
    assert segments["data"] == [["A", "B", 1.0], ["A", "B", 1.0]]
    assert timing["data"] == [[0], [0]]


def test_models_serve_answers(uri: str, predictor: PaymentTime, tmp_path: Path) -> None:
    """`mlflow models serve` gives the same probabilities over HTTP, an empty feature among the rows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/payment-time@champion"]
    server = subprocess.Popen(
        [*command, "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)],
        cwd=tmp_path,
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": uri,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        body = json.dumps({"dataframe_split": json.loads(ROWS.to_json(orient="split", index=False))}).encode()
        answer = ask(f"http://127.0.0.1:{port}/invocations", body, server, seconds=90)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
    expected = predictor.predict(ROWS)["p_late"].tolist()
    assert [row["p_late"] for row in answer["predictions"]] == pytest.approx(expected)


def ask(url: str, body: bytes, server: subprocess.Popen[bytes], seconds: float) -> dict[str, list[dict]]:
    """Ask until the server answers."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with opener.open(request, timeout=10) as response:
                return json.load(response)
        except (ConnectionError, urllib.error.URLError):
            time.sleep(0.2)
    raise TimeoutError(f"the server did not answer; its exit code is {server.poll()}")


def test_a_store_that_cannot_be_reached_is_said_without_its_password() -> None:
    """The refusal is an OSError, worth another try, and names the host only."""
    with pytest.raises(ConnectionError, match=r"store http://127\.0\.0\.1 cannot be used") as refusal:
        registry.champion("payment-time", "http://user:secret@127.0.0.1:9")
    assert "secret" not in str(refusal.value)


def test_a_damaged_database_is_said_so(tmp_path: Path) -> None:
    """A file that is no database is named, without a trace of the library that met it."""
    (tmp_path / "mlflow.db").write_bytes(b"no database")
    with pytest.raises(ConnectionError, match=r"mlflow\.db cannot be used \(DatabaseError\)"):
        registry.champion("payment-time", f"sqlite:///{tmp_path / 'mlflow.db'}")
