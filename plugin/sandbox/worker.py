"""Runs the archive's container jobs inside the sandbox's process, without a message broker."""

import logging
import tempfile
import threading
from pathlib import Path

log = logging.getLogger(__name__)


def start_worker(work: Path) -> None:
    """Start to take jobs in a thread that ends with the process.

    Args:
        work: folder for what the jobs are working on.
    """
    from celery.signals import setup_logging
    from girder_worker.app import app
    from slicer_cli_web.girder_worker_plugin import direct_docker_run

    log.debug("jobs are run by %s", direct_docker_run.__name__)  # importing it registers the task
    setup_logging.connect(_leave_logs_alone)
    tempfile.tempdir = str(work)
    app.conf.accept_content = ["json", "girder_io"]  # Celery refuses pickle where it runs as root
    app.conf.worker_redirect_stdouts = app.conf.worker_hijack_root_logger = False
    app.conf.broker_transport_options = {"polling_interval": 0.05}
    app.loader.import_default_modules()
    worker = app.Worker(
        pool="threads",
        concurrency=1,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        quiet=True,
        hostname="sandbox@localhost",
    )
    threading.Thread(target=worker.start, daemon=True, name="jobs").start()


def _leave_logs_alone(**_: object) -> None:
    """Keep Celery, by being there, from sending the logs of the whole process to the terminal."""
