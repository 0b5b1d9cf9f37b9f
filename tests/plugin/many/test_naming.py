"""What results of single slides are called."""

from pathlib import Path

import pytest

from patherea_core.errors import InputError
from plugin.many.naming import named, names_each_slide, require_apart, slide_names, table_beside


def paths(*names: str) -> list[Path]:
    return [Path("slides", name) for name in names]


def test_the_place_of_the_slide_stands_in_all_names_or_in_none() -> None:
    assert names_each_slide([Path("{slide}.csv"), Path("{slide}/a.json")])
    assert not names_each_slide([Path("a.csv")])
    with pytest.raises(InputError, match=r"--out b\.csv does not say {slide}"):
        names_each_slide([Path("{slide}.csv"), Path("b.csv")])


def test_a_slide_is_called_by_its_file_without_the_ending() -> None:
    assert slide_names(paths("a.svs", "b.1.tif")) == ("a", "b.1")


def test_slides_that_would_be_called_the_same_keep_the_ending() -> None:
    assert slide_names(paths("a.svs", "A.tif", "b.svs")) == ("a.svs", "A.tif", "b")
    # Else the first one would be called as the third.
    assert slide_names(paths("a.svs", "a.tif", "a.svs.tif")) == ("a.svs", "a.tif", "a.svs.tif")


def test_names_that_some_file_systems_do_not_tell_apart_are_refused() -> None:
    with pytest.raises(InputError, match=r"called 'a\.svs'"):
        slide_names(paths("a.svs", "A.svs"))


def test_the_table_lies_beside_the_results_whatever_folders_they_get() -> None:
    assert named(Path("r/{slide}/cells.csv"), "x") == Path("r/x/cells.csv")
    assert table_beside(Path("r/{slide}.csv")) == Path("r/slides.csv")
    assert table_beside(Path("r/{slide}/a/{slide}.csv")) == Path("r/slides.csv")
    assert table_beside(Path("{slide}.csv")) == Path("slides.csv")


def test_no_file_is_written_twice() -> None:
    outs = [Path("r/{slide}.csv"), Path("r/{slide}.json")]
    require_apart(outs, ["a", "b"], Path("r/slides.csv"))
    for names, more in ((["a", "slides"], []), (["a"], outs[:1])):
        with pytest.raises(InputError, match="would be written twice"):
            require_apart([*outs, *more], names, Path("r/slides.csv"))
