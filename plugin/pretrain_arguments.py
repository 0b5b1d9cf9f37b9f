"""From the values that the archive passes to PretrainBackbone, to what is pretrained on what."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.commands import pretrain_on_folder
from plugin.commands.earlier_run import EarlierRun
from plugin.commands.pretrain_backbone import BackboneRequest
from plugin.commands.pretrain_slides import SlidesFolder, Source
from plugin.commands.sending_beside import UploadPace
from plugin.pretraining.settings_choice import DEFAULT_BACKBONE, SettingsWishes
from plugin.values import Values, needed, path, unless_zero


def read_pretraining(values: Values) -> Callable[[Progress], None]:
    """Return what a pretraining is to do, given the values; nothing has been done yet.

    Raises:
        InputError: they contradict each other, or something is missing.
    """
    source = _source(values)
    address, token = (needed(values, name) for name in ("girderApiUrl", "girderToken"))

    def action(progress: Progress) -> None:
        # What is still being sent when a job has to end may yet write there.
        with tempfile.TemporaryDirectory(prefix="patherea-", ignore_cleanup_errors=True) as folder:
            request = pretrain_on_folder.ArchivePretraining(
                source=source,
                backbone=_backbone(values, Path(folder) / "run"),
                scratch=Path(folder),
                api_url=address,
                token=token,
                runs_folder=values["runsFolder"] or "",
                pace=UploadPace(state=60.0 * values["checkpointMinutes"]),
            )
            pretrain_on_folder.run(request, progress)

    return action


def _backbone(values: Values, out: Path) -> BackboneRequest:
    return BackboneRequest(
        out=out,
        wishes=SettingsWishes(
            backbone=values["backbone"].strip() or DEFAULT_BACKBONE,
            method=None if values["method"] == "auto" else values["method"],
            mpp=values["mpp"],
            tile_size=values["tileSize"],
            epochs=values["epochs"],
            tiles_per_epoch=values["tilesPerEpoch"],
            batch_size=unless_zero(values["batchSize"]),
            mask_ratio=unless_zero(values["maskRatio"]),
            learning_rate=unless_zero(values["learningRate"]),
        ),
        initial_weights=path(values, "inputWeightsFile"),
        accepted_licences=tuple(values["acceptedLicences"]),
        device=values["device"],
        devices=values["devices"],
        workers=unless_zero(values["workers"]),
        seed=values["seed"],
        licence=values["licence"].strip() or None,
        backbone_out=path(values, "outputBackboneFile"),
    )


def _source(values: Values) -> Source:
    """Return what is to be looked at, which is one of two.

    Raises:
        InputError: none of them is given, or both, or nothing says where the run goes.
    """
    folder, run = values["inputFolder"], values["inputRunItem"]
    if folder and run:
        raise InputError(
            "a folder of slides (--inputFolder) and a run to go on with (--inputRunItem) are given, of which"
            " only one can be; leave out the other"
        )
    if run:
        return EarlierRun(run)
    if not folder:
        raise InputError(
            "nothing says what to look at: choose a folder of slides (--inputFolder), or a run to go on with"
            " (--inputRunItem)"
        )
    if not values["runsFolder"]:
        raise InputError("nothing says where the backbone goes: choose a folder (--runsFolder)")
    return SlidesFolder(
        id=folder,
        subfolders=values["subfolders"],
        slide_mpp=unless_zero(values["slideMpp"]),
        fields=values["fieldsPerSlide"],
        room=values["diskGigabytes"] * 10**9,
    )
