"""One archive with a broker, a worker and the registered image for all tests of jobs."""

from collections.abc import Iterator

import pytest

from tests.conftest import Sandbox
from tests.jobs.broker import running_broker, running_worker
from tests.jobs.job_archive import IMAGE, JobArchive


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobArchive]:
    folder = tmp_path_factory.mktemp("jobs")
    with (
        running_broker(folder / "broker") as broker,
        running_worker(folder / "worker", broker) as worker_log,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PATHEREA_BROKER", broker)
        with Sandbox(folder / "sandbox") as sandbox:
            yield JobArchive(sandbox, IMAGE, folder, worker_log)
