"""Where a result came from: the program, the run and the time, for records kept beside the result."""

import os
import uuid
from datetime import UTC, datetime
from importlib import metadata


def program() -> str:
    """Return the program and its version."""
    return f"patherea {metadata.version('patherea')}"


def build() -> dict[str, str]:
    """Return the image and the source revision that this program was built as, where it was told."""
    known = {
        "image": os.environ.get("PATHEREA_IMAGE"),
        "revision": os.environ.get("PATHEREA_REVISION"),
    }
    return {name: value for name, value in known.items() if value}


def now() -> str:
    """Return the time in UTC, in ISO form."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_run_id() -> str:
    """Return a name for one run that no other run has."""
    return uuid.uuid4().hex[:12]
