"""Everything the server's packages say goes to files in the data folder, and no secret with it."""

import contextlib
import logging
import logging.handlers
import re
from collections.abc import Iterator
from pathlib import Path

from plugin import logs

_SECRET = re.compile(r"(?i)((?:token|password|key)[\"']?\s*[=:]\s*[\"']?)[^&\s\"',;)}]+")

_LIMIT_BYTES = 5_000_000


class _Discreet(logging.Formatter):
    """Blots out what was registered as secret, and what stands behind `token=` and the like."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRET.sub(r"\1[hidden]", logs.without_secrets(super().format(record)))


@contextlib.contextmanager
def logging_to(folder: Path) -> Iterator[None]:
    """Send logs to `server.log` and stray output to `output.log` for as long as the block lasts."""
    handler = logging.handlers.RotatingFileHandler(
        folder / "server.log", maxBytes=_LIMIT_BYTES, backupCount=1, encoding="utf-8"
    )
    handler.setLevel(logging.INFO)
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("cherrypy.access", "girder_audit"):  # a line for each request
        logging.getLogger(chatty).propagate = False
    try:
        with (
            (folder / "output.log").open("w", encoding="utf-8", buffering=1) as output,
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        handler.close()
