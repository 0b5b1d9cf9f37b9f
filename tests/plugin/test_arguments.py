"""From the archive's words to typed requests; the commands themselves are stood in for."""

from pathlib import Path
from typing import Any

import pytest
import shapely

from patherea_core.bundle_card import CardWords
from patherea_core.errors import InputError
from patherea_core.progress import Progress, Silent
from plugin.arguments import read_action
from plugin.commands import (
    detect_cells,
    detect_in_job,
    evaluate_on_item,
    export_dataset,
    harvest_review,
    suggest_regions,
    train_detector,
)
from plugin.models import finding
from plugin.outputs.arrangement import Arrangement
from plugin.radius import Radius
from tests.plugin.bundles import shipping

IDENTIFIER = "5f0000000000000000000000"
TRAIN = ["TrainDetector", "--inputDatasetFile", "d.zip"]
GIRDER = ["--girderApiUrl", "http://archive/api/v1", "--girderToken", "secret"]


class Caught:
    """What a command was asked to do."""

    def __init__(self) -> None:
        self.request: Any = None

    def __call__(self, request: Any, _progress: Progress) -> None:  # noqa: ANN401
        self.request = request


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> Caught:
    catch = Caught()
    for command in (
        *(export_dataset, train_detector, detect_cells, evaluate_on_item),
        *(harvest_review, suggest_regions),
    ):
        monkeypatch.setattr(command, "run", catch)
    monkeypatch.setattr(harvest_review, "run_in_job", catch)
    return catch


def asked(caught: Caught, name: str, *words: str) -> Any:  # noqa: ANN401
    read_action(name, list(words))(Silent())
    return caught.request


def test_export_is_asked_for_with_the_pages_defaults(caught: Caught) -> None:
    request = asked(
        caught, "ExportDataset", IDENTIFIER, *GIRDER, "--outputDatasetFile", "/out/d.zip"
    )
    assert request == export_dataset.ExportRequest(
        api_url="http://archive/api/v1",
        token="secret",
        folder_id=IDENTIFIER,
        out=Path("/out/d.zip"),
        pack=True,
    )


def test_numbers_other_than_zero_are_passed_on(caught: Caught) -> None:
    words = ["--mpp", "0.5", "--slideMpp", "0.25", "--folds", "5", "--classes", "a, b"]
    request = asked(
        caught, "ExportDataset", IDENTIFIER, *GIRDER, "--outputDatasetFile", "d", *words
    )
    assert (request.mpp, request.mpp_override, request.folds) == (0.5, 0.25, 5)
    assert request.classes == ("a", "b")


def test_training_runs_in_a_folder_of_its_own_and_delivers_files(caught: Caught) -> None:
    request = asked(caught, *TRAIN, "--outputModelFile", "m", "--outputCurvesFile", "c")
    assert request.model_out == Path("m")
    assert request.curves_out == Path("c")
    assert request.metrics_out is None
    assert request.epochs is None
    assert (request.workers, request.devices, request.backbone_weights) == (None, 1, None)
    assert (request.recipe, request.backbone) == (None, None)
    assert request.words == CardWords()
    assert not request.out.parent.exists()


def test_what_the_page_says_of_a_model_goes_onto_its_card(caught: Caught) -> None:
    words = ["--modelName", " mine ", "--stain", "H-DAB", "--tissue", "breast", "--licence", "MIT"]
    words += ["--inputBackboneFile", "w.safetensors", "--backbone", " resnet18 "]
    words += ["--workers", "2", "--devices", "0"]
    request = asked(caught, *TRAIN, "--outputModelFile", "m", *words)
    assert request.words == CardWords(name="mine", stain="H-DAB", tissue="breast", licence="MIT")
    assert request.backbone_weights == Path("w.safetensors")
    assert request.backbone == "resnet18"
    assert (request.workers, request.devices) == (2, 0)


