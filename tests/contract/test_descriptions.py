"""The rules that the archive sets for the description of every command, checked file by file."""

import io
import logging
import re
from importlib import resources
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from slicer_cli_web import CLIArgumentParser
from slicer_cli_web.ctk_cli_adjustment import CLIModule

from patherea_core.config import Model
from patherea_core.errors import InputError
from patherea_core.recipes import RECIPES
from patherea_core.workflow.runtimes.choice import RUNTIMES
from patherea_core.workflow.runtimes.runtime import Precision
from plugin import descriptions
from plugin.models.finding import DEFAULT_MODEL, known_models

NAMES = descriptions.names()
FOLDER = Path(str(resources.files("cli_xml")))
TYPES = {
    *("boolean", "integer", "float", "double", "string", "string-vector", "string-enumeration"),
    *("region", "image", "file", "item", "directory"),
}
SLIDE_COMMANDS = (
    *("DetectCells", "EvaluateDetections", "HarvestReview"),
    *("SuggestRegions", "Ki67Index"),
)
VALID = {
    "ExportDataset": ["5f0000000000000000000000"],
    "TrainDetector": ["--inputDatasetFile", "dataset.zip"],
    "DetectCells": ["slide.tif"],
    "EvaluateDetections": ["5f0000000000000000000000"],
    "HarvestReview": ["5f0000000000000000000000"],
    "SuggestRegions": ["5f0000000000000000000000"],
    "Ki67Index": ["5f0000000000000000000000"],
    "PretrainBackbone": ["--inputFolder", "5f0000000000000000000000"],
}


def parameters(name: str) -> list[Any]:
    return list(CLIModule(str(FOLDER / f"{name}.xml")).parameters())


