"""What a converter makes of a published file of weights, and how it becomes a file of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.timm_models import described
from patherea_core.model.weight_files import BackboneCard, Channels, file_digest

#: What networks that were trained with torchvision's preprocessing expect.
IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Release:
    """A published file that a converter was written for.

    Attributes:
        sha256: digest by which the file is known again.
        origin: where its authors published it.
        licence: the terms as they state them.
    """

    sha256: str
    origin: str
    licence: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The timm model that a converted file fits.

    Attributes:
        architecture: its timm name.
        options: arguments of it without which the features differ.
        folded_norm: whether batch normalisation is folded into the convolutions.
        mean: mean of the input's channels, on the scale from 0 to 1.
        std: standard deviation of them.
        absent: first parts of the names of timm's tensors that the file lacks.
    """

    architecture: str
    options: Mapping[str, bool | int | float | str]
    folded_norm: bool
    mean: Channels
    std: Channels
    absent: tuple[str, ...]

    def model(self) -> nn.Module:
        """Return the timm model: shapes, but no numbers."""
        return described(self.architecture, self.options)


class Filling:
    """The tensors of a timm model while a converter sets them, one after the other."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._model = layout.model()
        self._shapes = {
            name: tuple(tensor.shape)
            for name, tensor in self._model.state_dict().items()
            if not name.endswith(".num_batches_tracked")
        }
        self._state: dict[str, Tensor] = {}

    def set(self, name: str, numbers: npt.NDArray[np.generic]) -> None:
        """Set one tensor; flat numbers take the shape that timm has.

        Raises:
            InputError: timm has no such tensor, it is set already, or the shape differs.
        """
        if name not in self._shapes or name in self._state:
            fault = "is given twice" if name in self._state else "does not exist"
            raise InputError(f"{name} of {self._layout.architecture} {fault}; the file is another")
        wanted = self._shapes[name]
        if numbers.shape != wanted and (numbers.ndim > 1 or numbers.size != np.prod(wanted)):
            raise InputError(
                f"{name} must be {wanted}, not {numbers.shape}; the file is of another network"
            )
        values = np.ascontiguousarray(numbers, dtype=np.float32).reshape(wanted)
        self._state[name] = torch.from_numpy(values.copy())

    def set_norm(self, name: str, rows: npt.NDArray[np.generic]) -> None:
        """Set a batch normalisation from (4, C) weight, bias, mean and variance."""
        for part, row in zip(("weight", "bias", "running_mean", "running_var"), rows, strict=True):
            self.set(f"{name}.{part}", row)

    def set_folded(self, name: str, bias: npt.NDArray[np.generic]) -> None:
        """Set a batch normalisation that only adds ``bias``, (C,), to what a convolution gives."""
        norm = self._model.get_submodule(name)
        assert isinstance(norm, nn.BatchNorm2d)
        one, zero = np.ones_like(bias, dtype=np.float32), np.zeros_like(bias, dtype=np.float32)
        self.set_norm(name, np.stack([one, bias.astype(np.float32), zero, one - norm.eps]))

    def finished(self) -> dict[str, Tensor]:
        """Return all tensors.

        Raises:
            InputError: one is not set that the layout does not call absent.
        """
        missing = [
            name
            for name in self._shapes
            if name not in self._state and name.split(".")[0] not in self._layout.absent
        ]
        if missing:
            raise InputError(
                f"the file lacks {len(missing)} tensors of {self._layout.architecture}:"
                f" {', '.join(missing[:3])}"
            )
        return self._state


def card_of(source: Path, layout: Layout, release: Release) -> BackboneCard:
    """Return the card of a converted file; the release's terms hold only for the very file.

    Raises:
        InputError: the source cannot be read.
    """
    digest = file_digest(source)
    known = digest == release.sha256
    return BackboneCard(
        architecture=layout.architecture,
        backbone_options=dict(layout.options),
        folded_norm=layout.folded_norm,
        mean=layout.mean,
        std=layout.std,
        licence=release.licence if known else "unknown",
        origin=release.origin if known else f"a file named {source.name}",
        source_sha256=digest,
        absent=layout.absent,
    )


def read_arrays(source: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of an npz file by name.

    Raises:
        InputError: the file is missing, or no npz file of plain numbers.
    """
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    # A single array of an npy file, which numpy reads as well, is no context and has no names.
    except (OSError, ValueError, EOFError, TypeError, AttributeError, BadZipFile) as error:
        raise InputError(f"{source} is no npz file of numbers ({error}); name another") from error
