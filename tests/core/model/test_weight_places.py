"""What is named as a file of weights, and is none."""

import re
from pathlib import Path

import pytest

from patherea_core.errors import InputError
from patherea_core.model.weight_places import require_weights_file


def run_with(folder: Path, *files: str) -> Path:
    """Make the folder of a run with a state and these files; return the state."""
    state = folder / "checkpoints" / "last.ckpt"
    state.parent.mkdir()
    for path in (state, *(folder / name for name in files)):
        path.write_bytes(b"a file")
    return state


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            ("settings.json", "backbone.safetensors"),
            "is the state of a pretraining; take {run}/backbone",
        ),
        (
            ("settings.json",),
            "of a pretraining that has not ended; .* take {run}/backbone.safetensors then",
        ),
        (("recipe.json",), "is the state of a training; .* --base-model {run}/model.safetensors"),
    ],
)
def test_a_state_says_which_file_the_run_leaves(
    files: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    state = run_with(tmp_path, *files)
    with pytest.raises(InputError, match=message.format(run=re.escape(str(tmp_path)))):
        require_weights_file(state)


def test_a_state_of_another_program_may_hold_weights(tmp_path: Path) -> None:
    require_weights_file(run_with(tmp_path, "hparams.yaml", "backbone.safetensors"))


def test_a_folder_names_its_backbone_if_it_has_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; name a file of weights"):
        require_weights_file(tmp_path)
    backbone = tmp_path / "backbone.safetensors"
    backbone.write_bytes(b"a file")
    with pytest.raises(InputError, match=f"is a folder; its backbone is {backbone}: name that"):
        require_weights_file(tmp_path)
    require_weights_file(backbone)
    with pytest.raises(InputError, match=r"there is no file .*none\.pth; name a file of weights"):
        require_weights_file(tmp_path / "none.pth")