def test_training_starts_from_a_model_that_is_chosen_or_that_ships(
    caught: Caught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = [*TRAIN, "--outputModelFile", "m"]
    assert asked(caught, *words).base_model is None
    assert asked(caught, *words).recipe is None
    assert asked(caught, *words, "--recipe", "paper").recipe == "paper"
    assert asked(caught, *words).model is None
    assert asked(caught, *words, "--model", "fcrn").model == "fcrn"
    chosen = asked(caught, *words, "--inputModelFile", "b.safetensors").base_model
    assert chosen == Path("b.safetensors")
    shipped = shipping(monkeypatch, tmp_path, finding.DEFAULT_MODEL)
    words += ["--baseModel", finding.DEFAULT_MODEL]
    assert asked(caught, *words).base_model == shipped
    with pytest.raises(InputError, match="are two models to start from; name one"):
        read_action(words[0], [*words[1:], "--inputModelFile", "b.safetensors"])


def test_detection_without_a_model_takes_the_one_that_ships(
    caught: Caught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = shipping(monkeypatch, tmp_path, finding.DEFAULT_MODEL)
    request = asked(caught, "DetectCells", "s.tif", "--outputAnnotationFile", "a")
    assert request.model == shipped
    assert request.backbone_weights is None


def test_detection_without_a_model_is_refused_where_none_ships(
    caught: Caught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipping(monkeypatch, tmp_path)
    with pytest.raises(InputError, match="no model comes with this version"):
        asked(caught, "DetectCells", "s.tif", "--outputAnnotationFile", "a")


def test_detection_writes_an_annotation_whatever_the_file_is_called(caught: Caught) -> None:
    words = ["--inputModelFile", "m", "--outputAnnotationFile", "cells", "--roi", "1, 2, 3, 4"]
    request = asked(caught, "DetectCells", "slide.tif", *words)
    assert request.form == ".anot"
    assert request.region.equals(shapely.box(1, 2, 4, 6))
    assert (request.threshold, request.tile_size, request.mpp) == (None, None, None)
    assert asked(caught, "DetectCells", "slide.tif", *words[:4]).region is None


def test_how_to_detect_is_passed_on(caught: Caught) -> None:
    words = ["s.tif", "--inputModelFile", "m", "--outputAnnotationFile", "a"]
    plain = asked(caught, "DetectCells", *words)
    assert (plain.everywhere, plain.runtime, plain.precision) == (False, "auto", None)
    words += ["--everywhere", "true", "--runtime", "openvino", "--precision", "bf16-mixed"]
    chosen = asked(caught, "DetectCells", *words)
    assert (chosen.everywhere, chosen.runtime, chosen.precision) == (
        True,
        "openvino",
        "bf16-mixed",
    )


def test_thresholds_of_classes_are_passed_on(caught: Caught) -> None:
    words = ["s.tif", "--inputModelFile", "m", "--outputAnnotationFile", "a"]
    assert asked(caught, "DetectCells", *words).class_thresholds == {}
    chosen = asked(caught, "DetectCells", *words, "--classThresholds", "a=0.4, b = 0.3")
    assert chosen.class_thresholds == {"a": 0.4, "b": 0.3}


def test_what_a_job_adds_to_its_slide_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catch = Caught()
    monkeypatch.setattr(detect_in_job, "run", catch)
    words = ["s.tif", "--inputModelFile", "m", "--outputAnnotationFile", "a"]
    plain = asked(catch, "DetectCells", *words)
    assert (plain.arrangement, plain.viewer) == (Arrangement(density="auto"), False)
    assert (plain.api_url, plain.token, plain.slide_id) == ("", "", "")
    words += [*GIRDER, "--slideInArchive", IDENTIFIER, "--annotations", "per class"]
    words += ["--densityMap", "grid", "--sureThreshold", "0.6", "--prepareViewer", "true"]
    job = asked(catch, "DetectCells", *words)
    assert job.arrangement == Arrangement(per_class=True, sure_from=0.6, density="grid")
    assert (job.viewer, job.slide_id, job.token) == (True, IDENTIFIER, "secret")


def test_tissue_is_outlined_only_where_that_is_asked_for(caught: Caught) -> None:
    words = ["s.tif", "--inputModelFile", "m", "--outputAnnotationFile", "a"]
    # The archive's page names a file for every output.
    named = [*words, "--outputTissueAnnotationFile", "t"]
    assert asked(caught, "DetectCells", *named).tissue is None
    assert asked(caught, "DetectCells", *named, "--tissueOutline", "false").tissue is None
    request = asked(caught, "DetectCells", *named, "--tissueOutline", "true")
    assert request.outputs[-1] == (Path("t"), ".tissue.anot")
    assert request.settings.outlined
    with pytest.raises(InputError, match="--outputTissueAnnotationFile is needed"):
        asked(caught, "DetectCells", *words, "--tissueOutline", "true")


def test_evaluation_takes_the_radius_with_its_unit(caught: Caught) -> None:
    request = asked(caught, "EvaluateDetections", IDENTIFIER, *GIRDER, "--radius", "16px")
    assert request.radius == Radius(16, "px")
    assert request.points == "*"
    assert request.detections == ""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["ExportDataset", IDENTIFIER, "--outputDatasetFile", "d"], "--girderApiUrl is needed"),
        (["ExportDataset", IDENTIFIER, *GIRDER], "--outputDatasetFile is needed"),
        ([*TRAIN], "nothing says where the model goes"),
        ([TRAIN[0], "--outputModelFile", "m"], "nothing says what to train on"),
        ([*TRAIN, "--inputFolder", IDENTIFIER], "are given, of which only one can be"),
        ([*TRAIN, "--runsFolder", IDENTIFIER], "--girderApiUrl is needed"),
        ([TRAIN[0], "--inputRunItem", IDENTIFIER], "--girderApiUrl is needed"),
        (["DetectCells", "s.tif", "--inputModelFile", "m"], "--outputAnnotationFile is needed"),
        (["EvaluateDetections", IDENTIFIER, *GIRDER, "--radius", "6"], "is no radius"),
    ],
)
def test_what_is_needed_is_asked_for(caught: Caught, words: list[str], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        asked(caught, *words)


def test_a_review_is_harvested_with_the_pages_defaults(caught: Caught) -> None:
    request = asked(caught, "HarvestReview", IDENTIFIER, *GIRDER)
    assert request == harvest_review.HarvestRequest(
        api_url="http://archive/api/v1", token="secret", item_id=IDENTIFIER
    )


def test_groups_of_a_review_are_renamed_in_pairs(caught: Caught) -> None:
    words = ["--map", "default=positive, Stroma = other"]
    request = asked(caught, "HarvestReview", IDENTIFIER, *GIRDER, *words)
    assert request.mapping == {"default": "positive", "Stroma": "other"}
    with pytest.raises(InputError, match="OLD=NEW"):
        asked(caught, "HarvestReview", IDENTIFIER, *GIRDER, "--map", "default")


def test_regions_are_suggested_with_the_pages_defaults(
    caught: Caught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = shipping(monkeypatch, tmp_path, finding.DEFAULT_MODEL)
    request = asked(caught, "SuggestRegions", IDENTIFIER, *GIRDER)
    assert request == suggest_regions.SuggestRequest(
        model=shipped, api_url="http://archive/api/v1", token="secret", item_id=IDENTIFIER
    )


def test_what_is_asked_of_suggested_regions_is_passed_on(caught: Caught) -> None:
    words = ["--inputModelFile", "/m.safetensors", "--count", "3", "--side", "120"]
    words += ["--rarity", "0", "--roi", "10,20,30,40", "--everywhere", "true"]
    request = asked(caught, "SuggestRegions", IDENTIFIER, *GIRDER, *words)
    assert (request.count, request.side_um) == (3, 120)
    assert request.weights.named == {"disagreement": 1, "entropy": 1, "rarity": 0}
    assert request.settings.region.bounds == (10, 20, 40, 60)
    assert request.settings.everywhere
