"""The error tree in the docstring is the error tree in the code."""

import inspect
import re

from patherea_core import errors


def drawn() -> dict[str, str]:
    """Return name → parent from the bullets of the docstring; indentation is depth."""
    tree: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(r"^( *)[*+-] (\w+)", errors.__doc__ or "", re.MULTILINE):
        del path[len(indent) // 4 :]
        tree[name] = path[-1] if path else "Exception"
        path.append(name)
    return tree


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {
        name: kind.__bases__[0].__name__
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if kind.__module__ == errors.__name__
    }
    tree = drawn()
    assert {name.rstrip(":"): parent for name, parent in tree.items()} == real


def test_every_error_is_ours() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    assert len(kinds) > 10
    assert all(issubclass(kind, errors.PathereaError) for kind in kinds)
