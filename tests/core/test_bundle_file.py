"""Where a bundle lies and what its card says, without its weights."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from patherea_core.bundle_card import CARD_KEY
from patherea_core.bundle_file import read_card, read_card_file, weights_file
from patherea_core.errors import BundleError
from tests.core.test_bundle_card import CARD


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata={CARD_KEY: CARD.model_dump_json()})
    return path


def test_a_folder_with_weights_is_a_bundle_too(saved: Path, tmp_path: Path) -> None:
    assert weights_file(saved) == weights_file(tmp_path) == saved
    assert read_card(saved) == read_card(tmp_path) == CARD


def test_a_folder_without_weights_is_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no model bundle: it holds no model\.safetensors"):
        read_card(tmp_path)


def test_the_card_beside_the_weights_is_read_if_there_is_one(tmp_path: Path) -> None:
    assert read_card_file(tmp_path) is None
    (tmp_path / "card.json").write_text(CARD.model_dump_json(indent=1))
    assert read_card_file(tmp_path) == CARD
    (tmp_path / "card.json").write_bytes(b"\xff")
    with pytest.raises(BundleError, match=r"card\.json cannot be read"):
        read_card_file(tmp_path)


def test_a_file_that_lacks_its_last_byte_is_told_by_its_header(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-1])
    with pytest.raises(BundleError, match="cut short"):
        read_card(saved)


@pytest.mark.parametrize(
    "header",
    [
        *(b"[]", b"{", b"{}", b'{"w": 1}', b'{"w": {"data_offsets": []}}'),
        *(b'{"w": {"data_offsets": "ab"}}', b'{"__metadata__": "patherea"}'),
        *(b'{"__metadata__": {"patherea": 1}}', b'{"__metadata__": {"patherea": "[1]"}}'),
        b'{"a": ' + 100_000 * b"[",
    ],
    ids=lambda header: header[:20].decode(),
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(BundleError):
        read_card(path)


def test_the_field_of_a_card_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    told = CARD.model_dump(mode="json") | {"mpp": -1}
    (tmp_path / "card.json").write_text(json.dumps(told))
    with pytest.raises(BundleError, match=r"\(mpp must be more than 0, not -1"):
        read_card_file(tmp_path)


def test_the_card_beside_a_model_is_told_from_the_model(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(CARD.model_dump_json())
    with pytest.raises(BundleError, match="is the card of a model and not the model; name"):
        read_card(tmp_path / "card.json")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a picture and no model"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "is a picture and no model"),
        (b"II*\0\x08\0\0\0\0\0", "is a picture or a slide and no model"),
        (b'{\n "format": 1\n}', "is JSON and no model"),
        (b' [1, 2, {"a": 1}]', "is JSON and no model"),
        # The ninth character is a brace, as in a model.
        (b'[1234, {"a": 1}]', "is JSON and no model"),
    ],
)
def test_what_is_something_else_is_called_what_it_is(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    (tmp_path / "any").write_bytes(content)
    with pytest.raises(BundleError, match=f"{kind}; name a .safetensors bundle"):
        read_card(tmp_path / "any")


@pytest.mark.parametrize(
    ("member", "kind"),
    [("dataset.json", "a packed dataset and no model"), ("data.pkl", "a pickle or an archive")],
)
def test_a_packed_dataset_is_told_from_a_pickle(tmp_path: Path, member: str, kind: str) -> None:
    with zipfile.ZipFile(tmp_path / "any.zip", "w") as packed:
        packed.writestr(member, "{}")
    with pytest.raises(BundleError, match=kind):
        read_card(tmp_path / "any.zip")


def test_a_model_whose_length_looks_like_a_beginning_is_still_a_model(tmp_path: Path) -> None:
    # The first byte of the length is the brace with which JSON begins.
    path = tmp_path / "m.safetensors"
    header = b'{"__metadata__": {"a": "b"}}'
    header += b" " * (ord("{") - len(header))
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(BundleError, match="holds weights but no model card"):
        read_card(path)


@given(st.binary(max_size=64))
def test_whatever_the_bytes_the_answer_is_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        read_card(path)
    assert "\n" not in str(caught.value)


def test_a_length_beyond_all_bounds_reserves_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes((2**63).to_bytes(8, "little") + b"{}")
    with pytest.raises(BundleError):
        read_card(path)


def test_the_card_is_read_without_torch(saved: Path) -> None:
    code = (
        "import json, sys; from pathlib import Path; from patherea_core.bundle_file import read_card;"
        "card = read_card(Path(sys.argv[1]));"
        "print(json.dumps([card.mpp, 'torch' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [CARD.mpp, False]
