"""Lists of slides: a path on each line, or a table."""

from pathlib import Path

import pytest

from patherea_core.errors import InputError, SlideError
from plugin.slides.inputs import ListedSlide, listed_slides
from tests.plugin.slide_files import write_image


def listed(tmp_path: Path, name: str, content: str | bytes) -> tuple[ListedSlide, ...]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return listed_slides([path])


def test_a_text_names_a_slide_on_each_line(tmp_path: Path) -> None:
    found = listed(tmp_path, "list.txt", "a b.svs\n\n# c.svs\n  /far/d.tif  \r\ne/f.svs\n")
    paths = [tmp_path / "a b.svs", Path("/far/d.tif"), tmp_path / "e" / "f.svs"]
    assert found == tuple(ListedSlide(path) for path in paths)


def test_a_table_names_slides_and_pixel_sizes(tmp_path: Path) -> None:
    text = '\ufeffpatient,slide,mpp\n1,"a, b.svs",0.25\n2,c.svs,\n3,,\n4,#d.svs,1\n'
    found = listed(tmp_path, "list.CSV", text)
    assert found == (
        ListedSlide(tmp_path / "a, b.svs", 0.25),
        ListedSlide(tmp_path / "c.svs"),
    )
    assert listed(tmp_path, "list.csv", "slide\nc.svs,,\n") == (ListedSlide(tmp_path / "c.svs"),)


def test_a_list_may_name_folders_and_stand_beside_slides(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write_image(tmp_path / "folder" / "z.png")
    (tmp_path / "list.csv").write_text("slide,mpp\nfolder,0.5\n")
    found = listed_slides([tmp_path / "list.csv", Path("a.svs")])
    assert found == (ListedSlide(tmp_path / "folder" / "z.png", 0.5), ListedSlide(Path("a.svs")))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("list.txt", "# nothing\n", "names no slide"),
        ("list.csv", "", "no column 'slide'"),
        ("list.csv", "Slide\na.svs\n", "no column 'slide'"),
        ("list.csv", "slide,mpp\na.svs,0.25\nb.svs,fine\n", r"line 3 .*mpp must be .*'fine'"),
        ("list.csv", "slide,mpp\na.svs,-1\n", "line 2 .*positive"),
        ("list.csv", "slide,mpp\na.svs,inf\n", "line 2 .*positive"),
        ("list.csv", "slide,mpp\na.svs,1,5\n", "line 2 .*more columns .*with a point"),
        ("list.csv", "slide;mpp\na.svs;0,2,5\n", "line 2 .*mpp must be .*'0,2,5'"),
        ("list.csv", 'slide,mpp\na.svs,"0,5"\n', "line 2 .*mpp must be .*'0,5'"),
        ("list.txt", b"\xff\xfe", "is no text in UTF-8"),
        ("list.txt", "a/x.svs\nb/x.svs\n", "called 'x.svs', .*/a/x.svs and .*/b/x.svs; rename"),
    ],
)
def test_a_list_that_cannot_serve_is_refused(
    tmp_path: Path, name: str, content: str | bytes, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        listed(tmp_path, name, content)


def test_a_list_or_a_slide_in_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        listed_slides([tmp_path / "none.txt"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(SlideError, match="holds no slide"):
        listed(tmp_path, "list.txt", "empty\n")


@pytest.mark.parametrize("size", ["0,25", "0.25", '"0,25"'])
def test_a_table_of_a_spreadsheet_with_decimal_commas_is_parted_by_semicolons(
    tmp_path: Path, size: str
) -> None:
    found = listed(tmp_path, "list.csv", f"\ufeffslide;mpp\na, b.svs;{size}\nc.svs;\n")
    expected = (ListedSlide(tmp_path / "a, b.svs", 0.25), ListedSlide(tmp_path / "c.svs"))
    assert found == expected


def test_a_file_that_is_named_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(b"")
    table = tmp_path / "list.csv"
    table.write_text("slide\n#\na.png\n")
    with pytest.raises(InputError) as refused:
        listed_slides([tmp_path, table])
    assert str(refused.value) == (
        f"{image} is named twice, by the folder {tmp_path} and by line 3 of the list {table}; name it once"
    )
    with pytest.raises(InputError, match="is named twice, by itself and by itself; name it once"):
        listed_slides([image, image])
