"""The shell's front door: usage, exit codes, one sentence for each failure."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import mapping

from patherea_core.bundle_card import CardWords
from patherea_core.errors import (
    ArchiveError,
    Cancelled,
    CredentialsError,
    InputError,
    OutputError,
    PathereaError,
)
from plugin import logs
from plugin.__main__ import exit_code, guarded
from plugin.commands import (
    detect_cells,
    detect_on_item,
    export_dataset,
    harvest_review,
    train_detector,
)
from plugin.models.finding import DEFAULT_MODEL
from plugin.outputs.arrangement import Arrangement
from plugin.radius import Radius
from plugin.shell import main
from tests.plugin.bundles import shipping

COMMANDS = (
    *("export", "train", "detect", "evaluate", "review", "suggest", "agree", "ki67"),
    *("models", "dataset", "pretrain"),
    *("doctor", "sandbox", "demo"),
)


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test's own handlers hear the log, and leave signals alone."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    monkeypatch.delenv("PATHEREA_TOKEN", raising=False)


def said(caplog: pytest.LogCaptureFixture, *words: str) -> tuple[int, list[str]]:
    caplog.clear()
    code = main(list(words))
    return code, [
        record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main([command, "--help"])
    assert exited.value.code == 0
    assert f"usage: patherea {command}" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["--version"])
    assert exited.value.code == 0
    assert capsys.readouterr().out.startswith("patherea ")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "COMMAND"),
        (["nonsense"], "nonsense"),
        (["export", "--out", "d"], "--api-url"),
        (["export", "--api-url", "http://a", "--folder", "f", "--out", "d"], "PATHEREA_TOKEN"),
        (["detect", "a.png"], "--out FILE"),
        (["detect", "a.png", "--out", "a.csv", "--model", "best"], "no model 'best'"),
        (["detect", "--item", "i", "--out", "a.csv", "--model", "m"], "either INPUT"),
        (["detect", "a.png", "--out", "a.csv", "--roi", "5,5"], "point has no area"),
        (["evaluate", "--radius", "6px"], "give --detections FILE"),
        (["evaluate", "--radius", "6"], "is no radius"),
        (["evaluate", "--radius", "6px", "--item", "i"], "needs --api-url"),
        (["train", "missing", "--out", "run"], "there is no dataset missing"),
        (["train", "missing", "--out", "run", "--recipe", "big"], "recipes are: "),
        (["train", ".", "--out", "run", "--epochs", "0"], "--epochs must be at least 1"),
        (["train", "missing", "--out", "run", "--device", "tpu"], "invalid choice"),
        (["train", "missing", "--out", "run", "--model", "detr"], "invalid choice: 'detr'"),
    ],
)
def test_wrong_usage_exits_2_with_one_sentence(
    caplog: pytest.LogCaptureFixture, words: list[str], reason: str
) -> None:
    code, errors = said(caplog, *words)
    assert code == 2
    (error,) = errors
    assert reason in error
    assert "\n" not in error


def test_a_token_in_wrong_usage_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    said(caplog, "export", "--token", "T0pSecret", "--nonsense", "T0pSecret")
    assert "T0pSecret" not in logs.without_secrets(caplog.text)


def test_an_abbreviated_token_is_no_option(caplog: pytest.LogCaptureFixture) -> None:
    code, (error,) = said(caplog, "export", "--tok", "x", "--api-url", "u", "--folder", "f")
    assert code == 2
    assert "--out" in error or "--tok" in error
    words = ["export", "--api-url", "u", "--folder", "f", "--out", "d", "--tok", "x"]
    assert "unrecognized arguments: --tok" in said(caplog, *words)[1][0]


@pytest.mark.parametrize(
    ("words", "prog"),
    [
        (["detect", "model", "slide", "--out", "o", "--nonsense", "0.5"], "patherea detect"),
        (["models", "list", "--nonsense"], "patherea models"),
        (["--nonsense", "detect", "model", "slide", "--out", "o"], "patherea"),
    ],
)
def test_an_unknown_option_points_to_the_help_of_its_subcommand(
    caplog: pytest.LogCaptureFixture, words: list[str], prog: str
) -> None:
    code, (error,) = said(caplog, *words)
    assert code == 2
    assert "unrecognized arguments: --nonsense" in error
    assert f"; see {prog}" in error
    assert error.endswith("--help")


def caught(monkeypatch: pytest.MonkeyPatch, command: Any) -> list[Any]:  # noqa: ANN401
    requests: list[Any] = []
    monkeypatch.setattr(command, "run", lambda request, _progress: requests.append(request))
    return requests


def test_export_takes_the_token_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = caught(monkeypatch, export_dataset)
    monkeypatch.setenv("PATHEREA_TOKEN", "from-the-environment")
    assert main(["export", "--api-url", "http://a", "--folder", "f", "--out", "d"]) == 0
    assert requests == [
        export_dataset.ExportRequest(
            api_url="http://a", token="from-the-environment", folder_id="f", out=Path("d")
        )
    ]


@pytest.fixture
def folder_d(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work where there is a folder d, for commands that look for it before anything else."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()


@pytest.mark.usefixtures("folder_d")
def test_train_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = caught(monkeypatch, train_detector)
    assert main(["train", "d", "--out", "r", "--epochs", "2", "--seed", "7", "--resume"]) == 0
    assert requests == [
        train_detector.TrainRequest(dataset=Path("d"), out=Path("r"), epochs=2, seed=7, resume=True)
    ]


@pytest.mark.usefixtures("folder_d")
def test_train_takes_the_kind_of_network(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = caught(monkeypatch, train_detector)
    assert main(["train", "d", "--out", "r", "--model", "fcrn"]) == 0
    assert requests == [train_detector.TrainRequest(dataset=Path("d"), out=Path("r"), model="fcrn")]


@pytest.mark.usefixtures("folder_d")
def test_train_takes_the_name_of_a_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = caught(monkeypatch, train_detector)
    assert main(["train", "d", "--out", "r", "--backbone", "resnet18"]) == 0
    request = train_detector.TrainRequest(dataset=Path("d"), out=Path("r"), backbone="resnet18")
    assert requests == [request]


@pytest.mark.usefixtures("folder_d")
def test_train_takes_what_the_card_is_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = caught(monkeypatch, train_detector)
    words = [
        "--name",
        "mine",
        "--stain",
        "H&E",
        "--licence",
        "MIT",
        "--notice",
        "a",
        "--notice",
        "b",
    ]
    words += ["--backbone-weights", "hub", "--workers", "0", "--devices", "2"]
    assert main(["train", "d", "--out", "r", *words]) == 0
    (request,) = requests
    assert request.words == CardWords(name="mine", stain="H&E", licence="MIT", notices=("a", "b"))
    assert (request.backbone_weights, request.workers, request.devices) == ("hub", 0, 2)
    assert main(["train", "d", "--out", "r", "--backbone-weights", "w.safetensors"]) == 0
    assert requests[1].backbone_weights == Path("w.safetensors")


@pytest.mark.usefixtures("folder_d")
def test_train_takes_a_base_model_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    requests = caught(monkeypatch, train_detector)
    path = shipping(monkeypatch, tmp_path, DEFAULT_MODEL)
    assert main(["train", "d", "--out", "r", "--base-model", DEFAULT_MODEL]) == 0
    assert requests == [
        train_detector.TrainRequest(dataset=Path("d"), out=Path("r"), base_model=path)
    ]
    code, (error,) = said(caplog, "train", "d", "--out", "r", "--base-model", "none")
    assert code == 2
    assert "there is no model 'none'" in error


def test_detect_takes_a_model_by_name_and_the_default_without_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    requests = caught(monkeypatch, detect_cells)
    path = shipping(monkeypatch, tmp_path, DEFAULT_MODEL)
    with caplog.at_level(logging.INFO):
        assert main(["detect", "a.png", "--out", "a.csv"]) == 0
    assert f"no model is named: taking {DEFAULT_MODEL}" in caplog.text
    assert main(["detect", "a.png", "--out", "a.csv", "--model", DEFAULT_MODEL]) == 0
    assert [request.model for request in requests] == [path, path]


def test_detect_without_a_model_is_refused_where_none_ships(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shipping(monkeypatch, tmp_path)
    code, (error,) = said(caplog, "detect", "a.png", "--out", "a.csv")
    assert code == 2
    assert "no model comes with this version; train one and name it" in error


def test_detect_runs_on_files_or_on_a_slide_of_the_archive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"")
    files, items = caught(monkeypatch, detect_cells), caught(monkeypatch, detect_on_item)
    words = ["--model", str(model), "--threshold", "0.25", "--roi", "-5,0,10,10"]
    assert main(["detect", "a.png", "b", "--out", "o.csv", *words]) == 0
    (request,) = files
    assert request.inputs == (Path("a.png"), Path("b"))
    assert request.region.bounds == (-5, 0, 5, 10)
    archive = ["--api-url", "http://a", "--token", "t", "--item", "i"]
    assert main(["detect", "a.png", "--out", "o.csv", *words, "--tissue-outline"]) == 2
    words += ["--everywhere", "--runtime", "compile", "--precision", "bf16-mixed"]
    words += ["--tissue-outline"]
    assert main(["detect", *archive, *words]) == 0
    (request,) = items
    assert (request.settings.threshold, request.settings.everywhere) == (0.25, True)
    assert (request.runtime, request.precision) == ("compile", "bf16-mixed")
    assert request.settings.outlined


def test_what_a_slide_of_the_archive_gets_is_passed_on_and_is_not_for_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"")
    items = caught(monkeypatch, detect_on_item)
    model = ["--model", str(tmp_path / "m.safetensors")]
    archive = ["--api-url", "http://a", "--token", "t", "--item", "i"]
    words = ["--per-class", "--sure-from", "0.6", "--density", "heat-map", "--prepare-viewer"]
    thresholds = ["--class-thresholds", "positive=0.4, negative=0.3"]
    assert main(["detect", *archive, *model, *words, *thresholds]) == 0
    (request,) = items
    assert request.arrangement == Arrangement(per_class=True, sure_from=0.6, density="heat map")
    assert request.viewer
    assert request.settings.class_thresholds == {"positive": 0.4, "negative": 0.3}
    for option in (words[:1], words[1:3], words[3:5], words[5:]):
        code, (error,) = said(caplog, "detect", "a.png", "--out", "o.csv", *model, *option)
        assert code == 2
        assert f"{option[0]} is for --item" in error


def test_evaluate_writes_the_figures_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.csv").write_text("image,x,y,class\na,1,1,positive\n")
    (tmp_path / "d.csv").write_text("image,x,y,class,score\na,2,1,positive,1\n")
    words = ["evaluate", "--detections", str(tmp_path / "d.csv"), "--radius", "6px"]
    words += ["--points", str(tmp_path / "p.csv")]
    assert main([*words, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["detection"]["f1"] == 1
    assert main([*words, "--closest", "--threshold", "positive=0.5"]) == 0
    said = capsys.readouterr().out
    assert "positive" in said
    assert "Closest pairs: 1 hits, 1.00 px from their points." in said
    assert main([*words, "--closest", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["closest"]["total_distance_px"] == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("x"), 2),
        (OutputError("x"), 2),
        (CredentialsError("x"), 2),
        (ArchiveError("x"), 1),
        (Cancelled("x"), 1),
        (PathereaError("x"), 1),
    ],
)
def test_what_the_caller_can_mend_exits_2(error: PathereaError, code: int) -> None:
    assert exit_code(error) == code


def test_an_unforeseen_failure_exits_1_with_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> int:
        raise ZeroDivisionError

    assert guarded(fail) == 1
    assert "Traceback" in caplog.text
    assert "please report it" in caplog.text


def test_an_interrupt_exits_1_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    assert guarded(interrupt) == 1
    assert "Traceback" not in caplog.text


def test_a_region_can_be_polygons_with_holes_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    requests = caught(monkeypatch, detect_cells)
    shipping(monkeypatch, tmp_path, DEFAULT_MODEL)
    ring = shapely.box(0, 0, 90, 90).difference(shapely.box(30, 30, 60, 60))
    shapes = [ring, shapely.box(200, 200, 210, 220)]
    features = [{"type": "Feature", "geometry": mapping(each), "properties": {}} for each in shapes]
    content = json.dumps({"type": "FeatureCollection", "features": features})
    (tmp_path / "r.geojson").write_text(content)
    words = ["detect", "a.png", "--out", "a.csv", "--out", "a.overlay.png"]
    assert main([*words, "--roi", str(tmp_path / "r.geojson"), "--everywhere"]) == 0
    (request,) = requests
    assert request.region.equals(shapely.union_all(shapes))
    assert (request.out, request.also) == (Path("a.csv"), (Path("a.overlay.png"),))
    assert request.everywhere


def test_review_asks_for_an_action_and_a_slide(caplog: pytest.LogCaptureFixture) -> None:
    code, errors = said(caplog, "review")
    assert code == 2
    assert "ACTION" in errors[0]
    code, errors = said(caplog, "review", "harvest", "--api-url", "http://a/api/v1")
    assert code == 2
    assert "--item" in errors[0]


def test_review_harvest_passes_everything_on(monkeypatch: pytest.MonkeyPatch) -> None:
    caught: list[harvest_review.HarvestRequest] = []

    def stand_in(request: harvest_review.HarvestRequest, _progress: object) -> None:
        caught.append(request)
        raise InputError("enough")

    monkeypatch.setattr(harvest_review, "run", stand_in)
    words = ["--api-url", "http://a/api/v1", "--token", "t", "--item", "i", "--map", "A = b"]
    words += ["--regions", "r*", "--assume", "changed", "--labels", "", "--radius", "6px"]
    assert main(["review", "harvest", *words]) == 2
    assert caught == [
        harvest_review.HarvestRequest(
            api_url="http://a/api/v1",
            token="t",
            item_id="i",
            mapping={"A": "b"},
            regions="r*",
            assume="changed",
            labels="",
            radius=Radius(6, "px"),
        )
    ]


def test_suggest_needs_a_slide_or_an_item_and_a_place_for_the_answer(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipping(monkeypatch, tmp_path, DEFAULT_MODEL)
    code, errors = said(caplog, "suggest")
    assert code == 2
    assert "either a SLIDE, or --api-url and --item" in errors[0]
    code, errors = said(caplog, "suggest", "slide.tif")
    assert code == 2
    assert "--out" in errors[0]
