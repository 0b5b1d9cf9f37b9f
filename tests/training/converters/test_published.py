"""What every converter does: set each tensor of a timm model once, or say what is wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from patherea_core.errors import InputError
from patherea_core.model.timm_models import created
from training.converters.published import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Filling,
    Layout,
    Release,
    card_of,
    read_arrays,
)

LAYOUT = Layout(
    "resnet10t", {}, folded_norm=False, mean=IMAGENET_MEAN, std=IMAGENET_STD, absent=("fc",)
)


def test_a_folded_norm_adds_the_bias_and_nothing_else() -> None:
    filling = Filling(LAYOUT)
    bias = np.linspace(-3, 3, 64, dtype=np.float32)
    filling.set_folded("layer1.0.bn1", bias)
    norm = nn.BatchNorm2d(64).eval()
    norm.load_state_dict(
        {name.rpartition(".")[2]: value for name, value in filling._state.items()}, strict=False
    )
    maps = torch.randn(2, 64, 5, 5, generator=torch.Generator().manual_seed(0))
    expected = maps + torch.from_numpy(bias).reshape(1, 64, 1, 1)
    torch.testing.assert_close(norm(maps), expected, rtol=3e-7, atol=1e-6)


def test_a_tensor_of_another_network_is_refused() -> None:
    with pytest.raises(InputError, match=r"layer9\.conv\.weight of resnet10t does not exist"):
        Filling(LAYOUT).set("layer9.conv.weight", np.zeros(3))


def test_a_tensor_is_given_once() -> None:
    filling = Filling(LAYOUT)
    filling.set("fc.bias", np.zeros(1000))
    with pytest.raises(InputError, match="is given twice"):
        filling.set("fc.bias", np.zeros(1000))


@pytest.mark.parametrize("shape", [(64, 64, 9), (64, 64, 3, 5), (64 * 64 * 9 - 1,)])
def test_a_tensor_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"layer1.0.conv1.weight must be \(64, 64, 3, 3\), not"):
        Filling(LAYOUT).set("layer1.0.conv1.weight", np.zeros(shape))


def test_flat_numbers_take_the_shape_of_timm() -> None:
    filling = Filling(LAYOUT)
    filling.set("layer1.0.conv1.weight", np.arange(64 * 64 * 9, dtype=np.float16))
    assert filling._state["layer1.0.conv1.weight"].shape == (64, 64, 3, 3)
    assert filling._state["layer1.0.conv1.weight"].dtype == torch.float32


def test_only_what_is_called_absent_may_be_missing() -> None:
    whole = created("resnet10t", {}).state_dict()
    names = [name for name in whole if not name.endswith("num_batches_tracked")]
    without_classifier = [name for name in names if not name.startswith("fc")]
    filling = Filling(LAYOUT)
    for name in without_classifier[:-1]:
        filling.set(name, whole[name].numpy())
    with pytest.raises(InputError, match=f"lacks 1 tensors of resnet10t: {without_classifier[-1]}"):
        filling.finished()
    filling.set(without_classifier[-1], whole[without_classifier[-1]].numpy())
    assert filling.finished().keys() == set(without_classifier)


def test_the_terms_of_a_release_are_not_claimed_for_another_file(tmp_path: Path) -> None:
    release = Release("a" * 64, "https://example.org", "Apache-2.0")
    other = tmp_path / "other.npz"
    other.write_bytes(b"else")
    card = card_of(other, LAYOUT, release)
    assert (card.licence, card.origin) == ("unknown", "a file named other.npz")
    same = Release(card.source_sha256, "https://example.org", "Apache-2.0")
    card = card_of(other, LAYOUT, same)
    assert (card.licence, card.origin) == ("Apache-2.0", "https://example.org")


def test_an_npz_file_with_objects_is_refused_unread(tmp_path: Path) -> None:
    objects = np.empty(1, dtype=object)
    objects[0] = {"code": 1}
    np.savez(tmp_path / "objects.npz", conv=objects)
    with pytest.raises(InputError, match="no npz file of numbers"):
        read_arrays(tmp_path / "objects.npz")


def test_a_single_array_is_no_npz_file(tmp_path: Path) -> None:
    np.save(tmp_path / "weights.npy", np.zeros(3))
    with pytest.raises(InputError, match="no npz file of numbers"):
        read_arrays(tmp_path / "weights.npy")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04broken", b"no npz at all"])
def test_what_is_no_npz_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "weights.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="no npz file of numbers"):
        read_arrays(path)
