"""Pictures of what a masked image model makes of held-out tiles, one after each epoch."""

import io
import math
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional

from patherea_core.pretraining.pictures import reconstruction_picture
from patherea_core.workflow.pretraining.folder import PretrainingFolder

#: Tiles in a picture, and the side in pixels at which one is drawn, if that is not a multiple of its own.
_TILES, _SIDE = 4, 160
#: What stands above the columns, and the height of that in pixels.
_CAPTIONS, _CAPTION_HEIGHT = ("hidden", "filled in", "original"), 18
#: White between two tiles, in pixels.
_GAP = 4
#: Most pictures of a run: beyond as many epochs not every one has its own.
_MOST_PICTURES = 200


class Shown:
    """The first held-out tiles with what a model made of them, on the CPU."""

    def __init__(self) -> None:
        self._parts: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, images: Tensor, filled: Tensor, hidden: Tensor) -> None:
        """Take in tiles, as far as there is room.

        Args:
            images: (B, 3, S, S), normalised.
            filled: (B, 3, S, S), the picture of their reconstruction.
            hidden: (B, R, R) bool.
        """
        room = _TILES - sum(len(part[0]) for part in self._parts)
        if room > 0:
            part = (images, filled, hidden)
            images, filled, hidden = (tensor[:room].detach().cpu() for tensor in part)
            self._parts.append((images, filled, hidden))

    def png(self, mean: Tensor, std: Tensor) -> bytes | None:
        """Return a PNG with a row a tile: cells hidden, filled in, and as it is; None without tiles.

        Large tiles are drawn smaller, small ones with each pixel as a square of several.

        Args:
            mean: (1, 3, 1, 1) of the colours in [0, 1], by which the tiles are normalised.
            std: (1, 3, 1, 1), the standard deviation.
        """
        if not self._parts:
            return None
        images, filled, hidden = (torch.cat(column) for column in zip(*self._parts, strict=True))
        rows = reconstruction_picture(images, filled, hidden, mean.cpu(), std.cpu())
        tiles = torch.cat(rows.chunk(3, dim=3)).float()
        own = tiles.shape[-1]
        side = _SIDE if own > _SIDE else _SIDE // own * own
        drawn = functional.interpolate(tiles, size=(side, side), mode="area")
        framed = functional.pad(drawn, (0, _GAP, 0, _GAP), value=255.0).round().byte()
        # (3 · B, …) of three columns one after the other, to B rows of three.
        grid = torch.stack(framed.chunk(3), dim=1).permute(0, 3, 1, 4, 2)
        height, width = len(images) * (side + _GAP), 3 * (side + _GAP)
        pixels = grid.reshape(height, width, 3)[:-_GAP, :-_GAP]
        buffer = io.BytesIO()
        _captioned(Image.fromarray(pixels.numpy()), side + _GAP).save(buffer, format="PNG")
        return buffer.getvalue()


def _captioned(picture: Image.Image, step: int) -> Image.Image:
    """Return a picture with captions above its columns, which begin every ``step`` pixels."""
    higher = Image.new("RGB", (picture.width, picture.height + _CAPTION_HEIGHT), "white")
    higher.paste(picture, (0, _CAPTION_HEIGHT))
    draw = ImageDraw.Draw(higher)
    for column, caption in enumerate(_CAPTIONS):
        draw.text((column * step + 2, 3), caption, fill="black")
    return higher


def is_pictured(epoch: int, epochs: int) -> bool:
    """Tell whether an epoch, counted from 0, has a picture; the first and the last have."""
    every = math.ceil(epochs / _MOST_PICTURES)
    return epoch % every == 0 or epoch == epochs - 1


class Pictures(Callback):
    """Writes the pictures, from the first process only."""

    def __init__(self, folder: PretrainingFolder) -> None:
        self._folder = folder

    def on_validation_end(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Write that of the epoch."""
        assert trainer.max_epochs is not None
        if not is_pictured(trainer.current_epoch, trainer.max_epochs):
            return
        content = learner.shown.png(learner.model.mean, learner.model.std)
        if content is not None:
            self._folder.write_picture(trainer.current_epoch + 1, content)
