"""A training in a real archive: from its slides to an item with a model, whatever happens meanwhile."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import girder_client
import pytest
import torch
from PIL import Image

from patherea_core.bundle_card import CardWords
from patherea_core.checkpoint import load_bundle
from patherea_core.data.store import read_manifest, unpack
from patherea_core.errors import ArchiveError, Cancelled, CredentialsError, InputError
from patherea_core.progress import Silent
from patherea_core.recipes import RECIPES
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide
from patherea_core.workflow.predict import Detector, predict
from plugin.commands import train_detector
from plugin.commands.earlier_run import EarlierRun
from plugin.commands.run_item import CHECKPOINT, CURVES, METRICS, RunItem
from plugin.commands.train_detector import TrainRequest
from plugin.commands.train_in_archive import ArchiveTraining, run
from plugin.commands.train_item import CARD, DATASET, DESCRIPTION, KIND, MODEL, RECIPE
from plugin.commands.train_source import DatasetFile, SlidesFolder
from plugin.dsa.session import connect
from plugin.dsa.uploads import new_item, stored_files, upload
from plugin.sandbox.process import SandboxProcess
from tests.conftest import Sandbox
from tests.core.workflow.cells import MPP, TAXONOMY, TINY, draw_cells
from tests.journeys.breaking_proxy import BreakingProxy, breaking_proxy
from tests.journeys.conftest import LEAST_PIECE
from tests.journeys.people import new_person
from tests.journeys.runs_folder import HURRIED, Runs, When, stop
from tests.plugin.archive import point, square
from tests.plugin.backbone_files import backbone_file
from tests.stopwatch import seconds_to_end

pytestmark = pytest.mark.dsa

SIDE = 96


class LabelledRuns(Runs):
    """With two labelled slides."""

    def __init__(self, sandbox: Sandbox, scratch: Path) -> None:
        super().__init__(sandbox, scratch)
        for number in range(2):
            pixels, points = draw_cells(SIDE, 10, Seed(number))
            item = self.folder.add_slide(MPP, f"slide-{number}.tif", self.slides, pixels)
            cells = [
                point(float(x), float(y), TAXONOMY.names[index])
                for (x, y), index in zip(points.xy, points.class_index, strict=True)
            ]
            self.folder.annotate(item, square(0, 0, SIDE), *cells)


@pytest.fixture(scope="module")
def runs(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return LabelledRuns(sandbox, tmp_path_factory.mktemp("slides"))


@pytest.fixture
def wanted(
    runs: Runs, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ArchiveTraining:
    """Return a request for a training of seconds, from slides."""
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    training = TrainRequest(
        dataset=Path(), out=tmp_path / "job" / "run", recipe="tiny", device="cpu", seed=3
    )
    training.out.parent.mkdir()
    return ArchiveTraining(
        source=SlidesFolder(runs.slides),
        training=training,
        scratch=training.out.parent,
        api_url=sandbox.api_url,
        token=runs.job_token(),
        runs_folder=runs.new(),
        pace=HURRIED,
    )


def elsewhere(request: ArchiveTraining, name: str, **more: Any) -> ArchiveTraining:  # noqa: ANN401
    """Return the same for another job, on another machine so to say."""
    scratch = request.scratch.parent / name
    scratch.mkdir(exist_ok=True)
    training = replace(request.training, out=scratch / "run", **more)
    return replace(request, scratch=scratch, training=training)


def going_on(request: ArchiveTraining, item: dict[str, Any]) -> ArchiveTraining:
    """Return a request of a new job that goes on with a run, all else left open."""
    later = elsewhere(request, f"job {item['_id']}", recipe=None, seed=0)
    return replace(later, source=EarlierRun(item["_id"]), runs_folder="")


def digest(path: Path) -> str:
    return load_bundle(path).card.weights_sha256


def test_labelled_slides_become_an_item_whose_model_detects(
    runs: Runs, wanted: ArchiveTraining, tmp_path: Path
) -> None:
    words = CardWords(name="Discs", stain="H-DAB")
    run(replace(wanted, training=replace(wanted.training, words=words)), Silent())
    item = runs.item(wanted.runs_folder)
    assert item["name"].startswith("Discs, 20")
    # Where a file is wanted, the archive's page takes an item's first one.
    assert runs.files(item) == [MODEL, CARD, CURVES, DATASET, METRICS, RECIPE]
    model = runs.fetch(item, MODEL, tmp_path / MODEL)
    card = load_bundle(model).card
    assert "largeImage" not in item  # it is no slide, for all its curves
    told = item["meta"]["patherea"]
    assert told["state"] == "complete"
    assert told["f1"] == card.mean_f1
    assert told["weights_sha256"] == card.weights_sha256
    assert told["dataset_sha256"] == card.provenance["dataset_sha256"]
    assert (told["slides_folder"], told["recipe"]) == (runs.slides, "tiny")
    assert (told["classes"], told["epoch"], told["epochs"]) == (["blue", "brown"], 3, 3)
    assert "Discs" in runs.fetch(item, CARD, tmp_path / CARD).read_text()
    unpack(runs.fetch(item, DATASET, tmp_path / DATASET), tmp_path / "dataset")
    assert read_manifest(tmp_path / "dataset").digest() == told["dataset_sha256"]
    pixels, _ = draw_cells(SIDE, 10, Seed(9))
    found = predict(ArraySlide("new", MPP, pixels), Detector.load(load_bundle(model), "cpu"))
    assert len(found) > 0


@pytest.mark.slow  # trains for some seconds
def test_a_stopped_training_goes_on_in_a_new_job_and_ends_as_if_never_stopped(
    runs: Runs, wanted: ArchiveTraining, tmp_path: Path
) -> None:
    message = (
        r"stopped after epoch 2 of 3; to go on, choose the item 'Detector, .*' of the archive in a new job,"
        " which goes on after epoch 2"
    )
    with pytest.raises(Cancelled, match=message):
        run(wanted, When("epoch 3", stop))
    item = runs.item(wanted.runs_folder)
    assert {MODEL, CHECKPOINT} < set(runs.files(item))
    told = item["meta"]["patherea"]
    assert told["state"] == "training was stopped after epoch 2 of 3"
    assert (told["epoch"], told["kept_epoch"]) == (2, 2)
    later = going_on(wanted, item)
    with pytest.raises(
        InputError, match="with the recipe tiny, not small; leave that at its default"
    ):
        run(replace(later, training=replace(later.training, recipe="small")), Silent())
    # Any file of the item stands for it.
    file = runs.file(item, CHECKPOINT)
    run(replace(elsewhere(later, "last"), source=EarlierRun(file)), Silent())
    files = runs.files(item)
    assert len(files) == len(set(files))
    assert CHECKPOINT not in files
    assert runs.told(wanted.runs_folder)["state"] == "complete"
    dataset = runs.fetch(item, DATASET, tmp_path / DATASET)
    whole = train_detector.run(
        replace(wanted.training, dataset=dataset, out=tmp_path / "whole"), Silent()
    )
    assert digest(runs.fetch(item, MODEL, tmp_path / MODEL)) == digest(whole)
    with pytest.raises(InputError, match=r"holds no state to go on from \(run_checkpoint\.zip\)"):
        run(elsewhere(going_on(wanted, item), "again"), Silent())


@pytest.mark.slow  # trains for some seconds
def test_a_training_on_a_pretrained_backbone_needs_no_recipe_and_goes_on_in_a_new_job(
    runs: Runs, wanted: ArchiveTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = TINY.training.model_copy(update={"initialisation": "pretrained"})
    little = TINY.model_copy(update={"training": training})
    monkeypatch.setitem(RECIPES, "small-pretrained", little)
    weights = backbone_file(tmp_path, "test_vit")
    own = replace(wanted.training, recipe=None, backbone_weights=weights)
    with pytest.raises(Cancelled, match="which goes on after epoch 2"):
        run(replace(wanted, training=own), When("epoch 3", stop))
    item = runs.item(wanted.runs_folder)
    recipe = "small-pretrained on the backbone in backbone.safetensors"
    assert item["meta"]["patherea"]["recipe"] == recipe
    later = going_on(wanted, item)
    with pytest.raises(InputError, match=r"weights backbone\.safetensors; choose that file again"):
        run(later, Silent())
    again = elsewhere(later, "again", backbone_weights=weights)
    with pytest.raises(InputError, match="with the backbone that was left open, not resnet10t"):
        run(replace(again, training=replace(again.training, backbone="resnet10t")), Silent())
    run(elsewhere(later, "last", backbone_weights=weights), Silent())
    card = load_bundle(runs.fetch(item, MODEL, tmp_path / MODEL)).card
    assert card.recipe.network.backbone == "test_vit"
    assert card.recipe.network.adapter.attention_heads == 2
    assert card.provenance["recipe"] == recipe
    assert "--backbone test_vit" in card.provenance["command"]


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[BreakingProxy]:
    with breaking_proxy(sandbox.api_url) as running:
        yield running


@pytest.mark.slow  # trains for some seconds
def test_a_training_outlives_an_archive_that_is_away_for_a_while(
    runs: Runs,
    wanted: ArchiveTraining,
    proxy: BreakingProxy,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> None:
        proxy.breaks_at = 0

    def back(*_: object) -> None:
        proxy.breaks_at = None

    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.dsa.sending._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.commands.patient_delivery._wait", back)
    run(replace(wanted, api_url=proxy.api_url), When("epoch 2", away))
    item = runs.item(wanted.runs_folder)
    assert item["meta"]["patherea"]["state"] == "complete"
    assert runs.files(item) == [MODEL, CARD, CURVES, DATASET, METRICS, RECIPE]
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert any("the training goes on" in text for text in warnings)
    assert any("the model is brought again" in text for text in warnings)


@pytest.mark.slow  # trains for some seconds
def test_a_job_that_is_stopped_before_the_archive_has_its_model_says_how_to_go_on(
    runs: Runs, wanted: ArchiveTraining, proxy: BreakingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        proxy.breaks_at = 0

    def once_kept() -> None:
        runs.wait_for_state(wanted.runs_folder)
        away()

    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.dsa.sending._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.commands.patient_delivery._wait", lambda *_: stop())
    message = (
        "stopped on request before the archive had the model; to go on, choose the item 'Detector"
    )
    with pytest.raises(Cancelled, match=message):
        run(replace(wanted, api_url=proxy.api_url), When("epoch 3", once_kept))
    proxy.breaks_at = None
    model = wanted.scratch / "delivered"
    delivered = elsewhere(wanted, "delivered", model_out=model)
    with pytest.raises(Cancelled, match="delivered as a file, but not in the item of its run"):
        run(replace(delivered, api_url=proxy.api_url), When("epoch 3", away))
    assert load_bundle(model).card.provenance["recipe"] == "tiny"


def expire(request: ArchiveTraining) -> None:
    client = girder_client.GirderClient(apiUrl=request.api_url)
    client.setToken(request.token)
    client.delete("token/session")


def test_a_training_outlives_its_token(
    wanted: ArchiveTraining, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    delivered = elsewhere(wanted, "delivered", model_out=tmp_path / "model")
    run(replace(delivered, token=wanted.token), When("epoch 2", partial(expire, wanted)))
    assert load_bundle(tmp_path / "model").card.provenance["recipe"] == "tiny"
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert any("not accept the token" in one and "the training goes on" in one for one in warnings)
    assert "delivered as a file, but not in the item of its run" in caplog.text
    assert wanted.token not in caplog.text
    with pytest.raises(CredentialsError):
        run(elsewhere(wanted, "again"), Silent())


@pytest.mark.slow  # trains for some seconds
def test_a_model_that_has_no_place_but_the_archive_is_said_to_be_lost(
    runs: Runs, wanted: ArchiveTraining
) -> None:
    def once_kept() -> None:
        runs.wait_for_state(wanted.runs_folder)
        expire(wanted)

    with pytest.raises(ArchiveError, match="Let a new job go on with the run"):
        run(wanted, When("epoch 3", once_kept))
    item = runs.item(wanted.runs_folder)
    run(replace(going_on(wanted, item), token=runs.job_token()), Silent())
    assert runs.files(item)[0] == MODEL


def test_what_cannot_serve_is_refused_before_anything_is_left(
    runs: Runs, wanted: ArchiveTraining, tmp_path: Path
) -> None:
    empty = runs.empty()
    with pytest.raises(InputError, match="the folder holds no slide"):
        run(replace(wanted, source=SlidesFolder(empty)), Silent())
    with pytest.raises(InputError, match="has an annotation named 'others'"):
        run(replace(wanted, source=SlidesFolder(runs.slides, "others")), Silent())
    (tmp_path / "notes.zip").write_bytes(b"no dataset")
    notes = runs.client.uploadFileToFolder(empty, str(tmp_path / "notes.zip"))
    with pytest.raises(InputError, match=r"notes\.zip is no packed dataset"):
        run(replace(wanted, source=DatasetFile(notes["_id"])), Silent())
    with pytest.raises(InputError, match="holds no state to go on from"):
        run(replace(wanted, source=EarlierRun(notes["itemId"])), Silent())
    base = replace(wanted.training, base_model=tmp_path / "notes.zip")
    with pytest.raises(InputError, match=r"notes\.zip"):
        run(replace(wanted, training=base), Silent())
    assert runs.client.get("item", {"folderId": wanted.runs_folder}) == []


@pytest.fixture
def all_pictures_are_slides(runs: Runs) -> Iterator[None]:
    """Let the archive take every picture for a slide, as some are set up to."""
    key = "large_image.auto_set"
    before = runs.client.get("system/setting", {"key": key})
    runs.client.put("system/setting", {"key": key, "value": "all"})
    yield
    runs.client.put("system/setting", {"key": key, "value": json.dumps(before)})


@pytest.mark.usefixtures("all_pictures_are_slides")
def test_the_archive_does_not_take_a_run_for_a_slide_for_its_curves(
    runs: Runs, wanted: ArchiveTraining, tmp_path: Path
) -> None:
    Image.new("RGB", (400, 200)).save(tmp_path / CURVES)
    session = connect(wanted.api_url, wanted.token)
    item = RunItem(session, wanted.runs_folder, "a run", KIND, DESCRIPTION)
    upload(session, item.known_id, tmp_path / CURVES, "picture.png")
    assert "largeImage" in runs.item(wanted.runs_folder)
    item.put(tmp_path / CURVES, CURVES)
    assert "largeImage" not in runs.item(wanted.runs_folder)


@pytest.mark.usefixtures("small_pieces")
def test_a_file_takes_the_place_of_the_one_before_once_it_is_there(
    wanted: ArchiveTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(path: str, *given: Any) -> Any:  # noqa: ANN401
        if path.startswith("file/chunk"):
            found.append([one.size for one in stored_files(session, item)])
        return post(path, *given)

    session, path = connect(wanted.api_url, wanted.token), tmp_path / "file"
    found: list[list[int]] = []
    item, post = new_item(session, wanted.runs_folder, "an item", ""), session.post
    monkeypatch.setattr("plugin.dsa.sending._PIECE", LEAST_PIECE)
    monkeypatch.setattr(session, "post", seen)
    for size in (LEAST_PIECE + 1, 5, 0):
        path.write_bytes(bytes(size))
        upload(session, item, path, "file")
        (stored,) = stored_files(session, item)
        assert stored.size == size
    assert found == [[], [], [LEAST_PIECE + 1]]


@pytest.mark.usefixtures("small_pieces")
def test_a_file_that_is_cut_leaves_the_one_before(
    wanted: ArchiveTraining, proxy: BreakingProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, path = connect(wanted.api_url, wanted.token), tmp_path / "file"
    item = new_item(session, wanted.runs_folder, "an item", "")
    path.write_bytes(b"before")
    upload(session, item, path, "file")
    monkeypatch.setattr("plugin.dsa.sending._PIECE", LEAST_PIECE)
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.dsa.sending._PAUSES", (0.0,))
    path.write_bytes(bytes(LEAST_PIECE + 1))
    breaking = connect(proxy.api_url, wanted.token)
    proxy.breaks_at = proxy.requests + 4  # after the list, the beginning and a piece
    with pytest.raises(ArchiveError, match="does not answer"):
        upload(breaking, item, path, "file")
    assert [one.size for one in stored_files(session, item)] == [6]


def test_a_state_that_is_broken_is_refused(
    runs: Runs, wanted: ArchiveTraining, tmp_path: Path
) -> None:
    item = runs.client.createItem(wanted.runs_folder, "broken")
    (tmp_path / CHECKPOINT).write_bytes(b"PK half of one")
    runs.client.uploadFileToItem(item["_id"], str(tmp_path / CHECKPOINT))
    with pytest.raises(InputError, match="is no state that a training can go on from"):
        run(replace(wanted, source=EarlierRun(item["_id"])), Silent())


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_training(
    sandbox: SandboxProcess, runs: Runs, wanted: ArchiveTraining
) -> None:
    reader = new_person(sandbox, "reader")
    runs.client.put(f"folder/{wanted.runs_folder}/access", {"access": "{}", "public": "true"})
    with pytest.raises(CredentialsError, match="does not let you write to the folder"):
        run(replace(wanted, token=reader.token), Silent())
    assert not wanted.training.out.exists()


#: The front door of the container with a tiny recipe, which lingers in epoch 2.
DRIVER = """
import sys, time
from patherea_core.recipes import RECIPES
from patherea_core.workflow.engine.learner import Learner
from plugin.__main__ import main
from tests.core.workflow.cells import TINY

