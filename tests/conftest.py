"""What every test may lean on: the public ledgers, and a quiet MLflow and Prefect."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import thoroughness

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
thoroughness.use_as_default()


LONGEST = (
    "test_readme", "test_jobs", "test_schedule", "test_leaks", "test_quoting", "test_cli",
    "test_backtest_report", "test_api_runs", "test_segments_page", "test_page_views",
    "test_predicting", "test_registry", "test_flows", "test_postgres_sink", "test_features",
    "test_private_runs", "test_segment_gate", "test_plug_in", "test_forgetting",
    "test_page_browser", "test_publication_kill", "test_cli_serve",
)  # fmt: skip
"""Files that take long go first, so that workers side by side end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the others stay in their order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session")
def public_ledgers() -> Path:
    """Folder of the two public ledgers; skips without them, fails in CI."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("DEBTSCAPE_LEDGERS", default))
    if not (folder / "ibm_receivables.csv").exists():
        message = f"no public ledgers in {folder}; set DEBTSCAPE_LEDGERS"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Lay an MLflow database with its tables and nothing in it beside the runs of a configuration.

    Making one takes MLflow more than a second, so it is made once and copied.
    """
    from mlflow import MlflowClient

    from pipelines.settings_file import load_settings

    made = tmp_path_factory.mktemp("empty_registry") / "mlflow.db"
    MlflowClient(f"sqlite:///{made}").search_experiments()

    def lay(config: Path) -> None:
        folder = load_settings(config).output_folder
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, folder / "mlflow.db")

    return lay
