"""Files of one name are told apart by as little of their folders as suffices."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.pretraining.told_apart import TakenOnce, telling_folders

parts = st.lists(st.sampled_from("ab"), min_size=1, max_size=4)


def test_a_folder_is_told_only_where_names_are_alike() -> None:
    paths = ["/s/x/1.png", "/s/y/1.png", "/t/y/1.png", "/t/y/2.png"]
    assert telling_folders([Path(path) for path in paths]) == ("x", "s/y", "t/y", "")


def test_a_file_of_the_root_is_told_apart_from_one_below_it() -> None:
    assert telling_folders([Path("/1.png"), Path("/a/1.png")]) == ("/", "a")


@given(st.lists(parts, max_size=8, unique_by=tuple))
def test_all_are_told_apart_and_none_by_more_than_it_needs(named: list[list[str]]) -> None:
    paths = [Path("/", *one) for one in named]
    folders = telling_folders(paths)
    ends = [(*Path(folder).parts, path.name) for folder, path in zip(folders, paths, strict=True)]
    assert len({*ends}) == len(paths)
    for end, path in zip(ends, paths, strict=True):
        shorter = end[1:]
        if shorter:
            assert Counter(one.parts[-len(shorter) :] for one in paths)[shorter] > 1
        assert path.parts[-len(end) :] == end


def test_files_that_are_named_again_are_counted_and_the_first_are_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    once = TakenOnce()
    paths = [Path(f"{number}.png") for number in range(7)]
    assert all(once.is_new(path, "the folder a") for path in paths)
    assert not any(once.is_new(Path("b/..") / path, "itself") for path in paths)
    once.tell()
    (told,) = caplog.messages
    assert "7 files are named twice" in told
    assert "0.png (by the folder a and by itself), 1.png" in told
    assert told.endswith("and 2 more")


def test_where_nothing_is_named_twice_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    once = TakenOnce()
    assert once.is_new(Path("a.png"), "itself")
    once.tell()
    assert caplog.messages == []