RECIPES["small"] = TINY
original, lingers = Learner.training_step, sys.argv.pop(1) == "lingers"

def step(self, *arguments):
    if lingers and self.current_epoch == 1:
        print("now", flush=True)
        time.sleep(60)
    return original(self, *arguments)

Learner.training_step = step
sys.exit(main())
"""


def started(how: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, how, "TrainDetector", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Another number of threads adds in another order.
        env={
            **os.environ,
            "PYTHONPATH": str(Path.cwd()),
            "OMP_NUM_THREADS": str(torch.get_num_threads()),
        },
    )


@pytest.mark.slow  # two processes, each of which loads PyTorch
def test_a_killed_job_is_gone_on_with_by_another_and_ends_as_if_never_killed(
    runs: Runs, wanted: ArchiveTraining, tmp_path: Path
) -> None:
    access = ["--girderApiUrl", wanted.api_url, "--girderToken", wanted.token, "--device", "cpu"]
    places = ["--inputFolder", runs.slides, "--runsFolder", wanted.runs_folder, "--seed", "3"]
    with started("lingers", *places, *access) as job:
        assert job.stdout is not None
        while job.stdout.readline() != "now\n":
            assert job.poll() is None, job.stderr and job.stderr.read()
        runs.wait_for_state(wanted.runs_folder)
        os.kill(job.pid, signal.SIGKILL)
    item = runs.item(wanted.runs_folder)
    assert MODEL not in runs.files(item)
    assert runs.files(item)[0] == CHECKPOINT
    job = started("runs through", "--inputRunItem", item["_id"], *access)
    output, log = job.communicate(timeout=280)
    assert job.returncode == 0, log
    assert wanted.token not in output + log
    dataset = runs.fetch(item, DATASET, tmp_path / DATASET)
    whole = train_detector.run(
        replace(wanted.training, dataset=dataset, out=tmp_path / "whole"), Silent()
    )
    assert digest(runs.fetch(item, MODEL, tmp_path / MODEL)) == digest(whole)


@pytest.mark.slow  # a process that loads PyTorch
def test_a_job_that_is_cancelled_in_a_long_step_ends_in_time_and_is_noted(
    runs: Runs, wanted: ArchiveTraining
) -> None:
    access = ["--girderApiUrl", wanted.api_url, "--girderToken", wanted.token, "--device", "cpu"]
    places = ["--inputFolder", runs.slides, "--runsFolder", wanted.runs_folder, "--seed", "3"]
    job = started("lingers", *places, *access)
    assert job.stdout is not None
    while job.stdout.readline() != "now\n":
        assert job.poll() is None, job.stderr and job.stderr.read()
    runs.wait_for_state(wanted.runs_folder)
    job.terminate()
    assert seconds_to_end(job) < 10
    _, log = job.communicate()
    assert job.returncode == 1
    assert "in a new job, which goes on after epoch 1" in log
    assert "/dataset" not in log  # no folder that is gone with the job
    told = runs.told(wanted.runs_folder)
    assert told["state"] == "training was stopped after epoch 1 of 3"
    assert (told["epoch"], told["kept_epoch"]) == (1, 1)
