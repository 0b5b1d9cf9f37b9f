"""Whose tissue a slide is: nobody is guessed where it matters."""

import pytest

from patherea_core.errors import InputError
from plugin.commands.export_patients import PatientRule
from plugin.dsa.items import SlideItem


def slides(*metadata: dict[str, object], names: tuple[str, ...] = ()) -> list[SlideItem]:
    return [
        SlideItem(str(row), names[row] if names else f"s{row}.tif", "f", fields)
        for row, fields in enumerate(metadata)
    ]


def test_the_field_names_the_patient_and_a_zero_is_a_name() -> None:
    found = PatientRule().patients(slides({"patient": " P7 "}, {"patient": 0}))
    assert found == {"0": "P7", "1": "0"}


def test_without_the_usual_field_each_slide_is_a_patient_and_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert PatientRule().patients(slides({}, {})) == {"0": "s0.tif", "1": "s1.tif"}
    assert "each counts as a patient of its own" in caplog.text


@pytest.mark.parametrize("empty", [{}, {"patient": " "}, {"patient": None}])
def test_a_slide_without_a_patient_beside_slides_with_one_is_refused(
    empty: dict[str, object],
) -> None:
    with pytest.raises(
        InputError, match=r"'s1.tif' has no metadata field 'patient'.*--patient-field"
    ):
        PatientRule().patients(slides({"patient": "P7"}, empty))


def test_a_field_that_was_named_must_be_there() -> None:
    with pytest.raises(InputError, match=r"no metadata field 'case'.*its fields are: 'patient'"):
        PatientRule("case").patients(slides({"patient": "P7"}))


def test_the_pattern_finds_the_patient_in_the_name() -> None:
    rule = PatientRule(pattern=r"^(\w+-\w+-\w+)")
    named = slides({}, {}, names=("TCGA-A1-A0SB-01Z.svs", "TCGA-A1-A0SB-01A.svs"))
    assert set(rule.patients(named).values()) == {"TCGA-A1-A0SB"}


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "is no regular expression"),
        (r"^\w+-", "does not say which part is the patient"),
        (r"^(\d+)", "slide 's0.tif' does not fit"),
        (r"^s0(x?)", "slide 's0.tif' does not fit"),
        (r"^(x)?s0", "slide 's0.tif' does not fit"),
    ],
)
def test_a_pattern_that_finds_nobody_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        PatientRule(pattern=pattern).patients(slides({}))


def test_no_field_and_no_pattern_is_refused() -> None:
    with pytest.raises(InputError, match="name one with --patient-field"):
        PatientRule("")
