"""The science of Patherea: points, regions, tiles, networks, matching and scores.

Nothing here knows a server, a command line or an environment variable, and nothing prints. For use from
other programs there are ``load_detector`` and ``detect_cells``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patherea_core.workflow.python_api import ClassifiedCells as ClassifiedCells
    from patherea_core.workflow.python_api import detect_cells as detect_cells
    from patherea_core.workflow.python_api import load_detector as load_detector

__all__ = ["ClassifiedCells", "detect_cells", "load_detector"]


def __getattr__(name: str) -> object:
    """Return what is offered to other programs, once it is asked for: PyTorch takes seconds to import."""
    if name in __all__:
        return getattr(import_module("patherea_core.workflow.python_api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
