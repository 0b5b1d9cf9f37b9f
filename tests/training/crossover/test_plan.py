"""What a plan holds: every combination once, the first seed first, and nothing that compares unfairly."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from patherea_core.config import TrainingConfig
from patherea_core.errors import InputError
from tests.training.crossover.builders import RECIPE, arm, plan
from training.crossover.folder import PlanFolder
from training.crossover.plan import Key
from training.crossover.schedule import length
from training.recipes.experiment import changed


def test_every_combination_is_one_run_and_the_first_seed_of_all_comes_first() -> None:
    keys = [*plan().runs()]
    assert len(keys) == len({*keys}) == 8
    assert [key.seed for key in keys] == [0] * 4 + [1] * 4
    # Arms alternate, so that a plan that is stopped anywhere has pairs.
    assert [key.arm for key in keys[:4]] == ["scratch", "other"] * 2


def test_runs_are_chosen_by_name_and_a_name_of_none_is_refused() -> None:
    chosen = plan().chosen(["*/scratch/25/*", "brca-m2c/other/100/1"])
    assert [str(key) for key in chosen] == [
        "brca-m2c/scratch/25/0",
        "brca-m2c/other/100/1",
        "brca-m2c/scratch/25/1",
    ]
    assert len(plan().chosen([])) == 8
    with pytest.raises(InputError, match="--only 'spark/\\*' fits no run"):
        plan().chosen(["spark/*"])


def test_arms_of_one_seed_and_share_have_one_division_and_other_seeds_another() -> None:
    rules = {key: plan().experiment(key).division for key in plan().runs()}
    small = {key: rule for key, rule in rules.items() if key.share < 1}
    for seed in (0, 1):
        assert len({rule for key, rule in small.items() if key.seed == seed}) == 1
    assert len({*small.values()}) == 2
    # All labels are the division that the experiments of the dataset have.
    assert {rule.labels for key, rule in rules.items() if key.share == 1} == {None}


def test_a_run_differs_from_the_recipe_of_its_arm_in_its_epochs_alone() -> None:
    experiment = plan().experiment(Key("brca-m2c", "other", 0.25, 0), epochs=7)
    assert experiment.recipe == changed(RECIPE, training={"epochs": 7})
    assert (experiment.name, experiment.initialisation) == ("crossover/other", "other")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"arms": (arm(), arm())}, "a arm is named twice"),
        ({"shares": (0.5, 0.5)}, "a share is named twice"),
        ({"shares": (1.5,)}, "less than or equal to 1"),
        ({"seeds": ()}, "at least 1 item"),
        (
            {"arms": (arm(), arm("longer", recipe=changed(RECIPE, training={"epochs": 5})))},
            "arms differ in their epochs",
        ),
        (
            {"datasets": [plan().datasets[0].model_dump() | {"name": "lizard"}]},
            "there is no division of lizard",
        ),
        ({"extra": 1}, "Extra inputs"),
    ],
)
def test_what_would_compare_unfairly_is_no_plan(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        plan(**changes)


def test_an_arm_has_weights_if_its_recipe_starts_from_some() -> None:
    pretrained = changed(RECIPE, training={"initialisation": "pretrained"})
    with pytest.raises(ValidationError, match="arm scratch needs weights"):
        arm(recipe=pretrained)
    with pytest.raises(ValidationError, match="arm scratch takes no weights"):
        arm(weights=Path("w"), weights_sha256="0" * 64)


def test_a_plan_is_added_to_and_what_it_has_stays(tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path)
    before = folder.keep(plan())
    more = folder.keep(plan(arms=(arm("third"), arm("other")), seeds=(2,), shares=(0.1,)))
    assert folder.read() == more
    assert [one.name for one in more.arms] == ["scratch", "other", "third"]
    assert (more.seeds, more.shares) == ((0, 1, 2), (1.0, 0.25, 0.1))
    assert {*before.runs()} < {*more.runs()}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"arms": (arm("other", backbone="huge"),)},
            "other is another one in the plan there",
        ),
        ({"schedule": "epochs"}, "the plan there is tiny by steps, not tiny by epochs"),
        ({"name": "else"}, "the plan there is tiny by steps, not else"),
    ],
)
def test_a_plan_is_never_changed(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    folder = PlanFolder(tmp_path)
    before = folder.keep(plan())
    with pytest.raises(InputError, match=reason):
        folder.keep(plan(**changes))
    assert folder.read() == before


def test_no_plan_and_a_damaged_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make a plan with python -m training crossover plan"):
        PlanFolder(tmp_path).read()
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be used: name: Field required; make it anew"):
        PlanFolder(tmp_path).read()


@given(st.integers(1, 200), st.integers(1, 100), st.integers(1, 100))
def test_by_steps_a_run_has_those_of_all_labels_as_nearly_as_whole_epochs_allow(
    epochs: int, batches: int, more: int
) -> None:
    settings = TrainingConfig(epochs=epochs)
    whole = length("steps", settings, batches + more, batches + more)
    part = length("steps", settings, batches, batches + more)
    assert whole.epochs == epochs
    assert abs(part.steps - whole.steps) <= batches
    assert part.steps == part.epochs * batches


def test_by_epochs_a_run_has_fewer_steps() -> None:
    found = length("epochs", TrainingConfig(epochs=20), 3, 18)
    assert (found.epochs, found.steps) == (20, 60)
