"""The descriptions mean the same to both lines of the archive, that of Girder 3 and that of Girder 5.

The line of Girder 3 is part of the sandbox. That of Girder 5 needs other versions of what both are made of,
so it is installed into a folder of its own, from PyPI.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from slicer_cli_web.ctk_cli_adjustment import CLIModule

from plugin import descriptions, pickers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAMES = descriptions.names()
SCRIPT = Path(__file__).with_name("line_of_archive.py")
GIRDER_5 = ("girder-slicer-cli-web[girder]==5.0.21", "girder-plugin-worker==5.0.21")
THING = "5f" + "0" * 22
NUMBERS = {"integer", "float", "double"}

Report = dict[str, Any]


def made_up(parameter: Any) -> str:  # noqa: ANN401  slicer_cli_web publishes no types
    """Return what a person may have put into a field, as the archive's web page sends it."""
    if parameter.typ in NUMBERS:
        return str(parameter.constraints.maximum) if parameter.constraints else "3"
    if parameter.typ == "string-enumeration":
        return str(parameter.elements[-1])
    return {
        "boolean": "false" if parameter.default else "true",
        "region": "[10, 20, 300, 400]",
        "string-vector": json.dumps(["positive", "negative tumour"]),
        "string": "words, with a comma",
    }.get(parameter.typ, THING)


def form(name: str, *, filled: bool) -> dict[str, str]:
    """Return a form as the web page sends it: filled in, or just as it opens."""
    values: dict[str, str] = {}
    for parameter in parameters(name):
        if parameter.channel == "output":
            values[parameter.name] = f"{parameter.name}{parameter.fileExtensions[0]}"
            values[f"{parameter.name}_folder"] = "5f" + "1" * 22
        elif parameter.name in {"girderApiUrl", "girderToken"}:
            values[parameter.name] = ""
        elif filled or parameter.index is not None:
            values[parameter.name] = made_up(parameter)
        elif not parameter.isExternalType():
            values[parameter.name] = default(parameter)
    return values


def default(parameter: Any) -> str:  # noqa: ANN401
    if parameter.typ == "region" or parameter.typ.endswith("-vector"):
        return json.dumps(list(parameter.default or []))
    return json.dumps(parameter.default) if parameter.typ == "boolean" else str(parameter.default)


def parameters(name: str) -> list[Any]:
    path = descriptions._path(name)
    return list(CLIModule(str(path)).parameters())


def line(*options: str, **variables: str) -> dict[str, Report]:
    """Return the answers of the line that a Python with these options knows."""
    asked = {
        "descriptions": {
            name: pickers.with_lists(name, descriptions.xml_text(name)) for name in NAMES
        },
        "forms": {name: [form(name, filled=filled) for filled in (True, False)] for name in NAMES},
    }
    answer = subprocess.run(
        [sys.executable, *options, str(SCRIPT)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Report] = json.loads(answer.stdout)
    return found


@pytest.fixture(scope="module")
def girder_3() -> dict[str, Report]:
    return line()


@pytest.fixture(scope="module")
def girder_5(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    folder = tmp_path_factory.mktemp("girder5") / "packages"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
    installed = subprocess.run([*pip, *GIRDER_5], check=False, capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    # Without the packages of this environment, which are those of the other line.
    return line("-S", PYTHONPATH=str(folder))


@pytest.mark.parametrize("name", NAMES)
def test_both_read_the_same_description_without_a_warning(
    girder_3: dict[str, Report], girder_5: dict[str, Report], name: str
) -> None:
    assert girder_5[name]["parameters"] == girder_3[name]["parameters"]
    assert girder_5[name]["warnings"] == girder_3[name]["warnings"] == []


@pytest.mark.parametrize("name", NAMES)
def test_both_offer_the_same_endpoint(
    girder_3: dict[str, Report], girder_5: dict[str, Report], name: str
) -> None:
    assert girder_5[name]["endpoint"] == girder_3[name]["endpoint"]
    lists = sorted(pickers.LISTED.get(name, ()))
    assert girder_5[name]["lists"] == girder_3[name]["lists"] == lists
    assert {one["name"] for one in girder_3[name]["endpoint"]} >= {
        parameter.name for parameter in parameters(name)
    }


@pytest.mark.parametrize("name", NAMES)
def test_both_start_a_container_with_the_same_words(
    girder_3: dict[str, Report], girder_5: dict[str, Report], name: str
) -> None:
    assert girder_5[name]["words"] == girder_3[name]["words"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ["girder_3", "girder_5"])
def test_a_command_reads_from_those_words_what_the_form_says(
    request: pytest.FixtureRequest, which: str, name: str
) -> None:
    filled, opened = request.getfixturevalue(which)[name]["words"]
    values = descriptions.read_values(name, filled)
    for parameter in parameters(name):
        assert values[parameter.name] == expected(parameter), parameter.name
    values = descriptions.read_values(name, opened)
    for parameter in parameters(name):
        if parameter.typ in {"string", "integer", "float", "boolean", "string-enumeration"}:
            wanted = f"their {parameter.name}" if is_filled_in(parameter) else parameter.default
            assert values[parameter.name] == wanted, parameter.name


def is_filled_in(parameter: Any) -> bool:  # noqa: ANN401
    return parameter.name in {"girderApiUrl", "girderToken"}


def expected(parameter: Any) -> Any:  # noqa: ANN401
    """Return what a command is to read of a field that was filled in."""
    text = made_up(parameter)
    if is_filled_in(parameter):
        return f"their {parameter.name}"
    if parameter.channel == "output":
        return f"/out/{parameter.name}{parameter.fileExtensions[0]}"
    if text == THING:
        return text if parameter.reference == "_girder_id_" else f"/in/{text}"
    if parameter.typ in {"boolean", *NUMBERS}:
        return json.loads(text)
    special = {"region": "10, 20, 300, 400", "string-vector": ("positive", "negative tumour")}
    return special.get(parameter.typ, text)
