"""What a journal kept is there again, whatever happened in between."""

from pathlib import Path

import numpy as np
import pytest

from patherea_core.errors import OutputError
from patherea_core.workflow.detection.found import ROW, Rows
from patherea_core.workflow.detection.journal import open_journal


def rows(count: int, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    made = np.empty(count, dtype=ROW)
    made["tile"] = seed
    made["x"], made["y"] = random.random((2, count)) * 1000
    made["class_index"] = random.integers(0, 3, count)
    made["score"] = random.random(count)
    return made


def kept(path: Path, fingerprint: str = "a") -> dict[int, bytes]:
    with open_journal(path, fingerprint) as journal:
        return {entry.batch: journal.rows(entry).tobytes() for entry in journal.entries}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_journal(tmp_path / "j", "a") as journal:
        journal.add(1, rows(5, 1), [])
        journal.add(0, rows(0), [7, 3])
        journal.add(4, rows(9, 4), [])
    return tmp_path / "j"


def test_what_was_kept_is_there_again(path: Path) -> None:
    with open_journal(path, "a") as journal:
        assert journal.done == {1, 4}
        assert journal.holes == (3, 7)
        for entry in journal.entries:
            expected = rows(entry.count, entry.batch)
            assert journal.rows(entry).tobytes() == expected.tobytes()
            if entry.count:
                assert (entry.top, entry.bottom) == (expected["y"].min(), expected["y"].max())


def test_cut_anywhere_it_holds_the_batches_that_are_whole_and_goes_on(path: Path) -> None:
    whole, content = kept(path), path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        rest = kept(path)
        assert rest.items() <= whole.items()
        assert len(rest) == len(whole) or length < len(content)
        with open_journal(path, "a") as journal:
            missing = {1: 5, 0: 0, 4: 9}.keys() - rest.keys()
            for batch in missing:
                journal.add(batch, rows({1: 5, 0: 0, 4: 9}[batch], batch), [])
        assert kept(path) == whole


@pytest.mark.parametrize("place", [-1, -50, -240, -300])
def test_a_record_with_a_wrong_byte_is_not_believed(path: Path, place: int) -> None:
    whole, content = kept(path), bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    assert kept(path).items() < whole.items()


def test_a_journal_of_something_else_is_refused_and_stays(path: Path) -> None:
    before = path.read_bytes()
    with (
        pytest.raises(OutputError, match="same slide, model and settings"),
        open_journal(path, "b"),
    ):
        pass
    path.with_name("other").write_text("a person's notes")
    with pytest.raises(OutputError), open_journal(path.with_name("other"), "a"):
        pass
    assert path.read_bytes() == before
    assert path.with_name("other").read_text() == "a person's notes"


def test_two_runs_do_not_write_one_journal(path: Path) -> None:
    with (
        open_journal(path, "a"),
        pytest.raises(OutputError, match="another run"),
        open_journal(path, "a"),
    ):
        pass
    assert len(kept(path)) == 3


def test_a_full_disk_is_said_and_takes_nothing_that_was_kept(path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = kept(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal = pytest.importorskip("signal")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, limits[1]))
        with open_journal(path, "a") as journal:
            with pytest.raises(OutputError, match="cannot write"):
                journal.add(2, rows(1000, 2), [])
            assert {entry.batch for entry in journal.entries} == before.keys()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert kept(path) == before


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no"), open_journal(tmp_path / "no" / "j", "a"):
        pass


def test_a_batch_with_a_hole_is_replaced_by_what_was_found_later(path: Path) -> None:
    with open_journal(path, "a") as journal:
        journal.add(0, rows(4, 0), [])
    with open_journal(path, "a") as journal:
        assert journal.done == {0, 1, 4}
        assert journal.holes == ()
    assert [len(journal.rows(entry)) for entry in journal.entries] == [4, 5, 9]
