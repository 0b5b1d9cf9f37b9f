"""The containers that tests start, marked so that they can be found and removed, and no others."""

import os
import subprocess

#: Names the run of the tests; whoever starts them may name it, to clean up after a run that was killed.
RUN = os.environ.get("PATHEREA_TEST_RUN") or str(os.getpid())

#: What Docker's command line is told, so that a container is known as one of this run.
MARKED = ("--label", f"patherea.test={RUN}")


def remove_containers() -> None:
    """Remove all containers of this run, whether they have ended or not."""
    listed = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", f"label=patherea.test={RUN}"],
        capture_output=True,
        text=True,
        check=True,
    )
    if listed.stdout.split():
        subprocess.run(
            ["docker", "rm", "--force", *listed.stdout.split()], capture_output=True, check=True
        )
