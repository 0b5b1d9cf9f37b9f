"""The experiments: each row of ours in the published tables has one, and all of them can be run."""

from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError

from patherea_core.batch import Proposals
from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.model.building import build_detector
from patherea_core.recipes import as_model
from training.importers.registry import IMPORTERS
from training.ledger import LEDGER, read_ledger
from training.published_results import BENCHMARKS
from training.recipes import (
    EXPERIMENTS,
    Experiment,
    bcdata,
    brca_m2c,
    experiment_named,
    ki67,
    lizard,
    small,
)
from training.recipes import patherea as patherea_recipes
from training.recipes.experiment import DivisionRule, changed
from training.recipes.listing import listing
from training.run_record import settings_digest

ALL = pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=lambda one: one.name)
MODULES = (lizard, brca_m2c, bcdata, patherea_recipes, small, ki67)


def test_every_row_of_ours_in_the_published_tables_has_an_experiment() -> None:
    printed = {
        (name, row.source, row.method)
        for name, benchmark in BENCHMARKS.items()
        for row in benchmark.rows
        if row.method.startswith(("Patherea-P2P", "FCRN"))
    }
    made = {(one.dataset, table, one.line) for one in EXPERIMENTS.values() for table in one.tables}
    assert made == printed


def test_no_two_experiments_share_a_name() -> None:
    names = [experiment.name for module in MODULES for experiment in module.EXPERIMENTS]
    assert sorted(names) == sorted(EXPERIMENTS)


@ALL
def test_a_recipe_goes_through_json(experiment: Experiment) -> None:
    assert Recipe.model_validate_json(experiment.recipe.model_dump_json()) == experiment.recipe


@ALL
def test_an_experiment_differs_from_those_of_its_dataset(experiment: Experiment) -> None:
    digest = settings_digest(experiment.recipe)
    same = [
        other.name
        for other in EXPERIMENTS.values()
        if (other.dataset, other.division) == (experiment.dataset, experiment.division)
        and settings_digest(other.recipe) == digest
    ]
    # The base of the ablations is the small experiment under the name that its table has.
    assert set(same) in ({experiment.name}, {"brca-m2c/mobilenetv2", "ablation/base"})


@pytest.mark.parametrize(
    "experiment",
    {one.recipe.network.model_dump_json(): one for one in EXPERIMENTS.values()}.values(),
    ids=lambda one: one.name,
)
def test_a_network_takes_the_tiles_of_its_recipe(experiment: Experiment) -> None:
    recipe = experiment.recipe
    side = recipe.training.tile_size
    # Without numbers: shapes are all that is asked for.
    with torch.device("meta"):
        network = build_detector(recipe.network, 4)
        outputs = network(torch.zeros((2, 3, side, side), dtype=torch.uint8))
    sites = (side // recipe.network.feature_stride) ** 2 * network.anchor_layout.per_side**2
    assert outputs.class_count == 4
    assert outputs.sites().score.shape == (2, sites)
    if isinstance(outputs, Proposals):
        assert (outputs.one_to_many is not None) == recipe.network.one_to_many


@ALL
def test_an_experiment_is_for_a_dataset_that_can_be_imported(experiment: Experiment) -> None:
    assert any(experiment.dataset.startswith(name) for name in IMPORTERS)


@ALL
def test_an_experiment_of_the_paper_is_scored_as_its_table(experiment: Experiment) -> None:
    if not experiment.tables:
        return
    benchmark = BENCHMARKS[experiment.dataset]
    assert experiment.division.several == (benchmark.folds is not None)
    assert experiment.division.split == benchmark.split
    rows = [row for row in benchmark.rows if row.method == experiment.line]
    assert experiment.chosen_on in {row.chosen for row in rows} | {"validation"}
    if experiment.classes:
        assert experiment.classes == benchmark.classes
    mpp = {"lizard": 0.5, "brca-m2c": 0.5}.get(experiment.dataset)
    if mpp is not None:
        assert experiment.recipe.radius_um / mpp == benchmark.protocol.radius
    elif benchmark.protocol.radius is not None:
        assert experiment.radius_px == benchmark.protocol.radius


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("lizard/convnext-b", ("convnext_base", 256, 2, 0.9, 1000, "pretrained")),
        ("brca-m2c/vit-b", ("vit_base_patch16_224", 768, 2, 0.9, 1000, "pretrained")),
        ("patherea-lnet/vit-b", ("vit_base_patch16_224", 768, 6, 0.5, 100, "pretrained")),
        ("patherea-lnet/vit-b-beta-1", ("vit_base_patch16_224", 768, 1, 0.5, 100, "pretrained")),
        ("patherea-lnet/vit-b-scratch", ("vit_base_patch16_224", 768, 6, 0.5, 100, "scratch")),
    ],
)
def test_the_papers_settings_are_the_papers(name: str, settings: tuple[object, ...]) -> None:
    recipe = EXPERIMENTS[name].recipe
    assert settings == (
        recipe.network.backbone,
        recipe.network.fpn_channels,
        recipe.assignment.proposals_per_target,
        recipe.decoding.score_threshold,
        recipe.training.epochs,
        recipe.training.initialisation,
    )
    assert (recipe.training.learning_rate, recipe.training.weight_decay) == (1e-4, 2e-3)
    assert (recipe.training.batch_size, recipe.training.tile_size) == (16, 224)


