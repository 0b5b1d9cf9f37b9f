"""Packages that only some runtimes need."""

import importlib
from types import ModuleType

from patherea_core.errors import InputError


def required(package: str, purpose: str) -> ModuleType:
    """Return a package that is not always installed.

    Args:
        package: name by which it is imported.
        purpose: what needs it, as the beginning of a sentence.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise InputError(
            f"{purpose} needs the package {package}, which is not installed here; install Patherea with"
            " its extra: pip install 'patherea[runtimes]'"
        ) from error
