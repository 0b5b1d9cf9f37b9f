"""A published dataset becomes a dataset folder, with its split, and says which patients leak."""

from pathlib import Path

import numpy as np
import pytest

from patherea_core.data.label_checks import leaking_patients
from patherea_core.data.store import check, read_manifest, read_sample
from patherea_core.errors import DatasetError
from patherea_core.points import Points
from patherea_core.progress import Silent
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage, write_dataset


def published(*images: tuple[str, str, str]) -> PublishedDataset:
    """Return a dataset of small images, each a name, a patient and a fold."""
    return PublishedDataset(
        name="made-up",
        taxonomy=Taxonomy.of(["round", "long"]),
        mpp=0.5,
        folds=("train", "test"),
        images=[
            PublishedImage(
                name,
                lambda: np.full((6, 8, 3), 200, dtype=np.uint8),
                Points(np.array([[1.5, 2.5], [7.5, 5.5]]), np.array([0, 1])),
                patient,
                fold,
            )
            for name, patient, fold in images
        ],
        citation="Nobody, nowhere",
        licence="CC0",
    )


def test_images_points_and_split_come_back(tmp_path: Path) -> None:
    write_dataset(published(("a", "p", "train"), ("b", "q", "test")), tmp_path / "d", Silent())

    check(tmp_path / "d")
    manifest = read_manifest(tmp_path / "d")
    assert manifest.fold_names == ("train", "test")
    assert [sample.fold for sample in manifest.samples] == [0, 1]
    assert manifest.lineage["licence"] == "CC0"
    sample = read_sample(tmp_path / "d", manifest, manifest.samples[1])
    assert sample.points.xy.tolist() == [[1.5, 2.5], [7.5, 5.5]]
    assert sample.labelled.area == 48


def test_a_patient_in_two_folds_is_a_leak(tmp_path: Path) -> None:
    several = published(("a", "p", "train"), ("b", "p", "test"), ("c", "q", "test"))
    manifest = write_dataset(several, tmp_path / "d", Silent())

    assert leaking_patients(manifest) == {"p": ("train", "test")}


def test_a_dataset_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no image to import"):
        write_dataset(published(), tmp_path / "d", Silent())
    assert not (tmp_path / "d").exists()


def test_folds_have_as_many_names_as_there_are(tmp_path: Path) -> None:
    manifest = write_dataset(published(("a", "p", "train")), tmp_path / "d", Silent())
    with pytest.raises(ValueError, match="2 folds have 1 names"):
        type(manifest).model_validate({**manifest.model_dump(), "fold_names": ("train",)})