def test_one_proposal_a_target_is_compared_with_and_without_the_branch_of_many() -> None:
    plain, hybrid = (EXPERIMENTS[f"patherea-lnet/vit-b-beta-1{end}"] for end in ("", "-hybrid"))
    assert not plain.recipe.network.one_to_many
    assert hybrid.recipe == changed(plain.recipe, network={"one_to_many": True})


def test_a_frozen_backbone_is_that_of_the_foundation_model_only() -> None:
    frozen = {one.name for one in EXPERIMENTS.values() if one.recipe.network.frozen_backbone}
    assert frozen == {name for name in EXPERIMENTS if name.endswith("/hibou-b")}


@pytest.mark.parametrize("ablation", [one for one in EXPERIMENTS if one.startswith("ablation/")])
def test_an_ablation_differs_from_the_base_in_one_setting(ablation: str) -> None:
    base, other = small.BASE.model_dump(), EXPERIMENTS[ablation].recipe.model_dump()
    differing = [
        f"{part}.{name}"
        for part, settings in base.items()
        if isinstance(settings, dict)
        for name, value in settings.items()
        if other[part][name] != value
    ]
    assert len(differing) == (ablation != "ablation/base")


def test_the_two_kinds_of_networks_are_trained_alike() -> None:
    points, maps = (EXPERIMENTS[f"brca-m2c/{name}mobilenetv2"] for name in ("", "fcrn-"))
    assert maps.recipe == as_model(points.recipe, "fcrn")
    assert (maps.division, maps.backbone) == (points.division, points.backbone)
    for name, experiment in EXPERIMENTS.items():
        if name.endswith("/fcrn-resnet34"):
            assert experiment.recipe.network.backbone == "resnet34"
            assert experiment.recipe.network.feature_stride == 1
            other = EXPERIMENTS[name.replace("fcrn-resnet34", "convnext-b")]
            assert experiment.recipe.training == other.recipe.training


def test_a_recipe_that_did_not_change_has_the_digest_that_the_ledger_knows() -> None:
    """What a recipe came to be able to say later is not in the digest of one that does not say it."""
    name = "brca-m2c/mobilenetv2"
    known = {record.recipe_digest for record in read_ledger(LEDGER) if record.recipe == name}
    assert settings_digest(EXPERIMENTS[name].recipe) in known


def test_the_list_has_a_line_for_each_experiment() -> None:
    lines = listing(EXPERIMENTS.values()).splitlines()
    assert len(lines) == len(EXPERIMENTS) + 1
    (line,) = [line for line in lines if line.startswith("lizard/convnext-b ")]
    assert line.split("  ")[-1].strip() == "no"
    assert "Table 3, Table A.10" in line


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(InputError, match=r"no recipe 'huge'; .* run --list"):
        experiment_named("huge")


def test_a_changed_recipe_is_checked() -> None:
    assert changed(small.BASE, training={"epochs": 3}).training.epochs == 3
    for wrong in ({"epochs": 0}, {"epoch": 3}):
        with pytest.raises(ValidationError):
            changed(small.BASE, training=wrong)


RULE = DivisionRule(test="test", validation="val")


@pytest.mark.parametrize(
    ("change", "split", "fold", "validation"),
    [
        (lambda rule: rule, "published", None, "val"),
        (lambda rule: rule.testing("val"), "published", None, None),
        (lambda rule: rule.testing("fold_2"), "published", "fold_2", "val"),
        (lambda rule: rule.validating(1, 5), "published, validated on part 2 of 5", None, None),
        (lambda rule: rule.testing("val").validating(0, 5), "published", None, None),
    ],
    ids=["as it is", "val", "a fold", "a part", "the same part"],
)
def test_what_the_command_line_changes_of_a_division_is_told(
    change: Callable[[DivisionRule], DivisionRule],
    split: str,
    fold: str | None,
    validation: str | None,
) -> None:
    rule = change(RULE)
    assert (rule.split, rule.validation) == (split, validation)
    assert (rule.test if rule.several else None) == fold