def test_every_file_is_in_the_list_and_every_entry_has_a_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.xml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_parses_without_a_warning(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        CLIArgumentParser(str(FOLDER / f"{name}.xml")).format_help()
        CLIModule(stream=io.BytesIO(descriptions.xml_text(name).encode())).classifyParameters()
    assert caplog.messages == []


@pytest.mark.parametrize("name", NAMES)
def test_it_is_ascii_without_a_percent_sign_or_a_template_by_accident(name: str) -> None:
    text = descriptions.xml_text(name)
    assert text.isascii()
    assert "%" not in text
    assert "{{" not in text
    assert "{#control" not in text


@pytest.mark.parametrize("name", NAMES)
def test_types_are_those_the_archive_accepts(name: str) -> None:
    assert {parameter.typ for parameter in parameters(name)} <= TYPES


@pytest.mark.parametrize("name", NAMES)
def test_names_and_flags_are_unique_and_every_parameter_is_explained(name: str) -> None:
    own = parameters(name)
    names = [parameter.name for parameter in own]
    flags = [parameter.longflag for parameter in own if parameter.longflag]
    assert len(set(names)) == len(names)
    assert len(set(flags)) == len(flags)
    assert all(parameter.label and parameter.description for parameter in own)


@pytest.mark.parametrize("name", SLIDE_COMMANDS)
def test_a_slide_command_has_one_image_and_it_comes_first(name: str) -> None:
    # The viewer puts the open slide into every image: a second one can only be the same slide, by its id.
    first, *again = (one for one in parameters(name) if one.typ == "image")
    assert first.index == 0
    assert [(one.index, one.reference) for one in again] == [(None, "_girder_id_")] * len(again)
    assert [one.name for one in again] == ["slideInArchive"] * (name == "DetectCells")


def test_the_slide_of_a_command_that_writes_annotations_is_passed_as_a_file() -> None:
    (image,) = (one for one in parameters("DetectCells") if one.typ == "image" and one.index == 0)
    assert image.reference is None


@pytest.mark.parametrize("name", NAMES)
def test_only_the_first_input_has_an_index(name: str) -> None:
    indexed = [parameter for parameter in parameters(name) if parameter.index is not None]
    # A training has several inputs of which any may be left out.
    trains = name in {"TrainDetector", "PretrainBackbone"}
    assert [parameter.index for parameter in indexed] == [0] * (not trains)
    assert all(parameter.longflag for parameter in parameters(name) if parameter.index is None)


@pytest.mark.parametrize("name", NAMES)
def test_every_value_by_flag_has_a_default(name: str) -> None:
    for parameter in parameters(name):
        if parameter.index is None and not parameter.isExternalType():
            assert parameter.default is not None, parameter.name


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_optional_files_that_refer_to_the_first_input(name: str) -> None:
    first = next(parameter for parameter in parameters(name) if parameter.channel != "output")
    outputs = [parameter for parameter in parameters(name) if parameter.channel == "output"]
    assert outputs
    for parameter in outputs:
        assert parameter.typ == "file"
        assert parameter.longflag
        assert parameter.index is None
        assert parameter.reference == first.name
        assert parameter.fileExtensions


@pytest.mark.parametrize("name", NAMES)
def test_an_output_that_becomes_an_annotation_is_called_so(name: str) -> None:
    for parameter in parameters(name):
        if parameter.fileExtensions == [".anot"]:
            assert parameter.name.endswith("AnnotationFile")


@pytest.mark.parametrize("name", NAMES)
def test_folders_are_inputs_by_id(name: str) -> None:
    for parameter in parameters(name):
        if parameter.typ == "directory":
            assert parameter.reference == "_girder_id_"
            assert parameter.channel != "output"


@pytest.mark.parametrize("name", NAMES)
def test_a_command_that_asks_the_archive_has_both_strings_the_archive_fills_in(name: str) -> None:
    named = {parameter.name for parameter in parameters(name)}
    assert ("girderApiUrl" in named) == ("girderToken" in named)
    if name != "DetectCells":
        assert "girderToken" in named


@pytest.mark.parametrize("name", NAMES)
def test_the_version_is_the_programs(name: str) -> None:
    from plugin import provenance

    root = ElementTree.fromstring(descriptions.xml_text(name))  # noqa: S314  our own file
    assert f"patherea {root.findtext('version')}" == provenance.program()


@pytest.mark.parametrize("name", NAMES)
def test_defaults_pass_their_own_check(name: str) -> None:
    values = descriptions.read_values(name, VALID[name])
    assert set(values) == {parameter.name for parameter in parameters(name)}


@pytest.mark.parametrize(
    ("name", "choices"),
    [("runtime", set(RUNTIMES)), ("precision", {"auto", *get_args(Precision)})],
)
def test_the_page_offers_all_ways_to_run_a_network(name: str, choices: set[str]) -> None:
    (found,) = (one for one in parameters("DetectCells") if one.name == name)
    assert set(found.elements) == choices
    assert found.default == "auto"


def test_the_page_offers_all_recipes() -> None:
    (recipe,) = (one for one in parameters("TrainDetector") if one.name == "recipe")
    assert set(recipe.elements) == {"auto", *RECIPES}
    assert recipe.default == "auto"


def test_the_page_offers_all_kinds_of_networks() -> None:
    (kind,) = (one for one in parameters("TrainDetector") if one.name == "model")
    assert set(kind.elements) == {"auto", *get_args(Model)}
    assert kind.default == "auto"


def test_the_page_offers_all_models_that_come_with_the_program_to_start_from() -> None:
    (base,) = (one for one in parameters("TrainDetector") if one.name == "baseModel")
    assert set(base.elements) == {"none", *(one.name for one in known_models() if one.shipped)}
    assert base.default == "none"


def test_the_model_that_is_taken_where_none_is_named_is_all_that_ships() -> None:
    # With a second one the pages of DetectCells and SuggestRegions need a choice, as TrainDetector has it.
    assert [one.name for one in known_models() if one.shipped] == [DEFAULT_MODEL]


LIMITED = [
    (name, parameter)
    for name in NAMES
    for parameter in parameters(name)
    if parameter.constraints is not None
]


@pytest.mark.parametrize(
    ("name", "parameter"), LIMITED, ids=[f"{name}-{parameter.name}" for name, parameter in LIMITED]
)
def test_limits_hold_beyond_the_web_form(name: str, parameter: Any) -> None:  # noqa: ANN401
    for wrong in (
        float(parameter.constraints.minimum) - 1,
        float(parameter.constraints.maximum) + 1,
    ):
        text = f"{wrong:g}" if parameter.typ == "float" else str(int(wrong))
        with pytest.raises(InputError, match=parameter.longflag):
            descriptions.read_values(name, [*VALID[name], parameter.longflag, text])


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(InputError):
        descriptions.read_values("DetectCells", ["slide.tif", "--scoreThreshold", "nan"])
    with pytest.raises(InputError):
        descriptions.read_values("DetectCells", ["slide.tif", "--scoreThreshold", "50%"])


def test_items_of_a_list_lose_the_blanks_that_the_archive_puts_there() -> None:
    words = ["5f0000000000000000000000", "--classes", "positive, negative tumour"]
    values = descriptions.read_values("ExportDataset", words)
    assert values["classes"] == ("positive", "negative tumour")
    assert descriptions.read_values("ExportDataset", words[:1])["classes"] == ()


@pytest.mark.parametrize(
    "words",
    [
        ["--roi=-1,-1,-1,-1"],
        ["--roi", "-1,-1,-1,-1"],
        ["--roi", "-1, -1, -1, -1"],
        ["--roi", "-1.0, -1.0, -1.0, -1.0"],
        [],
    ],
)
def test_the_whole_slide_can_be_asked_for_in_every_way_it_is_written(words: list[str]) -> None:
    from plugin.region_text import parse_region

    assert (
        parse_region(descriptions.read_values("DetectCells", ["slide.tif", *words])["roi"]) is None
    )


def test_a_region_keeps_its_text() -> None:
    values = descriptions.read_values("DetectCells", ["slide.tif", "--roi", "10, 20, 30, 40"])
    assert re.sub(r"\s", "", values["roi"]) == "10,20,30,40"
