"""CSV and Parquet tables of cells: which are read, and what is refused with its place."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError
from plugin.readers.cell_table import CellTable
from plugin.readers.tables import read_csv, read_parquet

HEADER = "image,x,y,class\n"


def csv_table(folder: Path, text: str | bytes) -> CellTable:
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "a.csv").write_bytes(content)
    return read_csv(folder / "a.csv")


def test_columns_stand_in_any_order_and_others_are_passed_over(tmp_path: Path) -> None:
    table = csv_table(
        tmp_path,
        "note,radius,class,patient,y,score,image,x\n?,4,p,P1,2,0.5,a,1\n,5,n,P1,4,1,b,3\n,6,p,P1,6,0,a,5\n",
    )
    assert table.xy.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert (table.image_names, table.image_index.tolist()) == (("a", "b"), [0, 1, 0])
    assert (table.class_names, table.class_index.tolist()) == (("p", "n"), [0, 1, 0])
    assert table.score is not None
    assert table.score.tolist() == [0.5, 1, 0]
    assert table.radius is not None
    assert table.radius.tolist() == [4, 5, 6]
    assert table.patients == {"a": "P1", "b": "P1"}


def test_blanks_around_a_class_are_none_of_its_name(tmp_path: Path) -> None:
    table = csv_table(tmp_path, HEADER + "a,1,2,p\na,3,4, p \na,5,6, n\n")
    assert (table.class_names, table.class_index.tolist()) == (("p", "n"), [0, 0, 1])


def test_blanks_around_the_names_of_columns_and_images_are_none_of_them(tmp_path: Path) -> None:
    table = csv_table(tmp_path, " x, y,image, class ,score\n1, 2, a, p,0.5\n3, 4,a ,p, 1\n")
    assert (table.image_names, table.class_names) == (("a",), ("p",))
    assert table.xy.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(InputError, match="two columns 'x'"):
        csv_table(tmp_path, "image,x, x,y,class\n")
    with pytest.raises(InputError, match=r"line 2 .*'two' in column y"):
        csv_table(tmp_path, "image, x, y, class\na,1,two,p\n")


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_refused_by_name(tmp_path: Path, sign: str, name: str) -> None:
    with pytest.raises(InputError, match=rf"a\.csv are separated by {name}; .*by commas"):
        csv_table(tmp_path, (HEADER + "a,1,2,p\n").replace(",", sign))


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + "a,1,2,p\n").encode("utf-16"),
        HEADER.encode() + b"a,1,2,p\n" * 100_000 + "ü,1,2,p\n".encode("latin1"),
    ],
    ids=["at once", "far below"],
)
def test_text_that_is_not_utf8_is_refused_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.csv is no text in UTF-8.*; save it as UTF-8"):
        csv_table(tmp_path, content)


def test_what_a_table_does_not_say_is_none(tmp_path: Path) -> None:
    table = csv_table(tmp_path, HEADER + "a,1,2,p\n")
    assert (table.score, table.patients, table.radius) == (None, None, None)


def test_a_header_alone_is_no_cell_but_nothing_at_all_is_refused(tmp_path: Path) -> None:
    assert len(csv_table(tmp_path, HEADER)) == 0
    assert csv_table(tmp_path, HEADER).rows_by_image() == {}
    with pytest.raises(InputError, match=r"a\.csv is empty"):
        csv_table(tmp_path, "")


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    content = 'image,x,y,class\r\n"a, b",1,2,positive\r\n'.encode("utf-8-sig")
    assert csv_table(tmp_path, content).image_names == ("a, b",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image,x,y\na,1,2\n", "no column 'class'"),
        ("image,x,x,y,class\na,1,2,3,p\n", "two columns 'x'"),
        (HEADER + "a,1,two,p\n", "line 2 .*'two' in column y"),
        (HEADER + "a,1,2,p\na,nan,2,p\n", "line 3 .*'nan' in column x"),
        (HEADER + '"a\nb",1,2,p\n\na,1,-inf,p\n', "line 5 .*'-inf' in column y"),
        (HEADER + "a,1_0,2,p\n", "line 2 .*'1_0' in column x"),
        (HEADER + "a,1,2,p\na,1,2,  \n", "cell 2 of .*has no class"),
        (HEADER + "a,,2,p\n", "line 2 .*'' in column x"),
        (HEADER + "a,1,2,p\na,1\n", "line 3 .*has 2 values for 4 columns"),
        ("image,x,y,class,score\na,1,2,p,1.5\n", "line 2 .*'1.5' in column score.*from 0 to 1"),
        ("image,x,y,class,radius\na,1,2,p,0\n", "line 2 .*'0' in column radius.*positive"),
        ("image,x,y,class,patient\na,1,2,p,P\na,1,2,p,Q\n", "'a' is of patients 'P' and 'Q'"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=rf"(?s){reason}") as refusal:
        csv_table(tmp_path, text)
    assert "a.csv" in str(refusal.value)


def parquet(folder: Path, **columns: object) -> CellTable:
    standard = {"image": ["a", "b"], "x": [1, 2], "y": [3.0, 4.0], "class": ["p", "n"]}
    pq.write_table(pa.table({**standard, **columns}), folder / "a.parquet")
    return read_parquet(folder / "a.parquet")


@pytest.mark.parametrize(
    "names",
    [["b", "a"], pa.array(["b", "a"]).dictionary_encode(), pa.array(["b", "a"], pa.large_string())],
)
def test_parquet_names_may_be_coded_or_not(tmp_path: Path, names: object) -> None:
    table = parquet(tmp_path, image=names)
    assert (table.image_names, table.image_index.tolist()) == (("b", "a"), [0, 1])
    assert table.xy.tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"x": [1.0, None]}, "row 2 .*in column x"),
        ({"y": [float("inf"), 1]}, "row 1 .*'inf' in column y"),
        ({"score": [0.5, -0.1]}, "row 2 .*'-0.1' in column score"),
        ({"x": ["one", "two"]}, "cannot be read as a Parquet table"),
    ],
)
def test_a_broken_parquet_table_is_refused(
    tmp_path: Path, columns: dict[str, object], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        parquet(tmp_path, **columns)


@given(st.lists(st.sampled_from("abcdef"), max_size=30))
def test_names_are_coded_in_order_of_their_first_row(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("table")
    table = csv_table(folder, HEADER + "".join(f"{name},1,2,{name}\n" for name in names))
    assert table.image_names == table.class_names == tuple(dict.fromkeys(names))
    assert [table.image_names[row] for row in table.image_index] == names


def test_a_table_of_many_blocks_is_coded_as_one(tmp_path: Path) -> None:
    names = [f"image {number // 1000}" for number in range(100_000)]
    table = csv_table(
        tmp_path, HEADER + "".join(f"{name},{row},0,p\n" for row, name in enumerate(names))
    )
    assert table.image_names == tuple(dict.fromkeys(names))
    assert [table.image_names[row] for row in table.image_index] == names
    assert np.array_equal(table.xy[:, 0], np.arange(100_000))
