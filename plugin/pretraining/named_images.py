"""The images and slides that somebody means who names files, folders of them, lists, or datasets."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from patherea_core.data.label_checks import fold_name
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_manifest
from patherea_core.data.validation_choice import validation_fold
from patherea_core.errors import DatasetError, InputError
from plugin.pretraining.told_apart import TakenOnce, telling_folders
from plugin.readers.dataset import recognises
from plugin.slides.inputs import named_slides

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NamedImage:
    """A slide or image that is meant.

    Attributes:
        path: of its file.
        mpp: micrometres per base pixel, where a list or a dataset says so.
        cut_from: the slide that it is a piece of, if a dataset says so; empty for what stands for itself.
        folder: the end of its folder that tells it from others of its name; empty where there is none.
    """

    path: Path
    mpp: float | None = None
    cut_from: str = ""
    folder: str = ""

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"{self.folder}/{self.path.name}" if self.folder else self.path.name


def named_images(inputs: Sequence[Path], without_folds: Sequence[str]) -> tuple[NamedImage, ...]:
    """Return what is meant, in the order given, each file once; a warning names what comes twice.

    Args:
        inputs: files, folders of them, lists (.txt, .csv), folders of datasets.
        without_folds: names or numbers of folds that are left out of the datasets that have them.

    Raises:
        InputError: there is nothing, a dataset is packed, or no dataset has a fold that is left out.
    """
    for path in inputs:
        if path.suffix.lower() == ".zip" and path.is_file():
            raise InputError(f"{path} is packed; unpack it, and name the folder")
    manifests = {path: read_manifest(path) for path in inputs if recognises(path)}
    without = _folds_left_out(manifests, without_folds)
    once = TakenOnce()
    found: list[NamedImage] = []
    for path in inputs:
        if path in manifests:
            images = _of_dataset(path, manifests[path], without[path])
            found += [one for one in images if once.is_new(one.path, f"the dataset {path}")]
        else:
            slides = (one for one in named_slides([path]) if once.is_new(one.path, one.named_by))
            found += [NamedImage(one.path, one.mpp) for one in slides]
    once.tell()
    folders = telling_folders([one.path for one in found])
    return tuple(replace(one, folder=folder) for one, folder in zip(found, folders, strict=True))


def _of_dataset(folder: Path, manifest: Manifest, without: set[int]) -> Iterator[NamedImage]:
    """Yield the images of a dataset, but for those of the folds that are left out."""
    for record in manifest.samples:
        if record.fold not in without:
            # Another dataset may have other slides of the same names.
            slide = f"{record.slide or record.id} of {folder}"
            yield NamedImage(folder / record.files[0], manifest.mpp, slide)


def _folds_left_out(
    manifests: Mapping[Path, Manifest], names: Iterable[str]
) -> dict[Path, set[int]]:
    """Return the numbers of the folds that are left out of each dataset; warn of one that lacks any.

    Raises:
        DatasetError: no dataset has a fold of one of these names.
    """
    found: dict[Path, set[int]] = {path: set() for path in manifests}
    lacked: dict[Path, list[str]] = {path: [] for path in manifests}
    for name in names:
        refusals = []
        for path, manifest in manifests.items():
            try:
                found[path].add(validation_fold(manifest, name))
            except DatasetError as refusal:
                refusals.append(refusal)
                lacked[path].append(name)
        if len(refusals) == len(manifests):
            raise _nowhere(name, manifests, refusals)
    for path, missing in lacked.items():
        if missing:
            _warn(path, manifests[path], missing, found[path])
    return found


def _nowhere(
    name: str, manifests: Mapping[Path, Manifest], refusals: Sequence[DatasetError]
) -> DatasetError:
    """Return why a fold cannot be left out of any dataset."""
    if not manifests:
        return DatasetError(
            f"the fold {name!r} cannot be left out, since no dataset is named; name the folder of one, or"
            " leave --without-fold out"
        )
    if len(refusals) == 1:
        return refusals[0]
    folds = "; ".join(f"{path.name} has {_folds(one)}" for path, one in manifests.items())
    return DatasetError(f"no dataset has a fold {name!r} to leave out ({folds}); name one of these")


def _warn(folder: Path, manifest: Manifest, missing: Sequence[str], without: set[int]) -> None:
    """Say that a dataset has not all of the folds that are left out, and what is left out of it."""
    left = ", ".join(fold_name(manifest, fold) for fold in sorted(without))
    log.warning(
        "the dataset %s has no fold %s (it has %s) and is taken %s; see that it holds nothing that the"
        " detector is to be tested on",
        *(folder.name, ", ".join(map(repr, missing)), _folds(manifest)),
        f"without {left} only" if left else "whole",
    )


def _folds(manifest: Manifest) -> str:
    return ", ".join(fold_name(manifest, fold) for fold in range(manifest.folds))
