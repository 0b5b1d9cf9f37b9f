"""The demo's slides keep patients apart, and its annotations say what the labels say."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from patherea_core.errors import InputError
from patherea_core.points import Points
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import decode
from plugin.sandbox.demo_archive import TEST_LABELS, TRAINING_LABELS, labels_of
from plugin.sandbox.demo_images import LabelledImages
from plugin.sandbox.demo_slides import DrawnSize, compose_slides, draw_slides
from plugin.sandbox.fields import Field
from plugin.sandbox.synthetic import TAXONOMY

SIZE = DrawnSize(200, 160)


def make_images(patients: list[str]) -> LabelledImages:
    fields = []
    for row, patient in enumerate(patients):
        random = Seed(row).stream("image")
        points = Points(random.uniform(1, 39, (5 + row, 2)), random.integers(0, 2, 5 + row))
        pixels = np.full((40, 40, 3), row, dtype=np.uint8)
        fields.append(Field(f"image-{row}", pixels, points, patient))
    return LabelledImages(tuple(fields), Taxonomy.of(["a", "b"]), 0.5)


def test_drawn_slides_are_of_different_patients_and_the_last_one_is_the_test(
    tmp_path: Path,
) -> None:
    slides = draw_slides(tmp_path, Seed(0), Silent(), SIZE).slides

    assert len({slide.patient for slide in slides}) == len(slides) == 5
    assert [slide.training for slide in slides] == [True] * 4 + [False]
    assert len({slide.slide.path.read_bytes() for slide in slides}) == 5


def test_the_same_seed_draws_the_same_slides(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        slides = draw_slides(tmp_path / name, Seed(5), Silent(), SIZE).slides
        contents.append([slide.slide.path.read_bytes() for slide in slides])

    assert contents[0] == contents[1]


def test_no_patient_is_on_two_composed_slides_and_no_image_is_left_out(tmp_path: Path) -> None:
    images = make_images(["p", "q", "p", "r", "s", "t", "q", "u"])

    slides = compose_slides(tmp_path, images, Silent()).slides

    patient_of = {field.name: field.patient for field in images.fields}
    on_slides = [{patient_of[field.name] for field in slide.slide.fields} for slide in slides]
    assert sum(map(len, on_slides)) == len(set(patient_of.values())) == 6
    assert sum(len(slide.slide.fields) for slide in slides) == len(images.fields)


def test_images_of_three_patients_make_three_slides_and_of_two_none(tmp_path: Path) -> None:
    assert len(compose_slides(tmp_path, make_images(["p", "q", "r"]), Silent()).slides) == 3
    with pytest.raises(InputError, match="2 patients"):
        compose_slides(tmp_path, make_images(["p", "q", "q"]), Silent())


def test_the_annotation_reads_back_as_the_labels_it_was_made_of(tmp_path: Path) -> None:
    slide = draw_slides(tmp_path, Seed(1), Silent(), SIZE).slides[0]
    (field,) = slide.slide.fields

    shapes = decode({"annotation": labels_of(slide, TAXONOMY)})

    classes = [TAXONOMY.index(name) for name in shapes.class_names]
    order = np.argsort(-field.points.class_index, kind="stable")  # "negative" precedes "positive"
    np.testing.assert_array_equal(shapes.xy, field.points.xy[order])
    np.testing.assert_array_equal(classes, field.points.class_index[order])
    assert shapely.equals(shapes.regions[0].outline, field.outline)


def test_only_the_labels_of_training_slides_are_called_so(tmp_path: Path) -> None:
    slides = draw_slides(tmp_path, Seed(1), Silent(), SIZE)

    names = [labels_of(slide, slides.taxonomy)["name"] for slide in slides.slides]

    assert names == [TRAINING_LABELS] * 4 + [TEST_LABELS]
