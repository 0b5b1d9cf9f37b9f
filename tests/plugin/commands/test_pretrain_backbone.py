"""Pretraining on files: what is asked of the engine, what comes out, and what is refused before."""

import logging
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from patherea_core.config import NetworkConfig
from patherea_core.errors import Cancelled, InputError, OutputError, PathereaError, ShapeError
from patherea_core.model.backbones import build_backbone
from patherea_core.model.pretrained import initialise, read_backbone_weights
from patherea_core.model.timm_models import created
from patherea_core.model.weight_files import read_weight_file
from patherea_core.progress import Progress, Silent
from patherea_core.recipes import RECIPES
from patherea_core.workflow.pretrain import PretrainRequest
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from plugin.commands import pretrain_backbone
from plugin.commands.pretrain_backbone import BackboneRequest, FilesRequest, run
from plugin.commands.train_request import TrainRequest
from plugin.commands.train_settings import settings_of
from plugin.pretraining.settings_choice import SettingsWishes, chosen_settings
from plugin.shell import main
from tests.core.workflow.test_pretrain import StopWhen
from tests.fakes import RecordingProgress
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, serving
from tests.plugin.backbone_files import backbone_file
from tests.plugin.pretraining.slides import tissue, write_field
from tests.plugin.slide_files import write_tiff

WISHES = SettingsWishes(
    backbone="test_efficientnet", tile_size=64, epochs=1, tiles_per_epoch=4, batch_size=2
)

VIT_BY_SPARK = replace(WISHES, backbone="test_vit", method="spark")


