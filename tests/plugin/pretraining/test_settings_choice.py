"""From few words to all settings of a pretraining."""

from pathlib import Path

import pytest

from patherea_core.errors import InputError
from patherea_core.recipes import RECIPES
from plugin.pretraining.settings_choice import SettingsWishes, chosen_settings, options_of
from tests.plugin.backbone_files import backbone_file


def test_by_default_it_is_what_the_small_pretrained_detector_starts_from() -> None:
    config, network = chosen_settings(SettingsWishes()), RECIPES["small-pretrained"].network
    assert (config.backbone, config.backbone_options) == (
        network.backbone,
        network.backbone_options,
    )
    assert (config.method, config.mpp) == ("spark", 0.5)


@pytest.mark.parametrize(
    "name", [n for n, r in RECIPES.items() if r.training.initialisation == "pretrained"]
)
def test_a_backbone_is_built_as_its_recipe_builds_it(name: str) -> None:
    network = RECIPES[name].network
    config = chosen_settings(SettingsWishes(backbone=network.backbone))
    assert config.backbone_options == network.backbone_options


def test_a_tag_of_the_default_backbone_changes_nothing_of_its_settings() -> None:
    tagged = chosen_settings(SettingsWishes(backbone="mobilenetv2_100.ra_in1k"))
    assert tagged.model_copy(update={"backbone": "mobilenetv2_100"}) == chosen_settings(
        SettingsWishes()
    )


def test_weights_bring_their_options(tmp_path: Path) -> None:
    path = backbone_file(
        tmp_path, "mobilenetv2_100", whole=False, backbone_options={"pad_type": "same"}
    )
    assert options_of(path, "mobilenetv2_100") == {"pad_type": "same"}
    assert options_of(path, "resnet18") is None
    (tmp_path / "published.pth").write_bytes(b"no card")
    assert options_of("hub", "mobilenetv2_100") == {}
    assert options_of(tmp_path / "published.pth", "mobilenetv2_100") == {}
    assert chosen_settings(SettingsWishes(), {}).backbone_options == {}


@pytest.mark.parametrize(
    ("backbone", "method"),
    [("convnext_base", "spark"), ("vit_tiny_patch16_224", "mae"), ("resnet10t", "spark")],
)
def test_the_method_suits_the_backbone_unless_somebody_says_another(
    backbone: str, method: str
) -> None:
    assert chosen_settings(SettingsWishes(backbone=backbone)).method == method
    other = {"mae": "spark", "spark": "mae"}[method]
    assert chosen_settings(SettingsWishes(backbone=backbone, method=other)).method == other


def test_what_is_said_is_taken() -> None:
    wishes = SettingsWishes(
        mpp=0.25,
        tile_size=96,
        epochs=3,
        tiles_per_epoch=40,
        batch_size=5,
        mask_ratio=0.5,
        learning_rate=0.01,
    )
    config = chosen_settings(wishes)
    assert (config.mpp, config.tile_size, config.epochs) == (0.25, 96, 3)
    assert (config.tiles_per_epoch, config.batch_size, config.mask_ratio) == (40, 5, 0.5)
    assert config.learning_rate == 0.01


def test_the_small_default_backbone_learns_faster_than_others() -> None:
    assert chosen_settings(SettingsWishes()).learning_rate == 1e-3
    assert chosen_settings(SettingsWishes(backbone="resnet18")).learning_rate == 1.5e-4


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (SettingsWishes(epochs=0), "--epochs must be 1 or more, not 0; give another value"),
        (SettingsWishes(tile_size=8), "--tile must be 32 or more, not 8"),
        (SettingsWishes(mask_ratio=1.0), "--mask-ratio must be less than 1, not 1"),
        (SettingsWishes(learning_rate=0.0), "--learning-rate must be more than 0, not 0"),
        (
            SettingsWishes(backbone="mobilenetv2"),
            "--backbone: timm knows no model 'mobilenetv2'; .* is near",
        ),
    ],
)
def test_what_is_no_setting_is_refused(wishes: SettingsWishes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        chosen_settings(wishes)
