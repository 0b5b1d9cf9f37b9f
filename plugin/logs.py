"""Logs on standard error, with no secret on any line.

Standard output belongs to the progress tags and to results, so nothing is logged there. The archive
keeps what a job logs for everybody who may see the job; a token must not be among it.
"""

import logging
import sys
from typing import TextIO

from tqdm import tqdm

_HIDDEN = "[hidden]"
_secrets: set[str] = set()


def hide(secret: str | None) -> None:
    """Never show this text in a log line from now on."""
    if secret and secret.strip():
        _secrets.add(secret)


def without_secrets(text: str) -> str:
    """Return the text with every hidden secret blotted out."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return text


class _Discreet(logging.Formatter):
    """A formatter that blots out secrets, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class _Once(logging.Filter):
    """A filter that lets a line through once, unless it is an error: what holds for many is said for all."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno not in (logging.INFO, logging.WARNING):
            return True
        message = record.getMessage()
        if message in self._told:
            return False
        self._told.add(message)
        return True


class _AboveBars(logging.StreamHandler[TextIO]):
    """A handler that does not write into the middle of a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=self.stream)


def set_up(stream: TextIO | None = None) -> None:
    """Send the logs of this process to standard error, or to another stream."""
    handler = _AboveBars(stream or sys.stderr)
    handler.addFilter(_Once())
    handler.setFormatter(_Discreet("%(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("urllib3", "PIL", "matplotlib", "large_image", "tifffile", "timm"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
