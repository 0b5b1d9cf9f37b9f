"""What the jobs of all other tests have left in logs; the last of the files, by its name."""

from tests.jobs.job_archive import NEEDS, JobArchive, tokens_in

pytestmark = NEEDS


def test_no_token_is_in_any_log(archive: JobArchive) -> None:
    assert tokens_in(f"token {archive.sandbox.token}")  # as it would be seen
    for job in archive.client.get("job/all", {"limit": 0}):
        log = "".join(archive.job(job["_id"]).get("log") or [])
        assert not tokens_in(log), log
    written = archive.worker_log.read_text(errors="replace")
    assert not tokens_in(written), written
