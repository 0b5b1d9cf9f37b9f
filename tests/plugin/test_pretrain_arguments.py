"""From the archive's words to what is pretrained; the pretraining itself is stood in for."""

from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import InputError
from patherea_core.progress import Silent
from plugin.arguments import read_action
from plugin.commands import pretrain_on_folder
from plugin.commands.earlier_run import EarlierRun
from plugin.commands.pretrain_on_folder import ArchivePretraining
from plugin.commands.pretrain_slides import SlidesFolder

FOLDER, RUNS = "5f0000000000000000000000", "5f0000000000000000000001"
GIRDER = ("--girderApiUrl", "http://archive/api/v1", "--girderToken", "secret")
PLACES = ("--inputFolder", FOLDER, "--runsFolder", RUNS)


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> list[ArchivePretraining]:
    requests: list[ArchivePretraining] = []
    monkeypatch.setattr(pretrain_on_folder, "run", lambda request, _: requests.append(request))
    return requests


def asked(caught: list[ArchivePretraining], *words: str) -> ArchivePretraining:
    read_action("PretrainBackbone", [*words, *GIRDER])(Silent())
    return caught[-1]


def test_the_pages_defaults_take_a_folder(caught: list[ArchivePretraining]) -> None:
    request = asked(caught, *PLACES)
    assert request.source == SlidesFolder(id=FOLDER)
    assert (request.api_url, request.token) == ("http://archive/api/v1", "secret")
    assert request.runs_folder == RUNS
    own = request.backbone
    assert (own.wishes.backbone, own.wishes.method) == ("mobilenetv2_100", None)
    assert (own.wishes.batch_size, own.wishes.mask_ratio, own.wishes.learning_rate) == (None,) * 3
    assert (own.initial_weights, own.workers, own.licence) == (None, None, None)
    assert request.pace.state == 600


def test_what_is_chosen_is_passed_on(caught: list[ArchivePretraining]) -> None:
    words = {
        "--subfolders": "true",
        "--slideMpp": "0.25",
        "--fieldsPerSlide": "7",
        "--diskGigabytes": "3",
        "--method": "mae",
        "--maskRatio": "0.5",
        "--learningRate": "0.002",
        "--batchSize": "8",
        "--tileSize": "96",
        "--workers": "2",
        "--licence": " CC0 ",
        "--inputWeightsFile": "/in/weights",
        "--acceptedLicences": "uni,virchow2",
        "--outputBackboneFile": "/out/backbone",
        "--checkpointMinutes": "2",
    }
    request = asked(caught, *PLACES, *(word for pair in words.items() for word in pair))
    wanted = SlidesFolder(id=FOLDER, subfolders=True, slide_mpp=0.25, fields=7, room=3_000_000_000)
    assert request.source == wanted
    own: Any = request.backbone
    assert (own.wishes.method, own.wishes.mask_ratio, own.wishes.batch_size) == ("mae", 0.5, 8)
    assert (own.wishes.learning_rate, own.wishes.tile_size) == (0.002, 96)
    assert (own.workers, own.licence) == (2, "CC0")
    assert (own.initial_weights, own.backbone_out) == (Path("/in/weights"), Path("/out/backbone"))
    assert own.accepted_licences == ("uni", "virchow2")
    assert request.pace.state == 120


def test_a_run_to_go_on_with_needs_no_folder(caught: list[ArchivePretraining]) -> None:
    assert asked(caught, "--inputRunItem", RUNS).source == EarlierRun(RUNS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing says what to look at: choose a folder of slides"),
        (("--inputFolder", FOLDER), "nothing says where the backbone goes: choose a folder"),
        ((*PLACES, "--inputRunItem", RUNS), "only one can be; leave out the other"),
    ],
)
def test_what_is_missing_or_too_much_is_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_action("PretrainBackbone", [*words, *GIRDER])


def test_without_an_archive_it_is_refused() -> None:
    with pytest.raises(InputError, match="--girderApiUrl is needed"):
        read_action("PretrainBackbone", list(PLACES))
