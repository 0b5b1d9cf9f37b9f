"""Rules about source code, read from its syntax tree: who imports, calls and opens what, and how long it is.

Every function returns the offences it finds, each with file and line, so that a test can print them.
"""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Names of functions and methods that open, make, move or remove files.
FILE_CALLS = frozenset(
    {
        "load_file",
        "mkdir",
        "mkdtemp",
        "mkstemp",
        "move",
        "open",
        "read_bytes",
        "read_text",
        "rmdir",
        "rmtree",
        "safe_open",
        "save_file",
        "savefig",
        "symlink_to",
        "touch",
        "unlink",
        "write_bytes",
        "write_text",
    }
)
#: Modules whose ``load`` and ``save`` mean files.
FILE_MODULES = frozenset({"np", "numpy", "torch", "json", "pickle"})


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path, relative to the repository, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)


@dataclass(frozen=True, slots=True)
class Offence:
    """A place in the source that breaks a rule."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def sources(root: Path, *folders: str, besides: Collection[str] = ()) -> Iterator[Source]:
    """Yield the Python files below some folders of a repository, in order.

    Args:
        root: the repository.
        folders: relative to it.
        besides: files or folders to leave out, relative to it.
    """
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if not any(name == other or name.startswith(f"{other}/") for other in besides):
                yield Source(name, path.read_text(encoding="utf-8"))


@cache  # many rules are about them
def imported(source: Source) -> tuple[tuple[int, str], ...]:
    """Return line and module of every import, wherever it stands in the file."""
    return tuple(_imported(source))


def _imported(source: Source) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            yield from (
                (node.lineno, argument.value)
                for argument in node.args[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )


def imports_of(source: Source, modules: Collection[str]) -> list[Offence]:
    """Return the imports of some modules or of anything below them."""
    return [
        Offence(source.path, line, f"imports {name}")
        for line, name in imported(source)
        if any(name == module or name.startswith(f"{module}.") for module in modules)
    ]


def prints(source: Source) -> list[Offence]:
    """Return the places that print, or take hold of standard output."""
    return [
        Offence(source.path, node.lineno, "prints")
        for node in ast.walk(source.tree)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        )
        or (isinstance(node, ast.Attribute) and node.attr == "stdout")
    ]


def file_calls(source: Source) -> list[Offence]:
    """Return the calls that open, make, move or remove files."""
    return [
        Offence(source.path, node.lineno, f"calls {_called(node)}, which touches files")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and _touches_files(node)
    ]


def _touches_files(call: ast.Call) -> bool:
    if _called(call) in FILE_CALLS:
        return True
    return (
        _called(call) in {"load", "save"}
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in FILE_MODULES
    )


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def environment_reads(source: Source) -> list[Offence]:
    """Return the places that read environment variables."""
    return [
        Offence(source.path, node.lineno, f"reads the environment ({node.attr})")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    ]


def too_long(source: Source, *, module_lines: int, function_lines: int) -> list[Offence]:
    """Return the module if it is longer than that, and its functions longer than that."""
    offences = []
    length = len(source.text.splitlines())
    if length > module_lines:
        offences.append(Offence(source.path, 1, f"has {length} lines, above {module_lines}"))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > function_lines:
                what = f"{node.name} has {length} lines, above {function_lines}"
                offences.append(Offence(source.path, node.lineno, what))
    return offences
