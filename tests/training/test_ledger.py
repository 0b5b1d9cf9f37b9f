"""The ledger keeps every record, whole, once, and says which line of it is damaged."""

import threading
from pathlib import Path

import pytest

from patherea_core.errors import InputError, OutputError
from tests.training.runs import run_record
from training.ledger import ABLATIONS, LEDGER, append, read_ledger

ROOT = Path(__file__).parents[2]


def test_records_come_back_in_order(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    records = tuple(run_record(seed=seed) for seed in (3, 1, 2))
    for record in records:
        append(ledger, record)
    assert read_ledger(ledger) == records
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.jsonl"]


def test_what_was_written_stays_to_the_byte(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append(ledger, run_record())
    # Another program may write the same record with spaces, a blank line, and no end of line.
    written = ledger.read_bytes().replace(b'":', b'": ').rstrip(b"\n")
    ledger.write_bytes(b"\n" + written)
    append(ledger, run_record(seed=1))
    assert ledger.read_bytes().startswith(b"\n" + written + b"\n{")
    assert len(read_ledger(ledger)) == 2


@pytest.mark.parametrize(
    "damage", [b"{", b"no json", b"\xff\xfe", b'{"seed": 1}', b"[1]"], ids=repr
)
def test_a_damaged_line_is_named_in_one_sentence(tmp_path: Path, damage: bytes) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append(ledger, run_record())
    ledger.write_bytes(ledger.read_bytes() + damage + b"\n")
    before = ledger.read_bytes()
    with pytest.raises(
        InputError, match=r"^line 2 of the ledger .* cannot be used: .*\w$"
    ) as caught:
        read_ledger(ledger)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="line 2"):
        append(ledger, run_record(seed=1))
    assert ledger.read_bytes() == before


def test_an_unknown_key_is_damage(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append(ledger, run_record())
    ledger.write_bytes(ledger.read_bytes().replace(b'"seed":', b'"mood":1,"seed":'))
    with pytest.raises(InputError, match=r"line 1 .*mood"):
        read_ledger(ledger)


def test_a_run_counts_once(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append(ledger, run_record())
    append(ledger, run_record(seed=1))
    again = r"line 3 .* records the run of line 1 again \(paper on made-up, seed 0\); a run counts"
    with pytest.raises(InputError, match=again):
        append(ledger, run_record(images=5))
    with pytest.raises(InputError, match=r"line 3 .* again .*seed 1"):
        append(ledger, run_record(seed=1))  # the very same
    assert len(read_ledger(ledger)) == 2


@pytest.mark.parametrize("path", [LEDGER, ABLATIONS], ids=lambda path: path.stem)
def test_the_ledgers_of_the_repository_are_read_and_would_be_written_alike(path: Path) -> None:
    lines = (ROOT / path).read_bytes().splitlines()
    assert [one.model_dump_json().encode() for one in read_ledger(ROOT / path)] == lines


def test_a_missing_ledger_or_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no ledger"):
        read_ledger(tmp_path / "none.jsonl")
    with pytest.raises(OutputError, match="cannot be written"):
        append(tmp_path / "none" / "ledger.jsonl", run_record())


def test_writers_at_once_lose_nothing_and_readers_see_whole_files(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append(ledger, run_record(seed=1000))
    done, seen = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            seen.append(len(read_ledger(ledger)))

    def write(first: int) -> None:
        for seed in range(first, first + 8):
            append(ledger, run_record(seed=seed))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 8, 16)]
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()
    assert {record.seed for record in read_ledger(ledger)} == {*range(24), 1000}
    assert seen == sorted(seen)
