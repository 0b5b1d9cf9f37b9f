"""What a person names as a file of weights, and is none: a folder, or the state of a run."""

from pathlib import Path

from patherea_core.errors import InputError

#: What a pretraining leaves, and what every pretraining has from its start.
_BACKBONE, _PRETRAINING = "backbone.safetensors", "settings.json"

#: What a training of a detector leaves, and what every such training has from its start.
_DETECTOR, _TRAINING = "model.safetensors", "recipe.json"

#: The folder of a run in which its states lie, and their ending.
_STATES, _STATE = "checkpoints", ".ckpt"


def require_weights_file(path: Path) -> None:
    """Refuse what is no file of weights, and say which file is meant if that can be known.

    Raises:
        InputError: there is no such file; or it is a folder, or the state that a run goes on from.
    """
    if path.is_dir():
        if (path / _BACKBONE).is_file():
            raise InputError(f"{path} is a folder; its backbone is {path / _BACKBONE}: name that")
        raise InputError(f"{path} is a folder; name a file of weights")
    if not path.is_file():
        raise InputError(f"there is no file {path}; name a file of weights")
    if path.suffix == _STATE and path.parent.name == _STATES:
        _require_no_state(path, path.parent.parent)


def _require_no_state(path: Path, run: Path) -> None:
    """Refuse the state of a run, which holds more than the weights that the run leaves."""
    if (run / _TRAINING).is_file():
        raise InputError(
            f"{path} is the state of a training; name weights of a backbone, or take the trained model as"
            f" --base-model {run / _DETECTOR}"
        )
    if not (run / _PRETRAINING).is_file():
        return  # of a run of another program, whose states may be all that there is
    if (run / _BACKBONE).is_file():
        raise InputError(f"{path} is the state of a pretraining; take {run / _BACKBONE}")
    raise InputError(
        f"{path} is the state of a pretraining that has not ended; go on with it by `patherea pretrain …"
        f" --resume`, and take {run / _BACKBONE} then"
    )
