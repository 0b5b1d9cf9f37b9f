"""What a pretraining is asked to do."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.pretraining.tile_source import TileSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainRequest:
    """What to pretrain a backbone on, how, and where to.

    Attributes:
        source: where the tiles come from.
        run: the folder of the run; must not hold a complete epoch yet unless ``resume``.
        config: all settings.
        held_out: where the tiles come from that are not learnt from but looked at after every epoch; None
            takes tiles of ``source``, parts of which are learnt from too.
        backbone_weights: a file of weights that the backbone starts from, or "hub" to fetch them by the
            backbone's name; None starts at random.
        accepted_licences: names of the foundation models whose licence was accepted.
        device: auto, cpu or cuda.
        devices: how many GPUs train together; 0 for all there are.
        workers: processes that read tiles beside the training; None takes what suits the machine.
        seed: root of every random choice.
        resume: continue the run in the folder after its last complete epoch; without one, start afresh.
        licence: terms of the tiles, and so of what is learnt from them.
        provenance: further entries for the card of the backbone.
    """

    source: TileSource
    run: Path
    config: PretrainingConfig
    held_out: TileSource | None = None
    backbone_weights: Path | Literal["hub"] | None = None
    accepted_licences: tuple[str, ...] = ()
    device: str = "auto"
    devices: int = 1
    workers: int | None = None
    seed: int = 0
    resume: bool = False
    licence: str = "that of the images it was pretrained on"
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def held_out_words(self) -> str:
        """What the tiles that are looked at after every epoch come from, in words."""
        return "the same" if self.held_out is None else self.held_out.describe()
