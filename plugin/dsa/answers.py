"""What the refusals and silences of an archive mean, each as one sentence for a person."""

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from patherea_core.errors import ArchiveError, CredentialsError, InputError, PathereaError
from plugin import logs

#: Statuses that pass by themselves: too many requests, and whatever is wrong with the archive.
_TOO_MANY, _FAILED = 429, 500
#: Statuses by which the archive says that it does not know a thing, or not by that name.
_UNKNOWN = frozenset({400, 404})

_WORDS_SHOWN = 300


class AwayError(ArchiveError):
    """The archive is away; it may be back in a moment.

    Attributes:
        wait: seconds for which it asks to be left alone.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class NotFoundError(ArchiveError):
    """The archive knows nothing under this path, or cannot make sense of it."""


class HiddenError(CredentialsError):
    """The archive does not let this person do this, or see this."""


def meaning(error: requests.RequestException, address: str) -> PathereaError:
    """Return what a request that went wrong means.

    Args:
        error: of the client.
        address: of the archive, without secrets.
    """
    if isinstance(error, requests.JSONDecodeError | requests.TooManyRedirects):
        return no_archive(address)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _refusal(error.response, address)
    if isinstance(error, requests.exceptions.SSLError):
        return ArchiveError(_unsafe(error, address))
    if isinstance(error, requests.exceptions.InvalidURL):
        return InputError(f"{address!r} is no address; write http://…/api/v1")
    return AwayError(f"the archive at {address} does not answer")


def no_archive(address: str) -> ArchiveError:
    """Return that something else than an archive answers at an address."""
    return ArchiveError(f"{address} does not answer as an archive; its address ends in /api/v1")


def _refusal(answer: requests.Response, address: str) -> ArchiveError:
    """Return what an answer with a status of 400 or more means."""
    status, reason = answer.status_code, _reason(answer)
    if status == _TOO_MANY or status >= _FAILED:
        return AwayError(f"the archive at {address} failed: {reason}", _wait(answer))
    if status == requests.codes.unauthorized:
        return CredentialsError(
            f"the archive at {address} does not accept the token, or not for this; take a new one that may"
            " read and write data"
        )
    if status == requests.codes.forbidden:
        return HiddenError(f"the archive at {address} does not allow this: {reason}")
    if _is_page(answer):
        return no_archive(address)
    kind = NotFoundError if status in _UNKNOWN else ArchiveError
    return kind(f"the archive at {address} refused: {reason}")


def _reason(answer: requests.Response) -> str:
    """Return the archive's own words, on one line; a page that something before it sends has none."""
    plain = f"{answer.status_code} {answer.reason or ''}".strip()
    if _is_page(answer):
        return f"{plain}, from something on the way to it"
    try:
        words = answer.json()["message"]
    except (KeyError, TypeError, ValueError):
        words = answer.text or plain
    return logs.without_secrets(" ".join(str(words).split())[:_WORDS_SHOWN])


def _is_page(answer: requests.Response) -> bool:
    return answer.text.lstrip().startswith("<")


def _wait(answer: requests.Response) -> float:
    """Return the seconds of the header Retry-After, which is a number or a date; 0 without one."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _unsafe(error: Exception, address: str) -> str:
    if _caused_by(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of the archive at {address} is not trusted; "
            "name the file of its authority in the environment variable REQUESTS_CA_BUNDLE"
        )
    return f"{address} does not speak https; if the archive has none, write http://"


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    """Tell whether an error of that kind lies behind another."""
    behind = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    return isinstance(error, kind) or any(
        _caused_by(one, kind) for one in behind if isinstance(one, BaseException)
    )
