"""Where trained models are kept: MLflow's tracking and registry, told where they are in every call.

An artefact is data (JSON, skops) beside a copy of models/scorer.py. Anyone's MLflow can run it; we load
only the data and score with our own scorer, after checking that it is the very same file. Nothing is
ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import BadZipFile

import pandas as pd

from features.catalogue import CATALOGUE
from features.contracts.output import SCHEMA_VERSION
from features.errors import ModelError
from models import scorer

MODELS = ("payment-time", "debtor-segments", "reminder-timing")
ALIASES = ("champion", "challenger")
_SCORER = Path(scorer.__file__)
_REQUIREMENTS = ("mlflow", "numpy", "pandas", "scikit-learn", "skops")


@dataclass(frozen=True)
class Loaded:
    """A registered version, ready to score. `fingerprint` (sha256 hex) stands for all that it computes."""

    name: str
    version: str
    trained_as_of: date
    tags: dict[str, str]
    parameters: dict[str, Any]
    fingerprint: str
    _score: scorer.Score = field(repr=False)
    _estimators: scorer.Estimators = field(repr=False)

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the model's columns for the rows, same index; ModelError names features they lack."""
        missing = [name for name in self.parameters["features"] if name not in rows]
        if missing:
            raise ModelError(f"{self.name} version {self.version} needs {', '.join(missing)} in its rows")
        return self._score(rows)

    def log_odds(self, rows: pd.DataFrame) -> scorer.Floats:
        """Return the log-odds of being paid late, per row; see `scorer.late_log_odds`."""
        return scorer.late_log_odds(self.parameters, self._estimators, rows)


def quiet() -> None:
    """Keep MLflow from phoning home, drawing progress bars and logging what it does; call it first."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")  # read when MLflow is imported
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")  # seconds; else a dead server costs minutes
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def json_files(name: str, parameters: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the artefact's data of a model that is parameters only, file name -> content."""
    content = {**parameters, "model": name}
    return {scorer.PARAMETERS_FILE: json.dumps(content, indent=1, sort_keys=True).encode()}


def log_version(
    name: str,
    files: Mapping[str, bytes],
    *,
    example: pd.DataFrame,
    trained_as_of: date,
    tracking_uri: str,
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    documents: Mapping[str, object] | None = None,
    trusted: Sequence[str] = (),
) -> str:
    """Log a run with its model, register it, and return the new version. Moves no alias.

    `files`: the artefact's data, file name -> content. `example`: rows of the model's features, of which none
    is logged itself: see `typical_rows`.
    `documents`: file name -> text, bytes, or anything JSON holds, kept with the run (a model card, a plot).
    `trusted`: see `champion`; ModelError for an artefact with other types.
    """
    _refuse_unknown(name)
    with tempfile.TemporaryDirectory() as scratch, _tracking(tracking_uri) as mlflow:
        data = Path(scratch) / "data"
        data.mkdir()
        for file, content in files.items():
            (data / file).write_bytes(content)
        _refuse_untrusted(f"the new {name}", data, trusted)
        parameters = json.loads(files[scorer.PARAMETERS_FILE])
        rows = typical_rows(example[parameters["features"]])
        with warnings.catch_warnings():  # whole numbers among the results cannot be missing, and never are
            warnings.filterwarnings("ignore", message=".*integer column")
            signature = mlflow.models.infer_signature(rows, scorer.load(data, trusted)(rows))
        with mlflow.start_run(experiment_id=_experiment(mlflow, name, tracking_uri)) as run:
            mlflow.log_params(dict(params or {}))
            mlflow.log_metrics(dict(metrics or {}))
            for file, document in (documents or {}).items():
                if isinstance(document, bytes):
                    (Path(scratch) / file).write_bytes(document)
                    mlflow.log_artifact(str(Path(scratch) / file))
                elif isinstance(document, str):
                    mlflow.log_text(document, file)
                else:
                    mlflow.log_dict(document, file)
            model = mlflow.pyfunc.log_model(
                name=name,
                python_model=str(_SCORER),
                artifacts={"data": str(data)},
                signature=signature,
                input_example=rows,
                pip_requirements=[f"{package}=={installed(package)}" for package in _REQUIREMENTS],
            )
        client = mlflow.MlflowClient(tracking_uri, tracking_uri)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        registered = client.create_model_version(
            name,
            model.model_uri,
            run_id=run.info.run_id,
            model_id=model.model_id,
            tags={
                **(tags or {}),
                "trained_as_of": trained_as_of.isoformat(),
                "schema_version": SCHEMA_VERSION,
                "features": features_fingerprint(parameters["features"]),
            },
        )
        return str(registered.version)


def typical_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return three rows that show what a model is fed with: the quartiles of each column by itself.

    Nobody's own row goes into an artefact, which may be copied anywhere and which forgetting does not reach.
    """
    return rows.astype("float64").quantile([0.25, 0.5, 0.75]).reset_index(drop=True)


def log_run(
    experiment: str,
    *,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    files: Mapping[str, bytes],
    tracking_uri: str,
    tags: Mapping[str, str] | None = None,
) -> str:
    """Log a run that makes no model, with its files, name -> content, and return the run's id."""
    with tempfile.TemporaryDirectory() as scratch, _tracking(tracking_uri) as mlflow:
        for file, content in files.items():
            (Path(scratch) / file).write_bytes(content)
        own = _experiment(mlflow, experiment, tracking_uri)
        with mlflow.start_run(experiment_id=own, tags=dict(tags or {})) as run:
            mlflow.log_params(dict(params))
            mlflow.log_metrics(dict(metrics))
            mlflow.log_artifacts(scratch)
        return str(run.info.run_id)


