"""The folder of one pretraining: settings, figures, pictures, the kept state and the backbone in the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.engine.losses import LossRow
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.pretraining.curves import curves
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from patherea_core.workflow.run.causes import pretraining_differences
from patherea_core.workflow.run.kept_state import epochs_in
from patherea_core.workflow.run.places import RunPlaces


@dataclass(frozen=True, slots=True)
class PretrainingFolder(RunPlaces):
    """Where the files of one pretraining lie."""

    @property
    def settings(self) -> Path:
        """The settings of the run, as JSON."""
        return self.path / "settings.json"

    @property
    def pictures(self) -> Path:
        """What the model made of tiles that it does not learn from, a picture an epoch."""
        return self.path / "pictures"

    @property
    def backbone(self) -> Path:
        """The file of weights that a detector starts from."""
        return self.path / "backbone.safetensors"

    def require_usable(
        self, config: PretrainingConfig, identity: PretrainingIdentity, *, resume: bool
    ) -> bool:
        """Return whether the run in the folder is to go on, rather than to start; nothing is written.

        Raises:
            InputError: as ``goes_on``, or the run has other settings, tiles, seed or initial weights.
        """
        going_on = self.goes_on(self.settings, self.backbone, resume=resume)
        if going_on:
            self._require_none_different(self._begun(), config, identity)
        return going_on

    def require_same_words(self, config: PretrainingConfig, seed: int) -> None:
        """Refuse early to go on with other settings or another seed, before the tiles are looked at.

        Raises:
            InputError: the folder holds no run to go on with, or one of other settings or another seed.
        """
        if self.settings.exists() and not self._goes_on():
            return  # it was stopped in its first epoch, and starts afresh
        self.goes_on(self.settings, self.backbone, resume=True)
        own_config, own_identity = self._begun()
        asked = own_identity.model_copy(update={"seed": seed})
        self._require_none_different((own_config, own_identity), config, asked)

    def backbone_options(self, backbone: str) -> Mapping[str, Any] | None:
        """Return the options with which the run in the folder builds that backbone; None if it does not."""
        try:
            kept = PretrainingConfig.model_validate_json(self.settings.read_bytes())
        except (OSError, ValidationError):
            return None
        return kept.backbone_options if kept.backbone == backbone else None

    def goes_on_without_held_out(self) -> bool:
        """Return whether the folder holds a run to go on with that holds nothing out.

        Such a run looks at tiles of what it learns from, and has to go on so: its slides are few, or it was
        begun by a version of the program that held no slide out.

        Raises:
            InputError: the run does not say how it was started.
        """
        return self._goes_on() and self._begun()[1].held_out_sha256 is None

    def goes_on_with_coarse(self) -> bool:
        """Return whether the folder holds a run to go on with that took images of however large pixels.

        Such a run was begun by a version of the program that left none of them out, and has to go on so.

        Raises:
            InputError: the run does not say how it was started.
        """
        return self._goes_on() and not self._begun()[1].coarse_left_out

    def goes_on_with_blank(self) -> bool:
        """Return whether the folder holds a run to go on with that took images of one colour, likewise.

        Raises:
            InputError: the run does not say how it was started.
        """
        return self._goes_on() and not self._begun()[1].blank_left_out

    def _goes_on(self) -> bool:
        return self.last.exists() or self.backbone.exists()

    def is_complete(self, config: PretrainingConfig) -> bool:
        """Return whether the run has all its epochs and its backbone.

        Raises:
            InputError: the state is broken.
        """
        return (
            self.backbone.exists() and self.last.exists() and epochs_in(self.last) == config.epochs
        )

    def begin(self, config: PretrainingConfig, identity: PretrainingIdentity) -> None:
        """Make the folder of a run that starts.

        Raises:
            OutputError: the folder cannot be written.
        """
        own = identity.model_copy(update={"coarse_left_out": True, "blank_left_out": True})
        written = {
            self.settings: config.model_dump_json(indent=2),
            self.identity: own.model_dump_json(indent=2),
        }
        self.make(written, sorted(self.pictures.glob("epoch-*.png")))

    def write_curves(self, history: Sequence[Row], losses: Sequence[LossRow]) -> None:
        """Write ``curves.png`` of what ``write_history`` writes."""
        write_whole(self.curves, curves(history, losses))

    def write_picture(self, epoch: int, content: bytes) -> None:
        """Write the PNG of an epoch, counted from 1.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            self.pictures.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self.pictures} cannot be made ({error.strerror}); name another run folder"
            ) from error
        write_whole(self.pictures / f"epoch-{epoch:03d}.png", content)

    def _begun(self) -> tuple[PretrainingConfig, PretrainingIdentity]:
        """Return what the run in the folder was started with."""
        try:
            return (
                PretrainingConfig.model_validate_json(self.settings.read_bytes()),
                PretrainingIdentity.model_validate_json(self.identity.read_bytes()),
            )
        except (OSError, ValidationError) as error:
            raise InputError(
                f"the run in {self.path} does not say how it was started (settings.json or run.json is"
                " missing, broken or of another version, or it is no pretraining); name another folder"
            ) from error

    def _require_none_different(
        self,
        begun: tuple[PretrainingConfig, PretrainingIdentity],
        config: PretrainingConfig,
        identity: PretrainingIdentity,
    ) -> None:
        own_config, own_identity = begun
        backbones = own_config.backbone, config.backbone
        different = [
            *own_identity.differences(identity),
            *pretraining_differences(own_config, config, backbones),
        ]
        self.require_none_different(different, (own_config.epochs, config.epochs))
