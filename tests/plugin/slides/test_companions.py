"""Slides of several files: what is missing is named."""

from pathlib import Path

from plugin.slides.check import Verdict
from plugin.slides.companions import companions_check


def test_an_mrxs_needs_its_folder_and_all_files_that_its_index_names(tmp_path: Path) -> None:
    path = tmp_path / "a.mrxs"
    path.write_bytes(b"")
    check = companions_check(path)
    assert (check.verdict, "folder 'a'" in check.found) == (Verdict.FAIL, True)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Slidedat.ini").write_text(
        "\ufeff[GENERAL]\nX = 50%\n"
        "[DATAFILE]\nFILE_COUNT = 2\nFILE_0 = Data0000.dat\nFILE_1 = Data0001.dat\n",
        encoding="utf-8",
    )
    (tmp_path / "a" / "Data0000.dat").write_bytes(b"")
    check = companions_check(path)
    assert (check.verdict, "'Data0001.dat'" in check.found) == (Verdict.FAIL, True)
    (tmp_path / "a" / "Data0001.dat").write_bytes(b"")
    assert companions_check(path).verdict is Verdict.PASS


def test_a_vms_needs_the_files_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "a.vms"
    path.write_text(
        "[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=a.jpg\nImageFile(1,0)=b.jpg\nMapFile=m.jpg\n"
    )
    for name in ("a.jpg", "m.jpg"):
        (tmp_path / name).write_bytes(b"")
    check = companions_check(path)
    assert (check.verdict, check.found) == (
        Verdict.FAIL,
        "1 of 3 files are missing, the first is 'b.jpg'",
    )
    (tmp_path / "b.jpg").write_bytes(b"")
    assert companions_check(path).verdict is Verdict.PASS


def test_a_dicom_file_alone_is_warned_of(tmp_path: Path) -> None:
    for name, verdict in (("a.dcm", Verdict.WARN), ("b.dcm", Verdict.PASS)):
        (tmp_path / name).write_bytes(b"")
        assert companions_check(tmp_path / name).verdict is verdict


def test_other_slides_are_one_file(tmp_path: Path) -> None:
    assert companions_check(tmp_path / "a.svs").found == "one file"
