"""``patherea models``: list, show, verify and describe, through the shell's front door."""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from patherea_core.bundle_file import read_card
from patherea_core.checkpoint import load_bundle
from patherea_core.errors import OutputError
from patherea_core.model.weight_files import BackboneCard, read_backbone_card
from plugin import logs
from plugin.commands import list_models, show_model
from plugin.models import finding
from plugin.shell import main
from tests.plugin.backbone_files import backbone_file
from tests.plugin.bundles import COMPLETE, shipping, write_model


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_model(
        tmp_path_factory.mktemp("model") / "m.safetensors", **COMPLETE | {"name": "mine"}
    ).read_bytes()


@pytest.fixture
def model(original: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a model of one's own, called mine; nothing ships."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    shipping(monkeypatch, tmp_path)
    (tmp_path / "own").mkdir()
    monkeypatch.setenv(finding.FOLDER_VARIABLE, str(tmp_path / "own"))
    path = tmp_path / "own" / "mine.safetensors"
    path.write_bytes(original)
    return path


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


def test_the_list_says_what_is_needed_to_choose(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "classes", "stain", "mpp", "mean", "F1", "size", "path"]
    assert row.startswith("mine  positive, negative  H&E")
    assert row.endswith(f"0.500 (validation)  {model.stat().st_size / 1e6:.1f} MB  {model}")
    assert main(["models", "list", "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["classes"] == ["positive", "negative"]
    assert (entry["mean_f1"], entry["mpp"], entry["default"]) == (0.5, 0.25, False)


def test_a_model_that_cannot_be_read_does_not_hide_the_others(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model.parent / "broken.safetensors").write_bytes(model.read_bytes()[:-1])
    assert main(["models", "list"]) == 0
    said = capsys.readouterr().out
    assert "broken  cannot be read" in said
    assert "perhaps cut short" in said
    assert "mine" in said
    assert [one.to_dict().get("problem", "") != "" for one in list_models.run()] == [True, False]


def test_an_empty_list_says_so(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.unlink()
    assert main(["models", "list"]) == 0
    assert "There are no models" in capsys.readouterr().out


@pytest.mark.usefixtures("model")
def test_a_model_is_shown_in_words_as_json_and_as_pages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "show", "mine"]) == 0
    words = capsys.readouterr().out
    assert main(["models", "show", "mine", "--format", "markdown"]) == 0
    page = capsys.readouterr().out
    for fact in ("H&E", "#d55e00", "0.400 … 0.600", "nothing in it has been validated", "MIT"):
        assert fact in page
    assert "0.500 (95 %: 0.400 … 0.600)" in words
    assert main(["models", "show", "mine", "--format", "html"]) == 0
    assert "<title>mine</title>" in capsys.readouterr().out
    assert main(["models", "show", "mine", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["licence"] == "MIT"


@pytest.mark.usefixtures("model")
def test_the_card_of_a_backbone_is_shown_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = backbone_file(tmp_path, "resnet10t", whole=False, absent=("fc",))
    assert main(["models", "show", str(path)]) == 0
    shown = dict(
        re.split(r"  +", line, maxsplit=1) for line in capsys.readouterr().out.splitlines()
    )
    assert shown["architecture"] == "resnet10t"
    assert (shown["method"], shown["pixel size"], shown["tiles"]) == ("spark", "0.5 µm", "2 images")
    assert (shown["held-out loss"], shown["licence"], shown["lacks"]) == ("0.5", "CC0-1.0", "fc")
    assert shown["made by"] == "not said"
    assert main(["models", "show", str(path), "--format", "json"]) == 0
    written = read_backbone_card(path)
    assert written is not None
    assert BackboneCard.model_validate_json(capsys.readouterr().out) == written
    for words in (["--format", "html"], ["--out", str(tmp_path / "folder")]):
        assert main(["models", "show", str(path), *words]) == 2
        assert "is the weights of a backbone" in errors(caplog)[-1]
    converted = backbone_file(tmp_path, "resnet10t", whole=False, mpp=None, folded_norm=True)
    assert main(["models", "show", str(converted)]) == 0
    assert "folded into the convolutions" in capsys.readouterr().out


def test_a_model_can_be_passed_on_as_a_folder_that_verifies(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "passed-on"
    assert main(["models", "show", "mine", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        *("README.md", "card.json", "model.safetensors"),
    ]
    assert (out / "model.safetensors").read_bytes() == model.read_bytes()
    assert read_card(out) == read_card(model)
    capsys.readouterr()
    assert main(["models", "verify", str(out)]) == 0
    assert capsys.readouterr().out.count("ok ") == 6
    with pytest.raises(OutputError, match="is there already"):
        show_model.run(show_model.ShowRequest(model, out))


def test_a_name_that_two_models_have_is_told_by_the_list(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model.parent / "mine").mkdir()
    (model.parent / "mine" / "model.safetensors").write_bytes(model.read_bytes())
    assert main(["models", "list"]) == 0
    assert "mine: 2 models have this name" in capsys.readouterr().out


def test_changed_weights_are_not_passed_on(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(bytes(content))
    assert main(["models", "show", "mine", "--out", str(tmp_path / "out")]) == 2
    assert "not those its card names" in errors(caplog)[0]
    assert not (tmp_path / "out").exists()


def test_verify_exits_1_and_says_why_where_a_model_must_not_be_used(
    model: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(bytes(content))
    assert main(["models", "verify", "mine"]) == 1
    assert "FAILED  the weights have the digest" in capsys.readouterr().out
    (error,) = errors(caplog)
    assert "the model must not be used" in error


def test_what_a_card_does_not_say_is_a_note(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(model)
    assert main(["models", "verify", "mine"]) == 0
    assert "note    the card is complete: it does not say a name" in capsys.readouterr().out


def test_a_name_that_nobody_has_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    code = "import sys; from plugin.shell import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    for words in (
        ["models", "verify", "nobody"],
        ["train", str(tmp_path / "absent"), "--out", str(tmp_path / "run")],
        ["train", str(tmp_path), "--out", str(tmp_path / "run"), "--recipe", "absent"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0
        assert "there is no" in done.stderr


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("action", ["show", "verify"])
def test_without_a_name_and_without_a_shipped_model_the_exit_code_is_2(
    action: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["models", action]) == 2
    assert "no model comes with this version" in errors(caplog)[0]
    assert main(["models", action, "other"]) == 2
    assert "no model 'other'" in errors(caplog)[1]


def test_describe_changes_words_and_nothing_else(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "described.safetensors"
    words = ["--name", "ours", "--notice", "data by a", "--limitation", "no mitoses"]
    assert main(["models", "describe", "mine", "--out", str(out), *words]) == 0
    before, after = load_bundle(model).card, load_bundle(out).card
    assert (after.name, after.notices, after.limitations) == (
        *("ours", ("data by a",), ("no mitoses",)),
    )
    unsaid = {"name": before.name, "notices": (), "limitations": ()}
    assert after.model_copy(update=unsaid) == before


def test_a_described_model_can_be_a_folder(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "described"
    assert main(["models", "describe", "mine", "--out", str(out), "--name", "ours"]) == 0
    assert len(list(out.iterdir())) == 3
    assert load_bundle(out).card == load_bundle(model).card.model_copy(update={"name": "ours"})


@pytest.mark.parametrize(
    ("out", "words", "said"),
    [
        ("own/mine.safetensors", ["--name", "ours"], "is there already"),
        ("own", ["--name", "ours"], "is there already"),
        ("new.pt", ["--name", "ours"], "ends in .safetensors, or a folder"),
        ("new.safetensors", ["--name", "ours", "--licence", " "], "--licence is empty"),
        ("new.safetensors", ["--notice", "a", "--notice="], "--notice is empty"),
    ],
)
def test_describe_destroys_nothing_and_says_nothing_empty(
    model: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    out: str,
    words: list[str],
    said: str,
) -> None:
    before = model.read_bytes()
    assert main(["models", "describe", "mine", "--out", str(tmp_path / out), *words]) == 2
    assert said in errors(caplog)[0]
    assert model.read_bytes() == before
    assert not list(tmp_path.glob("new*"))


@pytest.mark.usefixtures("model")
def test_describe_wants_something_to_say(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["models", "describe", "mine", "--out", str(tmp_path / "d")]) == 2
    assert "nothing to say" in errors(caplog)[0]
    assert not (tmp_path / "d").exists()
