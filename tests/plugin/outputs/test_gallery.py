"""A gallery shows cells of every kind, the same ones for the same seed, where they are."""

import io

import numpy as np
from PIL import Image, ImageColor

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import outcomes
from patherea_core.geometry import Box, Pixels
from patherea_core.points import Detections, Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.outputs.gallery import KINDS, Example, examples, pictures

TAXONOMY = Taxonomy.of(["positive", "negative"])
RADIUS = 3.0


def field(name: str) -> Field:
    """Return a region with a hit, a missed cell, a confused one and two false alarms."""
    return Field(
        name,
        Detections(
            np.array([[10.0, 11], [50, 50], [80, 20], [20, 80]]),
            np.array([0, 1, 0, 1]),
            np.array([0.9, 0.8, 0.4, 0.7]),
        ),
        Points(np.array([[10.0, 10], [50, 51], [90, 90]]), np.array([0, 0, 1])),
    )


def chosen(*names: str, each: int = 12, seed: int = 0) -> tuple[Example, ...]:
    fields = [field(name) for name in names]
    found = [outcomes(region, 2, RADIUS) for region in fields]
    return examples(fields, found, TAXONOMY, Seed(seed), each)


class Grey:
    """Pictures of nothing."""

    def has(self, _image: str) -> bool:
        return True

    def pixels(self, _image: str, box: Box) -> Pixels:
        return np.full((box.height, box.width, 3), 128, dtype=np.uint8)


def near(pixels: Pixels, color: tuple[int, ...]) -> bool:
    return bool((np.abs(pixels.astype(int) - color).max(axis=1) < 12).any())


def test_every_kind_is_shown_with_what_is_to_be_known() -> None:
    assert [(example.kind, example.caption) for example in chosen("a")] == [
        ("missed", "negative"),
        ("false alarm", "negative, score 0.70"),
        ("false alarm", "positive, score 0.40"),
        ("other class", "positive, taken for negative"),
        ("hit", "positive"),
    ]


def test_no_more_of_a_kind_are_shown_than_asked_for() -> None:
    kinds = [example.kind for example in chosen(*"abcdefg", each=3)]
    assert {kind: kinds.count(kind) for kind in KINDS} == dict.fromkeys(KINDS, 3)


def test_the_same_seed_shows_the_same_cells_and_another_one_others() -> None:
    names = [str(number) for number in range(30)]
    assert chosen(*names, each=3) == chosen(*names, each=3)
    assert chosen(*names, each=3) != chosen(*names, each=3, seed=1)


def test_the_cell_is_in_the_middle_with_its_class_around_it() -> None:
    (example,) = [example for example in chosen("a") if example.kind == "missed"]
    (picture,) = pictures([example], [field("a")], TAXONOMY, RADIUS, Grey())
    pixels = np.array(Image.open(io.BytesIO(picture.png)))
    assert pixels.shape[0] == pixels.shape[1]
    middle = pixels.shape[0] // 2
    around = pixels[middle - 14 : middle + 14, middle - 14 : middle + 14].reshape(-1, 3)
    wanted = ImageColor.getrgb(TAXONOMY.classes[1].color)
    assert near(around, wanted)
    assert not near(pixels[:20].reshape(-1, 3), wanted)