@pytest.fixture
def wanted(tmp_path: Path) -> FilesRequest:
    (tmp_path / "images").mkdir()
    for number in range(2):
        write_field(tmp_path / "images" / f"{number}.png", 96, 80, seed=number)
    own = BackboneRequest(out=tmp_path / "run", wishes=WISHES, device="cpu", workers=0, seed=3)
    return FilesRequest(sources=(tmp_path / "images",), backbone=own, slide_mpp=0.5)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill in with little."""
    usual = {"mpp": 0.5, "decoder_width": 32, "decoder_depth": 1, "decoder_heads": 2}
    for name in ("_USUAL", "_SMALL"):
        monkeypatch.setattr(f"plugin.pretraining.settings_choice.{name}", usual)


class Engine:
    """Stands in for the pretraining."""

    def __init__(self, act: Callable[[PretrainRequest], None]) -> None:
        self.asked: list[PretrainRequest] = []
        self._act = act

    def __call__(self, request: PretrainRequest, _progress: Progress) -> Path:
        self.asked.append(request)
        folder = PretrainingFolder(request.run)
        folder.checkpoints.mkdir(parents=True, exist_ok=True)
        self._act(request)
        folder.backbone.write_bytes(b"a backbone")
        return folder.backbone


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    stands_in = Engine(lambda _: None)
    monkeypatch.setattr(pretrain_backbone, "pretrain", stands_in)
    return stands_in


def test_the_engine_is_asked_for_tiles_of_the_files(engine: Engine, wanted: FilesRequest) -> None:
    assert run(wanted, Silent()) == wanted.backbone.out / "backbone.safetensors"
    (asked,) = engine.asked
    assert asked.source.describe() == "2 images of images"
    tiles = asked.source.sample(2, 64, np.random.default_rng(0))
    assert tiles.shape == (2, 64, 64, 3)
    assert (asked.config.tile_size, asked.config.method, asked.seed) == (64, "spark", 3)
    command = (
        "patherea pretrain images --slide-mpp 0.5 --out run --backbone test_efficientnet --method spark"
        " --mpp 0.5 --tile 64 --epochs 1 --tiles-per-epoch 4 --batch-size 2 --learning-rate 0.00015 --seed 3"
    )
    assert asked.provenance["command"] == command
    assert asked.provenance["tiles"] == "2 images of images"


def with_many_images(wanted: FilesRequest) -> FilesRequest:
    """Return the same request, of twelve images."""
    for number in range(2, 12):
        write_field(wanted.sources[0] / f"{number}.png", 96, 80, seed=number)
    return wanted


def test_of_many_images_one_is_held_out_the_same_when_it_goes_on(
    engine: Engine, wanted: FilesRequest
) -> None:
    request = with_many_images(wanted)
    run(request, Silent())
    (asked,) = engine.asked
    assert asked.held_out is not None
    words = (asked.source.describe(), asked.held_out.describe(), asked.provenance["tiles"])
    assert words == ("11 images of images", "1 image of images", "12 images of images")
    digests = asked.source.digest(), asked.held_out.digest()
    folder = PretrainingFolder(asked.run)
    identity = PretrainingIdentity(
        tiles_sha256=digests[0], held_out_sha256=digests[1], seed=asked.seed
    )
    folder.begin(chosen_settings(replace(WISHES, epochs=9)), identity)
    torch.save({"epoch": 0}, folder.last)
    own = replace(wanted.backbone, resume=True, wishes=replace(WISHES, epochs=9))
    run(replace(request, backbone=own), Silent())
    again = engine.asked[-1]
    assert again.held_out is not None
    assert (again.source.digest(), again.held_out.digest()) == digests


def test_the_backbone_goes_to_a_second_place_from_a_stopped_run_too(
    monkeypatch: pytest.MonkeyPatch, wanted: FilesRequest, tmp_path: Path
) -> None:
    def stop(request: PretrainRequest) -> None:
        folder = PretrainingFolder(request.run)
        folder.last.write_bytes(b"a state")
        folder.backbone.write_bytes(b"a backbone")
        raise Cancelled("pretraining was stopped after epoch 1 of 9")

    monkeypatch.setattr(pretrain_backbone, "pretrain", Engine(stop))
    own = replace(wanted.backbone, backbone_out=tmp_path / "delivered")
    with pytest.raises(Cancelled, match=r"after epoch 1 of 9; the state is kept in .*--resume"):
        run(replace(wanted, backbone=own), Silent())
    assert (tmp_path / "delivered").read_bytes() == b"a backbone"


def test_a_run_that_was_stopped_at_once_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, wanted: FilesRequest
) -> None:
    def stop(_: PretrainRequest) -> None:
        raise Cancelled("pretraining was stopped")

    monkeypatch.setattr(pretrain_backbone, "pretrain", Engine(stop))
    with pytest.raises(Cancelled, match="stopped; nothing of it is kept"):
        run(wanted, Silent())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"seed": -1}, InputError, "a seed must be"),
        ({"wishes": replace(WISHES, epochs=0)}, InputError, "epochs must be 1 or more"),
        ({"backbone_out": Path("/nowhere/backbone")}, OutputError, "cannot be written"),
        (
            {"wishes": replace(WISHES, tile_size=97)},
            ShapeError,
            r"not 97 × 97; .* \(--tile\), say 96",
        ),
        ({"wishes": replace(WISHES, method="mae")}, InputError, r"\(--method spark\)"),
        ({"wishes": VIT_BY_SPARK}, InputError, r"\(--method mae\)"),
        ({"resume": True}, InputError, "holds no run to go on with"),
    ],
)
def test_what_cannot_serve_is_refused_before_a_slide_is_looked_at(
    engine: Engine,
    wanted: FilesRequest,
    changes: dict[str, object],
    error: type[PathereaError],
    message: str,
) -> None:
    own = replace(wanted.backbone, **changes)  # type: ignore[arg-type]  # each of its own type
    with pytest.raises(error, match=message):
        run(FilesRequest(sources=(Path("/nowhere"),), backbone=own), Silent())
    assert engine.asked == []


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "cuda"}, "no CUDA device can be used here"),
        ({"devices": 2}, "2 GPUs cannot train together"),
        ({"initial_weights": Path("/nowhere/w")}, "no file /nowhere/w; name a file of weights"),
    ],
)
def test_what_is_not_there_is_refused_before_a_slide_is_looked_at(
    engine: Engine, wanted: FilesRequest, changes: dict[str, Any], message: str
) -> None:
    own = replace(wanted.backbone, **changes)
    with pytest.raises(InputError, match=message):
        run(FilesRequest(sources=(Path("/nowhere"),), backbone=own), Silent())
    assert engine.asked == []


def test_weights_that_do_not_fit_are_refused_before_a_slide_is_looked_at(
    engine: Engine, wanted: FilesRequest, tmp_path: Path
) -> None:
    state = created("test_efficientnet", {}).state_dict()
    widened = {name: torch.cat([tensor, tensor]) for name, tensor in state.items() if tensor.ndim}
    for name, content, message in (
        ("other.safetensors", None, r"test_efficientnet cannot start.*say --backbone resnet10t"),
        ("wide.pth", widened, r"conv_stem\.weight of the weights .*with --initial-weights"),
        ("right.pth", state, "there is nothing to take tiles from"),
    ):
        path = tmp_path / name
        if content is None:
            backbone_file(tmp_path, "resnet10t").rename(path)
        else:
            torch.save(content, path)
        own = replace(wanted.backbone, initial_weights=path)
        with pytest.raises(PathereaError, match=message) as refused:
            run(FilesRequest(sources=(Path("/nowhere"),), backbone=own), Silent())
        assert "--backbone-weights" not in str(refused.value)
    assert engine.asked == []


def test_weights_whose_licence_nobody_accepted_are_refused(
    engine: Engine, wanted: FilesRequest, tmp_path: Path
) -> None:
    (tmp_path / "w.bin").write_bytes(b"not read yet")
    own = replace(
        wanted.backbone,
        wishes=SettingsWishes(backbone="uni", tile_size=64),
        initial_weights=tmp_path / "w.bin",
    )
    request = FilesRequest(sources=(Path("/nowhere"),), backbone=own)
    with pytest.raises(InputError, match=r"which forbids .* say --accept-licence uni if you"):
        run(request, Silent())
    accepted = replace(own, accepted_licences=("uni",))
    with pytest.raises(InputError, match=r"w\.bin holds more than tensors, or is damaged"):
        run(replace(request, backbone=accepted), Silent())
    assert engine.asked == []
    # Without weights nothing of the model is taken but its form.
    with pytest.raises(PathereaError, match="there is nothing to take tiles from"):
        run(replace(request, backbone=replace(own, initial_weights=None)), Silent())


def test_a_run_goes_on_with_the_options_that_it_was_begun_with(
    engine: Engine, wanted: FilesRequest, tmp_path: Path
) -> None:
    path = backbone_file(tmp_path, "mobilenetv2_050", backbone_options={"pad_type": "same"})
    wishes = replace(WISHES, backbone="mobilenetv2_050")
    own = replace(wanted.backbone, wishes=wishes, initial_weights=path)
    run(replace(wanted, backbone=own), Silent())
    (asked,) = engine.asked
    assert asked.config.backbone_options == {"pad_type": "same"}
    folder = PretrainingFolder(own.out)
    folder.begin(asked.config, PretrainingIdentity(tiles_sha256="a" * 64, seed=own.seed))
    torch.save({"epoch": asked.config.epochs - 1}, folder.last)
    folder.backbone.write_bytes(b"a backbone")
    path.unlink()
    assert run(replace(wanted, backbone=replace(own, resume=True)), Silent()) == folder.backbone


@pytest.mark.usefixtures("no_gpu")
def test_a_complete_run_needs_neither_its_device_nor_its_weights_again(
    engine: Engine, wanted: FilesRequest
) -> None:
    own, config = wanted.backbone, chosen_settings(WISHES)
    folder = PretrainingFolder(own.out)
    folder.begin(config, PretrainingIdentity(tiles_sha256="a" * 64, seed=own.seed))
    torch.save({"epoch": 0}, folder.last)
    folder.backbone.write_bytes(b"a backbone")
    later = replace(own, resume=True, device="cuda", initial_weights=Path("/nowhere/w"))
    request = FilesRequest(sources=(Path("/nowhere"),), backbone=later)
    assert (run(request, Silent()), engine.asked) == (folder.backbone, [])


def test_the_words_of_the_shell_become_a_request(
    engine: Engine, wanted: FilesRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.logs.set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    images, out = str(wanted.sources[0]), str(tmp_path / "run")
    own = ["--slide-mpp", "0.5", "--mpp", "0.5", "--tile", "64", "--epochs", "7", "--seed", "4"]
    more = ["--mask-ratio", "0.5", "--licence", "CC0", "--workers", "1", "--devices", "0"]
    assert main(["pretrain", images, "--out", out, *own, *more]) == 0
    (asked,) = engine.asked
    assert (asked.config.backbone, asked.config.tile_size) == ("mobilenetv2_100", 64)
    assert (asked.config.epochs, asked.config.mask_ratio, asked.seed) == (7, 0.5, 4)
    assert (asked.licence, asked.workers, asked.devices) == ("CC0", 1, 0)
    assert asked.source.mpp == 0.5
    told = shlex.split(asked.provenance["command"])
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(out)
    assert main(told[1:]) == 0
    again = engine.asked[-1]
    assert again.provenance["command"] == asked.provenance["command"]
    assert (again.config, again.seed, again.licence) == (asked.config, asked.seed, asked.licence)
    assert again.source.digest() == asked.source.digest()


def test_a_source_that_is_not_there_is_named(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("plugin.logs.set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    words = ["pretrain", str(tmp_path), "--out", str(tmp_path / "run")]
    assert main(["pretrain", "/nowhere", *words[2:]]) == 2
    assert "there is no /nowhere; check its path" in caplog.text
    assert main([*words, "--initial-weights", "/nowhere"]) == 2
    assert "there is no file /nowhere; name a file of weights" in caplog.text
    for of_archives in (["--fields", "3"], ["--subfolders"]):
        assert main([*words, *of_archives]) == 2
        assert "--subfolders and --fields are of a --folder of an archive" in caplog.text
        caplog.clear()


def test_fields_of_an_archive_stay_with_the_run(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.logs.set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    run_folder = tmp_path / "run"
    with serving(FakeArchive()) as archive:
        write_tiff(tmp_path / "a.tif", tissue(200, 200), mpp=0.5, photometric="rgb")
        archive.add_slide("a.tif", (tmp_path / "a.tif").read_bytes(), (200, 200), 0.5)
        words = ["pretrain", "--folder", FOLDER, "--out", str(run_folder), "--tile", "64"]
        access = ["--api-url", archive.address, "--token", TOKEN]
        assert main([*words, "--fields", "2", *access]) == 0
    (asked,) = engine.asked
    assert asked.source.describe() == "2 fields of 1 slide of the archive"
    assert len(list((run_folder / "fields").glob("*.png"))) == 2
    assert TOKEN not in str(asked.provenance)
    command = asked.provenance["command"]
    assert command.startswith(
        f"patherea pretrain --folder {FOLDER} --fields 2 --out run --backbone"
    )
    assert "--method spark --mpp 0.5 --tile 64 --epochs 100" in command


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name what to look at: either SOURCEs or a --folder"),
        (["a.png", "--folder", FOLDER], "name what to look at"),
        (["--folder", FOLDER], "--folder needs --api-url"),
        (["--folder", FOLDER, "--api-url", "http://a", "--fields", "0"], "--fields must be"),
    ],
)
def test_what_to_look_at_is_one_thing(
    words: list[str],
    message: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plugin.logs.set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    assert main(["pretrain", *words, "--out", "run"]) == 2
    assert message in caplog.text


@pytest.mark.usefixtures("engine")
def test_a_run_that_is_there_is_refused_before_a_slide_is_looked_at(
    wanted: FilesRequest,
) -> None:
    run(wanted, Silent())
    PretrainingFolder(wanted.backbone.out).settings.write_text("{}")
    with pytest.raises(InputError, match="already holds a run; continue it with --resume"):
        run(replace(wanted, sources=(Path("/nowhere"),)), Silent())


def test_a_complete_run_goes_on_without_a_look_at_its_slides(
    engine: Engine, wanted: FilesRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, config = wanted.backbone, chosen_settings(WISHES)
    folder, progress = PretrainingFolder(own.out), RecordingProgress()
    folder.begin(config, PretrainingIdentity(tiles_sha256="a" * 64, seed=own.seed))
    torch.save({"epoch": 0}, folder.last)
    folder.backbone.write_bytes(b"a backbone")
    later = replace(own, resume=True, backbone_out=tmp_path / "delivered")
    with caplog.at_level(logging.INFO):
        found = run(FilesRequest(sources=(Path("/nowhere"),), backbone=later), progress)
    assert (found, engine.asked) == (folder.backbone, [])
    assert (tmp_path / "delivered").read_bytes() == b"a backbone"
    assert progress.fractions == [1.0]
    assert "is complete: nothing is left to train" in caplog.text


@pytest.mark.slow  # trains for some seconds
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("backbone", ["test_efficientnet", "test_vit"])
def test_both_methods_leave_a_backbone_and_go_on(wanted: FilesRequest, backbone: str) -> None:
    own = replace(wanted.backbone, wishes=replace(WISHES, backbone=backbone))
    found = run(replace(wanted, backbone=own), Silent())
    before = found.read_bytes()
    network = settings_of(TrainRequest(dataset=Path(), out=Path(), backbone_weights=found)).network
    assert network.backbone == backbone
    initialise(build_backbone(network), read_backbone_weights(found, network))
    again = run(replace(wanted, backbone=replace(own, resume=True)), Silent())
    assert again.read_bytes() == before
    with pytest.raises(InputError, match="already holds a run; continue it with --resume"):
        run(replace(wanted, backbone=own), Silent())


@pytest.mark.slow  # trains for some seconds
@pytest.mark.usefixtures("small")
def test_a_run_that_was_begun_before_slides_were_held_out_goes_on_as_it_began(
    wanted: FilesRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(wanted.backbone, wishes=replace(WISHES, epochs=2))
    request = replace(with_many_images(wanted), backbone=own)
    with monkeypatch.context() as before:
        before.setattr("plugin.pretraining.held_out._FEWEST", 99)
        whole = run(replace(request, backbone=replace(own, out=tmp_path / "whole")), Silent())
        with pytest.raises(Cancelled, match="after epoch 1 of 2"):
            run(request, StopWhen("epoch 2", "loss"))
    identity = PretrainingFolder(own.out).identity
    old = PretrainingIdentity.model_validate_json(identity.read_bytes())
    identity.write_text(old.model_dump_json(exclude_none=True))
    ended = run(replace(request, backbone=replace(own, resume=True)), Silent())
    network = NetworkConfig(backbone=WISHES.backbone)
    one, other = (read_backbone_weights(path, network).state for path in (whole, ended))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    card = read_weight_file(ended).card
    assert card is not None
    assert card.pretraining is not None
    assert (card.pretraining.tiles, card.pretraining.held_out) == (
        "12 images of images",
        "the same",
    )


@pytest.mark.slow  # trains for some seconds
@pytest.mark.usefixtures("small")
def test_a_run_that_holds_an_image_out_says_so_and_goes_on(wanted: FilesRequest) -> None:
    own = replace(wanted.backbone, wishes=replace(WISHES, epochs=2))
    request = replace(with_many_images(wanted), backbone=own)
    with pytest.raises(Cancelled, match="after epoch 1 of 2"):
        run(request, StopWhen("epoch 2", "loss"))
    ended = run(replace(request, backbone=replace(own, resume=True)), Silent())
    card = read_weight_file(ended).card
    assert card is not None
    assert card.pretraining is not None
    told = (card.pretraining.tiles, card.pretraining.held_out, card.pretraining.epochs)
    assert told == ("11 images of images", "1 image of images", 2)


@pytest.mark.slow  # trains for some seconds
@pytest.mark.usefixtures("small")
def test_the_default_backbone_is_what_the_small_pretrained_detector_starts_from(
    wanted: FilesRequest,
) -> None:
    wishes = replace(WISHES, backbone="mobilenetv2_100", tiles_per_epoch=2)
    found = run(replace(wanted, backbone=replace(wanted.backbone, wishes=wishes)), Silent())
    network = RECIPES["small-pretrained"].network
    backbone = build_backbone(network)
    initialise(backbone, read_backbone_weights(found, network))
    levels = backbone(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert all(torch.isfinite(level).all() for level in levels)