def set_alias(name: str, alias: str, version: str, *, tracking_uri: str) -> None:
    """Point `alias` (champion or challenger) of a model at a version."""
    _refuse_unknown(name)
    if alias not in ALIASES:
        raise ModelError(f"no such alias: {alias}; aliases: {', '.join(ALIASES)}")
    with _tracking(tracking_uri) as mlflow:
        mlflow.MlflowClient(tracking_uri, tracking_uri).set_registered_model_alias(name, alias, version)


def champion(name: str, tracking_uri: str, trusted: Sequence[str] = ()) -> Loaded | None:
    """Return the version that the alias champion points at, or None when there is none.

    `trusted`: types of estimators that may be loaded beside those known to be safe; only who asks says so,
    never the artefact. ModelError when it holds others, or cannot be trusted to mean today what it meant
    when it was trained: another scorer, other definitions of its features, or broken files.
    """
    _refuse_unknown(name)
    database = _sqlite_file(tracking_uri)
    if database is not None and not database.exists():
        return None  # looking would create it
    with tempfile.TemporaryDirectory() as scratch, _tracking(tracking_uri) as mlflow:
        client = mlflow.MlflowClient(tracking_uri, tracking_uri)
        aliases = [model.aliases for model in client.search_registered_models(f"name = '{name}'")]
        if not aliases or "champion" not in aliases[0]:
            return None
        registered = client.get_model_version(name, aliases[0]["champion"])
        try:
            source = client.get_model_version_download_uri(name, registered.version)
            folder = mlflow.artifacts.download_artifacts(source, dst_path=scratch)
            return _load(registered, Path(folder), trusted)
        except (OSError, LookupError, ValueError, TypeError, BadZipFile, mlflow.MlflowException) as error:
            raise ModelError(
                f"{name} version {registered.version} cannot be read ({type(error).__name__}: {error}); "
                "train again: debtscape train"
            ) from error


def fingerprint_of(files: Mapping[str, bytes]) -> str:
    """Return sha256 (hex) of the scorer and an artefact's data: all that decides what a model computes."""
    digest = hashlib.sha256()
    for name, content in ((_SCORER.name, _SCORER.read_bytes()), *sorted(files.items())):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


def features_fingerprint(names: list[str]) -> str:
    """Return sha256 (hex) of the features' definitions in the catalogue; others count by name."""
    definitions = [(name, *_definition(name)) for name in names]
    return hashlib.sha256(json.dumps(definitions).encode()).hexdigest()


def _definition(name: str) -> tuple[str, ...]:
    feature = CATALOGUE.get(name)
    return (feature.unit, feature.definition) if feature else ()


def _load(registered: Any, folder: Path, trusted: Sequence[str]) -> Loaded:
    data = folder / "artifacts" / "data"
    parameters = json.loads((data / scorer.PARAMETERS_FILE).read_text(encoding="utf-8"))
    changed = [
        what
        for what, same in {
            "with another scorer": (folder / _SCORER.name).read_bytes() == _SCORER.read_bytes(),
            "on other feature definitions": registered.tags["features"]
            == features_fingerprint(parameters["features"]),
        }.items()
        if not same
    ]
    if changed:
        raise ModelError(
            f"{registered.name} version {registered.version} was trained {' and '.join(changed)} "
            "than this program has; train again: debtscape train"
        )
    _refuse_untrusted(f"{registered.name} version {registered.version}", data, trusted)
    return Loaded(
        name=registered.name,
        version=str(registered.version),
        trained_as_of=date.fromisoformat(registered.tags["trained_as_of"]),
        tags=dict(registered.tags),
        parameters=parameters,
        fingerprint=fingerprint_of({file.name: file.read_bytes() for file in data.iterdir()}),
        _score=scorer.load(data, trusted),
        _estimators=scorer.load_estimators(data, trusted),
    )


def _refuse_untrusted(what: str, data: Path, trusted: Sequence[str]) -> None:
    unknown = scorer.untrusted_types(data, trusted)
    if unknown:
        raise ModelError(
            f"Untrusted types in {what}: {', '.join(unknown)}. "
            "Those that you trust you can name in the configuration, under predictor.estimator_types."
        )


@contextmanager
def _tracking(uri: str) -> Iterator[Any]:
    """Yield mlflow, pointed at `uri` and put back afterwards.

    ConnectionError, which is worth another try, when the store cannot be reached or read.
    """
    import mlflow
    from sqlalchemy.exc import SQLAlchemyError

    before = os.environ.get("MLFLOW_TRACKING_URI")  # MLflow keeps what is set there too
    database = _sqlite_file(uri)
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    try:
        yield mlflow
    except (mlflow.MlflowException, SQLAlchemyError) as error:
        raise ConnectionError(
            f"the MLflow store {_without_secrets(uri)} cannot be used ({type(error).__name__}). "
            "Look whether it is there and whole, or set mlflow.tracking_uri."
        ) from error
    finally:
        mlflow.set_tracking_uri(before)


def _without_secrets(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else uri


def _experiment(mlflow: Any, name: str, tracking_uri: str) -> str:
    """Return the id of the experiment; of an SQLite store its artefacts lie beside the file."""
    existing = mlflow.get_experiment_by_name(name)
    if existing is not None:
        return str(existing.experiment_id)
    database = _sqlite_file(tracking_uri)
    location = None if database is None else (database.parent / "mlartifacts" / name).resolve().as_uri()
    return str(mlflow.create_experiment(name, artifact_location=location))


def _sqlite_file(uri: str) -> Path | None:
    parts = urlsplit(uri)
    return Path(parts.path.removeprefix("/")) if parts.scheme == "sqlite" else None


def _refuse_unknown(name: str) -> None:
    if name not in MODELS:
        raise ModelError(f"no such model: {name}; models: {', '.join(MODELS)}")
