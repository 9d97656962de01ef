"""One real Prefect server for every test that needs one, with its scheduler running."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of this test session; flows called in the session are recorded there.

    Prefect's own test harness starts a server without its scheduler, so it could not show that a
    scheduled run appears.
    """
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    from pipelines.scheduling import local_server

    home = tmp_path_factory.mktemp("prefect")
    with local_server(home) as url, temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: home}):
        yield url
