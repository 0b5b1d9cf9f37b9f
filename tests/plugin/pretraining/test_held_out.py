"""Whole slides are held out of many, by seed and names alone, and none of few."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from plugin.pretraining.ground import Ground
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.held_out import divided
from tests.core.workflow.pretraining.blots import TINY

NEW = PretrainingFolder(Path("/nowhere"))
IDENTITY = PretrainingIdentity(tiles_sha256="a" * 64, seed=0)


def in_words(grounds: Sequence[Ground]) -> str:
    return f"{len(grounds)} images"


def image(name: str, folder: str = "here") -> Ground:
    return Ground(Path(f"/{folder}/{name}"), name, 0.5, 64, 64)


def of(grounds: Sequence[Ground]) -> GroundTiles:
    return GroundTiles(grounds, 0.5, in_words, "these")


def images(count: int) -> list[Ground]:
    return [image(f"{number:03}.png") for number in range(count)]


def held_out(tiles: GroundTiles, seed: int = 0, run: PretrainingFolder = NEW) -> set[str]:
    """Return the names of what is held out, having seen that all else is learnt from, in its order."""
    learnt, apart = divided(tiles, run, seed)
    names = set() if apart is None else {one.name for one in apart.grounds}
    assert [one for one in tiles.grounds if one.name not in names] == [*learnt.grounds]
    return names


@pytest.mark.parametrize(
    ("slides", "count"), [(1, 0), (9, 0), (10, 1), (39, 1), (40, 2), (334, 16), (2000, 50)]
)
def test_a_twentieth_of_many_slides_is_held_out_and_none_of_few(slides: int, count: int) -> None:
    assert len(held_out(of(images(slides)))) == count


@given(st.permutations(range(24)), st.integers(0, 5))
def test_neither_the_order_nor_the_place_of_the_files_changes_the_draw(
    order: list[int], seed: int
) -> None:
    there = [image(one.name, "there") for one in images(24)]
    assert held_out(of([there[row] for row in order]), seed) == held_out(of(images(24)), seed)


def test_another_seed_holds_others_out() -> None:
    assert len({frozenset(held_out(of(images(40)), seed)) for seed in range(9)}) > 4


def test_files_of_one_name_are_slides_of_their_own() -> None:
    _, apart = divided(of([image("slide.png", f"{row}") for row in range(40)]), NEW, 0)
    assert apart is not None
    assert len(apart.grounds) == 2


def test_pieces_of_a_slide_are_held_out_together() -> None:
    pieces = [
        replace(image(f"{row}-{piece}.png"), cut_from=f"slide {row}")
        for piece in range(3)
        for row in range(12)
    ]
    learnt, apart = divided(of(pieces), NEW, 3)
    assert apart is not None
    assert (learnt.describe(), apart.describe()) == ("33 images", "3 images")
    assert len({one.slide for one in apart.grounds}) == 1
    assert len({tiles.digest() for tiles in (of(pieces), learnt, apart)}) == 3
    assert held_out(of(pieces[:9])) == set()


def test_a_run_that_was_begun_without_goes_on_without(tmp_path: Path) -> None:
    run = PretrainingFolder(tmp_path / "run")
    run.begin(TINY, IDENTITY)
    assert held_out(of(images(20)), run=run)  # it has no state, and starts afresh
    torch.save({"epoch": 1}, run.last)
    assert held_out(of(images(20)), run=run) == set()
    run.identity.write_text(IDENTITY.model_dump_json(exclude={"held_out_sha256"}))
    assert held_out(of(images(20)), run=run) == set()
    begun = IDENTITY.model_copy(update={"held_out_sha256": "b" * 64})
    run.identity.write_text(begun.model_dump_json())
    assert held_out(of(images(20)), run=run) == held_out(of(images(20)))
