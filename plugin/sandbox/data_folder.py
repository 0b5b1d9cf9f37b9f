"""The folder in which a sandbox keeps its slides, its database, its logs and its administrator's password."""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from patherea_core.errors import InputError, OutputError

LOGIN = "admin"


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the administrator of one sandbox logs in."""

    login: str
    password: str


class DataFolder:
    """One sandbox's data, held by one process at a time; use it in a `with` statement.

    Raises:
        OutputError: the folder cannot be made or written.
        InputError: another sandbox is using it, or what it holds is no sandbox's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock: TextIO | None = None

    @property
    def assetstore(self) -> Path:
        """Where uploaded files are."""
        return self.path / "assetstore"

    @property
    def database(self) -> Path:
        """The mirror of the embedded database."""
        return self.path / "database.sqlite"

    @property
    def logs(self) -> Path:
        """Where Girder's logs are."""
        return self.path / "logs"

    @property
    def work(self) -> Path:
        """Where jobs put what they are working on."""
        return self.path / "work"

    @property
    def configuration(self) -> Path:
        """Girder's configuration file."""
        return self.path / "girder.cfg"

    @property
    def token(self) -> Path:
        """The token that opens the API, for as long as the sandbox runs; only its owner can read it."""
        return self.path / "token"

    def __enter__(self) -> Self:
        # The database holds tokens and password hashes.
        os.umask(0o077)
        try:
            for folder in (self.assetstore, self.logs, self.work):
                folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / "sandbox.lock").open("a")
        except OSError as error:
            raise OutputError(
                f"the data folder {self.path} cannot be written: {error.strerror}; choose another"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise InputError(
                f"another sandbox is using {self.path}; stop it or choose another data folder"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()

    def credentials(self) -> Credentials:
        """Return the administrator's login and password, drawn at random the first time."""
        path = self.path / "credentials.json"
        if not path.exists():
            return _new_credentials(path)
        try:
            return Credentials(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} is no sandbox's; restore it or choose another data folder"
            ) from error


def _new_credentials(path: Path) -> Credentials:
    """Draw a password and keep it where only this user can read it."""
    drawn = Credentials(LOGIN, secrets.token_hex(8))
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"login": drawn.login, "password": drawn.password}, file)
    partial.rename(path)
    return drawn
