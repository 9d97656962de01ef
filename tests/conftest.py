"""What every test may lean on: the public ledgers, and a quiet MLflow and Prefect."""

import os
from pathlib import Path

import pytest
import thoroughness

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
thoroughness.use_as_default()


LONGEST = ("test_readme", "test_leaks", "test_jobs", "test_flows", "test_publication_kill", "test_schedule")
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
