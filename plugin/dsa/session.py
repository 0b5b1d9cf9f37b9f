"""One conversation with an archive: signed in, with time limits, and errors a person can act on.

What may be done twice is repeated when the archive is briefly away: reading, replacing, removing. Adding is
not, since it might add twice; ``deliver`` and ``send`` know better. No message holds a token or password,
and no token is sent to another address than the archive's own.
"""

import logging
import re
import time
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

import girder_client
import requests

from patherea_core.errors import ArchiveError, CredentialsError, InputError
from plugin import logs
from plugin.dsa.addresses import checked_address, safe_address
from plugin.dsa.answers import AwayError, HiddenError, NotFoundError, meaning

log = logging.getLogger(__name__)

#: Seconds to reach the archive, and to wait for its next bytes.
_TIME_LIMITS = (10, 300)
#: Seconds before each further attempt to read.
_PAUSES = (0.5, 1.5, 3.0)
#: The longest pause that an archive may ask for, in seconds.
_LONGEST_PAUSE = 120.0
_CHUNK = 1 << 20
_TOKEN = re.compile(r"[!-~]+")


class Session:
    """A signed-in conversation with one archive."""

    def __init__(
        self, client: girder_client.GirderClient, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._request = client.sendRestRequest
        self._client.sendRestRequest = self._send
        self._sleep = sleep
        self.address = safe_address(client.urlBase)

    def get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401  any JSON value
        """Return what the archive holds under a path."""
        return self._patiently(lambda: self._client.get(path, parameters))

    def find(self, path: str, what: str) -> Any:  # noqa: ANN401  any JSON value
        """Return what a person named, or say that there is no such thing.

        Raises:
            InputError: the archive knows nothing of that name, or does not show it to this person.
        """
        try:
            found = self.get(path)
        except (NotFoundError, HiddenError) as error:
            raise InputError(self._nothing(what)) from error
        if found is None:
            raise InputError(self._nothing(what))
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
        """Send what takes the place of something."""
        return self._patiently(lambda: self._client.put(path, data=body))

    def delete(self, path: str) -> None:
        """Remove something; what is gone at a further attempt was removed by the one before."""
        attempts = count()

        def attempt() -> None:
            again = next(attempts) > 0
            try:
                self._client.delete(path)
            except requests.HTTPError as error:
                if not (again and isinstance(meaning(error, self.address), NotFoundError)):
                    raise

        self._patiently(attempt)

    def download(self, file_id: str, target: Path, size: int) -> None:
        """Write a file of the archive to ``target``, which appears only when it is whole."""
        self._patiently(lambda: self._download(file_id, target, size))

    def picture(self, path: str, **parameters: Any) -> bytes:  # noqa: ANN401
        """Return the bytes of a picture, or of another small file."""
        answer = self._patiently(lambda: self._client.get(path, parameters, jsonResp=False))
        return bytes(answer.content)

    def pause(self, error: AwayError, pause: float) -> None:
        """Wait until the next attempt, at least as long as the archive asks for.

        Raises:
            ArchiveError: it asks for too long.
        """
        if error.wait > _LONGEST_PAUSE:
            raise ArchiveError(
                f"{error}; it asks to be left alone for {error.wait:.0f} s, run again after that"
            ) from error
        log.info("%s; trying again", error)
        self._sleep(max(pause, error.wait))

    def _nothing(self, what: str) -> str:
        return f"the archive at {self.address} has no {what}, or you may not see it"

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
            except AwayError as error:
                self.pause(error, pause)
        return self._once(request)

    def _once(self, request: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            return request()
        except requests.RequestException as error:
            raise meaning(error, self.address) from error

    def _send(self, method: str, path: str, *values: Any, **options: Any) -> Any:  # noqa: ANN401
        """Make a request of the client's, but follow nobody to another address with the token."""
        as_json = options.pop("jsonResp", True)
        options |= {"jsonResp": False, "timeout": _TIME_LIMITS, "allow_redirects": False}
        answer = self._request(method, path, *values, **options)
        if not answer.is_redirect:
            return answer.json() if as_json else answer
        target = urljoin(answer.url, answer.headers["location"])
        if as_json or method.upper() != "GET":
            raise ArchiveError(
                f"the archive at {self.address} sends on to {safe_address(target)}; write that address,"
                " up to /api/v1"
            )
        # The contents of a file may lie elsewhere, for whoever knows the way.
        there = requests.get(target, stream=options.get("stream", False), timeout=_TIME_LIMITS)
        there.raise_for_status()
        return there


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
    session = Session(girder_client.GirderClient(apiUrl=checked_address(api_url)))
    if token := (token or "").strip():
        if not _TOKEN.fullmatch(token):
            raise CredentialsError("the token has letters that no token has; copy it again")
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


def _sign_in(session: Session, login: str, password: str) -> None:
    client = session._client  # noqa: SLF001  its own factory
    try:
        session._once(lambda: client.authenticate(login, password))  # noqa: SLF001  its own factory
    except girder_client.AuthenticationError as error:
        raise CredentialsError(
            f"the archive at {session.address} does not accept the login {login!r} and its password"
        ) from error
