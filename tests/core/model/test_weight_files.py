"""Files of weights: ours come back whole, those of others are read without running anything."""

import json
import os
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from patherea_core.bundle_card import BACKBONE_CARD_KEY, CARD_KEY
from patherea_core.bundle_file import is_backbone, read_card
from patherea_core.errors import BundleError, InputError, OutputError
from patherea_core.model.weight_files import (
    BackboneCard,
    read_backbone_card,
    read_weight_file,
    write_backbone_file,
)

CARD = BackboneCard(
    architecture="resnet10t",
    backbone_options={"pad_type": "same", "drop_path_rate": 0.1, "depth": 3, "flag": True},
    folded_norm=True,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    licence="CC0-1.0",
    origin="a test",
    source_sha256="0" * 64,
    absent=("layer4",),
)
STATE = {"a.weight": torch.arange(6.0).reshape(2, 3).T, "a.bias": torch.zeros(0)}


class Command:
    """What a hostile file would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("ran",)


def test_weights_and_card_come_back(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, STATE, CARD)
    file = read_weight_file(path)
    assert file.card == CARD
    assert file.content.keys() == STATE.keys()
    assert all(torch.equal(file.content[name], STATE[name]) for name in STATE)


def test_the_card_alone_is_that_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, STATE, CARD)
    assert read_backbone_card(path) == read_weight_file(path).card
    save_file({"a": torch.zeros(1)}, path)
    assert read_backbone_card(path) is None
    torch.save({"a": torch.zeros(1)}, tmp_path / "weights.pth")
    assert read_backbone_card(tmp_path / "weights.pth") is None


def test_a_card_is_read_of_no_file_that_is_missing_broken_or_a_detector(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(InputError, match=r"there is no file .*weights\.safetensors; name a file"):
        read_backbone_card(path)
    path.write_bytes(b"no weights at all")
    with pytest.raises(InputError, match="is damaged"):
        read_backbone_card(path)
    save_file({"a": torch.zeros(1)}, path, metadata={CARD_KEY: "{}"})
    with pytest.raises(InputError, match="is a whole detector"):
        read_backbone_card(path)


def test_a_saved_state_is_read(tmp_path: Path) -> None:
    torch.save({"model": STATE, "epoch": 3}, tmp_path / "weights.pth")
    file = read_weight_file(tmp_path / "weights.pth")
    assert file.card is None
    assert torch.equal(file.content["model"]["a.weight"], STATE["a.weight"])


def test_a_pickle_that_needs_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": STATE, "hook": Command()}, "weights.pth")
    with pytest.raises(InputError, match="would run code that stands in it; save its state_dict"):
        read_weight_file(Path("weights.pth"))
    assert not Path("ran").exists()


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth", "weights.pt"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x80\x02}q\x00.", b"no weights at all" * 9])
def test_what_holds_no_weights_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        read_weight_file(tmp_path / name)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, STATE, CARD)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="is damaged"):
        read_weight_file(path)


def test_a_state_of_the_old_form_is_refused_wherever_it_ends_too_early(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"model": STATE, "epoch": 3}, path, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    assert read_weight_file(path).content["epoch"] == 3
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"weights\.pth .*is damaged"):
            read_weight_file(path)


@pytest.mark.parametrize("card", ["no json", "{}", CARD.model_dump_json()[:-1] + ', "more": 1}'])
def test_a_card_of_another_version_is_refused(tmp_path: Path, card: str) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={BACKBONE_CARD_KEY: card})
    with pytest.raises(InputError, match=r"card .* cannot be read"):
        read_weight_file(path)


def test_a_missing_file_and_a_single_tensor_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_weight_file(tmp_path / "absent.pth")
    torch.save(torch.zeros(3), tmp_path / "one.pth")
    with pytest.raises(InputError, match="no tensors by name"):
        read_weight_file(tmp_path / "one.pth")


def test_a_whole_detector_is_told_from_the_weights_of_a_backbone(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={CARD_KEY: "{}"})
    with pytest.raises(InputError, match="is a whole detector"):
        read_weight_file(path)


def test_the_weights_of_a_backbone_are_told_from_a_model(tmp_path: Path) -> None:
    path = tmp_path / "backbone.safetensors"
    write_backbone_file(path, STATE, CARD)
    assert is_backbone(path)
    with pytest.raises(
        BundleError, match=r"weights of a backbone and no model; .* --backbone-weights"
    ):
        read_card(path)
    save_file(STATE | {"a.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    assert not any(is_backbone(tmp_path / name) for name in ("other.safetensors", "none", "."))


def test_an_old_form_of_pickle_is_read_without_a_word(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / "w.pth", pickle_protocol=3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert "a" in read_weight_file(tmp_path / "w.pth").content
    assert not caught


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_backbone_file(tmp_path / "nowhere" / "weights.safetensors", STATE, CARD)
    assert list(tmp_path.iterdir()) == []


# Files in pieces


def written_in_pieces(folder: Path, ending: str = "safetensors") -> Path:
    """Write the tensors a and b in two pieces with their index, and return that."""
    pieces = {"a": f"model-00001-of-00002.{ending}", "b": f"model-00002-of-00002.{ending}"}
    for row, (name, piece) in enumerate(pieces.items()):
        state = {name: torch.full((2,), float(row))}
        if ending == "safetensors":
            save_file(state, folder / piece)
        else:
            torch.save(state, folder / piece)
    index = folder / f"model.{ending}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 16}, "weight_map": pieces}))
    return index


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_an_index_stands_for_all_its_pieces(tmp_path: Path, ending: str) -> None:
    file = read_weight_file(written_in_pieces(tmp_path, ending))
    assert {name: value.tolist() for name, value in file.content.items()} == {
        "a": [0.0, 0.0],
        "b": [1.0, 1.0],
    }
    assert file.card is None


def test_the_digest_of_pieces_changes_with_any_of_them(tmp_path: Path) -> None:
    index = written_in_pieces(tmp_path)
    before = read_weight_file(index).sha256
    assert read_weight_file(index).sha256 == before
    save_file({"b": torch.zeros(2)}, tmp_path / "model-00002-of-00002.safetensors")
    assert read_weight_file(index).sha256 != before


def test_a_missing_piece_is_named(tmp_path: Path) -> None:
    index = written_in_pieces(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(InputError, match=r"1 of 2 pieces are missing, model-00002-of-00002\.safet"):
        read_weight_file(index)


def test_pieces_with_other_tensors_than_the_index_are_refused(tmp_path: Path) -> None:
    index = written_in_pieces(tmp_path)
    save_file({"c": torch.zeros(2)}, tmp_path / "model-00002-of-00002.safetensors")
    with pytest.raises(InputError, match=r"names other tensors than its pieces hold, b, c;"):
        read_weight_file(index)


def test_an_index_names_no_file_outside_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    index = tmp_path / "folder" / "model.safetensors.index.json"
    save_file({"a": torch.zeros(2)}, tmp_path / "outside.safetensors")
    index.write_text(json.dumps({"weight_map": {"a": "../outside.safetensors"}}))
    with pytest.raises(InputError, match=r"pieces are missing, outside\.safetensors"):
        read_weight_file(index)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {"a": 3}}'])
def test_an_index_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(text)
    with pytest.raises(InputError, match="is no index of a file in pieces"):
        read_weight_file(index)
    index.unlink()
    with pytest.raises(InputError, match="there is no file"):
        read_weight_file(index)
