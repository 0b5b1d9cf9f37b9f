"""Every purpose has its own stream of random numbers, and the same one in every run."""

import pytest

from patherea_core.errors import InputError
from patherea_core.seeding import Seed


def first(seed: Seed, name: str, *index: int) -> int:
    return int(seed.stream(name, *index).integers(2**62))


def test_the_same_name_and_index_give_the_same_numbers() -> None:
    assert first(Seed(0), "augment", 3, 7) == first(Seed(0), "augment", 3, 7)


def test_another_seed_name_or_index_gives_other_numbers() -> None:
    numbers = {
        first(Seed(0), "augment", 3, 7),
        first(Seed(1), "augment", 3, 7),
        first(Seed(0), "shuffle", 3, 7),
        first(Seed(0), "augment", 7, 3),
        first(Seed(0), "augment", 3),
        first(Seed(0), "augment"),
    }
    assert len(numbers) == 6


def test_using_one_stream_moves_no_other() -> None:
    seed = Seed(5)
    before = first(seed, "augment", 0)
    seed.stream("chance").integers(10, size=1000)
    assert first(seed, "augment", 0) == before


def test_streams_are_the_same_on_every_machine() -> None:
    assert first(Seed(0), "augment", 1, 2) == 4036735540214861575


@pytest.mark.parametrize("value", [0, 2**40, 2**64 - 1])
def test_any_whole_number_is_a_seed_and_zero_is_one_too(value: int) -> None:
    assert first(Seed(value), "x") == first(Seed(value), "x")


@pytest.mark.parametrize("value", [-1, 2**64])
def test_what_no_generator_takes_is_no_seed(value: int) -> None:
    with pytest.raises(InputError, match=f"a seed must be .* not {value}"):
        Seed(value)
