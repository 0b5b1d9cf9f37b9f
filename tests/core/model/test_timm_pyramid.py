"""Levels of timm's pyramids are looked up once, and looking them up changes nothing."""

from typing import Any

import pytest
import torch

from patherea_core.errors import InputError
from patherea_core.model import timm_models, timm_pyramid
from patherea_core.model.timm_pyramid import chosen_levels, require_all_sizes

NAME = "test_efficientnet"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The models that are built to be looked at; none was before."""
    built: list[Any] = []

    def described(name: str, options: Any, **settings: Any) -> Any:  # noqa: ANN401
        built.append((name, dict(options)))
        return original(name, options, **settings)

    original = timm_models.described
    monkeypatch.setattr(timm_pyramid, "described", described)
    monkeypatch.setattr(timm_pyramid, "_KNOWN", {})
    return built


def test_a_model_is_built_once_for_all_that_ask_for_its_levels(looked: list[Any]) -> None:
    first = chosen_levels(NAME, {}, 8, 16)
    assert chosen_levels(NAME, {}, 8, 16) == first
    assert chosen_levels(NAME, {}, 16, 32) != first
    assert looked == [(NAME, {})]


def test_other_options_are_another_model(looked: list[Any]) -> None:
    plain = chosen_levels("resnet10t", {}, 8, 16)
    dilated = chosen_levels("resnet10t", {"output_stride": 8}, 8, 16)
    assert [level.stride for level in plain] != [level.stride for level in dilated]
    assert len(looked) == 2


@pytest.mark.usefixtures("looked")
def test_looking_takes_no_random_number() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    chosen_levels("test_convnext", {}, 8, 16)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("name", [NAME, "resnet10t", "test_convnext", "vgg11"])
def test_a_pyramid_of_convolutions_takes_images_of_all_sizes(name: str) -> None:
    require_all_sizes(name, {})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("swin_tiny_patch4_window7_224", "takes images of one size only"),
        ("coatnet_0_rw_224", "takes images of one size only"),
        ("inception_v3", "does not pad its input"),
    ],
)
def test_a_pyramid_that_serves_few_images_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"'{name}' {message}.*; name a"):
        require_all_sizes(name, {})
