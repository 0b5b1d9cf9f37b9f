"""The page of a training offers all foundation models, and passes on whose licence is accepted."""

from importlib import resources
from pathlib import Path

import pytest
from slicer_cli_web.ctk_cli_adjustment import CLIModule

from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import FOUNDATIONS
from patherea_core.progress import Silent
from plugin.arguments import read_action
from plugin.commands import train_detector
from plugin.commands.foundation_choice import FoundationChoice
from plugin.shell import main

XML = Path(str(resources.files("cli_xml"))) / "TrainDetector.xml"
DATASET = ["--inputDatasetFile", "dataset.zip", "--outputModelFile", "model.safetensors"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[FoundationChoice]:
    """Return the choices of the trainings that were asked for, of which none is done."""
    choices: list[FoundationChoice] = []

    def noted(request: train_detector.TrainRequest, _progress: object) -> Path:
        choices.append(request.foundation)
        return request.out

    monkeypatch.setattr(train_detector, "run", noted)
    return choices


def test_the_page_offers_every_foundation_model() -> None:
    (offered,) = (one for one in CLIModule(str(XML)).parameters() if one.name == "foundation")
    assert offered.elements == ["none", *FOUNDATIONS]
    assert offered.default == "none"


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ((), FoundationChoice()),
        (("--foundation", "hibou-b"), FoundationChoice(name="hibou-b")),
        (
            ("--foundation", "uni", "--acceptedLicences", "uni,virchow2"),
            FoundationChoice(name="uni", accepted_licences=("uni", "virchow2")),
        ),
    ],
)
def test_the_page_passes_on_what_was_chosen(
    asked: list[FoundationChoice], words: tuple[str, ...], choice: FoundationChoice
) -> None:
    read_action("TrainDetector", [*DATASET, *words])(Silent())
    assert asked == [choice]


def test_the_shell_passes_on_what_was_chosen(asked: list[FoundationChoice], tmp_path: Path) -> None:
    words = ["train", str(tmp_path), "--out", "run", "--foundation", "uni2-h"]
    assert main([*words, "--accept-licence", "uni2-h"]) == 0
    assert asked == [FoundationChoice(name="uni2-h", accepted_licences=("uni2-h",))]


def test_a_training_is_refused_before_its_dataset_is_read(tmp_path: Path) -> None:
    request = train_detector.TrainRequest(
        dataset=tmp_path / "none.zip",
        out=tmp_path / "run",
        foundation=FoundationChoice(name="prov-gigapath"),
    )
    with pytest.raises(InputError, match="Prov-GigaPath licence, which forbids"):
        train_detector.run(request, Silent())
