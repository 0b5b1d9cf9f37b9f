"""Starts a sandbox as a process of its own, for the demo and the tests.

Girder changes much for the process that loads it (settings, signals, the database client), so the programs
that use a sandbox never become one.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from patherea_core.errors import InputError
from plugin.sandbox.server import READY, Ready

START_SECONDS = 120.0
STOP_SECONDS = 30.0


class SandboxProcess:
    """A sandbox that serves for as long as the `with` block lasts.

    It also stops when the program that started it ends in any other way.

    Args:
        data: folder that keeps everything; the same folder again brings everything back.
        port: to listen on; None means a free one.

    Raises:
        InputError: the sandbox does not start; the message is its own.
    """

    def __init__(self, data: Path, *, port: int | None = None) -> None:
        self._command = [
            sys.executable,
            "-m",
            "plugin.sandbox",
            "--ready-json",
            "--data",
            str(data),
        ]
        self._command += [] if port is None else ["--port", str(port)]
        self._process: subprocess.Popen[str] | None = None
        self._ready: Ready | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the sandbox and wait until it serves."""
        self._process = subprocess.Popen(  # noqa: S603  this very program, on a folder of the caller
            self._command,
            cwd=Path(__file__).parents[2],  # also a checkout that is not installed finds itself
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        alarm = threading.Timer(START_SECONDS, self._process.kill)
        alarm.start()
        line = self._line()
        alarm.cancel()
        if not line.startswith(READY):
            raise InputError(self._last_words())
        self._ready = Ready(**json.loads(line.removeprefix(READY)))

    def stop(self) -> None:
        """Stop the sandbox, with everything written; does nothing when it has stopped already."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = self._ready = None

    def kill(self) -> None:
        """End the sandbox at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = self._ready = None

    @property
    def api_url(self) -> str:
        """Address of the REST API."""
        return self.ready.api_url

    @property
    def histomics_url(self) -> str:
        """Address of the viewer."""
        return self.ready.histomics_url

    @property
    def login(self) -> str:
        """Login of the administrator."""
        return self.ready.login

    @property
    def password(self) -> str:
        """Password of the administrator."""
        return self.ready.password

    @property
    def token(self) -> str:
        """Opens the API for the administrator without a log-in."""
        return self.ready.token

    @property
    def ready(self) -> Ready:
        """All that the sandbox says of itself."""
        if self._ready is None:
            raise InputError("the sandbox is not running; start it first")
        return self._ready

    def _line(self) -> str:
        """Return the first line the sandbox says; empty if it ends without one."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _last_words(self) -> str:
        """Return why the sandbox did not start."""
        assert self._process is not None
        _, errors = self._process.communicate()
        code, self._process = self._process.returncode, None
        last = errors.strip().splitlines()[-1:] or [f"it ended with {code} and said nothing"]
        return f"the sandbox did not start: {last[0].removeprefix('ERROR ')}"
