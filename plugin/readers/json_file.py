"""JSON files, in which no key may stand twice."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from patherea_core.errors import InputError

Json = Any


def read_json(path: Path) -> Json:
    """Return the content of a JSON file.

    Raises:
        InputError: it cannot be read, is empty, or has a key twice in one object, of which JSON readers
            would silently keep one.
    """
    try:
        content = path.read_bytes()
        if not content.strip():
            raise InputError(f"{path} is empty; it should hold JSON")
        with _without_collection():
            return json.loads(content, object_pairs_hook=_unique)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep the collector from searching millions of fresh lists for cycles, of which JSON has none.

    That takes more than half of the time of reading a large file.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {double!r} stands twice in one object")
    return entries
