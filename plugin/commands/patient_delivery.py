"""Leaving a result in an archive that may be away for a while."""

import logging
import time
from collections.abc import Callable

from patherea_core.errors import ArchiveError, CredentialsError
from patherea_core.progress import Progress

log = logging.getLogger(__name__)

#: Seconds before each further attempt.
_PAUSES = (2, 5, 15, 60, 120, 300, 600)


def deliver_patiently(what: str, leave: Callable[[], None], progress: Progress) -> None:
    """Leave a result in the archive, again and again until the archive takes it.

    Args:
        what: the result is, as in "the backbone".
        leave: does it.
        progress: asked meanwhile whether to stop.

    Raises:
        ArchiveError: the archive stays away, or takes the token no more.
        Cancelled: the progress asked to stop.
    """
    for pause in _PAUSES:
        progress.advance(0.0, f"the archive takes {what}")
        try:
            return leave()
        except CredentialsError:
            raise
        except ArchiveError as error:
            log.warning("%s; %s is brought again in %d s", error, what, pause)
        _wait(pause, progress)
    return leave()


def _wait(seconds: float, progress: Progress) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        progress.advance(0.0, "waiting for the archive")
        time.sleep(min(1.0, seconds))
