"""The architecture, enforced: who may import whom, and who may touch files, print and grow."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from unittest import mock

import pytest
from importlinter.cli import lint_imports

from tests.source_rules import (
    Offence,
    Source,
    environment_reads,
    file_calls,
    imports_of,
    prints,
    sources,
    too_long,
)

ROOT = Path(__file__).parents[1]
PROGRAM = ("patherea_core", "plugin", "cli_xml", "training")
CONTRACTS = ROOT / "tests" / "importlinter.ini"

#: What speaks to people, servers and slides, and so never to the core.
OUTSIDE = (
    "argparse",
    "click",
    "ctk_cli",
    "girder",
    "girder_client",
    "histomicstk",
    "large_image",
    "slicer_cli_web",
)
#: Packages of a Girder server.
SERVER = (
    "cherrypy",
    "girder",
    "girder_jobs",
    "girder_large_image",
    "girder_large_image_annotation",
    "girder_worker",
    "histomicsui",
    "mongomock",
)
#: The only places of the core that touch files.
FILE_PLACES = (
    "patherea_core/bundle_file.py",
    "patherea_core/checkpoint.py",
    "patherea_core/data/folder.py",
    "patherea_core/data/store.py",
    "patherea_core/data/writer.py",
    "patherea_core/files.py",
    "patherea_core/model/weight_files.py",
    "patherea_core/workflow",
)


def report(offences: Iterable[Offence]) -> str:
    return "\n".join(str(offence) for offence in offences)


def checked(contracts: Path) -> tuple[int, str]:
    output = io.StringIO()
    # Its own configuration of logs would silence every logger that there is already.
    with contextlib.redirect_stdout(output), mock.patch("logging.config.dictConfig"):
        status = lint_imports(config_filename=str(contracts), no_cache=True)
    return status, output.getvalue()


# The rules


def test_rows_import_lower_rows_only() -> None:
    status, output = checked(CONTRACTS)
    assert status == 0, output


def test_the_core_speaks_to_no_server_slide_or_command_line() -> None:
    found = [o for source in sources(ROOT, "patherea_core") for o in imports_of(source, OUTSIDE)]
    assert not found, report(found)


@pytest.mark.parametrize(
    ("modules", "places"),
    [
        (("girder_client",), ("plugin/dsa",)),
        (("large_image",), ("plugin/slides",)),
        (("timm",), ("patherea_core/model",)),
        (SERVER, ("plugin/sandbox",)),
    ],
    ids=lambda value: value[0],
)
def test_a_foreign_package_is_imported_in_its_place_only(
    modules: tuple[str, ...], places: tuple[str, ...]
) -> None:
    elsewhere = sources(ROOT, *PROGRAM, besides=places)
    found = [offence for source in elsewhere for offence in imports_of(source, modules)]
    assert not found, report(found)


def test_the_core_never_prints() -> None:
    found = [offence for source in sources(ROOT, "patherea_core") for offence in prints(source)]
    assert not found, report(found)


def test_the_core_reads_no_environment() -> None:
    found = [o for source in sources(ROOT, "patherea_core") for o in environment_reads(source)]
    assert not found, report(found)


def test_the_core_touches_files_in_few_places() -> None:
    elsewhere = sources(ROOT, "patherea_core", besides=FILE_PLACES)
    found = [offence for source in elsewhere for offence in file_calls(source)]
    assert not found, report(found)


def test_no_module_or_function_grows_out_of_hand() -> None:
    found = [
        offence
        for source in sources(ROOT, *PROGRAM)
        for offence in too_long(source, module_lines=250, function_lines=50)
    ]
    assert not found, report(found)


#: Runs the container's front door, prints what it says, and then which heavy packages that loaded.
FRONT_DOOR = """
import contextlib, runpy, sys
sys.argv[0] = "patherea"
with contextlib.suppress(SystemExit):
    runpy.run_module("plugin", run_name="__main__")
