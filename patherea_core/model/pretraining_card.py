"""What the card of backbone weights says of how they were learnt, where this program learnt them."""

from typing import Annotated, Any

from pydantic import Field

from patherea_core.config import Count, Positive, Settings

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PretrainingCard(Settings):
    """How a backbone was pretrained on tiles without labels."""

    method: str
    """mae or spark."""
    mpp: Positive
    """Micrometres a pixel of the tiles."""
    tiles: str
    """What they were cut from, in words."""
    tiles_sha256: Digest
    """Digest of that."""
    epochs: Count
    """Complete passes, each of as many tiles as the settings say; fewer than these where it was stopped."""
    held_out: str = "the same"
    """What the held-out tiles were cut from, in words, like ``tiles``; "the same" where it is that."""
    held_out_loss: float
    """Mean squared error over hidden cells of the held-out tiles, after the last pass."""
    seed: int
    """Root of every random choice."""
    settings: dict[str, Any]
    """All settings."""
    started_from: Digest | None = None
    """Digest of the weights that the backbone started from; None for chance."""
    provenance: dict[str, Any] = Field(default_factory=dict)
    """The program, the caller, and what else is known of the run."""
