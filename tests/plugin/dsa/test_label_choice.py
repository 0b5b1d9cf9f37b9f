"""Which annotations are labels: by name, by who made them, and by when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError
from plugin.dsa.annotations import AnnotationSummary
from plugin.dsa.label_choice import Dates, LabelChoice
from plugin.dsa.people import Person

PEOPLE = {"1": Person("1", "anna", "Anna Novak"), "2": Person("2", "ben"), "3": Person("3", "3")}
DAYS = st.dates().map(str)


def summary(
    name: str = "labels", by: str = "1", day: str = "2026-03-10T12:00:00"
) -> AnnotationSummary:
    return AnnotationSummary(
        id=name,
        name=name,
        created="2026-01-01T00:00:00.5+00:00",
        detections=False,
        ours=False,
        updated=day,
        creator_id=by,
    )


def taken(choice: LabelChoice, *annotations: AnnotationSummary) -> list[str]:
    return [one.creator_id for one in choice.taken(annotations, PEOPLE.__getitem__)]


@pytest.mark.parametrize(
    ("authors", "whose"),
    [
        ((), ["1", "2", "3"]),
        (("anna",), ["1"]),
        (("ANNA NOVAK",), ["1"]),
        (("*novak", " ben "), ["1", "2"]),
        (("3",), ["3"]),
        (("ann",), []),
    ],
)
def test_authors_are_known_by_login_name_or_id_in_any_case(
    authors: tuple[str, ...], whose: list[str]
) -> None:
    every = [summary(by=person) for person in PEOPLE]
    assert taken(LabelChoice(authors=authors), *every) == whose


def test_nobody_is_asked_who_made_what_if_all_are_taken() -> None:
    def asked(identifier: str) -> Person:
        raise AssertionError(identifier)

    assert LabelChoice().taken([summary()], asked)


@pytest.mark.parametrize(
    ("since", "until", "of", "is_taken"),
    [
        ("2026-03-10", "2026-03-10", "updated", True),
        ("2026-03-11", "", "updated", False),
        ("", "2026-03-09", "updated", False),
        ("2026-03-10T12:00", "", "updated", True),
        ("2026-03-10 12:00:01", "", "updated", False),
        ("2026-03-10T13:00+01:00", "2026-03-10T13:00+01:00", "updated", True),
        ("2026-03-10", "", "created", False),
        ("", "2026-01-01", "created", True),
    ],
)
def test_a_day_counts_whole_and_a_time_without_zone_is_in_utc(
    since: str, until: str, of: str, *, is_taken: bool
) -> None:
    dates = Dates.parse(since, until, of)  # type: ignore[arg-type]  # as the parsers check it
    assert dates.hold(summary()) is is_taken


@given(DAYS, DAYS)
def test_every_day_lies_in_its_own_span_and_no_span_runs_backwards(one: str, other: str) -> None:
    assert Dates.parse(one, one).hold(summary(day=f"{one}T23:59:59"))
    first, last = sorted((one, other))
    assert Dates.parse(first, last).hold(summary(day=one))
    if first != last:
        with pytest.raises(InputError, match="swap --since and --until"):
            Dates.parse(last, first)


def test_an_annotation_without_a_date_is_of_no_time() -> None:
    assert Dates().hold(summary(day=""))
    assert not Dates.parse("2020-01-01", "").hold(summary(day=""))


@pytest.mark.parametrize("text", ["yesterday", "31.03.2026", "2026-02-30", "2026-13"])
def test_what_is_no_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"--until .* is no date; write 2026-03-31"):
        Dates.parse("", text)


@pytest.mark.parametrize("names", ["", " ", " , "])
def test_an_empty_pattern_is_refused(names: str) -> None:
    with pytest.raises(InputError, match="--annotations names no annotation"):
        LabelChoice(names=names)
    with pytest.raises(InputError, match="--author is empty"):
        LabelChoice(authors=(names.replace(",", ""),))


def test_what_told_what_was_reviewed_is_taken_in_full_name_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    areas, labels = summary("areas"), summary("labels")
    review = replace(summary("Reviewed"), ours=True, used_up=("areas",))
    every, people = [areas, labels, review], PEOPLE.__getitem__
    with caplog.at_level("INFO"):
        assert LabelChoice().taken(every, people) == (labels,)
    assert "'areas' is left out" in caplog.text
    assert "'Reviewed', which is taken if it is named in full" in caplog.text
    assert LabelChoice(names="areas").taken(every, people) == (areas,)
    assert LabelChoice(names="l*, areas").taken(every, people) == (areas, labels)
    assert LabelChoice().taken([areas, labels], people) == (areas, labels)


def test_what_is_looked_for_can_be_told() -> None:
    choice = LabelChoice(names="P*", authors=("anna",), dates=Dates.parse("2026-01-01", ""))
    assert choice.described() == (
        "named 'P*', made by 'anna', updated since 2026-01-01T00:00:00+00:00"
    )