print("loaded:", *sorted({"torch", "timm", "lightning", "matplotlib"} & sys.modules.keys()))
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--list_cli"], '"DetectCells"'), (["DetectCells", "--xml"], "<executable>")],
    ids=["list", "xml"],
)
def test_descriptions_are_given_without_loading_torch(arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FRONT_DOOR, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    assert said in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"


# The rules can fail


def test_an_import_against_the_rows_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "offending_core"
    package.mkdir()
    for name, text in {
        "__init__": '"""x"""',
        "data": "import offending_core.model",
        "model": "",
        "errors": "",
    }.items():
        (package / f"{name}.py").write_text(text)
    contracts = tmp_path / "contracts.ini"
    contracts.write_text(
        "[importlinter]\nroot_package = offending_core\n"
        "[importlinter:contract:rows]\nname = rows\ntype = layers\ncontainers = offending_core\n"
        "exhaustive = True\nlayers =\n    data | model\n    errors\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    status, output = checked(contracts)
    assert status == 1
    assert "offending_core.data -> offending_core.model" in output


@pytest.mark.parametrize(
    "text",
    [
        "import girder_client",
        "import os, girder_client.sub as g",
        "from girder_client import GirderClient",
        "from girder_client.sub import x",
        "def f():\n    import girder_client",
        "import importlib\nimportlib.import_module('girder_client')",
        "__import__('girder_client')",
        "if True:\n    try:\n        import girder_client\n    except ImportError:\n        pass",
    ],
)
def test_an_import_is_found_however_it_is_written(text: str) -> None:
    (offence,) = imports_of(Source("core/a.py", text), ["girder_client"])
    line = 1 + text[: text.index("girder_client")].count("\n")
    assert str(offence).startswith(f"core/a.py:{line}: imports girder_client")


@pytest.mark.parametrize(
    "text", ["import girder_client_too", "girder_client = 1", "# import girder_client", "import a"]
)
def test_what_is_no_import_of_it_is_none(text: str) -> None:
    assert imports_of(Source("a.py", text), ["girder_client"]) == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (prints, "x = 1\nprint(x)"),
        (prints, "import sys\nsys.stdout.write('x')"),
        (environment_reads, "import os\nos.environ['A']"),
        (environment_reads, "import os\nos.getenv('A')"),
        (file_calls, "x = 1\nopen('a')"),
        (file_calls, "p = 1\np.open('wb')"),
        (file_calls, "p = 1\np.read_text()"),
        (file_calls, "p = 1\np.write_bytes(b'')"),
        (file_calls, "p = 1\np.mkdir()"),
        (file_calls, "import torch\ntorch.load('a')"),
        (file_calls, "import numpy as np\nnp.save('a', 1)"),
        (file_calls, "from PIL import Image\nImage.open('a')"),
    ],
)
def test_an_offence_is_found_with_its_line(
    rule: Callable[[Source], list[Offence]], text: str
) -> None:
    (offence,) = rule(Source("core/a.py", text))
    assert str(offence).startswith("core/a.py:2: ")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (prints, "pprint(1)\nlog.info('print')"),
        (environment_reads, "environment = 1"),
        (file_calls, "model.load(1)\n(lambda: 1)()\ntext.replace('a', 'b')\nopened(1)"),
    ],
)
def test_what_only_looks_like_an_offence_is_none(
    rule: Callable[[Source], list[Offence]], text: str
) -> None:
    assert rule(Source("a.py", text)) == []


def test_a_long_module_and_a_long_function_are_found() -> None:
    body = "    x = 1\n" * 4
    text = f"def short():\n    pass\n\n\nasync def long():\n{body}"
    assert too_long(Source("a.py", text), module_lines=9, function_lines=5) == []
    found = too_long(Source("a.py", text), module_lines=8, function_lines=4)
    assert [str(offence) for offence in found] == [
        "a.py:1: has 9 lines, above 8",
        "a.py:5: long has 5 lines, above 4",
    ]


def test_the_files_of_a_folder_are_found_besides_those_left_out(tmp_path: Path) -> None:
    for name in ("a/one.py", "a/b/two.py", "a/c.py", "a/note.txt", "other/three.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1")
    found = [source.path for source in sources(tmp_path, "a", besides=["a/c.py", "a/b"])]
    assert found == ["a/one.py"]
    assert len(list(sources(tmp_path, "a", "other"))) == 4


def test_every_place_that_may_do_what_others_may_not_exists() -> None:
    for place in (*FILE_PLACES, *PROGRAM):
        assert (ROOT / place).exists(), f"{place} is named in a rule but is not there"
