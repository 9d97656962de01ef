"""What every test may lean on: the public ledgers, and a quiet MLflow and Prefect."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")


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
