"""One conversation with an archive: signed in, with time limits, and errors a person can act on.

Reading is repeated when the archive is briefly away; writing never is, since a second attempt might
write twice. No message holds a token or password.
"""

import functools
import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

import girder_client
import requests

from patherea_core.errors import ArchiveError, CredentialsError, InputError
from plugin import logs

log = logging.getLogger(__name__)

#: Seconds to reach the archive, and to wait for its next bytes.
_TIME_LIMITS = (10, 300)
#: Seconds before each further attempt to read.
_PAUSES = (0.5, 1.5, 3.0)
_CHUNK = 1 << 20
_NO_ARCHIVE = "{} does not answer as an archive; its address ends in /api/v1"


class Session:
    """A signed-in conversation with one archive."""

    def __init__(
        self, client: girder_client.GirderClient, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._client.sendRestRequest = functools.partial(
            client.sendRestRequest, timeout=_TIME_LIMITS
        )
        self._sleep = sleep
        self.address = safe_address(client.urlBase)

    def get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401  any JSON value
        """Return what the archive holds under a path."""
        return self._patiently(lambda: self._client.get(path, parameters))

    def find(self, path: str, what: str) -> Any:  # noqa: ANN401  any JSON value
        """Return what a person named, or say that there is no such thing.

        Raises:
            InputError: the archive knows nothing of that name.
        """
        try:
            found = self.get(path)
        except _NotFoundError as error:
            raise InputError(f"the archive at {self.address} has no {what}") from error
        if found is None:
            raise InputError(f"the archive at {self.address} has no {what}")
        return found

    def pages(self, path: str, page: int = 500, **parameters: Any) -> list[Any]:  # noqa: ANN401
        """Return a whole list that the archive gives in pages."""
        entries: list[Any] = []
        while True:
            part = self.get(path, limit=page, offset=len(entries), **parameters)
            entries.extend(part)
            if len(part) < page:
                return entries

    def post(self, path: str, body: bytes | BinaryIO) -> Any:  # noqa: ANN401  any JSON value
        """Send JSON, that of a file piece by piece; one attempt only."""
        headers = {"Content-Type": "application/json"}
        return self._once(lambda: self._client.post(path, data=body, headers=headers))

    def put(self, path: str, body: bytes) -> Any:  # noqa: ANN401  any JSON value
        """Send what takes the place of something; one attempt only."""
        return self._once(lambda: self._client.put(path, data=body))

    def download(self, file_id: str, target: Path, size: int) -> None:
        """Write a file of the archive to ``target``, which appears only when it is whole."""
        self._patiently(lambda: self._download(file_id, target, size))

    def picture(self, path: str, **parameters: Any) -> bytes:  # noqa: ANN401
        """Return the bytes of a picture, or of another small file."""
        answer = self._patiently(lambda: self._client.get(path, parameters, jsonResp=False))
        return bytes(answer.content)

    def _download(self, file_id: str, target: Path, size: int) -> None:
        answer = self._client.sendRestRequest(
            "get", f"file/{file_id}/download", stream=True, jsonResp=False
        )
        partial = target.with_name(f".{target.name}.part")
        with partial.open("wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
        if partial.stat().st_size != size:
            raise requests.ConnectionError(f"{target.name} arrived in part only")
        partial.replace(target)

    def _patiently(self, request: Callable[[], Any]) -> Any:  # noqa: ANN401
        for pause in _PAUSES:
            try:
                return self._once(request)
            except _AwayError as error:
                log.info("%s; trying again", error)
                self._sleep(pause)
        return self._once(request)

    def _once(self, request: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            return request()
        except girder_client.HttpError as error:
            raise self._translated(error) from error
        except requests.JSONDecodeError as error:
            raise ArchiveError(_NO_ARCHIVE.format(self.address)) from error
        except requests.RequestException as error:
            raise _AwayError(f"the archive at {self.address} does not answer") from error

    def _translated(self, error: girder_client.HttpError) -> ArchiveError:
        if error.status == 404 and str(error.responseText or "").lstrip().startswith("<"):
            return ArchiveError(_NO_ARCHIVE.format(self.address))
        reason = _reason(error)
        if error.status == 401:
            return CredentialsError(f"the archive at {self.address} does not accept the token")
        if error.status == 403:
            return CredentialsError(f"the archive at {self.address} does not allow this: {reason}")
        if error.status >= 500:
            return _AwayError(f"the archive at {self.address} failed: {reason}")
        kind = _NotFoundError if error.status in {400, 404} else ArchiveError
        return kind(f"the archive at {self.address} refused: {reason}")


class _AwayError(ArchiveError):
    """The archive is away; it may be back in a moment."""


class _NotFoundError(ArchiveError):
    """The archive knows nothing under this path, or cannot make sense of it."""


def connect(
    api_url: str, token: str | None = None, login: str | None = None, password: str | None = None
) -> Session:
    """Return a conversation with an archive, signed in by a token or a login and password.

    Raises:
        InputError: the address is none.
        CredentialsError: the archive does not accept them.
        ArchiveError: the archive does not answer.
    """
    for secret in (token, password):
        logs.hide(secret)
    if urlsplit(api_url).scheme not in {"http", "https"}:
        raise InputError(f"{safe_address(api_url)!r} is no address; write http://…/api/v1")
    session = Session(girder_client.GirderClient(apiUrl=api_url.rstrip("/")))
    if token:
        session._client.setToken(token)  # noqa: SLF001  its own factory
    elif login and password is not None:
        _sign_in(session, login, password)
    else:
        raise CredentialsError("give the archive's token, or a login and its password")
    if not _is_signed_in(session):
        raise CredentialsError(f"the archive at {session.address} does not accept the token")
    return session


def _is_signed_in(session: Session) -> bool:
    """Tell whether the archive knows the token; that of a job may not ask whose it is."""
    if session.get("user/me") is not None:
        return True
    found = session.get("token/current") or {}
    ends = datetime.fromisoformat(found.get("expires") or "9999-12-31T00:00:00+00:00")
    return found.get("userId") is not None and ends > datetime.now(ends.tzinfo)


def safe_address(address: str) -> str:
    """Return an address without any login or password in it."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def _sign_in(session: Session, login: str, password: str) -> None:
    client = session._client  # noqa: SLF001  its own factory
    try:
        session._once(lambda: client.authenticate(login, password))  # noqa: SLF001  its own factory
    except girder_client.AuthenticationError as error:
        raise CredentialsError(
            f"the archive at {session.address} does not accept the login {login!r} and its password"
        ) from error


def _reason(error: girder_client.HttpError) -> str:
    """Return the archive's own words, on one line."""
    try:
        words = error.response.json()["message"]
    except (AttributeError, KeyError, TypeError, ValueError):
        words = error.responseText or "no reason given"
    return logs.without_secrets(" ".join(str(words).split())[:300])
