"""What determines a pretraining, besides its settings; a run is resumed with the same only."""

from typing import Annotated

from pydantic import Field

from patherea_core.config import Settings

#: Characters of a digest that tell two apart for a person.
_SHOWN = 12

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PretrainingIdentity(Settings):
    """Tiles, beginning and chance of one pretraining."""

    tiles_sha256: Digest
    """Digest of where the tiles come from."""
    held_out_sha256: Digest | None = None
    """Digest of where the held-out tiles come from; None where that is the same."""
    coarse_left_out: bool = False
    """Whether images with much larger pixels than the tiles were left out; earlier versions enlarged them."""
    blank_left_out: bool = False
    """Whether images of one colour were left out, as earlier versions did with slides only."""
    seed: int
    """Root of every random choice."""
    backbone_weights_sha256: Digest | None = None
    """Digest of the weights that the backbone started from; None for chance."""

    def differences(self, other: "PretrainingIdentity") -> list[str]:
        """Return what this run has and the other has not, each as a phrase like "seed 3, not 4"."""
        shown = {
            "tiles of digest": (self.tiles_sha256, other.tiles_sha256),
            "held-out tiles of digest": (self.held_out_sha256, other.held_out_sha256),
            "backbone weights of digest": (
                self.backbone_weights_sha256,
                other.backbone_weights_sha256,
            ),
        }
        found = [
            f"{name} {_short(mine)}, not {_short(its)}"
            for name, (mine, its) in shown.items()
            if mine != its
        ]
        if self.seed != other.seed:
            found.append(f"seed {self.seed}, not {other.seed}")
        return found


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:_SHOWN]
