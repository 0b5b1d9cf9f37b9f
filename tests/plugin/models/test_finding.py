"""Models by name: shipped ones, one's own, and paths."""

from pathlib import Path

import pytest

from patherea_core.errors import InputError
from plugin.models import finding
from plugin.models.finding import DEFAULT_MODEL, FOLDER_VARIABLE, find_model, known_models
from tests.plugin.bundles import shipping


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder of one's own models: a file, a folder, and what is none."""
    shipping(monkeypatch, tmp_path, DEFAULT_MODEL)
    folder = tmp_path / "own"
    (folder / "b-folder").mkdir(parents=True)
    for name in ("a.safetensors", "b-folder/model.safetensors", "notes.txt", ".c.safetensors"):
        (folder / name).write_bytes(b"12")
    (folder / "empty").mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


def test_models_are_files_and_folders_with_weights_in_them(own: Path) -> None:
    assert [(known.name, known.shipped, known.size) for known in known_models()] == [
        (DEFAULT_MODEL, True, 0),
        ("a", False, 2),
        ("b-folder", False, 2),
    ]
    assert find_model("a") == own / "a.safetensors"
    assert find_model("b-folder") == own / "b-folder"


@pytest.mark.usefixtures("own")
def test_without_a_name_the_shipped_default_is_taken() -> None:
    assert find_model(None) == finding.SHIPPED / f"{DEFAULT_MODEL}.safetensors"
    assert find_model("") == find_model(DEFAULT_MODEL) == find_model(None)


def test_ones_own_model_does_not_become_the_default(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "SHIPPED", own / "empty")
    (own / f"{DEFAULT_MODEL}.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="no model comes with this version"):
        find_model(None)


def test_a_path_is_taken_if_no_model_has_that_name(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"")
    assert find_model(str(other)) == other
    assert find_model(str(own / "a.safetensors")) == own / "a.safetensors"


@pytest.mark.usefixtures("own")
def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match=f"no model 'best'.* {DEFAULT_MODEL}, a, b-folder"):
        find_model("best")


def test_a_name_of_two_models_is_refused(own: Path) -> None:
    (own / f"{DEFAULT_MODEL}.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="two models are called"):
        find_model(DEFAULT_MODEL)


def test_a_folder_of_models_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(InputError, match=f"{FOLDER_VARIABLE} names .* no folder"):
        known_models()


def test_a_command_calls_a_model_that_ships_by_its_name_and_another_by_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = shipping(monkeypatch, tmp_path, "first")
    assert finding.word_for(shipped) == "first"
    assert finding.word_for(tmp_path / "first.safetensors") == "first.safetensors"
