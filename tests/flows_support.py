"""One real Prefect server for the tests of a file that need one, with its scheduler running."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server; flows called meanwhile are recorded there. Idle it would take its share of a core.

    Prefect's own test harness starts a server without its scheduler, so it could not show that a
    scheduled run appears.
    """
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    from pipelines.scheduling import local_server

    home = tmp_path_factory.mktemp("prefect")
    with local_server(home) as url, temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: home}):
        yield url
