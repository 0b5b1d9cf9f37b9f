"""The states of a training that are kept on disk: written whole or not at all, read without running code."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from patherea_core.errors import InputError, OutputError

#: What of a state a model is made of.
_SCORED = ("epoch", "history", "state_dict")


class WholeStates(TorchCheckpointIO):
    """Writes a state beside its place first: a training that is killed leaves the state before.

    Lightning's own way goes through the system's folder of temporary files, and from there a state is
    copied, which a kill can cut in two.

    A state knows the places of all that were kept, and Lightning forgets which was best where these are
    others; so they are those of the folder that a state is read from, wherever it was kept before.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any | None = None,  # noqa: ANN401, ARG002  Lightning's signature
    ) -> None:
        """Write a state.

        Raises:
            OutputError: the disk does not take it; the state before stays.
        """
        place = Path(path)
        # A state is large and soon followed by the next: what outlives a kill is enough, and waiting for
        # the disk to confirm it would hold up the training and the answer to a request to stop.
        partial = place.with_name(f"{place.name}.partial")
        try:
            torch.save(checkpoint, partial)
            partial.replace(place)
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
            raise OutputError(
                f"the state of the training cannot be written to {place} ({error}); make room there"
            ) from error

    def load_checkpoint(self, path: str | Path, *given: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return a state as it would be had it been kept where it lies now."""
        state: dict[str, Any] = super().load_checkpoint(path, *given, **more)
        folder = Path(path).resolve().parent
        kept = state.get("callbacks", {})
        state["callbacks"] = {
            name: _moved(own, folder) if "dirpath" in own else own for name, own in kept.items()
        }
        return state


def _moved(own: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what is remembered of the states that were kept, for another folder that they lie in."""

    def place(path: str) -> str:
        return str(folder / Path(path).name) if path else path

    moved = {name: place(value) if name.endswith("_path") else value for name, value in own.items()}
    best = {place(path): score for path, score in own["best_k_models"].items()}
    return {**moved, "dirpath": str(folder), "best_k_models": best}


def read_state(path: Path) -> dict[str, Any]:
    """Return a state; its tensors stay on disk until they are used, so looking into it costs little.

    Raises:
        InputError: it is missing or broken.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise InputError(
            f"the state of the training in {path} cannot be read; remove that file to start afresh"
        ) from error
    return state


def epochs_in(path: Path) -> int:
    """Return how many epochs of the training a state has behind it.

    Raises:
        InputError: it is missing or broken.
    """
    return int(read_state(path)["epoch"]) + 1


def write_scored_part(source: Path, place: Path) -> None:
    """Write what of a state a model is made of: less than half, which cannot be gone on from.

    Raises:
        InputError: the state is missing or broken.
        OutputError: the disk does not take it.
    """
    state = read_state(source)
    try:
        torch.save({name: state[name] for name in _SCORED if name in state}, place)
    except (OSError, RuntimeError) as error:
        raise OutputError(
            f"the best state of the training cannot be written to {place} ({error}); make room there"
        ) from error
