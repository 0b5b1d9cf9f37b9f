"""What is added to the archive arrives exactly once, though an answer may get lost on the way."""

import logging
from collections.abc import Callable, Sequence

from patherea_core.errors import ArchiveError
from plugin.dsa.answers import AwayError
from plugin.dsa.session import Session

log = logging.getLogger(__name__)

#: Seconds after each attempt that failed, before it is looked whether it arrived nevertheless: an archive
#: that takes in a large annotation goes on after the connection is cut.
_PAUSES = (2.0, 8.0, 30.0)


def deliver(
    session: Session, what: str, send: Callable[[], object], arrived: Callable[[], Sequence[str]]
) -> Sequence[str]:
    """Send something until it is there; return the ids under which it was seen there.

    Nobody looks if the first attempt is answered: then there are none.

    Args:
        session: with the archive.
        what: for messages.
        send: makes one attempt.
        arrived: returns the ids under which it is there already.

    Raises:
        ArchiveError: the archive refuses it or stays away; the message says whether it may be there
            nevertheless.
    """
    failure: AwayError | None = None
    known = True
    for pause in _PAUSES:
        if known:
            try:
                send()
                return _seen(arrived) if failure else ()
            except AwayError as error:
                failure = error
        assert failure is not None
        session.pause(failure, pause)
        try:
            if found := arrived():
                log.info("%s has arrived after all", what)
                return found
            known = True
        except AwayError as error:
            failure, known = error, False
    fate = "was not added" if known else "may have been added or not, so look before you do"
    raise ArchiveError(f"{failure}; run again later: {what} {fate}") from failure


def _seen(arrived: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Return what is there after a further attempt; it is there, even if nobody can look."""
    try:
        return arrived()
    except AwayError:
        return ()
